// The rules of workqueues and the timer wheel that hold between any two steps, and their part of
// the fingerprint.
#include <algorithm>

#include "sim/base/fingerprint.h"
#include "sim/kernel/family.h"

namespace sy {

namespace {

void mix_list(Fingerprint& p, const std::vector<std::uint32_t>& list) {
    p.mix(list.size());
    for (std::uint32_t i : list) p.mix(i);
}

struct WorkChecker {
    const Kernel& k;
    const Workqueues& w = k.wq;
    std::string fault;

    void expect(bool ok, const char* what, const char* thing, std::uint32_t id) {
        if (!ok && fault.empty()) fault = thing + std::to_string(id) + ": " + what;
    }

    void run() {
        for (std::uint32_t p = 0; p < w.pools.size(); ++p) pool(p);
        for (const Cpu& cpu : k.cpus) wheel(cpu);
        if (w.works.empty()) return;
        for (std::uint32_t q = 0; q < w.pwqs.size(); ++q) pwq(q);
        std::vector<int> listed(w.works.size()), executing(w.works.size());
        const auto count = [&](const std::vector<std::uint32_t>& list) {
            for (std::uint32_t id : list) ++listed[id];
        };
        for (const WorkerPool& p : w.pools) count(p.worklist);
        for (const PoolWorkqueue& p : w.pwqs) count(p.inactive_works);
        for (const KWorker& worker : w.workers) {
            count(worker.scheduled);
            if (worker.current_work != kNone) ++executing[worker.current_work];
        }
        for (std::uint32_t id = 0; id < w.works.size(); ++id) work(id, listed[id], executing[id]);
    }

    void pool(std::uint32_t id) {
        const WorkerPool& p = w.pools[id];
        std::int32_t workers = 0, idle = 0, running = 0;
        for (const KWorker& worker : w.workers) {
            if (worker.pool != id || worker.task == kNoTask || worker.rescue_wq != kNone) continue;
            if ((worker.flags & worker_flag::die) != 0) continue;
            ++workers;
            idle += (worker.flags & worker_flag::idle) != 0;
            running += (worker.flags & worker_flag::not_running) == 0 && !worker.sleeping;
        }
        expect(p.nr_workers == workers, "nr_workers is not the number of its workers",
               "worker pool ", id);
        expect(p.nr_idle == idle, "nr_idle is not the number of its idle workers", "worker pool ",
               id);
        expect(p.idle_list.size() == static_cast<std::size_t>(idle),
               "its idle list does not hold its idle workers", "worker pool ", id);
        expect(p.nr_running == running, "nr_running is not the number of its running workers",
               "worker pool ", id);
        expect(p.manager == kNoTask || (k.tasks[p.manager].flags & pf::wq_worker) != 0,
               "its manager is no kworker", "worker pool ", id);
    }

    void pwq(std::uint32_t id) {
        const PoolWorkqueue& p = w.pwqs[id];
        std::int32_t active = 0;
        for (const WorkItem& work : w.works)
            active +=
                work.in_use && !work.is_barrier && work.on_list && !work.inactive && work.pwq == id;
        for (const KWorker& worker : w.workers)
            active += worker.current_work != kNone && worker.current_pwq == id &&
                      !w.works[worker.current_work].is_barrier;
        expect(p.nr_active == active, "nr_active is not the number of its active works",
               "pool_workqueue ", id);
        expect(p.nr_active <= w.queues[p.wq].max_active,
               "more works are active than max_active allows", "pool_workqueue ", id);
    }

    void work(std::uint32_t id, int listed, int executing) {
        const WorkItem& item = w.works[id];
        expect(executing <= 1, "runs on two workers at once", "work ", id);
        if (!item.in_use) return;
        expect(listed == (item.on_list ? 1 : 0), "stands in no list, or in two", "work ", id);
        const std::uint64_t waits = item.on_list ? 1 : 0,
                            runs = static_cast<std::uint64_t>(executing);
        expect(item.queued == item.started + item.canceled + waits,
               "was not run once for each time it was queued", "work ", id);
        expect(item.started == item.ended + runs, "was begun and neither runs nor has ended",
               "work ", id);
        if (item.timer == 0) return;
        const bool armed = std::any_of(k.cpus.begin(), k.cpus.end(), [&](const Cpu& cpu) {
            return (cpu.preempt_count & kSoftirqMask) != 0 ||  // just expiring
                   std::any_of(cpu.wheel.timers.begin(), cpu.wheel.timers.end(),
                               [&](const WheelTimer& t) { return t.id == item.timer; });
        });
        expect(armed, "waits for a timer that is in no wheel", "work ", id);
    }

