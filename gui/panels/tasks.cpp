// The task list: boxes around tasks that share an mm, zombies and kernel threads in dashed boxes outside every
// mm; what is alike folds, and only what is in sight is made; below it what is pending on the stage's CPU and its preempt_count, decoded.
#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "gui/model/facts.h"
#include "gui/model/stage_model.h"
#include "gui/model/figures.h"
#include "gui/panels/panels.h"
#include "gui/panels/states.h"
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
    if (g.is_dead) return std::string(tr(Str::group_dead));
    if (g.mm == kNoMm) return std::string(tr(Str::group_no_mm));
    const Mm& mm = k.mms[g.mm];
    return tr(Str::group_mm, {mm_owner_name(k, g.mm), std::to_string(mm.users),
                              std::to_string(mm.count), hex(mm.pgd)});
}

// --- a list of any length ---

// Of boxes that look alike (a hundred processes of one program) one line stands for all; of a box with very many threads
// the first few. Both open when pressed, and the selected task is always to be seen.
constexpr std::size_t kAlike = 9;         // boxes of one name from which on they fold
constexpr std::size_t kManyThreads = 16;  // tasks of one box from which on they fold
constexpr std::size_t kFirstThreads = 8;
constexpr std::size_t kManyBoxes = 60;    // from which on a box's title is one line

std::string counts_text(const Kernel& k, std::span<const TaskId> tasks) {
    constexpr std::string_view order = "RrnSDITtZX";
    std::array<std::size_t, order.size()> counts{};
    for (const TaskId id : tasks)
        if (const std::size_t at = order.find(task_letter(k, id)); at != std::string_view::npos) ++counts[at];
    std::string out;
    for (std::size_t i = 0; i < counts.size(); ++i)
        if (counts[i] > 0) out += (out.empty() ? "" : "  ") + std::string(1, order[i] == 'n' ? 'r' : order[i]) + " " + format_count(static_cast<std::int64_t>(counts[i]));
    return out;
}

}  // namespace

struct TasksCache {
    struct Item {
        enum class Kind : std::uint8_t { family, box } kind = Kind::box;
        float y = 0, height = 0, title = 0;
        std::size_t group = 0;        // of a box
        std::vector<TaskId> shown = {};  // of a box: its rows
        std::size_t hidden = 0;       // tasks that are not among them
        std::string key = {}, name = {}, counts = {};  // of a family, or of the line that folds a box
        bool is_open = false, can_fold = false;
    };
    const Session* session = nullptr;
    std::uint64_t position = 0;
    std::vector<TaskGroup> groups;
    std::vector<Item> items;
    float width = 0, scale = 0, height = 0;
    Lang lang = Lang::en;
    TaskId selected = kNoTask;
    std::size_t unfolded = 0;
};

namespace {

using Item = TasksCache::Item;

class ListMaker {
  public:
    ListMaker(TasksCache& cache, const View& view) : c_(cache), view_(view), k_(view.session->now()) {}

    void make() {
        c_.items.clear();
        float y = 0;
        const std::vector<TaskGroup>& groups = c_.groups;
        for (std::size_t i = 0; i < groups.size();) {
            std::size_t end = i + 1;
            const std::string name = family(groups[i]);
            while (!name.empty() && end < groups.size() && family(groups[end]) == name) ++end;
            const bool alike = end - i >= kAlike;
            bool open = true;
            if (alike) {
                Item item{.kind = Item::Kind::family, .y = y, .height = px(44), .key = "f " + name, .name = name};
                open = item.is_open = is_unfolded(item.key);
                std::vector<TaskId> all;
                for (std::size_t g = i; g < end; ++g) all.insert(all.end(), groups[g].tasks.begin(), groups[g].tasks.end());
                item.name += " ×" + format_count(static_cast<std::int64_t>(end - i));
                item.counts = counts_text(k_, all);
                y += item.height;
                c_.items.push_back(std::move(item));
            }
            for (; i < end; ++i)
                if (open || holds_selected(groups[i])) y = box(i, y);
        }
        c_.height = y;
    }

