#include "sim/session/stepper.h"

#include <algorithm>
#include <map>

#include "sim/kernel/events.h"
#include "sim/program/insn.h"

namespace sy {
namespace {

constexpr std::uint64_t kFirstWindow = 4'096;   // steps; searches backwards look through ever larger ones

// --- one thread's boundaries: the moments at which it is in user mode with an instruction just behind it ---

struct Boundary {
    std::uint64_t position = 0;
    std::int64_t depth = 0;       // calls entered and not left since the walk began
    std::int32_t line = 0;
    std::uint32_t op = 0;
    bool is_asm = false;
};

class ThreadWalk {
  public:
    ThreadWalk(Kernel k, TaskId task) : k_(std::move(k)), task_(task) {
        if (!is_there()) return;
        known_ = true;
        const auto rip = k_.user_reg(task_, PtReg::rip);
        const auto rsp = k_.user_reg(task_, PtReg::rsp);
        rip_ = rip.value_or(0);
        rsp_ = rsp.value_or(0);
        for (const Cpu& c : k_.cpus)
            if (c.current_task == task_ && c.regs.user()) in_user_ = true;
        const bool called = static_cast<std::int64_t>(k_.user_reg(task_, PtReg::orig_rax).value_or(~std::uint64_t{0})) >= 0;
        returns_ = !in_user_ && called;   // back from the system call is behind an instruction
        look();
    }

    const Kernel& machine() const { return k_; }
    const Boundary& here() const { return here_; }

    // One step of the machine. `at_boundary`: `here` is where the thread stands now. False: the run is over.
    bool step(bool& at_boundary) {
        at_boundary = false;
        if (!k_.step(nullptr, &report_)) return false;
        if (!is_there()) return !known_ || !gone();
        if (!known_) {   // it has come into being
            known_ = true;
            rip_ = k_.user_reg(task_, PtReg::rip).value_or(0);
            rsp_ = k_.user_reg(task_, PtReg::rsp).value_or(0);
            returns_ = true;
        }
        const Cpu& cpu = k_.cpus[report_.cpu];
        if (report_.kind == StepReport::Kind::outside || cpu.current_task != task_) return true;
        const bool was_user = in_user_;
        in_user_ = cpu.regs.user();
        if (!in_user_) {
            if (was_user && report_.kind == StepReport::Kind::user) left_by_itself();
            return true;
        }
        const bool executed = was_user && report_.kind == StepReport::Kind::user;
        if (cpu.regs.rip == rip_ && !executed && !(returns_ && !was_user)) return true;
        count_depth(was_user, cpu.regs);
        rip_ = cpu.regs.rip;
        rsp_ = cpu.regs[Reg::rsp];
        returns_ = false;
        look();
        at_boundary = true;
        return true;
    }

  private:
    bool is_there() const { return task_ < k_.tasks.size() && k_.tasks[task_].is_live && k_.tasks[task_].mm != kNoMm; }
    bool gone() const { return task_ < k_.tasks.size() && !k_.tasks[task_].is_live; }
    const Program& program() const { return k_.program_of(k_.tasks[task_]); }
    // A system call, or a fault that will try the instruction again.
    void left_by_itself() {
        const std::uint64_t saved = k_.user_reg(task_, PtReg::rip).value_or(rip_);
        const Insn* in = program().insn_at(rip_);
        if (in != nullptr ? in->op == Mnemonic::syscall : saved != rip_) returns_ = true;
        entered_behind_ = in != nullptr ? in->end() : program().address(program().op_at(rip_) + 1);
    }
    void count_depth(bool was_user, const Regs& now) {
        const Insn* in = program().insn_at(rip_);
        if (was_user) {
            if (in != nullptr && in->op == Mnemonic::call && now.rip != in->end()) ++here_.depth;
            if (in != nullptr && in->op == Mnemonic::ret) --here_.depth;
            return;
        }
        // Out of the kernel to somewhere else: into a signal handler, or back from one.
        if (now.rip == rip_ || (returns_ && now.rip == entered_behind_)) return;
        here_.depth += now[Reg::rsp] < rsp_ ? 1 : now[Reg::rsp] > rsp_ ? -1 : 0;
    }
    void look() {
        here_.position = k_.steps();
        const Program& p = program();
        here_.op = p.op_at(rip_);
        const Insn* in = p.insn_at(rip_);
        here_.is_asm = in != nullptr;
        here_.line = in != nullptr ? in->pos.line : here_.op < p.ops.size() ? p.ops[here_.op].pos.line : 0;
    }

