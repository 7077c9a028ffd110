// The index of a log: what makes ten million records as easy to look at as ten thousand. It grows with the log, record by
// record, takes an eighth of its memory, and holds no slice: slices are read from the log where somebody looks closely.
//
// For each lane it keeps the numbers of the records that touch the lane (as differences, a byte or two each) in blocks of
// kLaneBlock; at the head of each block stands how the lane was at that moment and how long it had been in each state.
// So the share of each state between two heads is a subtraction, exact however much lies between them; and any slice
// comes from reading one block. A stretch of the screen is answered by cells of a power of two nanoseconds: what lies in
// one cell is one subtraction, what is wide enough to be told apart is read.
//
// The log must outlive the index, and only grow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "sim/trace/lane_moment.h"
#include "sim/trace/record.h"
#include "sim/trace/tallies.h"

namespace sy {

constexpr std::size_t kLaneBlock = 32;   // events

// One part of a lane as it can be shown: either slices (they are in the Lane beside), or too much for its width.
struct LanePart {
    Nanos begin = 0, end = 0;
    bool is_folded = false;
    LaneTimes ns{};             // folded: time in each state; those of the state row sum to the stretch where the task lives
    std::uint64_t events = 0;   // folded: records that touch the lane in it
};

class TraceIndex {
  public:
    // idle[c] is the idle task of CPU c; tasks below `present` sleep when the records begin.
    TraceIndex(std::vector<TaskId> idle, std::size_t present);

    // Takes over at most so many records of the log that it has not seen yet; returns whether there are more.
    bool follow(const Log& log, std::size_t most = ~std::size_t{0});
    std::size_t records() const { return seen_; }
    const Log& log() const { return *log_; }

    std::size_t cpus() const { return cpus_.size(); }
    std::size_t tasks() const { return tasks_.size(); }
    bool is_idle(TaskId id) const { return id < is_idle_.size() && is_idle_[id] != 0; }
    // Whether any record touches the lane.
    bool has_acted(LaneKey lane) const;

    // Every slice that overlaps [from, until), whole; one that still lasts ends at kNever.
    Lane slices(LaneKey lane, Nanos from, Nanos until) const;
    // The slice of a row at an instant, whole.
    std::optional<Slice> at(LaneKey lane, LaneRowKind row, Nanos at) const;
    // Time in each state from the beginning to `at`, exactly. `now` bounds what still lasts.
    LaneTimes times_before(LaneKey lane, Nanos at, Nanos now) const;
    // What to show of [from, until) when things shorter than `least` cannot be told apart: parts from left to right, and
    // the slices of those that are not folded, cut at the edges of their part. `now`: how far the run has got.
    void look(LaneKey lane, Nanos from, Nanos until, Nanos now, Nanos least, std::vector<LanePart>& parts, Lane& out) const;

    const LogTallies& tallies() const { return tallies_; }
    // Index of the first record that is not before `at` (records of two CPUs may be a few nanoseconds out of order).
    std::size_t record_at(Nanos at) const;

    std::size_t bytes() const;   // of memory, spare capacity included

  private:
    struct Head {   // of a block that is full; what it says is in the store
        Nanos at = 0;                    // the lane's clock there
        std::uint32_t record = 0;        // the records of the block are after this one
        std::uint32_t place = 0;         // in the store
    };
    struct LaneData {
        std::vector<Head> heads;         // of full blocks
        Head tail_head;                  // of the block that grows; its place is in `tail`
        std::vector<std::uint8_t> tail;
        std::uint32_t in_tail = 0;
        std::uint32_t last_record = 0;
        LaneMoment live;
    };
    class Reader;

    LaneData& task_lane(TaskId id);
    const LaneData* find(LaneKey lane) const;
    void post(LaneKey key, LaneData& lane, std::uint32_t index, const Record& r, std::uint16_t inside);
    void add(std::uint32_t index, const Record& r);
    void write_head(LaneKey key, LaneData& lane);
    static std::size_t block_at(const LaneData& lane, Nanos at);
    static const Head& head(const LaneData& lane, std::size_t block);
    std::size_t group_end(const LaneData& lane, std::size_t block, Nanos cell, Nanos wide) const;

    // Blocks that are full lie one behind another in pieces of the same size; none crosses from one to the next.
    std::uint32_t store(const std::vector<std::uint8_t>& bytes);
    const std::uint8_t* stored(std::uint32_t place) const;

    std::vector<TaskId> idle_;
    std::vector<std::uint8_t> is_idle_;
    std::vector<LaneData> cpus_, tasks_;
    std::vector<std::unique_ptr<std::uint8_t[]>> pieces_;
    std::size_t piece_used_ = 0;
    std::size_t present_ = 0, seen_ = 0;
    const Log* log_ = nullptr;
    LogTallies tallies_;
};

}  // namespace sy
