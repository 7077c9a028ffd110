#include "sim/analysis/race_detector.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "sim/analysis/fasttrack.h"
#include "sim/analysis/word_table.h"
#include "sim/base/assert.h"
#include "sim/kernel/broken.h"
#include "sim/kernel/routines.h"
#include "sim/kernel/text.h"

namespace sy {

namespace {

constexpr std::size_t kMostFrames = 64;   // of a call stack that a report shows

// What is kept of a word: races are looked for in `cells` (bytes that are always accessed together), or its accesses
// order threads by way of `clock`.
struct WordState {
    WordKey key = 0;
    MmId mm = kNoMm;
    std::uint32_t program = 0;
    bool is_sync = false;
    SyncWord::Why why = SyncWord::Why::declared;
    VectorClock clock;
    std::vector<VariableState> cells;
};

struct ThreadState {
    TaskId task = kNoTask;
    std::vector<std::uint32_t> calls;        // RIP of each call that has not returned, outermost first
    std::vector<std::string> locks;
    std::uint64_t nr = ~std::uint64_t{0}, arg[3] = {0, 0, 0};   // the system call under way
    WordKey tid_word = 0;
    bool has_tid_word = false;
    bool left = false;                       // has said goodbye
};

// What several accesses of one thread have in common.
struct AccessContext {
    std::uint32_t program = 0;
    CpuId cpu = 0;
    std::vector<std::uint32_t> calls;
    std::vector<std::string> locks;

    auto operator<=>(const AccessContext&) const = default;
};

// A store of `memory tso` to a word for synchronisation: others learn what its thread knew when it leaves the buffer.
struct WaitingStore {
    CpuId cpu = 0;
    std::uint64_t number = 0;
    WordKey key = 0;
    VectorClock clock;
};

bool in_interrupt(const Record& r) { return (r.flags & (record_flag::hardirq | record_flag::softirq)) != 0; }

}  // namespace

struct RaceDetector::Impl {
    Scenario scenario;
    RaceOptions options;
    std::optional<Kernel> kernel;
    bool only_looks = true;                  // first run: which words are for synchronisation?
    bool over = false;
    RaceReport report;
    Log log;

    WordTable words;
    std::vector<WordState> states;
    std::map<std::uint64_t, VectorClock> objects;   // of verbs, by the key of their first word; pipes; exits; signals
    HappensBefore order;
    std::vector<ThreadState> threads;
    std::vector<ThreadNo> thread_of_task;
    struct Spins {
        std::vector<bool> reads;             // by instruction
        std::vector<std::uint64_t> words;    // that they name outright, in order
        bool known = false;
    };
    std::vector<Spins> spins;                // by program
    std::vector<WaitingStore> waiting;
    std::map<AccessContext, std::uint32_t> context_numbers;
    std::vector<const AccessContext*> contexts;
    std::map<std::tuple<std::string, std::uint64_t, std::uint64_t>, std::size_t> known;   // process, two places

    // Keys of what is no word of memory.
    enum class Other : std::uint64_t { pipe = 1, exit = 2, signal = 3, readers = 4 };
    static std::uint64_t other(Other kind, std::uint64_t id) { return ~std::uint64_t{0} - (static_cast<std::uint64_t>(kind) << 40) - id; }
    static std::uint64_t readers_of(WordKey key) { return key ^ (std::uint64_t{1} << 62); }

    void boot() {
        BootError error;
        kernel = Kernel::boot(scenario, error);
        SY_ASSERT(kernel.has_value(), "the detector's scenario boots");
        order = {};
        threads.clear();
        thread_of_task.clear();
        objects.clear();
        waiting.clear();
        log.clear();
    }

    // --- words ---

