// Happens-before by vector clocks, with FastTrack's economy (Flanagan and Freund, PLDI 2009): of the writes to a variable
// only the last one is kept, as an epoch (thread, clock); of the reads one epoch as long as they are ordered, and one for
// each thread from the moment two of them are not (read-shared). Knows nothing of the simulated machine.
#pragma once

#include <cstdint>
#include <cstddef>
#include <vector>

namespace sy {

using ThreadNo = std::uint32_t;
using LogicalTime = std::uint32_t;
constexpr ThreadNo kNobody = ~ThreadNo{0};

class VectorClock {
  public:
    LogicalTime operator[](ThreadNo t) const { return t < at_.size() ? at_[t] : 0; }
    void set(ThreadNo t, LogicalTime v) {
        if (t >= at_.size()) at_.resize(t + std::size_t{1});
        at_[t] = v;
    }
    void join(const VectorClock& o) {
        if (o.at_.size() > at_.size()) at_.resize(o.at_.size());
        for (std::size_t i = 0; i < o.at_.size(); ++i)
            if (o.at_[i] > at_[i]) at_[i] = o.at_[i];
    }
    bool empty() const { return at_.empty(); }

  private:
    std::vector<LogicalTime> at_;
};

// One access to a variable, as much as a report needs to show it. `where` and `context` are the caller's.
struct AccessNote {
    ThreadNo thread = kNobody;
    LogicalTime clock = 0;
    bool is_write = false;
    std::uint32_t where = 0, context = 0;
    std::int64_t at = 0;
    std::uint64_t number = 0;
};

// What is known of one variable (or of some bytes of a word).
struct VariableState {
    std::uint8_t bytes = 0xff;
    AccessNote write;
    std::vector<AccessNote> reads;       // one: an epoch; several: read-shared, one for each thread
};

class HappensBefore {
  public:
    // A thread without a parent begins knowing nothing.
    ThreadNo new_thread(ThreadNo parent = kNobody);
    std::size_t threads() const { return clocks_.size(); }
    const VectorClock& clock(ThreadNo t) const { return clocks_[t]; }

    // The thread learns all that `from` holds.
    void acquire(ThreadNo t, const VectorClock& from) { clocks_[t].join(from); }
    // What others may learn from it: all that it has done until now. The next thing it does is newer.
    VectorClock publish(ThreadNo t) {
        VectorClock out = clocks_[t];
        clocks_[t].set(t, clocks_[t][t] + 1);
        return out;
    }
    bool ordered(const AccessNote& before, ThreadNo t) const {
        return before.thread == kNobody || before.clock <= clocks_[t][before.thread];
    }

    // An access to a variable: fills in the note's thread and clock, calls `race(earlier, now)` for each one it is not
    // ordered with, then remembers it.
    template <class Race>
    void access(VariableState& v, AccessNote now, ThreadNo t, Race race) {
        now.thread = t;
        now.clock = clocks_[t][t];
        if (!now.is_write) {
            if (v.reads.size() == 1 && v.reads[0].thread == t && v.reads[0].clock == now.clock) return;   // same epoch
            if (!ordered(v.write, t)) race(v.write, now);
            return read(v, now, t);
        }
        if (v.write.thread == t && v.write.clock == now.clock && v.reads.empty()) return;
        if (!ordered(v.write, t)) race(v.write, now);
        for (const AccessNote& r : v.reads)
            if (!ordered(r, t)) race(r, now);
        v.write = now;
        v.reads.clear();
    }

  private:
    void read(VariableState& v, const AccessNote& now, ThreadNo t) {
        if (v.reads.size() == 1 && ordered(v.reads[0], t)) {
            v.reads[0] = now;
            return;
        }
        for (AccessNote& r : v.reads)
            if (r.thread == t) {
                r = now;
                return;
            }
        v.reads.push_back(now);
    }

    std::vector<VectorClock> clocks_;
};

inline ThreadNo HappensBefore::new_thread(ThreadNo parent) {
    const auto t = static_cast<ThreadNo>(clocks_.size());
    clocks_.emplace_back();
    if (parent != kNobody) {
        clocks_[t].join(clocks_[parent]);
        clocks_[parent].set(parent, clocks_[parent][parent] + 1);
    }
    clocks_[t].set(t, 1);
    return t;
}

}  // namespace sy
