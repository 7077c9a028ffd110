// Runs a scenario and watches its processes' memory accesses for races: two accesses to one word, at least one of them a
// write, by two threads, with nothing that orders them. It looks on from outside, at the next operation of each CPU and at
// the records; the kernel does not know of it.
//
// What orders (docs/races.md): program order; what a thread does before it creates another one, and what that does before
// it ends, with whoever joins or waits for it; a wakeup by a system call; a signal, from sender to handler; a pipe's bytes;
// mutexes, semaphores, condition variables, barriers, read-write locks; and every access to a word for synchronisation:
// one that a locked instruction or xchg touches, that is used as a futex, declared `shared atomic`, or on which a loop
// does nothing but wait (spin_reads). A load of such a word learns what the store that it reads from knew (acquire and
// release, as C11 has it); with `memory tso` a store is seen when it leaves its buffer.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/analysis/accesses.h"
#include "sim/model/scenario.h"

namespace sy {

struct RaceAccess {
    TaskId task = kNoTask;
    std::string path;                    // bank/teller/1
    Pid pid = 0;
    CpuId cpu = 0;
    Nanos at = 0;
    std::uint64_t step = 0;              // of the run, to go there
    bool is_write = false;
    std::uint64_t rip = 0;
    CodePlace place;
    std::vector<CodePlace> stack;        // callers, innermost first
    std::vector<std::string> locks;      // that its thread holds
};

struct Race {
    std::string process;                 // of the word: name of the declaration
    std::string variable;
    std::uint64_t address = 0;
    RaceAccess first, second;            // in the order in which they happened
    std::uint64_t times = 1;             // pairs of accesses at these two places
};

// A word that its accesses synchronise, and how that is known.
struct SyncWord {
    enum class Why : std::uint8_t { declared, locked, futex, spin } why = Why::declared;
    std::string process, variable;
};

struct RaceReport {
    std::vector<Race> races;             // one for each pair of places, in the order of their finding
    std::vector<SyncWord> sync_words;
    std::uint64_t accesses = 0;          // to data words that were looked at
    std::uint64_t words = 0;             // different ones
    std::uint64_t steps = 0;
    std::uint64_t pairs = 0;             // racing pairs altogether
    bool words_left_out = false;         // more than kMostWords were touched
    bool races_left_out = false;         // more than kMostRaces places
    End end = End::running;
};

struct RaceOptions {
    bool strict = false;                 // loops that wait do not make a word one for synchronisation
    std::uint64_t steps = 1'000'000'000; // at most so many of the run
};

class RaceDetector {
  public:
    static constexpr std::size_t kMostWords = 1'000'000, kMostRaces = 1'000;
    // The scenario must boot.
    explicit RaceDetector(const Scenario& scenario, const RaceOptions& options = {});
    ~RaceDetector();
    // At most so many steps more; false: it is over.
    bool advance(std::uint64_t steps);
    const Kernel& kernel() const;
    const RaceReport& report() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

RaceReport find_races(const Scenario& scenario, const RaceOptions& options = {});

}  // namespace sy
