// The task list: boxes around tasks that share an mm, kernel threads in a dashed box outside every
// mm; below it what is pending on the stage's CPU and its preempt_count, decoded.
#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "gui/model/facts.h"
#include "gui/model/stage_model.h"
#include "gui/panels/panels.h"
#include "gui/strings/strings.h"
#include "gui/widgets.h"
#include "sim/session/session.h"

namespace sy::gui {
namespace {

ImU32 letter_color(char letter) {
    const Theme& t = theme();
    switch (letter) {
        case 'R':
            return t.running;
        case 'r':
        case 'n':
            return t.runnable;
        case 'Z':
        case 'X':
            return t.line;
        default:
            return t.sleeping;
    }
}

bool is_next(const Kernel& k, TaskId id) {
    const Cpu& cpu = k.cpus[k.tasks[id].cpu];
    return cpu.picked == id || (cpu.curr == id && cpu.current_task != id);
}

// What stands at the right end of a task's row.
std::string note_of(const Kernel& k, TaskId id) {
    const Task& t = k.tasks[id];
    switch (task_letter(k, id)) {
        case 'R':
            return "CPU " + std::to_string(t.cpu);
        case 'r':
            if (is_next(k, id)) return std::string(tr(Str::task_next));
            return k.cpus.size() > 1 ? "CPU " + std::to_string(t.cpu)
                                     : std::string(tr(Str::task_waits));
        case 'n':
            return std::string(tr(Str::task_new));
        case 'Z':
            return "zombie";
        case 'X':
            return std::string(tr(Str::task_gone));
        default:
            return wait_place(k, id);
    }
}

std::string borrowed_text(const Kernel& k, TaskId id) {
    const Task& t = k.tasks[id];
    if (t.mm != kNoMm || t.active_mm == kNoMm) return {};
    return "mm→" + mm_owner_name(k, t.active_mm);
}

void task_row(View& view, const Kernel& k, TaskId id) {
    const Task& t = k.tasks[id];
    const Theme& th = theme();
    const float height = px(24), width = ImGui::GetContentRegionAvail().x;
    const ImVec2 at = ImGui::GetCursorScreenPos();
    ImGui::PushID(static_cast<int>(id));
    if (ImGui::InvisibleButton("task", {width, height})) view.ask(Command::Kind::select_task, id);
    const bool hovered = ImGui::IsItemHovered();
    ImGui::PopID();
    ImDrawList& list = *ImGui::GetWindowDrawList();
    const bool selected = view.state.selected_task == id;
    if (selected || hovered)
        list.AddRectFilled({at.x - px(4), at.y}, {at.x + width + px(4), at.y + height},
                           selected ? th.selected : th.hover, px(4));
    const char letter = task_letter(k, id);
    const std::string mark(1, letter == 'n' ? 'r' : letter);
    draw_state_mark(list, {at.x, at.y + px(3)}, px(18), mark, letter_color(letter));
    const TextStyle pid_style{Face::mono, Size::small, th.text};
    const std::string pid = std::to_string(t.pid);
    const float text_y = at.y + (height - line_height(pid_style)) / 2;
    float x = at.x + px(25);
    draw_text(list, {x, text_y}, pid, pid_style);
    x += measure(pid, pid_style).x + px(7);
    const std::string name = task_name(k, id);
    std::string note = note_of(k, id);
    const bool borrows = letter == 'R' && t.mm == kNoMm;
    if (borrows) note = borrowed_text(k, id);
    const std::string inherits = inherited_text(k, id);
    if (!inherits.empty()) note = std::to_string(t.normal_prio) + "→" + std::to_string(t.prio) + " · " + note;
    const bool word = letter == 'r' || letter == 'n' || letter == 'R';
    const TextStyle note_style{word ? Face::text : Face::mono, Size::small, th.quiet};
    const float room = at.x + width - x;
    const float name_width = std::min(measure(name).x, room);
    const float note_room = room - name_width - px(6);
    fit_at(list, {x, at.y + (height - line_height({})) / 2}, room, name);
    if (note_room > px(28)) {
        const float own = std::min(measure(note, note_style).x, note_room);
        fit_at(list, {at.x + width - own, text_y}, note_room, note, note_style);
    }
    std::string tip = name + " · pid " + pid + " tgid " + std::to_string(t.tgid) + " · nice " +
                      std::to_string(t.nice) + " · " + (inherits.empty() ? "prio " + std::to_string(t.prio) : inherits) +
                      " · " + note_of(k, id);
    if (t.mm == kNoMm) tip += " · " + borrowed_text(k, id);
    tooltip_at(at, {at.x + width, at.y + height}, tip);
}

std::string group_title(const Kernel& k, const TaskGroup& g) {
    if (g.mm == kNoMm) return std::string(tr(Str::group_no_mm));
    const Mm& mm = k.mms[g.mm];
    return tr(Str::group_mm, {mm_owner_name(k, g.mm), std::to_string(mm.users),
                              std::to_string(mm.count), hex(mm.pgd)});
}

void group(View& view, const Kernel& k, const TaskGroup& g) {
    const Theme& t = theme();
    const float width = ImGui::GetContentRegionAvail().x;
    const ImVec2 at = ImGui::GetCursorScreenPos();
    const std::string title = group_title(k, g);
    const Span span{title, quiet_text(Size::small)};
    const float inner = width - px(16);
    const float title_height = paragraph_height({&span, 1}, inner);
    const float height =
        px(7) + title_height + px(3) + static_cast<float>(g.tasks.size()) * px(24) + px(6);
    ImDrawList& list = *ImGui::GetWindowDrawList();
    const ImVec2 max{at.x + width, at.y + height};
    if (g.mm == kNoMm)
        draw_dashed_rect(list, at, max, t.sleeping, px(6));
    else
        list.AddRect(at, max, t.sleeping, px(6));
    ImGui::SetCursorScreenPos({at.x + px(8), at.y + px(7)});
    paragraph({span}, inner);
    ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, {0, 0});
    float y = at.y + px(7) + title_height + px(3);
    for (const TaskId id : g.tasks) {
        ImGui::SetCursorScreenPos({at.x + px(8), y});
        if (ImGui::BeginChild(
                ImGui::GetID(reinterpret_cast<void*>(static_cast<std::intptr_t>(id) + 1)),
                {inner, px(24)}, false,
                ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_NoScrollWithMouse))
            task_row(view, k, id);
        ImGui::EndChild();
        y += px(24);
    }
    ImGui::PopStyleVar();
    ImGui::SetCursorScreenPos({at.x, at.y + height});
    ImGui::Dummy({width, px(6)});
}

std::vector<std::pair<std::string, ImU32>> pending_chips(const Kernel& k, CpuId c) {
    const Cpu& cpu = k.cpus[c];
    const Theme& t = theme();
    std::vector<std::pair<std::string, ImU32>> chips;
    if (cpu.irr_timer || cpu.lapic_deadline <= cpu.clock)
        chips.emplace_back("▲ " + std::string(tr(Str::pending_timer)), t.irq);
    for (std::size_t line = 0; line < k.irqs.size(); ++line)
        if ((cpu.irr_devices >> line & 1) != 0)
            for (const std::uint32_t d : k.image().irq_lines[line].devices)
                chips.emplace_back("▲ " + k.image().scenario.devices[d].name, t.irq);
    if (cpu.irr_resched) chips.emplace_back("▲ reschedule", t.irq);
    if (cpu.irr_call) chips.emplace_back("▲ call", t.irq);
    for (int vec = 0; vec < kSoftirqs; ++vec)
        if ((cpu.softirq_pending >> vec & 1) != 0)
            chips.emplace_back("◆ " + std::string(softirq_name(vec)), t.softirq);
    return chips;
}

void pending(const Kernel& k, CpuId c) {
    section_title(tr(Str::pending_on, {std::to_string(c)}));
    const auto chips = pending_chips(k, c);
    if (chips.empty()) {
        paragraph(tr(Str::pending_none), quiet_text(Size::small));
    } else {
        const float right = ImGui::GetContentRegionAvail().x;
        float x = 0;
        for (const auto& [text, color] : chips) {
            const float own = chip_width(text);
            if (x > 0 && x + own <= right)
                ImGui::SameLine(0, px(4));
            else
                x = 0;
            chip(text, color);
            x += own + px(4);
        }
    }
    const Cpu& cpu = k.cpus[c];
    section_title("preempt_count");
    const std::uint32_t n = cpu.preempt_count;
    paragraph("hardirq " + std::to_string((n & kHardirqMask) >> 16) + "  softirq " +
                  std::to_string((n & kSoftirqMask) >> 8) + "  preempt " +
                  std::to_string(n & kPreemptMask),
              {Face::text, Size::small, 0});
    paragraph(n == 0 ? tr(Str::preempt_may) : tr(Str::preempt_may_not), quiet_text(Size::small));
}

}  // namespace

