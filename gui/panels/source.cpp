// A debugger's view of one thread. The scenario's text with, for instructions, their address and bytes; the line of RIP lit, marks
// where other threads of the process stand, a dot for each breakpoint. Below: flags, registers, variables (those that the last
// step changed lit; click to write another value, as a timed line of the scenario).
#include <algorithm>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>

#include "gui/model/facts.h"
#include "gui/model/stage_model.h"
#include "gui/panels/panels.h"
#include "gui/panels/states.h"
#include "gui/strings/strings.h"
#include "gui/widgets.h"
#include "sim/kernel/events.h"
#include "sim/report/source.h"
#include "sim/scenario/parse.h"
#include "sim/scenario/write.h"
#include "sim/session/session.h"
#include "sim/session/stepper.h"

namespace sy::gui {

// One row of the listing: a line of the file, or a further instruction of the same line.
struct ListingRow {
    std::int32_t line = 0;
    std::string text;
    const CodeRow* code = nullptr;   // in SourceCache::view; null: nothing begins here
    bool is_more = false;
};

struct SourceCache {
    const Session* session = nullptr;
    std::uint64_t position = 0;
    TaskId task = kNoTask;
    SourceView view;
    std::vector<ListingRow> rows;
    std::vector<std::int32_t> stops;   // lines with a breakpoint of the scenario
};

namespace {

std::string hex0x(std::uint64_t v) { return "0x" + hex(v); }

CpuId stage_cpu(const View& view) { return view.stage ? view.stage->cpu.cpu : CpuId{0}; }

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> out;
    while (true) {
        const std::size_t end = text.find('\n');
        out.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return out;
        text.remove_prefix(end + 1);
    }
}

void make_rows(SourceCache& c, std::string_view source) {
    std::int32_t first = 0, last = 0;
    std::map<std::int32_t, std::vector<const CodeRow*>> at;
    for (const CodeRow& row : c.view.code) {
        if (row.line <= 0) continue;
        first = first == 0 ? row.line : std::min(first, row.line);
        last = std::max(last, row.line);
        at[row.line].push_back(&row);
    }
    const std::vector<std::string_view> lines = lines_of(source);
    // What all of them are indented by is left out: the panel is narrow.
    std::size_t indent = 80;
    for (std::int32_t line = first; line > 0 && line <= last && line <= static_cast<std::int32_t>(lines.size()); ++line)
        if (const std::size_t blank = lines[static_cast<std::size_t>(line - 1)].find_first_not_of(' '); blank != std::string_view::npos)
            indent = std::min(indent, blank);
    for (std::int32_t line = first; line > 0 && line <= last && line <= static_cast<std::int32_t>(lines.size()); ++line) {
        const auto here = at.find(line);
        ListingRow row{line, std::string(lines[static_cast<std::size_t>(line - 1)].substr(std::min(indent, lines[static_cast<std::size_t>(line - 1)].size()))), nullptr, false};
        if (here != at.end()) row.code = here->second.front();
        // The same line may belong to several places (a loop's head and its end): the current one is shown.
        if (here != at.end())
            for (const CodeRow* code : here->second)
                if (code->is_current) row.code = code;
        c.rows.push_back(std::move(row));
        if (here == at.end() || here->second.size() < 2 || here->second.front()->bytes.empty()) continue;
        c.rows.back().code = here->second.front();
        for (std::size_t i = 1; i < here->second.size(); ++i)
            c.rows.push_back({line, "    " + here->second[i]->text, here->second[i], true});
    }
}

const SourceCache& source_now(const View& view) {
    std::shared_ptr<SourceCache>& cache = view.panels.source.cache;
    const TaskId task = shown_source_task(*view.session, view.state.selected_task, stage_cpu(view));
    const bool fits = cache && cache->session == view.session && cache->position == view.session->position() && cache->task == task;
    if (fits) return *cache;
    cache = std::make_shared<SourceCache>();
    cache->session = view.session;
    cache->position = view.session->position();
    cache->task = task;
    cache->view = source_view(view.session->now(), task);
    make_rows(*cache, view.document.source);
    for (const BreakpointDecl& stop : view.session->scenario().breakpoints)
        for (const CodeRow& row : cache->view.code)
            for (const std::uint64_t address : break_addresses(view.session->now().program_of(view.session->now().tasks[task]), stop))
                if (address == row.address) cache->stops.push_back(row.line);
    return *cache;
}

bool own_stop(const View& view, std::int32_t line) {
    const auto& stops = view.panels.source.stops;
    return std::any_of(stops.begin(), stops.end(), [&](const BreakpointDecl& s) { return s.line == line; });
}
bool scenario_stop(const SourceCache& c, std::int32_t line) { return std::find(c.stops.begin(), c.stops.end(), line) != c.stops.end(); }

std::string others_at(const View& view, const SourceCache& c, const CodeRow& code) {
    std::string names;
    for (const TaskId id : code.here)
        if (id != c.task) names += (names.empty() ? "" : ", ") + task_name(view.session->now(), id);
    return names;
}

// --- what the last step changed ---

const StepReport* last_report(const View& view) { return view.session->last_step(); }

bool changed(const View& view, const Place& place) {
    const StepReport* r = last_report(view);
    if (r == nullptr) return false;
    for (const Move& m : r->moves)
        if (m.to == place && m.value != m.before) return true;
    return false;
}

Place reg_place(std::string_view name) {
    for (int i = 0; i < 16; ++i)
        if (name == reg_name(static_cast<Reg>(i))) return {Place::Kind::reg, static_cast<std::uint8_t>(i), 0, 0};
    return {};
}

bool reg_changed(const View& view, const SourceCache& c, std::string_view name) {
    const StepReport* r = last_report(view);
    return r != nullptr && r->cpu == c.view.cpu && changed(view, reg_place(name));
}

bool word_changed(const View& view, const SourceCache& c, std::uint64_t address) {
    const MmId mm = view.session->now().tasks[c.task].mm;
    return changed(view, {Place::Kind::user_word, 0, mm, address});
}

// --- writing a register or a word ---

// The path by which the language can name this task, and only it.
std::string path_of(const View& view, TaskId task) {
    const Kernel& k = view.session->now();
    const std::string name(k.tasks[task].name()), comm(k.tasks[task].comm_view());
    std::vector<std::string> tries = {name};
    for (const ProcessDecl& p : view.session->scenario().processes) {
        tries.push_back(p.name + "/" + name);
        for (std::int32_t i = 1; i <= p.copies && i <= 16; ++i) tries.push_back(p.name + "/" + std::to_string(i) + "/" + name);
    }
    for (const std::string& path : tries) {
        Diagnostics mistakes;
        std::vector<TimedAction> actions;
        if (!parse_live_actions("nice " + path + " 0", 0, view.session->scenario(), actions, mistakes)) continue;
        const std::vector<TaskId> found = find_tasks(k, path);
        if (found.size() == 1 && found.front() == task) return path;
    }
    return std::to_string(k.tasks[task].pid);
}

bool read_value(const char* text, std::string& number) {
    number = text;
    while (!number.empty() && number.front() == ' ') number.erase(0, 1);
    while (!number.empty() && number.back() == ' ') number.pop_back();
    if (number.empty() || number.size() > 21) return false;
    std::size_t from = number.front() == '-' ? 1 : 0;
    const bool is_hex = number.compare(from, 2, "0x") == 0 || number.compare(from, 2, "0X") == 0;
    if (is_hex) from += 2;
    return number.size() > from && number.find_first_not_of(is_hex ? "0123456789abcdefABCDEF" : "0123456789", from) == std::string::npos;
}

// The value's cell as a field to type in; true when it has been dealt with.
void edit_field(View& view, const SourceCache& c, const std::string& name) {
    SourceState& s = view.panels.source;
    ImGui::PushFont(font(Face::mono, Size::small));
    ImGui::SetNextItemWidth(-1);
    if (s.focus) ImGui::SetKeyboardFocusHere();
    const bool was_new = std::exchange(s.focus, false);
    const bool entered = ImGui::InputText(("##" + name).c_str(), s.input, sizeof s.input, ImGuiInputTextFlags_EnterReturnsTrue);
    const bool left = !was_new && !entered && ImGui::IsItemDeactivated();
    ImGui::PopFont();
    if (left) s.editing.clear();
    if (!entered) return;
    s.editing.clear();
    std::string number;
    if (!read_value(s.input, number)) return;
    std::string lower = name;
    const bool is_register = reg_place(name).kind == Place::Kind::reg || name == "RIP" || name == "RFLAGS";
    if (is_register)
        std::transform(lower.begin(), lower.end(), lower.begin(), [](char ch) { return static_cast<char>(ch >= 'A' && ch <= 'Z' ? ch + 32 : ch); });
    const Kernel& k = view.session->now();
    const Nanos next = k.next_time() == kNever ? k.now() : std::max(k.now(), k.next_time());
    const Command change{Command::Kind::live_action, next, "set " + path_of(view, c.task) + " " + lower + " = " + number};
    view.commands.push_back(change);
    view.animate();
}

void value_line(View& view, const SourceCache& c, const std::string& name, const std::string& label_text, std::uint64_t value, bool is_lit,
                const std::string& note, const std::string& edit_name) {
    SourceState& s = view.panels.source;
    const TextStyle quiet{Face::mono, Size::small, theme().quiet};
    const float first = cell_width(std::clamp(static_cast<int>(label_text.size()) + 1, 5, 14));
    if (s.editing == name) {
        fit(label_text, first, quiet);
        ImGui::SameLine();
        edit_field(view, c, edit_name);
        return;
    }
    const std::string hex_text = hex0x(value), decimal = std::to_string(static_cast<std::int64_t>(value)) + (note.empty() ? "" : "  " + note);
    const std::string tip = tr(Str::source_edit_tip, {name + " = " + hex_text + " = " + decimal});
    const Rect row = value_row({{label_text, first, quiet}, {hex_text, cell_width(18)}, {decimal, 0, quiet}}, {.lit = is_lit, .boxed = false, .tip = tip});
    if (ImGui::IsWindowHovered() && ImGui::IsMouseHoveringRect(row.min, row.max) && ImGui::IsMouseClicked(0)) {
        s.editing = name;
        s.focus = true;
        std::snprintf(s.input, sizeof s.input, "%s", hex_text.c_str());
        view.animate();
    }
}

// --- the listing ---

void draw_listing(View& view, const SourceCache& c) {
    SourceState& s = view.panels.source;
    const float available = ImGui::GetContentRegionAvail().y;
    const float row_height = line_height(mono_text()) + px(3);
    const float height = std::clamp(static_cast<float>(c.rows.size()) * row_height + px(8), px(60), std::max(px(120), available * 0.45F));
    ImGui::BeginChild("listing", {0, height}, false);
    const float width = ImGui::GetContentRegionAvail().x;
    const float letter = measure("0", mono_text()).x;
    const float gutter = px(12), number = 4 * letter, address = 7 * letter;
    const bool has_bytes = width > px(520);
    const float bytes = has_bytes ? 24 * letter : 0;
    ImDrawList& list = *ImGui::GetWindowDrawList();
    const Theme& t = theme();
    ImGuiListClipper clipper;
    if (s.shown_line != c.view.line) {
        for (std::size_t i = 0; i < c.rows.size(); ++i)
            if (c.rows[i].line == c.view.line) {
                ImGui::SetScrollY(std::max(0.0F, static_cast<float>(i) * row_height - height / 2));
                break;
            }
        s.shown_line = c.view.line;
    }
    clipper.Begin(static_cast<int>(c.rows.size()), row_height);
    while (clipper.Step())
        for (int i = clipper.DisplayStart; i < clipper.DisplayEnd; ++i) {
            const ListingRow& row = c.rows[static_cast<std::size_t>(i)];
            const ImVec2 at = ImGui::GetCursorScreenPos();
            ImGui::PushID(i);
            const bool pressed = ImGui::InvisibleButton("row", {std::max(width, px(20)), row_height});
            ImGui::PopID();
            const bool is_current = row.code != nullptr && row.code->is_current;
            const ImVec2 end{at.x + width, at.y + row_height};
            if (is_current) list.AddRectFilled(at, end, fade(t.running, 0.25F));
            if (s.line == row.line && !row.is_more) list.AddRect(at, end, t.line);
            const bool own = own_stop(view, row.line), given = scenario_stop(c, row.line);
            if ((own || given) && !row.is_more)
                list.AddCircleFilled({at.x + gutter / 2, at.y + row_height / 2}, px(4), own ? t.replaced : t.saved);
            const TextStyle quiet{Face::mono, Size::small, t.quiet};
            const TextStyle plain{Face::mono, Size::small, row.code != nullptr ? t.text : t.quiet};
            const float y = at.y + px(1);
            float x = at.x + gutter;
            if (!row.is_more) fit_at(list, {x, y}, number, std::to_string(row.line), quiet);
            x += number;
            if (row.code != nullptr && !row.code->bytes.empty()) {
                fit_at(list, {x, y}, address, hex(row.code->address), quiet);
                if (has_bytes) fit_at(list, {x + address, y}, bytes - px(6), row.code->bytes, quiet);
            }
            x += address + bytes;
            const std::string others = row.code != nullptr ? others_at(view, c, *row.code) : std::string();
            const float mark = others.empty() ? 0 : std::min(width / 4, measure("< " + others, quiet).x + px(6));
            if (width - (x - at.x) - mark > px(20)) fit_at(list, {x, y}, width - (x - at.x) - mark - px(2), row.text, plain);
            if (mark > 0) fit_at(list, {end.x - mark, y}, mark, "< " + others, {Face::mono, Size::small, t.saved});
            if (pressed) {
                s.line = row.line;
                if (ImGui::GetIO().MousePos.x < at.x + gutter + px(4) && row.code != nullptr) view.ask(Command::Kind::toggle_stop, row.line);
                view.animate();
            }
            if (ImGui::IsItemHovered() && ImGui::GetIO().MousePos.x < at.x + gutter) tooltip(tr(given ? Str::source_own_break : Str::source_break_tip));
        }
    clipper.End();
    ImGui::EndChild();
}

void draw_flags(const View& view, const SourceCache& c) {
    constexpr std::pair<std::uint64_t, const char*> kFlags[] = {{1, "CF"}, {4, "PF"}, {0x10, "AF"}, {0x40, "ZF"}, {0x80, "SF"}, {0x800, "OF"}};
    const StepReport* r = last_report(view);
    std::uint64_t turned = 0;
    if (r != nullptr && r->cpu == c.view.cpu)
        for (const Move& m : r->moves)
            if (m.to.kind == Place::Kind::rflags) turned = m.value ^ m.before;
    section_title(tr(Str::source_flags));
    const float right = ImGui::GetCursorScreenPos().x + ImGui::GetContentRegionAvail().x;
    bool first = true;
    for (const auto& [bit, name] : kFlags) {
        const bool on = (c.view.rflags & bit) != 0;
        const std::string label_text = std::string(name) + (on ? " 1" : " 0");
        if (!first && ImGui::GetItemRectMax().x + px(12) + chip_width(label_text) < right) ImGui::SameLine();
        first = false;
        chip(label_text, (turned & bit) != 0 ? theme().replaced : 0, on ? theme().text : theme().quiet);
    }
    gap(4);
}

}  // namespace

