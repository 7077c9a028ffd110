// Store buffers at this moment (`memory tso`): what each CPU has stored and the others do not see
// yet, and what each CPU would therefore read. The window's tab, `explain` and its JSON show it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/base/text.h"
#include "sim/kernel/kernel.h"

namespace sy {

struct WaitingStore {
    TaskId task = kNoTask;      // who stored
    std::string word;           // "counter", "table+8", or the address where no variable is
    std::uint64_t address = 0;  // of its first byte
    unsigned bytes = 0;         // 1, 2, 4 or 8
    std::uint64_t value = 0;    // of these bytes
    std::uint64_t number = 0;   // of all stores of the run
    Nanos due = 0;              // when it reaches memory at the latest
};
// Oldest first; at most kStoreBuffer of them.
std::vector<WaitingStore> waiting_stores(const Kernel& k, CpuId cpu);

// A word of 8 bytes that some CPU has a store for.
struct SeenWord {
    std::string word;
    std::uint64_t address = 0;
    std::uint64_t memory = 0;         // what everybody without a store of his own reads
    std::vector<std::uint64_t> seen;  // by CPU
};
// In the order of address spaces and addresses.
std::vector<SeenWord> seen_words(const Kernel& k);

// Both as text, each line indented by two; empty without `memory tso`.
std::string stores_text(const Kernel& k, Lang lang);
// As JSON: an object (docs/json.md), or `null` without `memory tso`.
std::string stores_as_json(const Kernel& k);

}  // namespace sy
