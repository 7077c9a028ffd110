// A session: one scenario being watched. It runs ahead to the end (in slices, so that a window never freezes), keeps a
// bounded ring of copies of the kernel, and moves a cursor to any step forwards and backwards by re-execution from the
// nearest copy. What is emitted again must equal what the log holds: every seek is a determinism check.
//
// Not thread-safe; two sessions are independent of each other.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/diagnostics.h"
#include "sim/kernel/kernel.h"
#include "sim/model/scenario.h"
#include "sim/session/episode.h"
#include "sim/trace/record.h"
#include "sim/trace/step_report.h"

namespace sy {

// How far one press of a key goes.
enum class Grain : std::uint8_t { step, phase, record, switch_, tick, millisecond };

struct SessionLimits {
    std::uint64_t steps = 1'000'000'000;             // limits::steps
    std::uint64_t log_bytes = std::uint64_t{1} << 30;
    std::size_t keyframes = 256;
    std::size_t keyframe_bytes = std::size_t{1} << 30;   // all copies together, roughly
};

// Where a break was asked for.
struct Breakpoint {
    enum class Kind : std::uint8_t { switch_to, record, time } kind = Kind::time;
    std::string task;                    // switch_to: a task path
    RecordKind record = RecordKind::sched_switch;
    Nanos time = 0;
};

class Session {
  public:
    // Null and a boot error if the scenario cannot be run (unknown scheduler, …). The cursor is at step 0.
    static std::unique_ptr<Session> open(Scenario scenario, BootError& error, SessionLimits limits = {});
    ~Session();

    const Scenario& scenario() const;

    // --- the run as a whole ---
    // Runs ahead by at most so many steps; returns whether there is more to do. A seek beyond runs ahead by itself.
    bool run_ahead(std::uint64_t steps);
    void run_to_end();
    bool complete() const;
    End end() const;                     // why it ended, limits of the session included
    const Kernel& frontier() const;      // the furthest state reached
    const Log& log() const;              // everything up to the frontier
    std::uint64_t log_fingerprint() const;
    // Index in log() of sched_switch number n (from 1); n <= switch_count().
    std::uint64_t switch_count() const;
    std::size_t switch_record(std::uint64_t n) const;

    // --- the cursor ---
    const Kernel& now() const;           // the machine at the cursor
    std::uint64_t position() const;      // steps done at the cursor
    Nanos time() const;                  // the cursor's instant
    // What the step that led to the cursor moved; none at step 0 or after a seek that did not watch.
    const StepReport* last_step() const;

    bool forward(Grain grain);           // false: at the end
    bool back(Grain grain);              // false: at the start
    void seek_step(std::uint64_t step);  // clamps to the run
    void seek_time(Nanos time);          // all steps that begin at or before `time` are done
    void seek_switch(std::uint64_t n);   // just after sched_switch number n
    void seek_record(std::size_t index); // just after that record
    // Forward until a breakpoint is met; false: none before the end.
    bool run_to_breakpoint();
    std::vector<Breakpoint> breakpoints;

    // --- storyboards (cached; do not move the cursor) ---
    // The episode in which switch n happens.
    const Episode& episode_of_switch(std::uint64_t n);
    // The episode in which the step before `position` (or the one after, at its start) lies, on the CPU that made it.
    const Episode& episode_at(std::uint64_t position);
    // All steps in [from, to) with words, for `trace --steps`.
    std::vector<StoryStep> tell(std::uint64_t from, std::uint64_t to);

    // A copy of the machine after so many steps, to look ahead or back without moving the cursor.
    Kernel copy_at(std::uint64_t step);

    // --- checks ---
    std::size_t memory_bytes() const;    // keyframes and log, roughly
    std::uint64_t keyframe_interval() const;

  private:
    Session();
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// Two sessions of the same scenario text give the same bytes; this is what `run` prints.
std::string fingerprint_text(std::uint64_t fingerprint);   // 16 hex digits

}  // namespace sy
