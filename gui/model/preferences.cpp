// Reading and writing preferences, line by line.
#include "gui/model/preferences.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "sim/scenario/suggest.h"

namespace sy::gui {
namespace {

constexpr std::size_t kLongestFile = 1 << 20, kLongestLine = 8192;

std::string_view trim(std::string_view text) {
    const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
    while (!text.empty() && blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && blank(text.back())) text.remove_suffix(1);
    return text;
}

// A value is one line whatever is in it.
std::string one_line(std::string_view value) {
    std::string out(value);
    std::replace_if(out.begin(), out.end(), [](unsigned char c) { return c < 0x20; }, ' ');
    return out;
}

std::string number(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.4g", value);
    return text;
}

}  // namespace

PreferenceText PreferenceText::parse(std::string_view text) {
    PreferenceText out;
    std::string section;
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    text = text.substr(0, kLongestFile);
    for (std::size_t count = 1; !text.empty(); ++count) {
        const std::size_t stop = text.find('\n');
        std::string_view raw = text.substr(0, stop);
        text = stop == std::string_view::npos ? std::string_view() : text.substr(stop + 1);
        if (!raw.empty() && raw.back() == '\r') raw.remove_suffix(1);
        Line line{.raw = std::string(raw), .section = section, .name = {}, .value = {}};
        const std::string_view said = trim(raw);
        const std::size_t equals = said.find('=');
        if (said.empty() || said[0] == '#' || said[0] == ';') {
        } else if (said.front() == '[' && said.back() == ']') {
            line.section = section = trim(said.substr(1, said.size() - 2));
        } else if (equals == std::string_view::npos || trim(said.substr(0, equals)).empty() || raw.size() > kLongestLine) {
            const std::string shown = one_line(said.substr(0, 60));
            out.problems_.push_back({count, sy::text("'{0}' is no `name = value`", "“{0}” 不是 `名称 = 值`", {shown})});
        } else {
            line.is_entry = true;
            line.name = trim(said.substr(0, equals));
            line.value = trim(said.substr(equals + 1));
        }
        out.lines_.push_back(std::move(line));
    }
    return out;
}

std::vector<PreferenceText::Entry> PreferenceText::entries() const {
    std::vector<Entry> out;
    for (std::size_t i = 0; i < lines_.size(); ++i) {
        const Line& line = lines_[i];
        if (line.is_entry) out.push_back({line.section, line.name, line.value, i + 1});
    }
    return out;
}

std::vector<std::string> PreferenceText::all(std::string_view section, std::string_view name) const {
    std::vector<std::string> out;
    for (const Line& line : lines_) {
        if (line.is_entry && line.section == section && line.name == name) out.push_back(line.value);
    }
    return out;
}

std::optional<std::string> PreferenceText::get(std::string_view section, std::string_view name) const {
    std::vector<std::string> found = all(section, name);
    if (found.empty()) return std::nullopt;
    return std::move(found.back());
}

// Where a new line of the section goes: behind its last entry. Makes the section if there is none.
std::size_t PreferenceText::end_of(std::string_view section) {
    std::size_t end = 0;
    for (std::size_t i = 0; i < lines_.size(); ++i) {
        const bool is_heading = trim(lines_[i].raw).starts_with('[');
        if (lines_[i].section == section && (lines_[i].is_entry || is_heading)) end = i + 1;
    }
    if (end > 0) return end;
    if (!lines_.empty()) lines_.push_back({});
    lines_.push_back({.raw = "[" + std::string(section) + "]", .section = std::string(section), .name = {}, .value = {}});
    return lines_.size();
}

void PreferenceText::set(std::string_view section, std::string_view name, std::string_view value, bool was_broken) {
    const std::string shown = one_line(value);
    const std::string raw = std::string(name) + " = " + shown;
    for (std::size_t i = lines_.size(); i-- > 0;) {
        Line& line = lines_[i];
        if (!line.is_entry || line.section != section || line.name != name) continue;
        if (was_broken) {
            Line kept = line;
            kept.raw = "# " + kept.raw;
            kept.is_entry = false;
            line.raw = raw;
            line.value = shown;
            lines_.insert(lines_.begin() + static_cast<std::ptrdiff_t>(i), std::move(kept));
            return;
        }
        line.raw = raw;
        line.value = shown;
        return;
    }
    const std::size_t at = end_of(section);
    lines_.insert(lines_.begin() + static_cast<std::ptrdiff_t>(at),
                  {raw, std::string(section), std::string(name), shown, true});
}

void PreferenceText::remove(std::string_view section, std::string_view name) {
    std::erase_if(lines_, [&](const Line& l) { return l.is_entry && l.section == section && l.name == name; });
}

void PreferenceText::set_all(std::string_view section, std::string_view name, const std::vector<std::string>& values) {
    remove(section, name);
    for (const std::string& value : values) {
        const std::string shown = one_line(value);
        const std::size_t at = end_of(section);
        lines_.insert(lines_.begin() + static_cast<std::ptrdiff_t>(at),
                      {std::string(name) + " = " + shown, std::string(section), std::string(name), shown, true});
    }
}

std::string PreferenceText::write() const {
    std::string out;
    for (const Line& line : lines_) out += line.raw + "\n";
    return out;
}

namespace {

struct Reader {
    PreferencesRead& out;
    const PreferenceText::Entry& entry;

