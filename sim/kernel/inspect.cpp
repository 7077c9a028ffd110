// Looking at a kernel without touching it: who is where, what lies on a stack, one number for the whole state, and the
// rules that must hold between two steps.
#include "sim/kernel/coroutines.h"
#include "sim/kernel/inspect.h"

#include <algorithm>
#include <array>
#include <map>
#include <type_traits>

#include "sim/base/limits.h"
#include "sim/kernel/context.h"
#include "sim/kernel/engine.h"
#include "sim/kernel/family.h"
#include "sim/kernel/locks.h"
#include "sim/kernel/open_files.h"
#include "sim/kernel/routines.h"
#include "sim/kernel/tasks.h"
#include "sim/sched/pelt.h"

namespace sy {

// --- small lookups ---

TaskId Kernel::find_pid(Pid pid) const {
    if (pid <= 0 || static_cast<std::size_t>(pid) >= by_pid.size()) return kNoTask;
    const TaskId id = by_pid[static_cast<std::size_t>(pid)];
    return id == 0 ? kNoTask : id;   // task 0 is an idle task: never found by pid
}

void Kernel::bind_pid(Pid pid, TaskId id) {
    while (by_pid.size() <= static_cast<std::size_t>(pid)) by_pid.push_back() = 0;
    by_pid.mut(static_cast<std::size_t>(pid)) = id == kNoTask ? 0 : id;
}

std::uint64_t Kernel::rip(const Cpu& cpu) const {
    return cpu.regs.user() ? cpu.regs.rip : kernel_text().address(cpu.pc);
}

std::optional<std::uint64_t> Kernel::user_reg(TaskId id, PtReg r) const {
    const Task& t = tasks[id];
    if (t.is_kthread() || t.stack_gone) return std::nullopt;
    if (t.on_cpu) {
        const Cpu& cpu = cpus[t.cpu];
        if (cpu.current_task == id && cpu.regs.user()) {
            switch (r) {
                case PtReg::rip: return cpu.regs.rip;
                case PtReg::cs: return cpu.regs.cs;
                case PtReg::ss: return cpu.regs.ss;
                case PtReg::rflags: return cpu.regs.rflags;
                case PtReg::rsp: return cpu.regs[Reg::rsp];
                case PtReg::orig_rax: return std::nullopt;
                default: return cpu.regs[pt_reg_source(static_cast<int>(r))];
            }
        }
    }
    return stacks.read(layout::stack_top(t.stack) - kPtRegsBytes + 8 * static_cast<std::uint64_t>(r));
}

Nanos Kernel::cpu_time(TaskId id) const {
    const Task& t = tasks[id];
    Nanos total = static_cast<Nanos>(t.se.sum_exec_runtime);
    if (t.on_cpu && cpus[t.cpu].curr == id && t.on_rq) total += std::max<Nanos>(0, now_ - t.se.exec_start);
    return total;
}

Nanos Kernel::user_time(TaskId id) const {
    const Task& t = tasks[id];
    const Cpu& cpu = cpus[t.cpu];
    const bool computes = t.on_cpu && cpu.current_task == id && cpu.regs.user();
    return t.utime + (computes ? std::max<Nanos>(0, now_ - cpu.clock) : 0);
}

Nanos Kernel::wait_time(TaskId id) const {
    const Task& t = tasks[id];
    return t.run_delay + (t.last_queued >= 0 ? std::max<Nanos>(0, now_ - t.last_queued) : 0);
}

std::size_t Kernel::bytes() const {
    std::size_t n = tasks.bytes() + mms.bytes() + shared.bytes() + stacks.bytes() + by_pid.bytes() + cpus.size() * sizeof(Cpu) +
                    connections.bytes() + memory.bytes();
    for (const CoroutineEnv& env : coroutine_envs) n += env.all.bytes() + env.threads.bytes();
    for (const Cpu& cpu : cpus) n += cpu.timers.capacity() * sizeof(HrTimer);
    return n + events_.capacity() * sizeof(Event);
}

// --- stacks ---

namespace {

// Walks the frames of a stack from `sp` up. At each return address the routine's own pushes are known from the text.
class Walker {
  public:
    Walker(const Kernel& k, TaskId task) : k_(k), task_(task), t_(k.tasks[task]) {}

