// Memory as linux.md tells it: the indices of a walk, the bits of entries, what fork does to them, what each kind of
// fault does, the buddy allocator's lists, the OOM killer's choice.
#include <doctest/doctest.h>

#include "machine.h"
#include "sim/base/random.h"
#include "sim/kernel/areas.h"
#include "sim/kernel/oom.h"
#include "sim/model/memory.h"

using namespace sy;

namespace {

// The state of a machine at an instant.
Kernel at(std::string_view text, Nanos when) {
    Kernel k = test::boot(test::scenario(text));
    k.run({.time = when}, nullptr);
    return k;
}
std::uint64_t entry(const Kernel& k, std::string_view task, std::string_view area, int level = 1) {
    const MmId mm = k.tasks[test::task(k, task)].mm;
    return k.mms[mm].entry(*named_address(k, mm, area), level);
}
const Frame& frame(const Kernel& k, std::uint64_t word) {
    return k.memory.pages[static_cast<Pfn>((word & paging::frame_mask) >> paging::page_bits)];
}
std::vector<std::uint64_t> error_codes(const test::Run& r, std::string_view task) {
    std::vector<std::uint64_t> out;
    for (const Record& record : r.log)
        if (record.kind == RecordKind::page_fault_user && r.k.tasks[record.task].name() == task) out.push_back(record.d);
    return out;
}

}  // namespace

TEST_CASE("the indices of an address (linux.md 2.6)") {
    struct Example {
        std::uint64_t va;
        unsigned pgd, pud, pmd, pte;
    };
    for (const Example& e : {Example{0x555555554000, 170, 341, 170, 340}, Example{0x7ffff7df8123, 255, 511, 446, 504},
                             Example{0x7ffffffde000, 255, 511, 511, 478}, Example{0xffff888000000000, 273, 0, 0, 0},
                             Example{0xffffffff81000000, 511, 510, 8, 0}}) {
        CHECK(paging::index_of(e.va, 4) == e.pgd);
        CHECK(paging::index_of(e.va, 3) == e.pud);
        CHECK(paging::index_of(e.va, 2) == e.pmd);
        CHECK(paging::index_of(e.va, 1) == e.pte);
    }
}

TEST_CASE("typical entries of text and data (linux.md 2.7)") {
    const Kernel k = at("machine { cpus 1 } process a { run 5ms }", 2 * kMilli);
    CHECK((entry(k, "a", "text") & ~paging::frame_mask) == 0x25);
    CHECK((entry(k, "a", "data") & ~paging::frame_mask) == 0x8000000000000067);
    // Upper entries are writable for user mode: the last one decides.
    for (int level = 2; level <= 4; ++level) CHECK((entry(k, "a", "data", level) & ~paging::frame_mask) == 0x67);
}

TEST_CASE("the first read maps the zero page, the first write a page of its own (linux.md 2.9)") {
    const test::Run r = test::run("machine { cpus 1 } process a { mmap b 8KiB load b store b store b 1 }");
    CHECK(error_codes(r, "a") == std::vector<std::uint64_t>{4, 7, 6});   // user; present|write|user; write|user
    const Kernel k = at("machine { cpus 1 } process a { mmap b 8KiB load b run 5ms }", 2 * kMilli);
    const std::uint64_t word = entry(k, "a", "b");
    CHECK((word & (paging::present | paging::rw | paging::special)) == (paging::present | paging::special));
    CHECK((word & paging::frame_mask) == layout::zero_page_phys);
}

TEST_CASE("fork write-protects both sides; the child's entry loses ACCESSED (linux.md 2.8)") {
    constexpr std::string_view kText =
        "machine { cpus 1 } process a { store heap fork c { sleep 20ms } sleep 20ms }";
    const Kernel k = at(kText, 5 * kMilli);
    const std::uint64_t parent = entry(k, "a", "heap"), child = entry(k, "c", "heap");
    CHECK((parent & ~paging::frame_mask) == 0x8000000000000065);
    CHECK((child & ~paging::frame_mask) == 0x8000000000000045);
    CHECK((parent & paging::frame_mask) == (child & paging::frame_mask));
    CHECK(frame(k, parent).refs == 2);
    CHECK(frame(k, parent).maps == 2);
    CHECK(entry(k, "a", "text") != 0);
}

