#include "sim/session/play.h"

#include <algorithm>

#include "sim/kernel/events.h"
#include "sim/session/load.h"

namespace sy {

namespace {

constexpr std::size_t kMostDecisions = 20'000;

SchedClass& hand_of(Kernel& k) { return k.sched->cls(ClassId::fair); }

// The name that tells it from its copies.
std::string shown(const Kernel& k, TaskId task) { return std::string(k.tasks[task].name()); }

// Steps until just before the step in which decision number `made` (from 0) falls. False: the run is over, or is too long.
bool run_to_decision(Kernel& k, std::uint64_t made, std::uint64_t most_steps, CpuId& cpu) {
    constexpr int kStride = 64;
    StepReport report;
    while (true) {
        const Kernel before = k;
        int done = 0;
        while (done < kStride && hand_of(k).decisions() == made) {
            if (k.steps() >= most_steps || !k.step(nullptr, nullptr)) return false;
            ++done;
        }
        if (hand_of(k).decisions() == made) continue;
        k = before;
        for (int i = 0; i + 1 < done; ++i) k.step(nullptr, nullptr);
        Kernel ahead = k;
        ahead.step(nullptr, &report);
        cpu = report.cpu;
        return true;
    }
}

PlayDecision decision_at(const Kernel& k, CpuId cpu) {
    PlayDecision d{.at = k.now(), .cpu = cpu, .step = k.steps(), .candidates = {}};
    for (TaskId id = 0; id < k.tasks.size(); ++id) {
        const Task& t = k.tasks[id];
        const bool runs_here = k.cpus[cpu].curr == id;
        if (!is_players_task(k, id) || !t.on_rq || t.sched_class != ClassId::fair) continue;
        if ((t.cpus_allowed >> cpu & 1) == 0 || (t.on_cpu && !runs_here)) continue;
        d.candidates.push_back(id);
        if (runs_here) d.running = id;
    }
    return d;
}

// The kernel stands before a decision: this is what is decided.
void make_choice(Kernel& k, TaskId task) {
    hand_of(k).choose_next(task);
    k.step(nullptr, nullptr);
}

// Branch and bound over all decisions, depth first; the kernel is a value, so each branch is a copy.
class Search {
  public:
    Search(std::uint64_t most_steps) : left_(most_steps) {}
    BestPlay best;

    void try_all(const Kernel& from, std::uint64_t made) {
        Kernel k = from;
        CpuId cpu = 0;
        const std::uint64_t begun = k.steps();
        const bool is_due = run_to_decision(k, made, begun + left_, cpu);
        const std::uint64_t spent = k.steps() - begun;
        left_ -= std::min(left_, spent);
        if (best.found && total_turnaround(k) >= best.total) return;   // it only grows
        if (!is_due) {
            if (left_ == 0 || k.end() != End::all_exited) {
                is_cut_ = true;
                return;
            }
            ++best.schedules;
            best.picks = path_;
            best.total = total_turnaround(k);
            best.found = true;
            return;
        }
        if (left_ == 0 || made >= 64) {
            is_cut_ = true;
            return;
        }
        PlayDecision d = decision_at(k, cpu);
        // The one with the least to do first: a good first schedule cuts most of the others away.
        std::stable_sort(d.candidates.begin(), d.candidates.end(), [&](TaskId a, TaskId b) { return left_of(k, a) < left_of(k, b); });
        for (const TaskId id : d.candidates) {
            Kernel next = k;
            make_choice(next, id);
            path_.push_back(id);
            try_all(next, made + 1);
            path_.pop_back();
            if (left_ == 0) {
                is_cut_ = true;
                return;
            }
        }
    }
    bool is_cut() const { return is_cut_; }