    void run(const std::function<void(const StackFrame&)>& visit) {
        if (t_.stack_gone) return;
        std::uint64_t sp = t_.thread_sp;
        std::uint32_t step = 0;
        if (t_.on_cpu && k_.cpus[t_.cpu].current_task == task_) {
            const Cpu& cpu = k_.cpus[t_.cpu];
            if (cpu.regs.user()) return;
            sp = cpu.regs[Reg::rsp];
            step = cpu.pc;
        } else {
            step = first_pop();
        }
        for (int depth = 0; depth < 64; ++depth) {
            const std::span<const std::uint8_t> saved = text_.saved_at(step);
            StackFrame frame{text_.address(step), step, sp, saved};
            visit(frame);
            if (text_.is_root(step)) {
                if (!through_interrupt(step, sp)) return;
                step = text_.step_at(k_.stacks.read(sp + 8 * static_cast<int>(PtReg::rip)));
                sp = k_.stacks.read(sp + 8 * static_cast<int>(PtReg::rsp));
                continue;
            }
            sp += 8 * saved.size();
            if (is_irq_stack_top(sp)) sp = k_.stacks.read(sp);   // do_softirq came here from the task's stack
            if (!k_.stacks.valid(sp)) return;
            const std::uint64_t back = k_.stacks.read(sp);
            if (!text_.contains(back)) return;
            step = text_.step_at(back);
            sp += 8;
        }
    }

  private:
    bool is_irq_stack_top(std::uint64_t sp) const {
        return layout::is_stack(sp) && layout::stack_slot_of(sp) == k_.cpus[t_.cpu].irq_stack &&
               sp == layout::stack_top(layout::stack_slot_of(sp)) - 8;
    }
    // thread.sp points at six saved registers: where __switch_to_asm starts to pop them.
    std::uint32_t first_pop() const {
        std::uint32_t s = text_.entry(routines::switch_to_asm);
        while (text_.def(s).op != Op::pop) ++s;
        return s;
    }
    // Kernel code that was interrupted: its frame is a pt_regs at `sp` (or the interrupt stack's top names it).
    bool through_interrupt(std::uint32_t step, std::uint64_t& sp) const {
        if (!text_.is_interrupt_stub(step)) return false;
        if (layout::is_stack(sp)) {
            const std::uint32_t slot = layout::stack_slot_of(sp);
            if (slot != t_.stack) sp = k_.stacks.read(layout::stack_top(slot) - 8);   // from the IRQ stack
        }
        if (!k_.stacks.valid(sp) || !k_.stacks.valid(sp + kPtRegsBytes - 8)) return false;
        const std::uint64_t cs = k_.stacks.read(sp + 8 * static_cast<int>(PtReg::cs));
        return cs == kKernelCs && text_.contains(k_.stacks.read(sp + 8 * static_cast<int>(PtReg::rip)));
    }