  private:
    // Processes with one thread each and the same name are a family; others stand for themselves.
    std::string family(const TaskGroup& g) const {
        return g.mm == kNoMm || g.tasks.size() != 1 ? std::string() : std::string(k_.tasks[g.tasks.front()].comm_view());
    }
    bool is_unfolded(const std::string& key) const {
        const auto& open = view_.panels.tasks.unfolded;
        return std::find(open.begin(), open.end(), key) != open.end();
    }
    bool holds_selected(const TaskGroup& g) const {
        return std::find(g.tasks.begin(), g.tasks.end(), view_.state.selected_task) != g.tasks.end();
    }
    float box(std::size_t index, float y) {
        const TaskGroup& g = c_.groups[index];
        Item item{.kind = Item::Kind::box, .y = y, .group = index, .shown = g.tasks};
        item.can_fold = g.tasks.size() >= kManyThreads;
        item.key = "b " + std::to_string(g.is_dead ? ~0U : g.mm);
        item.is_open = item.can_fold && is_unfolded(item.key);
        if (item.can_fold && !item.is_open) {
            item.shown.resize(kFirstThreads);
            std::vector<TaskId> rest(g.tasks.begin() + kFirstThreads, g.tasks.end());
            if (const auto it = std::find(rest.begin(), rest.end(), view_.state.selected_task); it != rest.end()) {
                item.shown.push_back(*it);
                rest.erase(it);
            }
            item.hidden = rest.size();
            item.counts = counts_text(k_, rest);
        }
        if (c_.groups.size() > kManyBoxes) {
            item.title = px(18);
        } else {
            const std::string title = group_title(k_, g);
            const Span span{title, quiet_text(Size::small)};
            item.title = paragraph_height({&span, 1}, c_.width - px(16));
        }
        const auto rows = static_cast<float>(item.shown.size() + (item.can_fold ? 1 : 0));
        item.height = px(7) + item.title + px(3) + rows * px(24) + px(6) + px(6);
        y += item.height;
        c_.items.push_back(std::move(item));
        return y;
    }

    TasksCache& c_;
    const View& view_;
    const Kernel& k_;
};

TasksCache& list_now(const View& view, float width) {
    TasksState& state = view.panels.tasks;
    if (!state.cache) state.cache = std::make_shared<TasksCache>();
    TasksCache& c = *state.cache;
    const bool same_machine = c.session == view.session && c.position == view.session->position();
    if (same_machine && c.width == width && c.scale == scale() && c.lang == view.state.lang && c.selected == view.state.selected_task &&
        c.unfolded == state.unfolded.size())
        return c;
    if (!same_machine) c.groups = task_groups(view.session->now());
    c.session = view.session;
    c.position = view.session->position();
    c.width = width;
    c.scale = scale();
    c.lang = view.state.lang;
    c.selected = view.state.selected_task;
    c.unfolded = state.unfolded.size();
    ListMaker(c, view).make();
    return c;
}

// A line that opens and closes; true when pressed.
bool fold_line(const char* id, ImVec2 at, float width, float height, bool open, std::string_view name, std::string_view counts) {
    ImGui::SetCursorScreenPos(at);
    ImGui::PushID(id);
    const bool pressed = ImGui::InvisibleButton("fold", {width, height});
    ImGui::PopID();
    ImDrawList& list = *ImGui::GetWindowDrawList();
    if (ImGui::IsItemHovered()) list.AddRectFilled(at, {at.x + width, at.y + height}, theme().hover, px(4));
    const float x = at.x + px(4), y = at.y + px(9), r = px(4);
    if (open)
        list.AddTriangleFilled({x, y - r / 2}, {x + 2 * r, y - r / 2}, {x + r, y + r}, theme().quiet);
    else
        list.AddTriangleFilled({x, y - r}, {x + 1.5F * r, y}, {x, y + r}, theme().quiet);
    const bool below = height > px(30);
    const TextStyle words = below ? TextStyle{} : quiet_text(Size::small);
    fit_at(list, {at.x + px(18), at.y + px(1)}, width - px(20), name, words);
    const float own = measure(name, words).x + px(26);
    if (below)
        fit_at(list, {at.x + px(18), at.y + px(21)}, width - px(20), counts, mono_text());
    else if (width - own > px(40))
        fit_at(list, {at.x + own, at.y + px(2)}, width - own, counts, mono_text());
    return pressed;
}

void toggle_fold(View& view, const std::string& key) {
    std::vector<std::string>& open = view.panels.tasks.unfolded;
    if (std::erase(open, key) == 0) open.push_back(key);
    view.animate();
}

void draw_box(View& view, const Kernel& k, const TasksCache& c, const Item& item, ImVec2 at, float top, float bottom) {
    const Theme& t = theme();
    const TaskGroup& g = c.groups[item.group];
    const float width = c.width, inner = width - px(16);
    ImDrawList& list = *ImGui::GetWindowDrawList();
    const ImVec2 max{at.x + width, at.y + item.height - px(6)};
    if (g.mm == kNoMm)
        draw_dashed_rect(list, at, max, t.sleeping, px(6));
    else
        list.AddRect(at, max, t.sleeping, px(6));
    const std::string title = group_title(k, g);
    ImGui::SetCursorScreenPos({at.x + px(8), at.y + px(7)});
    if (c.groups.size() > kManyBoxes)
        fit_at(list, {at.x + px(8), at.y + px(7)}, inner, title, quiet_text(Size::small));
    else
        paragraph({{title, quiet_text(Size::small)}}, inner);
    const float first = at.y + px(7) + item.title + px(3), tall = px(24);
    const auto count = static_cast<std::ptrdiff_t>(item.shown.size());
    const auto from = std::clamp<std::ptrdiff_t>(static_cast<std::ptrdiff_t>((top - first) / tall), 0, count);
    const auto until = std::clamp<std::ptrdiff_t>(static_cast<std::ptrdiff_t>((bottom - first) / tall) + 1, from, count);
    ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, {0, 0});
    for (std::ptrdiff_t i = from; i < until; ++i) {
        const TaskId id = item.shown[static_cast<std::size_t>(i)];
        ImGui::SetCursorScreenPos({at.x + px(8), first + static_cast<float>(i) * tall});
        if (ImGui::BeginChild(ImGui::GetID(reinterpret_cast<void*>(static_cast<std::intptr_t>(id) + 1)), {inner, tall}, false,
                              ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_NoScrollWithMouse))
            task_row(view, k, id);
        ImGui::EndChild();
    }
    ImGui::PopStyleVar();
    if (!item.can_fold) return;
    const std::string name = item.is_open ? std::string(tr(Str::tasks_all_of)) : tr(Str::tasks_threads, {format_count(static_cast<std::int64_t>(item.hidden))});
    if (fold_line(item.key.c_str(), {at.x + px(4), first + static_cast<float>(count) * tall}, inner, tall, item.is_open, name, item.counts))
        toggle_fold(view, item.key);
}

