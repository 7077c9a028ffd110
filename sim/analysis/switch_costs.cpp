#include "sim/analysis/switch_costs.h"

#include <algorithm>
#include <map>
#include <utility>

#include "sim/kernel/coroutines.h"
#include "sim/kernel/text.h"
#include "sim/trace/record.h"
#include "sim/trace/step_report.h"

namespace sy {

namespace {

bool is_memory(const Place& p) {
    return p.kind == Place::Kind::word || p.kind == Place::Kind::user_word || p.kind == Place::Kind::task ||
           p.kind == Place::Kind::per_cpu;
}
bool is_register(const Place& p) { return p.kind >= Place::Kind::reg && p.kind <= Place::Kind::fpu; }

// What one CPU has in hand: a switch between tasks, a system call.
struct Hand {
    SwitchCost task, call;
    bool in_task = false, in_call = false, call_is_clean = false;
    TaskId from = kNoTask, to = kNoTask;
};

class Measurer {
  public:
    Measurer(Kernel&& start, const SwitchCostOptions& options)
        : k_(std::move(start)), options_(options), hands_(k_.cpus.size()) {}

    SwitchCosts run() {
        StepReport report;
        while (out_.steps < options_.steps && !enough()) {
            report.moves.clear();
            log_.clear();
            if (!k_.step(&log_, &report)) {
                out_.complete = true;
                break;
            }
            ++out_.steps;
            if (report.kind != StepReport::Kind::outside) look(hands_[report.cpu], report);
        }
        return std::move(out_);
    }

  private:
    bool enough() const {
        if (options_.times == ~std::uint64_t{0}) return false;
        return std::all_of(out_.kinds.begin(), out_.kinds.end(), [&](const SwitchCost& c) { return c.times >= options_.times; });
    }

    void look(Hand& h, const StepReport& r) {
        if (r.kind == StepReport::Kind::user) return user(h, r);
        if (r.kind == StepReport::Kind::burst || r.kind == StepReport::Kind::idle) {
            end_task_switch(h);
            end_call(h);
            return;
        }
        if (r.kind == StepReport::Kind::interrupt) {
            end_task_switch(h);
            h.call_is_clean = false;
            return;
        }
        const Phase phase = kernel_text().routine_of(r.step).phase;
        const bool switching = phase == Phase::pick || phase == Phase::mm || phase == Phase::stack;
        if (!switching) end_task_switch(h);
        if (switching) {
            h.call_is_clean = false;
            if (!h.in_task) h.task = {};
            h.in_task = true;
            const std::string name = kernel_text().routine_of(r.step).name;
            add(h.task, r, name);
            for (const Record& rec : log_) {
                if (rec.kind == RecordKind::sched_switch) h.from = rec.task, h.to = rec.a;
                if (rec.kind == RecordKind::tlb_flush) h.task.tlb_flushes += rec.b;
            }
            return;
        }
        if (h.in_call && (phase == Phase::entry || phase == Phase::exit))
            add(h.call, r, kernel_text().routine_of(r.step).name);
    }

    void user(Hand& h, const StepReport& r) {
        end_task_switch(h);
        const UserOp& op = k_.image().programs[r.program].ops[r.step];
        if (h.in_call) end_call(h);
        if (op.kind == UserOp::Kind::syscall) {
            h.call = {};
            h.in_call = h.call_is_clean = true;
            add(h.call, r, "SYSCALL");
            return;
        }
        // An interrupt, and with it other tasks, may come between its operations.
        const bool begins = op.kind == UserOp::Kind::co_save;
        if (begins) coroutines_[r.task] = {};
        const auto at = coroutines_.find(r.task);
        if (at == coroutines_.end()) return;
        SwitchCost& coroutine = at->second;
        const bool ends = op.kind == UserOp::Kind::co_restore;
        if (!begins && !ends && op.kind != UserOp::Kind::co_swap) {   // the stack went elsewhere: a page fault, a signal
            coroutines_.erase(at);
            return;
        }
        add(coroutine, r, begins ? "co_save" : ends ? "co_restore" : "co_swap");
        for (const Record& rec : log_) {
            if (rec.kind != RecordKind::co_switch) continue;
            const std::uint64_t bytes = std::uint64_t{rec.c} + rec.d;
            coroutine.copied += bytes;
            const std::uint64_t shown = (rec.c != 0 ? 1u : 0u) + (rec.d != 0 ? 1u : 0u);   // moves that stand for them
            coroutine.words += bytes / 8 - shown;
        }
        if (!ends) return;
        finish(SwitchKind::coroutine, coroutine);
        coroutines_.erase(at);
    }