TEST_CASE("who writes first copies, who writes second reuses (linux.md 2.8, step 5)") {
    const test::Run r = test::run(
        "machine { cpus 1 } process a { mmap b 4KiB store b fork c { store b run 5ms } sleep 2ms store b sleep 20ms wait }");
    CHECK(r.k.memory.cow >= 1);
    const Kernel k = at(
        "machine { cpus 1 } process a { mmap b 4KiB store b fork c { store b run 5ms } sleep 2ms store b sleep 20ms wait }",
        4 * kMilli);
    const std::uint64_t parent = entry(k, "a", "b"), child = entry(k, "c", "b");
    CHECK((parent & paging::rw) != 0);
    CHECK((child & paging::rw) != 0);
    CHECK((parent & paging::frame_mask) != (child & paging::frame_mask));
    CHECK(frame(k, parent).refs == 1);
}

TEST_CASE("shared memory is never copied: both see one word") {
    const Kernel k = at(
        "machine { cpus 1 } process a { mmap s 4KiB shared store s fork c { store s run 9ms } sleep 2ms store s sleep 9ms }",
        5 * kMilli);
    const MmId a = k.tasks[test::task(k, "a")].mm, c = k.tasks[test::task(k, "c")].mm;
    CHECK(k.read_user(a, *named_address(k, a, "s")) == 3);
    CHECK(k.read_user(c, *named_address(k, c, "s")) == 3);
    CHECK((entry(k, "a", "s") & paging::frame_mask) == (entry(k, "c", "s") & paging::frame_mask));
}

TEST_CASE("a file's page is read once: major for the first, minor for the next (linux.md 2.9)") {
    const test::Run r = test::run(
        "machine { cpus 1 } device disk block latency 2ms process a { mmap f 64KiB ro file disk load f 3 } "
        "process b arrive 9ms { mmap f 64KiB ro file disk load f 3 }");
    CHECK(r.k.tasks[test::task(r.k, "a")].maj_flt == 1);
    CHECK(r.k.tasks[test::task(r.k, "b")].maj_flt == 0);
    CHECK(r.k.tasks[test::task(r.k, "b")].min_flt == 1);
}

TEST_CASE("what nothing can be done about ends in SIGSEGV") {
    for (const char* access : {"store null", "load kernel", "store text", "mmap b 4KiB store b 1",
                               "mmap b 4KiB store b mprotect b ro store b", "mmap b 4KiB munmap b load b",
                               "recurse 9MiB"}) {
        CAPTURE(access);
        const test::Run r =
            test::run(std::string("machine { cpus 1 } process a { ") + access + " run 1s }");
        const Task& a = r.k.tasks[test::task(r.k, "a")];
        CHECK((a.exit_code & 0x7f) == 11);
        CHECK(r.k.now() < 100 * kMilli);
    }
}

