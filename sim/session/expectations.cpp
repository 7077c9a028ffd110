// A tree walk over each expectation. A name that means several tasks stands for all of them
// together: times on the CPU and counts are added up, first moments are the earliest, last moments
// and turnaround the latest and the longest.
#include "sim/kernel/deadlines.h"
#include "sim/program/names.h"
#include "sim/session/expectations.h"
#include "sim/session/deadlock.h"
#include "sim/session/exploration.h"

#include <algorithm>
#include <map>
#include <optional>
#include <span>

#include "sim/analysis/switch_costs.h"
#include "sim/analysis/race_detector.h"
#include "sim/base/assert.h"
#include "sim/kernel/areas.h"
#include "sim/kernel/broken.h"
#include "sim/kernel/events.h"
#include "sim/scenario/expects.h"

namespace sy {
namespace {

using Op = ExpectExpr::Op;
using Wide = __int128;

constexpr Wide kMillion = 1'000'000;

// What an expression is worth: nanoseconds, millionths, 0 or 1, or a word.
struct Value {
    scn::Measure kind = scn::Measure::number;
    Wide amount = 0;
    std::string word;
};

// A value, or why there is none ("a has not exited").
struct Found {
    std::optional<Value> value;
    Text why;
};

Found number(Wide millionths) { return {Value{scn::Measure::number, millionths, {}}, {}}; }
Found count(std::uint64_t n) { return number(static_cast<Wide>(n) * kMillion); }
Found time(Wide ns) { return {Value{scn::Measure::time, ns, {}}, {}}; }
Found truth(bool is_true) { return {Value{scn::Measure::truth, is_true ? 1 : 0, {}}, {}}; }
Found word(std::string_view text) { return {Value{scn::Measure::word, 0, std::string(text)}, {}}; }
Found nothing(Text why) { return {std::nullopt, std::move(why)}; }

// 3.05, -2, 1.333333: millionths without needless zeros.
std::string show_number(Wide millionths) {
    const bool is_negative = millionths < 0;
    const Wide size = is_negative ? -millionths : millionths;
    std::string out =
        (is_negative ? "-" : "") + std::to_string(static_cast<long long>(size / kMillion));
    std::string fraction =
        std::to_string(static_cast<long long>(size % kMillion + kMillion)).substr(1);
    while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
    return fraction.empty() ? out : out + "." + fraction;
}

// 30ms, 40.021166ms, 1.5us: in milliseconds from one on, else in microseconds.
std::string show_time(Wide ns) {
    const bool is_long = ns >= kMilli || ns <= -kMilli || ns == 0;
    return show_number(ns * kMillion / (is_long ? kMilli : kMicro)) + (is_long ? "ms" : "us");
}

std::string show(const Value& value) {
    switch (value.kind) {
        case scn::Measure::number:
            return show_number(value.amount);
        case scn::Measure::time:
            return show_time(value.amount);
        case scn::Measure::truth:
            return value.amount != 0 ? "true" : "false";
        case scn::Measure::word:
            return value.word;
    }
    return {};
}

// The machine at the moments that the expectations ask for: by running the scenario once more.
using Replay = std::map<Nanos, Kernel>;

void collect(const ExpectExpr& expr, std::vector<Nanos>& moments) {
    if (expr.at) moments.push_back(*expr.at);
    for (const ExpectExpr& operand : expr.operands) collect(operand, moments);
}

Replay replay(const Scenario& scenario) {
    std::vector<Nanos> moments;
    for (const Expect& expect : scenario.expects) collect(expect.expr, moments);
    if (moments.empty()) return {};
    std::sort(moments.begin(), moments.end());
    moments.erase(std::unique(moments.begin(), moments.end()), moments.end());
    BootError error;
    auto kernel = Kernel::boot(scenario, error);
    SY_ASSERT(kernel.has_value(), "a scenario that has run can be booted again");
    Replay at;
    for (const Nanos moment : moments) {
        kernel->run({.time = moment}, nullptr);
        at.emplace(moment, *kernel);
    }
    return at;
}

bool names_a_task_in_a(RecordKind kind) {
    switch (kind) {
        case RecordKind::sched_switch:
        case RecordKind::sched_waking:
        case RecordKind::sched_wakeup:
        case RecordKind::sched_wakeup_new:
        case RecordKind::sched_migrate_task:
        case RecordKind::sched_process_fork:
        case RecordKind::sched_process_exit:
        case RecordKind::sched_process_free:
        case RecordKind::sched_process_exec:
        case RecordKind::signal_generate:
        case RecordKind::signal_deliver:
        case RecordKind::task_arrival:
            return true;
        default:
            return false;
    }
}

// The races of the run; it is run under the detector when somebody first asks.
// And how many of its orders fail, within a bound on preemptions.
class RacesOfRun {
  public:
    RacesOfRun(const Scenario& scenario, std::uint64_t steps) : scenario_(scenario), steps_(steps) {}
    // What its switches cost; the run is made once more for that, too.
    const SwitchCosts& costs() {
        if (!costs_) costs_ = measure_switches(scenario_, {.steps = std::min<std::uint64_t>(steps_, SwitchCostOptions{}.steps)});
        return *costs_;
    }
    const RaceReport& get() {
        if (!report_) report_ = find_races(scenario_, {.strict = false, .steps = steps_});
        return *report_;
    }
    std::uint64_t failures(const std::string& bound) {
        const auto known = failures_.find(bound);
        if (known != failures_.end()) return known->second;
        ExploreOptions options;
        options.preemptions = bound == "none" ? -1 : std::stoll(bound);
        options.schedules = 2'000;
        options.steps = 200'000;
        options.keep_going = true;
        Explorer explorer(scenario_, explore_for_expectations(scenario_, std::move(options)));
        while (explorer.advance(1'000)) {
        }
        std::uint64_t n = 0;
        for (const ExploreBound& b : explorer.report().bounds) n += b.failures;
        failures_.emplace(bound, n);
        return n;
    }

  private:
    const Scenario& scenario_;
    std::uint64_t steps_;
    std::map<std::string, std::uint64_t> failures_;
    std::optional<RaceReport> report_;
    std::optional<SwitchCosts> costs_;
};

// The functions of `expect`, at the end of the run or at one moment of it.
class Measurer {
  public:
    Measurer(const Scenario& scenario, const Kernel& kernel, const Log& log, Nanos until, RacesOfRun& races)
        : scenario_(scenario), kernel_(kernel), log_(log), until_(until), races_(races) {}