    const Kernel& k_;
    TaskId task_;
    const Task& t_;
    const KernelText& text_ = kernel_text();
};

}  // namespace

void walk_stack(const Kernel& k, TaskId task, const std::function<void(const StackFrame&)>& visit) {
    Walker(k, task).run(visit);
}

std::vector<std::uint64_t> Kernel::call_chain(TaskId task) const {
    std::vector<std::uint64_t> out;
    walk_stack(*this, task, [&](const StackFrame& f) { out.push_back(f.address); });
    return out;
}

std::vector<StackWord> describe_stack(const Kernel& k, TaskId task) {
    const Task& t = k.tasks[task];
    const KernelText& text = kernel_text();
    std::map<std::uint64_t, StackWord> words;
    if (t.stack_gone) return {};
    const std::uint64_t top = layout::stack_top(t.stack);
    const bool running = t.on_cpu && k.cpus[t.cpu].current_task == task;
    const Cpu& cpu = k.cpus[t.cpu];
    std::uint64_t lowest = running ? (cpu.regs.user() ? top : cpu.regs[Reg::rsp]) : t.thread_sp;
    if (!layout::is_stack(lowest) || layout::stack_slot_of(lowest - (lowest == top)) != t.stack) {
        // On the entry or interrupt stack: the task's own stack ends at the frame that was interrupted.
        lowest = top - kPtRegsBytes;
        if (cpu.hardirq_stack_inuse) lowest = k.stacks.read(layout::stack_top(cpu.irq_stack) - 8);
        if (!layout::is_stack(lowest) || layout::stack_slot_of(lowest) != t.stack) lowest = top - kPtRegsBytes;
    }
    for (std::uint64_t a = lowest; a < top; a += 8) {
        StackWord w{a, k.stacks.read(a), StackWord::Kind::other, {}, {}};
        if (a >= top - kPtRegsBytes) {
            w.kind = StackWord::Kind::pt_regs;
            w.label = pt_reg_name(static_cast<PtReg>((a - (top - kPtRegsBytes)) / 8));
        }
        words[a] = w;
    }
    walk_stack(k, task, [&](const StackFrame& f) {
        for (std::size_t i = 0; i < f.saved.size(); ++i) {
            // The last register pushed lies lowest.
            const auto it = words.find(f.sp + 8 * i);
            if (it == words.end() || it->second.kind == StackWord::Kind::pt_regs) continue;
            const std::uint8_t r = f.saved[f.saved.size() - 1 - i];
            it->second.kind = StackWord::Kind::saved;
            it->second.label = r < kGeneralRegs ? reg_name(static_cast<Reg>(r)) : "";
            it->second.routine = text.routine_of(f.step).name;
        }
        const std::uint64_t back = f.sp + 8 * f.saved.size();
        const auto it = words.find(back);
        if (it == words.end() || it->second.kind != StackWord::Kind::other || text.is_root(f.step)) return;
        it->second.kind = StackWord::Kind::return_address;
        it->second.label = text.contains(it->second.value) ? text.symbolize(it->second.value) : "";
        it->second.routine = text.routine_of(f.step).name;
    });
    std::vector<StackWord> out;
    for (auto& [address, word] : words) out.push_back(std::move(word));
    std::reverse(out.begin(), out.end());
    return out;
}

// --- fingerprint ---

namespace {

void mix_regs(Fingerprint& p, const Regs& r) {
    for (std::uint64_t g : r.g) p.mix(g);
    for (std::uint64_t v : {r.rip, r.rflags, r.cs, r.ss, r.fs_base, r.gs_base, r.kernel_gs_base, r.cr2, r.cr3, r.fpu})
        p.mix(v);
}

void mix_task(Fingerprint& p, const Task& t) {
    for (std::uint64_t v : {t.thread_sp, t.fs_base, t.gs_base, t.fpu, std::uint64_t{t.state}, std::uint64_t{t.exit_state},
                            std::uint64_t{t.flags}, std::uint64_t{t.tif}, std::uint64_t{t.mm}, std::uint64_t{t.active_mm},
                            std::uint64_t{t.stack}, std::uint64_t{t.cpu}, std::uint64_t{t.fpu_cpu}, t.se.vruntime,
                            t.se.sum_exec_runtime, t.se.prev_sum_exec_runtime, t.se.enqueue_seq, t.cpus_allowed,
                            t.pending_signals, t.blocked, t.restart_data, t.clear_child_tid, t.timer, t.wait_key, t.min_flt, t.maj_flt, t.nvcsw, t.nivcsw, t.nr_migrations, t.rng.state()})
        p.mix(v);
    p.mix((std::uint64_t{t.rounds} << 32) | t.late_rounds);
    p.mix(static_cast<std::uint64_t>(t.round_due));
    for (Nanos v : {t.se.exec_start, t.arrival, t.first_run, t.exit_time, t.run_delay, t.last_queued, t.utime})
        p.mix(static_cast<std::uint64_t>(v));
    p.mix((std::uint64_t{t.on_cpu} << 5) | (std::uint64_t{t.on_rq} << 4) | (std::uint64_t{t.is_live} << 3) |
          (std::uint64_t{t.waiting} << 2) | (std::uint64_t{t.wait_exclusive} << 6) | (std::uint64_t{t.migrating} << 1) | std::uint64_t{t.stack_gone});
    p.mix((static_cast<std::uint64_t>(t.pid) << 32) | static_cast<std::uint32_t>(t.tgid));
    p.mix((std::uint64_t{t.files} << 32) | t.fs);
    p.mix((std::uint64_t{t.sighand} << 32) | t.signal);
    p.mix((std::uint64_t{t.real_parent} << 32) | t.next_sibling);
    p.mix((std::uint64_t{t.stop_pending} << 9) | (std::uint64_t{t.restore_sigmask} << 8) |
          static_cast<std::uint8_t>(t.exit_signal));
    p.mix((std::uint64_t{t.se.node.left} << 32) | t.se.node.right);
    p.mix((std::uint64_t{t.wait_prev} << 32) | t.wait_next);
    p.mix(static_cast<std::uint64_t>(static_cast<std::int64_t>(t.nice)));
    p.mix_text(t.comm_view());
}

}  // namespace

namespace {

void mix_bottom_halves(Fingerprint& p, const BottomHalves& bh) {
    for (const RaisedWork& w : bh.raised) {
        p.mix(std::uint64_t{w.vec} << 33 | std::uint64_t{w.of_device} << 32 | w.count);
        p.mix(w.source);
    }
    for (const auto* list : {&bh.tasklet_vec, &bh.tasklet_hi_vec, &bh.tasklets_taken}) {
        p.mix(list->size());
        for (std::uint16_t t : *list) p.mix(t);
    }
    for (const auto* list : {&bh.poll_list, &bh.polling, &bh.repoll}) {
        p.mix(list->size());
        for (std::uint8_t d : *list) p.mix(d);
    }
    p.mix(bh.tasklet_running);
    p.mix(bh.time_squeeze);
    p.mix(bh.to_ksoftirqd);
    for (std::size_t i = 0; i < bh.raises.size(); ++i) {
        p.mix(bh.raises[i]);
        p.mix(bh.merged[i]);
    }
}

}  // namespace

std::uint64_t Kernel::fingerprint() const {
    Fingerprint p;
    for (TaskId id = 0; id < tasks.size(); ++id) mix_task(p, tasks[id]);
    for (TaskId id = 0; id < tasks.avgs.size(); ++id) pelt::mix(tasks.avgs[id], p);
    for (MmId id = 0; id < mms.size(); ++id) {
        const Mm& m = mms[id];
        p.mix((static_cast<std::uint64_t>(m.users) << 32) | static_cast<std::uint32_t>(m.count));
        p.mix(m.pgd);
        p.mix(m.tlb_gen);
        for (const UserWord& w : m.words) {
            p.mix(w.address);
            p.mix(w.value);
        }
        p.mix((m.brk << 24) ^ m.stack_low);
        p.mix((std::uint64_t{m.file_pages} << 32) | m.anon_pages);
        p.mix((std::uint64_t{m.shmem_pages} << 32) | m.table_pages);
        for (const PageEntry& e : m.tables) {
            p.mix(e.key);
            p.mix(e.word);
        }
        for (const Vma& v : m.mapped) {
            p.mix(v.start);
            p.mix(v.end);
            p.mix((std::uint64_t{v.flags} << 32) | v.file);
        }
        for (const FutexQueue& f : m.futexes) {
            p.mix(f.address);
            p.mix((std::uint64_t{f.head} << 32) | f.tail);
        }
    }
    mix_shared_objects(p, *this);
    stacks.mix(p);
    memory.mix(p);
    p.mix(store_rng.state());
    if (direction.on) {
        p.mix((std::uint64_t{direction.line} << 32) | direction.turn);
        p.mix(static_cast<std::uint64_t>(direction.left));
        p.mix(direction.done);
    }
    for (const Cpu& c : cpus)
        for (const BufferedStore& b : c.stores)
            for (const std::uint64_t v : {std::uint64_t{b.mm}, b.address, b.mask, b.value, static_cast<std::uint64_t>(b.due)}) p.mix(v);
    for (const LastWords& l : last_words)
        for (const std::uint64_t w : l.words) p.mix(w);
    for (const Cpu& c : cpus) {
        mix_regs(p, c.regs);
        p.mix(c.pc);
        p.mix(static_cast<std::uint64_t>(c.clock));
        p.mix(static_cast<std::uint64_t>(c.lapic_deadline));
        p.mix((std::uint64_t{c.curr} << 32) | c.current_task);
        p.mix((std::uint64_t{c.preempt_count} << 32) | c.softirq_pending);
        p.mix(c.wheel.running << 1 | (c.timer_runs ? 1 : 0));
        p.mix(c.nr_switches);
        p.mix(c.cr3_writes);
        p.mix(c.tlb_flushes);
        p.mix(c.irr_devices);
        for (const TlbEntry& e : c.tlb.entries.entries()) p.mix(e.tag ^ e.word << 7);
        p.mix(c.tlb.hits);
        p.mix(c.tlb.misses);
        p.mix(c.ipi_devices ^ std::uint64_t{c.in_service} << 48);
        mix_bottom_halves(p, c.bh);
        p.mix(static_cast<std::uint64_t>(c.softirq_ns));
        p.mix(static_cast<std::uint64_t>(c.idle_ns));
        for (const HrTimer& t : c.timers) {
            p.mix(static_cast<std::uint64_t>(t.expires));
            p.mix(t.id);
        }
    }
    sched->mix(p);
    for (const Pipe& pipe : pipes) {
        p.mix(static_cast<std::uint64_t>(pipe.used));
        p.mix((static_cast<std::uint64_t>(pipe.open_readers) << 32) | static_cast<std::uint32_t>(pipe.open_writers));
        p.mix((std::uint64_t{pipe.readers.head} << 32) | pipe.writers.head);
        p.mix(pipe.herd);
    }
    mix_pi(p, pi);
    for (const ClosingEnd& c : closing_ends) p.mix((std::uint64_t{c.task} << 32) | (c.pipe << 2) | c.end);
    for (const Device& d : devices) {
        p.mix(d.interrupts_seen);
        p.mix(d.available);
        p.mix(d.rng.state());
        p.mix(std::uint64_t{d.fifo} << 2 | std::uint64_t{d.napi_scheduled} << 1 | std::uint64_t{d.thread_wanted});
        p.mix(d.dropped);
        p.mix(d.received);
    }
    for (const CoroutineEnv& env : coroutine_envs) {
        for (const Carrier& c : env.carriers) {
            p.mix((std::uint64_t{c.running} << 32) | c.ready.head);
            p.mix((std::uint64_t{c.pending} << 32) | c.left);
            p.mix((std::uint64_t{c.task} << 8) | static_cast<std::uint64_t>(c.leave));
            p.mix(c.word ^ c.expected * 3 ^ c.main_rbp * 5);
            for (const CoroutineId id : c.calls) p.mix(id);
            for (const std::uint32_t fd : c.ready_fds) p.mix(fd);
        }
        p.mix(env.switches);
        p.mix(env.bytes_out);
        p.mix(env.ended);
        p.mix((std::uint64_t{env.idle} << 32) ^ env.dormant ^ env.released * 3);
        for (const WordWaiters& w : env.words) p.mix(w.word ^ (std::uint64_t{w.list.head} << 48));
        for (const UserTimer& t : env.timers) p.mix(static_cast<std::uint64_t>(t.due) ^ (std::uint64_t{t.coroutine} << 40));
        for (const FileWaiters& f : env.files)
            p.mix((std::uint64_t{f.readers.head} << 32) ^ (std::uint64_t{f.writers.head} << 8) ^ f.fd ^
                  (f.readable ? 1u << 30 : 0u) ^ (f.writable ? 1u << 31 : 0u));
        for (std::size_t i = 0; i < env.threads.size(); ++i) p.mix(env.threads[i].rbp ^ env.threads[i].stack_top);
        for (std::size_t i = 0; i < env.all.size(); ++i) {
            const Coroutine& c = env.all[i];
            p.mix((std::uint64_t{c.op} << 32) | c.depth);
            p.mix(c.rbx ^ c.r12 * 3 ^ c.r13 * 5 ^ c.r14 * 7 ^ c.r15 * 11);
            p.mix(c.local);
            p.mix((std::uint64_t{c.next} << 8) | static_cast<std::uint64_t>(c.state));
        }
    }
    for (const Eventpoll& ep : eventpolls)
        for (const Eventpoll::File& f : ep.files)
            p.mix(f.object ^ (std::uint64_t{f.in} << 1) ^ (std::uint64_t{f.out} << 2) ^ std::uint64_t{ep.kicked});
    for (std::size_t i = 0; i < connections.size(); ++i) {
        const Connection& c = connections[i];
        p.mix((std::uint64_t{c.next} << 32) | (std::uint64_t{c.unread} << 8) |
              (std::uint64_t{c.accepted} << 2) | (std::uint64_t{c.watched} << 1) | std::uint64_t{c.listed});
    }
    for (const IrqDesc& d : irqs) {
        p.mix(d.affinity);
        p.mix(std::uint64_t{d.cpu} << 40 | std::uint64_t{d.depth} << 3 | std::uint64_t{d.in_progress} << 2 |
              std::uint64_t{d.pending} << 1 | std::uint64_t{d.masked});
        p.mix(d.threads_active);
        for (std::uint64_t n : d.per_cpu) p.mix(n);
    }
    for (const Tasklet& t : tasklets) {
        p.mix(t.runs);
        p.mix(t.scheduled);
        p.mix(t.busy);
        p.mix((static_cast<std::uint64_t>(t.count) << 8) | std::uint64_t{t.cpu} << 2 | std::uint64_t{t.sched} << 1 |
              std::uint64_t{t.run});
    }
    p.mix(irq_rng.state());
    for (const Event& e : events_) {
        p.mix(static_cast<std::uint64_t>(e.at));
        p.mix(e.seq);
    }
    mix_work(p, *this);
    p.mix(jiffies);
    p.mix(nohz_next_balance);
    for (const Cpu& c : cpus) {
        p.mix(c.smp.next_balance);
        for (const DomainState& d : c.smp.domains) p.mix((d.last_balance << 16) | (d.interval << 8) | d.nr_balance_failed);
    }
    for (std::size_t e = 0; e < tasks.entities.size(); ++e) {
        p.mix(tasks.entities[e].se.vruntime);
        pelt::mix(tasks.avg(static_cast<TaskId>(kGroupEntity + e)), p);
        p.mix((std::uint64_t{tasks.entities[e].se.weight} << 1) | (tasks.entities[e].on_rq ? 1u : 0u));
    }
    for (const SchedGroup& g : tasks.groups) p.mix((std::uint64_t{g.shares} << 32) ^ static_cast<std::uint64_t>(g.quota));
    for (std::uint64_t average : load.avenrun) p.mix(average);
    p.mix(steps_);
    p.mix(switches_);
    p.mix(records_);
    return p.value();
}

// --- invariants ---

namespace {

struct Checker {
    const Kernel& k;
    std::string fault;