TaskId shown_source_task(const Session& session, TaskId selected, CpuId cpu) {
    const Kernel& k = session.now();
    const auto has_code = [&](TaskId id) {
        return id < k.tasks.size() && k.tasks[id].is_live && k.tasks[id].mm != kNoMm && !k.tasks[id].is_kthread() && k.user_reg(id, PtReg::rip);
    };
    if (has_code(selected)) return selected;
    if (const TaskId on = source_task(k, cpu); has_code(on)) return on;
    for (const Cpu& c : k.cpus)
        if (const TaskId on = source_task(k, c.id); has_code(on)) return on;
    return kNoTask;
}

void draw_source(View& view) {
    if (!view.session) {
        empty_state({}, tr(Str::source_hint));
        return;
    }
    const SourceCache& c = source_now(view);
    if (c.view.task == kNoTask) {
        empty_state({}, tr(Str::source_hint));
        return;
    }
    const Kernel& k = view.session->now();
    const std::string pid = std::to_string(k.tasks[c.task].pid);
    paragraph(c.view.cpu == kNoCpu ? tr(Str::source_of_waiting, {task_name(k, c.task), pid})
                                   : tr(Str::source_of, {task_name(k, c.task), pid, std::to_string(c.view.cpu)}),
              quiet_text(Size::small));
    gap(4);
    draw_listing(view, c);
    draw_flags(view, c);
    if (!c.view.words.empty()) {
        section_title(tr(Str::source_words));
        for (const WordRow& w : c.view.words) {
            const std::string note = w.seen != w.memory ? tr(Str::source_sees, {hex0x(w.memory), std::to_string(c.view.cpu), hex0x(w.seen)})
                                                        : "@" + hex(w.address);
            value_line(view, c, w.name, w.name, w.memory, word_changed(view, c, w.address), note, w.name);
        }
    }
    section_title(tr(Str::source_registers));
    value_line(view, c, "RIP", "RIP", c.view.rip, false, code_name(k, c.task, c.view.rip), "RIP");
    for (const auto& [name, value] : c.view.registers) value_line(view, c, name, name, value, reg_changed(view, c, name), {}, name);
}

void dump_source(const View& view, nlohmann::json& out) {
    out["loaded"] = view.session != nullptr;
    if (!view.session) return;
    const SourceCache& c = source_now(view);
    if (c.view.task == kNoTask) return;
    out["view"] = nlohmann::json::parse(source_json(view.session->now(), c.task));
    out["rows"] = c.rows.size();
    out["editing"] = view.panels.source.editing;
    out["breakpoints"] = nlohmann::json::array();
    for (const BreakpointDecl& stop : view.panels.source.stops) out["breakpoints"].push_back(stop.line);
    out["scenario_breakpoints"] = c.stops;
    out["changed"] = nlohmann::json::array();
    for (const auto& [name, value] : c.view.registers)
        if (reg_changed(view, c, name)) out["changed"].push_back(name);
    for (const WordRow& w : c.view.words)
        if (word_changed(view, c, w.address)) out["changed"].push_back(w.name);
}

}  // namespace sy::gui