    WordState* state_of(MmId mm, std::uint64_t address) {
        const WordKey key = word_key(*kernel, mm, address);
        const std::uint32_t at = words.find(key);
        if (at != WordTable::kAbsent) return &states[at];
        if (states.size() >= kMostWords) {
            report.words_left_out = true;
            return nullptr;
        }
        words.insert(key);
        WordState& s = states.emplace_back();
        s.key = key;
        s.mm = mm;
        s.program = kernel->mms[mm].program;
        return &s;
    }
    void make_sync(MmId mm, std::uint64_t address, SyncWord::Why why) {
        WordState* s = state_of(mm, address);
        if (s == nullptr || s->is_sync) return;
        s->is_sync = true;
        s->why = why;
        const std::uint32_t program = kernel->mms[mm].program;
        const Program& p = kernel->image().programs[program];
        if (p.variable_at(address) != nullptr && p.variable_at(address)->kind != Variable::Kind::shared) return;
        report.sync_words.push_back({why, p.comm, name_of_word(*kernel, p, mm, address)});
    }
    const Spins& spins_of(const PendingOp& op) {
        const auto program = static_cast<std::size_t>(op.program - kernel->image().programs.data());
        if (spins.size() <= program) spins.resize(kernel->image().programs.size());
        Spins& s = spins[program];
        if (s.known) return s;
        s.known = true;
        s.reads = spin_reads(*op.program);
        for (std::size_t i = 0; i < s.reads.size(); ++i)
            for (const Operand& o : op.program->code[i].arg)
                if (s.reads[i] && o.is_mem() && o.base < 0 && o.index < 0) s.words.push_back(static_cast<std::uint64_t>(o.value) & ~std::uint64_t{7});
        std::sort(s.words.begin(), s.words.end());
        return s;
    }
    // The first run: which words does this operation show to be for synchronisation?
    void look(const PendingOp& op) {
        if (op.insn == nullptr) return;
        const Spins& s = spins_of(op);
        const bool spins_here = !options.strict && s.reads[static_cast<std::size_t>(op.insn - op.program->code.data())];
        for (std::size_t i = 0; i < op.accesses; ++i) {
            const WordAccess& a = op.access[i];
            if (op.locked) make_sync(op.mm, a.address, SyncWord::Why::locked);
            const Variable* v = op.program->variable_at(a.address);
            if (v != nullptr && v->atomic) make_sync(op.mm, a.address, SyncWord::Why::declared);
            const bool is_spun_on = !options.strict && std::binary_search(s.words.begin(), s.words.end(), a.address);
            if ((spins_here && a.read) || is_spun_on) make_sync(op.mm, a.address, SyncWord::Why::spin);
        }
    }

    // --- threads ---

    ThreadNo thread(TaskId task) {
        if (task >= thread_of_task.size()) thread_of_task.resize(task + std::size_t{1}, kNobody);
        if (thread_of_task[task] == kNobody) begin(task, kNobody);
        return thread_of_task[task];
    }
    ThreadNo begin(TaskId task, ThreadNo parent) {
        if (task >= thread_of_task.size()) thread_of_task.resize(task + std::size_t{1}, kNobody);
        const ThreadNo t = order.new_thread(parent);
        threads.emplace_back().task = task;
        thread_of_task[task] = t;
        return t;
    }
    void give(ThreadNo t, std::uint64_t object) { objects[object].join(order.publish(t)); }
    void take(ThreadNo t, std::uint64_t object) {
        if (const auto it = objects.find(object); it != objects.end()) order.acquire(t, it->second);
    }
    // What it has done is known to whoever learns of its end.
    void leave(ThreadNo t) {
        ThreadState& s = threads[t];
        if (s.left) return;
        s.left = true;
        const Task& task = kernel->tasks[s.task];
        give(t, other(Other::exit, static_cast<std::uint64_t>(task.tgid)));
        if (task.pid != task.tgid) give(t, other(Other::exit, static_cast<std::uint64_t>(task.pid)));
        if (s.has_tid_word) give(t, s.tid_word);
    }

    // --- operations of programs ---