    Kernel k_;
    TaskId task_;
    StepReport report_;
    Boundary here_;
    std::uint64_t rip_ = 0, rsp_ = 0, entered_behind_ = 0;
    bool known_ = false, in_user_ = false, returns_ = false;
};

// Is `b` where a step `how` from `from` ends? `from` is the earlier one.
bool ends_there(ThreadStep how, const Boundary& from, const Boundary& b) {
    switch (how) {
        case ThreadStep::insn: return true;
        case ThreadStep::out: return b.depth < from.depth;
        case ThreadStep::over: break;
    }
    if (b.depth > from.depth) return false;
    return from.is_asm || b.is_asm || b.line != from.line || b.op <= from.op || b.depth < from.depth;
}

std::optional<std::uint64_t> last_before(const std::vector<Boundary>& all, const Boundary& end, ThreadStep how) {
    for (std::size_t i = all.size(); i-- > 0;) {
        const Boundary& b = all[i];
        if (how == ThreadStep::insn) return b.position;
        if (how == ThreadStep::out) {
            if (b.depth < end.depth) return b.position;
            continue;
        }
        if (b.depth > end.depth || (!b.is_asm && !end.is_asm && b.line == end.line && b.op < end.op)) continue;
        // The first operation of that statement.
        while (!b.is_asm && i > 0 && !all[i - 1].is_asm && all[i - 1].line == b.line && all[i - 1].op < all[i].op &&
               all[i - 1].depth == b.depth)
            --i;
        return all[i].position;
    }
    return std::nullopt;
}

// --- breakpoints ---

class BreakWalk {
  public:
    BreakWalk(Kernel k, const std::vector<BreakpointDecl>& stops) : k_(std::move(k)), stops_(stops) {
        const auto& programs = k_.image().programs;
        for (std::size_t i = 0; i < stops.size(); ++i) {
            for (std::uint32_t p = 0; p < programs.size(); ++p)
                for (const std::uint64_t address : break_addresses(programs[p], stops[i])) places_[{p, address}].push_back(i);
            watches_ = watches_ || stops[i].kind == BreakpointDecl::Kind::write;
        }
    }

    const Kernel& machine() const { return k_; }

    // One step. `hit` gets what it met. False: the run is over.
    bool step(std::optional<BreakHit>& hit) {
        hit.reset();
        const std::uint64_t before = k_.steps();
        std::optional<BreakHit> place = at_place();
        const CpuId drained = drains();
        const TaskId maker = drained == kNoCpu ? kNoTask : k_.cpus[drained].stores.front().task;
        if (!k_.step(nullptr, &report_)) return false;
        if (place && report_.kind == StepReport::Kind::user && k_.cpus[report_.cpu].id == report_.cpu) {
            const TaskId task = place->task;
            const std::uint64_t rip = rip_;
            const bool faulted = !k_.cpus[report_.cpu].regs.user() && k_.user_reg(task, PtReg::rip).value_or(0) == rip;
            const auto again = faulted_.find(task);
            const bool is_again = again != faulted_.end() && again->second == rip;   // the same instruction, tried once more
            if (faulted)
                faulted_[task] = rip;
            else
                faulted_.erase(task);
            if (!is_again) {
                place->position = before;
                hit = place;
            }
        }
        if (!hit && watches_) written(hit, maker);
        return true;
    }

  private:
    // The thread that is about to execute a place with a breakpoint.
    std::optional<BreakHit> at_place() {
        if (places_.empty() || k_.end() != End::running) return {};
        const CpuId c = k_.next_cpu();
        if (c == kNoCpu || !k_.cpus[c].regs.user()) return {};
        const TaskId task = k_.cpus[c].current_task;
        rip_ = k_.cpus[c].regs.rip;
        const auto it = places_.find({k_.tasks[task].program, rip_});
        if (it == places_.end()) return {};
        for (const std::size_t i : it->second)
            if (fits(stops_[i], task, &k_.cpus[c].regs)) return BreakHit{0, task, i};
        return {};
    }
    CpuId drains() const {
        if (!watches_ || k_.end() != End::running || k_.next_cpu() != kNoCpu) return kNoCpu;
        const Nanos at = k_.next_event();
        for (const Cpu& c : k_.cpus)
            if (!c.stores.empty() && c.stores.front().due <= at) return c.id;
        return kNoCpu;
    }
    bool fits(const BreakpointDecl& stop, TaskId task, const Regs* regs) const {
        if (!stop.task.empty() && !task_matches(k_, task, stop.task)) return false;
        if (stop.left.empty()) return true;
        Operand reg;
        std::int64_t value = 0;
        if (find_register(stop.left, reg)) {
            if (regs != nullptr)
                value = static_cast<std::int64_t>((*regs)[reg.reg]);
        } else if (const Variable* v = k_.program_of(k_.tasks[task]).shared_variable(stop.left); v != nullptr) {
            value = static_cast<std::int64_t>(k_.read_user(k_.tasks[task].mm, v->address));
        } else {
            return false;
        }
        if (stop.op == "==") return value == stop.right;
        if (stop.op == "!=") return value != stop.right;
        if (stop.op == "<") return value < stop.right;
        if (stop.op == "<=") return value <= stop.right;
        return stop.op == ">" ? value > stop.right : value >= stop.right;
    }
    void written(std::optional<BreakHit>& hit, TaskId maker) {
        for (const Move& m : report_.moves) {
            if (m.to.kind != Place::Kind::user_word) continue;
            TaskId task = report_.kind == StepReport::Kind::outside ? maker : report_.task;
            if (task == kNoTask || task >= k_.tasks.size() || k_.tasks[task].mm != m.to.owner) task = somebody_of(m.to.owner);
            if (task == kNoTask) continue;
            for (std::size_t i = 0; i < stops_.size(); ++i) {
                if (stops_[i].kind != BreakpointDecl::Kind::write) continue;
                const Variable* v = k_.program_of(k_.tasks[task]).shared_variable(stops_[i].place);
                if (v == nullptr || m.to.address < v->address || m.to.address >= v->address + 8 * static_cast<std::uint64_t>(v->count))
                    continue;
                const Regs* regs = nullptr;
                for (const Cpu& c : k_.cpus)
                    if (c.current_task == task && c.regs.user()) regs = &c.regs;
                if (fits(stops_[i], task, regs)) {
                    hit = BreakHit{k_.steps(), task, i};
                    return;
                }
            }
        }
    }
    TaskId somebody_of(MmId mm) const {
        for (TaskId id = 0; id < k_.tasks.size(); ++id)
            if (k_.tasks[id].is_live && k_.tasks[id].mm == mm) return id;
        return kNoTask;
    }