    Found call(const ExpectExpr& expr) const {
        for (const Row& row : rows()) {
            if (row.name == expr.name) return (this->*row.measure)(expr);
        }
        return nothing(text("'{0}' cannot be measured", "“{0}” 无法测量", {expr.name}));
    }

    bool is_running_there(const ExpectExpr& call, const std::string& path) const {
        const Cpu& cpu = kernel_.cpus[static_cast<std::size_t>(std::stoi(call.args[0]))];
        return task_matches(kernel_, cpu.curr, path) || (path == "swapper" && cpu.curr == cpu.idle);
    }

  private:
    struct Row {
        std::string_view name;
        Found (Measurer::*measure)(const ExpectExpr&) const;
    };
    static std::span<const Row> rows();

    // Tasks of that name, dead ones included: their rows stay as history.
    std::vector<TaskId> tasks(const std::string& path) const {
        std::vector<TaskId> out;
        const bool is_number = path.find_first_not_of("0123456789") == std::string::npos;
        for (TaskId id = 0; id < kernel_.tasks.size(); ++id) {
            const Pid pid = kernel_.tasks[id].pid;
            const bool is_pid = is_number && std::to_string(pid) == path;
            if (pid > 0 && (is_pid || task_matches(kernel_, id, path))) out.push_back(id);
        }
        return out;
    }

    static Found never(const std::string& path) {
        return nothing(text("{0} never came into the system", "{0} 从未进入系统", {path}));
    }

    template <typename Get>
    Found sum(const std::string& path, Found (*as)(Wide), Get get) const {
        const std::vector<TaskId> found = tasks(path);
        if (found.empty()) return never(path);
        Wide total = 0;
        for (const TaskId id : found) total += static_cast<Wide>(get(id));
        return as(total);
    }

    static Found counted(Wide n) { return number(n * kMillion); }

    // The last step before a moment may lie before it; what was going on then goes on until the
    // moment.
    Nanos since_last_step() const {
        return until_ == kNever ? 0 : std::max<Nanos>(0, until_ - kernel_.now());
    }

