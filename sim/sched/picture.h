// A run queue as its own structure, for whoever draws or prints it: the red-black tree, the levels of a feedback queue,
// the drum of a lottery, the bitmap and lists of the real-time class. A class fills it in from what it really keeps;
// window, JSON and text read the same values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/types.h"

namespace sy {

// One row of a run queue for panels and for `why`: who, and the number that orders it.
struct QueueRow {
    TaskId task = kNoTask;
    std::int64_t key = 0;          // vruntime in ns, position in a list, …
    TaskId left = kNoTask, right = kNoTask, parent = kNoTask;  // the real tree, if it is one
    bool red = false;
    std::int64_t vruntime = 0, lag = 0;   // where the key is a deadline: EEVDF
    bool eligible = true, delayed = false;
};

// A number by the name that the kernel or the book gives it. Names that end in _ns are times, in _milli thousandths.
struct NamedNumber {
    std::string_view name;   // of static storage
    std::int64_t value = 0;
};
using NamedNumbers = std::vector<NamedNumber>;

// A task in the structure, with the numbers that its policy keeps for it.
struct QueueEntry {
    QueueRow row = {};
    bool runs = false;       // it has the CPU, and stands where it would go back to
    NamedNumbers numbers = {};    // {"tickets", 75}, {"turn_left_ns", 4000000}
};

// One part of the structure: a level, the list of a priority, the line of a CPU, the queue of a group.
struct QueueBand {
    std::string name = {};   // "level 0", "rtprio 50", "cpu 1", "/build"
    int depth = 0;           // groups: how deep it is nested
    bool tree = false;       // the rows' links are a real red-black tree
    NamedNumbers numbers = {};    // {"quantum_ns", 10000000}, {"allotment", 1}
    std::vector<QueueEntry> entries = {};   // in the order of the structure
};

struct QueuePicture {
    enum class Shape : std::uint8_t { line, tree, levels, drum, passes, bitmap, deadlines, groups };
    Shape shape = Shape::line;
    std::vector<QueueBand> bands = {};
    NamedNumbers numbers = {};    // of the whole: {"next_boost_ns", …}, {"drawn_ticket", 63}
};
std::string_view shape_word(QueuePicture::Shape shape);
// The number of that name, or `otherwise`.
std::int64_t number_of(const NamedNumbers& numbers, std::string_view name, std::int64_t otherwise = 0);

}  // namespace sy
