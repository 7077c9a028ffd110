#include "sim/trace/tallies.h"

#include <algorithm>
#include <bit>

namespace sy {

namespace {

bool is_longer(const WaitRecord& a, const WaitRecord& b) {
    return a.length != b.length ? a.length > b.length : a.run < b.run;
}

}  // namespace

int wait_class(Nanos length) {
    if (length < 2) return 0;
    return std::min(static_cast<int>(std::bit_width(static_cast<std::uint64_t>(length))) - 1, kWaitClasses - 1);
}

void LogTallies::add(std::uint32_t index, const Record& r) {
    if (index % kTallyBlock == 0) {
        if (blocks_.size() == blocks_.capacity()) blocks_.reserve(blocks_.size() + blocks_.size() / 8 + 4);
        blocks_.push_back(kinds_);
    }
    ++kinds_[static_cast<std::size_t>(r.kind)];
    const bool wakes = r.kind == RecordKind::sched_wakeup || r.kind == RecordKind::sched_wakeup_new ||
                       r.kind == RecordKind::task_arrival;
    if (!wakes && r.kind != RecordKind::sched_switch) return;
    if (r.a == kNoTask) return;
    if (waiting_.size() <= r.a) waiting_.resize(r.a + 1);
    Waiting& who = waiting_[r.a];
    if (wakes) {
        if (!who.is_waiting) who = {r.at, index, true};
        return;
    }
    if (r.task < waiting_.size()) waiting_[r.task].is_waiting = false;   // woken before it had left: it never waited
    if (!who.is_waiting) return;
    who.is_waiting = false;
    waited({std::max<Nanos>(r.at - who.since, 0), who.since, who.record, index, r.a});
}

void LogTallies::waited(const WaitRecord& wait) {
    ++waits_[static_cast<std::size_t>(wait_class(wait.length))];
    if (heap_.size() == kLongestWaits) {
        if (!is_longer(wait, heap_.front())) return;
        std::pop_heap(heap_.begin(), heap_.end(), is_longer);
        heap_.back() = wait;
    } else {
        heap_.push_back(wait);
    }
    std::push_heap(heap_.begin(), heap_.end(), is_longer);
    is_sorted_ = false;
}

KindCounts LogTallies::kinds_before(const Log& log, std::size_t index) const {
    KindCounts counts{};
    const std::size_t block = std::min(index / kTallyBlock, blocks_.empty() ? 0 : blocks_.size() - 1);
    if (!blocks_.empty())
        for (std::size_t k = 0; k < counts.size(); ++k) counts[k] = blocks_[block][k];
    for (std::size_t i = block * kTallyBlock; i < std::min(index, log.size()); ++i)
        ++counts[static_cast<std::size_t>(log[i].kind)];
    return counts;
}

const std::vector<WaitRecord>& LogTallies::longest() const {
    if (!is_sorted_) {
        longest_ = heap_;
        std::sort(longest_.begin(), longest_.end(), is_longer);
        is_sorted_ = true;
    }
    return longest_;
}

std::size_t LogTallies::bytes() const {
    return sizeof *this + blocks_.capacity() * sizeof(Block) + waiting_.capacity() * sizeof(Waiting) +
           (heap_.capacity() + longest_.capacity()) * sizeof(WaitRecord);
}

}  // namespace sy
