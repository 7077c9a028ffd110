// The makers of questions, one for each kind. Each looks for a subject by dice, asks the machine
// for the truth, and adds the answers that known mistakes lead to.
#include <algorithm>

#include "sim/kernel/inspect.h"
#include "sim/session/batch.h"
#include "sim/session/load.h"
#include "sim/session/quiz_maker.h"

namespace sy {
namespace {

constexpr std::size_t kMostChoices = 4;

void right(QuizQuestion& q, Text answer) { q.choices.push_back({std::move(answer), true, {}}); }
// Not twice the same answer, and not too many.
void wrong(QuizQuestion& q, Text answer, Text diagnosis) {
    if (q.choices.size() >= kMostChoices) return;
    for (const QuizChoice& c : q.choices)
        if (c.text == answer) return;
    q.choices.push_back({std::move(answer), false, std::move(diagnosis)});
}
Text plain(const std::string& s) { return {s, s}; }
Text of(const Sentence& s) { return {s.en, s.zh}; }

Text place_and_time(const Episode& e) {
    const std::string at = show_time(e.begin), cpu = std::to_string(e.cpu);
    return text("At {0}, CPU {1}", "在 {0}，CPU {1}", {at, cpu});
}

bool is_asleep(const Task& t) { return t.is_live && !t.on_rq && !t.on_cpu && t.exit_state == 0; }

std::string joined(const std::vector<std::string>& names) {
    std::string out;
    for (const std::string& n : names) out += (out.empty() ? "" : ", ") + n;
    return out;
}

}  // namespace

// --- given what was done: who runs next? ---

Text QuizMaker::why_not(const Episode& e, TaskId x, const Kernel& after) const {
    const std::string who = name(x);
    const Task& t = after.tasks[x];
    if (x == e.prev)
        return text("kept the CPU beyond its quantum or its turn: {0} has to give it up here",
                    "超出了时间片或它的一轮仍占着 CPU：{0} 此时必须让出", {who});
    if (t.on_cpu && t.cpu != e.cpu)
        return text("one task on two CPUs: {0} runs on CPU {1} at that moment",
                    "一个任务同时在两个 CPU 上：{0} 此刻在 CPU {1} 运行",
                    {who, std::to_string(t.cpu)});
    if (is_asleep(t))
        return text("{0} sleeps: it is in no run queue", "{0} 在睡眠：不在任何运行队列中", {who});
    // The rule of another policy that would have chosen it.
    const Task& w = after.tasks[e.next];
    bool came_first = true, is_shortest = true, is_most_important = true;
    for (const QueueRow& row : e.pick.candidates) {
        const Task& o = after.tasks[row.task];
        if (row.task == x) continue;
        came_first = came_first && t.last_queued >= 0 &&
                     (row.task == e.next || t.last_queued <= o.last_queued);
        is_shortest = is_shortest && end().tasks[x].se.sum_exec_runtime <
                                         end().tasks[row.task].se.sum_exec_runtime;
        is_most_important = is_most_important && t.nice < o.nice;
    }
    const std::string policy = after.image().scenario.machine.scheduler;
    if (is_most_important && t.nice < w.nice)
        return text("the rule of another policy: strict priorities would choose {0}; {1} does not",
                    "用了别的策略的规则：严格优先级会选 {0}，而 {1} 不会", {who, policy});
    if (is_shortest && policy != "sjf" && policy != "srtf")
        return text("the rule of another policy: shortest job first would choose {0}; {1} does not",
                    "用了别的策略的规则：最短作业优先会选 {0}，而 {1} 不会", {who, policy});
    if (came_first && policy != "fcfs" && policy != "rr")
        return text(
            "the rule of another policy: first come, first served would choose {0}; {1} does not",
            "用了别的策略的规则：先来先服务会选 {0}，而 {1} 不会", {who, policy});
    return text("{0} waits, too, but by the rule of {1} it is not its turn",
                "{0} 也在等待，但按 {1} 的规则还没轮到它", {who, policy});
}

bool QuizMaker::next(QuizQuestion& q) {
    for (int tries = 0; tries < 60; ++tries) {
        const Episode* e = some_switch(QuizKind::next, false);
        if (e == nullptr) return false;
        if (e->pick.winner == kNoTask || e->next != e->pick.winner) continue;
        std::vector<std::string> waiting;
        for (const QueueRow& row : e->pick.candidates) waiting.push_back(name(row.task));
        s_.seek_step(e->last_step + 1);
        const Kernel& after = s_.now();
        q.choices.clear();
        right(q, plain(name(e->next)));
        for (const QueueRow& row : e->pick.candidates)
            if (row.task != e->next && q.choices.size() < 3)
                wrong(q, plain(name(row.task)), why_not(*e, row.task, after));
        if (is_of_scenario(e->prev))
            wrong(q, plain(name(e->prev)),
                  e->prev_stays_runnable || after.tasks[e->prev].on_rq
                      ? why_not(*e, e->prev, after)
                      : text("{0} has just gone to sleep or exited", "{0} 刚刚睡眠或退出",
                             {name(e->prev)}));
        for (TaskId id = 0; id < after.tasks.size(); ++id)
            if (is_of_scenario(id) && id != e->prev && id != e->next && after.tasks[id].on_cpu &&
                after.tasks[id].cpu != e->cpu)
                wrong(q, plain(name(id)), why_not(*e, id, after));
        for (TaskId id = 0; id < end().tasks.size(); ++id)
            if (is_of_scenario(id) && end().tasks[id].arrival > e->end)
                wrong(q, plain(name(id)),
                      text("ran before it arrived: {0} comes at {1}",
                           "还没到达就运行：{0} 在 {1} 才到",
                           {name(id), show_time(end().tasks[id].arrival)}));
        for (TaskId id = 0; id < after.tasks.size(); ++id)
            if (is_of_scenario(id) && id != e->prev && is_asleep(after.tasks[id]))
                wrong(q, plain(name(id)), why_not(*e, id, after));
        if (e->pick.candidates.size() > 1) {
            const std::string a = name(e->pick.candidates[0].task), b = name(e->pick.candidates[1].task);
            wrong(q, text("{0} and {1} at once", "{0} 和 {1} 同时", {a, b}),
                  text("two tasks on one CPU: at any moment it runs one", "一个 CPU 上有两个任务：任何时刻它只运行一个"));
        }
        if (q.choices.size() < 2) continue;
        const std::string policy = end().image().scheduler, leaves = name(e->prev),
                          names = joined(waiting);
        q.at = e->begin;
        q.before = e->first_step;
        q.step = e->last_step + 1;
        const Text where = place_and_time(*e);
        // Who is alone would be given away.
        const bool is_alone = waiting.size() < 2;
        q.given = {.en = where.en + ": " + of(e->reason).en + "." +
                         (is_alone ? "" : " Runnable there: " + names + ".") +
                         " Scheduler: " + policy + ".",
                   .zh = where.zh + "：" + of(e->reason).zh + "。" +
                         (is_alone ? "" : "那里可运行的有：" + names + "。") + "调度器：" + policy +
                         "。"};
        q.ask = text("{0} leaves the CPU or may lose it. Who runs next?",
                     "{0} 离开 CPU 或可能失去它。接下来谁运行？", {leaves});
        q.explanation = {.en = name(e->next) + ": " + e->pick.rule +
                               (e->pick.tie.empty() ? "" : " (" + e->pick.tie + ")"),
                         .zh = name(e->next) + "：" + e->pick.rule_zh +
                               (e->pick.tie_zh.empty() ? "" : "（" + e->pick.tie_zh + "）")};
        return true;
    }
    return false;
}

// --- is CR3 loaded? ---

bool QuizMaker::cr3(QuizQuestion& q) {
    for (int tries = 0; tries < 60; ++tries) {
        const Episode* e = some_switch(QuizKind::cr3, false);
        if (e == nullptr) return false;
        const auto row = std::find_if(e->table.begin(), e->table.end(),
                                      [](const FateRow& f) { return f.part == "CR3"; });
        if (row == e->table.end()) continue;
        const bool is_loaded = row->fate == Fate::replaced;
        const Task &p = end().tasks[e->prev], &n = end().tasks[e->next];
        const bool same_group =
            p.tgid == n.tgid && is_of_scenario(e->prev) && is_of_scenario(e->next);
        const std::string prev = name(e->prev), next = name(e->next);
        const Text where = place_and_time(*e);
        q.at = e->begin;
        q.before = e->first_step;
        q.step = e->last_step + 1;
        q.given = {.en = where.en + " switches from " + prev + " to " + next + ".",
                   .zh = where.zh + " 从 " + prev + " 切换到 " + next + "。"};
        q.ask = text("Is CR3 loaded with another page table?", "CR3 会装入另一个页表吗？");
        const Text yes =
            text("yes: {0} has an address space of its own", "会：{0} 有自己的地址空间", {next});
        const Text same = text("no: both are threads of one process and share its mm",
                               "不会：两者是同一进程的线程，共享 mm");
        const Text lazy = text("no: {0} has no mm and borrows the one that is loaded",
                               "不会：{0} 没有 mm，借用已装载的那个", {next});
        const Text back = text("no: the page table of {0} is still loaded, nobody replaced it",
                               "不会：{0} 的页表仍在，没人换掉它", {next});
        const bool to_kernel = n.is_kthread();
        const Text& truth = is_loaded ? yes : same_group ? same : to_kernel ? lazy : back;
        right(q, truth);
        const Text shared =
            text("forgot that the mm is shared: {0} and {1} are threads of one process",
                 "忘了 mm 是共享的：{0} 和 {1} 是同一进程的线程", {prev, next});
        const Text no_mm =
            text("a kernel thread has no address space: mm is NULL, active_mm is borrowed",
                 "内核线程没有地址空间：mm 为 NULL，active_mm 是借来的");
        const Text not_shared = text("{0} and {1} are two processes: they share no mm",
                                     "{0} 和 {1} 是两个进程：不共享 mm", {prev, next});
        const Text no_thread = text("{0} is no kernel thread: it has an mm of its own",
                                    "{0} 不是内核线程：它有自己的 mm", {next});
        wrong(q, yes,
              same_group  ? shared
              : to_kernel ? no_mm
                          : text("its page table is loaded already: a kernel thread or the idle "
                                 "task had only borrowed it",
                                 "它的页表已经装载：内核线程或空闲任务只是借用"));
        wrong(q, same, to_kernel ? no_mm : not_shared);
        wrong(q, lazy, to_kernel ? Text{} : no_thread);
        wrong(q, back,
              is_loaded   ? text("another process used its own page table meanwhile",
                                 "其间另一个进程用了它自己的页表")
              : to_kernel ? no_mm
                          : shared);
        q.explanation = {
            .en = "CR3: " + row->before + (is_loaded ? " -> " + row->after : " is kept") + ". " +
                  row->where.en,
            .zh = "CR3：" + row->before + (is_loaded ? " -> " + row->after : " 保持不变") + "。" +
                  row->where.zh};
        return true;
    }
    return false;
}

// --- what has the hardware pushed? ---

bool QuizMaker::pushed(QuizQuestion& q) {
    // Any entry into the kernel from user mode: a system call or an interrupt.
    const Log& log = s_.log();
    for (int tries = 0; tries < 200 && log.size() > 0; ++tries) {
        const std::size_t i = roll(log.size());
        const Record& r = log[i];
        const bool is_call = r.kind == RecordKind::sys_enter,
                   is_timer = r.kind == RecordKind::local_timer_entry;
        if ((!is_call && !is_timer) || !is_of_scenario(r.task) || end().tasks[r.task].is_kthread())
            continue;
        if (!is_new(QuizKind::pushed, (is_call ? 1u : 0u))) continue;
        s_.seek_record(i);
        const Episode& e = s_.episode_at(s_.position());
        if (e.steps.empty()) continue;
        const StepReport& first = e.steps.front().report;
        std::size_t words = 0;
        for (const Move& m : first.moves)
            if (m.to.kind == Place::Kind::word) ++words;
        const bool is_interrupt = first.kind == StepReport::Kind::interrupt;
        if (is_interrupt != is_timer || (is_interrupt ? words != 5 : words != 0)) continue;
        const std::string who = name(r.task), at = show_time(e.begin);
        q.at = e.begin;
        q.before = e.first_step;
        q.step = e.first_step + 1;
        q.given = is_interrupt ? text("At {0} the timer interrupts {1} in user mode.",
                                      "在 {0}，定时器中断了处于用户态的 {1}。", {at, who})
                               : text("At {0} {1} executes SYSCALL in user mode.",
                                      "在 {0}，{1} 在用户态执行 SYSCALL。", {at, who});
        q.ask = text(
            "Which registers has the hardware pushed on a stack when the kernel's first "
            "instruction begins?",
            "内核第一条指令开始时，硬件已把哪些寄存器压入栈中？");
        const Text five = plain("SS, RSP, RFLAGS, CS, RIP");
        const Text none =
            text("none: RIP is in RCX, RFLAGS in R11", "没有：RIP 在 RCX 中，RFLAGS 在 R11 中");
        right(q, is_interrupt ? five : none);
        wrong(q, five,
              text("that is an interrupt; SYSCALL touches no memory",
                   "那是中断的做法；SYSCALL 不访问内存"));
        wrong(q, none,
              text("that is SYSCALL; an interrupt must not destroy any register",
                   "那是 SYSCALL 的做法；中断不能破坏任何寄存器"));
        wrong(q, text("all general registers", "所有通用寄存器"),
              text("the entry code pushes those afterwards, instruction by instruction",
                   "那些由入口代码随后逐条指令压入"));
        wrong(q, plain("RBP, RBX, R12-R15"),
              text("that is what __switch_to_asm saves at a switch, much later",
                   "那是 __switch_to_asm 在切换时保存的，晚得多"));
        q.explanation = {.en = of(e.steps.front().what).en + " " + of(e.steps.front().why).en,
                         .zh = of(e.steps.front().what).zh + of(e.steps.front().why).zh};
        return true;
    }
    return false;
}

// --- where do the user registers lie? ---

bool QuizMaker::registers(QuizQuestion& q) {
    for (int tries = 0; tries < 60; ++tries) {
        const Episode* e = some_switch(QuizKind::registers, false);
        if (e == nullptr) return false;
        if (!is_of_scenario(e->prev)) continue;
        s_.seek_step(e->last_step + 1);
        const Task& t = s_.now().tasks[e->prev];
        if (!t.is_live || t.exit_state != 0 || t.on_cpu) continue;
        const std::string prev = name(e->prev), next = name(e->next);
        const bool is_kernel = t.is_kthread();
        q.at = e->begin;
        q.before = e->first_step;
        q.step = e->last_step + 1;
        const Text where = place_and_time(*e);
        q.given = {.en = where.en + " has just switched from " + prev + " to " + next + ".",
                   .zh = where.zh + " 刚刚从 " + prev + " 切换到 " + next + "。"};
        q.ask = text("Where are the user-mode registers of {0} (its RIP, RSP, RAX …) now?",
                     "{0} 的用户态寄存器（RIP、RSP、RAX……）现在在哪里？", {prev});
        const Text stack = text("in pt_regs, at the top of its own kernel stack",
                                "在它自己内核栈顶部的 pt_regs 中");
        const Text nowhere = text("nowhere: it has none", "哪里都没有：它没有用户态寄存器");
        right(q, is_kernel ? nowhere : stack);
        wrong(q, stack, text("a kernel thread never was in user mode", "内核线程从未处于用户态"));
        wrong(q, text("in task_struct.thread", "在 task_struct.thread 中"),
              text("only the kernel RSP and the segment bases are kept there",
                   "那里只保存内核 RSP 和段基址"));
        wrong(q, text("still in the CPU", "仍在 CPU 中"),
              text("they were saved when {0} entered the kernel; {1} uses the registers now",
                   "{0} 进入内核时就已保存；现在是 {1} 在用寄存器", {prev, next}));
        wrong(q, text("on its user stack", "在它的用户栈上"),
              text("the kernel does not trust user memory for this; a signal handler's frame is "
                   "the exception",
                   "内核不把它们放在不可信的用户内存里；信号处理的栈帧是例外"));
        q.explanation =
            is_kernel ? text("{0} is a kernel thread: it runs in kernel mode only.",
                             "{0} 是内核线程：只在内核态运行。", {prev})
                      : text(
                            "They were pushed at the entry into the kernel; what __switch_to_asm "
                            "pushed lies below them on the same stack.",
                            "进入内核时就已压入；__switch_to_asm 压入的在同一个栈上、位于其下。");
        return true;
    }
    return false;
}

// --- what does ps print? ---

bool QuizMaker::ps(QuizQuestion& q) {
    const auto tasks = tasks_that([](const Task& t) { return t.arrival >= 0; });
    if (tasks.empty() || end().now() <= 0) return false;
    for (int tries = 0; tries < 40; ++tries) {
        const TaskId id = tasks[roll(tasks.size())];
        // A round moment is easier to find by hand.
        const Nanos grid = end().now() >= 20 * kMilli   ? kMilli
                           : end().now() >= 20 * kMicro ? kMicro
                                                        : 1;
        const Nanos at = static_cast<Nanos>(rng_.uniform(0, end().now() / grid)) * grid;
        if (!is_new(QuizKind::ps, static_cast<std::uint64_t>(at) * 131 + id)) continue;
        s_.seek_time(at);
        const Kernel& k = s_.now();
        const std::string who = name(id), pid = std::to_string(end().tasks[id].pid),
                          when = show_time(at);
        const bool is_there =
            id < k.tasks.size() && k.tasks[id].is_live && k.tasks[id].arrival >= 0;
        const char letter =
            is_there ? state_letter(k.tasks[id].state, k.tasks[id].exit_state) : '-';
        const Text absent = text("no line: it is not there", "没有这一行：它不存在");
        const auto state = [&](char c) {
            switch (c) {
                case 'R':
                    return text("R (running or runnable)", "R（运行或可运行）");
                case 'S':
                    return text("S (interruptible sleep)", "S（可中断睡眠）");
                case 'D':
                    return text("D (uninterruptible sleep)", "D（不可中断睡眠）");
                case 'Z':
                    return text("Z (zombie)", "Z（僵尸）");
                case 'T':
                    return text("T (stopped)", "T（停止）");
                default:
                    return absent;
            }
        };
        q.at = at;
        q.step = s_.position();
        // One looks a little before, so that there is something to predict.
        s_.seek_time(std::max<Nanos>(0, at - 2 * grid));
        q.before = at > 2 * grid ? s_.position() : 0;
        s_.seek_step(q.step);
        q.given = text("The scenario has run for {0}.", "这个场景运行了 {0}。", {when});
        q.ask = text("What does ps print in the column STAT for {0} (pid {1})?",
                     "ps 在 STAT 列为 {0}（pid {1}）显示什么？", {who, pid});
        right(q, state(letter));
        const bool waits = is_there && letter == 'R' && !k.tasks[id].on_cpu;
        wrong(q, state('S'),
              waits ? text("it waits for a CPU, and that is R; S waits for something to happen",
                           "它在等 CPU，那是 R；S 是等某事发生")
                    : text("it does not sleep at that moment", "它此刻没有睡眠"));
        wrong(q, state('R'),
              is_there
                  ? text("it is asleep and in no run queue", "它在睡眠，不在运行队列中")
                  : text("ran before it arrived, or after it was gone", "尚未到达，或已经离开"));
        wrong(q, absent,
              text("it arrived at {0} and has not been reaped", "它在 {0} 到达，且还未被回收",
                   {show_time(end().tasks[id].arrival)}));
        wrong(q, state('D'),
              text("D is waiting for a disk that no signal interrupts",
                   "D 是等待磁盘，信号也无法打断"));
        const std::string w = is_there && is_asleep(k.tasks[id]) ? wchan_of(k, id) : std::string();
        q.explanation =
            !is_there
                ? text(
                      "{0} is in the system from {1} to {2}.", "{0} 从 {1} 到 {2} 在系统中。",
                      {who, show_time(end().tasks[id].arrival),
                       end().tasks[id].exit_time >= 0 ? show_time(end().tasks[id].exit_time) : "…"})
            : waits         ? text("{0} waits for a CPU: runnable, hence R.",
                                   "{0} 在等 CPU：可运行，因此是 R。", {who})
            : letter == 'R' ? text("{0} has a CPU.", "{0} 正占有 CPU。", {who})
            : w.empty()
                ? text("{0} is in that state at {1}.", "{0} 在 {1} 处于该状态。", {who, when})
                : text("{0} sleeps in {1}.", "{0} 睡在 {1} 中。", {who, w});
        return true;
    }
    return false;
}

// --- given two states: what happened between? ---

bool QuizMaker::between(QuizQuestion& q) {
    for (int tries = 0; tries < 80; ++tries) {
        const Episode* e = some_switch(QuizKind::between, false);
        if (e == nullptr) return false;
        if (!is_of_scenario(e->prev) || !is_of_scenario(e->next)) continue;
        const std::size_t at = s_.switch_record(e->switch_number);
        const Record& r = s_.log()[at];
        const char letter = static_cast<char>(r.b & 0xff);
        // What stands in this CPU's log from the episode's begin to the switch.
        bool woke = false, rang = false, yielded = false;
        for (std::size_t i = at; i-- > 0 && s_.log()[i].at >= e->begin;) {
            const Record& x = s_.log()[i];
            const bool is_wakeup =
                x.kind == RecordKind::sched_wakeup || x.kind == RecordKind::sched_wakeup_new;
            if (is_wakeup && x.a == e->next) woke = true;
            if (x.cpu != e->cpu) continue;
            if (x.kind == RecordKind::local_timer_entry) rang = true;
            if (x.kind == RecordKind::sys_enter && x.a == 24)
                yielded = true;  // sched_yield, linux.md 4.8
        }
        const std::string a = name(e->prev), b = name(e->next);
        const Text slept =
            text("{0} went to sleep: it waits for something", "{0} 睡眠了：它在等待某事", {a});
        const Text exited = text("{0} exited", "{0} 退出了", {a});
        const Text wakes =
            text("{0} woke up and took the CPU from {1}", "{0} 醒来并从 {1} 夺走了 CPU", {b, a});
        const Text over = text("the turn of {0} was over", "{0} 的一轮用完了", {a});
        const Text yields =
            text("{0} gave the CPU away by sched_yield", "{0} 用 sched_yield 让出了 CPU", {a});
        const Text* truth = letter == 'X' || letter == 'Z' ? &exited
                            : letter != 'R'                ? &slept
                            : yielded                      ? &yields
                            : woke                         ? &wakes
                            : rang                         ? &over
                                                           : nullptr;
        if (truth == nullptr) continue;
        s_.seek_step(e->first_step);
        const Nanos before = s_.time();
        s_.seek_step(e->last_step + 1);
        const Kernel& after = s_.now();
        const bool lives = after.tasks[e->prev].is_live && after.tasks[e->prev].exit_state == 0;
        const std::string shown =
            !lives ? std::string("-") : std::string(1, state_letter(after.tasks[e->prev].state, 0));
        const std::string cpu = std::to_string(e->cpu);
        q.at = e->begin;
        q.before = e->first_step;
        q.step = e->last_step + 1;
        q.given = text(
            "Before, at {0}: {1} runs on CPU {2}. After, at {3}: {4} runs there; ps shows {1} as "
            "{5}.",
            "之前，{0}：{1} 在 CPU {2} 上运行。之后，{3}：那里运行的是 {4}；ps 显示 {1} 为 {5}。",
            {show_time(before), a, cpu, show_time(s_.time()), b, shown});
        q.ask = text("What happened between the two moments?", "两个时刻之间发生了什么？");
        right(q, *truth);
        const bool runnable = letter == 'R';
        wrong(q, over,
              runnable
                  ? text("no timer ended its turn here", "这里没有定时器结束它的一轮")
                  : text("then {0} would still be runnable (R)", "那样 {0} 仍应可运行（R）", {a}));
        wrong(q, wakes,
              runnable
                  ? text("{0} had been runnable before: nobody woke it",
                         "{0} 之前就可运行：没有人唤醒它", {b})
                  : text("then {0} would still be runnable (R)", "那样 {0} 仍应可运行（R）", {a}));
        wrong(q, slept,
              runnable
                  ? text("a task that sleeps is not in state R", "睡眠的任务状态不是 R")
                  : text("{0} is gone: who sleeps comes back", "{0} 已不在：睡眠者还会回来", {a}));
        wrong(q, exited, text("{0} is still there", "{0} 还在", {a}));
        wrong(q, yields, text("there was no such system call", "没有这样的系统调用"));
        q.explanation = of(e->reason);
        return true;
    }
    return false;
}

// --- given the input: numbers ---

bool QuizMaker::wait(QuizQuestion& q) {
    const auto tasks = tasks_that([](const Task& t) { return t.arrival >= 0 && t.exit_time >= 0; });
    for (int tries = 0; tries < 20 && !tasks.empty(); ++tries) {
        const TaskId id = tasks[roll(tasks.size())];
        if (!is_new(QuizKind::wait, id)) continue;
        const Task& t = end().tasks[id];
        const Nanos turnaround = t.exit_time - t.arrival, cpu = end().cpu_time(id),
                    waited = end().wait_time(id);
        const std::string who = name(id);
        q.at = t.exit_time;
        s_.seek_time(t.exit_time);
        q.step = s_.position();
        q.given = text("The scenario runs until {0} has exited.",
                       "这个场景一直运行到 {0} 退出。", {who});
        q.ask = text("How long has {0} waited for a CPU in all?", "{0} 一共等了 CPU 多久？", {who});
        right(q, plain(show_time(waited)));
        wrong(q, plain(show_time(turnaround)),
              text("that is the turnaround: it counts the time it ran, too",
                   "那是周转时间：把运行的时间也算上了"));
        wrong(
            q, plain(show_time(t.first_run - t.arrival)),
            text("that is the response time: only the first wait", "那是响应时间：只是第一次等待"));
        wrong(q, plain(show_time(turnaround - cpu)),
              text("that counts the time asleep as waiting", "那把睡眠的时间也算成等待"));
        wrong(q, plain(show_time(cpu)), text("that is the time it ran", "那是它运行的时间"));
        if (q.choices.size() < 3) {  // it never waited and never slept
            q.choices.clear();
            continue;
        }
        q.explanation = text("turnaround {0} = running {1} + waiting {2} + asleep {3}",
                             "周转 {0} = 运行 {1} + 等待 {2} + 睡眠 {3}",
                             {show_time(turnaround), show_time(cpu), show_time(waited),
                              show_time(std::max<Nanos>(0, turnaround - cpu - waited))});
        return true;
    }
    return false;
}

bool QuizMaker::switches(QuizQuestion& q) {
    const auto tasks = tasks_that([](const Task& t) { return t.exit_time >= 0; });
    for (int tries = 0; tries < 20 && !tasks.empty(); ++tries) {
        const TaskId id = tasks[roll(tasks.size())];
        if (!is_new(QuizKind::switches, id)) continue;
        std::uint64_t all = 0, with_idle = 0, own = 0, voluntary = 0;
        bool found = false;
        for (std::uint64_t n = 1; n <= s_.switch_count() && !found; ++n) {
            const Record& r = s_.log()[s_.switch_record(n)];
            ++all;
            if (r.a < end().cpus.size() || r.task < end().cpus.size()) ++with_idle;
            if (r.task == id) ++own;
            if ((r.b & 0xff) != 'R') ++voluntary;
            found = r.task == id && r.at >= end().tasks[id].exit_time;
            if (found) {
                q.at = r.at;
                s_.seek_switch(n);
                q.step = s_.position();
            }
        }
        if (!found) continue;
        const std::string who = name(id);
        q.given = text("The scenario runs until {0} has exited.",
                       "这个场景一直运行到 {0} 退出。", {who});
        q.ask = text(
            "How many context switches has the machine made by then, the one that leaves {0} for "
            "ever included?",
            "到那时机器一共做了多少次上下文切换（包括永远离开 {0} 的那次）？", {who});
        const auto n = [](std::uint64_t v) { return plain(std::to_string(v)); };
        right(q, n(all));
        wrong(
            q, n(own),
            text("that counts only the switches away from {0}", "那只数了离开 {0} 的切换", {who}));
        wrong(q, n(all - with_idle),
              text("forgot the idle task: switching to it and away from it counts",
                   "忘了空闲任务：切到它和离开它都算"));
        wrong(q, n(voluntary), text("that counts only the voluntary ones", "那只数了自愿的切换"));
        wrong(q, n(all - 1),
              text("forgot the last one, away from {0}", "忘了最后离开 {0} 的那次", {who}));
        wrong(q, n(all + 1),
              text("one too many: the first task is reached by the first switch", "多数了一次"));
        q.explanation =
            text("{0} switches: {1} of them voluntary, {2} to or from the idle task",
                 "{0} 次切换：其中 {1} 次自愿，{2} 次与空闲任务有关",
                 {std::to_string(all), std::to_string(voluntary), std::to_string(with_idle)});
        return true;
    }
    return false;
}

bool QuizMaker::finish(QuizQuestion& q) {
    std::vector<TaskId> tasks =
        tasks_that([](const Task& t) { return t.exit_time >= 0 && t.arrival >= 0; });
    if (tasks.size() < 2) return false;
    for (int tries = 0; tries < 20; ++tries) {
        std::vector<TaskId> some = tasks;
        for (std::size_t i = some.size(); i > 1; --i) std::swap(some[i - 1], some[roll(i)]);
        some.resize(std::min<std::size_t>(some.size(), 3));
        std::sort(some.begin(), some.end());
        std::uint64_t subject = 0;
        for (TaskId id : some) subject = subject * 1'000'003 + id;
        if (!is_new(QuizKind::finish, subject)) continue;
        const auto order = [&](auto before) {
            std::vector<TaskId> sorted = some;
            std::stable_sort(sorted.begin(), sorted.end(), before);
            std::vector<std::string> names;
            for (TaskId id : sorted) names.push_back(name(id));
            return plain(joined(names));
        };
        const auto& t = end().tasks;
        q.at = 0;
        for (TaskId id : some) q.at = std::max(q.at, t[id].exit_time);
        s_.seek_time(q.at);
        q.step = s_.position();
        q.given = text("The scenario runs to its end.", "这个场景运行到结束。");
        q.ask = text("In which order do these exit?", "它们按什么顺序退出？");
        right(q, order([&](TaskId a, TaskId b) { return t[a].exit_time < t[b].exit_time; }));
        wrong(q, order([&](TaskId a, TaskId b) { return t[a].arrival < t[b].arrival; }),
              text("the rule of another policy: in order of arrival, as first come, first served "
                   "has it",
                   "用了别的策略的规则：按到达顺序，那是先来先服务"));
        wrong(
            q, order([&](TaskId a, TaskId b) { return end().cpu_time(a) < end().cpu_time(b); }),
            text("the rule of another policy: the shortest first", "用了别的策略的规则：最短者先"));
        wrong(q, order([&](TaskId a, TaskId b) { return t[a].nice < t[b].nice; }),
              text("nice values share the CPU, they do not order it",
                   "nice 值分配 CPU 的份额，并不决定顺序"));
        wrong(q, order([&](TaskId a, TaskId b) { return t[a].exit_time > t[b].exit_time; }),
              text("that is the order backwards", "那是反过来的顺序"));
        std::vector<std::string> when;
        std::sort(some.begin(), some.end(),
                  [&](TaskId a, TaskId b) { return t[a].exit_time < t[b].exit_time; });
        for (TaskId id : some) when.push_back(name(id) + " " + show_time(t[id].exit_time));
        q.explanation = plain(joined(when));
        return true;
    }
    return false;
}

}  // namespace sy
