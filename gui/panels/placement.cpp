// Where the task that the CPU at the cursor woke last could have gone and why it went where it went: the two rules that
// decided, then CPU by CPU what it was for the choice, whether it idled, what its queue carries (PELT) and why not there.
// Below, what this CPU's last attempt at balancing found, and its scheduling domains.
#include <nlohmann/json.hpp>

#include "gui/model/facts.h"
#include "gui/model/stage_model.h"
#include "gui/panels/panels.h"
#include "gui/strings/strings.h"
#include "gui/widgets.h"
#include "sim/session/session.h"
#include "sim/session/smp_view.h"
#include "sim/session/smp_words.h"

namespace sy::gui {
namespace {

CpuId cpu_of(const View& view) { return view.stage ? view.stage->cpu.cpu : CpuId{0}; }

const std::string& in(const Sentence& s) { return language() == Lang::zh && !s.zh.empty() ? s.zh : s.en; }

// The CPU at the cursor, or, if it has placed nobody yet, the one that placed somebody last.
const Placement& shown(const Kernel& k, CpuId cpu) {
    const Placement* best = &k.cpus[cpu].smp.placed;
    if (best->chosen != kNoCpu) return *best;
    for (const Cpu& c : k.cpus)
        if (c.smp.placed.chosen != kNoCpu && (best->chosen == kNoCpu || c.smp.placed.at > best->at)) best = &c.smp.placed;
    return *best;
}

// A narrow inspector: two lines for each CPU.
void draw_candidates_narrow(const PlacementStory& s) {
    for (const PlacementRow& r : s.rows) {
        const ImU32 color = r.is_chosen ? theme().running : !r.is_allowed ? theme().quiet : 0;
        const std::string numbers = (r.is_chosen ? "> " : "  ") + std::to_string(r.cpu) + " " +
                                    std::string(tr(r.is_idle ? Str::place_idle : Str::place_busy)) + ", load " +
                                    std::to_string(r.load_avg) + " util " + std::to_string(r.util_avg) + " nr " +
                                    std::to_string(r.nr_running);
        const std::string role = in(placement_roles(r));
        const std::string why = role.empty() ? in(r.why) : role + ": " + in(r.why);
        value_row({{numbers, 0, {Face::text, Size::small, color}}}, {.selected = r.is_chosen, .boxed = false, .tip = numbers});
        paragraph(why, {Face::text, Size::small, color != 0 ? color : theme().quiet});
    }
}

void draw_candidates(const PlacementStory& s) {
    const float width = ImGui::GetContentRegionAvail().x;
    if (width < px(420)) return draw_candidates_narrow(s);
    const TextStyle head = quiet_text(Size::small);
    value_row({{"CPU", width * 0.09F, head},
               {tr(Str::place_then), width * 0.13F, head},
               {"load", width * 0.13F, head},
               {"util", width * 0.13F, head},
               {"nr", width * 0.08F, head},
               {tr(Str::place_why), 0, head}},
              {.boxed = false});
    for (const PlacementRow& r : s.rows) {
        const ImU32 color = r.is_chosen ? theme().running : !r.is_allowed ? theme().quiet : 0;
        const std::string role = in(placement_roles(r));
        const std::string why = role.empty() ? in(r.why) : role + ": " + in(r.why);
        const std::string cpu = std::to_string(r.cpu) + (r.is_chosen ? " <" : "");
        value_row({{cpu, width * 0.09F, {Face::mono, Size::small, color}},
                   {tr(r.is_idle ? Str::place_idle : Str::place_busy), width * 0.13F, {Face::text, Size::small, color}},
                   {std::to_string(r.load_avg), width * 0.13F, {Face::mono, Size::small, color}},
                   {std::to_string(r.util_avg), width * 0.13F, {Face::mono, Size::small, color}},
                   {std::to_string(r.nr_running), width * 0.08F, {Face::mono, Size::small, color}},
                   {why, 0, {Face::text, Size::small, color}}},
                  {.selected = r.is_chosen, .tip = why});
    }
}

void draw_balance(const Kernel& k, CpuId cpu) {
    section_title(tr(Str::place_balance, {std::to_string(cpu)}));
    const Sentence words = balance_words(k, k.cpus[cpu].smp.balance);
    paragraph(words.en.empty() ? std::string(tr(Str::place_never_balanced)) : in(words),
              words.en.empty() ? quiet_text(Size::small) : TextStyle{Face::text, Size::small, 0});
    const float width = ImGui::GetContentRegionAvail().x;
    const std::vector<SchedDomain>& domains = k.image().topology.cpus[cpu].domains;
    for (std::size_t i = 0; i < domains.size(); ++i) {
        const DomainState& d = k.cpus[cpu].smp.domains[i];
        std::string groups;
        for (const std::uint64_t g : domains[i].groups) groups += (groups.empty() ? "" : " | ") + cpu_list_text(g);
        const std::string failed = tr(Str::place_failed, {std::to_string(d.nr_balance_failed)});
        value_row({{domain_name(domains[i].kind), width * 0.2F, mono_text()},
                   {groups, width * 0.5F, mono_text()},
                   {failed, 0, quiet_text(Size::small)}},
                  {.tip = groups});
    }
}

}  // namespace

void draw_placement(View& view) {
    if (!view.session) {
        empty_state({}, tr(Str::empty_placement_hint));
        return;
    }
    const Kernel& k = view.session->now();
    const CpuId cpu = cpu_of(view);
    const PlacementStory s = placement_story(k, shown(k, cpu));
    if (s.rows.empty()) {
        section_title(tr(Str::panel_placement));
        paragraph(tr(k.cpus.size() == 1 ? Str::place_one_cpu : Str::place_none), quiet_text(Size::small));
    } else {
        section_title(task_name(k, s.placement.task));
        paragraph(tr(Str::place_title, {format_time(s.placement.at)}), quiet_text(Size::small));
        if (!s.affine.en.empty()) paragraph(in(s.affine), {Face::text, Size::small, 0});
        paragraph(in(s.idle), {Face::text, Size::small, 0});
        draw_candidates(s);
        paragraph(tr(Str::place_explained), quiet_text(Size::small));
    }
    draw_balance(k, cpu);
}

void dump_placement(const View& view, nlohmann::json& out) {
    out["loaded"] = view.session != nullptr;
    if (!view.session) return;
    const Kernel& k = view.session->now();
    const CpuId cpu = cpu_of(view);
    const PlacementStory s = placement_story(k, shown(k, cpu));
    out["cpu"] = cpu;
    out["task"] = s.rows.empty() ? std::string() : task_name(k, s.placement.task);
    out["affine"] = in(s.affine);
    out["rule"] = in(s.idle);
    out["candidates"] = nlohmann::json::array();
    for (const PlacementRow& r : s.rows)
        out["candidates"].push_back({{"cpu", r.cpu}, {"idle", r.is_idle}, {"allowed", r.is_allowed}, {"chosen", r.is_chosen},
                                     {"role", in(placement_roles(r))}, {"load_avg", r.load_avg}, {"util_avg", r.util_avg},
                                     {"nr_running", r.nr_running}, {"why", in(r.why)}});
    out["balance"] = in(balance_words(k, k.cpus[cpu].smp.balance));
    out["domains"] = nlohmann::json::array();
    for (const SchedDomain& d : k.image().topology.cpus[cpu].domains)
        out["domains"].push_back({{"name", domain_name(d.kind)}, {"span", cpu_list_text(d.span)}});
}

}  // namespace sy::gui
