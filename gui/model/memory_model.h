// What the memory panel shows, decided without a window: the areas of one address space with their pages, the walk of
// one address through the four tables, and what the episode on the stage changed in the tables.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/kernel/areas.h"
#include "sim/kernel/kernel.h"
#include "sim/trace/step_report.h"

namespace sy::gui {

// What lies behind a stretch of pages; the worst to lose wins where a cell stands for several.
enum class PageLook : std::uint8_t { absent, zero, shared, protected_, own };

struct AreaRow {
    Vma area;
    std::string name, perms;
    std::uint64_t resident = 0;          // pages in memory
    std::uint64_t pages_per_cell = 1;
    std::vector<PageLook> cells{};       // the area to scale, lowest page first
};

struct WalkRow {
    int level = 0;                       // 4 PGD … 1 PTE
    unsigned index = 0;
    std::uint64_t table = 0;             // physical address of the table that is indexed; 0: not reached
    std::uint64_t word = 0, before = 0;  // the entry, and what it was before this episode
    std::string flags{};                 // "P RW US A D NX"
    bool changed = false;                // by this episode
};

struct EntryChange {
    std::uint64_t address = 0;
    MmId mm = kNoMm;
    int level = 0;
    std::uint64_t before = 0, after = 0;
};

struct MemoryModel {
    MmId mm = kNoMm;
    TaskId task = kNoTask;
    std::vector<AreaRow> areas;
    std::uint64_t address = 0;           // the one that is walked
    std::vector<WalkRow> walk;
    std::uint64_t frame = 0;             // 0: the walk ends in nothing
    std::uint32_t refs = 0, maps = 0;    // of the frame
    std::vector<std::string> sharers;    // who else maps it: "child 7ffff7dc2000"
    std::vector<EntryChange> changes;    // of page-table entries, in this episode up to the cursor
};

// `cells`: how many a row has room for. `chosen`: an address to walk; none: that of the fault on the stage, or the top
// of the stack.
MemoryModel make_memory(const Kernel& k, TaskId task, std::span<const Move> moves, std::optional<std::uint64_t> chosen,
                        std::size_t cells);
std::string entry_flags(std::uint64_t word);

}  // namespace sy::gui
