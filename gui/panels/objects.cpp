// What tasks share, as a graph read from the machine: tasks on the left; mm, files, fs, sighand and signal on the right
// with their reference counts; on each line the number of references it stands for. A dashed line is a reference without
// a user: a kernel thread that borrows an address space, a switch that has not dropped it yet. The selected task's block
// comes first, its lines are lit; tasks that look the same are one box.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "gui/model/facts.h"
#include "gui/model/stage_model.h"
#include "gui/panels/panels.h"
#include "gui/panels/states.h"
#include "gui/strings/strings.h"
#include "gui/widgets.h"
#include "sim/report/objects.h"
#include "sim/session/session.h"

namespace sy::gui {

struct ObjectsCache {
    const Session* session = nullptr;
    std::uint64_t position = 0;
    TaskId task = kNoTask;
    ObjectGraph graph;
    std::vector<std::vector<std::uint32_t>> edges_of;   // by object
};

namespace {

constexpr std::size_t kMostBlocks = 40;

TaskId shown_task(const View& view) {
    const TaskId id = view.state.selected_task;
    if (id == kNoTask && view.stage && !view.stage->empty)
        return view.session->now().cpus[view.stage->cpu.cpu].current_task;
    return id;
}

// The boxes on the left of a block: its own holders, then those who hold one of its objects from elsewhere.
std::vector<std::uint32_t> left_side(const ObjectsCache& c, const ObjectBlock& block) {
    std::vector<std::uint32_t> out = block.holders;
    for (const std::uint32_t o : block.objects)
        for (const std::uint32_t e : c.edges_of[o]) {
            const std::uint32_t h = c.graph.edges[e].holder;
            if (std::find(out.begin(), out.end(), h) == out.end()) out.push_back(h);
        }
    return out;
}

const ObjectsCache& graph_now(const View& view) {
    std::shared_ptr<ObjectsCache>& cache = view.panels.objects.cache;
    const TaskId task = shown_task(view);
    const bool fits = cache && cache->session == view.session && cache->position == view.session->position() && cache->task == task;
    if (fits) return *cache;
    cache = std::make_shared<ObjectsCache>();
    cache->session = view.session;
    cache->position = view.session->position();
    cache->task = task;
    ObjectGraph& g = cache->graph;
    g = object_graph(view.session->now(), task);
    cache->edges_of.resize(g.objects.size());
    for (std::uint32_t e = 0; e < g.edges.size(); ++e) cache->edges_of[g.edges[e].object].push_back(e);
    std::erase_if(g.blocks, [](const ObjectBlock& b) { return b.objects.empty(); });
    std::stable_partition(g.blocks.begin(), g.blocks.end(), [&](const ObjectBlock& b) {
        const std::vector<std::uint32_t> left = left_side(*cache, b);
        return std::any_of(left.begin(), left.end(), [&](std::uint32_t h) { return g.holders[h].tasks == std::vector{task}; });
    });
    return *cache;
}

std::string below_holder(const ObjectHolder& h, bool elsewhere) {
    if (elsewhere || h.kind == ObjectHolder::Kind::cpu)
        return std::string(tr(h.kind == ObjectHolder::Kind::cpu ? Str::objects_passing : Str::objects_borrows));
    if (h.kind == ObjectHolder::Kind::zombie) return tr(Str::objects_zombie, {std::to_string(h.first_pid)});
    std::string pids = "pid " + std::to_string(h.first_pid);
    if (h.tasks.size() > 1) pids += "–" + std::to_string(h.last_pid);
    return pids;
}

std::string below_object(const ObjectNode& o) {
    const std::string count = std::to_string(o.count);
    std::string out;
    switch (o.kind) {
        case SharedKind::mm: out = "users " + std::to_string(o.users) + " · count " + count; break;
        case SharedKind::fs: out = "users " + count; break;
        case SharedKind::signal: out = "nr_threads " + count; break;
        default: out = "count " + count; break;
    }
    return o.times > 1 ? tr(Str::objects_each, {out}) : out;
}

struct BoxLook {
    ImU32 outline, fill;
    bool dashed = false;
    float rounding = 2;
};

void node(ImDrawList& list, ImVec2 at, ImVec2 size, std::string_view above, std::string_view below, const BoxLook& look) {
    const ImVec2 end{at.x + size.x, at.y + size.y};
    list.AddRectFilled(at, end, look.fill, px(look.rounding));
    if (look.dashed)
        draw_dashed_rect(list, at, end, look.outline, px(look.rounding));
    else
        list.AddRect(at, end, look.outline, px(look.rounding));
    const float inner = size.x - px(12);
    const TextStyle small{Face::text, Size::small, theme().quiet};
    const float height = line_height({}) + line_height(small), y = at.y + (size.y - height) / 2;
    const TextStyle title{Face::text, measure(above).x > inner ? Size::small : Size::base, 0};
    fit_at(list, {at.x + px(6), y}, inner, above, title);
    fit_at(list, {at.x + px(6), y + line_height({})}, inner, below, small);
}

// A line from a holder to an object.
void edge_line(ImDrawList& list, ImVec2 from, ImVec2 to, bool dashed, ImU32 color, bool lit) {
    const float bend = (to.x - from.x) * 0.5F;
    std::vector<ImVec2> points;
    for (int i = 0; i <= 24; ++i) {
        const float s = static_cast<float>(i) / 24, r = 1 - s;
        points.push_back({r * r * r * from.x + 3 * r * r * s * (from.x + bend) + 3 * r * s * s * (to.x - bend) + s * s * s * to.x,
                          r * r * r * from.y + 3 * r * r * s * from.y + 3 * r * s * s * to.y + s * s * s * to.y});
    }
    if (dashed)
        draw_dashed(list, points, color, lit ? px(2) : px(1));
    else
        list.AddPolyline(points.data(), static_cast<int>(points.size()), color, 0, lit ? px(2) : px(1));
}

// Its number of references, just before the object; drawn over all lines.
void edge_number(ImDrawList& list, ImVec2 to, std::uint32_t refs, bool lit) {
    const std::string number = std::to_string(refs);
    const TextStyle style{lit ? Face::strong : Face::text, Size::small, lit ? 0 : theme().quiet};
    const ImVec2 size = measure(number, style);
    const ImVec2 at{to.x - size.x - px(5), to.y - size.y / 2};
    list.AddRectFilled({at.x - px(2), at.y}, {at.x + size.x + px(2), at.y + size.y}, theme().panel);
    draw_text(list, at, number, style);
}

ImU32 object_color(SharedKind kind) {
    switch (kind) {
        case SharedKind::mm: return theme().area_heap;
        case SharedKind::files: return theme().area_map;
        case SharedKind::fs: return theme().area_text;
        case SharedKind::sighand: return theme().area_data;
        case SharedKind::signal: return theme().area_stack;
    }
    return theme().line;
}

void draw_block(View& view, const ObjectsCache& c, const ObjectBlock& block) {
    const ObjectGraph& g = c.graph;
    const std::vector<std::uint32_t> left = left_side(c, block);
    const float width = ImGui::GetContentRegionAvail().x, least = px(38), line = px(18), space = px(8);
    const float task_width = std::min(px(150), width * 0.35F), object_width = std::min(px(170), width * 0.48F);
    const ImVec2 at = ImGui::GetCursorScreenPos();
    const float object_x = at.x + width - object_width;
    ImDrawList& list = *ImGui::GetWindowDrawList();
    const auto is_chosen = [&](std::uint32_t h) { return g.holders[h].tasks == std::vector{c.task}; };
    const auto height_of = [&](std::uint32_t o) { return std::max(least, line * static_cast<float>(c.edges_of[o].size())); };
    const auto left_y = [&](std::uint32_t h) {
        const auto row = std::find(left.begin(), left.end(), h) - left.begin();
        return at.y + static_cast<float>(row) * (least + space) + least / 2;
    };
    float y = at.y;
    for (const std::uint32_t o : block.objects) {
        const float height = height_of(o);
        const auto n = static_cast<float>(c.edges_of[o].size());
        for (std::size_t i = 0; i < c.edges_of[o].size(); ++i) {
            const ObjectEdge& e = g.edges[c.edges_of[o][i]];
            const bool lit = is_chosen(e.holder), dashed = e.why != ObjectEdge::Why::user;
            const float to = y + height * (static_cast<float>(i) + 0.5F) / n;
            edge_line(list, {at.x + task_width, left_y(e.holder)}, {object_x, to}, dashed, lit ? theme().moving : theme().quiet, lit);
        }
        const ObjectNode& node_shown = g.objects[o];
        node(list, {object_x, y}, {object_width, height}, object_name(node_shown), below_object(node_shown),
             {object_color(node_shown.kind), theme().card});
        std::string tip = object_name(node_shown) + ": " + object_counts(node_shown);
        for (const std::uint32_t e : c.edges_of[o]) tip += "\n" + object_edge_why(g, g.edges[e]).in(view.state.lang);
        tooltip_at({object_x, y}, {object_x + object_width, y + height}, tip);
        y += height + space;
    }
    y = at.y;
    for (const std::uint32_t o : block.objects) {
        const std::vector<std::uint32_t>& edges = c.edges_of[o];
        for (std::size_t i = 0; i < edges.size(); ++i)
            edge_number(list, {object_x, y + height_of(o) * (static_cast<float>(i) + 0.5F) / static_cast<float>(edges.size())},
                        g.edges[edges[i]].refs, is_chosen(g.edges[edges[i]].holder));
        y += height_of(o) + space;
    }
    for (const std::uint32_t h : left) {
        const ObjectHolder& holder = g.holders[h];
        const bool elsewhere = std::find(block.holders.begin(), block.holders.end(), h) == block.holders.end();
        const ImVec2 corner{at.x, left_y(h) - least / 2};
        const bool dashed = elsewhere || holder.kind == ObjectHolder::Kind::cpu;
        node(list, corner, {task_width, least}, holder.name, below_holder(holder, elsewhere),
             {is_chosen(h) ? theme().moving : theme().line, is_chosen(h) ? theme().selected : dashed ? theme().panel : theme().card, dashed, 10});
        if (holder.tasks.empty()) continue;
        ImGui::SetCursorScreenPos(corner);
        ImGui::PushID(static_cast<int>(h));
        if (ImGui::InvisibleButton("holder", {task_width, least})) view.ask(Command::Kind::select_task, holder.tasks.front());
        ImGui::PopID();
        tooltip(objects_of_task(view.session->now(), holder.tasks.front()));
    }
    const float bottom = std::max(y, at.y + static_cast<float>(left.size()) * (least + space));
    ImGui::SetCursorScreenPos({at.x, bottom});
    ImGui::Dummy({width, px(4)});
}

}  // namespace

void draw_objects(View& view) {
    if (!view.session) {
        empty_state({}, tr(Str::objects_empty_hint));
        return;
    }
    const ObjectsCache& c = graph_now(view);
    paragraph(tr(Str::objects_legend), quiet_text(Size::small));
    gap(6);
    std::size_t shown = 0;
    for (const ObjectBlock& block : c.graph.blocks) {
        if (shown == kMostBlocks) break;
        ImGui::PushID(static_cast<int>(shown));
        if (shown > 0) thin_line();
        draw_block(view, c, block);
        ImGui::PopID();
        ++shown;
    }
    if (shown < c.graph.blocks.size())
        paragraph(tr(Str::objects_more, {std::to_string(c.graph.blocks.size() - shown)}), quiet_text(Size::small));
}

void dump_objects(const View& view, nlohmann::json& out) {
    out["loaded"] = view.session != nullptr;
    if (!view.session) return;
    const ObjectsCache& c = graph_now(view);
    const ObjectGraph& g = c.graph;
    if (c.task != kNoTask) out["task"] = task_name(view.session->now(), c.task);
    out["blocks"] = nlohmann::json::array();
    static constexpr const char* kWhy[] = {"user", "borrows", "handing_over", "leaving"};
    for (std::size_t i = 0; i < std::min(g.blocks.size(), kMostBlocks); ++i) {
        nlohmann::json block = {{"holders", nlohmann::json::array()}, {"objects", nlohmann::json::array()}};
        for (const std::uint32_t h : left_side(c, g.blocks[i]))
            block["holders"].push_back({{"name", g.holders[h].name}, {"tasks", g.holders[h].tasks.size()}, {"pid", g.holders[h].first_pid}});
        for (const std::uint32_t o : g.blocks[i].objects) {
            const ObjectNode& n = g.objects[o];
            nlohmann::json object = {{"name", object_name(n)}, {"counts", object_counts(n)}, {"edges", nlohmann::json::array()}};
            for (const std::uint32_t e : c.edges_of[o])
                object["edges"].push_back({{"holder", g.holders[g.edges[e].holder].name}, {"refs", g.edges[e].refs},
                                           {"why", kWhy[static_cast<std::size_t>(g.edges[e].why)]}});
            block["objects"].push_back(std::move(object));
        }
        out["blocks"].push_back(std::move(block));
    }
}

}  // namespace sy::gui
