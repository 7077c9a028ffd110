// One pass over the records; each lane keeps its last slice open until something ends it.
#include "sim/trace/slices.h"

#include <algorithm>

namespace sy {

namespace {

// Ends the last slice of a row. Records of two CPUs may be a few nanoseconds out of order; a lane
// never goes back. A slice without length is no slice.
Nanos close(std::vector<Slice>& row, Nanos at) {
    if (row.empty() || row.back().end != kNever)
        return row.empty() ? at : std::max(at, row.back().end);
    Slice& last = row.back();
    last.end = std::max(at, last.begin);
    const Nanos end = last.end;
    if (last.begin == last.end) row.pop_back();
    return end;
}

void open(std::vector<Slice>& row, Slice s) {
    s.begin = close(row, s.begin);
    s.end = kNever;
    row.push_back(s);
}

bool lasts(const std::vector<Slice>& row) { return !row.empty() && row.back().end == kNever; }

}  // namespace

Timeline::Timeline(std::vector<TaskId> idle, std::size_t present)
    : idle_(std::move(idle)), cpus_(idle_.size()), present_(present) {
    for (std::size_t c = 0; c < cpus_.size(); ++c)
        cpus_[c].state.push_back({.begin = 0,
                                  .task = idle_[c],
                                  .kind = Slice::Kind::idle,
                                  .cpu = static_cast<CpuId>(c)});
    for (TaskId id = 0; id < present; ++id) lane(id);
}

bool Timeline::is_idle(TaskId id) const {
    return std::find(idle_.begin(), idle_.end(), id) != idle_.end();
}

Lane& Timeline::lane(TaskId id) {
    while (tasks_.size() <= id) {
        const TaskId fresh = static_cast<TaskId>(tasks_.size());
        tasks_.emplace_back();
        memory_.emplace_back();
        if (fresh < present_ && !is_idle(fresh))
            tasks_.back().state.push_back(
                {.begin = 0, .task = fresh, .kind = Slice::Kind::sleeping, .letter = 'S'});
    }
    return tasks_[id];
}

const Lane& Timeline::task(TaskId id) const {
    static const Lane none;
    return id < tasks_.size() ? tasks_[id] : none;
}

void Timeline::follow(const Log& log) {
    for (; seen_ < log.size();) add(log[seen_]);
}

void Timeline::add(const Record& r) {
    ++seen_;
    using K = RecordKind;
    switch (r.kind) {
        case K::sched_switch:
            switched(r);
            return;
        case K::sched_wakeup:
        case K::sched_wakeup_new:
        case K::task_arrival:
            wake(r);
            return;
        case K::sys_enter:
            if (r.task == kNoTask) return;
            lane(r.task);
            memory_[r.task].syscall = static_cast<std::uint16_t>(r.a);
            enter(r, &Lane::syscall, Slice::Kind::syscall, static_cast<std::uint16_t>(r.a));
            return;
        case K::sys_exit:
            if (r.task == kNoTask) return;
            lane(r.task);
            memory_[r.task].syscall = Slice::kNoReason;
            leave(r, &Lane::syscall);
            return;
        case K::irq_handler_entry:
        case K::local_timer_entry:
        case K::reschedule_entry:
            enter(r, &Lane::irq, Slice::Kind::irq, static_cast<std::uint16_t>(r.a));
            return;
        case K::irq_handler_exit:
        case K::local_timer_exit:
        case K::reschedule_exit:
            leave(r, &Lane::irq);
            return;
        case K::softirq_entry:
            enter(r, &Lane::softirq, Slice::Kind::softirq, static_cast<std::uint16_t>(r.a));
            return;
        case K::softirq_exit:
            leave(r, &Lane::softirq);
            return;
        default:
            return;
    }
}

void Timeline::enter(const Record& r, std::vector<Slice> Lane::*row, Slice::Kind kind,
                     std::uint16_t reason) {
    const Slice s{.begin = r.at, .task = r.task, .kind = kind, .cpu = r.cpu, .reason = reason};
    open(cpus_[r.cpu].*row, s);
    if (r.task != kNoTask && !is_idle(r.task)) open(lane(r.task).*row, s);
}

void Timeline::leave(const Record& r, std::vector<Slice> Lane::*row) {
    close(cpus_[r.cpu].*row, r.at);
    if (r.task != kNoTask && !is_idle(r.task)) close(lane(r.task).*row, r.at);
}

void Timeline::wake(const Record& r) {
    std::vector<Slice>& row = lane(r.a).state;
    if (lasts(row) && row.back().kind != Slice::Kind::sleeping)
        return;  // it had not left the CPU yet
    open(row, {.begin = r.at,
               .task = r.a,
               .kind = Slice::Kind::runnable,
               .cpu = static_cast<CpuId>(r.kind == RecordKind::task_arrival ? r.cpu : r.b)});
}

void Timeline::switched(const Record& r) {
    const TaskId prev = r.task, next = r.a;
    Lane& cpu = cpus_[r.cpu];
    const bool to_idle = is_idle(next);
    close(cpu.syscall, r.at);
    open(cpu.state, {.begin = r.at,
                     .task = next,
                     .kind = to_idle ? Slice::Kind::idle : Slice::Kind::running,
                     .cpu = r.cpu});
    if (prev != kNoTask && !is_idle(prev)) {
        Lane& l = lane(prev);
        close(l.syscall, r.at);
        const char letter = static_cast<char>(r.b & 0xff);
        if (letter == 'R' || (r.b >> 8 & 1) != 0) {
            open(l.state,
                 {.begin = r.at, .task = prev, .kind = Slice::Kind::runnable, .cpu = r.cpu});
        } else if (letter == 'X' || letter == 'Z') {
            close(l.state, r.at);
        } else {
            open(l.state, {.begin = r.at,
                           .task = prev,
                           .kind = Slice::Kind::sleeping,
                           .cpu = r.cpu,
                           .reason = memory_[prev].syscall,
                           .letter = letter});
        }
    }
    if (to_idle || next == kNoTask) return;
    Lane& l = lane(next);
    open(l.state, {.begin = r.at, .task = next, .kind = Slice::Kind::running, .cpu = r.cpu});
    if (memory_[next].syscall == Slice::kNoReason) return;
    const Slice inside{.begin = r.at,
                       .task = next,
                       .kind = Slice::Kind::syscall,
                       .cpu = r.cpu,
                       .reason = memory_[next].syscall};
    open(l.syscall, inside);
    open(cpu.syscall, inside);
}

const Slice* slice_at(std::span<const Slice> slices, Nanos at) {
    const auto it = std::partition_point(slices.begin(), slices.end(),
                                         [&](const Slice& s) { return s.end <= at; });
    return it != slices.end() && it->begin <= at ? &*it : nullptr;
}

}  // namespace sy