    void wrong(std::string_view wanted) {
        out.problems.push_back({entry.line, text("{0} is {1}, not '{2}'", "{0} 应为 {1}，而不是 “{2}”",
                                                 {entry.name, wanted, entry.value.substr(0, 60)})});
        out.broken.push_back(entry.name);
    }
    void word(std::string& to, const std::vector<std::string>& known) {
        if (std::find(known.begin(), known.end(), entry.value) != known.end()) {
            to = entry.value;
            return;
        }
        const std::vector<std::string_view> views(known.begin(), known.end());
        wrong(scn::listed(views));
    }
    void in_range(double& to, double least, double most) {
        double value = 0;
        const char* end = entry.value.data() + entry.value.size();
        const auto read = std::from_chars(entry.value.data(), end, value);
        if (read.ec == std::errc() && read.ptr == end && std::isfinite(value) && value >= least && value <= most) {
            to = value;
            return;
        }
        wrong(number(least) + " … " + number(most));
    }
    void flag(bool& to, const char* yes, const char* no) {
        std::string value = to ? yes : no;
        word(value, {yes, no});
        to = value == yes;
    }
};

void read_view(const PreferenceText::Entry& e, const std::vector<std::string>& tabs, PreferencesRead& out) {
    Preferences& p = out.values;
    Reader r{out, e};
    if (e.name == "theme") return r.word(p.theme, {"dark", "light", "contrast"});
    if (e.name == "language") return r.word(p.language, {"en", "zh"});
    if (e.name == "depth") return r.word(p.depth, {"line", "phases", "words"});
    if (e.name == "grain") return r.word(p.grain, {"step", "phase", "switch", "tick"});
    if (e.name == "tab") return r.word(p.tab, tabs);
    if (e.name == "scale") return r.in_range(p.scale, 0.8, 2.5);
    if (e.name == "speed") return r.in_range(p.speed, 0.25, 16);
    if (e.name == "timeline") return r.in_range(p.timeline, 0.12, 0.6);
    if (e.name == "motion") {
        bool full = !p.reduced_motion;
        r.flag(full, "full", "reduced");
        p.reduced_motion = !full;
        return;
    }
    if (e.name == "inspector") return r.flag(p.inspector, "shown", "folded");
    constexpr std::array<std::string_view, 10> known = {"theme", "language", "depth",    "grain",  "tab",
                                                        "scale", "speed",    "timeline", "motion", "inspector"};
    const std::string meant = scn::nearest(e.name, known);
    out.problems.push_back({e.line, meant.empty() ? text("unknown preference '{0}', kept as it is", "未知的偏好 “{0}”，原样保留", {e.name})
                                                  : text("unknown preference '{0}', kept as it is; did you mean '{1}'?",
                                                         "未知的偏好 “{0}”，原样保留；是否想写 “{1}”？", {e.name, meant})});
}

}  // namespace

PreferencesRead read_preferences(const PreferenceText& source, const std::vector<std::string>& tabs) {
    PreferencesRead out;
    out.problems = source.problems();
    for (const PreferenceText::Entry& e : source.entries()) {
        if (e.section == "view") {
            read_view(e, tabs, out);
        } else if (e.section == "recent" && e.name == "file") {
            if (out.values.recent.size() < kMostRecent && !e.value.empty()) out.values.recent.push_back(e.value);
        } else if (e.section != "keys") {
            out.problems.push_back({e.line, text("'{0}' in section '{1}' is unknown, kept as it is",
                                                 "“{1}” 节中的 “{0}” 未知，原样保留", {e.name, e.section})});
        }
    }
    std::stable_sort(out.problems.begin(), out.problems.end(),
                     [](const auto& a, const auto& b) { return a.line < b.line; });
    return out;
}

void write_preferences(PreferenceText& file, const Preferences& before, const Preferences& now,
                       const std::vector<std::string>& broken) {
    const auto put = [&](const char* name, const std::string& was, const std::string& is) {
        if (was == is) return;
        file.set("view", name, is, std::find(broken.begin(), broken.end(), name) != broken.end());
    };
    put("theme", before.theme, now.theme);
    put("language", before.language, now.language);
    put("scale", number(before.scale), number(now.scale));
    put("tab", before.tab, now.tab);
    put("inspector", before.inspector ? "shown" : "folded", now.inspector ? "shown" : "folded");
    put("timeline", number(before.timeline), number(now.timeline));
    put("depth", before.depth, now.depth);
    put("grain", before.grain, now.grain);
    put("speed", number(before.speed), number(now.speed));
    put("motion", before.reduced_motion ? "reduced" : "full", now.reduced_motion ? "reduced" : "full");
    if (before.recent != now.recent) file.set_all("recent", "file", now.recent);
}

void add_recent(std::vector<std::string>& recent, const std::string& path) {
    std::erase(recent, path);
    recent.insert(recent.begin(), path);
    if (recent.size() > kMostRecent) recent.resize(kMostRecent);
}

}  // namespace sy::gui