    void wheel(const Cpu& cpu) {
        const auto& timers = cpu.wheel.timers;
        for (std::size_t i = 0; i < timers.size(); ++i) {
            expect(timers[i].bucket_expiry >= timers[i].expires, "a timer would expire too early",
                   "the timer wheel of CPU ", cpu.id);
            expect(i == 0 || timers[i - 1].bucket_expiry <= timers[i].bucket_expiry,
                   "it is not in order", "the timer wheel of CPU ", cpu.id);
        }
        const bool halted = !cpu.regs.user() && kernel_text().steps()[cpu.pc].op == Op::halt;
        // (Whoever gave it a timer from another CPU has asked it to look again.)
        const bool told = (k.tasks[cpu.current_task].tif & tif::need_resched) != 0;
        if (halted && !told && !timers.empty())
            expect(cpu.lapic_deadline != kNever, "a timer waits and nothing will ring",
                   "the timer wheel of CPU ", cpu.id);
    }
};

}  // namespace

std::string check_work(const Kernel& k) {
    WorkChecker c{.k = k, .fault = {}};
    c.run();
    return c.fault;
}

void mix_work(Fingerprint& p, const Kernel& k) {
    for (const WorkerPool& pool : k.wq.pools) {
        p.mix((static_cast<std::uint64_t>(pool.nr_running) << 32) |
              static_cast<std::uint32_t>(pool.nr_workers));
        p.mix((static_cast<std::uint64_t>(pool.nr_idle) << 32) | pool.manager);
        mix_list(p, pool.worklist);
        mix_list(p, pool.idle_list);
        p.mix(pool.idle_timer);
        p.mix(pool.mayday_timer);
    }
    for (const KWorker& worker : k.wq.workers) {
        p.mix((std::uint64_t{worker.task} << 32) | worker.pool);
        p.mix((std::uint64_t{worker.flags} << 32) | worker.current_work);
        p.mix((std::uint64_t{worker.sleeping} << 32) | worker.desc);
        p.mix(static_cast<std::uint64_t>(worker.last_active));
        mix_list(p, worker.scheduled);
    }
    for (const PoolWorkqueue& pwq : k.wq.pwqs) {
        p.mix(static_cast<std::uint64_t>(pwq.nr_active));
        mix_list(p, pwq.inactive_works);
    }
    for (const Workqueue& q : k.wq.queues) {
        p.mix(q.work_color);
        p.mix(q.flushers.size());
        mix_list(p, q.maydays);
    }
    for (const WorkItem& work : k.wq.works) {
        p.mix(std::uint64_t{work.in_use} | std::uint64_t{work.pending} << 1 |
              std::uint64_t{work.on_list} << 2 | std::uint64_t{work.inactive} << 3 |
              std::uint64_t{work.linked} << 4 | std::uint64_t{work.canceling} << 5);
        p.mix((std::uint64_t{work.pwq} << 32) | work.done);
        p.mix(work.color);
        p.mix(work.timer);
        p.mix(work.queued);
        p.mix(work.started);
    }
    for (const Cpu& cpu : k.cpus) {
        p.mix(cpu.wheel.clk);
        p.mix(static_cast<std::uint64_t>(cpu.nohz_until));
        for (const WheelTimer& t : cpu.wheel.timers) {
            p.mix(t.id);
            p.mix(t.bucket_expiry);
        }
    }
    for (const KThread& t : k.kthreads) {
        p.mix((std::uint64_t{t.task} << 8) | std::uint64_t{t.should_stop} |
              std::uint64_t{t.should_park} << 1 | std::uint64_t{t.is_parked} << 2 |
              std::uint64_t{t.has_exited} << 3);
        p.mix((std::uint64_t{t.parked} << 32) | t.exited);
    }
    for (const Completion& c : k.completions) p.mix((std::uint64_t{c.done} << 32) | c.waiters.head);
    for (std::uint32_t r : k.kthread_create_list) p.mix(r);
}

}  // namespace sy