    Found cpu(const ExpectExpr& e) const {
        return sum(e.args[0], time, [&](TaskId id) {
            const Task& task = kernel_.tasks[id];
            const bool is_running = task.on_cpu && kernel_.cpus[task.cpu].curr == id && task.on_rq;
            return kernel_.cpu_time(id) + (is_running ? since_last_step() : 0);
        });
    }
    Found wait(const ExpectExpr& e) const {
        return sum(e.args[0], time, [&](TaskId id) {
            return kernel_.wait_time(id) +
                   (kernel_.tasks[id].last_queued >= 0 ? since_last_step() : 0);
        });
    }
    Found vol(const ExpectExpr& e) const {
        return sum(e.args[0], counted, [&](TaskId id) { return kernel_.tasks[id].nvcsw; });
    }
    Found invol(const ExpectExpr& e) const {
        return sum(e.args[0], counted, [&](TaskId id) { return kernel_.tasks[id].nivcsw; });
    }

    Found misses(const ExpectExpr& e) const {
        return sum(e.args[0], counted, [&](TaskId id) { return deadline_counts(kernel_, id).misses; });
    }
    Found overruns(const ExpectExpr& e) const {
        return sum(e.args[0], counted, [&](TaskId id) { return deadline_counts(kernel_, id).overruns; });
    }

    // The latest (or longest) of what `get` gives, -1 meaning "not yet"; then `why` says so.
    template <typename Get>
    Found latest(const std::string& path, const Text& why, Get get) const {
        const std::vector<TaskId> found = tasks(path);
        if (found.empty()) return never(path);
        Nanos most = 0;
        for (const TaskId id : found) {
            const Nanos each = get(kernel_.tasks[id]);
            if (each < 0) return nothing(why);
            most = std::max(most, each);
        }
        return time(most);
    }

    static Text not_run(const std::string& path) {
        return text("{0} has not run", "{0} 还没有运行过", {path});
    }
    static Text not_exited(const std::string& path) {
        return text("{0} has not exited", "{0} 还没有退出", {path});
    }

    Found response(const ExpectExpr& e) const {
        return latest(e.args[0], not_run(e.args[0]),
                      [](const Task& t) { return t.first_run < 0 ? -1 : t.first_run - t.arrival; });
    }
    Found turnaround(const ExpectExpr& e) const {
        return latest(e.args[0], not_exited(e.args[0]),
                      [](const Task& t) { return t.exit_time < 0 ? -1 : t.exit_time - t.arrival; });
    }
    Found exit(const ExpectExpr& e) const {
        return latest(e.args[0], not_exited(e.args[0]), [](const Task& t) { return t.exit_time; });
    }

    Found earliest(const std::string& path, Nanos Task::*moment, const Text& why) const {
        std::optional<Nanos> first;
        for (const TaskId id : tasks(path)) {
            const Nanos each = kernel_.tasks[id].*moment;
            if (each >= 0) first = std::min(first.value_or(each), each);
        }
        return first ? time(*first) : nothing(why);
    }
    Found arrival(const ExpectExpr& e) const {
        return earliest(e.args[0], &Task::arrival, never(e.args[0]).why);
    }
    Found first_run(const ExpectExpr& e) const {
        return earliest(e.args[0], &Task::first_run, not_run(e.args[0]));
    }

    Found end(const ExpectExpr&) const { return time(kernel_.now() + since_last_step()); }

    std::vector<bool> is_one_of(const std::string& path) const {
        std::vector<bool> out(kernel_.tasks.size());
        for (const TaskId id : tasks(path)) out[id] = true;
        if (path == "swapper") {
            for (const Cpu& each : kernel_.cpus) out[each.idle] = true;
        }
        return out;
    }
    static bool has(const std::vector<bool>& set, TaskId id) { return id < set.size() && set[id]; }

    template <typename Counts>
    Found count_switches(Counts counts) const {
        return count_records(
            [&](const Record& r) { return r.kind == RecordKind::sched_switch && counts(r); });
    }

    Found switches(const ExpectExpr& e) const {
        if (e.args.empty()) return count_switches([](const Record&) { return true; });
        const std::vector<bool> to = is_one_of(e.args.back());
        if (e.args.size() == 1) {
            return count_switches([&](const Record& r) { return has(to, r.a); });
        }
        const std::vector<bool> from = is_one_of(e.args[0]);
        return count_switches([&](const Record& r) { return has(from, r.task) && has(to, r.a); });
    }

