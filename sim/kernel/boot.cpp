// Boot: from plain data to a machine whose kernel threads really ran until they slept, so that their stacks are real.
// Time starts at 0 after that.
#include <algorithm>

#include "sim/base/assert.h"
#include "sim/base/limits.h"
#include "sim/kernel/broken.h"
#include "sim/kernel/engine.h"
#include "sim/kernel/open_files.h"
#include "sim/kernel/events.h"
#include "sim/kernel/family.h"
#include "sim/kernel/memory.h"
#include "sim/kernel/routines.h"
#include "sim/kernel/tasks.h"
#include "sim/model/draw.h"
#include "sim/sched/group_fair.h"
#include "sim/sched/pelt.h"

namespace sy {

namespace {

constexpr Pid kFirstUserPid = 500;
constexpr Nanos kDefaultEnd = kSecond;              // of a scenario with an endless program and no `until`
constexpr Nanos kLongestRun = limits::duration_ns;  // of any other

}  // namespace

class Booter {
  public:
    Booter(const Scenario& scenario, BootError& error) : scenario_(scenario), error_(error) {}

    bool run() {
        const auto image = std::make_shared<Image>();
        image->scenario = scenario_;
        if (!make_scheduler(*image)) return false;
        for (const ProcessDecl& p : scenario_.processes) {
            image->programs.push_back(compile(scenario_, p));
            if (p.kernel_thread && !kernel_program_fits(p, image->programs.back())) return false;
        }
        image->programs.push_back(init_program());
        for (const WorkDecl& w : scenario_.works) {
            image->programs.push_back(compile(scenario_, w));
            ProcessDecl body;
            body.name = w.name;
            if (!kernel_program_fits(body, image->programs.back())) return false;
        }
        image->tasklet_programs = static_cast<std::uint32_t>(image->programs.size());
        for (const TaskletDecl& t : scenario_.tasklets) image->programs.push_back(compile_tasklet(scenario_, t));
        make_irq_lines(*image);
        image->tick = kSecond / scenario_.machine.hz;
        image->preempt = scenario_.machine.preempt;
        image->pcid = scenario_.machine.pcid;
        image->ideal = true;
        price_stretches(*image);
        k.image_ = image;   // free steps while the kernel threads settle

        make_memory();
        make_cpus();
        k.make_groups();
        make_first_tasks();
        settle();

        set_costs(*image);
        image->end_at = end_of_run(*image);
        image->records = tracepoints(scenario_.machine.trace);
        add_events();
        break_kernel(*image, static_cast<TaskId>(k.tasks.size()));
        return true;
    }
    Kernel k;

  private:
    bool fail(SourcePos pos, std::string text, std::string text_zh) {
        error_ = {pos, std::move(text), std::move(text_zh)};
        return false;
    }

    bool make_scheduler(Image& image) {
        const MachineDecl& m = scenario_.machine;
        const PolicyInfo* policy = find_policy(m.scheduler);
        if (policy == nullptr) {
            std::string known;
            for (const PolicyInfo* p : policies()) known += (known.empty() ? "" : ", ") + std::string(p->name);
            return fail(m.scheduler_pos, "unknown scheduler '" + m.scheduler + "'; known: " + known,
                        "未知的调度器“" + m.scheduler + "”；可用：" + known);
        }
        std::string wrong;
        const bool groups = !scenario_.groups.empty() || m.autogroup;
        std::unique_ptr<ClassChain> c =
            ClassChain::make(*policy, {m.cpus, m.hz, m.scheduler_options, m.seed}, wrong, groups);
        if (c == nullptr) {
            std::string known;
            for (const PolicyOption& o : policy->options)
                known += (known.empty() ? "" : ", ") + std::string(o.usage);
            return fail(m.scheduler_pos,
                        "scheduler '" + m.scheduler + "' does not understand '" + wrong + "'; it takes: " + known,
                        "调度器“" + m.scheduler + "”不认识“" + wrong + "”；可用：" + known);
        }
        image.shared_queue = c->takes_from_other_cpus();
        image.wants_bursts = c->wants_bursts();
        image.balances = c->balances();
        image.has_groups = groups && c->balances();
        image.topology = make_topology(m);
        k.sched = ClassChainBox(std::move(c));
        image.scheduler = m.scheduler;
        for (const auto& [key, value] : m.scheduler_options) {
            image.scheduler += (image.scheduler == m.scheduler ? " " : ",") + key + "=" + value;
            if (key == "tie" && value == "expired-first") image.tie = TieRule::expired_first;
        }
        return true;
    }

