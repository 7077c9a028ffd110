// What a process with coroutines needs in memory, against what the same number of kernel threads would: each figure is a
// number that the run counted times a size whose source is stated (docs/coroutines.md derives them).
#pragma once

#include <string>
#include <vector>

#include "sim/base/text.h"
#include "sim/kernel/kernel.h"

namespace sy {

struct MemoryRow {
    const char* key;           // in JSON
    Text name;
    std::uint64_t count = 0;   // objects
    std::uint64_t bytes = 0;   // of physical memory: touched pages, or slabs
    std::string formula;       // how the bytes come from the count
    enum class Kind : std::uint8_t { user, kernel, threads } kind = Kind::user;
};

struct CoroutineMemory {
    const CoroutineEnv* env = nullptr;
    std::string process;
    std::vector<MemoryRow> rows;
    std::uint64_t user_bytes = 0, kernel_bytes = 0;
    std::uint64_t threads_bytes = 0;   // if each coroutine were a kernel thread, its connection the same

    std::uint64_t bytes() const { return user_bytes + kernel_bytes; }
};

// One for each process with coroutines, in the order in which they began.
std::vector<CoroutineMemory> coroutine_memory(const Kernel& k);
// A section of `run`; empty if no process has coroutines.
std::string coroutines_as_text(const Kernel& k, Lang lang);
// An array of objects.
std::string coroutines_as_json(const Kernel& k);

}  // namespace sy