    Found cr3_changes(const ExpectExpr& e) const {
        const std::vector<bool> from = is_one_of(e.args[0]);
        const std::vector<bool> to = is_one_of(e.args[1]);
        // A switch is recorded before it happens; a CR3 write before the next one on that CPU is
        // its.
        std::vector<bool> is_meant(kernel_.cpus.size());
        return count_records([&](const Record& r) {
            if (r.kind == RecordKind::sched_switch)
                is_meant[r.cpu] = has(from, r.task) && has(to, r.a);
            return r.kind == RecordKind::tlb_flush && is_meant[r.cpu];
        });
    }

    Found all_cr3_writes(const ExpectExpr&) const {
        std::uint64_t n = 0;
        for (const Cpu& each : kernel_.cpus) n += each.cr3_writes;
        return count(n);
    }

    Found minflt(const ExpectExpr& e) const {
        return sum(e.args[0], counted, [&](TaskId id) { return kernel_.tasks[id].min_flt; });
    }
    Found majflt(const ExpectExpr& e) const {
        return sum(e.args[0], counted, [&](TaskId id) { return kernel_.tasks[id].maj_flt; });
    }
    Found rss(const ExpectExpr& e) const {
        const std::vector<TaskId> found = tasks(e.args[0]);
        if (found.empty()) return never(e.args[0]);
        const MmId mm = kernel_.tasks[found[0]].mm;
        return count(mm == kNoMm ? 0 : kernel_.mms[mm].rss());
    }
    Found prio(const ExpectExpr& e) const {
        const std::vector<TaskId> found = tasks(e.args[0]);
        return found.empty() ? never(e.args[0]) : counted(kernel_.tasks[found[0]].prio);
    }
    // The address and page-table entry that a page's name stands for; 0 where nothing is mapped.
    struct PageFound {
        MmId mm = kNoMm;
        std::uint64_t address = 0, word = 0;
        Pfn pfn() const { return static_cast<Pfn>((word & paging::frame_mask) >> paging::page_bits); }
    };
    PageFound page(const ExpectExpr& e) const {
        const std::vector<TaskId> found = tasks(e.args[0]);
        if (found.empty()) return {};
        const MmId mm = kernel_.tasks[found[0]].mm;
        const std::optional<std::uint64_t> address = named_address(kernel_, mm, e.args[1]);
        if (!address) return {};
        return {mm, *address, kernel_.mms[mm].entry(*address, 1)};
    }
    Found frame(const ExpectExpr& e) const { return count(page(e).pfn()); }
    Found sharers(const ExpectExpr& e) const {
        const PageFound p = page(e);
        if (p.word == 0 || !kernel_.memory.pages.exists(p.pfn())) return count(0);
        return count(kernel_.memory.pages[p.pfn()].maps);
    }
    Found first_word(const ExpectExpr& e) const {
        const PageFound p = page(e);
        return count(p.mm == kNoMm ? 0 : kernel_.read_user(p.mm, p.address));
    }
    // As a signed number. A process that is gone has left its last words.
    Found shared_word(const ExpectExpr& e) const {
        const std::string name = e.args[1].substr(0, e.args[1].find('/'));
        const std::size_t index = name.size() < e.args[1].size() ? static_cast<std::size_t>(std::atoi(e.args[1].c_str() + name.size() + 1)) : 0;
        for (const TaskId id : tasks(e.args[0])) {
            const Task& t = kernel_.tasks[id];
            const Program& p = kernel_.program_of(t);
            const Variable* v = p.shared_variable(name);
            if (v == nullptr || index >= static_cast<std::size_t>(v->count)) continue;
            if (t.mm != kNoMm)
                return counted(static_cast<std::int64_t>(kernel_.read_user(t.mm, v->address + 8 * index)));
            std::size_t at = index;
            for (const Variable& other : p.variables)
                if (other.kind == Variable::Kind::shared && other.address < v->address) at += static_cast<std::size_t>(other.count);
            for (const LastWords& last : kernel_.last_words)
                if (last.leader == t.group_leader && last.program == t.program && at < last.words.size())
                    return counted(static_cast<std::int64_t>(last.words[at]));
        }
        return nothing(text("{0} has no variable {1} then", "那时 {0} 没有变量 {1}", {e.args[0], e.args[1]}));
    }
    Found cow_copies(const ExpectExpr&) const { return count(kernel_.memory.cow); }
    Found oom_kills(const ExpectExpr&) const { return count(kernel_.memory.oom_kill); }
    Found tlb_misses(const ExpectExpr&) const {
        std::uint64_t n = 0;
        for (const Cpu& each : kernel_.cpus) n += each.tlb.misses;
        return count(n);
    }
    Found tlb_flushes(const ExpectExpr&) const {
        std::uint64_t n = 0;
        for (const Cpu& each : kernel_.cpus) n += each.tlb_flushes;
        return count(n);
    }

