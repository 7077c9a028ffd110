// `memory tso`: the queue of stores of each CPU, oldest first, and what each CPU reads of the words
// in them. Between two CPUs that read different values of one word lies the whole lesson.
#include <nlohmann/json.hpp>

#include "gui/model/stage_model.h"
#include "gui/panels/panels.h"
#include "gui/strings/strings.h"
#include "gui/widgets.h"
#include "sim/report/stores.h"
#include "sim/session/session.h"
#include "sim/session/storyteller.h"

namespace sy::gui {
namespace {

bool is_buffer_of(const Place& place, CpuId cpu) {
    return place.kind == Place::Kind::per_cpu && place.owner == cpu &&
           place.id == static_cast<std::uint8_t>(PerCpuField::store_buffer);
}

// What this step did: a store came in at the back, or the front one reached memory.
struct Motion {
    bool came = false, left = false;
};
Motion motion_of(const View& view, CpuId cpu) {
    Motion out;
    if (!view.stage) return out;
    for (const MoveModel& m : view.stage->moves) {
        out.came = out.came || is_buffer_of(m.to, cpu);
        out.left = out.left || is_buffer_of(m.from, cpu);
    }
    return out;
}

void draw_buffer(const View& view, CpuId cpu) {
    const Kernel& k = view.session->now();
    const std::vector<WaitingStore> stores = waiting_stores(k, cpu);
    const Motion motion = motion_of(view, cpu);
    section_title(tr(Str::stores_of, {std::to_string(cpu)}));
    if (motion.left) paragraph(tr(Str::stores_left), {Face::text, Size::small, theme().replaced});
    if (stores.empty()) {
        paragraph(tr(Str::stores_none), quiet_text(Size::small));
        return;
    }
    const float word = cell_width(10), value = cell_width(6);
    for (std::size_t i = 0; i < stores.size(); ++i) {
        const WaitingStore& s = stores[i];
        const std::string tip = tr(Str::stores_tip, {display_name(k, s.task),
                                                     std::to_string(s.bytes), format_time(s.due)});
        value_row({{"[" + s.word + "]", word},
                   {std::to_string(s.value), value},
                   {display_name(k, s.task), 0, quiet_text(Size::small)}},
                  {.lit = motion.came && i + 1 == stores.size(), .tip = tip});
    }
}

}  // namespace

void draw_store_buffers(View& view) {
    if (!view.session) {
        empty_state({}, tr(Str::empty_registers_hint));
        return;
    }
    const Kernel& k = view.session->now();
    if (!k.image().scenario.machine.tso) {
        empty_state(tr(Str::stores_sc), tr(Str::stores_sc_hint));
        return;
    }
    paragraph(tr(Str::stores_about), quiet_text(Size::small));
    for (CpuId c = 0; c < k.cpus.size(); ++c) draw_buffer(view, c);
    section_title(tr(Str::stores_seen));
    const std::vector<SeenWord> words = seen_words(k);
    if (words.empty()) paragraph(tr(Str::stores_agree), quiet_text(Size::small));
    for (const SeenWord& w : words) {
        value_row({{"[" + w.word + "]", cell_width(10)},
                   {tr(Str::stores_memory), cell_width(10), quiet_text(Size::small)},
                   {std::to_string(w.memory), 0}});
        for (std::size_t c = 0; c < w.seen.size(); ++c)
            value_row({{"", cell_width(10)},
                       {"CPU " + std::to_string(c), cell_width(10), quiet_text(Size::small)},
                       {std::to_string(w.seen[c]), 0}},
                      {.lit = w.seen[c] != w.memory});
        gap(4);
    }
}

void dump_store_buffers(const View& view, nlohmann::json& out) {
    out["loaded"] = view.session != nullptr;
    if (!view.session) return;
    out["buffers"] = nlohmann::json::parse(stores_as_json(view.session->now()));
}

}  // namespace sy::gui