TEST_CASE("the buddy allocator gives back what it took, in any order") {
    PageAllocator pages;
    pages.set_up(std::uint64_t{64} << 20);
    CHECK(pages.total() == 16'384);
    const auto before = pages.zones();
    Random dice(7);
    std::vector<Pfn> held;
    for (int i = 0; i < 4'000; ++i) {
        if (dice.uniform(0, 2) != 0 || held.empty()) {
            const Pfn pfn = pages.alloc(static_cast<int>(dice.uniform(0, 5)), FrameKind::slab, true);
            if (pfn != kNoFrame) held.push_back(pfn);
        } else {
            const auto at = static_cast<std::size_t>(dice.uniform(0, static_cast<std::int64_t>(held.size()) - 1));
            pages.free(held[at]);
            held.erase(held.begin() + static_cast<std::ptrdiff_t>(at));
        }
        if (i % 64 == 0) REQUIRE(pages.check() == "");
    }
    for (const Pfn pfn : held) pages.free(pfn);
    CHECK(pages.check() == "");
    for (std::size_t z = 0; z < 3; ++z) CHECK(pages.zones()[z].nr_free == before[z].nr_free);
}

TEST_CASE("the OOM killer takes the most points; -1000 is never taken (linux.md 8.4)") {
    constexpr std::string_view kText =
        "machine { cpus 1 memory 16MiB } process big oom_score_adj -1000 { mmap b 8MiB touch b 8MiB sleep 90ms } "
        "process hog arrive 10ms { mmap b 12MiB touch b 12MiB run 90ms } process little { mmap b 1MiB touch b 1MiB sleep 90ms }";
    const test::Run r = test::run(kText);
    CHECK(r.k.memory.oom_kill == 1);
    CHECK((r.k.tasks[test::task(r.k, "hog")].exit_code & 0x7f) == 9);
    CHECK(r.k.tasks[test::task(r.k, "big")].exit_code == 0);
    CHECK(r.k.tasks[test::task(r.k, "little")].exit_code == 0);
    const Kernel k = at(kText, 9 * kMilli);
    CHECK(oom_badness(k, test::task(k, "big")) == kNotKillable);
    CHECK(oom_victim(k) == test::task(k, "little"));
}

TEST_CASE("munmap takes the words of its pages and no others, in whatever order they were written") {
    const auto values = [](const char* body) {
        test::Run r{test::boot(test::scenario(std::string("machine { cpus 1 until 5ms } process p {\n") + body + " sleep 1s }")), {}};
        r.k.run({}, &r.log);
        std::vector<std::uint64_t> out;
        for (const UserWord& w : r.k.mms[r.k.tasks[test::task(r.k, "p")].mm].words)
            if (w.address >= 0x7f0000000000 && w.address < layout::user_stack_low && w.value >= 1 && w.value <= 3) out.push_back(w.value);
        std::sort(out.begin(), out.end());
        return out;
    };
    // a is written once, b twice, c three times; mappings lie one below the other (linux.md 2.4).
    const std::string all = "mmap a 4KiB mmap b 4KiB mmap c 4KiB store a store b store b store c store c store c ";
    CHECK(values(all.c_str()) == std::vector<std::uint64_t>{1, 2, 3});
    CHECK(values((all + "munmap a").c_str()) == std::vector<std::uint64_t>{2, 3});
    CHECK(values((all + "munmap b").c_str()) == std::vector<std::uint64_t>{1, 3});
    CHECK(values((all + "munmap c").c_str()) == std::vector<std::uint64_t>{1, 2});
    CHECK(values((all + "munmap c munmap a").c_str()) == std::vector<std::uint64_t>{2});
}

TEST_CASE("words of an address space: what was written is read, above and below, up and down") {
    Mm m;
    std::vector<std::uint64_t> at;
    for (std::uint64_t i = 0; i < 50; ++i) {
        at.push_back(0x404000 + 8 * i);
        at.push_back(0x7ffffff00000 - 8 * i);
        at.push_back(0x7ffff0000000 + 8 * i);
    }
    for (std::size_t i = 0; i < at.size(); ++i) m.write(at[i], i + 1);
    m.write(at[7], 777);
    for (std::size_t i = 0; i < at.size(); ++i) CHECK(m.read(at[i]) == (i == 7 ? 777 : i + 1));
    CHECK(m.read(0x404004) == 0);
    CHECK(m.words.size() == at.size());
}

TEST_CASE("a thread switch keeps the TLB, a process switch without PCID loses it") {
    const auto lost = [](std::string_view settings, std::string_view tasks) {
        const test::Run r = test::run("machine { cpus 1 " + std::string(settings) + " } " + std::string(tasks));
        return r.k.cpus[0].tlb.lost;
    };
    constexpr std::string_view kThreads =
        "process p { thread a { repeat 9 { run 100us sleep 50us } } thread b { repeat 9 { run 100us sleep 50us } } }";
    constexpr std::string_view kProcesses =
        "process a { repeat 9 { run 100us sleep 50us } } process b { repeat 9 { run 100us sleep 50us } }";
    CHECK(lost("pcid off", kThreads) < lost("pcid off", kProcesses));
    CHECK(lost("pcid on", kProcesses) < lost("pcid off", kProcesses));
}
