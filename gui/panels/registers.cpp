// Every register of the stage's CPU, those that the last step changed marked; below them what the
// selected task has in user mode, wherever its values lie now.
#include <nlohmann/json.hpp>

#include "gui/model/facts.h"
#include "gui/model/stage_model.h"
#include "gui/panels/panels.h"
#include "gui/strings/strings.h"
#include "gui/widgets.h"
#include "sim/session/session.h"

namespace sy::gui {
namespace {

struct RegisterRow {
    std::string name, value, note;
    std::string before;  // empty: this step did not change it
};

// In the order of a debugger's `info registers`, then the system registers.
std::vector<RegisterRow> register_rows(const View& view, CpuId c) {
    const Kernel& k = view.session->now();
    const Cpu& cpu = k.cpus[c];
    const Regs& r = cpu.regs;
    std::vector<RegisterRow> rows;
    const auto add = [&](Place place, std::string name, std::uint64_t value, std::string note) {
        RegisterRow row{std::move(name), word_text(value), std::move(note), {}};
        if (view.stage)
            for (const MoveModel& m : view.stage->moves)
                if (m.to == place && view.stage->cpu.cpu == c) row.before = word_text(m.before);
        rows.push_back(std::move(row));
    };
    const auto special = [](Place::Kind kind) { return Place{kind, 0, 0, 0}; };
    add(special(Place::Kind::rip), "RIP", k.rip(cpu), code_name(k, cpu.current_task, k.rip(cpu)));
    for (const Reg g :
         {Reg::rsp, Reg::rbp, Reg::rax, Reg::rbx, Reg::rcx, Reg::rdx, Reg::rsi, Reg::rdi, Reg::r8,
          Reg::r9, Reg::r10, Reg::r11, Reg::r12, Reg::r13, Reg::r14, Reg::r15})
        add({Place::Kind::reg, static_cast<std::uint8_t>(g), 0, 0}, reg_name(g), r[g],
            g == Reg::rsp ? stack_name(k, r[g]) : std::string());
    add(special(Place::Kind::rflags), "RFLAGS", r.rflags, flags_text(r.rflags));
    add(special(Place::Kind::cs), "CS", r.cs, r.user() ? "ring 3" : "ring 0");
    add(special(Place::Kind::ss), "SS", r.ss, {});
    add(special(Place::Kind::fs_base), "FS base", r.fs_base, {});
    add(special(Place::Kind::gs_base), "GS base", r.gs_base, {});
    add(special(Place::Kind::cr2), "CR2", r.cr2, {});
    add(special(Place::Kind::cr3), "CR3", r.cr3,
        mm_owner_name(k, cpu.tlb.loaded_mm) + " · pcid " + std::to_string(r.cr3 & 0xfff));
    add(special(Place::Kind::fpu), "FPU", r.fpu,
        cpu.fpu_owner == kNoTask ? std::string() : task_name(k, cpu.fpu_owner));
    return rows;
}

CpuId shown_cpu(const View& view) { return view.stage ? view.stage->cpu.cpu : CpuId{0}; }

}  // namespace

void draw_registers(View& view) {
    if (!view.session) {
        empty_state({}, tr(Str::empty_registers_hint));
        return;
    }
    const CpuId c = shown_cpu(view);
    paragraph(tr(Str::registers_of, {std::to_string(c)}), quiet_text(Size::small));
    gap(4);
    const float name = cell_width(7), value = cell_width(16);
    for (const RegisterRow& row : register_rows(view, c)) {
        const bool changed = !row.before.empty();
        const std::string tip = changed ? tr(Str::register_before, {row.before}) : row.note;
        const TextStyle quiet{Face::mono, Size::small, theme().quiet};
        // Without room for both, what the value means says more than its digits.
        if (ImGui::GetContentRegionAvail().x - name - value < px(110)) {
            const bool means = !row.note.empty() && row.name != "RSP" && row.name != "FPU";
            value_row({{row.name, name, quiet}, {means ? row.note : row.value, 0}},
                      {.lit = changed, .boxed = false, .tip = row.value + "  " + tip});
            continue;
        }
        value_row({{row.name, name, quiet}, {row.value, value}, {row.note, 0, quiet}},
                  {.lit = changed, .boxed = false, .tip = tip});
    }
    if (view.state.selected_task == kNoTask) return;
    const Kernel& k = view.session->now();
    const TaskId id = view.state.selected_task;
    section_title(tr(Str::user_registers_of, {task_name(k, id)}));
    if (!k.user_reg(id, PtReg::rip)) {
        paragraph(tr(Str::user_registers_none), quiet_text(Size::small));
        return;
    }
    for (const PtReg reg :
         {PtReg::rip, PtReg::rsp, PtReg::rax, PtReg::rbx, PtReg::rdi, PtReg::rsi}) {
        const std::uint64_t own = k.user_reg(id, reg).value_or(0);
        const std::string text = word_text(own),
                          note = reg == PtReg::rip ? code_name(k, id, own) : std::string();
        const TextStyle quiet{Face::mono, Size::small, theme().quiet};
        value_row({{pt_reg_name(reg), name, quiet}, {text, value}, {note, 0, quiet}},
                  {.boxed = false, .tip = note});
    }
}

void dump_registers(const View& view, nlohmann::json& out) {
    out["loaded"] = view.session != nullptr;
    if (!view.session) return;
    const CpuId c = shown_cpu(view);
    out["cpu"] = c;
    for (const RegisterRow& row : register_rows(view, c))
        out["rows"].push_back(
            {{"name", row.name}, {"value", row.value}, {"note", row.note}, {"before", row.before}});
}

}  // namespace sy::gui
