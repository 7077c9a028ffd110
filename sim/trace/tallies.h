// Counts over the log: for every stretch of it how many records of each kind, kept as sums from the beginning at every
// kTallyBlock-th record, so that a stretch is a subtraction and at most two blocks read; of the whole log how many waits
// of each length, and the longest.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/trace/record.h"

namespace sy {

constexpr std::size_t kTallyBlock = 2048;       // records
constexpr std::size_t kLongestWaits = 2'000;    // that are kept
constexpr int kWaitClasses = 40;                // class n: waits of [2^n, 2^(n+1)) ns; 0 also holds shorter ones

using KindCounts = std::array<std::uint64_t, kRecordKinds>;
using WaitCounts = std::array<std::uint64_t, kWaitClasses>;

// From a wakeup until the woken task had a CPU.
struct WaitRecord {
    Nanos length = 0;
    Nanos woken = 0;
    std::uint32_t wakeup = 0, run = 0;   // records: sched_wakeup (or task_arrival), sched_switch
    TaskId task = kNoTask;

    friend bool operator==(const WaitRecord&, const WaitRecord&) = default;
};
int wait_class(Nanos length);

class LogTallies {
  public:
    void add(std::uint32_t index, const Record& r);

    // Of the records [0, index).
    KindCounts kinds_before(const Log& log, std::size_t index) const;
    const WaitCounts& waits() const { return waits_; }
    // The longest first; of equally long ones the earlier. Made when asked for.
    const std::vector<WaitRecord>& longest() const;

    std::size_t bytes() const;

  private:
    struct Waiting {
        Nanos since = 0;
        std::uint32_t record = 0;
        bool is_waiting = false;
    };
    using Block = std::array<std::uint32_t, kRecordKinds>;
    void waited(const WaitRecord& wait);

    std::vector<Block> blocks_;   // [i]: before record i * kTallyBlock
    Block kinds_{};
    WaitCounts waits_{};
    std::vector<Waiting> waiting_;   // by task
    std::vector<WaitRecord> heap_;   // the shortest on top
    mutable std::vector<WaitRecord> longest_;
    mutable bool is_sorted_ = true;
};

}  // namespace sy