    // `what`: a text, or a function that makes one only when it is needed.
    template <typename Text>
    void expect(bool ok, const Text& what) {
        if (ok || !fault.empty()) [[likely]]
            return;
        if constexpr (std::is_invocable_v<Text>)
            fault = what();
        else
            fault = what;
    }
    std::string who(TaskId id) const {
        return std::string(k.tasks[id].name()) + " (pid " + std::to_string(k.tasks[id].pid) + ")";
    }

    void run() {
        each_cpu();
        bottom_halves();
        for (const std::string& fault_found : {check_pipes(k), check_locks(k), check_pi(k)}) expect(fault_found.empty(), fault_found);
        std::vector<std::int32_t> users(k.mms.size()), borrowers(k.mms.size());
        for (TaskId id = 0; id < k.tasks.size(); ++id) task(id, users, borrowers);
        for (const Cpu& cpu : k.cpus)
            if (cpu.prev_mm != kNoMm) ++borrowers[cpu.prev_mm];
        for (const Cpu& cpu : k.cpus)
            if (cpu.exec_mm != kNoMm) ++users[cpu.exec_mm];
        for (MmId m = 0; m < k.mms.size(); ++m) {
            const Mm& mm = k.mms[m];
            const std::int32_t base = m == 0 ? 1 : 0;   // init_mm has a user for ever
            expect(mm.users == users[m] + base, [&] { return "mm " + std::to_string(m) + ": mm_users is not the number of its tasks"; });
            expect(mm.count == borrowers[m] + (mm.users > 0 ? 1 : 0), [&] { return "mm " + std::to_string(m) + ": mm_count is not 1 + its lazy borrowers"; });
        }
    }

