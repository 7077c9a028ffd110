// Store buffers (`memory tso`): what Owens, Sarkar and Sewell call x86-TSO. Each CPU has a queue of its own stores; its
// loads look there first, the other CPUs see them only when they reach memory, one after the other in their order. A
// fence, a locked instruction and every way into the kernel empty the queue first.
#include <algorithm>

#include "sim/kernel/instructions.h"
#include "sim/model/draw.h"

namespace sy {

namespace {

void write_word(Ctx& cx, MmId mm, std::uint64_t address, std::uint64_t value, Place from) {
    if (cx.report != nullptr) cx.move(from, at::user_word(mm, address), value, cx.k.read_user(mm, address));
    cx.k.write_user(mm, address, value);
}

}  // namespace

std::uint64_t load_word(const Ctx& cx, std::uint64_t address) {
    const MmId mm = cx.user_mm();
    std::uint64_t word = cx.k.read_user(mm, address);
    for (const BufferedStore& s : cx.cpu.stores)
        if (s.mm == mm && s.address == address) word = (word & ~s.mask) | (s.value & s.mask);
    return word;
}

void drain_oldest(Ctx& cx, Cpu& cpu) {
    const BufferedStore s = cpu.stores.front();
    cpu.stores.erase(cpu.stores.begin());
    const std::uint64_t word = (cx.k.read_user(s.mm, s.address) & ~s.mask) | (s.value & s.mask);
    write_word(cx, s.mm, s.address, word, at::per_cpu(cpu.id, PerCpuField::store_buffer));
}

void drain_all_stores(Ctx& cx) {
    while (!cx.cpu.stores.empty()) drain_oldest(cx, cx.cpu);
}

void drain_due(Ctx& cx, Cpu& cpu, std::uint64_t number) {
    while (!cpu.stores.empty() && cpu.stores.front().number <= number) drain_oldest(cx, cpu);
}

}  // namespace sy
