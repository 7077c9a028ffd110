// Run queues that are red-black trees: CFS by vruntime, EEVDF by virtual deadline with the line of zero lag, SCHED_DEADLINE
// by absolute deadline with budgets, and groups, where one tree stands in another.
#include <algorithm>
#include <cmath>
#include <map>

#include "gui/model/facts.h"
#include "gui/panels/run_queue_parts.h"
#include "gui/strings/strings.h"
#include "gui/widgets.h"
#include "sim/report/queue_text.h"

namespace sy::gui {
namespace {

// What a tree is ordered by, and how its nodes are told.
struct TreeLook {
    bool virtual_deadlines = false;   // EEVDF
    bool deadlines = false;           // SCHED_DEADLINE
};

struct Node {
    const QueueRow* row = nullptr;
    int depth = 0, column = 0;
};

// In-order columns and depths of the tree's rows.
std::vector<Node> place_nodes(const QueueBand& band, int& depth) {
    std::map<TaskId, const QueueRow*> by_task;
    for (const QueueEntry& e : band.entries) by_task[e.row.task] = &e.row;
    const auto depth_of = [&](const QueueRow& r) {
        int d = 0;
        for (const QueueRow* at = &r; at->parent != kNoTask && d < 32; ++d) {
            const auto up = by_task.find(at->parent);
            if (up == by_task.end()) break;
            at = up->second;
        }
        return d;
    };
    std::vector<Node> nodes;
    depth = 0;
    for (std::size_t i = 0; i < band.entries.size(); ++i) {  // entries come by key: the in-order walk
        const QueueRow& row = band.entries[i].row;
        nodes.push_back({&row, depth_of(row), static_cast<int>(i)});
        depth = std::max(depth, nodes.back().depth);
    }
    return nodes;
}

// Who would be next: the leftmost, but for EEVDF, where it must be eligible besides.
TaskId next_of(const QueueBand& band, const TreeLook& look) {
    if (!look.virtual_deadlines) return band.entries.empty() ? kNoTask : band.entries.front().row.task;
    for (const QueueEntry& e : band.entries)
        if (e.row.eligible && !e.row.delayed) return e.row.task;
    return kNoTask;
}

bool is_group(TaskId task) { return is_group_entity(task); }

// A node in words, for its tooltip.
std::string node_says(const Kernel& k, const QueueEntry& e, const TreeLook& look) {
    std::string out = task_name(k, e.row.task);
    if (!is_group(e.row.task)) out += " · pid " + std::to_string(k.tasks[e.row.task].pid);
    if (const std::string numbers = numbers_as_text(e.numbers, language()); !numbers.empty()) out += " · " + numbers;
    if (look.virtual_deadlines) {
        out += " · ";
        out += tr(e.row.delayed ? Str::node_delayed : e.row.eligible ? Str::node_eligible : Str::node_not_eligible);
    }
    return out + " · " + std::string(tr(e.row.red ? Str::node_red : Str::node_black));
}

void draw_tree(const Kernel& k, const QueueBand& band, const TreeLook& look) {
    const Theme& t = theme();
    int depth = 0;
    const TaskId coming = next_of(band, look);
    const std::vector<Node> nodes = place_nodes(band, depth);
    const float width = ImGui::GetContentRegionAvail().x;
    const float columns = static_cast<float>(std::max<std::size_t>(nodes.size(), 1));
    const float radius = std::floor(std::clamp(width / (columns + 0.6F) / 1.25F, px(11), px(25)));
    const float level = radius * 2 + px(12);
    const ImVec2 at = ImGui::GetCursorScreenPos();
    ImDrawList& list = *ImGui::GetWindowDrawList();
    const float step = columns > 1 ? std::min((width - 2 * radius - px(4)) / (columns - 1), radius * 2.2F) : 0;
    const float start = at.x + (width - step * (columns - 1)) / 2;
    const auto centre = [&](const Node& n) {
        return ImVec2{std::floor(start + static_cast<float>(n.column) * step),
                      std::floor(at.y + px(6) + radius + static_cast<float>(n.depth) * level)};
    };
    for (const Node& n : nodes)
        for (const Node& up : nodes)
            if (up.row->task == n.row->parent) list.AddLine(centre(n), centre(up), t.sleeping, px(1.4F));
    for (const Node& n : nodes) {
        const ImVec2 c = centre(n);
        const bool first = n.row->task == coming;
        const bool hollow = look.virtual_deadlines && (!n.row->eligible || n.row->delayed);
        const ImU32 outline = first ? t.running : n.row->red ? t.irq : t.sleeping;
        const ImU32 fill = blend(t.card, first ? t.running : n.row->red ? t.irq : t.ground, hollow ? 0.0F : 0.25F);
        if (is_group(n.row->task)) {   // a group stands as a square
            list.AddRectFilled({c.x - radius, c.y - radius}, {c.x + radius, c.y + radius}, fill, px(4));
            list.AddRect({c.x - radius, c.y - radius}, {c.x + radius, c.y + radius}, outline, px(4), 0, px(first ? 3 : 2));
        } else {
            list.AddCircleFilled(c, radius, fill, 32);
            list.AddCircle(c, radius, outline, 32, px(first ? 3 : 2));
        }
        const std::string mark = is_group(n.row->task) ? task_name(k, n.row->task) : std::to_string(k.tasks[n.row->task].pid);
        const std::string key = key_ms(n.row->key);
        const TextStyle small = mono_text();
        const std::string shown = shorten(mark, radius * 1.9F, small);
        const ImVec2 size = measure(shown, small);
        if (radius >= px(19)) {
            draw_text(list, {c.x - size.x / 2, c.y - size.y}, shown, small);
            const TextStyle quiet{Face::mono, Size::small, t.quiet};
            const float own = measure(key, quiet).x;
            if (own < radius * 2) draw_text(list, {c.x - own / 2, c.y}, key, quiet);
        } else if (size.x < radius * 2) {
            draw_text(list, {c.x - size.x / 2, c.y - size.y / 2}, shown, small);
        }
        tooltip_at({c.x - radius, c.y - radius}, {c.x + radius, c.y + radius},
                   node_says(k, band.entries[static_cast<std::size_t>(n.column)], look));
    }
    ImGui::Dummy({width, px(10) + 2 * radius + static_cast<float>(depth) * level});
    if (coming != kNoTask)
        paragraph(tr(look.virtual_deadlines ? Str::queue_next_eligible : Str::leftmost, {task_name(k, coming)}),
                  {Face::text, Size::small, t.running});
}

// Virtual time from left to right: each task from its vruntime to its deadline, and V, where the lag is 0. Who begins
// at or left of that line is eligible.
void draw_zero_lag(const Kernel& k, const QueueBand& band, std::int64_t average) {
    const Theme& t = theme();
    std::vector<const QueueEntry*> rows;
    for (const QueueEntry& e : band.entries) rows.push_back(&e);
    std::sort(rows.begin(), rows.end(), [](const QueueEntry* a, const QueueEntry* b) { return a->row.key < b->row.key; });
    if (rows.size() > 10) rows.resize(10);
    std::int64_t low = average, high = average;
    for (const QueueEntry* e : rows) {
        low = std::min(low, e->row.vruntime);
        high = std::max({high, e->row.vruntime, e->row.key});
    }
    const float width = ImGui::GetContentRegionAvail().x, names = std::min(px(90), width * 0.3F), height = px(18);
    const ImVec2 at = ImGui::GetCursorScreenPos();
    ImDrawList& list = *ImGui::GetWindowDrawList();
    const float span = static_cast<float>(std::max<std::int64_t>(high - low, 1));
    const auto x_of = [&](std::int64_t v) {
        return std::floor(at.x + names + (width - names - px(8)) * static_cast<float>(v - low) / span);
    };
    float y = at.y + px(4);
    for (const QueueEntry* e : rows) {
        const bool eligible = e->row.eligible && !e->row.delayed;
        const ImU32 color = eligible ? t.running : t.sleeping;
        fit_at(list, {at.x, y}, names - px(6), task_name(k, e->row.task), {Face::text, Size::small, eligible ? 0 : t.quiet});
        const float from = x_of(e->row.vruntime), to = std::max(x_of(e->row.key), from + px(3)), middle = y + height / 2;
        list.AddRectFilled({from, middle - px(4)}, {to, middle + px(4)}, fade(color, eligible ? 0.5F : 0.2F), px(2));
        list.AddRect({from, middle - px(4)}, {to, middle + px(4)}, color, px(2));
        list.AddLine({to, middle - px(7)}, {to, middle + px(7)}, t.irq, px(2));   // its deadline
        tooltip_at({at.x, y}, {at.x + width, y + height}, node_says(k, *e, {.virtual_deadlines = true}));
        y += height;
    }
    const float zero = x_of(average);
    list.AddLine({zero, at.y}, {zero, y + px(2)}, t.moving, px(2));
    ImGui::Dummy({width, y - at.y + px(4)});
    paragraph(tr(Str::queue_zero_lag), {Face::text, Size::small, t.moving});
}

const NamedNumber* find_number(const NamedNumbers& numbers, std::string_view name) {
    const auto at = std::find_if(numbers.begin(), numbers.end(), [&](const NamedNumber& n) { return n.name == name; });
    return at != numbers.end() ? &*at : nullptr;
}

// A deadline task on the clock: what is left of its budget, and how long until its deadline.
void draw_budget(const Kernel& k, const QueueEntry& e, Nanos now) {
    const Theme& t = theme();
    const float width = ImGui::GetContentRegionAvail().x, names = std::min(px(90), width * 0.28F), height = px(20);
    const ImVec2 at = ImGui::GetCursorScreenPos();
    ImDrawList& list = *ImGui::GetWindowDrawList();
    const NamedNumber* back = find_number(e.numbers, "back_at_ns");
    const ImU32 color = back != nullptr ? t.sleeping : e.runs ? t.running : t.runnable;
    fit_at(list, {at.x, at.y + px(1)}, names - px(6), task_name(k, e.row.task),
           {Face::text, Size::small, back != nullptr ? t.quiet : 0});
    const Nanos left = number_of(e.numbers, "runtime_left_ns"), whole = std::max<Nanos>(1, number_of(e.numbers, "dl_runtime_ns"));
    const float bar = (width - names) * 0.34F, part = std::clamp(static_cast<float>(left) / static_cast<float>(whole), 0.0F, 1.0F);
    const ImVec2 min{at.x + names, at.y + px(5)}, max{min.x + bar, at.y + height - px(5)};
    list.AddRectFilled(min, {min.x + bar * part, max.y}, fade(color, 0.6F), px(2));
    list.AddRect(min, max, color, px(2));
    const std::string text =
        back != nullptr ? tr(Str::queue_dl_back, {key_ms(back->value - now)})
                        : tr(Str::queue_dl_left, {key_ms(left), key_ms(e.row.key - now)});
    fit_at(list, {max.x + px(8), at.y + px(1)}, at.x + width - max.x - px(8), text, {Face::mono, Size::small, t.quiet});
    tooltip_at(at, {at.x + width, at.y + height}, task_name(k, e.row.task) + " · " + numbers_as_text(e.numbers, language()));
    ImGui::Dummy({width, height});
}

}  // namespace

std::string key_ms(std::int64_t key) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2f", static_cast<double>(key) / 1e6);
    return text;
}