    void each_cpu() {
        for (const Cpu& cpu : k.cpus) {
            expect(k.tasks[cpu.current_task].on_cpu || k.tasks[cpu.curr].on_cpu, "nobody runs on a CPU");
            expect(k.stacks.canary_stands(cpu.irq_stack), "the canary of an interrupt stack fell");
            const std::string queue = k.sched->check(k.tasks, cpu.id);
            expect(queue.empty(), queue);
            const std::uint64_t sp = cpu.regs[Reg::rsp];
            const bool switching = cpu.curr != cpu.current_task;
            if (!cpu.regs.user() && !switching && layout::is_stack(sp) && sp != cpu.top_of_stack) {
                const std::uint32_t slot = layout::stack_slot_of(sp);
                expect(slot == k.tasks[cpu.current_task].stack || slot == cpu.irq_stack ||
                           sp == layout::stack_top(cpu.irq_stack),
                       "RSP is neither on the current task's kernel stack nor on the interrupt stack");
            }
            if (cpu.regs.user()) {
                const Task& t = k.tasks[cpu.current_task];
                expect(t.mm != kNoMm, "a task without an address space is in user mode");
                if (t.mm != kNoMm)
                    expect((cpu.regs.cr3 & ~std::uint64_t{0xfff}) == k.mms[t.mm].pgd,
                           "CR3 does not name the page tables of the task in user mode");
                expect(cpu.preempt_count == 0, "preempt_count is not 0 in user mode");
            }
        }
    }