    bool kernel_program_fits(const ProcessDecl& decl, const Program& p) {
        using Kind = UserOp::Kind;
        for (const UserOp& op : p.ops) {
            const bool call_fits = op.kind != Kind::system_call || op.nr == nr::clock_nanosleep ||
                                   op.nr == nr::sched_yield || op.nr == nr::exit_group || op.nr == nr::ioctl;
            const bool loops = op.kind == Kind::loop_start || op.kind == Kind::every_start;
            if (!call_fits || op.kind == Kind::lock_try || op.kind == Kind::sem_take ||
                op.kind == Kind::sem_post || op.kind == Kind::unlock || !p.threads.empty())
                return fail(op.pos,
                            "kernel thread '" + decl.name +
                                "' can only run, sleep, yield, repeat and exit: it has no user mode to call from",
                            "内核线程“" + decl.name +
                                "”只能 run、sleep、yield、repeat 和 exit：它没有可发起调用的用户态");
            if (loops && op.level > 2)
                return fail(op.pos, "a kernel thread can nest 3 counted loops at the most",
                            "内核线程最多嵌套 3 层计数循环");
        }
        return true;
    }

    // Physical memory, and the files there can be pages of: programs, then devices.
    void make_memory() {
        k.memory.pages.set_up(static_cast<std::uint64_t>(scenario_.machine.memory));
        k.memory.zero_page = layout::zero_page_phys >> paging::page_bits;
        for (std::size_t i = 0; i < k.image().programs.size() + scenario_.devices.size(); ++i) k.memory.files.push_back();
    }

    // Devices without a line get the next free one; those that share one have one vector.
    static void make_irq_lines(Image& image) {
        std::vector<DeviceDecl>& devices = image.scenario.devices;
        const auto taken = [&](std::int32_t irq) {
            return std::any_of(devices.begin(), devices.end(), [&](const DeviceDecl& d) { return d.irq == irq; });
        };
        for (DeviceDecl& d : devices)
            for (std::int32_t irq = 16; d.irq < 0; ++irq)
                if (!taken(irq)) d.irq = irq;
        for (std::uint32_t i = 0; i < devices.size(); ++i) {
            const auto same = [&](const IrqLine& line) { return line.irq == devices[i].irq; };
            auto line = std::find_if(image.irq_lines.begin(), image.irq_lines.end(), same);
            if (line == image.irq_lines.end()) {
                image.irq_lines.push_back({devices[i].irq, {}, false, false});
                line = image.irq_lines.end() - 1;
            }
            line->devices.push_back(i);
            line->level |= devices[i].level || devices[i].threaded.has_value();
            line->oneshot |= devices[i].threaded.has_value();
            image.line_of.push_back(static_cast<std::uint32_t>(line - image.irq_lines.begin()));
            std::uint16_t tasklet = kNoTasklet;
            for (std::uint16_t t = 0; t < image.scenario.tasklets.size(); ++t)
                if (image.scenario.tasklets[t].name == devices[i].tasklet) tasklet = t;
            image.tasklet_of.push_back(tasklet);
        }
    }

    void make_irqs() {
        const Image& image = k.image();
        k.irqs.resize(image.irq_lines.size());
        k.tasklets.resize(image.scenario.tasklets.size());
        k.store_rng = Random(scenario_.machine.seed * 31 + 7);
        k.irq_rng = Random(scenario_.machine.seed * 17 + 5);
        Ctx cx{k, k.cpus[0], nullptr, nullptr, kernel_text(), true};
        for (std::uint32_t i = 0; i < k.irqs.size(); ++i) {
            const DeviceDecl& d = image.scenario.devices[image.irq_lines[i].devices.front()];
            std::uint64_t mask = d.smp_affinity;
            if (mask == 0) mask = std::uint64_t{1} << d.cpu.value_or(0);
            k.set_irq_affinity(cx, i, mask);
        }
    }

