#include "sim/trace/lane_moment.h"

#include <algorithm>

namespace sy {

using Kind = Slice::Kind;

void LaneMoment::close(LaneRowKind row, Lane* out) {
    OpenSlice& open = rows[static_cast<std::size_t>(row)];
    if (!open.is_open) return;
    open.is_open = false;
    const Nanos length = clock - open.slice.begin;
    if (length <= 0) return;   // a slice without length is no slice
    closed[static_cast<std::size_t>(open.slice.kind)] += length;
    if (out == nullptr) return;
    (out->*row_of(row)).push_back(open.slice);
    (out->*row_of(row)).back().end = clock;
}

void LaneMoment::open(LaneRowKind row, Slice s, Lane* out) {
    close(row, out);
    s.begin = clock;
    s.end = kNever;
    rows[static_cast<std::size_t>(row)] = {true, s};
}

void LaneMoment::switched(LaneKey lane, const Record& r, std::uint16_t inside, bool next_is_idle, Lane* out) {
    close(LaneRowKind::syscall, out);
    const bool comes = !lane.is_task || r.a == lane.id;
    if (!comes) {   // this task left the CPU
        const char letter = static_cast<char>(r.b & 0xff);
        if (letter == 'R' || (r.b >> 8 & 1) != 0)
            open(LaneRowKind::state, {.task = lane.id, .kind = Kind::runnable, .cpu = r.cpu}, out);
        else if (letter == 'X' || letter == 'Z')
            close(LaneRowKind::state, out);
        else
            open(LaneRowKind::state,
                 {.task = lane.id, .kind = Kind::sleeping, .cpu = r.cpu, .reason = syscall, .letter = letter}, out);
        return;
    }
    open(LaneRowKind::state,
         {.task = r.a, .kind = next_is_idle ? Kind::idle : Kind::running, .cpu = r.cpu}, out);
    const std::uint16_t number = lane.is_task ? syscall : inside;
    if (number != Slice::kNoReason)
        open(LaneRowKind::syscall, {.task = r.a, .kind = Kind::syscall, .cpu = r.cpu, .reason = number}, out);
}

void LaneMoment::apply(LaneKey lane, const Record& r, std::uint16_t inside, bool next_is_idle, Lane* out) {
    using K = RecordKind;
    clock = std::max(clock, r.at);
    const Slice inner{.task = r.task, .cpu = r.cpu, .reason = static_cast<std::uint16_t>(r.a)};
    const auto with = [&](Kind kind) {
        Slice s = inner;
        s.kind = kind;
        return s;
    };
    switch (r.kind) {
        case K::sched_switch:
            switched(lane, r, inside, next_is_idle, out);
            return;
        case K::sched_wakeup:
        case K::sched_wakeup_new:
        case K::task_arrival: {
            const OpenSlice& now = rows[0];
            if (now.is_open && now.slice.kind != Kind::sleeping) return;   // it had not left the CPU yet
            open(LaneRowKind::state,
                 {.task = r.a, .kind = Kind::runnable, .cpu = static_cast<CpuId>(r.kind == K::task_arrival ? r.cpu : r.b)}, out);
            return;
        }
        case K::sys_enter:
            if (lane.is_task) syscall = inner.reason;
            open(LaneRowKind::syscall, with(Kind::syscall), out);
            return;
        case K::sys_exit:
            if (lane.is_task) syscall = Slice::kNoReason;
            close(LaneRowKind::syscall, out);
            return;
        case K::irq_handler_entry:
        case K::local_timer_entry:
        case K::reschedule_entry:
            open(LaneRowKind::irq, with(Kind::irq), out);
            return;
        case K::irq_handler_exit:
        case K::local_timer_exit:
        case K::reschedule_exit:
            close(LaneRowKind::irq, out);
            return;
        case K::softirq_entry:
            open(LaneRowKind::softirq, with(Kind::softirq), out);
            return;
        case K::softirq_exit:
            close(LaneRowKind::softirq, out);
            return;
        default:
            return;
    }
}

LaneTimes LaneMoment::times(Nanos at) const {
    LaneTimes all = closed;
    for (const OpenSlice& row : rows)
        if (row.is_open) all[static_cast<std::size_t>(row.slice.kind)] += std::max<Nanos>(at - row.slice.begin, 0);
    return all;
}

LaneMoment first_state(LaneKey lane, TaskId idle, bool sleeps) {
    LaneMoment s;
    if (!lane.is_task)
        s.rows[0] = {true, {.task = idle, .kind = Kind::idle, .cpu = static_cast<CpuId>(lane.id)}};
    else if (sleeps)
        s.rows[0] = {true, {.task = lane.id, .kind = Kind::sleeping, .letter = 'S'}};
    return s;
}

}  // namespace sy