    // linux.md 7.2 to 7.4.
    void bottom_halves() {
        std::array<std::uint8_t, limits::devices> listed{}, running{};
        for (const Cpu& cpu : k.cpus) {
            softirqs_of(cpu);
            for (const auto* list : {&cpu.bh.tasklet_vec, &cpu.bh.tasklet_hi_vec, &cpu.bh.tasklets_taken})
                for (std::uint16_t t : *list) ++listed[t];
            if (cpu.bh.tasklet_running != kNoTasklet) ++running[cpu.bh.tasklet_running];
        }
        for (std::size_t t = 0; t < k.tasklets.size(); ++t) {
            expect(running[t] == (k.tasklets[t].run ? 1 : 0), "a tasklet runs on two CPUs, or TASKLET_STATE_RUN lies");
            expect(listed[t] == (k.tasklets[t].sched ? 1 : 0), "TASKLET_STATE_SCHED is not the tasklet's place on a list");
            expect(k.tasklets[t].scheduled ==
                       k.tasklets[t].runs + (k.tasklets[t].sched ? 1 : 0),
                   "a tasklet did not run once for each time it was scheduled");
        }
        for (std::size_t i = 0; i < k.irqs.size(); ++i) {
            const IrqDesc& d = k.irqs[i];
            expect(d.threads_active == 0 || d.masked, "a line whose thread still works is not masked (IRQF_ONESHOT)");
        }
    }
    void softirqs_of(const Cpu& cpu) {
        const std::uint32_t hard = cpu.preempt_count & kHardirqMask, soft = cpu.preempt_count & kSoftirqMask;
        for (std::size_t vec = 0; vec < cpu.softirqs.size(); ++vec) {
            const std::uint64_t waiting = cpu.softirq_pending >> vec & 1;
            // Between take_pending and its action a bit is in RBX of handle_softirqs: at most one for each vector.
            const std::uint64_t done = cpu.softirqs[vec] + waiting;
            expect(cpu.bh.raises[vec] == done || (cpu.bh.raises[vec] == done + 1 && (soft & kSoftirqOffset) != 0),
                   [&] { return std::string("softirq ") + softirq_name(static_cast<int>(vec)) + " was lost or ran without being raised"; });
        }
        expect(!cpu.regs.user() || (hard == 0 && soft == 0), "user mode inside an interrupt");
        if (hard != 0) {
            bool allowed = false;   // a driver of the scenario that enables interrupts
            for (const DeviceDecl& d : k.image().scenario.devices) allowed |= d.enables_irqs;
            expect(allowed || !cpu.regs.interrupts_on(), "a hard interrupt handler runs with interrupts on");
        }
        expect(hard != 0 || cpu.in_service == 0 || !cpu.regs.interrupts_on(), "the local APIC waits for an EOI outside of interrupts");
        expect(cpu.bh.tasklet_running == kNoTasklet || (soft & kSoftirqOffset) != 0, "a tasklet runs outside of softirqs");
        expect(cpu.curr == cpu.current_task || (soft == 0 && hard == 0), "a switch inside an interrupt");
    }