void draw_tree_picture(const Kernel& k, const QueuePicture& picture) {
    const NamedNumber* average = find_number(picture.numbers, "avg_vruntime_ns");
    for (const QueueBand& band : picture.bands) {
        if (band.entries.empty()) continue;
        draw_tree(k, band, {.virtual_deadlines = average != nullptr});
        if (average != nullptr) draw_zero_lag(k, band, average->value);
    }
}

void draw_deadlines(const Kernel& k, const QueuePicture& picture, Nanos now) {
    for (const QueueBand& band : picture.bands)
        if (band.tree && !band.entries.empty()) draw_tree(k, band, {.deadlines = true});
    for (const QueueBand& band : picture.bands)
        for (const QueueEntry& e : band.entries) draw_budget(k, e, now);
    paragraph(tr(Str::queue_dl_admitted, {number_value({"_milli", number_of(picture.numbers, "admitted_milli")}),
                                          number_value({"_milli", number_of(picture.numbers, "limit_milli", 1000)})}),
              quiet_text(Size::small));
}

// One box in another, as deep as the groups are.
void draw_groups(const Kernel& k, const QueuePicture& picture) {
    const Theme& t = theme();
    for (const QueueBand& band : picture.bands) {
        const float indent = px(10) * static_cast<float>(band.depth);
        const bool throttled = number_of(band.numbers, "throttled") != 0, runs = number_of(band.numbers, "runs") != 0;
        if (indent > 0) ImGui::Indent(indent);
        const ImVec2 from = ImGui::GetCursorScreenPos();
        NamedNumbers numbers = band.numbers;
        std::erase_if(numbers, [](const NamedNumber& n) { return n.name == "avg_vruntime_ns" || n.name == "min_vruntime_ns"; });
        paragraph({{band.depth == 0 ? std::string(tr(Str::queue_group_root)) : band.name, {Face::strong, Size::base, throttled ? t.irq : runs ? t.running : 0}},
                   {"  " + numbers_as_text(numbers, language()), quiet_text(Size::small)}});
        if (band.entries.empty()) {
            paragraph(tr(runs || band.depth == 0 ? Str::queue_group_alone : Str::queue_group_empty), quiet_text(Size::small));
        } else {
            const NamedNumber* average =
                find_number(band.depth == 0 ? picture.numbers : band.numbers, "avg_vruntime_ns");
            draw_tree(k, band, {.virtual_deadlines = average != nullptr});
            if (average != nullptr && band.entries.size() > 1) draw_zero_lag(k, band, average->value);
        }
        const ImVec2 to = ImGui::GetCursorScreenPos();
        if (indent > 0) {
            ImGui::GetWindowDrawList()->AddLine({from.x - px(6), from.y}, {from.x - px(6), to.y - px(4)},
                                                throttled ? t.irq : t.line, px(2));
            ImGui::Unindent(indent);
        }
        gap(4);
    }
}

}  // namespace sy::gui
