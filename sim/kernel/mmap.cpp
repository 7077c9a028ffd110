// mmap, munmap, mprotect and brk: areas come, go, are split and change their rights; pages follow only where they exist.
// linux.md 2.3, 2.4.
#include <algorithm>

#include "sim/kernel/compiled.h"
#include "sim/kernel/pages.h"
#include "sim/kernel/routines.h"

namespace sy {

namespace {

using namespace paging;

constexpr std::uint64_t kEnomem = static_cast<std::uint64_t>(-12), kEinval = static_cast<std::uint64_t>(-22),
                        kEnodev = static_cast<std::uint64_t>(-19), kEbadf = static_cast<std::uint64_t>(-9);
constexpr std::uint64_t kMapShared = 1, kMapAnonymous = 0x20;
constexpr std::uint32_t kRights = vm_flag::read | vm_flag::write | vm_flag::exec;

std::uint64_t arg(const Ctx& cx, PtReg r) { return cx.pt_reg(cx.user_regs(), r); }
MmId mm_of(const Ctx& cx) { return cx.cur().mm; }
bool is_error(Ctx& cx) { return static_cast<std::int64_t>(cx.reg(Reg::rax)) < 0; }
constexpr Say kRefused = {"Is anything wrong with it?", "有什么不对吗？", "", ""};

// Keeps the vm_area_struct cache in step while areas come and go.
class AreaCount {
  public:
    AreaCount(Ctx& cx, MmId mm) : cx_(cx), mm_(mm), before_(count_areas(cx.k, mm)) {}
    ~AreaCount() {
        const std::uint64_t after = count_areas(cx_.k, mm_);
        if (after > before_) cx_.k.memory.slab_alloc(SlabKind::vm_area_struct, after - before_, true);
        cx_.k.memory.pages.changed();
        if (after < before_) cx_.k.memory.slab_free(SlabKind::vm_area_struct, before_ - after);
        Mm& m = cx_.mm(mm_);
        m.peak_vm = std::max(m.peak_vm, static_cast<std::uint32_t>(total_vm(cx_.k, mm_)));
    }
    AreaCount(const AreaCount&) = delete;