    static void add(SwitchCost& c, const StepReport& r, const std::string& name) {
        ++c.steps;
        c.time += r.end - r.at;
        for (const Move& m : r.moves) {
            if (m.to.kind == Place::Kind::none) continue;
            if (m.to.kind == Place::Kind::rip && m.from.kind == Place::Kind::none) continue;   // the next instruction
            ++c.words;
            if (is_register(m.from) && is_memory(m.to)) ++c.stored;
            if (is_memory(m.from) && is_register(m.to)) ++c.loaded;
            if (m.to.kind == Place::Kind::cr3) ++c.cr3;
        }
        part(c, name, 1, r.end - r.at);
    }
    static void part(SwitchCost& c, const std::string& name, std::uint64_t steps, Nanos time) {
        auto at = std::find_if(c.parts.begin(), c.parts.end(), [&](const SwitchPart& p) { return p.name == name; });
        if (at == c.parts.end()) at = c.parts.insert(c.parts.end(), {name, 0, 0});
        at->steps += steps;
        at->time += time;
    }

    void finish(SwitchKind kind, const SwitchCost& one) {
        SwitchCost& sum = out_.kinds[static_cast<std::size_t>(kind)];
        ++sum.times;
        sum.steps += one.steps;
        sum.time += one.time;
        sum.stored += one.stored;
        sum.loaded += one.loaded;
        sum.words += one.words;
        sum.copied += one.copied;
        sum.cr3 += one.cr3;
        sum.tlb_flushes += one.tlb_flushes;
        for (const SwitchPart& p : one.parts) part(sum, p.name, p.steps, p.time);
    }

    void end_task_switch(Hand& h) {
        if (!h.in_task) return;
        h.in_task = false;
        const TaskId from = h.from, to = h.to;
        h.from = h.to = kNoTask;
        if (from == kNoTask || to == kNoTask) return;   // it chose the same task again
        const Task& a = k_.tasks[from];
        const Task& b = k_.tasks[to];
        if (a.is_kthread() || b.is_kthread()) return;
        finish(a.tgid == b.tgid ? SwitchKind::thread : SwitchKind::process, h.task);
    }
    void end_call(Hand& h) {
        if (h.in_call && h.call_is_clean) finish(SwitchKind::mode, h.call);
        h.in_call = false;
    }

    Kernel k_;
    SwitchCostOptions options_;
    std::vector<Hand> hands_;
    std::map<TaskId, SwitchCost> coroutines_;   // between their first and last operation
    Log log_;
    SwitchCosts out_;
};

}  // namespace

const char* switch_kind_word(SwitchKind kind) {
    static constexpr const char* kWords[] = {"coroutine", "mode", "thread", "process"};
    return kWords[static_cast<std::size_t>(kind)];
}

SwitchCosts measure_switches(const Scenario& scenario, const SwitchCostOptions& options) {
    Scenario traced = scenario;   // what happens does not depend on who watches
    traced.machine.trace = MachineDecl::Trace::all;
    BootError error;
    std::optional<Kernel> k = Kernel::boot(traced, error);
    return k ? Measurer(std::move(*k), options).run() : SwitchCosts{};
}

}  // namespace sy
