// What is wrong with the user's input, said so that a first-year student can mend it: the place,
// the offending line with a caret, and where possible what was probably meant. All mistakes of a
// file are collected and shown at once. Nothing here is thrown; a list that has no errors means
// that the input can be used.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/source_pos.h"
#include "sim/base/text.h"

namespace sy {

enum class Severity : std::uint8_t { error, warning, note };

// One message. English messages start in lower case and have no full stop at the end.
struct Diagnostic {
    Severity severity = Severity::error;
    SourcePos pos;  // line 0: about the file as a whole
    Text message;
    std::string replacement;  // text that would mend it if put in place of `pos`; empty: none known
    bool explains_last = false;  // a note that belongs to the message before it

    // `typo.scn:1:13: error: …`, one line without its newline.
    std::string headline(std::string_view file, Lang lang) const;
};

// The messages about one file, in the order of the text. Keeps at most limits::diagnostics of them,
// so that a file of garbage cannot fill the memory; the others are counted.
class Diagnostics {
  public:
    void error(SourcePos pos, Text message, std::string replacement = {});
    void warning(SourcePos pos, Text message, std::string replacement = {});
    // Adds to the message before it: where the opening brace is, which limit, what to do.
    void note(SourcePos pos, Text message);

    bool has_errors() const { return errors_ > 0; }
    bool empty() const { return errors_ + warnings_ == 0; }
    int errors() const { return errors_; }
    int warnings() const { return warnings_; }
    const std::vector<Diagnostic>& list() const { return list_; }

    // Puts the messages in the order of the file, notes after their message. Errors about one and
    // the same place beyond the first are dropped: they are nearly always echoes.
    void sort();

    // Everything as text for a terminal, with the offending lines of `source` and a closing count.
    // `source` is the file's text; it may be empty (then only headlines are printed).
    std::string render(std::string_view file, std::string_view source, Lang lang) const;

  private:
    void add(Diagnostic diagnostic);

    std::vector<Diagnostic> list_;
    int errors_ = 0;
    int warnings_ = 0;
    bool last_was_dropped_ = false;
};

// The line `pos.line` of `source` (tabs kept as spaces, made printable, cut to about 100 columns
// around the place), and below it the caret line. Two lines, each ended by a newline; empty if
// there is no such line.
std::string caret_lines(std::string_view source, SourcePos pos);

}  // namespace sy