  private:
    static Nanos left_of(const Kernel& k, TaskId id) {
        return k.tasks[id].next_burst - static_cast<Nanos>(k.tasks[id].se.sum_exec_runtime);
    }
    std::vector<TaskId> path_;
    std::uint64_t left_;
    bool is_cut_ = false;
};

Scenario by_hand(const Scenario& s, const PlayOptions& options) {
    Scenario out = s;
    out.machine.scheduler = "hand";
    out.machine.scheduler_options.clear();
    for (const auto& [key, value] : s.machine.scheduler_options)
        if (key == "tie" || key == "queues") out.machine.scheduler_options.emplace_back(key, value);
    if (options.quantum > 0) out.machine.scheduler_options.emplace_back("quantum", short_time(options.quantum));
    if (!options.preempt) out.machine.scheduler_options.emplace_back("preempt", "no");
    return out;
}

}  // namespace

bool is_players_task(const Kernel& k, TaskId id) {
    if (id < k.cpus.size() || id >= k.tasks.size()) return false;
    const Task& t = k.tasks[id];
    return (!t.is_kthread() || t.runs_program) && t.pid > 1;
}

Nanos total_turnaround(const Kernel& k) {
    Nanos sum = 0;
    for (TaskId id = 0; id < k.tasks.size(); ++id) {
        const Task& t = k.tasks[id];
        if (!is_players_task(k, id) || t.arrival < 0 || t.arrival > k.now()) continue;
        sum += (t.exit_time >= 0 ? t.exit_time : k.now()) - t.arrival;
    }
    return sum;
}

PlayOptions play_options_of(const Scenario& s) {
    PlayOptions out;
    const std::string& name = s.machine.scheduler;
    out.preempt = name != "fcfs" && name != "sjf" && name != "hrrn";
    if (const PolicyInfo* policy = find_policy(name); policy != nullptr && name == "rr")
        for (const PolicyOption& o : policy->options)
            if (o.key == "quantum") out.quantum = std::max<Nanos>(0, parse_duration_setting(o.usage.substr(o.usage.find('=') + 1)));
    for (const auto& [key, value] : s.machine.scheduler_options) {
        if (key == "quantum") out.quantum = std::max<Nanos>(0, parse_duration_setting(value));
        if (key == "preempt") out.preempt = value != "no";
    }
    if (name == "rr" || name == "lottery" || name == "stride") out.preempt = false;   // a newcomer waits for the turn's end
    return out;
}

std::optional<Play> Play::open(const Scenario& scenario, const PlayOptions& options, BootError& error) {
    Play play;
    play.scenario_ = by_hand(scenario, options);
    play.options_ = options;
    auto kernel = Kernel::boot(play.scenario_, error);
    if (!kernel) return std::nullopt;
    play.kernel_ = std::move(*kernel);
    play.advance();
    return play;
}

void Play::advance() {
    CpuId cpu = 0;
    is_over_ = made_.size() >= kMostDecisions || !run_to_decision(kernel_, made_.size(), options_.steps, cpu);
    if (!is_over_) due_ = decision_at(kernel_, cpu);
}

bool Play::pick(TaskId task) {
    if (is_over_ || std::find(due_.candidates.begin(), due_.candidates.end(), task) == due_.candidates.end()) return false;
    make_choice(kernel_, task);
    due_.chosen = task;
    made_.push_back(due_);
    advance();
    return true;
}

bool Play::pick(std::string_view who, Text& why) {
    const std::string name(who);
    if (is_over_) {
        why = text("the run is over: nothing is left to pick", "运行已结束：没有什么可选的了");
        return false;
    }
    std::vector<TaskId> meant;
    for (const TaskId id : due_.candidates)
        if (task_matches(kernel_, id, name)) meant.push_back(id);
    if (!meant.empty()) return pick(meant.front());
    std::string others;
    for (const TaskId id : due_.candidates) others += (others.empty() ? "" : ", ") + shown(kernel_, id);
    const std::string at = show_time(due_.at);
    Text mistake = text("there is no such task", "没有这个任务");
    for (TaskId id = 0; id < kernel_.tasks.size(); ++id) {
        if (!is_players_task(kernel_, id) || !task_matches(kernel_, id, name)) continue;
        const Task& t = kernel_.tasks[id];
        const bool has_come = t.is_live && t.arrival >= 0 && t.arrival <= kernel_.now();
        mistake = t.exit_state != 0 || t.exit_time >= 0 ? text("it has exited", "它已经退出")
                  : !has_come                           ? text("it has not arrived yet", "它还没有到达")
                  : t.on_cpu && t.cpu != due_.cpu        ? text("it runs on CPU {0}: one task on two CPUs", "它正在 CPU {0} 上运行：一个任务同时在两个 CPU 上", {std::to_string(t.cpu)})
                  : t.on_rq                             ? text("it may not run on this CPU (affinity)", "它不能在这个 CPU 上运行（亲和性）")
                                                        : text("it sleeps and is in no run queue", "它在睡眠，不在任何运行队列中");
        break;
    }
    // Tasks that arrive later have no task_struct yet.
    for (const ProcessDecl& process : scenario_.processes)
        if (process.name == name.substr(0, name.find('/')) && mistake.en == "there is no such task")
            mistake = text("it has not arrived yet", "它还没有到达");
    why = text("{0} cannot be picked at {1}: {2}; to choose from: {3}", "在 {1} 不能选 {0}：{2}；可选的有：{3}", {name, at, "\x01", others});
    why.en.replace(why.en.find('\x01'), 1, mistake.en);
    why.zh.replace(why.zh.find('\x01'), 1, mistake.zh);
    return false;
}

bool Play::undo() {
    if (made_.empty()) return false;
    std::vector<PlayDecision> again = std::move(made_);
    again.pop_back();
    made_.clear();
    BootError error;
    auto kernel = Kernel::boot(scenario_, error);
    if (!kernel) return false;
    kernel_ = std::move(*kernel);
    advance();
    for (const PlayDecision& d : again) pick(d.chosen);
    return true;
}

Scenario Play::scenario() const {
    Scenario out = scenario_;
    std::string picks;
    for (const PlayDecision& d : made_) picks += (picks.empty() ? "" : "/") + std::to_string(kernel_.tasks[d.chosen].pid);
    if (!picks.empty()) out.machine.scheduler_options.emplace_back("picks", picks);
    return out;
}

BestPlay best_play(const Scenario& scenario, const PlayOptions& options, std::uint64_t most_steps) {
    BootError error;
    const Scenario hand = by_hand(scenario, options);
    const auto kernel = Kernel::boot(hand, error);
    if (!kernel) return {};
    Search search(most_steps);
    search.try_all(*kernel, 0);
    search.best.is_proven = search.best.found && !search.is_cut();
    return search.best;
}

}  // namespace sy
