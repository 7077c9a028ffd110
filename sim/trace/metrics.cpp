#include "sim/trace/metrics.h"

namespace sy {
namespace {

LaneState state_of_letter(std::uint32_t letter) {
    switch (static_cast<char>(letter & 0xff)) {
        case 'R':
            return LaneState::runnable;
        case 'D':
            return LaneState::blocked;
        case 'T':
            return LaneState::stopped;
        case 'Z':
            return LaneState::zombie;
        case 'X':
            return LaneState::absent;
        default:
            return LaneState::sleeping;  // S, and I of an idle kernel worker
    }
}

class Walk {
  public:
    Walk(std::size_t tasks, std::size_t cpus, const std::function<void(const Stretch&)>& visit)
        : now_(tasks), visit_(visit) {
        for (TaskId id = 0; id < now_.size(); ++id) {
            now_[id] = {.task = id, .state = LaneState::sleeping};
            if (id < cpus) now_[id].state = LaneState::running;  // the idle tasks, one for each CPU
            if (id < cpus) now_[id].cpu = static_cast<CpuId>(id);
        }
    }

    // Tasks that the log shows being made were not there before.
    void find_births(const Log& log) {
        for (const Record& r : log) {
            const bool is_birth =
                r.kind == RecordKind::task_arrival || r.kind == RecordKind::sched_process_fork;
            if (is_birth && r.a < now_.size()) now_[r.a].state = LaneState::absent;
        }
    }

    void feed(const Record& r) {
        switch (r.kind) {
            case RecordKind::task_arrival:
            case RecordKind::sched_process_fork:
                change(r.a, LaneState::runnable, r.cpu, r.at);
                return;
            case RecordKind::sched_wakeup:
            case RecordKind::sched_wakeup_new:
                if (r.a < now_.size() && now_[r.a].state != LaneState::running) {
                    change(r.a, LaneState::runnable, static_cast<CpuId>(r.b), r.at);
                }
                return;
            case RecordKind::sched_switch:
                change(r.task, state_of_letter(r.b), r.cpu, r.at);
                change(r.a, LaneState::running, r.cpu, r.at);
                return;
            case RecordKind::sched_process_free:   // a zombie that was collected
                if (r.a < now_.size() && now_[r.a].state == LaneState::zombie)
                    change(r.a, LaneState::absent, now_[r.a].cpu, r.at);
                return;
            default:
                return;
        }
    }

    void finish(Nanos end) {
        for (TaskId id = 0; id < now_.size(); ++id)
            change(id, LaneState::absent, now_[id].cpu, end);
    }

  private:
    void change(TaskId id, LaneState to, CpuId cpu, Nanos at) {
        if (id >= now_.size()) return;
        Stretch& s = now_[id];
        if (s.state == to && s.cpu == cpu) return;
        s.end = at;
        if (s.state != LaneState::absent && s.end > s.begin) visit_(s);
        s = {.task = id, .state = to, .cpu = cpu, .begin = at};
    }

    std::vector<Stretch> now_;
    const std::function<void(const Stretch&)>& visit_;
};

}  // namespace

void walk_stretches(const Log& log, const TaskTable& tasks, std::size_t cpus, Nanos end,
                    const std::function<void(const Stretch&)>& visit) {
    Walk walk(tasks.size(), cpus, visit);
    walk.find_births(log);
    for (const Record& r : log) walk.feed(r);
    walk.finish(end);
}

TaskId subject_of(const Record& record) {
    switch (record.kind) {
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
            return record.a;
        default:
            return record.task;
    }
}

const char* lane_state_name(LaneState state) {
    static constexpr const char* kNames[] = {"gone",    "running", "runnable", "sleeping",
                                             "blocked", "stopped", "zombie"};
    return kNames[static_cast<std::size_t>(state)];
}

}  // namespace sy
