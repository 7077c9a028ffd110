// The page-fault path, from exc_page_fault to the entry that makes the access possible, and the signal when nothing does.
// linux.md 2.8, 2.9, 7.9. Registers all the way down: rbx = the address, r12 = the error code; a routine returns 0 in rax,
// or VM_FAULT_OOM, _MAJOR or _RETRY. Another thread may map, unmap or fault in between two steps, so whatever enters a
// page looks again first (Linux: pte_same under the page table's lock) and else answers "try again".
#include <algorithm>

#include "sim/base/assert.h"
#include "sim/kernel/compiled.h"
#include "sim/kernel/pages.h"
#include "sim/kernel/routines.h"
#include "sim/kernel/tasks.h"

namespace sy {

namespace {

using namespace paging;

constexpr std::uint64_t kFaultOom = 1, kFaultMajor = 4, kFaultRetry = 0x400;   // vm_fault_reason
constexpr std::uint64_t kFaultAround = 16 * page_bytes;      // fault_around_bytes: 64 KiB
constexpr std::uint64_t kAnonPage = present | rw | user | accessed | dirty | nx;

MmId mm_of(const Ctx& cx) { return cx.cur().mm; }
std::uint64_t address(const Ctx& cx) { return cx.reg(Reg::rbx); }
bool is_write(const Ctx& cx) { return (cx.reg(Reg::r12) & error_write) != 0; }
Access access_of(const Ctx& cx) {
    if (is_write(cx)) return Access::write;
    return (cx.reg(Reg::r12) & error_fetch) != 0 ? Access::fetch : Access::read;
}
std::uint64_t pte(const Ctx& cx, MmId mm, std::uint64_t va) { return cx.k.mms[mm].entry(va, 1); }
std::optional<Vma> area(const Ctx& cx) { return find_area(cx.k, mm_of(cx), address(cx)); }
void result(Ctx& cx, bool ok) { cx.set(Reg::rax, ok ? 0 : kFaultOom); }
// For what works on the area: it may be gone.
template <typename Work>
void in_area(Ctx& cx, Work work) {
    const std::optional<Vma> v = area(cx);
    if (v && may_access(*v, access_of(cx)))
        work(*v);
    else
        cx.set(Reg::rax, kFaultRetry);
}

// --- what fills an entry: used by the steps below and by fault_in(); true also if it is filled already ---

// Bits for a page of the mm's own.
std::uint64_t own_bits(const Vma& v) {
    std::uint64_t bits = kAnonPage;
    if ((v.flags & vm_flag::exec) != 0) bits &= ~nx;
    return bits;
}
bool add_anon(Ctx& cx, MmId mm, const Vma& v, std::uint64_t va) {
    if (pte(cx, mm, va) != 0) return true;
    if (!add_tables(cx, mm, va)) return false;
    const Pfn pfn = new_frame(cx, mm, FrameKind::anon);
    if (pfn == kNoFrame) return false;
    map_frame(cx, mm, va, pfn, own_bits(v));
    put_frame(cx, pfn);
    return true;
}
bool map_zero(Ctx& cx, MmId mm, std::uint64_t va) {
    if (pte(cx, mm, va) != 0) return true;
    if (!add_tables(cx, mm, va)) return false;
    map_frame(cx, mm, va, cx.k.memory.zero_page, present | user | accessed | nx | special);
    return true;
}
// The page of shared memory; it comes into being at its first use.
bool shmem_page(Ctx& cx, MmId mm, const Vma& v, std::uint64_t va) {
    if (!cx.k.memory.files[v.file].shmem || cached_page(cx, v, va) != kNoFrame) return true;
    const Pfn pfn = new_frame(cx, mm, FrameKind::shmem);
    if (pfn == kNoFrame) return false;
    add_to_page_cache(cx, v, va, pfn);
    return true;
}
// Maps the page that faulted and, for reading, those around it that are in memory too.
bool map_cached(Ctx& cx, MmId mm, const Vma& v, std::uint64_t va, Access a) {
    const std::uint64_t page = page_of(va);
    if (pte(cx, mm, page) != 0) return true;
    const Pfn cached = cached_page(cx, v, page);
    if (cached == kNoFrame || !add_tables(cx, mm, page)) return false;
    std::uint64_t bits = page_prot(v);
    if (!v.is_shared()) bits &= ~rw;
    if (v.is_shared() && a == Access::write) bits |= dirty;
    map_frame(cx, mm, page, cached, bits | accessed);
    if (a == Access::write) return true;
    const std::uint64_t window = va / kFaultAround * kFaultAround;
    for (std::uint64_t at = std::max(v.start, window); at < std::min(v.end, window + kFaultAround); at += page_bytes) {
        if (pte(cx, mm, at) != 0 || cx.k.mms[mm].entry(at, 2) == 0) continue;
        const Pfn pfn = cx.k.memory.files[v.file].find(file_index(v, at));
        if (pfn != kNoFrame) map_frame(cx, mm, at, pfn, bits);
    }
    return true;
}
// A copy of the page for this mm alone, in place of what the entry names (or of a page of the file: nothing yet).
bool copy_page(Ctx& cx, MmId mm, const Vma& v, std::uint64_t va) {
    if ((pte(cx, mm, va) & rw) != 0) return true;
    if (!add_tables(cx, mm, va)) return false;
    const Pfn pfn = new_frame(cx, mm, FrameKind::anon);
    if (pfn == kNoFrame) return false;
    const bool flush = pte(cx, mm, va) != 0;
    unmap_page(cx, mm, page_of(va));
    map_frame(cx, mm, page_of(va), pfn, own_bits(v));
    put_frame(cx, pfn);
    if (flush) flush_tlb_page(cx, mm, va);
    ++cx.k.memory.cow;
    return true;
}
void reuse_page(Ctx& cx, MmId mm, std::uint64_t va) {
    set_entry(cx, mm, va, 1, pte(cx, mm, va) | rw | dirty | accessed);
    flush_tlb_page(cx, mm, va);
}
bool only_user(const Ctx& cx, MmId mm, std::uint64_t va) {
    const std::uint64_t word = pte(cx, mm, va);
    if ((word & special) != 0 || (word & present) == 0) return false;
    const Frame& f = cx.k.memory.pages[frame_in(word)];
    return f.what() == FrameKind::anon && f.refs == 1;
}
bool can_grow(const Ctx& cx, MmId mm, std::uint64_t va) {
    const Mm& m = cx.k.mms[mm];
    if (va >= m.stack_low || va < layout::user_stack_end - layout::stack_limit) return false;
    const std::uint64_t below = m.mapped.empty() ? 0 : m.mapped.back().end;
    return page_of(va) >= below + layout::stack_gap;
}
void grow_stack(Ctx& cx, MmId mm, std::uint64_t va) {
    Mm& m = cx.mm(mm);
    m.stack_low = page_of(va);
    m.peak_vm = std::max(m.peak_vm, static_cast<std::uint32_t>(total_vm(cx.k, mm)));
}

// --- exc_page_fault ---

void take_error_code(Ctx& cx) {
    const std::uint64_t regs = cx.user_regs();
    cx.set(Reg::rbx, cx.cpu.regs.cr2, at::special(Place::Kind::cr2));
    cx.set(Reg::r12, cx.pt_reg(regs, PtReg::orig_rax), at::word(regs + 8 * static_cast<int>(PtReg::orig_rax)));
    cx.set_pt_reg(regs, PtReg::orig_rax, ~std::uint64_t{0}, at::none);   // no system call to restart
}
void irqs_on(Ctx& cx) { cx.irqs_on(); }

constexpr StepDef exc_page_fault_steps[] = {
    push(Reg::rbx), push(Reg::r12),
    effect(take_error_code, Cost::effect,
           {"Read the faulting address from CR2 and the error code from the frame.", "从 CR2 读出出错地址，从栈帧读出错误码。",
            "Error code: bit 0 the page is present, bit 1 it was a write, bit 2 from user mode, bit 4 an instruction fetch.",
            "错误码：位 0 页存在，位 1 是写，位 2 来自用户态，位 4 是取指令。"}),
    effect(irqs_on, Cost::word,
           {"Turn interrupts on.", "打开中断。", "CR2 is safe in a register now; the rest may take long and may sleep.",
            "CR2 已保存在寄存器中；余下的工作可能很久，也可能睡眠。"}),
    call(routines::do_user_addr_fault),
    pop(Reg::r12), pop(Reg::rbx), ret(),
};

bool is_kernel_address(Ctx& cx) { return address(cx) >= user_end; }
bool no_area(Ctx& cx) { return !find_area(cx.k, mm_of(cx), address(cx)); }
bool may_grow(Ctx& cx) { return can_grow(cx, mm_of(cx), address(cx)); }
void expand_stack(Ctx& cx) { grow_stack(cx, mm_of(cx), address(cx)); }
bool access_error(Ctx& cx) {
    const std::optional<Vma> v = find_area(cx.k, mm_of(cx), address(cx));
    return !v || !may_access(*v, access_of(cx));
}
void look_up(Ctx&) {}
bool out_of_memory_reported(Ctx& cx) { return cx.reg(Reg::rax) == kFaultOom; }
void account(Ctx& cx) {
    if (cx.reg(Reg::rax) == kFaultRetry) return;
    ++cx.k.memory.pgfault;
    if (cx.reg(Reg::rax) == kFaultMajor) {
        ++cx.cur().maj_flt;
        ++cx.k.memory.pgmajfault;
        return;
    }
    ++cx.cur().min_flt;
}
void force_sig_segv(Ctx& cx) {
    ++cx.k.memory.pgfault;
    force_signal(cx, 11);   // it cannot be put off or ignored: the access is never repeated for ever
}

constexpr StepDef do_user_addr_fault_steps[] = {
    push(Reg::rbp),
    branch(is_kernel_address, "bad",
           {"Is it an address of the kernel's half?", "是内核那一半的地址吗？",
            "Its pages are mapped in every address space, but not for ring 3.", "它的页在每个地址空间都有映射，但 ring 3 不可用。"}),
    effect(look_up, Cost::locked,
           {"Find the vm_area_struct that holds the address (lock_vma_under_rcu).",
            "查找包含该地址的 vm_area_struct（lock_vma_under_rcu）。",
            "The areas say what ought to be there; the page tables only say what is there yet.",
            "区域说明那里应该有什么；页表只说明目前有什么。"}),
    branch(no_area, "none", {"Is there none?", "没有吗？", "", ""}),
    label("found"),
    branch(access_error, "bad",
           {"Does the area forbid this access?", "该区域禁止这种访问吗？",
            "Writing to read-only memory or executing data is an error; writing to a page that is only protected for "
            "copy on write is not.",
            "写只读内存或执行数据是错误；写一个仅因写时复制而被保护的页则不是。"}),
    call(routines::handle_mm_fault),
    branch(out_of_memory_reported, "oom", {"Was there no memory?", "内存不够吗？", "", ""}),
    effect(account, Cost::word,
           {"Count the fault: major if it had to wait for a device, minor otherwise.",
            "为缺页计数：需要等待设备的是主缺页，否则是次缺页。", "", ""}),
    jump("out"),
    label("none"),
    branch(may_grow, "grow",
           {"Is it just below the stack, which may grow?", "它就在可以增长的栈下方吗？",
            "The stack grows by itself down to its limit of 8 MiB, with a gap of 1 MiB to the next area.",
            "栈会自动向下增长到 8 MiB 的上限，并与下一个区域保持 1 MiB 的间隔。"}),
    label("bad"),
    effect(force_sig_segv, Cost::locked,
           {"Send SIGSEGV to {cur}: there is nothing that could be put there.", "向 {cur} 发送 SIGSEGV：那里放不了任何东西。",
            "It will be delivered on the way back to user mode.", "它将在返回用户态的路上递送。"}),
    label("out"),
    pop(Reg::rbp), ret(),
    label("grow"),
    effect(expand_stack, Cost::locked,
           {"Lower the beginning of the stack's area (expand_stack).", "把栈区域的起点下移（expand_stack）。", "", ""}),
    jump("found"),
    label("oom"),
    call(routines::pagefault_out_of_memory),
    pop(Reg::rbp), ret(),
};

// --- handle_mm_fault: the upper tables ---

bool has_pud_table(Ctx& cx) { return has_table(cx, mm_of(cx), address(cx), 4); }
bool has_pmd_table(Ctx& cx) { return has_table(cx, mm_of(cx), address(cx), 3); }
bool has_pte_table(Ctx& cx) { return has_table(cx, mm_of(cx), address(cx), 2); }
void alloc_pud(Ctx& cx) { result(cx, add_table(cx, mm_of(cx), address(cx), 4)); }
void alloc_pmd(Ctx& cx) { result(cx, add_table(cx, mm_of(cx), address(cx), 3)); }
void alloc_pte(Ctx& cx) { result(cx, add_table(cx, mm_of(cx), address(cx), 2)); }
bool failed(Ctx& cx) { return cx.reg(Reg::rax) == kFaultOom || cx.reg(Reg::rax) == kFaultRetry; }
constexpr Say kFailed = {"Was there no frame for it?", "没有页框可用吗？", "", ""};

constexpr StepDef handle_mm_fault_steps[] = {
    push(Reg::rbp), call(routines::handle_mm_fault_inner), pop(Reg::rbp), ret(),
};
constexpr StepDef handle_mm_fault_inner_steps[] = {
    push(Reg::rbp),
    branch(has_pud_table, "pud",
           {"Does the PGD entry of this address name a table?", "该地址的 PGD 项指向一张表吗？",
            "Bits 39 to 47 of the address are the index into the top table.", "地址的第 39 到 47 位是顶级表的下标。"}),
    effect(alloc_pud, Cost::page_clear, {"It is empty: allocate a PUD table and enter it.", "为空：分配一张 PUD 表并填入。", "", ""}),
    branch(failed, "out", kFailed),
    label("pud"),
    branch(has_pmd_table, "pmd",
           {"Does the PUD entry name a table?", "PUD 项指向一张表吗？", "Bits 30 to 38.", "第 30 到 38 位。"}),
    effect(alloc_pmd, Cost::page_clear, {"It is empty: allocate a PMD table and enter it.", "为空：分配一张 PMD 表并填入。", "", ""}),
    branch(failed, "out", kFailed),
    label("pmd"),
    branch(has_pte_table, "pte",
           {"Does the PMD entry name a table?", "PMD 项指向一张表吗？", "Bits 21 to 29.", "第 21 到 29 位。"}),
    effect(alloc_pte, Cost::page_clear,
           {"It is empty: allocate a page table and enter it.", "为空：分配一张页表并填入。",
            "A page table covers 2 MiB; memory that nobody uses needs none.", "一张页表覆盖 2 MiB；没人用的内存不需要页表。"}),
    branch(failed, "out", kFailed),
    label("pte"),
    call(routines::handle_pte_fault),
    label("out"),
    pop(Reg::rbp), ret(),
};

// --- handle_pte_fault: what kind of fault it is ---

bool pte_present(Ctx& cx) { return (pte(cx, mm_of(cx), address(cx)) & present) != 0; }
bool is_anonymous(Ctx& cx) {
    const std::optional<Vma> v = area(cx);
    return v && v->file == kNoFile;
}
bool write_is_protected(Ctx& cx) { return is_write(cx) && (pte(cx, mm_of(cx), address(cx)) & rw) == 0; }
void young(Ctx& cx) {
    cx.set(Reg::rax, 0);
    flush_tlb_page(cx, mm_of(cx), address(cx));
}

constexpr StepDef handle_pte_fault_steps[] = {
    push(Reg::rbp),
    branch(pte_present, "present",
           {"Is there a page in the last table's entry?", "最后一级表的表项里有页吗？",
            "Bits 12 to 20 are the index; the lowest 12 bits are the offset in the page.",
            "第 12 到 20 位是下标；最低 12 位是页内偏移。"}),
    branch(is_anonymous, "anon",
           {"Is the area anonymous: has it no file behind it?", "该区域是匿名的吗：背后没有文件？", "", ""}),
    call(routines::do_fault),
    pop(Reg::rbp), ret(),
    label("anon"),
    call(routines::do_anonymous_page),
    pop(Reg::rbp), ret(),
    label("present"),
    branch(write_is_protected, "wp",
           {"Is it a write to a page whose entry lacks RW?", "是写一个表项没有 RW 位的页吗？",
            "The area allows it, so this is copy on write.", "区域允许写，所以这是写时复制。"}),
    effect(young, Cost::invlpg,
           {"Another thread was faster: the entry is good, drop the TLB's old copy.", "别的线程更快：表项已就绪，清除 TLB 中的旧副本。",
            "", ""}),
    pop(Reg::rbp), ret(),
    label("wp"),
    call(routines::do_wp_page),
    pop(Reg::rbp), ret(),
};

// --- anonymous memory ---

bool reads(Ctx& cx) { return !is_write(cx); }
void take_zero_page(Ctx& cx) {
    in_area(cx, [&](const Vma&) { result(cx, map_zero(cx, mm_of(cx), page_of(address(cx)))); });
}
void take_new_page(Ctx& cx) {
    in_area(cx, [&](const Vma& v) { result(cx, add_anon(cx, mm_of(cx), v, page_of(address(cx)))); });
}

constexpr StepDef do_anonymous_page_steps[] = {
    push(Reg::rbp),
    branch(reads, "zero",
           {"Is it only a read?", "只是读吗？", "What was never written reads as zero: one page of zeros serves everybody.",
            "从未写过的内存读出来是零：一个全零页供所有人用。"}),
    effect(take_new_page, Cost::page_clear,
           {"Take a free frame, clear it, and enter it in the page table, writable.", "取一个空闲页框，清零，填入页表，可写。",
            "This is demand paging: memory comes when it is first touched, not when it is asked for.",
            "这就是按需调页：内存在第一次触碰时到来，而不是在申请时。"}),
    pop(Reg::rbp), ret(),
    label("zero"),
    effect(take_zero_page, Cost::locked,
           {"Enter the shared zero page, read-only.", "填入共享的零页，只读。",
            "The first write will fault again and get a page of its own.", "第一次写会再次缺页，得到自己的页。"}),
    pop(Reg::rbp), ret(),
};

// --- files and shared memory ---

bool is_shmem(Ctx& cx) {
    const std::optional<Vma> v = area(cx);
    return v && v->file != kNoFile && cx.k.memory.files[v->file].shmem;
}
bool in_page_cache(Ctx& cx) {
    const std::optional<Vma> v = area(cx);
    return !v || v->file == kNoFile || cached_page(cx, *v, address(cx)) != kNoFrame;
}
void clear_result(Ctx& cx) { cx.set(Reg::r12, cx.reg(Reg::r12) & 0xff); }
void get_shmem_page(Ctx& cx) {
    in_area(cx, [&](const Vma& v) { result(cx, shmem_page(cx, mm_of(cx), v, address(cx))); });
}
// r12 above its low byte: what do_fault will answer.
void was_major(Ctx& cx) { cx.set(Reg::r12, cx.reg(Reg::r12) | kFaultMajor << 8); }
// The result of do_fault: whether a device was needed.
void finish_fault(Ctx& cx, bool ok) { cx.set(Reg::rax, ok ? cx.reg(Reg::r12) >> 8 : kFaultOom); }
void map_file_page(Ctx& cx) {
    in_area(cx, [&](const Vma& v) {
        if (v.file == kNoFile) return cx.set(Reg::rax, kFaultRetry);
        finish_fault(cx, map_cached(cx, mm_of(cx), v, address(cx), access_of(cx)));
    });
}
void copy_file_page(Ctx& cx) {
    in_area(cx, [&](const Vma& v) { finish_fault(cx, copy_page(cx, mm_of(cx), v, address(cx))); });
}
bool is_private_write(Ctx& cx) {
    const std::optional<Vma> v = area(cx);
    return is_write(cx) && v && !v->is_shared();
}

constexpr StepDef do_fault_steps[] = {
    push(Reg::rbp), push(Reg::r12),
    effect(clear_result, Cost::word, {"The page belongs to a file or to shared memory.", "这一页属于文件或共享内存。", "", ""}),
    branch(is_shmem, "shmem", {"Is it shared memory without a file?", "是没有文件的共享内存吗？", "", ""}),
    branch(in_page_cache, "cached",
           {"Is the page in the page cache?", "该页在页缓存中吗？", "Then no device is needed: a minor fault.", "那就不需要设备：次缺页。"}),
    call(routines::filemap_fault,
         {"Read it from the device: a major fault.", "从设备读入：主缺页。", "{cur} will sleep in D until it is there.",
          "{cur} 将在 D 状态睡到它到来。"}),
    branch(failed, "out", kFailed),
    effect(was_major, Cost::word, {"Remember that it was a major fault.", "记下这是主缺页。", "", ""}),
    jump("cached"),
    label("shmem"),
    effect(get_shmem_page, Cost::page_clear,
           {"Find the page of the shared memory, or make it.", "找到共享内存的页，没有就创建。",
            "Whoever maps it next will find the same frame.", "下一个映射它的会找到同一个页框。"}),
    branch(failed, "out", kFailed),
    label("cached"),
    branch(is_private_write, "cow",
           {"Is it a write to a private mapping?", "是写一个私有映射吗？", "The file must not see it.", "文件不应看到它。"}),
    effect(map_file_page, Cost::locked,
           {"Enter the page, and for a read those around it that are in memory (fault-around, 64 KiB).",
            "填入该页；若是读，把周围已在内存中的页也一并填入（fault-around，64 KiB）。",
            "Every process that maps the file shares this frame.", "映射该文件的每个进程共享这个页框。"}),
    label("out"),
    pop(Reg::r12), pop(Reg::rbp), ret(),
    label("cow"),
    effect(copy_file_page, Cost::page_copy,
           {"Copy the page to a new frame and enter that, writable.", "把该页复制到新页框并填入，可写。", "", ""}),
    pop(Reg::r12), pop(Reg::rbp), ret(),
};

bool has_no_device(Ctx& cx) {
    const std::optional<Vma> v = area(cx);
    const std::size_t programs = cx.k.image().programs.size();
    return !v || v->file < programs || v->file >= programs + cx.k.devices.size();
}
void choose_device(Ctx& cx) {
    const std::size_t device = area(cx)->file - cx.k.image().programs.size();
    cx.set(Reg::rdi, layout::devices + device * layout::device_bytes);
}
void try_again(Ctx& cx) { cx.set(Reg::rax, kFaultRetry); }
// What the request brought: the pages of the window that are not there yet.
void pages_arrive(Ctx& cx) {
    in_area(cx, [&](const Vma& v) {
        const std::uint64_t window = address(cx) / kFaultAround * kFaultAround;
        const std::uint64_t end = std::min(v.end, window + kFaultAround);
        for (std::uint64_t va = std::max(v.start, window); v.file != kNoFile && va < end; va += page_bytes) {
            if (cached_page(cx, v, va) != kNoFrame) continue;
            const Pfn pfn = new_frame(cx, mm_of(cx), FrameKind::file);
            if (pfn != kNoFrame) add_to_page_cache(cx, v, va, pfn);
        }
        result(cx, v.file == kNoFile || cached_page(cx, v, address(cx)) != kNoFrame);
    });
}

constexpr StepDef filemap_fault_steps[] = {
    push(Reg::rbp),
    branch(has_no_device, "again", {"Has the area gone meanwhile?", "该区域其间消失了吗？", "", ""}),
    effect(choose_device, Cost::effect,
           {"Ask the device for the page and its neighbours (readahead).", "向设备请求该页及其相邻页（预读）。", "", ""}),
    call(routines::folio_wait),
    effect(pages_arrive, Cost::locked,
           {"The pages are in the page cache now.", "这些页现在在页缓存中了。",
            "The next process that touches them will not need the device.", "下一个触碰它们的进程就不再需要设备。"}),
    pop(Reg::rbp), ret(),
    label("again"),
    effect(try_again, Cost::word, {"Try the access again.", "重新尝试这次访问。", "", ""}),
    pop(Reg::rbp), ret(),
};

// --- copy on write ---

bool shared_mapping(Ctx& cx) {
    const std::optional<Vma> v = area(cx);
    return v && v->is_shared();
}
bool sole_user(Ctx& cx) { return only_user(cx, mm_of(cx), address(cx)); }
void reuse(Ctx& cx) {
    in_area(cx, [&](const Vma& v) {
        const bool still = v.is_shared() || only_user(cx, mm_of(cx), address(cx));
        if (still && (pte(cx, mm_of(cx), address(cx)) & present) != 0) reuse_page(cx, mm_of(cx), page_of(address(cx)));
        cx.set(Reg::rax, still ? 0 : kFaultRetry);
    });
}
void copy(Ctx& cx) {
    in_area(cx, [&](const Vma& v) { result(cx, copy_page(cx, mm_of(cx), v, address(cx))); });
}

constexpr StepDef do_wp_page_steps[] = {
    push(Reg::rbp),
    branch(shared_mapping, "reuse", {"Is the mapping shared?", "是共享映射吗？", "Then there is nothing to copy.", "那就没有什么要复制。"}),
    branch(sole_user, "reuse",
           {"Is {cur}'s address space the only one that still uses this frame?", "只有 {cur} 的地址空间还在用这个页框吗？",
            "The frame's reference count says so: the other side has its own copy already, or is gone.",
            "页框的引用计数说明了这一点：另一方已有自己的副本，或者已经不在。"}),
    call(routines::wp_page_copy),
    pop(Reg::rbp), ret(),
    label("reuse"),
    effect(reuse, Cost::invlpg,
           {"Set RW in the entry again: no copy is needed (wp_page_reuse).", "重新置 RW 位：不需要复制（wp_page_reuse）。", "", ""}),
    pop(Reg::rbp), ret(),
};
constexpr StepDef wp_page_copy_steps[] = {
    effect(copy, Cost::page_copy,
           {"Copy the 4 KiB to a new frame, enter it writable, drop the old frame's reference, flush this page from the TLB.",
            "把 4 KiB 复制到新页框，以可写方式填入，放弃旧页框的引用，从 TLB 清除这一页。",
            "Only now do parent and child really have two pages.", "直到现在父子进程才真正有两个页。"}),
    ret(),
};

}  // namespace

bool fault_in(Ctx& cx, MmId mm, std::uint64_t va, bool write) {
    if (can_grow(cx, mm, va) && !find_area(cx.k, mm, va)) grow_stack(cx, mm, va);
    const std::optional<Vma> v = find_area(cx.k, mm, va);
    const Access a = write ? Access::write : Access::read;
    if (!v || !may_access(*v, a)) return false;
    const std::uint64_t page = page_of(va);
    if ((pte(cx, mm, page) & present) != 0) {
        if (!write || (pte(cx, mm, page) & rw) != 0) return true;
        if (v->is_shared() || only_user(cx, mm, page))
            reuse_page(cx, mm, page);
        else if (!copy_page(cx, mm, *v, page))
            return false;
        return true;
    }
    if (v->file == kNoFile) return write ? add_anon(cx, mm, *v, page) : map_zero(cx, mm, page);
    if (!shmem_page(cx, mm, *v, page) || cached_page(cx, *v, page) == kNoFrame) return false;
    if (write && !v->is_shared()) return copy_page(cx, mm, *v, page);
    return map_cached(cx, mm, *v, page, a);
}

namespace routines {
const Routine exc_page_fault = make_routine<exc_page_fault_steps>("exc_page_fault", Actor::memory, Phase::work);
const Routine do_user_addr_fault = make_routine<do_user_addr_fault_steps>("do_user_addr_fault", Actor::memory, Phase::work);
const Routine handle_mm_fault = make_routine<handle_mm_fault_steps>("handle_mm_fault", Actor::memory, Phase::work);
const Routine handle_mm_fault_inner = make_routine<handle_mm_fault_inner_steps>("__handle_mm_fault", Actor::memory, Phase::work);
const Routine handle_pte_fault = make_routine<handle_pte_fault_steps>("handle_pte_fault", Actor::memory, Phase::work);
const Routine do_anonymous_page = make_routine<do_anonymous_page_steps>("do_anonymous_page", Actor::memory, Phase::work);
const Routine do_fault = make_routine<do_fault_steps>("do_fault", Actor::memory, Phase::work);
const Routine filemap_fault = make_routine<filemap_fault_steps>("filemap_fault", Actor::memory, Phase::work);
const Routine do_wp_page = make_routine<do_wp_page_steps>("do_wp_page", Actor::memory, Phase::work);
const Routine wp_page_copy = make_routine<wp_page_copy_steps>("wp_page_copy", Actor::memory, Phase::work);
}  // namespace routines

}  // namespace sy
