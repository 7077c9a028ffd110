// The context switch itself: address space, stack, and what follows on the other side. linux.md 5.4 to 5.7.
#include "sim/base/assert.h"
#include "sim/kernel/context.h"
#include "sim/kernel/compiled.h"
#include "sim/kernel/routines.h"

namespace sy {

namespace {

TaskId task_in(const Ctx& cx, Reg r) { return layout::task_of(cx.reg(r)); }

// --- switch_mm_irqs_off: rdi = prev's active mm, rsi = next's mm (task ids in rbx, rbp of the caller) ---

MmId mm_in(const Ctx& cx, Reg r) {
    return static_cast<MmId>((cx.reg(r) - layout::mm_structs) / layout::mm_struct_bytes);
}
bool same_mm(Ctx& cx) { return cx.cpu.tlb.loaded_mm == mm_in(cx, Reg::rsi); }
bool not_lazy(Ctx& cx) { return !cx.cpu.tlb.is_lazy; }
bool tlb_is_current(Ctx& cx) {
    const TlbState& tlb = cx.cpu.tlb;
    return tlb.tlb_gen[tlb.asid] == cx.k.mms[mm_in(cx, Reg::rsi)].tlb_gen;
}
void leave_lazy(Ctx& cx) {
    cx.move(at::none, at::per_cpu(cx.cpu.id, PerCpuField::is_lazy), 0, 1);
    cx.cpu.tlb.is_lazy = false;
}
void choose_asid(Ctx& cx) {
    TlbState& tlb = cx.cpu.tlb;
    const MmId next = mm_in(cx, Reg::rsi);
    const std::uint64_t bit = std::uint64_t{1} << cx.cpu.id;
    if (tlb.loaded_mm != kNoMm) cx.mm(tlb.loaded_mm).cpu_bitmap &= ~bit;
    Mm& m = cx.mm(next);
    m.cpu_bitmap |= bit;
    tlb.is_lazy = false;
    cx.cpu.flush_needed = true;
    for (std::uint8_t a = 0; a < tlb.ctx_id.size(); ++a) {
        if (tlb.ctx_id[a] != m.ctx_id) continue;
        cx.cpu.flush_needed = tlb.tlb_gen[a] != m.tlb_gen;
        tlb.asid = a;
        tlb.tlb_gen[a] = m.tlb_gen;
        return;
    }
    tlb.asid = tlb.next_asid;
    tlb.next_asid = static_cast<std::uint8_t>((tlb.next_asid + 1) % tlb.ctx_id.size());
    tlb.ctx_id[tlb.asid] = m.ctx_id;
    tlb.tlb_gen[tlb.asid] = m.tlb_gen;
}
void write_cr3(Ctx& cx) {
    const MmId next = mm_in(cx, Reg::rsi);
    const std::uint64_t cr3 = cx.k.mms[next].pgd | (cx.k.image().pcid ? cx.cpu.tlb.asid + 1u : 0u);
    cx.move(at::mm(next, MmField::pgd), at::special(Place::Kind::cr3), cr3, cx.cpu.regs.cr3);
    cx.move(at::none, at::per_cpu(cx.cpu.id, PerCpuField::loaded_mm), next, cx.cpu.tlb.loaded_mm);
    cx.cpu.regs.cr3 = cr3;
    cx.cpu.tlb.loaded_mm = next;
    ++cx.cpu.cr3_writes;
    cx.k.memory.pages.changed();
    // Bit 63 of the value written says whether the entries of this address-space id may stay.
    TlbState& tlb = cx.cpu.tlb;
    if (!cx.k.image().pcid) {
        cx.cpu.flush_needed = true;
        tlb.lost += tlb.entries.drop_all();
    } else if (cx.cpu.flush_needed) {
        tlb.lost += tlb.entries.drop_asid(tlb.asid);
    }
    cx.cpu.tlb_flushes += cx.cpu.flush_needed ? 1 : 0;
    cx.emit(RecordKind::tlb_flush, 0, cx.cpu.flush_needed ? 1 : 0);   // as arch/x86/mm/tlb.c does
}

constexpr StepDef switch_mm_steps[] = {
    branch(same_mm, "same",
           {"Compare next's mm with the one CR3 names already.", "比较 next 的 mm 与 CR3 已指向的 mm。",
            "Threads of one process share an mm: for them the address space stays.",
            "同一进程的线程共享 mm：对它们来说地址空间不变。"}),
    effect(choose_asid, Cost::effect,
           {"Choose one of six address-space ids (PCID) for the new mm.", "为新的 mm 选择六个地址空间编号（PCID）之一。",
            "TLB entries carry the id, so those of other address spaces need not be flushed.",
            "TLB 项带有编号，其他地址空间的项不必清除。"}),
    effect(write_cr3, Cost::cr3,
           {"Write CR3: the page tables of {next} are in force.", "写 CR3：{next} 的页表生效。",
            "From here every user address means another page; kernel addresses mean the same in both.",
            "从此每个用户地址指向另一页；内核地址在两边含义相同。"}),
    ret(),
    label("same"),
    branch(not_lazy, "done",
           {"Was this mm only borrowed (lazy TLB)?", "这个 mm 只是被借用（惰性 TLB）吗？",
            "Between two threads of one process there is nothing to do: CR3 is not loaded.",
            "同一进程的两个线程之间无事可做：不装载 CR3。"}),
    effect(leave_lazy, Cost::word,
           {"Leave lazy mode: the borrowed mm is used by its owner again.", "离开惰性模式：被借用的 mm 又由主人使用。",
            "", ""}),
    branch(tlb_is_current, "done",
           {"Compare TLB generations.", "比较 TLB 代数。",
            "Nobody has changed this address space meanwhile, so CR3 need not be written.",
            "其间无人改动这个地址空间，所以不必写 CR3。"}),
    effect(choose_asid, Cost::effect, {"Choose the address-space id again.", "重新选择地址空间编号。", "", ""}),
    effect(write_cr3, Cost::cr3,
           {"Write CR3 with a flush.", "写 CR3 并清除旧项。",
            "The address space changed while this CPU was lazy.", "该 CPU 处于惰性模式时地址空间变了。"}),
    label("done"),
    ret(),
};

// --- __switch_to_asm: rdi = prev, rsi = next ---

void store_prev_sp(Ctx& cx) {
    const TaskId prev = task_in(cx, Reg::rdi);
    cx.move(at::reg(Reg::rsp), at::task(prev, TaskField::thread_sp), cx.reg(Reg::rsp), cx.peek(prev).thread_sp);
    cx.task(prev).thread_sp = cx.reg(Reg::rsp);
}
void load_next_sp(Ctx& cx) {
    const TaskId next = task_in(cx, Reg::rsi);
    cx.set(Reg::rsp, cx.peek(next).thread_sp, at::task(next, TaskField::thread_sp));
}
void load_canary(Ctx& cx) {
    const TaskId next = task_in(cx, Reg::rsi);
    const std::uint64_t canary = layout::task_address(next) * 0x9e37'79b9'7f4a'7c15ULL & ~std::uint64_t{0xff};
    cx.move(at::task(next, TaskField::thread_sp), at::per_cpu(cx.cpu.id, PerCpuField::canary), canary,
            cx.cpu.canary);
    cx.cpu.canary = canary;
}

constexpr Say kPushSaved = {"Push {reg} on the kernel stack of {prev}.", "把 {reg} 压入 {prev} 的内核栈。",
                            "A called function must keep {reg}; {prev} will one day return from this call and find it.",
                            "被调函数必须保留 {reg}；{prev} 终将从这次调用返回并找到它。"};
constexpr Say kPopSaved = {"Pop {reg} from the kernel stack of {next}.", "从 {next} 的内核栈弹出 {reg}。",
                           "{next} pushed it here when it was switched out.", "{next} 被切走时把它压在这里。"};

constexpr StepDef switch_to_asm_steps[] = {
    push(Reg::rbp, kPushSaved), push(Reg::rbx, kPushSaved), push(Reg::r12, kPushSaved),
    push(Reg::r13, kPushSaved), push(Reg::r14, kPushSaved), push(Reg::r15, kPushSaved),
    effect(store_prev_sp, Cost::word,
           {"Store RSP in {prev}'s thread.sp.", "把 RSP 存入 {prev} 的 thread.sp。",
            "With this one word the kernel can find everything else of {prev} again.",
            "凭这一个字，内核就能找回 {prev} 的其余一切。"}),
    effect(load_next_sp, Cost::word,
           {"Load RSP from {next}'s thread.sp: this is the moment of the switch.",
            "从 {next} 的 thread.sp 装入 RSP：这就是切换的瞬间。",
            "From here the CPU is on {next}'s stack, and every return leads into {next}'s past.",
            "从此 CPU 在 {next} 的栈上，每次返回都通向 {next} 的过去。"}),
    effect(load_canary, Cost::word,
           {"Copy {next}'s stack canary to the per-CPU slot.", "把 {next} 的栈金丝雀值复制到每 CPU 的位置。",
            "Functions check it to notice a stack that was overwritten.", "函数用它发现被覆盖的栈。"}),
    pop(Reg::r15, kPopSaved), pop(Reg::r14, kPopSaved), pop(Reg::r13, kPopSaved),
    pop(Reg::r12, kPopSaved), pop(Reg::rbx, kPopSaved), pop(Reg::rbp, kPopSaved),
    jump(routines::switch_to, {"Jump (not call) to __switch_to.", "跳转（不是调用）到 __switch_to。",
                               "Its return will pop the address that {next} left on its own stack.",
                               "它返回时弹出的是 {next} 留在自己栈上的地址。"}),
};

// --- __switch_to: still rdi = prev, rsi = next, on next's stack ---

void save_fpu(Ctx& cx) {
    const TaskId prev = task_in(cx, Reg::rdi);
    const Task& p = cx.peek(prev);
    if (p.is_kthread() || (p.flags & pf::idle) != 0 || (p.tif & tif::need_fpu_load) != 0) return;
    cx.move(at::special(Place::Kind::fpu), at::task(prev, TaskField::fpu), cx.cpu.regs.fpu, p.fpu);
    Task& t = cx.task(prev);
    t.fpu = cx.cpu.regs.fpu;
    t.fpu_cpu = cx.cpu.id;
    cx.cpu.fpu_owner = prev;
}
void switch_segments(Ctx& cx) {
    const TaskId prev = task_in(cx, Reg::rdi), next = task_in(cx, Reg::rsi);
    Regs& r = cx.cpu.regs;
    Task& p = cx.task(prev);
    cx.move(at::special(Place::Kind::fs_base), at::task(prev, TaskField::fs_base), r.fs_base, p.fs_base);
    p.fs_base = r.fs_base;
    p.gs_base = r.kernel_gs_base;
    const Task& n = cx.peek(next);
    cx.move(at::task(next, TaskField::fs_base), at::special(Place::Kind::fs_base), n.fs_base, r.fs_base);
    r.fs_base = n.fs_base;
    r.kernel_gs_base = n.gs_base;
}
void set_current(Ctx& cx) {
    const TaskId next = task_in(cx, Reg::rsi);
    const std::uint64_t top = layout::stack_top(cx.peek(next).stack);
    cx.move(at::reg(Reg::rsi), at::per_cpu(cx.cpu.id, PerCpuField::current_task), cx.reg(Reg::rsi),
            layout::task_address(cx.cpu.current_task));
    cx.move(at::none, at::per_cpu(cx.cpu.id, PerCpuField::top_of_stack), top, cx.cpu.top_of_stack);
    cx.cpu.current_task = next;
    cx.current_changes();
    cx.cpu.top_of_stack = top;
}
void ask_for_fpu(Ctx& cx) {
    const TaskId next = task_in(cx, Reg::rsi);
    const Task& n = cx.peek(next);
    if (n.is_kthread() || (n.flags & pf::idle) != 0) return;
    cx.move(at::none, at::task(next, TaskField::need_fpu_load), 1, (n.tif & tif::need_fpu_load) != 0);
    cx.task(next).tif |= tif::need_fpu_load;
}
void return_prev(Ctx& cx) { cx.set(Reg::rax, cx.reg(Reg::rdi), at::reg(Reg::rdi)); }

constexpr StepDef switch_to_steps[] = {
    effect(save_fpu, Cost::fpu,
           {"Save the FPU block in {prev}'s task_struct (XSAVE).", "把 FPU 内容存入 {prev} 的 task_struct（XSAVE）。",
            "Kernel code does not use it, so a kernel thread has none to save.",
            "内核代码不用它，所以内核线程无需保存。"}),
    effect(switch_segments, Cost::segments,
           {"Save {prev}'s FS base and load {next}'s.", "保存 {prev} 的 FS 基址，装入 {next} 的。",
            "FS points at a thread's own data (TLS): it differs even between threads of one process.",
            "FS 指向线程私有数据（TLS）：即使同一进程的线程也各不相同。"}),
    effect(set_current, Cost::word,
           {"Set current_task to {next} and top_of_stack to its kernel stack.",
            "把 current_task 设为 {next}，top_of_stack 设为它的内核栈顶。",
            "The next system call or interrupt will use this stack. TSS.sp0 stays as it is.",
            "下一次系统调用或中断将使用这个栈。TSS.sp0 不变。"}),
    effect(ask_for_fpu, Cost::word,
           {"Note that {next}'s FPU block must be loaded before user mode.", "记下：返回用户态前要装入 {next} 的 FPU 内容。",
            "", ""}),
    effect(return_prev, Cost::word,
           {"Return the previous task in RAX.", "在 RAX 中返回前一个任务。",
            "The one who comes must know who left, to finish its switch.", "来者需要知道谁刚离开，以完成它的切换。"}),
    ret(),
};

// --- finish_task_switch: rdi = prev ---

void prev_is_off(Ctx& cx) {
    const TaskId prev = task_in(cx, Reg::rdi);
    // prev_state is read first: once it is off this CPU, prev may run elsewhere and die there before the steps below.
    const bool dead = (cx.peek(prev).state & task_state::dead) != 0;
    cx.set(Reg::rdx, dead ? 1 : 0, at::task(prev, TaskField::state));
    cx.move(at::none, at::task(prev, TaskField::on_cpu), 0, 1);
    Task& t = cx.task(prev);
    t.on_cpu = false;
    const bool may_stay = (t.cpus_allowed >> cx.cpu.id & 1) != 0;
    const bool stopper_comes = !cx.cpu.smp.stop_works.empty();   // then migration/N moves it
    if (!t.migrating && t.on_rq && !may_stay && prev != cx.cpu.idle && !stopper_comes) {   // forbidden since it was put back
        cx.k.sched->dequeue(cx.view(), prev, Dequeue::migrated);
        t.on_rq = false;
        t.migrating = true;
    }
    if (t.migrating) {
        t.migrating = false;
        const CpuId c = cx.select_cpu(prev);
        const Nanos queued = t.last_queued;
        cx.move_to_cpu(prev, c);
        cx.activate(prev, c, Enqueue::migrated);
        cx.task(prev).last_queued = queued;
        cx.check_preempt(c, prev);
    } else if (cx.k.cpus.size() > 1 && t.on_rq && prev != cx.cpu.idle) {
        if (t.sched_class < ClassId::fair)
            cx.push_rt_task();   // the balance callback of its class: it may go where something less urgent runs
        else
            cx.kick_idle_cpu(prev);
    }
    if (cx.k.image().shared_queue && cx.k.cpus.size() > 1) cx.kick_idle_cpus();
    cx.preempt_sub(kPreemptOffset);
    cx.irqs_on();
}
bool no_borrowed_mm(Ctx& cx) { return cx.cpu.prev_mm == kNoMm; }
void mmdrop(Ctx& cx) {
    const MmId mm = cx.cpu.prev_mm;
    cx.cpu.prev_mm = kNoMm;
    cx.mm_drop(mm);
}
bool prev_lives(Ctx& cx) { return cx.reg(Reg::rdx) == 0; }
void put_dead_task(Ctx& cx) {
    const TaskId prev = task_in(cx, Reg::rdi);
    // One reference to a task_struct is dropped here, one when it is released; the later of the two frees it.
    if (!cx.peek(prev).is_live) cx.emit(RecordKind::sched_process_free, prev);
    cx.recheck = true;   // the run may be over
    cx.task(prev).stack_gone = true;
    cx.k.memory.slab_free(SlabKind::thread_stack, 1);
    cx.k.memory.slab_free(SlabKind::task_struct, 1);
    cx.k.task_is_gone(prev);
}

constexpr StepDef finish_task_switch_steps[] = {
    effect(prev_is_off, Cost::locked,
           {"Mark {prev} as off the CPU, unlock the run queue, interrupts on.",
            "标记 {prev} 已离开 CPU，解锁运行队列，打开中断。",
            "Only now may another CPU run {prev}: its registers are all in memory.",
            "直到此刻别的 CPU 才可运行 {prev}：它的寄存器都在内存里了。"}),
    branch(no_borrowed_mm, "dead",
           {"Is there a borrowed address space to give back?", "有借用的地址空间要归还吗？",
            "A kernel thread borrowed it; the user task after it returns it.",
            "内核线程借了它；其后的用户任务归还它。"}),
    effect(mmdrop, Cost::locked,
           {"Drop the reference on the borrowed mm (mm_count - 1).", "放弃对借用 mm 的引用（mm_count 减 1）。",
            "If it was the last one, the mm_struct and its top page table go now.",
            "如果是最后一个引用，mm_struct 和顶级页表现在释放。"}),
    label("dead"),
    branch(prev_lives, "done",
           {"Has {prev} died?", "{prev} 死了吗？", "A task cannot free the stack it stands on; its successor does.",
            "任务不能释放自己正站着的栈；由后继者来做。"}),
    effect(put_dead_task, Cost::locked,
           {"Free {prev}'s kernel stack and drop its task_struct.", "释放 {prev} 的内核栈，放弃其 task_struct。", "", ""}),
    label("done"),
    ret(),
};

}  // namespace

namespace routines {
const Routine switch_mm_irqs_off = make_routine<switch_mm_steps>("switch_mm_irqs_off", Actor::memory, Phase::mm);
const Routine switch_to_asm = make_routine<switch_to_asm_steps>("__switch_to_asm", Actor::switcher, Phase::stack);
const Routine switch_to = make_routine<switch_to_steps>("__switch_to", Actor::switcher, Phase::stack);
const Routine finish_task_switch = make_routine<finish_task_switch_steps>("finish_task_switch", Actor::scheduler, Phase::stack);
}  // namespace routines

}  // namespace sy