    bool was_done(const PendingOp& op, TaskId task, const Cpu& cpu) const {
        if (op.burst) return false;
        if (cpu.regs.user()) return cpu.current_task == task;
        return op.syscall && cpu.pc == kernel_text().entry(routines::entry_syscall_64);
    }

    std::uint32_t context(ThreadNo t, const PendingOp& op, CpuId cpu) {
        const ThreadState& s = threads[t];
        AccessContext c;
        c.program = static_cast<std::uint32_t>(op.program - kernel->image().programs.data());
        c.cpu = cpu;
        const std::size_t from = s.calls.size() > kMostFrames ? s.calls.size() - kMostFrames : 0;
        c.calls.assign(s.calls.begin() + static_cast<std::ptrdiff_t>(from), s.calls.end());
        c.locks = s.locks;
        const auto [it, is_new] = context_numbers.emplace(std::move(c), static_cast<std::uint32_t>(contexts.size()));
        if (is_new) contexts.push_back(&it->first);
        return it->second;
    }

    void observe(const PendingOp& op, TaskId task, const Cpu& cpu, std::uint64_t step, Nanos at, std::uint64_t stores) {
        const ThreadNo t = thread(task);
        ThreadState& s = threads[t];
        if (!s.has_tid_word && kernel->tasks[task].clear_child_tid != 0) {
            s.has_tid_word = true;
            s.tid_word = word_key(*kernel, op.mm, kernel->tasks[task].clear_child_tid);
        }
        if (op.sync != SyncStep::none) return synchronise(op, t, cpu);
        std::uint32_t in_context = 0;
        bool has_context = false;
        for (std::size_t i = 0; i < op.accesses; ++i) {
            const WordAccess& a = op.access[i];
            WordState* w = state_of(op.mm, a.address);
            if (a.write) ++stores;
            if (w == nullptr) continue;
            if (w->is_sync) {
                sync_access(*w, a, op, t, cpu, stores);
                continue;
            }
            if (!has_context) in_context = context(t, op, cpu.id);
            has_context = true;
            ++report.accesses;
            AccessNote note{.is_write = a.write, .where = static_cast<std::uint32_t>(op.rip), .context = in_context, .at = at, .number = step};
            data_access(*w, a.bytes, note, t, op);
        }
        if (op.insn == nullptr) return;
        if (op.insn->op == Mnemonic::call && s.calls.size() < 100'000) s.calls.push_back(static_cast<std::uint32_t>(op.rip));
        if (op.insn->op == Mnemonic::ret && !s.calls.empty()) s.calls.pop_back();
    }

    void sync_access(WordState& w, const WordAccess& a, const PendingOp& op, ThreadNo t, const Cpu& cpu, std::uint64_t store) {
        if (a.read && std::none_of(cpu.stores.begin(), cpu.stores.end(), [&](const BufferedStore& b) {
                return b.mm == op.mm && b.address == a.address && b.number < store;
            }))
            order.acquire(t, w.clock);
        if (!a.write) return;
        const bool waits = !cpu.stores.empty() && cpu.stores.back().number >= store && !op.drains;
        if (waits)
            waiting.push_back({cpu.id, store, w.key, order.publish(t)});
        else
            w.clock = order.publish(t);
    }

    // The cells that these bytes belong to; one that holds others as well is divided.
    void data_access(WordState& w, std::uint8_t bytes, const AccessNote& note, ThreadNo t, const PendingOp& op) {
        if (w.cells.empty()) w.cells.emplace_back();
        for (std::size_t i = 0; i < w.cells.size(); ++i) {
            const auto common = static_cast<std::uint8_t>(w.cells[i].bytes & bytes);
            if (common == 0) continue;
            if (common != w.cells[i].bytes) {
                VariableState rest = w.cells[i];
                rest.bytes = static_cast<std::uint8_t>(rest.bytes & ~common);
                w.cells[i].bytes = common;
                w.cells.push_back(std::move(rest));
            }
            order.access(w.cells[i], note, t, [&](const AccessNote& before, const AccessNote& now) { found(w, before, now, op); });
        }
    }

    void synchronise(const PendingOp& op, ThreadNo t, const Cpu& cpu) {
        const WordKey object = word_key(*kernel, op.mm, op.object);
        const bool jumped = cpu.regs.rip == op.program->address(op.op->target);
        const bool passed = op.op->kind == UserOp::Kind::cond_again ? !jumped : jumped;
        const Variable* v = op.program->variable_at(op.object);
        const bool is_lock = v != nullptr && (v->kind == Variable::Kind::mutex || v->kind == Variable::Kind::pi_mutex ||
                                              v->kind == Variable::Kind::rwlock);
        std::vector<std::string>& locks = threads[t].locks;
        const auto hold = [&] {
            if (is_lock) locks.push_back(v->name);
        };
        const auto drop = [&] {
            if (const auto it = is_lock ? std::find(locks.begin(), locks.end(), v->name) : locks.end(); it != locks.end()) locks.erase(it);
        };
        switch (op.sync) {
            case SyncStep::take:
                if (!passed) return;
                take(t, object);
                if (v != nullptr && v->kind == Variable::Kind::rwlock) take(t, readers_of(object));
                return hold();
            case SyncStep::take_shared:
                if (!passed) return;
                take(t, object);
                return hold();
            case SyncStep::give: drop(); return give(t, object);
            case SyncStep::give_any: {   // a writer tells everybody, a reader only the next writer
                const bool was_writer = kernel->cpus[cpu.id].regs[Reg::rdx] == kRwWriter;
                drop();
                return give(t, was_writer ? object : readers_of(object));
            }
            case SyncStep::meet:
                take(t, object);
                return give(t, object);
            case SyncStep::pass:
                if (passed) take(t, object);
                return;
            default: return;
        }
    }

    // Stores that have left their buffer since: in their order.
    void publish_drained() {
        for (std::size_t i = 0; i < waiting.size();) {
            const auto& stores = kernel->cpus[waiting[i].cpu].stores;
            if (!stores.empty() && stores.front().number <= waiting[i].number) {
                ++i;
                continue;
            }
            if (const std::uint32_t at = words.find(waiting[i].key); at != WordTable::kAbsent) states[at].clock = std::move(waiting[i].clock);
            waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(i));
        }
    }