void draw_tasks(View& view) {
    section_title(tr(Str::panel_tasks));
    if (!view.session) {
        empty_state({}, tr(Str::empty_tasks_hint));
        return;
    }
    const Kernel& k = view.session->now();
    const std::vector<TaskGroup> groups = task_groups(k);
    // What is pending stands at the bottom; the list above it scrolls.
    const float below = px(156);
    const float room = ImGui::GetContentRegionAvail().y;
    const bool apart = room > below * 2.5F;
    if (apart) ImGui::BeginChild("list", {0, room - below}, false);
    // A thousand tasks are a scroll, not a slow frame: only what may be seen is laid out in full.
    std::size_t left = 400;
    for (const TaskGroup& g : groups) {
        TaskGroup part = g;
        if (part.tasks.size() > left) {   // the selected one is always among them
            const auto selected = std::find(part.tasks.begin(), part.tasks.end(), view.state.selected_task);
            if (left > 0 && selected != part.tasks.end() && selected - part.tasks.begin() >= static_cast<std::ptrdiff_t>(left))
                part.tasks[left - 1] = *selected;
            part.tasks.resize(left);
        }
        if (!part.tasks.empty()) group(view, k, part);
        left -= part.tasks.size();
        if (part.tasks.size() < g.tasks.size()) {
            paragraph(tr(Str::tasks_more), quiet_text(Size::small));
            break;
        }
    }
    if (apart) ImGui::EndChild();
    pending(k, view.stage ? view.stage->cpu.cpu : CpuId{0});
}