void draw_list(View& view) {
    const Kernel& k = view.session->now();
    TasksState& state = view.panels.tasks;
    const TasksCache& c = list_now(view, ImGui::GetContentRegionAvail().x);
    if (state.scrolled_to != view.state.selected_task) {   // chosen by a key or elsewhere: into sight
        state.scrolled_to = view.state.selected_task;
        for (const Item& item : c.items) {
            const auto row = std::find(item.shown.begin(), item.shown.end(), view.state.selected_task);
            if (item.kind != Item::Kind::box || row == item.shown.end()) continue;
            const float y = item.y + item.title + static_cast<float>(row - item.shown.begin()) * px(24);
            if (y < ImGui::GetScrollY() || y + px(40) > ImGui::GetScrollY() + ImGui::GetWindowHeight())
                ImGui::SetScrollY(std::max(y - ImGui::GetWindowHeight() / 3, 0.0F));
        }
    }
    const ImVec2 start = ImGui::GetCursorScreenPos();
    const float top = ImGui::GetWindowPos().y, bottom = top + ImGui::GetWindowHeight();
    auto it = std::partition_point(c.items.begin(), c.items.end(), [&](const Item& item) { return start.y + item.y + item.height < top; });
    std::string pressed;
    for (; it != c.items.end() && start.y + it->y < bottom; ++it) {
        const ImVec2 at{start.x, start.y + it->y};
        if (it->kind == Item::Kind::box)
            draw_box(view, k, c, *it, at, top, bottom);
        else if (fold_line(it->key.c_str(), at, c.width, it->height - px(6), it->is_open, it->name, it->counts))
            pressed = it->key;
    }
    if (!pressed.empty()) toggle_fold(view, pressed);
    ImGui::SetCursorScreenPos(start);
    ImGui::Dummy({c.width, c.height});
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
    // What is pending stands at the bottom; the list above it scrolls.
    const float below = px(156);
    const float room = ImGui::GetContentRegionAvail().y;
    const bool apart = room > below * 2.5F;
    if (apart) ImGui::BeginChild("list", {0, room - below}, false);
    draw_list(view);
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
    // What stands in the list: folded lines with their counts.
    const float width = view.panels.tasks.cache ? view.panels.tasks.cache->width : 300;
    for (const Item& item : list_now(view, width).items) {
        if (item.kind == Item::Kind::family)
            out["families"].push_back({{"name", item.name}, {"counts", item.counts}, {"open", item.is_open}});
        else if (item.can_fold)
            out["folded_boxes"].push_back({{"hidden", item.hidden}, {"counts", item.counts}, {"open", item.is_open}});
    }
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