    template <typename Counts>
    Found count_records(Counts counts) const {
        std::uint64_t n = 0;
        for (const Record& record : log_) {
            if (record.at > until_) break;
            n += counts(record) ? 1 : 0;
        }
        return count(n);
    }

    Found records(const ExpectExpr& e) const {
        if (e.args.size() == 1) {
            return count_records([&](const Record& r) { return record_name(r.kind) == e.args[0]; });
        }
        const std::vector<bool> wanted = is_one_of(e.args[1]);
        return count_records([&](const Record& r) {
            const bool is_about =
                has(wanted, r.task) || (names_a_task_in_a(r.kind) && has(wanted, r.a));
            return record_name(r.kind) == e.args[0] && is_about;
        });
    }

    Found deadlocks(const ExpectExpr&) const { return count(deadlock_count(kernel_, log_, until_)); }

    Found oopses(const ExpectExpr& e) const {
        if (kernel_.oops == nullptr || kernel_.oops->at > until_) return count(0);
        const auto kind = static_cast<std::size_t>(kernel_.oops->kind);
        return count(e.args.empty() || scn::oops_words()[kind] == e.args[0] ? 1 : 0);
    }

    const SwitchCost& cost_of(const ExpectExpr& e) const {
        for (const SwitchKind kind : {SwitchKind::coroutine, SwitchKind::mode, SwitchKind::thread})
            if (e.args[0] == switch_kind_word(kind)) return races_.costs().of(kind);
        return races_.costs().of(SwitchKind::process);
    }
    Found cost(const ExpectExpr& e) const { return time(cost_of(e).mean()); }
    Found cost_steps(const ExpectExpr& e) const {
        const SwitchCost& c = cost_of(e);
        return count(c.times == 0 ? 0 : c.steps / c.times);
    }
    Found steals(const ExpectExpr& e) const {
        return of_coroutines(e, [](const CoroutineEnv& env) { return env.steals; });
    }

    Found races(const ExpectExpr& e) const {
        const std::vector<Race>& all = races_.get().races;
        return count(static_cast<std::uint64_t>(std::count_if(all.begin(), all.end(), [&](const Race& r) {
            return e.args.empty() || r.process == e.args[0];
        })));
    }

    Found failures(const ExpectExpr& e) const { return count(races_.failures(e.args[0])); }

    Found irqs(const ExpectExpr& e) const {
        const auto& devices = scenario_.devices;
        const auto device = std::find_if(devices.begin(), devices.end(),
                                         [&](const DeviceDecl& d) { return d.name == e.args[0]; });
        const auto index = static_cast<std::uint32_t>(device - devices.begin());
        return count_records([&](const Record& r) {
            return r.kind == RecordKind::irq_handler_entry && r.b == index;
        });
    }

    // Over all copies of the process.
    template <typename Number>
    Found of_coroutines(const ExpectExpr& e, Number number) const {
        std::uint64_t sum = 0;
        for (const CoroutineEnv& env : kernel_.coroutine_envs)
            if (scenario_.processes[env.program].name == e.args[0]) sum += number(env);
        return count(sum);
    }
    Found coroutines(const ExpectExpr& e) const {
        return of_coroutines(e, [](const CoroutineEnv& env) { return env.created; });
    }
    Found co_switches(const ExpectExpr& e) const {
        return of_coroutines(e, [](const CoroutineEnv& env) { return env.switches; });
    }
    Found co_copies(const ExpectExpr& e) const {
        return of_coroutines(e, [](const CoroutineEnv& env) { return env.copies_out; });
    }
    Found answers(const ExpectExpr& e) const {
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < kernel_.clients.size(); ++i)
            if (scenario_.clients[i].name == e.args[0]) sum += kernel_.clients[i].answered;
        return count(sum);
    }

    Found pid(const ExpectExpr& e) const {
        const std::vector<TaskId> found = tasks(e.args[0]);
        if (found.empty()) return never(e.args[0]);
        return count(static_cast<std::uint64_t>(kernel_.tasks[found[0]].pid));
    }

