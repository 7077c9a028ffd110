// Making, copying and giving up address spaces (memory.h says when).
#include "sim/kernel/memory.h"

#include "sim/base/assert.h"

namespace sy {

namespace {

MmId new_mm(Kernel& k, std::uint32_t program) {
    const auto id = static_cast<MmId>(k.mms.size());
    Mm& m = k.mms.push_back();
    m.users = 1;
    m.count = 1;
    m.pgd = layout::pgd_phys + id * std::uint64_t{0x1000};
    m.ctx_id = id + 1;
    m.program = program;
    return id;
}

}  // namespace

void Ctx::mm_grab(MmId id) {
    Mm& m = mm(id);
    move(at::none, at::mm(id, MmField::count), static_cast<std::uint64_t>(m.count + 1),
         static_cast<std::uint64_t>(m.count));
    ++m.count;
}
void Ctx::mm_drop(MmId id) {
    Mm& m = mm(id);
    move(at::none, at::mm(id, MmField::count), static_cast<std::uint64_t>(m.count - 1),
         static_cast<std::uint64_t>(m.count));
    SY_ASSERT(m.count > 0, "an mm_struct was dropped more often than grabbed");
    --m.count;
}
void Ctx::mm_get_user(MmId id) {
    Mm& m = mm(id);
    move(at::none, at::mm(id, MmField::users), static_cast<std::uint64_t>(m.users + 1),
         static_cast<std::uint64_t>(m.users));
    ++m.users;
}
void Ctx::mm_put_user(MmId id) {
    Mm& m = mm(id);
    move(at::none, at::mm(id, MmField::users), static_cast<std::uint64_t>(m.users - 1),
         static_cast<std::uint64_t>(m.users));
    SY_ASSERT(m.users > 0, "an address space lost more users than it had");
    if (--m.users > 0) return;
    m.words.clear();   // exit_mmap: every page goes; the structure stays while somebody holds it
    m.futexes.clear();
    mm_drop(id);
}

MmId mm_create_for_program(Ctx& cx, std::uint32_t program, bool) { return new_mm(cx.k, program); }

MmId mm_dup(Ctx& cx, MmId from) {
    const MmId copy = new_mm(cx.k, cx.k.mms[from].program);
    cx.mm(copy).words = cx.k.mms[from].words;
    cx.mm(copy).thread_stacks = cx.k.mms[from].thread_stacks;
    return copy;
}

std::uint64_t mm_place_thread_stack(Ctx& cx, MmId mm) {
    const std::uint32_t n = cx.mm(mm).thread_stacks++;
    return layout::thread_stacks - n * layout::thread_stack_stride;
}

}  // namespace sy
