// What the stage shows at the cursor, decided without a window: for the switch, entry or interrupt
// in progress the task that leaves, the CPU, the task that comes; which rows stand on their cards;
// which of them this step moves; what becomes of each part of a context, and why. Everything is
// read from the machine at the cursor and from the episode.
//
// Texts are in the language in force when the model was made.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/kernel/kernel.h"
#include "sim/session/episode.h"

namespace sy {
class Session;
}

namespace sy::gui {

enum class FateMark : std::uint8_t { none, kept, saved, replaced };

// One value on a card.
struct StageRow {
    enum class Kind : std::uint8_t {
        value,    // name and value
        gap,      // words left out: `places` covers low..high addresses
        note,     // a line of text
        pointer,  // where the stack pointer stands
    };
    Kind kind = Kind::value;
    Place place, place2;              // what it shows; kind none: nothing that moves
    std::uint64_t low = 0, high = 0;  // stack words it stands for, both included; 0: none
    bool any_register = false;        // stands for every general register without a row of its own
    bool lit = false;                 // moves in this step
    bool quiet = false;
    bool ghost = false;  // a word that is no longer in use: it was just popped
    bool in_pt_regs = false;
    FateMark fate = FateMark::none;  // CR3: kept or written
    std::string note;                // its word
    int priority = 0;                // CPU rows: larger stays longer when there is little room
    std::string left;                // stack: address
    std::string name, value, tip;
};

struct BandModel {
    FateMark fate = FateMark::none;
    std::string reason;
};

struct AreaModel {
    enum class Kind : std::uint8_t { text, data, heap, map, stack } kind = Kind::text;
    std::string name;
    float weight = 1;
    bool own = false;  // this task's own stack
};

struct TaskCardModel {
    TaskId task = kNoTask;  // none: nobody comes
    std::string name, ids, role;
    BandModel user, reg, system;
    std::vector<AreaModel> areas;  // empty: mm is NULL
    std::string mm_text;           // under the areas, or instead of them
    MmId mm = kNoMm;
    std::vector<StageRow> registers;
    std::vector<StageRow> stack;  // highest address first; choose_rows makes them fit
    std::string stack_note;       // when there is nothing on the stack
};

struct CpuCardModel {
    CpuId cpu = 0;
    std::string mode;  // "ring 0 · IF 0"
    std::vector<StageRow> rows;
};

struct PhaseModel {
    Phase phase = Phase::entry;
    std::string name, sentence;
    enum class State : std::uint8_t { done, current, to_come } state = State::to_come;
};

struct TableRow {
    FateRow::Band band = FateRow::Band::user;
    FateMark fate = FateMark::none;
    std::string part, fate_word, where;
};

struct MoveModel {
    Place from, to;
    std::uint64_t value = 0, before = 0;
    std::string from_name, to_name;
};

struct StageModel {
    bool empty = true;  // nothing to show yet
    std::uint64_t position = 0;
    Nanos time = 0;
    EpisodeKind kind = EpisodeKind::user;
    bool has_switch = false;
    bool written_cr3 = false;
    std::uint64_t switch_number = 0;
    std::string title, kind_name, reason;
    std::vector<PhaseModel> phases;
    TaskCardModel leaves, comes;
    CpuCardModel cpu;
    std::vector<MoveModel> moves;
    std::vector<Move> memory_moves;  // of this episode up to the cursor: CR2 and page-table entries
    std::string what, by, why, routine, source;
    std::vector<std::pair<std::string, std::string>> not_saved;  // part, why
    std::vector<TableRow> table;
    std::string one_line;
    std::string caption;  // the author's line in force
    PickReason pick;      // winner kNoTask: none in this episode
    std::uint64_t step_in_episode = 0, steps_in_episode = 0;  // from 1; 0: before its first step
};

struct StageInput {
    const Kernel& kernel;  // at the cursor
    const Episode& episode;
    std::uint64_t position = 0;
    // The step whose moves are lit: the last one, or while a step back is being shown the one that
    // was undone. Null: none.
    const StoryStep* lit = nullptr;
};
StageModel make_stage(const StageInput& input);
// The same for a session's cursor; `undone` is shown in place of the last step if it is not null.
StageModel stage_at_cursor(Session& session, const StoryStep* undone = nullptr);

// The step of the episode with this number in the run; null if it has none.
const StoryStep* find_step(const Episode& episode, std::uint64_t number);

// The stack rows that fit into `budget` lines: lit words stay, then the active (lowest) end, then
// the top; runs that are left out become one gap row each.
std::vector<StageRow> choose_stack_rows(const std::vector<StageRow>& rows, std::size_t budget);
// The CPU rows that fit: lit ones stay, then by priority; their order does not change.
std::vector<StageRow> choose_cpu_rows(const std::vector<StageRow>& rows, std::size_t budget);

std::string_view fate_name(FateMark fate);   // for dumps: "kept"
std::string_view kind_id(EpisodeKind kind);  // for dumps: "thread_switch"

}  // namespace sy::gui