    // The one of these tasks that lives then; the last one made, if there are several.
    TaskId living(const std::string& path) const {
        TaskId out = kNoTask;
        for (const TaskId id : tasks(path))
            if (kernel_.tasks[id].is_live) out = id;
        return out;
    }
    // Which object of this kind a task holds; none: -1.
    std::int64_t object_of(TaskId id, const std::string& kind, std::int64_t& count) const {
        const Task& t = kernel_.tasks[id];
        const auto shared = [&](const auto& table, SharedId object) {
            if (object == kNoShared) return std::int64_t{-1};
            count = table[object].count;
            return static_cast<std::int64_t>(object);
        };
        if (kind == "files") return shared(kernel_.shared.files, t.files);
        if (kind == "fs") return shared(kernel_.shared.fs, t.fs);
        if (kind == "sighand") return shared(kernel_.shared.sighand, t.sighand);
        if (kind == "signal") return shared(kernel_.shared.signal, t.signal);
        if (t.mm == kNoMm) return -1;
        count = kernel_.mms[t.mm].users;
        return t.mm;
    }
    Found refs(const ExpectExpr& e) const {
        const TaskId id = living(e.args[0]);
        if (id == kNoTask) return never(e.args[0]);
        std::int64_t n = 0;
        object_of(id, e.args[1], n);
        return count(static_cast<std::uint64_t>(n));
    }
    Found is_shared(const ExpectExpr& e) const {
        const TaskId a = living(e.args[0]), b = living(e.args[1]);
        if (a == kNoTask || b == kNoTask) return never(e.args[a == kNoTask ? 0 : 1]);
        std::int64_t n = 0;
        const std::int64_t of_a = object_of(a, e.args[2], n), of_b = object_of(b, e.args[2], n);
        return truth(of_a >= 0 && of_a == of_b);
    }
    Found errors(const ExpectExpr& e) const {
        const std::vector<bool> wanted = is_one_of(e.args[0]);
        const std::int64_t error = -error_number(e.args[1]);
        return count_records([&](const Record& r) {
            return r.kind == RecordKind::sys_exit && has(wanted, r.task) &&
                   static_cast<std::int64_t>(wide(r.c, r.d)) == error;
        });
    }
    Found calls(const ExpectExpr& e) const {
        const std::vector<bool> wanted = is_one_of(e.args[0]);
        const auto number = static_cast<std::uint32_t>(syscall_number(e.args[1]));
        return count_records([&](const Record& r) {
            return r.kind == RecordKind::sys_enter && has(wanted, r.task) && r.a == number;
        });
    }
    Found delivered(const ExpectExpr& e) const {
        const std::vector<bool> wanted = is_one_of(e.args[0]);
        const auto signal = static_cast<std::uint32_t>(signal_number(e.args[1]));
        return count_records([&](const Record& r) {
            return r.kind == RecordKind::signal_deliver && has(wanted, r.a) && r.b == signal;
        });
    }
    Found parent(const ExpectExpr& e) const {
        const TaskId id = living(e.args[0]);
        if (id == kNoTask || kernel_.tasks[id].real_parent == kNoTask) return never(e.args[0]);
        return word(kernel_.tasks[kernel_.tasks[id].real_parent].name());
    }
    Found pgrp(const ExpectExpr& e) const {
        const TaskId id = living(e.args[0]);
        if (id == kNoTask) return never(e.args[0]);
        return count(static_cast<std::uint64_t>(kernel_.shared.signal[kernel_.tasks[id].signal].pgrp));
    }
    Found session(const ExpectExpr& e) const {
        const TaskId id = living(e.args[0]);
        if (id == kNoTask) return never(e.args[0]);
        return count(static_cast<std::uint64_t>(kernel_.shared.signal[kernel_.tasks[id].signal].session));
    }

    Found order(const ExpectExpr& e) const {
        Nanos last = -1;
        for (const std::string& path : e.args) {
            const Found first = earliest(path, &Task::first_run, not_run(path));
            if (!first.value) return first;
            if (first.value->amount < last) return truth(false);
            last = static_cast<Nanos>(first.value->amount);
        }
        return truth(true);
    }

    Found state(const ExpectExpr& e) const {
        const std::vector<TaskId> found = tasks(e.args[0]);
        if (found.empty() || !kernel_.tasks[found[0]].is_live) return word("gone");
        const Task& task = kernel_.tasks[found[0]];
        if (task.on_cpu) return word("running");
        switch (state_letter(task.state, task.exit_state)) {
            case 'R':
                return word("runnable");
            case 'D':
                return word("blocked");
            case 'T':
            case 't':
                return word("stopped");
            case 'P':
                return word("parked");
            case 'Z':
                return word("zombie");
            case 'X':
                return word("gone");
            default:
                return word("sleeping");
        }
    }

