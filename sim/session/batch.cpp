#include "sim/session/batch.h"

#include <algorithm>

#include "sim/kernel/broken.h"
#include "sim/kernel/inspect.h"
#include "sim/session/deadlock.h"
#include "sim/session/load.h"

namespace sy {
namespace {

constexpr std::uint64_t kSlice = 1'000'000;  // steps between two looks at the limits
constexpr std::size_t kMostNamed = 8;        // tasks in a message

// `a (pid 501) in futex_wait_queue, b (pid 502) in pipe_read`
std::string sleepers(const Kernel& k) {
    std::string out;
    std::size_t more = 0, named = 0;
    for (TaskId id = 0; id < k.tasks.size(); ++id) {
        const Task& t = k.tasks[id];
        const Task& leader = k.tasks[t.group_leader];
        if (!t.is_live || !(t.counts_as_living || leader.counts_as_living) || t.exit_state != 0)
            continue;
        if (named == kMostNamed) {
            ++more;
            continue;
        }
        ++named;
        const std::string where = wchan_of(k, id);
        out += (out.empty() ? "" : ", ") + std::string(t.name()) + " (pid " +
               std::to_string(t.pid) + ")";
        if (!where.empty()) out += " in " + where;
    }
    if (more > 0) out += ", … +" + grouped(static_cast<std::int64_t>(more));
    return out;
}

}  // namespace

End run_batch(Kernel& kernel, Log& log, const std::function<bool()>& progress,
              const BatchLimits& limits) {
    const std::uint64_t most_records = limits.log_bytes / sizeof(Record);
    while (kernel.end() == End::running) {
        if (kernel.steps() >= limits.steps) return End::step_limit;
        if (kernel.records() >= most_records) return End::log_limit;
        kernel.run(
            {.steps = std::min(limits.steps, kernel.steps() + kSlice), .records = most_records},
            &log);
        if (progress && !progress()) return End::running;
    }
    return kernel.end();
}

Text end_text(const Kernel& kernel, End end) {
    const std::string at = show_time(kernel.now());
    switch (end) {
        case End::all_exited:
            return text("every process has exited, at {0}", "所有进程都已退出，时刻 {0}", {at});
        case End::nothing_left:
            return text("nothing is left to happen after {0}; these tasks wait for ever: {1}",
                        "{0} 之后再无事发生；这些任务将永远等待：{1}", {at, sleepers(kernel)});
        case End::deadlock: {
            const std::vector<Text> circles = explain_deadlocks(kernel, wait_graph(kernel));
            Text out = text("deadlock: nothing is left to happen after {0}", "死锁：{0} 之后再无事发生", {at});
            for (std::size_t i = 0; i < circles.size() && i < kMostNamed; ++i) {
                out.en += (i == 0 ? ": " : ". Also: ") + circles[i].en;
                out.zh += (i == 0 ? "：" : "。另外：") + circles[i].zh;
            }
            return out;
        }
        case End::time_limit:
            return text("the time limit of the run, {0}, is reached", "到达运行的时间上限 {0}",
                        {show_time(kernel.image().end_at)});
        case End::step_limit:
            return text("stopped at {0}: the limit of {1} steps is reached",
                        "在 {0} 停止：到达 {1} 步的上限", {at, grouped(limits::steps)});
        case End::log_limit:
            return text("stopped at {0}: the log has reached its limit of {1} MiB",
                        "在 {0} 停止：日志到达 {1} MiB 的上限",
                        {at, std::to_string(limits::log_bytes >> 20)});
        case End::stuck:
            return text(
                "stopped at {0}: {1} steps without the clock moving; a loop that takes no time?",
                "在 {0} 停止：{1} 步内时钟没有前进；是不是有不花时间的循环？",
                {at, grouped(limits::steps_at_one_instant)});
        case End::oops: return text("the kernel stopped at {0}: {1}", "内核在 {0} 停止：{1}", {at, oops_title(kernel, *kernel.oops)});
        case End::running:
            break;
    }
    return text("stopped at {0}, before its end", "在 {0} 停止，运行尚未结束", {at});
}

const char* end_name(End end) {
    switch (end) {
        case End::all_exited:
            return "all_exited";
        case End::nothing_left:
            return "nothing_left";
        case End::deadlock:
            return "deadlock";
        case End::time_limit:
            return "time_limit";
        case End::step_limit:
            return "step_limit";
        case End::log_limit:
            return "log_limit";
        case End::stuck:
            return "stuck";
        case End::oops:
            return "oops";
        case End::running:
            break;
    }
    return "running";
}

bool is_limit(End end) {
    return end == End::step_limit || end == End::log_limit || end == End::stuck;
}

std::string wchan_of(const Kernel& kernel, TaskId task) {
    const Task& t = kernel.tasks[task];
    if (!t.is_live || t.on_cpu || t.on_rq || t.exit_state != 0) return {};
    std::string name;
    walk_stack(kernel, task, [&](const StackFrame& frame) {
        const Routine& routine = kernel_text().routine_of(frame.step);
        const bool is_switch = routine.actor == Actor::switcher;
        if (name.empty() && !routine.sched_section && !is_switch) name = routine.name;
    });
    return name;
}

}  // namespace sy
