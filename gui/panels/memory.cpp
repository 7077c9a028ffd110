// The address space of the selected task (or of the one on the stage): its areas to scale with rights and pages, the
// walk of one address from CR3 through the four tables to a frame, and what this episode changed in the tables: before
// and after a copy-on-write fault.
#include <nlohmann/json.hpp>

#include "gui/model/facts.h"
#include "gui/model/memory_model.h"
#include "gui/model/stage_model.h"
#include "gui/panels/panels.h"
#include "gui/panels/states.h"
#include "gui/strings/strings.h"
#include "gui/widgets.h"
#include "sim/session/session.h"

namespace sy::gui {
namespace {

constexpr float kCellSide = 7;

TaskId shown_task(const View& view) {
    const Kernel& k = view.session->now();
    TaskId id = view.state.selected_task;
    if (id == kNoTask && view.stage && !view.stage->empty) id = k.cpus[view.stage->cpu.cpu].current_task;
    return id;
}

MemoryModel model_of(const View& view, std::size_t cells) {
    static const std::vector<Move> kNone;
    const std::vector<Move>& moves = view.stage ? view.stage->memory_moves : kNone;
    const std::uint64_t chosen = view.panels.memory.address;
    return make_memory(view.session->now(), shown_task(view), moves,
                       chosen != 0 ? std::optional<std::uint64_t>(chosen) : std::nullopt, cells);
}

ImU32 color_of(const Vma& v) {
    switch (v.kind) {
        case Vma::Kind::text:
        case Vma::Kind::vdso:
        case Vma::Kind::vvar: return theme().area_text;
        case Vma::Kind::data:
        case Vma::Kind::bss:
        case Vma::Kind::tls: return theme().area_data;
        case Vma::Kind::heap: return theme().area_heap;
        case Vma::Kind::mapped: return theme().area_map;
        default: return theme().area_stack;
    }
}

// Full: its own page; a bar across: shared with others or with the page cache; a corner: its own but write-protected;
// a dot: the zero page; only an outline: nothing is there yet.
void draw_cell(ImDrawList& list, ImVec2 at, float side, PageLook look, ImU32 color) {
    const ImVec2 end(at.x + side - 1, at.y + side - 1);
    switch (look) {
        case PageLook::own: list.AddRectFilled(at, end, color); break;
        case PageLook::shared:
            list.AddRectFilled(ImVec2(at.x, at.y + side / 3), ImVec2(end.x, at.y + 2 * side / 3), color);
            break;
        case PageLook::protected_: list.AddTriangleFilled(ImVec2(at.x, end.y), end, ImVec2(at.x, at.y), color); break;
        case PageLook::zero:
            list.AddCircleFilled(ImVec2((at.x + end.x) / 2, (at.y + end.y) / 2), side / 5, color);
            break;
        case PageLook::absent: break;
    }
    list.AddRect(at, end, look == PageLook::absent ? fade(color, 0.35F) : color);
}

void draw_area(View& view, const AreaRow& row) {
    const Vma& v = row.area;
    const std::string size = std::to_string(row.resident) + "/" + std::to_string(v.pages());
    const float address = cell_width(13), perms = cell_width(5), count = cell_width(11);
    value_row({{hex(v.start), address}, {row.perms, perms}, {size, count}, {row.name, 0}},
              {.boxed = false, .tip = tr(Str::memory_area_tip, {hex(v.start), hex(v.end), std::to_string(v.pages() * 4),
                                                                std::to_string(row.resident)})});
    const float side = px(kCellSide);
    const ImVec2 origin = ImGui::GetCursorScreenPos();
    ImDrawList& list = *ImGui::GetWindowDrawList();
    const float width = side * static_cast<float>(row.cells.size());
    ImGui::PushID(static_cast<int>(v.start >> paging::page_bits));
    ImGui::InvisibleButton("pages", ImVec2(std::max(1.0F, width), side + px(4)));
    ImGui::PopID();
    if (ImGui::IsItemClicked()) {
        const auto cell = static_cast<std::uint64_t>(std::max(0.0F, (ImGui::GetIO().MousePos.x - origin.x) / side));
        const std::uint64_t page = std::min(cell * row.pages_per_cell, v.pages() - 1);
        view.panels.memory.address = v.start + page * paging::page_bytes;
    }
    for (std::size_t i = 0; i < row.cells.size(); ++i)
        draw_cell(list, ImVec2(origin.x + side * static_cast<float>(i), origin.y), side, row.cells[i], color_of(v));
}

void draw_walk(View& view, const MemoryModel& m) {
    section_title(tr(Str::memory_walk, {hex(m.address)}));
    const std::string offset = hex(m.address & (paging::page_bytes - 1));
    const TextStyle quiet{Face::mono, Size::small, theme().quiet};
    const float name = cell_width(9), table = cell_width(11), word = cell_width(17);
    value_row({{"CR3", name, quiet}, {hex(m.walk.empty() ? 0 : m.walk[0].table), 0}}, {.boxed = false});
    for (const WalkRow& r : m.walk) {
        const std::string entry = std::string(paging::level_name(r.level)) + " " + std::to_string(r.index);
        const bool reached = r.table != 0;
        const std::string value = !reached ? "" : r.word == 0 ? std::string(tr(Str::memory_empty_entry)) : word_text(r.word);
        const std::string tip = r.changed ? tr(Str::memory_was, {word_text(r.before), entry_flags(r.before)})
                                          : tr(Str::memory_entry_tip, {entry, hex(r.table)});
        value_row({{entry, name, quiet}, {reached ? hex(r.table) : "", table, quiet}, {value, word}, {r.flags, 0}},
                  {.lit = r.changed, .boxed = false, .tip = tip});
    }
    if (m.frame == 0) {
        paragraph(tr(Str::memory_no_frame), quiet_text(Size::small));
    } else {
        value_row({{tr(Str::memory_frame), name, quiet}, {hex(m.frame) + " + " + offset, 0}}, {.boxed = false});
        if (m.refs != 0)
            paragraph(tr(Str::memory_counts, {std::to_string(m.refs), std::to_string(m.maps)}), quiet_text(Size::small));
        for (const std::string& other : m.sharers)
            paragraph(tr(Str::memory_shared_with, {other}), quiet_text(Size::small));
    }
    if (view.panels.memory.address != 0 && button("walk_fault", tr(Str::memory_follow), Look::ghost))
        view.panels.memory.address = 0;
}

void draw_changes(const View& view, const MemoryModel& m) {
    if (m.changes.empty()) return;
    const Kernel& k = view.session->now();
    section_title(tr(Str::memory_changes));
    const TextStyle quiet{Face::mono, Size::small, theme().quiet};
    for (const EntryChange& c : m.changes) {
        const std::string what = std::string(paging::level_name(c.level)) + " " + hex(c.address) + " · " + mm_owner_name(k, c.mm);
        fit(what, 0, {Face::text, Size::small, theme().quiet});
        const float word = cell_width(17);
        const auto line = [&](Str side, std::uint64_t w) {
            value_row({{tr(side), cell_width(8), quiet}, {w == 0 ? std::string("0") : word_text(w), word}, {entry_flags(w), 0}},
                      {.lit = side == Str::memory_after, .boxed = false});
        };
        line(Str::memory_before, c.before);
        line(Str::memory_after, c.after);
    }
}

}  // namespace

void draw_memory(View& view) {
    if (!view.session) {
        empty_state({}, tr(Str::empty_memory_hint));
        return;
    }
    const Kernel& k = view.session->now();
    const auto cells = static_cast<std::size_t>(ImGui::GetContentRegionAvail().x / px(kCellSide));
    const MemoryModel m = model_of(view, cells);
    if (m.mm == kNoMm) {
        paragraph(m.task == kNoTask ? tr(Str::empty_memory_hint) : tr(Str::memory_none, {task_name(k, m.task)}),
                  quiet_text(Size::small));
        draw_changes(view, m);
        return;
    }
    const Mm& mm = k.mms[m.mm];
    const Task& t = k.tasks[m.task];
    paragraph(tr(Str::memory_head, {task_name(k, m.task), std::to_string(mm.users), std::to_string(mm.rss()),
                                    std::to_string(mm.table_pages + 1), std::to_string(t.min_flt), std::to_string(t.maj_flt)}),
              quiet_text(Size::small));
    draw_walk(view, m);
    draw_changes(view, m);
    section_title(tr(Str::memory_areas));
    paragraph(tr(Str::memory_legend), quiet_text(Size::small));
    for (const AreaRow& row : m.areas) draw_area(view, row);
    section_title("TLB");
    for (const Cpu& cpu : k.cpus) {
        const TlbState& tlb = cpu.tlb;
        paragraph(tr(Str::memory_tlb, {std::to_string(cpu.id), format_count(static_cast<std::int64_t>(tlb.hits)),
                                       format_count(static_cast<std::int64_t>(tlb.misses)), std::to_string(cpu.tlb_flushes),
                                       std::to_string(tlb.lost), std::to_string(cpu.lazy_switches)}),
                  quiet_text(Size::small));
    }
}

void dump_memory(const View& view, nlohmann::json& out) {
    out["loaded"] = view.session != nullptr;
    if (!view.session) return;
    const MemoryModel m = model_of(view, 64);
    if (m.task != kNoTask) out["task"] = task_name(view.session->now(), m.task);
    out["address"] = hex(m.address);
    out["areas"] = nlohmann::json::array();
    for (const AreaRow& a : m.areas)
        out["areas"].push_back({{"start", hex(a.area.start)}, {"end", hex(a.area.end)}, {"perms", a.perms}, {"name", a.name}, {"resident", a.resident}});
    out["walk"] = nlohmann::json::array();
    for (const WalkRow& r : m.walk)
        out["walk"].push_back({{"level", paging::level_name(r.level)}, {"index", r.index}, {"word", word_text(r.word)},
                               {"flags", r.flags}, {"changed", r.changed}});
    out["frame"] = hex(m.frame);
    out["refs"] = m.refs;
    out["maps"] = m.maps;
    out["sharers"] = m.sharers;
    out["changes"] = nlohmann::json::array();
    for (const EntryChange& c : m.changes)
        out["changes"].push_back({{"level", paging::level_name(c.level)}, {"address", hex(c.address)},
                                  {"before", word_text(c.before)}, {"after", word_text(c.after)}});
}

}  // namespace sy::gui