    Found running(const ExpectExpr& e) const {
        const Cpu& cpu = kernel_.cpus[static_cast<std::size_t>(std::stoi(e.args[0]))];
        return word(kernel_.tasks[cpu.curr].name());
    }

    const Scenario& scenario_;
    const Kernel& kernel_;
    const Log& log_;
    Nanos until_;
    RacesOfRun& races_;
};

std::span<const Measurer::Row> Measurer::rows() {
    static constexpr Row kRows[] = {
        {"cpu", &Measurer::cpu},
        {"wait", &Measurer::wait},
        {"response", &Measurer::response},
        {"turnaround", &Measurer::turnaround},
        {"arrival", &Measurer::arrival},
        {"first_run", &Measurer::first_run},
        {"exit", &Measurer::exit},
        {"end", &Measurer::end},
        {"switches", &Measurer::switches},
        {"vol", &Measurer::vol},
        {"invol", &Measurer::invol},
        {"misses", &Measurer::misses},
        {"overruns", &Measurer::overruns},
        {"cr3_writes", &Measurer::all_cr3_writes},
        {"cr3_changes", &Measurer::cr3_changes},
        {"minflt", &Measurer::minflt},
        {"majflt", &Measurer::majflt},
        {"rss", &Measurer::rss},
        {"prio", &Measurer::prio},
        {"frame", &Measurer::frame},
        {"sharers", &Measurer::sharers},
        {"value", &Measurer::first_word},
        {"word", &Measurer::shared_word},
        {"cow_copies", &Measurer::cow_copies},
        {"oom_kills", &Measurer::oom_kills},
        {"tlb_misses", &Measurer::tlb_misses},
        {"tlb_flushes", &Measurer::tlb_flushes},
        {"count", &Measurer::records},
        {"deadlocks", &Measurer::deadlocks},
        {"oopses", &Measurer::oopses},
        {"races", &Measurer::races},
        {"failures", &Measurer::failures},
        {"irqs", &Measurer::irqs},
        {"coroutines", &Measurer::coroutines},
        {"steals", &Measurer::steals},
        {"cost", &Measurer::cost},
        {"cost_steps", &Measurer::cost_steps},
        {"co_switches", &Measurer::co_switches},
        {"co_copies", &Measurer::co_copies},
        {"answers", &Measurer::answers},
        {"pid", &Measurer::pid},
        {"refs", &Measurer::refs},
        {"shared", &Measurer::is_shared},
        {"errors", &Measurer::errors},
        {"calls", &Measurer::calls},
        {"delivered", &Measurer::delivered},
        {"parent", &Measurer::parent},
        {"pgrp", &Measurer::pgrp},
        {"session", &Measurer::session},
        {"state", &Measurer::state},
        {"running", &Measurer::running},
        {"order", &Measurer::order},
    };
    return kRows;
}

std::string_view sign_of(Op op) {
    switch (op) {
        case Op::eq:
            return "==";
        case Op::ne:
            return "!=";
        case Op::lt:
            return "<";
        case Op::le:
            return "<=";
        case Op::gt:
            return ">";
        case Op::ge:
            return ">=";
        default:
            return "~";
    }
}

class Judge {
  public:
    Judge(const Scenario& scenario, const Kernel& end, const Log& log, const Replay& replay)
        : scenario_(scenario), end_(end), log_(log), replay_(replay), races_(scenario, end.steps() + 1) {}

    Verdict judge(const Expect& expect) const {
        Verdict verdict{.pos = expect.pos, .text = expect.text, .is_met = false, .found = {}};
        verdict.is_met = is_true(expect.expr, verdict.found);
        return verdict;
    }

  private:
    // `found` becomes what decided.
    bool is_true(const ExpectExpr& expr, Text& found) const {
        switch (expr.op) {
            case Op::both:
                return is_true(expr.operands[0], found) && is_true(expr.operands[1], found);
            case Op::either:
                return is_true(expr.operands[0], found) || is_true(expr.operands[1], found);
            case Op::negate:
                return !is_true(expr.operands[0], found);
            case Op::call: {
                const Found value = evaluate(expr);
                found =
                    value.value ? text("it is {0}", "结果是 {0}", {show(*value.value)}) : value.why;
                return value.value && value.value->amount != 0;
            }
            default:
                return compare(expr, found);
        }
    }