void dump_tasks(const View& view, nlohmann::json& out) {
    out["loaded"] = view.session != nullptr;
    if (!view.session) return;
    const Kernel& k = view.session->now();
    out["selected"] = view.state.selected_task == kNoTask
                          ? nlohmann::json(nullptr)
                          : nlohmann::json(k.tasks[view.state.selected_task].pid);
    nlohmann::json& groups = out["groups"] = nlohmann::json::array();
    for (const TaskGroup& g : task_groups(k)) {
        nlohmann::json one{{"title", group_title(k, g)},
                           {"mm", g.mm == kNoMm ? nlohmann::json(nullptr) : nlohmann::json(g.mm)}};
        if (g.mm != kNoMm) {
            one["users"] = k.mms[g.mm].users;
            one["count"] = k.mms[g.mm].count;
            one["pgd"] = hex(k.mms[g.mm].pgd);
        }
        for (const TaskId id : g.tasks) {
            const Task& t = k.tasks[id];
            one["tasks"].push_back({{"pid", t.pid},
                                    {"tgid", t.tgid},
                                    {"name", task_name(k, id)},
                                    {"state", std::string(1, task_letter(k, id))},
                                    {"cpu", t.cpu},
                                    {"nice", t.nice},
                                    {"prio", t.prio},
                                    {"normal_prio", t.normal_prio},
                                    {"note", note_of(k, id)},
                                    {"borrows", borrowed_text(k, id)}});
        }
        groups.push_back(std::move(one));
    }
    const CpuId c = view.stage ? view.stage->cpu.cpu : CpuId{0};
    out["cpu"] = c;
    for (const auto& [text, color] : pending_chips(k, c)) out["pending"].push_back(text);
    out["preempt_count"] = k.cpus[c].preempt_count;
}

}  // namespace sy::gui
