// Changing one thing in a scenario's text without touching the rest: where the thing stands is known from the
// positions that the parser kept, so comments, blanks and everything else stay byte for byte as they are.
//
// Requires of each: `scenario` is what parse_scenario made of exactly this `text`. Nothing comes back if the text has
// no place for the change (a job of `jobs 10 …`, which is not written down singly).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sim/model/scenario.h"

namespace sy {

struct TextEdit {
    std::size_t at = 0, length = 0;   // bytes that go
    std::string put;                  // what comes in their place
};

std::string apply_edit(std::string_view text, const TextEdit& edit);

// The byte at which a position begins; the end of the text if it is behind it. The bytes of `pos.length` characters.
std::size_t offset_of(std::string_view text, SourcePos pos);
std::size_t bytes_of(std::string_view text, SourcePos pos);
// The other way: the line and column of a byte, length 1.
SourcePos position_of(std::string_view text, std::size_t at);

// The arrival of a process moves from where the run had it to another time. A fixed time (also `after`) is moved by
// the difference; a drawn one becomes the fixed time `to`.
std::optional<TextEdit> edit_arrival(std::string_view text, const Scenario& scenario, std::size_t process, Nanos from, Nanos to);
// The nice value of a process (thread -1) or of one of its threads, -20 to 19.
std::optional<TextEdit> edit_nice(std::string_view text, const Scenario& scenario, std::size_t process, int thread, int nice);
// The length of the `run` at this place of the file (its verb's position, or the row of a job table).
std::optional<TextEdit> edit_burst(std::string_view text, const Scenario& scenario, SourcePos run, Nanos length);
// A new line `at TIME { action }`: among the file's own timed lines if they are in order of time, else at the end.
TextEdit edit_timed_line(std::string_view text, const Scenario& scenario, Nanos at, std::string_view action);

}  // namespace sy
