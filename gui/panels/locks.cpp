// Who holds which lock and who waits for it, as a graph read from the machine: tasks on the left, locks on the right; an
// arrow from a lock to the task that holds it, a dashed one from a task to the lock it waits for. A circle of such
// arrows is a deadlock: it is drawn in its own colour, marked, and put into words.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "gui/model/facts.h"
#include "gui/panels/panels.h"
#include "gui/panels/states.h"
#include "gui/strings/strings.h"
#include "gui/widgets.h"
#include "sim/kernel/locks.h"
#include "sim/session/deadlock.h"
#include "sim/session/session.h"

namespace sy::gui {

struct LocksCache {
    const Session* session = nullptr;
    std::uint64_t position = 0;
    WaitGraph graph;
};

namespace {

constexpr std::size_t kMostRows = 60;

const WaitGraph& graph_now(const View& view) {
    std::shared_ptr<LocksCache>& cache = view.panels.locks.cache;
    const bool fits = cache && cache->session == view.session && cache->position == view.session->position();
    if (!fits) {
        cache = std::make_shared<LocksCache>();
        cache->session = view.session;
        cache->position = view.session->position();
        cache->graph = wait_graph(view.session->now());
    }
    return cache->graph;
}

bool in_use(const LockView& lock) {
    return !lock.waiters.empty() || (lock.is_owned && !lock.holders.empty()) || lock.abandoned;
}

// What is drawn: locks in use, and every task at the end of an arrow.
struct Picture {
    std::vector<std::uint32_t> locks;
    std::vector<TaskId> tasks;
    std::map<TaskId, std::uint32_t> wanted_in_cycle;   // task -> lock, of the tasks of circles
    std::size_t free = 0, left_out = 0;
};

Picture picture_of(const WaitGraph& g) {
    Picture p;
    for (const auto& cycle : g.cycles)
        for (const DeadlockLink& link : cycle) p.wanted_in_cycle[link.task] = link.lock;
    const auto add = [&](TaskId t) {
        if (std::find(p.tasks.begin(), p.tasks.end(), t) == p.tasks.end() && p.tasks.size() < kMostRows) p.tasks.push_back(t);
    };
    for (std::uint32_t i = 0; i < g.locks.size(); ++i) {
        const LockView& lock = g.locks[i];
        if (!in_use(lock)) {
            ++p.free;
            continue;
        }
        if (p.locks.size() == kMostRows) {
            ++p.left_out;
            continue;
        }
        p.locks.push_back(i);
        if (lock.is_owned)
            for (const TaskId t : lock.holders) add(t);
        for (const TaskId t : lock.waiters) add(t);
    }
    return p;
}

std::string lock_label(const LockView& lock) {
    return lock.kind == LockView::Kind::child ? std::string("wait4") : lock.name;
}
std::string_view kind_label(const View& view, const LockView& lock) {
    return view.state.lang == Lang::zh ? lock_kind_name_zh(lock.kind) : lock_kind_name(lock.kind);
}

// A box with one or two lines; returns nothing, the caller knows where it put it.
void node(ImDrawList& list, ImVec2 at, ImVec2 size, std::string_view above, std::string_view below, bool marked, float rounding) {
    const Theme& t = theme();
    const ImVec2 end{at.x + size.x, at.y + size.y};
    list.AddRectFilled(at, end, t.card, rounding);
    list.AddRect(at, end, marked ? t.replaced : t.line, rounding, 0, marked ? px(2) : px(1));
    const float inner = size.x - px(12);
    const TextStyle small{Face::text, Size::small, t.quiet};
    if (below.empty()) {
        fit_at(list, {at.x + px(6), at.y + (size.y - line_height({})) / 2}, inner, above);
        return;
    }
    const float height = line_height({}) + line_height(small);
    const float y = at.y + (size.y - height) / 2;
    fit_at(list, {at.x + px(6), y}, inner, above);
    fit_at(list, {at.x + px(6), y + line_height({})}, inner, below, small);
}

void arrow(ImDrawList& list, ImVec2 from, ImVec2 to, bool dashed, bool marked) {
    const Theme& t = theme();
    const ImU32 color = marked ? t.replaced : dashed ? t.sleeping : t.running;
    const float thick = marked ? px(2) : px(1);
    const float bend = (to.x - from.x) * 0.5F;
    std::vector<ImVec2> points;
    for (int i = 0; i <= 24; ++i) {
        const float s = static_cast<float>(i) / 24, r = 1 - s;
        const float x = r * r * r * from.x + 3 * r * r * s * (from.x + bend) + 3 * r * s * s * (to.x - bend) + s * s * s * to.x;
        const float y = r * r * r * from.y + 3 * r * r * s * from.y + 3 * r * s * s * to.y + s * s * s * to.y;
        points.push_back({x, y});
    }
    if (dashed)
        draw_dashed(list, points, color, thick);
    else
        list.AddPolyline(points.data(), static_cast<int>(points.size()), color, 0, thick);
    const float side = to.x > from.x ? -px(7) : px(7);
    list.AddTriangleFilled(to, {to.x + side, to.y - px(4)}, {to.x + side, to.y + px(4)}, color);
}

void draw_graph(View& view, const WaitGraph& g, const Picture& p) {
    const Kernel& k = view.session->now();
    const float width = ImGui::GetContentRegionAvail().x;
    const float row = px(46), box = px(38);
    const float task_width = std::min(px(132), width * 0.38F), lock_width = std::min(px(150), width * 0.4F);
    const ImVec2 at = ImGui::GetCursorScreenPos();
    const std::size_t rows = std::max(p.tasks.size(), p.locks.size());
    ImDrawList& list = *ImGui::GetWindowDrawList();
    const auto task_row = [&](TaskId t) {
        return static_cast<float>(std::find(p.tasks.begin(), p.tasks.end(), t) - p.tasks.begin());
    };
    const float lock_x = at.x + width - lock_width;
    for (std::size_t i = 0; i < p.locks.size(); ++i) {
        const LockView& lock = g.locks[p.locks[i]];
        const float y = at.y + static_cast<float>(i) * row;
        const bool in_cycle = std::any_of(p.wanted_in_cycle.begin(), p.wanted_in_cycle.end(),
                                          [&](const auto& e) { return e.second == p.locks[i]; });
        if (lock.is_owned)
            for (const TaskId t : lock.holders) {
                const float from = y + box * 0.3F, to = at.y + task_row(t) * row + box * 0.3F;
                if (task_row(t) < static_cast<float>(p.tasks.size()))
                    arrow(list, {lock_x, from}, {at.x + task_width, to}, false, in_cycle && p.wanted_in_cycle.contains(t));
            }
        for (const TaskId t : lock.waiters) {
            const float from = at.y + task_row(t) * row + box * 0.7F, to = y + box * 0.7F;
            const auto wanted = p.wanted_in_cycle.find(t);
            if (task_row(t) < static_cast<float>(p.tasks.size()))
                arrow(list, {at.x + task_width, from}, {lock_x, to}, true,
                      wanted != p.wanted_in_cycle.end() && wanted->second == p.locks[i]);
        }
        node(list, {lock_x, y}, {lock_width, box}, lock_label(lock), kind_label(view, lock), in_cycle, px(2));
        tooltip_at({lock_x, y}, {lock_x + lock_width, y + box},
                   lock_label(lock) + " · " + std::string(kind_label(view, lock)) + " · " + hex(lock.address) + " = " + hex(lock.value));
    }
    for (std::size_t i = 0; i < p.tasks.size(); ++i) {
        const float y = at.y + static_cast<float>(i) * row;
        const Task& t = k.tasks[p.tasks[i]];
        const std::string inherits = inherited_text(k, p.tasks[i]);
        const std::string below = inherits.empty() ? "pid " + std::to_string(t.pid)
                                                   : "prio " + std::to_string(t.normal_prio) + "→" + std::to_string(t.prio);
        node(list, {at.x, y}, {task_width, box}, task_name(k, p.tasks[i]), below,
             p.wanted_in_cycle.contains(p.tasks[i]), px(12));
        ImGui::SetCursorScreenPos({at.x, y});
        ImGui::PushID(static_cast<int>(i));
        if (ImGui::InvisibleButton("task", {task_width, box})) view.ask(Command::Kind::select_task, p.tasks[i]);
        ImGui::PopID();
        const Text wait = explain_wait(k, g, p.tasks[i]);
        if (!wait.en.empty())
            tooltip(wait.in(view.state.lang));
        else if (!inherits.empty())
            tooltip("pid " + std::to_string(t.pid) + " · " + inherits);
    }
    ImGui::SetCursorScreenPos({at.x, at.y + static_cast<float>(rows) * row});
    ImGui::Dummy({width, px(2)});
}

}  // namespace

void draw_locks(View& view) {
    if (!view.session) {
        empty_state({}, tr(Str::locks_empty_hint));
        return;
    }
    const WaitGraph& g = graph_now(view);
    const Picture p = picture_of(g);
    paragraph(tr(Str::locks_legend), quiet_text(Size::small));
    gap(6);
    if (p.locks.empty()) {
        paragraph(tr(g.locks.empty() ? Str::locks_none : Str::locks_all_free));
    } else {
        draw_graph(view, g, p);
    }
    if (p.left_out > 0) paragraph(tr(Str::locks_more, {std::to_string(p.left_out)}), quiet_text(Size::small));
    if (p.free > 0 && !p.locks.empty()) paragraph(tr(Str::locks_free, {std::to_string(p.free)}), quiet_text(Size::small));
    for (const Text& said : explain_deadlocks(view.session->now(), g)) {
        section_title(tr(Str::locks_deadlock));
        paragraph(said.in(view.state.lang), {Face::text, Size::base, theme().replaced});
    }
}

void dump_locks(const View& view, nlohmann::json& out) {
    out["loaded"] = view.session != nullptr;
    if (!view.session) return;
    const Kernel& k = view.session->now();
    const WaitGraph& g = graph_now(view);
    const auto pids = [&](const std::vector<TaskId>& tasks) {
        nlohmann::json list = nlohmann::json::array();
        for (const TaskId t : tasks) list.push_back(k.tasks[t].pid);
        return list;
    };
    out["locks"] = nlohmann::json::array();
    for (const LockView& lock : g.locks)
        out["locks"].push_back({{"name", lock_label(lock)},
                                {"kind", lock_kind_name(lock.kind)},
                                {"value", lock.value},
                                {"holders", lock.is_owned ? pids(lock.holders) : nlohmann::json::array()},
                                {"waiters", pids(lock.waiters)}});
    out["inherits"] = nlohmann::json::object();
    for (TaskId id = 0; id < k.tasks.size() && !k.pi.locks.empty(); ++id)
        if (const std::string text = inherited_text(k, id); !text.empty()) out["inherits"][std::to_string(k.tasks[id].pid)] = text;
    out["deadlocks"] = nlohmann::json::array();
    for (const auto& cycle : g.cycles) {
        std::vector<TaskId> tasks;
        for (const DeadlockLink& link : cycle) tasks.push_back(link.task);
        out["deadlocks"].push_back(pids(tasks));
    }
}

}  // namespace sy::gui
