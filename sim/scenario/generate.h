// Scenarios nobody wrote: valid ones, so that properties of the kernel are held against programs no
// author thought of, and broken ones, so that the parser is. Same seed, same scenario, on every
// machine.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/model/scenario.h"

namespace sy {

struct RandomOptions {
    int max_cpus = 4;
    int max_processes = 5;   // declarations; copies come on top
    int max_threads = 3;     // declarations per process
    int max_statements = 6;  // of one block
    bool kernel_threads = true;
    bool interrupts = true;      // softirqs, tasklets, threaded and shared lines, ioctl
    bool timeline = true;        // kill, nice, affinity, irq from outside
    bool endless = true;         // forever and every
    bool tasks = true;           // signals, clone's flags, exec, job control
    bool smp = true;             // topologies, groups and sessions, tunables
    bool instructions = false;   // asm blocks, store buffers, a debugger's hand
    bool random_times = true;    // uniform and exp; without them a run can be computed by hand
    Nanos longest = 3 * kMilli;  // of one run or sleep
    Nanos until =
        100 * kMilli;  // end of the run; always set, since a random program may wait for ever
    std::vector<std::string_view> schedulers = {"cfs", "rr"};
    bool user_threads = false;   // some processes run their threads as a library (threads n:1, m:n)
};

// A scenario that parse_scenario accepts when written as text. Every verb of the language can
// occur. Mutexes are released in the block that takes them, every pipe has a reader and a writer,
// every semaphore is signalled; but tasks may still wait for each other for ever, as real ones do.
Scenario random_scenario(std::uint64_t seed, const RandomOptions& options = {});

// A text with mistakes: a random scenario, or `text` if it is not empty, after up to eight changes
// such as a person makes (a brace lost, two letters swapped, a unit forgotten) or nobody makes
// (bytes of garbage, a million braces). It may by chance still be right.
std::string broken_scenario(std::uint64_t seed, std::string_view text = {});

}  // namespace sy
