// Every limit of the program in one place, so that no input however hostile can hang it or eat the memory.
// A message that reports a limit names the constant's comment here in the user's words.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sy::limits {

constexpr std::int64_t cpus = 64;                        // processors of one machine
constexpr std::int64_t tasks = 1'000'000;                // tasks of one scenario, kernel threads included
constexpr std::int64_t coroutines = 20'000'000;          // coroutines of one declaration, clients of one line
constexpr std::int64_t steps = 20'000'000'000;           // steps of one run
constexpr std::int64_t steps_at_one_instant = 20'000'000;  // steps without the clock moving
constexpr std::int64_t log_bytes = std::int64_t{1} << 30;  // records of one run (32 bytes each)
constexpr std::int64_t file_bytes = 4 << 20;             // a scenario file
constexpr std::int64_t nesting = 64;                     // blocks inside blocks
constexpr std::int64_t statements = 200'000;             // statements in one file
constexpr std::int64_t devices = 64;                     // declared devices
constexpr std::int64_t timed_actions = 100'000;       // timed actions, each turn of `every` counted
constexpr std::int64_t pipes = 4'096;                    // declared pipes
constexpr std::int64_t workqueues = 64;                  // declared workqueues
constexpr std::int64_t works = 4'096;                    // declared work items
constexpr std::int64_t diagnostics = 50;                 // messages about one file before we stop listing
constexpr std::int64_t duration_ns = std::int64_t{1'000} * 1'000'000'000;  // a single length of time: 1000 s
constexpr std::int64_t repeat = 1'000'000'000;           // count of one `repeat`
constexpr std::int64_t pid_max = 4'194'304;              // Linux PID_MAX_LIMIT on 64 bit (include/linux/threads.h)
constexpr std::int64_t asm_block_lines = 2'000;          // instructions of one asm block
constexpr std::int64_t breakpoints = 1'000;              // of one file
constexpr std::int64_t asm_lines = 20'000;               // instructions of one file
constexpr std::int64_t shared_words = 65'536;            // shared variables of one process, in words of 8 bytes
constexpr std::int64_t local_words = 1'024;              // local variables of one thread
constexpr std::int64_t name_chars = 15;                  // TASK_COMM_LEN - 1 (include/linux/sched.h)

}  // namespace sy::limits