    void task(TaskId id, std::vector<std::int32_t>& users, std::vector<std::int32_t>& borrowers) {
        const Task& t = k.tasks[id];
        if (t.mm != kNoMm) ++users[t.mm];
        if (t.active_mm != kNoMm && t.active_mm != t.mm) ++borrowers[t.active_mm];
        if (t.stack_gone) return;
        expect(k.stacks.canary_stands(t.stack), [&] { return "the stack canary of " + who(id) + " fell"; });
        const bool idle = (t.flags & pf::idle) != 0;
        if (idle) return;
        expect(t.sched_group == 0 || t.sched_group < k.tasks.groups.size(), [&] { return who(id) + " is in a group that does not exist"; });
        const Cpu& cpu = k.cpus[t.cpu];
        const bool is_curr = (cpu.picked != kNoTask ? cpu.picked : cpu.curr) == id;
        if (t.on_rq) {
            expect(is_curr != t.se.node.linked, [&] { return who(id) + " must either run or stand in exactly one queue"; });
        } else {
            expect(!t.se.node.linked, [&] { return who(id) + " sleeps but stands in a run queue"; });
        }
        if (t.state == task_state::running && t.exit_state == 0 && !t.on_cpu && t.is_live)
            expect(t.on_rq || t.migrating, [&] { return who(id) + " is runnable but in no queue"; });
        if (!t.on_cpu && t.state != task_state::fresh)
            expect(layout::is_stack(t.thread_sp) && layout::stack_slot_of(t.thread_sp) == t.stack, [&] { return "thread.sp of " + who(id) + " does not point into its own kernel stack"; });
    }
};

}  // namespace

std::string Kernel::check_invariants() const {
    Checker c{*this, {}};
    c.run();
    if (c.fault.empty()) c.fault = check_tasks(*this);
    if (c.fault.empty()) c.fault = check_work(*this);
    if (c.fault.empty() && !coroutine_envs.empty()) c.fault = check_coroutines(*this);
    if (!c.fault.empty() || memory_checked_ == memory.pages.version()) return c.fault;
    const std::string fault = check_memory(*this);
    if (fault.empty()) memory_checked_ = memory.pages.version();
    return fault;
}

}  // namespace sy