    void make_cpus() {
        k.mms.push_back();   // init_mm
        Mm& init_mm = k.mms.mut(0);
        init_mm.users = 1;
        init_mm.count = 1;
        init_mm.pgd = layout::init_pgd_phys;
        init_mm.ctx_id = 1;
        const int n = scenario_.machine.cpus;
        for (int i = 0; i < n; ++i) {
            k.stacks.add_entry_stack();
            Cpu& cpu = k.cpus.emplace_back();
            cpu.id = static_cast<CpuId>(i);
            cpu.irq_stack = k.stacks.add();
        }
        for (Cpu& cpu : k.cpus) make_idle(cpu);
        k.by_pid.push_back();
        k.by_pid.mut(0) = kNoTask;
        k.pipes.resize(scenario_.pipes.size());
        for (std::size_t i = 0; i < k.pipes.size(); ++i) k.pipes[i].capacity = scenario_.pipes[i].capacity;
        open_pipe_ends(k);
        k.devices.resize(scenario_.devices.size());
        for (std::size_t i = 0; i < k.devices.size(); ++i)
            k.devices[i].rng = Random(scenario_.machine.seed * 31 + i * 1'000'003 + 7);
        // The connections are there: their handshakes lie before the run.
        for (const ClientsDecl& c : scenario_.clients) {
            k.clients.push_back({.first = static_cast<std::uint32_t>(k.connections.size())});
            k.connections.reserve(k.connections.size() + static_cast<std::size_t>(c.copies));
            for (std::int64_t i = 0; i < c.copies; ++i) k.connections.push_back();
        }
        make_irqs();
    }

    void make_idle(Cpu& cpu) {
        const auto id = static_cast<TaskId>(k.tasks.size());
        Task& t = k.tasks.push_back();
        t.flags = pf::idle | pf::kthread | pf::no_setaffinity;
        if (cpu.id != 0) {   // init_task and its stack are in the kernel image
            k.memory.slab_alloc(SlabKind::task_struct, 1, true);
            k.memory.slab_alloc(SlabKind::thread_stack, 1, true);
        }
        t.is_live = true;
        t.stack = k.stacks.add();
        t.cpu = cpu.id;
        t.on_cpu = true;
        t.group_leader = t.next_thread = id;
        t.cpus_allowed = std::uint64_t{1} << cpu.id;
        t.active_mm = 0;
        ++k.mms.mut(0).count;
        set_text(t.comm, "swapper/" + std::to_string(cpu.id));
        cpu.idle = cpu.curr = cpu.current_task = id;
        cpu.top_of_stack = layout::stack_top(t.stack);
        cpu.regs[Reg::rsp] = cpu.top_of_stack - kPtRegsBytes;
        cpu.regs.gs_base = layout::per_cpu_base(cpu.id);
        cpu.regs.cr3 = layout::init_pgd_phys | 1;
        cpu.pc = kernel_text().entry(routines::cpu_startup_entry);
        cpu.tlb.loaded_mm = 0;
        cpu.tlb.is_lazy = true;
        cpu.tlb.ctx_id[0] = 1;
        cpu.tlb.tlb_gen[0] = 1;
        cpu.tlb.next_asid = 1;
        cpu.tick_stopped = true;
        k.mms.mut(0).cpu_bitmap |= std::uint64_t{1} << cpu.id;
    }

    TaskId kernel_thread(Ctx& cx, const std::string& name, const Routine& fn, int cpu, int nice,
                         std::uint32_t flags) {
        const TaskId id = cx.new_task(kNoTask, -1);
        Task& t = cx.task(id);
        t.flags = pf::kthread | pf::nofreeze | pf::forknoexec | flags;
        t.nice = static_cast<std::int16_t>(nice);
        t.prio = t.static_prio = t.normal_prio = static_cast<std::int16_t>(120 + nice);
        const Weight w = weight_of_nice(nice);
        t.se.weight = w.weight;
        t.se.inv_weight = w.inverse;
        set_text(t.comm, name);
        const std::uint64_t online = scenario_.machine.cpus == 64
                                         ? ~std::uint64_t{0}
                                         : (std::uint64_t{1} << scenario_.machine.cpus) - 1;
        t.cpus_allowed = online;
        if (cpu >= 0) {
            t.cpu = static_cast<CpuId>(cpu);
            t.cpus_allowed = std::uint64_t{1} << cpu;
            t.flags |= pf::no_setaffinity;
        }
        t.start_time = 0;
        prepare_stack(cx, id, cx.text.entry_address(fn), 0);
        if (id != kthreadd_ && kthreadd_ != kNoTask) {
            share_with_kthreadd(cx, id, kthreadd_);
            add_child(cx, kthreadd_, id);
        }
        return id;
    }