    Kernel k_;
    const std::vector<BreakpointDecl>& stops_;
    std::map<std::pair<std::uint32_t, std::uint64_t>, std::vector<std::size_t>> places_;
    std::map<TaskId, std::uint64_t> faulted_;
    StepReport report_;
    std::uint64_t rip_ = 0;
    bool watches_ = false;
};

}  // namespace

std::vector<std::uint64_t> break_addresses(const Program& p, const BreakpointDecl& stop) {
    std::vector<std::uint64_t> out;
    if (stop.kind != BreakpointDecl::Kind::at) return out;
    if (!stop.place.empty()) {
        for (const auto& [label, address] : p.labels)
            if (label == stop.place) out.push_back(address);
        return out;
    }
    if (stop.line == 0) {
        if (p.insn_at(stop.address) != nullptr || (p.op_at(stop.address) < p.ops.size() && p.address(p.op_at(stop.address)) == stop.address))
            out.push_back(stop.address);
        return out;
    }
    for (std::size_t i = 0; i < p.code.size(); ++i)
        if (p.code[i].pos.line == stop.line && (i == 0 || p.code[i - 1].pos.line != stop.line)) out.push_back(p.code[i].address);
    if (!out.empty()) return out;
    for (std::uint32_t i = 0; i < p.ops.size(); ++i)
        if (p.ops[i].pos.line == stop.line && p.ops[i].kind != UserOp::Kind::asm_code && (i == 0 || p.ops[i - 1].pos.line != stop.line))
            out.push_back(p.address(i));
    return out;
}

std::optional<std::uint64_t> step_of_thread(Session& session, TaskId task, ThreadStep how, bool back, std::uint64_t reach) {
    const std::uint64_t start = session.position();
    if (!back) {
        ThreadWalk walk(session.now(), task);
        const Boundary from = walk.here();
        bool at_boundary = false;
        while (walk.step(at_boundary)) {
            if (at_boundary && ends_there(how, from, walk.here())) return walk.machine().steps();
            if (walk.machine().steps() - start > reach) break;
        }
        return std::nullopt;
    }
    for (std::uint64_t window = kFirstWindow; start > 0; window *= 4) {
        const std::uint64_t from = window >= start ? 0 : start - window;
        ThreadWalk walk(session.copy_at(from), task);
        std::vector<Boundary> seen;
        bool at_boundary = false;
        while (walk.machine().steps() < start && walk.step(at_boundary))
            if (at_boundary && walk.machine().steps() < start) seen.push_back(walk.here());
        Boundary end = walk.here();
        if (const auto found = last_before(seen, end, how); found) return found;
        if (from == 0 || window > reach) break;
    }
    return std::nullopt;
}

std::optional<BreakHit> find_break(Session& session, const std::vector<BreakpointDecl>& stops, bool back, std::uint64_t reach) {
    if (stops.empty()) return std::nullopt;
    const std::uint64_t start = session.position();
    std::optional<BreakHit> hit;
    if (!back) {
        BreakWalk walk(session.now(), stops);
        while (walk.step(hit)) {
            if (hit && hit->position > start) return hit;
            if (walk.machine().steps() - start > reach) break;
        }
        return std::nullopt;
    }
    for (std::uint64_t window = kFirstWindow; start > 0; window *= 4) {
        const std::uint64_t from = window >= start ? 0 : start - window;
        BreakWalk walk(session.copy_at(from), stops);
        std::optional<BreakHit> last;
        while (walk.machine().steps() < start && walk.step(hit))
            if (hit && hit->position < start) last = hit;
        if (last) return last;
        if (from == 0 || window > reach) break;
    }
    return std::nullopt;
}

}  // namespace sy
