// From a task to its lines.
#include "gui/model/task_source.h"

#include <vector>

namespace sy::gui {
namespace {

void collect_runs(const std::vector<Stmt>& body, std::vector<const Stmt*>& out) {
    for (const Stmt& s : body) {
        if (s.kind == Stmt::Kind::run) out.push_back(&s);
        collect_runs(s.body, out);
    }
}

bool is_behind(SourcePos a, SourcePos b) { return a.line > b.line || (a.line == b.line && a.column > b.column); }

}  // namespace

bool find_decl(const Kernel& kernel, TaskId task, std::size_t& process, int& thread) {
    if (task >= kernel.tasks.size()) return false;
    const Task& t = kernel.tasks[task];
    const Scenario& s = kernel.image().scenario;
    if (t.is_kthread() && !t.runs_program) return false;
    if (t.program >= s.processes.size()) return false;
    process = t.program;
    thread = -1;
    if (t.pid == t.tgid) return true;
    const std::vector<ThreadDecl>& threads = s.processes[process].threads;
    for (std::size_t i = 0; i < threads.size(); ++i)
        if (threads[i].name == t.name()) thread = static_cast<int>(i);
    return true;
}

const Stmt* burst_at(const Kernel& now, TaskId task, const Scenario& scenario, std::size_t process, int thread) {
    if (process >= scenario.processes.size() || task >= now.tasks.size()) return nullptr;
    const ProcessDecl& decl = scenario.processes[process];
    std::vector<const Stmt*> runs;
    collect_runs(thread < 0 ? decl.body : decl.threads[static_cast<std::size_t>(thread)].body, runs);
    if (runs.empty()) return nullptr;
    for (const Cpu& cpu : now.cpus) {
        if (cpu.curr != task) continue;
        const Program& program = now.program_of(now.tasks[task]);
        const std::uint32_t op = program.op_at(cpu.regs.rip);
        if (op >= program.ops.size()) continue;
        const Stmt* best = nullptr;
        for (const Stmt* s : runs)
            if (!is_behind(s->pos, program.ops[op].pos) && (best == nullptr || is_behind(s->pos, best->pos))) best = s;
        if (best != nullptr) return best;
    }
    return runs.front();
}

}  // namespace sy::gui