  private:
    Ctx& cx_;
    MmId mm_;
    std::uint64_t before_;
};

// Splits the mapped area that holds `at` in its middle.
void split(Mm& m, std::uint64_t at) {
    for (std::size_t i = 0; i < m.mapped.size(); ++i) {
        Vma& v = m.mapped[i];
        if (at <= v.start || at >= v.end) continue;
        Vma upper = v;
        upper.start = at;
        upper.pgoff += static_cast<std::uint32_t>((at - v.start) / page_bytes);
        v.end = at;
        m.mapped.insert(m.mapped.begin() + static_cast<std::ptrdiff_t>(i) + 1, upper);
        return;
    }
}

bool any_area(const Kernel& k, MmId mm, std::uint64_t from, std::uint64_t to) {
    const Mm& m = k.mms[mm];
    for (const Vma& v : m.mapped)
        if (v.start < to && v.end > from) return true;
    if (from < layout::thread_stacks && to > thread_stacks_low(m)) return true;
    const Program& p = k.image().programs[m.program];
    const std::uint64_t tls = page_of(layout::main_tcb);
    return from < std::max(m.brk, p.heap_base) || (tls < to && from < tls + page_bytes) || to > layout::user_vvar;
}

// unmap_region: the pages of a range, their words, and the tables that serve no area any more (free_pgtables).
void zap(Ctx& cx, MmId mm, std::uint64_t from, std::uint64_t to) {
    for (const PageEntry& e : cx.k.mms[mm].entries(1, from, to)) unmap_page(cx, mm, e.key & ~std::uint64_t{7});
    std::erase_if(cx.mm(mm).words, [&](const UserWord& w) { return w.address >= from && w.address < to; });
    for (int level = 2; level <= 4; ++level) {
        const std::uint64_t span = std::uint64_t{1} << shift_of(level);
        for (const PageEntry& e : cx.k.mms[mm].entries(level, from / span * span, to)) {
            const std::uint64_t va = e.key & ~std::uint64_t{7};
            if (any_area(cx.k, mm, va, va + span)) continue;
            set_entry(cx, mm, va, level, 0);
            put_frame(cx, frame_in(e.word));
            --cx.mm(mm).table_pages;
        }
    }
    flush_tlb_range(cx, mm, from, to);
}

// --- mmap ---

std::uint32_t flags_of(std::uint64_t prot, bool shared) {
    std::uint32_t f = static_cast<std::uint32_t>(prot) & kRights;
    f |= vm_flag::mayread | vm_flag::maywrite | vm_flag::mayexec;
    return shared ? f | vm_flag::shared | vm_flag::mayshare : f;
}
void check_mmap(Ctx& cx) {
    const std::uint64_t length = arg(cx, PtReg::rsi), flags = arg(cx, PtReg::r10), fd = arg(cx, PtReg::r8);
    const std::uint64_t total = cx.k.memory.pages.total() * page_bytes;
    std::uint64_t wrong = 0;
    if (length == 0) wrong = kEinval;
    // OVERCOMMIT_GUESS refuses only what could never fit.
    else if (length > total) wrong = kEnomem;
    else if ((flags & kMapAnonymous) == 0) {
        const std::uint64_t device = fd - kFirstFd - cx.k.pipes.size();
        if (fd < kFirstFd || device >= cx.k.devices.size()) wrong = kEbadf;
        else if (!cx.k.image().scenario.devices[device].block) wrong = kEnodev;
    }
    cx.set(Reg::rax, wrong);
}
void find_room(Ctx& cx) {
    const std::uint64_t at = unmapped_area(cx.k, mm_of(cx), round_up(arg(cx, PtReg::rsi)));
    cx.set(Reg::rax, at == 0 ? kEnomem : at);
}
void mmap_region(Ctx& cx) {
    const MmId mm = mm_of(cx);
    const std::uint64_t flags = arg(cx, PtReg::r10);
    Vma v;
    // Another thread may have taken the place meanwhile (Linux holds the mmap_lock over both steps).
    v.start = unmapped_area(cx.k, mm, round_up(arg(cx, PtReg::rsi)));
    if (v.start == 0) return cx.set(Reg::rax, kEnomem);
    v.end = v.start + round_up(arg(cx, PtReg::rsi));
    v.flags = flags_of(arg(cx, PtReg::rdx), (flags & kMapShared) != 0);
    if ((flags & kMapAnonymous) == 0) {
        v.file = static_cast<std::uint32_t>(cx.k.image().programs.size() + (arg(cx, PtReg::r8) - kFirstFd - cx.k.pipes.size()));
    } else if (v.is_shared()) {
        v.file = static_cast<std::uint32_t>(cx.k.memory.files.size());
        PageCache& c = cx.k.memory.files.push_back();
        c.shmem = true;
        c.areas = 1;
    }
    const Program& p = cx.k.program_of(cx.cur());
    const std::uint32_t op = p.op_at(arg(cx, PtReg::rip));   // the operation that keeps the result knows the name
    if (op < p.ops.size() && p.ops[op].kind == UserOp::Kind::keep_result) v.name = static_cast<std::uint16_t>(p.ops[op].arg[0]);
    const AreaCount count(cx, mm);
    auto& mapped = cx.mm(mm).mapped;
    mapped.insert(std::upper_bound(mapped.begin(), mapped.end(), v, [](const Vma& a, const Vma& b) { return a.start < b.start; }), v);
    cx.set(Reg::rax, v.start);
}

constexpr StepDef sys_mmap_steps[] = {push(Reg::rbx), call(routines::do_mmap), pop(Reg::rbx), ret()};
constexpr StepDef do_mmap_steps[] = {
    push(Reg::rbx),
    effect(check_mmap, Cost::effect, {"Check the length, the flags and the file.", "检查长度、标志和文件。", "", ""}),
    branch(is_error, "out", kRefused),
    effect(find_room, Cost::effect,
           {"Find a free range of addresses (get_unmapped_area).", "寻找一段空闲地址（get_unmapped_area）。",
            "From the libraries downwards, the highest place that is large enough.", "从库往下，取足够大的最高位置。"}),
    branch(is_error, "out", {"Is there none?", "没有吗？", "", ""}),
    effect(mmap_region, Cost::locked,
           {"Make a vm_area_struct for it (mmap_region).", "为它创建 vm_area_struct（mmap_region）。",
            "Not one page is allocated: the first touch of each will fault.", "一页也不分配：每页第一次触碰时才缺页。"}),
    label("out"),
    pop(Reg::rbx), ret(),
};

// --- munmap ---

bool bad_range(std::uint64_t from, std::uint64_t length) {
    return (from & (page_bytes - 1)) != 0 || length == 0 || from >= user_end || length > user_end - from;
}
void check_munmap(Ctx& cx) { cx.set(Reg::rax, bad_range(arg(cx, PtReg::rdi), arg(cx, PtReg::rsi)) ? kEinval : 0); }
// Returns the areas of shared memory that lost a mapping.
void detach(Ctx& cx, MmId mm, std::uint64_t from, std::uint64_t to) {
    const AreaCount count(cx, mm);
    Mm& m = cx.mm(mm);
    const auto shared_pieces = [&](std::uint32_t file) {
        return std::count_if(m.mapped.begin(), m.mapped.end(), [&](const Vma& v) { return v.file == file && v.is_shared(); });
    };
    split(m, from);
    split(m, to);
    std::vector<std::uint32_t> files;
    std::erase_if(m.mapped, [&](const Vma& v) {
        if (v.start < from || v.end > to) return false;
        if (v.is_shared() && cx.k.memory.files[v.file].shmem) files.push_back(v.file);
        return true;
    });
    zap(cx, mm, from, to);
    std::sort(files.begin(), files.end());
    files.erase(std::unique(files.begin(), files.end()), files.end());
    for (const std::uint32_t file : files)
        if (shared_pieces(file) == 0) put_shared_file(cx, file);
}
void unmap_region(Ctx& cx) {
    const std::uint64_t from = arg(cx, PtReg::rdi);
    detach(cx, mm_of(cx), from, from + round_up(arg(cx, PtReg::rsi)));
    cx.set(Reg::rax, 0);
}

constexpr StepDef sys_munmap_steps[] = {push(Reg::rbx), call(routines::do_munmap), pop(Reg::rbx), ret()};
constexpr StepDef do_munmap_steps[] = {
    push(Reg::rbx),
    effect(check_munmap, Cost::effect, {"Check the range.", "检查范围。", "", ""}),
    branch(is_error, "out", kRefused),
    effect(unmap_region, Cost::locked,
           {"Take the area away, free its pages and tables, flush the range from the TLB.", "移除区域，释放其页和页表，从 TLB 清除该范围。",
            "A frame is free again when nobody else uses it.", "页框在没有其他使用者时才重新空闲。"}),
    label("out"),
    pop(Reg::rbx), ret(),
};

// --- mprotect ---

bool all_mapped(const Mm& m, std::uint64_t from, std::uint64_t to) {
    for (const Vma& v : m.mapped)
        if (v.contains(from)) from = v.end;
    return from >= to;
}
void check_mprotect(Ctx& cx) {
    const std::uint64_t from = arg(cx, PtReg::rdi), length = arg(cx, PtReg::rsi);
    std::uint64_t wrong = 0;
    if ((from & (page_bytes - 1)) != 0) wrong = kEinval;
    else if (bad_range(from, length) || !all_mapped(cx.k.mms[mm_of(cx)], from, from + round_up(length))) wrong = kEnomem;
    cx.set(Reg::rax, wrong);
}
// What is in the tables follows the new rights. RW is never given here: the next write faults, and may find that the
// page is shared. Without any right the entry stays, not present.
std::uint64_t protect(std::uint64_t word, const Vma& v) {
    std::uint64_t w = word & ~(rw | nx);
    if ((v.flags & vm_flag::exec) == 0) w |= nx;
    return (v.flags & kRights) == 0 ? w & ~present : w | present;
}
void change_protection(Ctx& cx) {
    const MmId mm = mm_of(cx);
    const std::uint64_t from = arg(cx, PtReg::rdi), to = from + round_up(arg(cx, PtReg::rsi));
    if (!all_mapped(cx.k.mms[mm], from, to)) return cx.set(Reg::rax, kEnomem);
    const AreaCount count(cx, mm);
    Mm& m = cx.mm(mm);
    split(m, from);
    split(m, to);
    for (Vma& v : m.mapped) {
        if (v.start < from || v.end > to) continue;
        v.flags = (v.flags & ~kRights) | (static_cast<std::uint32_t>(arg(cx, PtReg::rdx)) & kRights);
        const Vma now = v;
        for (const PageEntry& e : m.entries(1, now.start, now.end))
            set_entry(cx, mm, e.key & ~std::uint64_t{7}, 1, protect(e.word, now));
    }
    flush_tlb_range(cx, mm, from, to);
    cx.set(Reg::rax, 0);
}

constexpr StepDef sys_mprotect_steps[] = {push(Reg::rbx), call(routines::do_mprotect), pop(Reg::rbx), ret()};
constexpr StepDef do_mprotect_steps[] = {
    push(Reg::rbx),
    effect(check_mprotect, Cost::effect, {"Check that all of the range is mapped.", "检查整个范围都已映射。", "", ""}),
    branch(is_error, "out", kRefused),
    effect(change_protection, Cost::locked,
           {"Change the area's rights and its page-table entries, flush them from the TLB.", "修改区域的权限及其页表项，并从 TLB 清除。",
            "Without the flush a CPU could go on using the old rights.", "若不清除，CPU 可能继续使用旧的权限。"}),
    label("out"),
    pop(Reg::rbx), ret(),
};

// --- brk ---

void do_brk(Ctx& cx) {
    const MmId mm = mm_of(cx);
    const Mm& before = cx.k.mms[mm];
    const std::uint64_t start = cx.k.image().programs[before.program].heap_base, want = arg(cx, PtReg::rdi);
    const std::uint64_t total = cx.k.memory.pages.total() * page_bytes;
    const std::uint64_t lowest = before.mapped.empty() ? thread_stacks_low(before)
                                                       : std::min(thread_stacks_low(before), before.mapped.front().start);
    cx.set(Reg::rax, before.brk);
    if (want < start || want - start > total || round_up(want) >= lowest) return;
    const AreaCount count(cx, mm);
    const std::uint64_t old = before.brk;
    cx.move(at::reg(Reg::rdi), at::mm(mm, MmField::brk), want, old);
    cx.mm(mm).brk = round_up(want);
    if (round_up(want) < old) zap(cx, mm, round_up(want), old);
    cx.set(Reg::rax, round_up(want));
}
constexpr StepDef sys_brk_steps[] = {
    push(Reg::rbx),
    effect(do_brk, Cost::locked,
           {"Move the end of the heap, if there is room; free what lies beyond it.", "若有空间则移动堆的末端；释放其外的部分。",
            "Growing allocates nothing yet: the new pages fault one by one.", "增长时并不分配：新页逐个缺页时才分配。"}),
    pop(Reg::rbx), ret(),
};

}  // namespace

namespace routines {
const Routine x64_sys_mmap = make_routine<sys_mmap_steps>("__x64_sys_mmap", Actor::memory, Phase::work);
const Routine do_mmap = make_routine<do_mmap_steps>("do_mmap", Actor::memory, Phase::work);
const Routine x64_sys_munmap = make_routine<sys_munmap_steps>("__x64_sys_munmap", Actor::memory, Phase::work);
const Routine do_munmap = make_routine<do_munmap_steps>("do_vmi_munmap", Actor::memory, Phase::work);
const Routine x64_sys_mprotect = make_routine<sys_mprotect_steps>("__x64_sys_mprotect", Actor::memory, Phase::work);
const Routine do_mprotect = make_routine<do_mprotect_steps>("do_mprotect_pkey", Actor::memory, Phase::work);
const Routine x64_sys_brk = make_routine<sys_brk_steps>("__x64_sys_brk", Actor::memory, Phase::work);
}  // namespace routines

}  // namespace sy