    void make_first_tasks() {
        Ctx cx{k, k.cpus[0], nullptr, nullptr, kernel_text(), true};
        const TaskId init = cx.new_task(kNoTask, 1);
        Task& t = cx.task(init);
        t.program = static_cast<std::uint32_t>(scenario_.processes.size());
        t.flags = pf::randomize;
        set_text(t.comm, "init");
        t.cpus_allowed = scenario_.machine.cpus == 64 ? ~std::uint64_t{0}
                                                      : (std::uint64_t{1} << scenario_.machine.cpus) - 1;
        t.mm = t.active_mm = mm_create_for_program(cx, t.program, true);
        t.fs_base = layout::main_tcb;
        t.fpu = 0x1000 + init;
        SignalStruct& s = cx.signal_of(init);
        s.flags = signal_flag::unkillable;
        s.pgrp = s.session = 1;
        s.is_leader = true;
        // Our init does not wait for its children: it has no interest in them, so they leave no zombies.
        k.shared.sighand.mut(t.sighand).set({.signal = sig::chld, .handler = kSigIgn});
        const std::uint64_t regs = layout::stack_top(t.stack) - kPtRegsBytes;
        k.stacks.write(regs + 8 * static_cast<int>(PtReg::orig_rax), ~std::uint64_t{0});
        k.stacks.write(regs + 8 * static_cast<int>(PtReg::rip), layout::user_text);
        k.stacks.write(regs + 8 * static_cast<int>(PtReg::cs), kUserCs);
        k.stacks.write(regs + 8 * static_cast<int>(PtReg::rflags), kFlagFixed | kFlagIf);
        k.stacks.write(regs + 8 * static_cast<int>(PtReg::rsp), layout::user_stack_top);
        k.stacks.write(regs + 8 * static_cast<int>(PtReg::ss), kUserSs);
        prepare_stack(cx, init, 0, 0);
        std::vector<TaskId> fresh = {init};
        kthreadd_ = kernel_thread(cx, "kthreadd", routines::kthreadd, -1, 0, 0);
        fresh.push_back(kthreadd_);
        make_workqueues(k);
        for (Cpu& cpu : k.cpus) {
            const std::string n = std::to_string(cpu.id);
            cpu.ksoftirqd = kernel_thread(cx, "ksoftirqd/" + n, routines::kthread, cpu.id, 0, 0);
            add_kthread(k, cpu.ksoftirqd, ThreadFn::softirqs);
            fresh.push_back(cpu.ksoftirqd);
            fresh.push_back(kworker(cx, 2 * std::uint32_t{cpu.id}));
            fresh.push_back(kworker(cx, 2 * std::uint32_t{cpu.id} + 1));
        }
        make_unbound_workers(cx, fresh);
        make_rescuers(cx, fresh);
        for (std::uint32_t i = 0; i < k.devices.size(); ++i)
            if (k.image().scenario.devices[i].threaded) fresh.push_back(make_irq_thread(cx, i));
        for (Cpu& cpu : k.cpus) fresh.push_back(make_stopper(cx, cpu));
        for (TaskId id : fresh) wake_up_new_task(cx, kNoTask, id);
        for (Cpu& cpu : k.cpus) k.refresh(cpu);
    }

    // migration/N: the stop class, outwardly FIFO 99 (linux.md 6.1).
    TaskId make_stopper(Ctx& cx, Cpu& cpu) {
        cpu.smp.stopper =
            kernel_thread(cx, "migration/" + std::to_string(cpu.id), routines::kthread, cpu.id, 0, 0);
        add_kthread(k, cpu.smp.stopper, ThreadFn::stopper);
        Task& t = cx.task(cpu.smp.stopper);
        t.policy = Policy::fifo;
        t.rt_priority = 99;
        t.prio = t.normal_prio = 0;
        t.sched_class = ClassId::stop;
        return cpu.smp.stopper;
    }
    // The first worker of a pool; the pool makes the others when it needs them.
    TaskId kworker(Ctx& cx, std::uint32_t pool) {
        const WorkerPool& p = k.wq.pools[pool];
        const int cpu = p.cpu == kNoCpu ? -1 : p.cpu;
        const TaskId id = kernel_thread(cx, "kworker", routines::kthread, cpu, p.nice, pf::wq_worker);
        const std::uint32_t worker = add_worker(k, pool, id);
        set_text(cx.task(id).comm, kworker_name(k.wq, worker));
        return id;
    }
    // An unbound pool has workers only if the scenario uses one of its queues.
    void make_unbound_workers(Ctx& cx, std::vector<TaskId>& fresh) {
        for (std::uint32_t pool = 2 * static_cast<std::uint32_t>(k.cpus.size()); pool < k.wq.pools.size(); ++pool) {
            const bool used = std::any_of(k.wq.works.begin(), k.wq.works.end(), [&](const WorkItem& w) {
                return k.wq.pwqs[k.wq.queues[w.wq].first_pwq].pool == pool;
            });
            if (used) fresh.push_back(kworker(cx, pool));
        }
    }
    void make_rescuers(Ctx& cx, std::vector<TaskId>& fresh) {
        for (std::uint32_t q = 0; q < k.wq.queues.size(); ++q) {
            if (!k.wq.queues[q].mem_reclaim) continue;
            const auto row = static_cast<std::uint32_t>(k.wq.workers.size());
            KWorker& w = k.wq.workers.emplace_back();
            w.id = -1;
            w.flags = worker_flag::prep;
            w.rescue_wq = q;
            const TaskId id = kernel_thread(cx, kworker_name(k.wq, row), routines::kthread, -1, -20, pf::wq_worker);
            k.wq.workers[row].task = id;
            add_kthread(k, id, ThreadFn::rescuer);
            kthread_of(k, id).worker = row;
            k.wq.queues[q].rescuer = row;
            fresh.push_back(id);
        }
    }

