#include "sim/sched/chain.h"

#include "sim/sched/group_fair.h"

namespace sy {

namespace {

constexpr std::array kAboveFair = {ClassId::stop, ClassId::deadline, ClassId::rt};

}  // namespace

const char* class_name(ClassId id) {
    static constexpr const char* names[] = {"stop", "deadline", "rt", "fair", "idle"};
    return names[static_cast<int>(id)];
}

ClassChain::ClassChain(int cpus, const ClassSettings& settings, std::unique_ptr<SchedClass> fair)
    : class_{SchedClassBox(make_stop_class(cpus)), SchedClassBox(std::make_unique<DlClass>(settings.dl)),
             SchedClassBox(std::make_unique<RtClass>(cpus, settings.rt)), SchedClassBox(std::move(fair)),
             SchedClassBox(make_idle_class(cpus))},
      balance_(settings.balance),
      upper_(static_cast<std::size_t>(cpus)),
      charged_(static_cast<std::size_t>(cpus)) {}

namespace {

constexpr PolicyOption options[] = {
    {"sched_rr_timeslice_ms", "sched_rr_timeslice_ms=100ms", "quantum of SCHED_RR, in whole ticks (default 100 ms)",
     "SCHED_RR 的时间片，按整个时钟周期计（默认 100 ms）"},
    {"sched_rt_period_us", "sched_rt_period_us=1s", "period of real-time throttling and of the admission test (default 1 s)",
     "实时限流与准入测试的周期（默认 1 s）"},
    {"sched_rt_runtime_us", "sched_rt_runtime_us=950ms|off",
     "what real-time tasks of a CPU may use of it (default 950 ms; eevdf throttles nobody, it has the fair server)",
     "每个 CPU 上实时任务在其中可用的时间（默认 950 ms；eevdf 不限流，而是用 fair server）"},
    {"fair_server", "fair_server=on|off",
     "a deadline reservation through which starved normal tasks run (Linux 6.12; default on with eevdf)",
     "一份 deadline 预留，让挨饿的普通任务得以运行（Linux 6.12；eevdf 默认开启）"},
    {"fair_server_runtime", "fair_server_runtime=50ms", "its runtime (default 50 ms)", "其运行时间（默认 50 ms）"},
    {"fair_server_period", "fair_server_period=1s", "its period (default 1 s)", "其周期（默认 1 s）"},
    {"migration_cost_ns", "migration_cost_ns=500us",
     "a task that ran less long ago is cache-hot (sched_migration_cost; default 0.5 ms)",
     "运行结束不到这么久的任务算缓存热（sched_migration_cost；默认 0.5 ms）"},
    {"nr_migrate", "nr_migrate=32", "tasks that balancing looks at in one go (sched_nr_migrate, default 32)",
     "一次均衡最多查看的任务数（sched_nr_migrate，默认 32）"},
    {"wa_idle", "wa_idle=on|off", "wake_affine looks for an idle CPU first (WA_IDLE, default on)",
     "wake_affine 先看是否空闲（WA_IDLE，默认开）"},
    {"wa_weight", "wa_weight=on|off", "then it compares loads (WA_WEIGHT, default on)", "然后比较负载（WA_WEIGHT，默认开）"},
    {"wa_bias", "wa_bias=on|off", "with a bonus for the waker's CPU (WA_BIAS, default on)",
     "并偏向唤醒者的 CPU（WA_BIAS，默认开）"},
    {"hrtick", "hrtick=on|off", "cfs and eevdf: a timer ends the slice exactly, not the next tick (HRTICK, default off)",
     "cfs 与 eevdf：由定时器精确结束时间片，而不等下一个时钟（HRTICK，默认关）"},
    {"sched_deadline_period_min_us", "sched_deadline_period_min_us=100us", "shortest period of SCHED_DEADLINE (default 100 us)",
     "SCHED_DEADLINE 的最短周期（默认 100 us）"},
    {"sched_deadline_period_max_us", "sched_deadline_period_max_us=4194304us",
     "longest period of SCHED_DEADLINE (default 4194304 us)", "SCHED_DEADLINE 的最长周期（默认 4194304 us）"},
};

// True: the key is one of the classes'. `ok`: and the value fits.
bool read_class_setting(const std::string& key, const std::string& value, ClassSettings& s, bool& given, bool& ok) {
    const Nanos time = parse_duration_setting(value, key);
    Nanos* const to = key == "sched_rr_timeslice_ms"          ? &s.rt.rr_timeslice
                      : key == "sched_rt_period_us"           ? &s.rt.period
                      : key == "sched_rt_runtime_us"          ? &s.rt.runtime
                      : key == "fair_server_runtime"          ? &s.dl.server_runtime
                      : key == "fair_server_period"           ? &s.dl.server_period
                      : key == "sched_deadline_period_min_us" ? &s.dl.period_min
                      : key == "sched_deadline_period_max_us" ? &s.dl.period_max
                                                              : nullptr;
    std::string lower = key;   // features have capitals in the kernel
    for (char& c : lower)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    bool* const flag = lower == "fair_server" ? &s.dl.fair_server
                       : lower == "wa_idle"   ? &s.balance.wa_idle
                       : lower == "wa_weight" ? &s.balance.wa_weight
                       : lower == "wa_bias"   ? &s.balance.wa_bias
                       : lower == "hrtick"    ? &s.balance.hrtick
                                              : nullptr;
    if (flag != nullptr) {
        ok = value == "on" || value == "off";
        *flag = value == "on";
        return true;
    }
    if (key == "nr_migrate" || key == "sched_nr_migrate") {
        s.balance.nr_migrate = 0;
        for (const char c : value) s.balance.nr_migrate = c < '0' || c > '9' || value.size() > 5 ? -100'000 : s.balance.nr_migrate * 10 + (c - '0');
        ok = s.balance.nr_migrate >= 1;
        return true;
    }
    if (key == "migration_cost" || key == "migration_cost_ns" || key == "sched_migration_cost_ns") {
        s.balance.migration_cost = value == "0" ? 0 : time;
        ok = s.balance.migration_cost >= 0;
        return true;
    }
    if (to == nullptr) return false;
    const bool off = key == "sched_rt_runtime_us" && value == "off";
    given = given || key == "sched_rt_runtime_us";
    ok = off || time > 0;
    *to = off ? -1 : time;
    return true;
}

}  // namespace

std::span<const PolicyOption> class_options() { return options; }

std::unique_ptr<ClassChain> ClassChain::make(const PolicyInfo& policy, const SchedOptions& o, std::string& error,
                                             bool groups) {
    ClassSettings s;
    s.dl.cpus = o.cpus;
    s.rt.tick = kSecond / o.hz;
    s.dl.fair_server = policy.name == "eevdf";
    SchedOptions rest = o;
    rest.settings.clear();
    bool runtime_given = false;
    for (const auto& setting : o.settings) {
        bool ok = false;
        if (!read_class_setting(setting.first, setting.second, s, runtime_given, ok)) {
            rest.settings.push_back(setting);
        } else if (!ok) {
            error = setting.first + "=" + setting.second;
            return nullptr;
        }
    }
    if (s.rt.runtime > s.rt.period || s.dl.server_runtime > s.dl.server_period) {
        error = s.rt.runtime > s.rt.period ? "sched_rt_runtime_us" : "fair_server_runtime";
        return nullptr;
    }
    if (s.balance.hrtick && (policy.name == "cfs" || policy.name == "eevdf")) rest.settings.emplace_back("hrtick", "on");
    s.dl.rt_period = s.rt.period;
    s.dl.rt_runtime = s.rt.runtime;
    // Since 6.12 the limit is the admission test's only; nobody is throttled unless the scenario asks for it.
    if ((s.dl.fair_server || policy.name == "eevdf") && !runtime_given) s.rt.runtime = -1;
    std::unique_ptr<SchedClass> fair = policy.make(rest, error);
    if (fair && groups && fair->balances()) fair = make_group_fair(policy.make, rest, error);
    return fair ? std::make_unique<ClassChain>(o.cpus, s, std::move(fair)) : nullptr;
}

void ClassChain::enqueue(SchedView v, TaskId task, Enqueue why) {
    const ClassId id = v.peek(task).sched_class;
    if (id < ClassId::fair) ++upper_[v.cpu];
    cls(id).enqueue(v, task, why);
    if (id == ClassId::fair && dl().has_server()) dl().server_start(v.cpu, v.now);
}

void ClassChain::dequeue(SchedView v, TaskId task, Dequeue why) {
    const ClassId id = v.peek(task).sched_class;
    cls(id).dequeue(v, task, why);
    if (id < ClassId::fair) --upper_[v.cpu];
    if (id == ClassId::fair && dl().has_server() && class_[kFair]->runnable(v.cpu) == 0) dl().server_stop(v.cpu);
}

void ClassChain::charge_server(const SchedView& v, TaskId curr) {
    const std::uint64_t total = v.peek(curr).se.sum_exec_runtime;
    dl().server_charge(v.cpu, v.now, static_cast<Nanos>(total - charged_[v.cpu]));
    charged_[v.cpu] = total;
}
void ClassChain::set_next(SchedView v, TaskId task) {
    of(v, task).set_next(v, task);
    if (dl().has_server()) charged_[v.cpu] = v.peek(task).se.sum_exec_runtime;
}
void ClassChain::put_prev(SchedView v, TaskId task) {
    of(v, task).put_prev(v, task);
    if (dl().has_server() && v.peek(task).sched_class == ClassId::fair) charge_server(v, task);
}
bool ClassChain::tick(SchedView v, TaskId curr) {
    const bool again = of(v, curr).tick(v, curr);
    if (!dl().has_server() || v.peek(curr).sched_class != ClassId::fair) return again;
    charge_server(v, curr);
    return dl().server_wants_resched(v.cpu) || again;
}

TaskId ClassChain::pick_next(SchedView v) {
    if (upper_[v.cpu] != 0) [[unlikely]] {
        for (const ClassId id : kAboveFair) {
            if (id == ClassId::deadline && dl().server_first(v.cpu)) break;   // normal tasks run through their server
            const TaskId t = cls(id).pick_next(v);
            if (t == kNoTask) continue;
            class_[kFair]->passed_over(v);
            return t;
        }
    }
    return class_[kFair]->pick_next(v);
}

bool ClassChain::check_preempt(SchedView v, TaskId curr, TaskId wakee) {
    const ClassId runs = v.peek(curr).sched_class, wakes = v.peek(wakee).sched_class;
    if (runs != wakes) return wakes < runs;
    return cls(runs).check_preempt(v, curr, wakee);
}

void ClassChain::fork(SchedView v, TaskId parent, TaskId child) {
    // A parent of another class has no place there that the child could begin from.
    const bool same = parent != kNoTask && v.peek(parent).sched_class == v.peek(child).sched_class;
    of(v, child).fork(v, same ? parent : kNoTask, child);
}

// Only the fair class has weights; a real-time task keeps its nice value for the day it comes back.
void ClassChain::reweight(SchedView v, TaskId task, bool queued) {
    const bool is_fair = v.peek(task).sched_class == ClassId::fair;
    class_[kFair]->reweight(v, task, is_fair && queued);
}

std::uint32_t ClassChain::runnable_above_fair(CpuId cpu) const {
    std::uint32_t n = 0;
    for (const ClassId id : kAboveFair) n += cls(id).runnable(cpu);
    return n;
}

// Deadlines are far below this, kNever above it.
constexpr std::int64_t kAfterDeadlines = std::int64_t{1} << 60;

std::int64_t ClassChain::urgency(const TaskTable& tasks, TaskId task) const {
    switch (tasks[task].sched_class) {
        case ClassId::stop: return -1;
        case ClassId::deadline:
            if (const DlEntity* e = dl().find(task); e != nullptr) return e->deadline;
            return 0;
        case ClassId::rt: return kAfterDeadlines + tasks[task].prio;
        case ClassId::fair:
        case ClassId::idle: break;
    }
    return kAfterDeadlines + 100;
}

std::int64_t ClassChain::best_waiting(CpuId cpu) const {
    if (const Nanos deadline = dl().best_waiting(cpu); deadline != kNever) return deadline;
    const int prio = rt().best_waiting(cpu);
    return prio < kRtPriorities ? kAfterDeadlines + prio : kNever;
}

TaskId ClassChain::pushable(const TaskTable& tasks, CpuId from, CpuId to) const {
    if (upper_[from] == 0) return kNoTask;
    const TaskId t = dl().pushable(tasks, from, to);
    return t != kNoTask || rt().throttled(from) ? t : rt().pushable(tasks, from, to);
}

std::vector<std::pair<std::string, std::int64_t>> ClassChain::numbers(CpuId cpu) const {
    auto out = class_[kFair]->numbers(cpu);
    if (upper_[cpu] == 0) return out;
    for (const ClassId id : kAboveFair)
        if (cls(id).runnable(cpu) != 0)
            for (auto& pair : cls(id).numbers(cpu)) out.push_back(std::move(pair));
    return out;
}

PickReason ClassChain::explain(const TaskTable& tasks, CpuId cpu, TaskId prev) const {
    PickReason why = explain_class(tasks, cpu, prev);
    if (why.winner != kNoTask && why.queue.bands.empty()) why.queue = cls(tasks[why.winner].sched_class).picture(tasks, cpu, 31);
    return why;
}

// The first class that has somebody.
PickReason ClassChain::explain_class(const TaskTable& tasks, CpuId cpu, TaskId prev) const {
    const bool prev_is_fair = prev == kNoTask || tasks[prev].sched_class == ClassId::fair;
    for (const ClassId id : kAboveFair) {
        if (id == ClassId::deadline && dl().server_first(cpu)) {
            PickReason why = class_[kFair]->explain(tasks, cpu, prev_is_fair ? prev : kNoTask);
            if (why.winner == kNoTask) continue;
            why.rule += "; normal tasks have starved, so the fair server lets them run before real-time ones";
            why.rule_zh += "；普通任务一直挨饿，fair server 让它们先于实时任务运行";
            return why;
        }
        if (cls(id).runnable(cpu) == 0) continue;
        const bool own = prev != kNoTask && tasks[prev].sched_class == id;
        PickReason why = cls(id).explain(tasks, cpu, own ? prev : kNoTask);
        if (why.winner == kNoTask) continue;
        if (class_[kFair]->runnable(cpu) != 0) {
            why.rule += std::string("; class ") + class_name(id) + " is asked before fair";
            why.rule_zh += std::string("；调度类 ") + class_name(id) + " 先于 fair 被询问";
        }
        return why;
    }
    return class_[kFair]->explain(tasks, cpu, prev_is_fair ? prev : kNoTask);
}

void ClassChain::mix(Fingerprint& print) const {
    for (const SchedClassBox& c : class_) c->mix(print);
    for (std::size_t c = 0; c < upper_.size(); ++c) print.mix(upper_[c] + (charged_[c] << 20));
}

std::string ClassChain::check(const TaskTable& tasks, CpuId cpu) const {
    for (const SchedClassBox& c : class_)
        if (std::string fault = c->check(tasks, cpu); !fault.empty()) return fault;
    if (runnable_above_fair(cpu) > upper_[cpu]) return "the count of tasks above the fair class is wrong";
    return {};
}

}  // namespace sy
