// The tree of task groups (cgroups and autogroups): weight, quota, what of the period's quota is left, CPU time used, load
// (PELT) and runnable tasks, and where a group is throttled. The tasks of each group stand under it.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "gui/model/facts.h"
#include "gui/panels/panels.h"
#include "gui/strings/strings.h"
#include "gui/widgets.h"
#include "sim/session/session.h"
#include "sim/session/smp_view.h"
#include "sim/session/smp_words.h"

namespace sy::gui {
namespace {

constexpr std::size_t kMostTasks = 12;

const std::string& in(const Sentence& s) { return language() == Lang::zh && !s.zh.empty() ? s.zh : s.en; }

std::vector<TaskId> tasks_of(const Kernel& k, std::uint16_t group) {
    std::vector<TaskId> out;
    for (TaskId id = 0; id < k.tasks.size(); ++id) {
        const Task& t = k.tasks[id];
        if (t.is_live && t.sched_group == group && (group != 0 || !t.is_kthread())) out.push_back(id);
    }
    return out;
}

std::string names_of(const Kernel& k, const std::vector<TaskId>& tasks) {
    std::string out;
    for (std::size_t i = 0; i < tasks.size() && i < kMostTasks; ++i) out += (out.empty() ? "" : ", ") + task_name(k, tasks[i]);
    if (tasks.size() > kMostTasks) out += ", +" + std::to_string(tasks.size() - kMostTasks);
    return out;
}

std::string state_of(const GroupRow& g) {
    if (g.throttled_cpus != 0) return tr(Str::group_throttled, {cpu_list_text(g.throttled_cpus)});
    return std::string(tr(g.runnable > 0 ? Str::group_runnable : Str::group_asleep));
}

void draw_group(const Kernel& k, const GroupRow& g) {
    ImGui::Indent(px(12.0F * static_cast<float>(g.depth)) + 1);
    section_title(g.group == 0 ? std::string(tr(Str::group_root)) : g.name);
    const float width = ImGui::GetContentRegionAvail().x;
    const TextStyle key = quiet_text(Size::small);
    const auto row = [&](std::string_view name, const std::string& value, ImU32 color = 0) {
        // A long label gets the room it needs, as long as the value has some.
        const float label = std::clamp(measure(name, key).x + px(14), width * 0.42F, width * 0.66F);
        value_row({{name, label, key}, {value, 0, {Face::mono, Size::small, color}}}, {.boxed = false, .tip = value});
    };
    if (g.group != 0) {
        row("cpu.weight", std::to_string(g.weight));
        row("cpu.max", g.quota == 0 ? in(quota_words(g)) : format_span(g.quota) + " / " + format_span(g.period));
        if (g.quota != 0) {
            row(tr(Str::group_pool), format_span(g.pool));
            row("nr_periods", std::to_string(g.nr_periods));
            row("nr_throttled", std::to_string(g.nr_throttled));
            row(tr(Str::group_throttled_time), format_span(g.throttled_time));
        }
        row(tr(Str::group_state), state_of(g), g.throttled_cpus != 0 ? theme().irq : 0);
    }
    row(tr(Str::group_cpu_time), format_span(g.cpu_time));
    row("load_avg", std::to_string(g.load_avg));
    row(tr(Str::group_nr), std::to_string(g.runnable));
    const std::vector<TaskId> tasks = tasks_of(k, g.group);
    if (!tasks.empty()) paragraph(names_of(k, tasks), {Face::text, Size::small, 0});
    ImGui::Unindent(px(12.0F * static_cast<float>(g.depth)) + 1);
}

}  // namespace

void draw_groups(View& view) {
    if (!view.session) {
        empty_state({}, tr(Str::empty_groups_hint));
        return;
    }
    const Kernel& k = view.session->now();
    const std::vector<GroupRow> rows = group_rows(k);
    if (rows.empty()) {
        section_title(tr(Str::panel_groups));
        paragraph(tr(Str::group_none), quiet_text(Size::small));
        return;
    }
    for (const GroupRow& g : rows) draw_group(k, g);
}

void dump_groups(const View& view, nlohmann::json& out) {
    out["loaded"] = view.session != nullptr;
    out["groups"] = nlohmann::json::array();
    if (!view.session) return;
    const Kernel& k = view.session->now();
    for (const GroupRow& g : group_rows(k))
        out["groups"].push_back({{"name", g.name}, {"depth", g.depth}, {"weight", g.weight}, {"quota", in(quota_words(g))},
                                 {"quota_ns", g.quota}, {"pool_ns", g.pool}, {"cpu_ns", g.cpu_time}, {"load_avg", g.load_avg},
                                 {"runnable", g.runnable}, {"throttled", cpu_list_text(g.throttled_cpus)},
                                 {"state", state_of(g)}, {"tasks", names_of(k, tasks_of(k, g.group))}});
}

}  // namespace sy::gui
