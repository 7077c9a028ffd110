// Building the index: each record is posted to the lanes it touches.
#include "sim/trace/index.h"

#include <algorithm>
#include <cstring>

#include "sim/trace/index_code.h"

namespace sy {

using Kind = Slice::Kind;

TraceIndex::TraceIndex(std::vector<TaskId> idle, std::size_t present)
    : idle_(std::move(idle)), cpus_(idle_.size()), present_(present) {
    for (const TaskId id : idle_) {
        if (id == kNoTask) continue;
        if (is_idle_.size() <= id) is_idle_.resize(id + 1);
        is_idle_[id] = 1;
    }
    for (std::size_t c = 0; c < cpus_.size(); ++c) {
        const LaneKey key = LaneKey::cpu(static_cast<CpuId>(c));
        cpus_[c].live = first_state(key, idle_[c], false);
        write_head(key, cpus_[c]);
    }
    if (present > 0) task_lane(static_cast<TaskId>(present - 1));
}

TraceIndex::LaneData& TraceIndex::task_lane(TaskId id) {
    while (tasks_.size() <= id) {
        const auto fresh = static_cast<TaskId>(tasks_.size());
        const LaneKey key = LaneKey::task(fresh);
        LaneData& lane = tasks_.emplace_back();
        lane.live = first_state(key, kNoTask, fresh < present_ && !is_idle(fresh));
        write_head(key, lane);
    }
    return tasks_[id];
}

const TraceIndex::LaneData* TraceIndex::find(LaneKey lane) const {
    const std::vector<LaneData>& all = lane.is_task ? tasks_ : cpus_;
    return lane.id < all.size() ? &all[lane.id] : nullptr;
}

bool TraceIndex::has_acted(LaneKey lane) const {
    const LaneData* data = find(lane);
    return data != nullptr && (data->in_tail > 0 || !data->heads.empty());
}

void TraceIndex::write_head(LaneKey key, LaneData& lane) {
    lane.tail.clear();
    lane.tail_head = {lane.live.clock, lane.last_record, 0};
    lane.in_tail = 0;
    index_code::put_moment(lane.tail, key, lane.live);
}

std::uint32_t TraceIndex::store(const std::vector<std::uint8_t>& bytes) {
    using index_code::kPiece;
    if (pieces_.empty() || piece_used_ + bytes.size() > kPiece) {
        pieces_.push_back(std::make_unique<std::uint8_t[]>(kPiece));
        piece_used_ = 0;
    }
    std::memcpy(pieces_.back().get() + piece_used_, bytes.data(), bytes.size());
    const std::size_t place = (pieces_.size() - 1) * kPiece + piece_used_;
    piece_used_ += bytes.size();
    return static_cast<std::uint32_t>(place);
}

const std::uint8_t* TraceIndex::stored(std::uint32_t place) const {
    return pieces_[place / index_code::kPiece].get() + place % index_code::kPiece;
}

void TraceIndex::post(LaneKey key, LaneData& lane, std::uint32_t index, const Record& r, std::uint16_t inside) {
    if (lane.in_tail == kLaneBlock) {
        if (lane.heads.size() == lane.heads.capacity()) lane.heads.reserve(lane.heads.size() + lane.heads.size() / 8 + 2);
        lane.heads.push_back(lane.tail_head);
        lane.heads.back().place = store(lane.tail);
        write_head(key, lane);
    }
    index_code::put_event(lane.tail, index - lane.last_record, inside);
    lane.last_record = index;
    ++lane.in_tail;
    lane.live.apply(key, r, inside, is_idle(r.a), nullptr);
}

bool TraceIndex::follow(const Log& log, std::size_t most) {
    log_ = &log;
    const std::size_t until = most < log.size() - seen_ ? seen_ + most : log.size();
    for (; seen_ < until; ++seen_) {
        const auto index = static_cast<std::uint32_t>(seen_);
        add(index, log[seen_]);
        tallies_.add(index, log[seen_]);
    }
    return seen_ < log.size();
}

void TraceIndex::add(std::uint32_t index, const Record& r) {
    using K = RecordKind;
    constexpr std::uint16_t none = Slice::kNoReason;
    const auto to_cpu = [&](std::uint16_t inside) {
        if (r.cpu < cpus_.size()) post(LaneKey::cpu(r.cpu), cpus_[r.cpu], index, r, inside);
    };
    const auto to_task = [&](TaskId id) {
        if (id != kNoTask && !is_idle(id)) post(LaneKey::task(id), task_lane(id), index, r, none);
    };
    switch (r.kind) {
        case K::sched_switch: {
            const bool runs = r.a != kNoTask && !is_idle(r.a);
            to_cpu(runs ? task_lane(r.a).live.syscall : none);
            if (r.task != r.a) to_task(r.task);
            to_task(r.a);
            return;
        }
        case K::sched_wakeup:
        case K::sched_wakeup_new:
        case K::task_arrival: {
            if (r.a == kNoTask) return;
            const OpenSlice& now = task_lane(r.a).live.rows[0];
            if (now.is_open && now.slice.kind != Kind::sleeping) return;   // it says nothing new
            to_task(r.a);
            return;
        }
        case K::sys_enter:
        case K::sys_exit:
            if (r.task == kNoTask) return;
            [[fallthrough]];
        case K::irq_handler_entry:
        case K::local_timer_entry:
        case K::reschedule_entry:
        case K::irq_handler_exit:
        case K::local_timer_exit:
        case K::reschedule_exit:
        case K::softirq_entry:
        case K::softirq_exit:
            to_cpu(none);
            to_task(r.task);
            return;
        default:
            return;
    }
}

std::size_t TraceIndex::bytes() const {
    std::size_t all = sizeof *this + tallies_.bytes() + pieces_.size() * index_code::kPiece;
    for (const std::vector<LaneData>* lanes : {&cpus_, &tasks_}) {
        all += lanes->capacity() * sizeof(LaneData);
        for (const LaneData& lane : *lanes) all += lane.heads.capacity() * sizeof(Head) + lane.tail.capacity();
    }
    return all;
}

}  // namespace sy
