// The kernel stack of the selected task (or of the one on the stage) word by word: address, what
// the word is, its value; above them the routines in progress, innermost first, as /proc/PID/stack
// lists them.
#include <nlohmann/json.hpp>

#include "gui/model/facts.h"
#include "gui/model/stage_model.h"
#include "gui/panels/panels.h"
#include "gui/strings/strings.h"
#include "gui/widgets.h"
#include "sim/kernel/inspect.h"
#include "sim/machine/layout.h"
#include "sim/session/session.h"

namespace sy::gui {
namespace {

TaskId shown_task(const View& view) {
    if (view.state.selected_task != kNoTask) return view.state.selected_task;
    if (!view.stage || view.stage->empty) return kNoTask;
    return view.session->now().cpus[view.stage->cpu.cpu].current_task;
}

std::string word_name(const Kernel&, const StackWord& w) {
    switch (w.kind) {
        case StackWord::Kind::return_address:
            return std::string(tr(Str::stack_return));
        case StackWord::Kind::pt_regs:
        case StackWord::Kind::saved:
            return w.label;
        case StackWord::Kind::other:
            return w.label;
    }
    return {};
}

}  // namespace

void draw_kernel_stack(View& view) {
    const TaskId id = view.session ? shown_task(view) : kNoTask;
    if (id == kNoTask) {
        empty_state({}, tr(Str::empty_kernel_stack_hint));
        return;
    }
    const Kernel& k = view.session->now();
    const Task& t = k.tasks[id];
    const std::uint64_t base = layout::stack_base(t.stack);
    paragraph(tr(Str::stack_head,
                 {task_name(k, id), word_text(base), word_text(layout::stack_top(t.stack))}),
              quiet_text(Size::small));
    section_title(tr(Str::stack_calls));
    const std::vector<std::uint64_t> chain = k.call_chain(id);
    if (chain.empty()) paragraph(tr(Str::stack_user_mode), quiet_text(Size::small));
    for (std::size_t i = 0; i < chain.size(); ++i)
        fit((i == 0 ? "▶ " : "   ") + kernel_text().symbolize(chain[i]), 0, mono_text());
    section_title(tr(Str::stack_words_title));
    const std::vector<StackWord> words = describe_stack(k, id);
    const float left = cell_width(5), name = cell_width(8);
    std::string routine = "?";
    for (const StackWord& w : words) {
        const std::string frame = w.kind == StackWord::Kind::pt_regs ? "pt_regs" : w.routine;
        if (frame != routine) {
            routine = frame;
            fit(frame.empty() ? "·" : frame, 0, {Face::text, Size::small, theme().quiet});
        }
        bool lit = false;
        if (view.stage)
            for (const MoveModel& m : view.stage->moves)
                for (const Place& p : {m.from, m.to})
                    lit |= p.kind == Place::Kind::word && p.address == w.address;
        const std::string address = format_tail(w.address), label = word_name(k, w);
        const std::string value =
            w.kind == StackWord::Kind::return_address ? code_name(k, id, w.value) : hex(w.value);
        const std::string tip = word_text(w.address) + " = " + word_text(w.value) + " " + w.label;
        value_row(
            {{address, left, {Face::mono, Size::small, theme().quiet}}, {label, name}, {value, 0}},
            {.lit = lit, .tip = tip});
    }
    if (!words.empty())
        paragraph(tr(t.on_cpu && k.cpus[t.cpu].current_task == id ? Str::stack_pointer_here
                                                                  : Str::stack_saved_pointer),
                  quiet_text(Size::small));
    gap(4);
    paragraph(k.stacks.canary_stands(t.stack) ? tr(Str::canary_stands) : tr(Str::canary_fell),
              quiet_text(Size::small));
}

void dump_kernel_stack(const View& view, nlohmann::json& out) {
    out["loaded"] = view.session != nullptr;
    const TaskId id = view.session ? shown_task(view) : kNoTask;
    if (id == kNoTask) return;
    const Kernel& k = view.session->now();
    out["pid"] = k.tasks[id].pid;
    out["name"] = task_name(k, id);
    out["calls"] = nlohmann::json::array();
    for (const std::uint64_t a : k.call_chain(id))
        out["calls"].push_back(kernel_text().symbolize(a));
    out["words"] = nlohmann::json::array();
    for (const StackWord& w : describe_stack(k, id))
        out["words"].push_back({{"address", word_text(w.address)},
                                {"value", word_text(w.value)},
                                {"label", w.label},
                                {"routine", w.routine}});
}

}  // namespace sy::gui