    // irq/N-name, where the line's interrupts go.
    TaskId make_irq_thread(Ctx& cx, std::uint32_t device) {
        const DeviceDecl& decl = k.image().scenario.devices[device];
        const CpuId cpu = k.irqs[k.image().line_of[device]].cpu;
        const TaskId id = kernel_thread(cx, "irq/" + std::to_string(decl.irq) + "-" + decl.name, routines::kthread, cpu,
                                        0, 0);
        add_kthread(k, id, ThreadFn::irq);
        k.devices[device].thread = id;
        return id;
    }

    void settle() {
        while (k.step(nullptr, nullptr)) {
        }
        SY_ASSERT(k.end_ == End::nothing_left, "the kernel threads did not fall asleep at boot");
        Ctx cx{k, k.cpus[0], nullptr, nullptr, kernel_text(), true};
        for (const Device& d : k.devices)
            if (d.thread != kNoTask) k.set_scheduler(cx, d.thread, Policy::fifo, 50);   // linux.md 7.6
        k.end_ = End::running;
        k.active_ = kNoCpu;
        k.steps_ = k.switches_ = k.records_ = 0;
        k.steps_at_now_ = 0;
        k.enqueue_seq_ = k.timer_id_ = 0;
        k.forks = 0;
        k.last_pid = std::max(k.last_pid, kFirstUserPid - 1);
        for (Cpu& cpu : k.cpus) {
            cpu.nr_switches = cpu.cr3_writes = cpu.tlb_flushes = cpu.lazy_switches = 0;
            cpu.irq_timer = cpu.irq_resched = cpu.irq_call = 0;
            cpu.yld_count = cpu.sched_count = cpu.sched_goidle = cpu.ttwu_count = cpu.ttwu_local = cpu.pcount = 0;
            cpu.bh.raises = cpu.bh.merged = {};
            cpu.softirqs = {};
            cpu.timers.clear();
            cpu.lapic_deadline = kNever;
            cpu.episode_step = 0;   // steps are counted from here
        }
        // All of them have slept for long when time begins: their averages have faded.
        k.tasks.avgs = {};
        for (Cpu& cpu : k.cpus)
            if (pelt::Rq* const rq = k.sched->averages(cpu.id)) *rq = {};
        for (TaskId id = 0; id < k.tasks.size(); ++id) {
            Task& t = k.tasks.mut(id);
            t.nvcsw = t.nivcsw = 0;
            t.first_run = -1;
            t.arrival = 0;
            t.nr_migrations = 0;
        }
    }

    static void price_stretches(Image& image) {
        const KernelText& text = kernel_text();
        image.steps = text.steps();
        image.stretches.clear();
        for (std::uint32_t i = 0; i < text.size(); ++i) {
            const CompiledStretch& s = text.stretches()[i];
            image.stretches.push_back({s.run, text.stretch_cost(i, image.costs), s.base, s.most});
        }
    }

