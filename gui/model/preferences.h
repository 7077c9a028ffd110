// A person's preferences as text: sections of `name = value`, readable and editable. Reading is tolerant: what is broken
// or unknown is said and kept, line by line, and everything else still counts. Writing changes only the lines of what was
// changed. Pure text; which file it is and how it is written safely: gui/app/preferences_file.h.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/text.h"

namespace sy::gui {

struct PreferenceProblem {
    std::size_t line = 0;  // from 1
    Text what;
};

class PreferenceText {
  public:
    // Never fails. Lines that are neither section, comment nor `name = value` are problems, and kept.
    static PreferenceText parse(std::string_view text);

    struct Entry {
        std::string section, name, value;
        std::size_t line = 0;  // from 1; 0: not from a file
    };
    // In the file's order. Of entries with the same section and name the last counts, as people expect who append.
    std::vector<Entry> entries() const;
    std::optional<std::string> get(std::string_view section, std::string_view name) const;
    std::vector<std::string> all(std::string_view section, std::string_view name) const;

    // Replaces the line that counts; if its former value was `broken`, that line stays as a comment. A new line goes to
    // the end of its section.
    void set(std::string_view section, std::string_view name, std::string_view value, bool was_broken = false);
    void remove(std::string_view section, std::string_view name);
    // All lines of that name become these, in this order.
    void set_all(std::string_view section, std::string_view name, const std::vector<std::string>& values);

    std::string write() const;
    const std::vector<PreferenceProblem>& problems() const { return problems_; }

  private:
    struct Line {
        std::string raw, section, name, value;
        bool is_entry = false;
    };
    std::size_t end_of(std::string_view section);
    std::vector<Line> lines_;
    std::vector<PreferenceProblem> problems_;
};

// What is kept for a person. Each field is read on its own: a broken one is a problem and has its default.
struct Preferences {
    std::string theme = "dark", language = "en", depth = "words", grain = "step", tab = "run_queue";
    double scale = 1, speed = 1, timeline = 0.26;
    bool reduced_motion = false, inspector = true;
    std::vector<std::string> recent;  // paths, the latest first

    friend bool operator==(const Preferences&, const Preferences&) = default;
};
constexpr std::size_t kMostRecent = 20;

struct PreferencesRead {
    Preferences values;
    std::vector<PreferenceProblem> problems;  // those of the text too, by line
    std::vector<std::string> broken;          // names in [view] whose value could not be used
};
// `tabs`: the ids that [view] tab may have.
PreferencesRead read_preferences(const PreferenceText& text, const std::vector<std::string>& tabs);
// Brings into the text what differs between `before` and `now`; leaves the rest as it stands.
void write_preferences(PreferenceText& text, const Preferences& before, const Preferences& now,
                       const std::vector<std::string>& broken);
// The path at the front, once; at most kMostRecent.
void add_recent(std::vector<std::string>& recent, const std::string& path);

}  // namespace sy::gui