    bool compare(const ExpectExpr& expr, Text& found) const {
        if (expr.operands.size() < 2) return false;
        const bool is_swapped = expr.operands[0].op == Op::word;
        const ExpectExpr& measured = expr.operands[is_swapped ? 1 : 0];
        const ExpectExpr& wanted = expr.operands[is_swapped ? 0 : 1];
        if (wanted.op == Op::word) return compare_word(expr, measured, wanted, found);
        const Found left = evaluate(expr.operands[0]);
        const Found right = evaluate(expr.operands[1]);
        if (!left.value || !right.value) {
            found = left.value ? right.why : left.why;
            return false;
        }
        const std::string a = show(*left.value), b = show(*right.value);
        found = text("{0} {1} {2}", "{0} {1} {2}", {a, sign_of(expr.op), b});
        return holds(expr, left.value->amount, right.value->amount);
    }

    bool holds(const ExpectExpr& expr, Wide a, Wide b) const {
        switch (expr.op) {
            case Op::eq:
                return a == b;
            case Op::ne:
                return a != b;
            case Op::lt:
                return a < b;
            case Op::le:
                return a <= b;
            case Op::gt:
                return a > b;
            case Op::ge:
                return a >= b;
            case Op::approx: {
                const Wide apart = a > b ? a - b : b - a;
                if (expr.operands.size() == 2)
                    return apart * kMillion * 100 <= (b < 0 ? -b : b) * expr.value;
                const Found within = evaluate(expr.operands[2]);
                return within.value && apart <= within.value->amount;
            }
            default:
                return false;
        }
    }

    bool compare_word(const ExpectExpr& expr, const ExpectExpr& measured, const ExpectExpr& wanted,
                      Text& found) const {
        const Found value = evaluate(measured);
        if (!value.value) {
            found = value.why;
            return false;
        }
        found = text("it is {0}", "结果是 {0}", {show(*value.value)});
        const bool is_same = measured.name == "running"
                                 ? measurer(measured).is_running_there(measured, wanted.name)
                                 : value.value->word == wanted.name;
        return is_same == (expr.op == Op::eq);
    }

    Measurer measurer(const ExpectExpr& call) const {
        if (!call.at) return {scenario_, end_, log_, kNever, races_};
        const auto moment = replay_.find(*call.at);
        SY_ASSERT(moment != replay_.end(), "every moment asked for was visited");
        return {scenario_, moment->second, log_, *call.at, races_};
    }

    Found evaluate(const ExpectExpr& expr) const {
        switch (expr.op) {
            case Op::number:
                return number(expr.value);
            case Op::duration:
                return time(expr.value);
            case Op::word:
                return word(expr.name);
            case Op::call:
                return measurer(expr).call(expr);
            case Op::add:
            case Op::sub:
            case Op::mul:
            case Op::div:
                return arithmetic(expr);
            default: {
                Text found;
                return truth(is_true(expr, found));
            }
        }
    }

    Found arithmetic(const ExpectExpr& expr) const {
        const Found left = evaluate(expr.operands[0]);
        const Found right = evaluate(expr.operands[1]);
        if (!left.value || !right.value) return left.value ? right : left;
        const bool is_left_time = left.value->kind == scn::Measure::time;
        const bool is_right_time = right.value->kind == scn::Measure::time;
        const Wide a = left.value->amount, b = right.value->amount;
        const auto as = [](bool is_time, Wide amount) {
            return is_time ? time(amount) : number(amount);
        };
        switch (expr.op) {
            case Op::add:
                return as(is_left_time, a + b);
            case Op::sub:
                return as(is_left_time, a - b);
            case Op::mul:
                return as(is_left_time || is_right_time, a * b / kMillion);
            default:
                if (b == 0) return nothing(text("division by 0", "除以 0"));
                return as(is_left_time && !is_right_time, a * kMillion / b);
        }
    }

    const Scenario& scenario_;
    const Kernel& end_;
    const Log& log_;
    const Replay& replay_;
    mutable RacesOfRun races_;
};

}  // namespace

std::vector<Verdict> judge(const Scenario& scenario, const Kernel& end, const Log& log) {
    const Replay again = replay(scenario);
    const Judge judge(scenario, end, log, again);
    std::vector<Verdict> verdicts;
    for (const Expect& expect : scenario.expects) verdicts.push_back(judge.judge(expect));
    return verdicts;
}

}  // namespace sy