    // --- records ---

    bool is_pipe(std::uint64_t fd, std::uint64_t& pipe) const {
        const std::size_t pipes = kernel->pipes.size();
        for (pipe = 0; pipe < pipes; ++pipe)
            if (fd == static_cast<std::uint64_t>(kFirstFd) + pipe || fd == static_cast<std::uint64_t>(write_end_fd(kernel->image().scenario, pipe)))
                return true;
        return false;
    }
    void entered(ThreadNo t) {
        const ThreadState& s = threads[t];
        std::uint64_t pipe = 0;
        if (s.nr == nr::exit || s.nr == nr::exit_group) leave(t);
        if (s.nr == nr::write && is_pipe(s.arg[0], pipe)) give(t, other(Other::pipe, pipe));
        if (s.nr == nr::futex && s.arg[1] == kFutexUnlockPi) give(t, word_key(*kernel, kernel->tasks[s.task].mm, s.arg[0]));
    }
    void returned(ThreadNo t, std::int64_t result) {
        ThreadState& s = threads[t];
        const MmId mm = kernel->tasks[s.task].mm;
        std::uint64_t pipe = 0;
        if (s.nr == nr::read && result > 0 && is_pipe(s.arg[0], pipe)) take(t, other(Other::pipe, pipe));
        if ((s.nr == nr::wait4 || s.nr == nr::waitid) && result >= 0) {
            if (result > 0) take(t, other(Other::exit, static_cast<std::uint64_t>(result)));
            if (s.nr == nr::waitid) take(t, other(Other::exit, s.arg[1]));
        }
        if (s.nr == nr::futex && mm != kNoMm) {
            if (s.arg[1] == kFutexLockPi && result == 0) take(t, word_key(*kernel, mm, s.arg[0]));
            const std::uint32_t at = words.find(word_key(*kernel, mm, s.arg[0] & ~std::uint64_t{7}));
            if (at != WordTable::kAbsent && states[at].is_sync) order.acquire(t, states[at].clock);
        }
        if (s.nr == nr::munmap && result == 0 && mm != kNoMm) forget(mm, s.arg[0], s.arg[1]);
        s.nr = ~std::uint64_t{0};
    }
    // Unmapped: what is mapped there next is other memory.
    void forget(MmId mm, std::uint64_t from, std::uint64_t bytes) {
        const WordKey low = word_key(*kernel, mm, from), high = low + (bytes >> 3);
        for (WordState& w : states)
            if (w.key >= low && w.key < high) w.cells.clear();
    }

