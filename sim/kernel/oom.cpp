// Out of memory: who is killed so that the others can go on. linux.md 8.4.
#include "sim/kernel/oom.h"

#include <algorithm>

#include "sim/kernel/compiled.h"
#include "sim/kernel/pages.h"
#include "sim/kernel/routines.h"

namespace sy {

namespace {

constexpr std::int32_t kNeverKilled = -1'000;   // OOM_SCORE_ADJ_MIN

bool has_mm(const Task& t) { return t.mm != kNoMm && !t.is_kthread(); }
// A process's address space: that of its leader, or of any thread that still has one.
MmId mm_of_group(const Kernel& k, TaskId leader) {
    TaskId t = leader;
    do {
        if (has_mm(k.tasks[t])) return k.tasks[t].mm;
        t = k.tasks[t].next_thread;
    } while (t != leader);
    return kNoMm;
}

}  // namespace

std::int64_t oom_badness(const Kernel& k, TaskId leader) {
    const Task& t = k.tasks[leader];
    if (!t.is_live || t.pid == 1 || t.is_kthread() || t.oom_score_adj == kNeverKilled) return kNotKillable;
    const MmId mm = mm_of_group(k, leader);
    if (mm == kNoMm) return kNotKillable;
    const Mm& m = k.mms[mm];
    const auto total = static_cast<std::int64_t>(k.memory.pages.total());
    return static_cast<std::int64_t>(m.rss() + m.table_pages) + t.oom_score_adj * total / 1'000;
}

TaskId oom_victim(const Kernel& k) {
    TaskId chosen = kNoTask;
    std::int64_t most = kNotKillable;
    for (TaskId id = 0; id < k.tasks.size(); ++id) {
        if (k.tasks[id].group_leader != id || (k.tasks[id].flags & pf::idle) != 0) continue;
        const std::int64_t points = oom_badness(k, id);
        if (points <= most) continue;
        most = points;
        chosen = id;
    }
    return chosen;
}

namespace {

// Somebody was chosen before and is still on its way out: his memory will come.
bool victim_is_dying(Ctx& cx) {
    for (MmId m = 1; m < cx.k.mms.size(); ++m)
        if (cx.k.mms[m].oom_victim && cx.k.mms[m].users > 0) return true;
    return false;
}
bool is_dying_itself(Ctx& cx) { return (cx.cur().pending_signals >> 8 & 1) != 0 || cx.k.mms[cx.cur().mm].oom_victim; }

void select_victim(Ctx& cx) {
    const TaskId victim = oom_victim(cx.k);
    cx.set(Reg::rbx, victim == kNoTask ? 0 : layout::task_address(victim));
}
bool nobody(Ctx& cx) { return cx.reg(Reg::rbx) == 0; }
// SIGKILL to the victim and to every other process that shares its memory.
void kill_victim(Ctx& cx) {
    const TaskId victim = layout::task_of(cx.reg(Reg::rbx));
    const MmId mm = mm_of_group(cx.k, victim);
    if (mm == kNoMm) return;
    cx.emit(RecordKind::mark_victim, victim, static_cast<std::uint32_t>(total_vm(cx.k, mm)), cx.k.mms[mm].rss());
    cx.mm(mm).oom_victim = true;
    ++cx.k.memory.oom_kill;
    cx.send_signal(victim, 9, true);
    for (TaskId id = 0; id < cx.k.tasks.size(); ++id) {
        const Task& t = cx.peek(id);
        if (t.mm == mm && t.group_leader == id && id != victim && t.is_live) cx.send_signal(id, 9, true);
    }
}
void give_up(Ctx& cx) { cx.send_signal(cx.current(), 9, true); }
void one_tick(Ctx& cx) {
    cx.set(Reg::rdi, 1);
    cx.set_state(cx.current(), task_state::uninterruptible);
}

constexpr StepDef pagefault_out_of_memory_steps[] = {
    push(Reg::rbx),
    branch(is_dying_itself, "out", {"Is {cur} to die anyway?", "{cur} 反正要死了吗？", "", ""}),
    branch(victim_is_dying, "wait",
           {"Has a victim been chosen that is not gone yet?", "已选出的牺牲者还没退出吗？", "Then its memory will do.", "那等它的内存即可。"}),
    call(routines::out_of_memory),
    branch(is_dying_itself, "out", {"Was it {cur} itself?", "就是 {cur} 自己吗？", "", ""}),
    label("wait"),
    effect(one_tick, Cost::effect, {"Wait a tick, then try the access again.", "等一个时钟节拍，再重试访问。", "", ""}),
    call(routines::schedule_timeout),
    label("out"),
    pop(Reg::rbx), ret(),
};
constexpr StepDef out_of_memory_steps[] = {
    push(Reg::rbx),
    effect(select_victim, Cost::accounting,
           {"Choose the worst process (select_bad_process).", "选出最“坏”的进程（select_bad_process）。",
            "Points: pages in memory + page tables + oom_score_adj thousandths of all memory. init and kernel threads are "
            "never chosen.",
            "得分：内存中的页 + 页表页 + 总内存的 oom_score_adj 千分之几。init 和内核线程永不入选。"}),
    branch(nobody, "nobody", {"Is there nobody to kill?", "没有可杀的吗？", "", ""}),
    effect(kill_victim, Cost::locked,
           {"Send SIGKILL to it and to all who share its memory (oom_kill_process).", "向它和共享其内存的所有进程发送 SIGKILL（oom_kill_process）。",
            "It may use the reserve until it has exited, so that it can exit.", "在退出之前它可以动用保留内存，好让它能退出。"}),
    pop(Reg::rbx), ret(),
    label("nobody"),
    effect(give_up, Cost::locked,
           {"Linux would panic here; {cur} is killed.", "Linux 会在此 panic；这里杀死 {cur}。", "", ""}),
    pop(Reg::rbx), ret(),
};

}  // namespace

namespace routines {
const Routine pagefault_out_of_memory =
    make_routine<pagefault_out_of_memory_steps>("pagefault_out_of_memory", Actor::memory, Phase::work);
const Routine out_of_memory = make_routine<out_of_memory_steps>("out_of_memory", Actor::memory, Phase::work);
}  // namespace routines

}  // namespace sy
