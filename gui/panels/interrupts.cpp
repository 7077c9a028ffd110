// Interrupts and bottom halves of the CPU on the stage: the stack in use and how RSP came there, preempt_count bit by
// bit, and what is pending and what runs, vector by vector. The facts are those of sim/report/interrupts.h.
#include <nlohmann/json.hpp>

#include "gui/model/facts.h"
#include "gui/model/stage_model.h"
#include "gui/panels/panels.h"
#include "gui/strings/strings.h"
#include "gui/widgets.h"
#include "sim/report/interrupts.h"
#include "sim/session/session.h"

namespace sy::gui {
namespace {

CpuId shown_cpu(const View& view) { return view.stage ? view.stage->cpu.cpu : CpuId{0}; }

void stack_part(const StackInUse& s) {
    section_title(tr(Str::irq_stack_title));
    paragraph(tr(s.name), strong_text());
    paragraph("RSP " + word_text(s.rsp), mono_text());
    paragraph(tr(s.how), quiet_text(Size::small));
}

void preempt_part(std::uint32_t count) {
    section_title("preempt_count");
    paragraph(preempt_bits(count), mono_text());
    const float bits = cell_width(5), value = cell_width(3);
    for (const PreemptField& f : preempt_fields(count)) {
        const std::string number = std::to_string(f.value);
        const bool set = f.value != 0;
        value_row({{f.bits, bits, {Face::mono, Size::small, theme().quiet}},
                   {number, value},
                   {tr(f.meaning), 0, set ? strong_text(Size::small) : quiet_text(Size::small)}},
                  {.lit = set, .tip = tr(f.meaning)});
    }
}

void vectors_part(const std::vector<VectorRow>& rows, ImU32 color, bool softirqs) {
    const float state = cell_width(3), vector = cell_width(4), count = cell_width(7);
    for (const VectorRow& r : rows) {
        // A glyph besides the colour: ▶ runs, ◆ waits.
        const std::string mark = r.running ? "▶" : r.pending ? "◆" : "";
        const std::string number = softirqs ? std::to_string(r.vector) : hex(static_cast<std::uint64_t>(r.vector));
        const std::string times = format_count(static_cast<std::int64_t>(r.count));
        const std::string tip = r.running ? std::string(tr(Str::irq_runs)) : r.pending ? std::string(tr(Str::irq_waits)) : "";
        value_row({{mark, state, {Face::text, Size::small, color}},
                   {number, vector, {Face::mono, Size::small, theme().quiet}},
                   {r.name, -cell_width(8), r.running ? strong_text(Size::small) : TextStyle{Face::text, Size::small, 0}},
                   {times, count}},
                  {.lit = r.running, .tip = tip});
    }
}

}  // namespace

void draw_interrupts(View& view) {
    if (!view.session) {
        empty_state({}, tr(Str::empty_tasks_hint));
        return;
    }
    const Kernel& k = view.session->now();
    const CpuId c = shown_cpu(view);
    const Cpu& cpu = k.cpus[c];
    stack_part(stack_in_use(k, c));
    preempt_part(cpu.preempt_count);
    section_title(tr(Str::irq_vectors_title, {std::to_string(c)}));
    vectors_part(irq_rows(k, c), theme().irq, false);
    section_title(tr(Str::irq_softirqs_title, {std::to_string(c)}));
    vectors_part(softirq_rows(k, c), theme().softirq, true);
    gap(4);
    const Task& t = k.tasks[cpu.current_task];
    if (cpu.current_task != cpu.idle)
        paragraph(tr(Str::irq_stolen, {task_name(k, cpu.current_task), format_span(t.stolen)}), quiet_text(Size::small));
    if (!k.tasklets.empty()) {
        section_title("tasklets");
        for (std::size_t i = 0; i < k.tasklets.size(); ++i) {
            const Tasklet& each = k.tasklets[i];
            const std::string bits = std::string(each.sched ? "SCHED " : "") + (each.run ? "RUN " : "") +
                                     (each.sched || each.run ? "CPU " + std::to_string(each.cpu) : "");
            const std::string runs = format_count(static_cast<std::int64_t>(each.runs));
            value_row({{k.image().scenario.tasklets[i].name, cell_width(10), {Face::text, Size::small, 0}},
                       {bits, -cell_width(8)},
                       {runs, cell_width(7)}},
                      {.lit = each.run});
        }
    }
}

void dump_interrupts(const View& view, nlohmann::json& out) {
    out["loaded"] = view.session != nullptr;
    if (!view.session) return;
    const Kernel& k = view.session->now();
    const CpuId c = shown_cpu(view);
    const StackInUse s = stack_in_use(k, c);
    out["cpu"] = c;
    out["stack"] = s.name.en;
    out["how"] = s.how.en;
    out["rsp"] = word_text(s.rsp);
    out["preempt_count"] = k.cpus[c].preempt_count;
    out["bits"] = preempt_bits(k.cpus[c].preempt_count);
    const auto rows = [](const std::vector<VectorRow>& all) {
        nlohmann::json list = nlohmann::json::array();
        for (const VectorRow& r : all)
            list.push_back({{"vector", r.vector}, {"name", r.name}, {"pending", r.pending},
                            {"running", r.running}, {"count", r.count}});
        return list;
    };
    out["irqs"] = rows(irq_rows(k, c));
    out["softirqs"] = rows(softirq_rows(k, c));
}

}  // namespace sy::gui