    void observe(const Record& r) {
        switch (r.kind) {
            case RecordKind::sys_enter: {
                if (r.task == kNoTask) return;
                ThreadState& s = threads[thread(r.task)];
                s.nr = r.a;
                s.arg[0] = wide(r.c, r.d);
                s.arg[1] = s.arg[2] = 0;
                break;
            }
            case RecordKind::sys_args: {
                if (r.task == kNoTask) return;
                ThreadState& s = threads[thread(r.task)];
                s.arg[1] = wide(r.a, r.b);
                s.arg[2] = wide(r.c, r.d);
                break;
            }
            case RecordKind::sys_exit:
                if (r.task != kNoTask) returned(thread(r.task), static_cast<std::int64_t>(wide(r.c, r.d)));
                break;
            case RecordKind::sched_waking:   // an interrupt wakes for somebody else than whom it came upon
                if (r.task != kNoTask && !in_interrupt(r) && r.a != r.task) {
                    const VectorClock told = order.publish(thread(r.task));
                    order.acquire(thread(r.a), told);
                }
                break;
            case RecordKind::sched_process_fork: begin(r.a, r.task == kNoTask ? kNobody : thread(r.task)); break;
            case RecordKind::task_arrival: begin(r.a, kNobody); break;
            case RecordKind::sched_process_exit: leave(thread(r.a)); break;
            case RecordKind::signal_generate:
                if (r.task != kNoTask && !in_interrupt(r)) give(thread(r.task), other(Other::signal, kernel->tasks[r.a].group_leader));
                break;
            case RecordKind::signal_deliver:
                take(thread(r.a), other(Other::signal, kernel->tasks[r.a].group_leader));
                if (r.d == 0) leave(thread(r.a));
                break;
            default: break;
        }
    }
    // sys_args comes right behind sys_enter, in the same step.
    void observe_records() {
        TaskId entering = kNoTask;
        for (const Record& r : log) {
            observe(r);
            if (r.kind == RecordKind::sys_enter) entering = r.task;
        }
        if (entering != kNoTask) entered(thread(entering));
        log.clear();
    }
    void look_at_records() {
        std::uint64_t word = 0;
        bool is_futex = false;
        for (const Record& r : log) {
            if (r.kind == RecordKind::sys_enter) {
                is_futex = r.a == nr::futex && r.task != kNoTask && kernel->tasks[r.task].mm != kNoMm;
                word = wide(r.c, r.d);
            }
            if (r.kind != RecordKind::sys_args || !is_futex) continue;
            const MmId mm = kernel->tasks[r.task].mm;
            if ((word & 7) == 0 && word < paging::user_end) make_sync(mm, word, SyncWord::Why::futex);
        }
        log.clear();
    }

    // --- the run ---