    void set_costs(Image& image) {
        const MachineDecl& m = scenario_.machine;
        image.costs = m.costs_ideal ? ideal_costs() : linux_costs();
        for (const auto& [name, ns] : m.costs)
            for (const CostRow& row : cost_table())
                if (name == row.name) image.costs[static_cast<std::size_t>(row.cost)] = ns;
        // Instructions are work (costs.h): they do not count.
        image.ideal = std::all_of(image.costs.begin(), image.costs.begin() + static_cast<int>(Cost::insn),
                                  [](Nanos n) { return n == 0; });
        price_stretches(image);
        image.timer_slack = m.costs_ideal ? 0 : 50 * kMicro;
    }

    static std::uint64_t tracepoints(MachineDecl::Trace set) {
        static_assert(kRecordKinds <= 64);
        if (set == MachineDecl::Trace::all) return ~std::uint64_t{0};
        std::uint64_t bits = 0;
        if (set == MachineDecl::Trace::none) return bits;
        for (unsigned i = 0; i < kRecordKinds; ++i)
            if (record_name(static_cast<RecordKind>(i)).starts_with("sched_")) bits |= std::uint64_t{1} << i;
        return bits | std::uint64_t{1} << static_cast<unsigned>(RecordKind::task_arrival);
    }

    Nanos end_of_run(const Image& image) const {
        if (scenario_.machine.until > 0) return scenario_.machine.until;
        for (std::size_t i = 0; i < scenario_.processes.size(); ++i)
            if (image.programs[i].endless) return kDefaultEnd;
        for (const ProcessDecl& p : scenario_.processes)
            for (const ThreadDecl& t : p.threads)
                for (const Stmt& s : t.body)
                    if ((s.kind == Stmt::Kind::repeat && s.count < 0) || s.kind == Stmt::Kind::every)
                        return kDefaultEnd;
        if (scenario_.processes.empty()) return kDefaultEnd;
        return kLongestRun;
    }

    static bool starts(const std::vector<Stmt>& body, const std::string& name) {
        return std::any_of(body.begin(), body.end(), [&](const Stmt& s) {
            return (s.kind == Stmt::Kind::start && s.name == name) || starts(s.body, name);
        });
    }
    bool is_started(const std::string& name) const {
        for (const ProcessDecl& p : scenario_.processes) {
            if (starts(p.body, name)) return true;
            for (const ThreadDecl& t : p.threads)
                if (starts(t.body, name)) return true;
        }
        return std::any_of(scenario_.works.begin(), scenario_.works.end(),
                           [&](const WorkDecl& w) { return starts(w.body, name); });
    }

    void add_events() {
        Nanos last = 0;   // arrival of the process before
        for (std::uint32_t i = 0; i < scenario_.processes.size(); ++i) {
            const ProcessDecl& p = scenario_.processes[i];
            if (p.only_program) continue;
            Random rng(scenario_.machine.seed * 131 + i * 7'919 + 3);
            if (is_started(p.name)) continue;   // by somebody's `start`
            for (std::int32_t c = 0; c < p.copies; ++c) {
                last = std::min(draw(rng, p.arrive) + (p.arrives_after ? last : 0), kNever / 2);
                k.add_event({.at = last, .kind = Event::Kind::arrival, .index = i,
                             .copy = static_cast<std::uint32_t>(c)});
                ++k.arrivals_left;
            }
        }
        for (std::uint32_t i = 0; i < scenario_.devices.size(); ++i) {
            const DeviceDecl& d = scenario_.devices[i];
            const Nanos first = next_device_event(k.devices[i], d, 0);
            if (first != kNever) k.add_event({.at = first, .kind = Event::Kind::device, .index = i});
            for (const Nanos at : d.at)
                k.add_event({.at = at, .kind = Event::Kind::device, .index = i, .copy = 1});
        }
        for (std::uint32_t i = 0; i < scenario_.clients.size(); ++i) {
            Random rng(scenario_.machine.seed * 37 + i * 104'729 + 11);
            k.add_event({.at = scenario_.clients[i].from + std::max<Nanos>(1, draw(rng, scenario_.clients[i].every)),
                         .kind = Event::Kind::packet,
                         .index = i});
        }
        for (std::uint32_t i = 0; i < scenario_.timeline.size(); ++i)
            k.add_event({.at = scenario_.timeline[i].at, .kind = Event::Kind::action, .index = i});
    }

    const Scenario& scenario_;
    BootError& error_;
    TaskId kthreadd_ = kNoTask;
};

std::optional<Kernel> Kernel::boot(const Scenario& scenario, BootError& error) {
    Booter booter(scenario, error);
    if (!booter.run()) return std::nullopt;
    booter.k.direction.on = !scenario.schedule.empty();
    return std::move(booter.k);
}

}  // namespace sy