    bool step() {
        const CpuId c = kernel->next_cpu();
        PendingOp op;
        TaskId task = kNoTask;
        if (c != kNoCpu && kernel->cpus[c].regs.user()) {
            task = kernel->cpus[c].current_task;
            op = pending_on(*kernel, kernel->cpus[c]);
        }
        const std::uint64_t stores = kernel->stores_made, number = kernel->steps();
        const Nanos at = c == kNoCpu ? 0 : kernel->cpus[c].clock;
        if (!kernel->step(&log, nullptr)) return false;
        const bool done = op.exists() && was_done(op, task, kernel->cpus[c]);
        if (only_looks) {
            if (done) look(op);
            look_at_records();
            return true;
        }
        if (!waiting.empty()) publish_drained();
        if (done) observe(op, task, kernel->cpus[c], number, at, stores);
        if (log.size() != 0) observe_records();
        return true;
    }

    bool advance(std::uint64_t steps) {
        const BrokenGround ground;
        for (std::uint64_t i = 0; i < steps && !over; ++i) {
            if (kernel->steps() < options.steps && step()) continue;
            if (!only_looks) {
                over = true;
                report.steps = kernel->steps();
                report.words = states.size();
                report.end = kernel->end() == End::running ? End::step_limit : kernel->end();
            } else {
                only_looks = false;
                boot();
            }
        }
        return !over;
    }

    // --- what was found ---

    RaceAccess describe(const AccessNote& n) const {
        RaceAccess out;
        const ThreadState& s = threads[n.thread];
        const AccessContext& c = *contexts[n.context];
        const Program& p = kernel->image().programs[c.program];
        out.task = s.task;
        out.path = path_of_task(*kernel, s.task);
        out.pid = kernel->tasks[s.task].pid;
        out.cpu = c.cpu;
        out.at = n.at;
        out.step = n.number;
        out.is_write = n.is_write;
        out.rip = n.where;
        out.place = describe_place(p, n.where);
        for (std::size_t i = c.calls.size(); i-- > 0;) out.stack.push_back(describe_place(p, c.calls[i]));
        out.locks = c.locks;
        return out;
    }
    void found(const WordState& w, const AccessNote& before, const AccessNote& now, const PendingOp& op) {
        ++report.pairs;
        const auto place = [&](const AccessNote& n) {
            return std::uint64_t{contexts[n.context]->program} << 33 | std::uint64_t{n.where} << 1 | (n.is_write ? 1 : 0);
        };
        const std::uint64_t a = place(before), b = place(now);
        const auto [it, is_new] = known.emplace(std::tuple{op.program->comm, std::min(a, b), std::max(a, b)}, report.races.size());
        if (!is_new) {
            if (it->second < report.races.size()) ++report.races[it->second].times;
            return;
        }
        if (report.races.size() >= kMostRaces) {
            report.races_left_out = true;
            return;
        }
        Race race;
        race.process = op.program->comm;
        race.address = address_of_key(w.key);
        race.variable = name_of_word(*kernel, *op.program, w.mm, race.address);
        race.first = describe(before);
        race.second = describe(now);
        report.races.push_back(std::move(race));
    }
};

RaceDetector::RaceDetector(const Scenario& scenario, const RaceOptions& options) : impl_(std::make_unique<Impl>()) {
    impl_->scenario = scenario;
    impl_->scenario.machine.trace = MachineDecl::Trace::all;   // it reads the records
    impl_->options = options;
    const BrokenGround ground;
    impl_->boot();
}
RaceDetector::~RaceDetector() = default;
bool RaceDetector::advance(std::uint64_t steps) { return impl_->advance(steps); }
const Kernel& RaceDetector::kernel() const { return *impl_->kernel; }
const RaceReport& RaceDetector::report() const { return impl_->report; }

RaceReport find_races(const Scenario& scenario, const RaceOptions& options) {
    RaceDetector detector(scenario, options);
    while (detector.advance(1'000'000)) {
    }
    return detector.report();
}

}  // namespace sy
