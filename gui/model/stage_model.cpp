#include "gui/model/stage_model.h"

#include <algorithm>
#include <array>

#include "gui/model/facts.h"
#include "gui/strings/strings.h"
#include "sim/session/storyteller.h"
#include "sim/kernel/inspect.h"
#include "sim/machine/layout.h"
#include "sim/session/session.h"

namespace sy::gui {
namespace {

using PK = Place::Kind;

Place reg_place(Reg r) { return {PK::reg, static_cast<std::uint8_t>(r), 0, 0}; }
Place special(PK kind) { return {kind, 0, 0, 0}; }
Place task_place(TaskId t, TaskField f) { return {PK::task, static_cast<std::uint8_t>(f), t, 0}; }
Place cpu_place(CpuId c, PerCpuField f) {
    return {PK::per_cpu, static_cast<std::uint8_t>(f), c, 0};
}

// Where an episode is at the cursor: which of its decisive steps are done.
struct Progress {
    const Episode& episode;
    std::uint64_t position;

    bool done(std::uint64_t number) const { return number < position; }
    template <typename Test>
    std::uint64_t number_of(const Test& test) const {
        for (const StoryStep& s : episode.steps)
            for (const Move& m : s.report.moves)
                if (test(m)) return s.report.number;
        return ~std::uint64_t{0};
    }
    bool happened(const Place& to) const {
        return done(number_of([&](const Move& m) { return m.to == to; }));
    }
    bool will_happen(const Place& to) const {
        return number_of([&](const Move& m) { return m.to == to; }) != ~std::uint64_t{0};
    }
    bool sp_stored() const { return happened(task_place(episode.prev, TaskField::thread_sp)); }
    bool sp_loaded() const {
        const Place sp = task_place(episode.next, TaskField::thread_sp);
        return done(
            number_of([&](const Move& m) { return m.from == sp && m.to == reg_place(Reg::rsp); }));
    }
    bool cr3_written() const { return happened(special(PK::cr3)); }
    bool writes_cr3() const { return will_happen(special(PK::cr3)); }
};

class Maker {
  public:
    explicit Maker(const StageInput& in)
        : in_(in), k_(in.kernel), e_(in.episode), progress_{in.episode, in.position} {}

    StageModel make() {
        m_.empty = false;
        m_.position = in_.position;
        m_.time = k_.now();
        m_.kind = e_.kind;
        m_.has_switch = e_.switch_number != 0;
        m_.written_cr3 = progress_.cr3_written();
        m_.switch_number = e_.switch_number;
        m_.title = tr(e_.title);
        m_.kind_name = tr(episode_kind_name(e_.kind));
        m_.reason = tr(e_.reason);
        m_.one_line = tr(e_.in_one_line);
        // What was picked is a story from the pick on; before it, the queue says who would be.
        if (m_.has_switch && (progress_.done(e_.commit_step) || k_.cpus[e_.cpu].picked == e_.next))
            m_.pick = e_.pick;
        caption();
        for (const NotSaved& n : e_.not_saved) m_.not_saved.emplace_back(part_name(n.part, language()), tr(n.why));
        sentence();
        phases();
        table();
        moves();
        m_.leaves = card(e_.prev, true);
        if (m_.has_switch) m_.comes = card(e_.next, false);
        cpu();
        light_the_rest();
        return std::move(m_);
    }

  private:
    // --- words ---
    void sentence() {
        if (in_.lit != nullptr) {
            m_.what = tr(in_.lit->what);
            m_.why = tr(in_.lit->why);
            m_.by = tr(in_.lit->by);
            m_.routine = in_.lit->routine;
            m_.source = in_.lit->source;
        }
        m_.steps_in_episode = e_.steps.size();
        for (const StoryStep& s : e_.steps) m_.step_in_episode += s.report.number < in_.position;
    }

    // The last caption of the scenario whose time has come.
    void caption() {
        Nanos latest = -1;
        for (const TimedAction& a : k_.image().scenario.timeline) {
            if (a.kind != TimedAction::Kind::caption || a.at > m_.time || a.at < latest) continue;
            latest = a.at;
            m_.caption = language() == Lang::zh && !a.text_zh.empty() ? a.text_zh : a.text;
        }
    }

    void phases() {
        const StoryStep* at = find_step(e_, in_.position - 1);
        std::vector<Phase> order;
        for (const StoryStep& s : e_.steps)
            if (order.empty() || std::find(order.begin(), order.end(), s.phase) == order.end())
                order.push_back(s.phase);
        std::sort(order.begin(), order.end());
        for (const Phase p : order) {
            PhaseModel model{.phase = p, .name = tr(phase_name(p)), .sentence = {}};
            for (const auto& [phase, text] : e_.in_phases)
                if (phase == p) model.sentence = tr(text);
            if (at != nullptr)
                model.state = p < at->phase    ? PhaseModel::State::done
                              : p == at->phase ? PhaseModel::State::current
                                               : PhaseModel::State::to_come;
            m_.phases.push_back(std::move(model));
        }
    }

    void table() {
        constexpr std::array marks = {FateMark::saved, FateMark::kept, FateMark::replaced,
                                      FateMark::none};
        constexpr std::array words = {Str::fate_saved, Str::fate_kept, Str::fate_replaced,
                                      Str::fate_untouched};
        for (const FateRow& row : e_.table) {
            const auto fate = static_cast<std::size_t>(row.fate);
            m_.table.push_back(
                {row.band, marks[fate], part_name(row.part, language()), std::string(tr(words[fate])), tr(row.where)});
        }
    }

    void moves() {
        for (const StoryStep& s : e_.steps) {
            if (s.report.number >= in_.position) break;
            for (const Move& m : s.report.moves) {
                const bool is_entry =
                    m.to.kind == PK::mm && m.to.id >= static_cast<std::uint8_t>(MmField::pgd_entry);
                if (is_entry || m.to.kind == PK::cr2) m_.memory_moves.push_back(m);
            }
        }
        if (in_.lit == nullptr) return;
        for (const Move& move : in_.lit->report.moves)
            m_.moves.push_back({move.from, move.to, move.value, move.before,
                                place_name(k_, move.from), place_name(k_, move.to)});
    }

    bool is_lit(const Place& p) const {
        if (p.kind == PK::none) return false;
        return std::any_of(m_.moves.begin(), m_.moves.end(),
                           [&](const MoveModel& m) { return m.from == p || m.to == p; });
    }
    StageRow row(const Place& place, std::string name, std::string value, int priority = 0) {
        StageRow r;
        r.place = place;
        r.name = std::move(name);
        r.value = std::move(value);
        r.priority = priority;
        r.lit = is_lit(place);
        return r;
    }

    // --- task cards ---
    TaskCardModel card(TaskId id, bool leaves) {
        TaskCardModel c;
        c.task = id;
        if (id == kNoTask || id >= k_.tasks.size()) return c;
        const Task& t = k_.tasks[id];
        c.name = task_name(k_, id);
        c.ids = "pid " + std::to_string(t.pid) + " tgid " + std::to_string(t.tgid);
        c.role = tr(!m_.has_switch ? Str::role_runs : leaves ? Str::role_leaves : Str::role_comes);
        c.mm = t.mm;
        address_space(c, t);
        c.user = user_band(id, leaves);
        c.reg = register_band(id, leaves);
        c.system = system_band(id, leaves);
        task_rows(c, id);
        stack_rows(c, id);
        return c;
    }

    void address_space(TaskCardModel& c, const Task& t) {
        if (t.mm == kNoMm) {
            c.mm_text = t.active_mm == kNoMm
                            ? std::string(tr(Str::mm_none))
                            : tr(Str::mm_borrows, {mm_owner_name(k_, t.active_mm)});
            return;
        }
        using AK = AreaModel::Kind;
        c.areas = {{AK::text, std::string(tr(Str::area_text)), 1.2F},
                   {AK::data, std::string(tr(Str::area_data)), 0.9F},
                   {AK::heap, std::string(tr(Str::area_heap)), 1.3F}};
        const std::vector<TaskId> sharers = mm_tasks(k_, t.mm);
        const std::size_t most = 4;
        std::size_t shown = 0;
        for (std::size_t i = 0; i < sharers.size() && shown < most; ++i, ++shown)
            c.areas.push_back({AK::stack,
                               sharers.size() == 1 ? std::string(tr(Str::area_stack))
                                                   : tr(Str::area_stack_n, {std::to_string(i + 1)}),
                               1, &k_.tasks[sharers[i]] == &t});
        if (sharers.size() > most) c.areas.push_back({AK::map, "…", 0.6F});
        const Mm& mm = k_.mms[t.mm];
        c.mm_text = tr(sharers.size() > 1 ? Str::mm_shared : Str::mm_alone,
                       {hex(mm.pgd), std::to_string(mm.users), std::to_string(mm.count)});
    }

    bool has_no_mm(TaskId id) const { return id == kNoTask || k_.tasks[id].mm == kNoMm; }

    BandModel user_band(TaskId id, bool leaves) const {
        const Task& t = k_.tasks[id];
        if (t.mm == kNoMm) return {FateMark::none, std::string(tr(Str::user_no_mm))};
        if (!m_.has_switch) return {FateMark::kept, std::string(tr(Str::user_same_task))};
        const TaskId other = leaves ? e_.next : e_.prev;
        if (k_.tasks[other].mm == t.mm)
            return {FateMark::kept,
                    std::string(tr(leaves ? Str::user_same_mm : Str::user_same_space))};
        if (leaves) {
            if (has_no_mm(other))
                return {FateMark::kept, tr(Str::user_lent, {task_name(k_, other)})};
            return {FateMark::kept, std::string(tr(progress_.cr3_written() ? Str::user_unnamed
                                                                           : Str::user_in_memory))};
        }
        if (!progress_.writes_cr3())
            return {FateMark::kept, std::string(tr(Str::user_was_borrowed))};
        return {
            FateMark::replaced,
            std::string(tr(progress_.cr3_written() ? Str::user_named : Str::user_will_be_named))};
    }

    // Coming from user mode by an interrupt the CPU stands on its entry stack first: the task's own
    // is empty still.
    bool on_entry_stack(TaskId id) const {
        const Task& t = k_.tasks[id];
        const Cpu& cpu = k_.cpus[t.cpu];
        return t.on_cpu && cpu.current_task == id && !cpu.regs.user() &&
               layout::is_entry_stack(cpu.regs[Reg::rsp] - 1);
    }

    BandModel register_band(TaskId id, bool leaves) const {
        const Task& t = k_.tasks[id];
        const bool in_cpu = k_.cpus[t.cpu].current_task == id && t.on_cpu;
        const bool user_mode = in_cpu && k_.cpus[t.cpu].regs.user();
        const bool has_user = t.mm != kNoMm;
        if (on_entry_stack(id)) return {FateMark::saved, std::string(tr(Str::reg_on_entry_stack))};
        if (!m_.has_switch) {
            if (user_mode) return {FateMark::none, std::string(tr(Str::reg_in_cpu))};
            if (!has_user) return {FateMark::none, std::string(tr(Str::reg_kernel_only))};
            return {FateMark::saved, std::string(tr(Str::reg_pt_regs))};
        }
        if (leaves) {
            if (user_mode) return {FateMark::none, std::string(tr(Str::reg_in_cpu))};
            if (progress_.sp_stored())
                return {FateMark::saved,
                        std::string(tr(has_user ? Str::reg_all_saved : Str::reg_kernel_saved))};
            return {has_user ? FateMark::saved : FateMark::none,
                    std::string(tr(has_user ? Str::reg_pt_regs : Str::reg_still_in_cpu))};
        }
        if (progress_.sp_loaded())
            return {FateMark::replaced,
                    std::string(tr(user_mode ? Str::reg_in_cpu : Str::reg_being_loaded))};
        return {FateMark::saved, std::string(tr(Str::reg_will_be_loaded))};
    }

    BandModel system_band(TaskId id, bool leaves) const {
        const char letter = task_letter(k_, id);
        std::string reason;
        switch (letter) {
            case 'R':
            case 'r':
                reason = tr(m_.has_switch && leaves && letter == 'r' ? Str::system_queued
                            : letter == 'r'                          ? Str::system_waits
                                                                     : Str::system_runs);
                break;
            case 'Z':
            case 'X':
                reason = tr(Str::system_dead);
                break;
            case 'n':
                reason = tr(Str::system_new);
                break;
            default: {
                const std::string place = wait_place(k_, id);
                reason = place.empty() ? std::string(tr(Str::system_sleeps))
                                       : tr(Str::system_sleeps_in, {place});
            }
        }
        return {letter == 'X' ? FateMark::none : FateMark::kept, reason};
    }

    void task_rows(TaskCardModel& c, TaskId id) {
        const Task& t = k_.tasks[id];
        StageRow sp =
            row(task_place(id, TaskField::thread_sp), "thread.sp", word_text(t.thread_sp));
        const bool in_cpu = t.on_cpu && k_.cpus[t.cpu].current_task == id;
        sp.quiet = in_cpu && !sp.lit;
        sp.tip = tr(in_cpu ? Str::sp_stale : Str::sp_tip);
        c.registers.push_back(sp);
        for (const MoveModel& m : m_.moves)
            for (const Place& p : {m.from, m.to}) {
                if (p.kind != PK::task || p.owner != id || p == sp.place) continue;
                const bool there = std::any_of(c.registers.begin(), c.registers.end(),
                                               [&](const StageRow& r) { return r.place == p; });
                if (there || c.registers.size() > 3) continue;
                const std::string name = place_name(k_, p);
                c.registers.push_back(row(p, name.substr(name.rfind(' ') + 1),
                                          p == m.to ? value_text(p, m.value) : std::string()));
            }
    }

    // What a field holds, for people.
    std::string value_text(const Place& p, std::uint64_t value) const {
        if (p.kind == PK::task && p.id == static_cast<std::uint8_t>(TaskField::vruntime))
            return std::to_string(value) + " ns";
        if (value >= 0x1'0000'0000) return word_text(value);
        return value < 10 ? std::to_string(value) : "0x" + hex(value);
    }

    StageRow stack_row(std::uint64_t address, const std::string& name, const std::string& value) {
        StageRow r = row({PK::word, 0, 0, address}, name, value);
        if (value.find_first_not_of('0') == std::string::npos) r.value = "0";
        r.left = word_text(address);
        r.low = r.high = address;
        return r;
    }

    void stack_rows(TaskCardModel& c, TaskId id) {
        const Task& t = k_.tasks[id];
        if (t.stack_gone) {
            c.stack_note = tr(Str::stack_freed);
            return;
        }
        const std::uint64_t top = layout::stack_top(t.stack);
        const std::uint64_t regs = top - kPtRegsBytes;
        std::vector<StackWord> words = describe_stack(k_, id);
        const bool empty_still = on_entry_stack(id);
        if (empty_still) words.clear();
        for (const StackWord& w : words) {
            StageRow r = stack_row(w.address, w.label, hex(w.value));
            r.in_pt_regs = w.kind == StackWord::Kind::pt_regs;
            if (w.kind == StackWord::Kind::return_address) {
                r.name = tr(Str::stack_return);
                r.value = code_name(k_, id, w.value);
            } else if (w.kind == StackWord::Kind::pt_regs) {
                if (w.address == regs + 8 * static_cast<int>(PtReg::rip))
                    r.value = code_name(k_, id, w.value);
                else
                    r.value = hex(w.value);
            } else if (w.kind == StackWord::Kind::other && r.name.empty()) {
                r.name = "·";
            }
            r.tip = w.routine.empty() ? (w.address >= regs ? "pt_regs" : std::string())
                                      : tr(Str::stack_frame_of, {w.routine});
            c.stack.push_back(std::move(r));
        }
        // Words that were just popped lie below the pointer now: they stay in sight while they
        // move.
        std::uint64_t lowest = words.empty() ? top : words.back().address;
        std::vector<std::uint64_t> below;
        for (const MoveModel& m : m_.moves)
            for (const Place& p : {m.from, m.to})
                if (p.kind == PK::word && p.address < lowest &&
                    p.address >= layout::stack_base(t.stack))
                    below.push_back(p.address);
        std::sort(below.rbegin(), below.rend());
        below.erase(std::unique(below.begin(), below.end()), below.end());
        for (const std::uint64_t a : below) {
            const std::uint64_t value = k_.stacks.read(a);
            std::string name = a >= regs ? pt_reg_name(static_cast<PtReg>((a - regs) / 8))
                                         : std::string(tr(Str::stack_popped));
            for (const MoveModel& m : m_.moves)
                if (m.from == Place{PK::word, 0, 0, a} && m.to.kind == PK::reg) name = m.to_name;
            StageRow r = stack_row(a, name, code_name(k_, id, value));
            r.ghost = !empty_still;
            if (r.ghost) r.tip = tr(Str::stack_popped_tip);
            c.stack.push_back(std::move(r));
        }
        if (c.stack.empty())
            c.stack_note = tr(empty_still ? Str::stack_empty_still : Str::stack_empty);
    }

    // --- the CPU ---
    StageRow cr3_row(const Cpu& cpu) {
        StageRow r = row(special(PK::cr3), "CR3",
                         hex(cpu.regs.cr3 & ~std::uint64_t{0xfff}) + " pcid " +
                             std::to_string(cpu.regs.cr3 & 0xfff),
                         95);
        if (progress_.cr3_written()) {
            r.fate = FateMark::replaced;
            r.note = tr(Str::cr3_written);
        } else if (m_.has_switch && !progress_.writes_cr3()) {
            r.fate = FateMark::kept;
            r.note = tr(Str::cr3_kept);
        }
        r.tip = tr(Str::cr3_tip, {mm_owner_name(k_, cpu.tlb.loaded_mm)});
        return r;
    }

    static std::string preempt_text(std::uint32_t count) {
        return "preempt " + std::to_string(count & kPreemptMask) + " softirq " +
               std::to_string((count & kSoftirqMask) >> 8) + " hardirq " +
               std::to_string((count & kHardirqMask) >> 16);
    }

    void cpu() {
        const Cpu& cpu = k_.cpus[e_.cpu];
        const Regs& r = cpu.regs;
        CpuCardModel& c = m_.cpu;
        c.cpu = e_.cpu;
        c.mode = std::string(r.user() ? "ring 3 · IF " : "ring 0 · IF ") +
                 (r.interrupts_on() ? "1" : "0");
        const auto add = [&](StageRow x) { c.rows.push_back(std::move(x)); };
        add(row(special(PK::rip), "RIP", code_name(k_, cpu.current_task, k_.rip(cpu)), 100));
        struct Named {
            Reg reg;
            int priority;
        };
        const std::uint64_t rsp = r[Reg::rsp];
        StageRow sp = row(reg_place(Reg::rsp), "RSP", word_text(rsp), 99);
        sp.tip = stack_name(k_, rsp);
        add(sp);
        for (const Named& n : {Named{Reg::rbp, 80},
                               {Reg::rbx, 79},
                               {Reg::r12, 70},
                               {Reg::r13, 60},
                               {Reg::r14, 59},
                               {Reg::r15, 58},
                               {Reg::rax, 75}})
            add(row(reg_place(n.reg), reg_name(n.reg), word_text(r[n.reg]), n.priority));
        other_registers(c, r);
        add(row(special(PK::rflags), "RFLAGS", hex(r.rflags) + " " + flags_text(r.rflags), 65));
        StageRow cs = row(special(PK::cs), "CS:SS", hex(r.cs) + ":" + hex(r.ss), 64);
        cs.place2 = special(PK::ss);
        cs.lit |= is_lit(cs.place2);
        add(cs);
        add(row(special(PK::fs_base), "FS base", word_text(r.fs_base), 50));
        add(cr3_row(cpu));
        add(row(cpu_place(e_.cpu, PerCpuField::current_task), "current",
                task_name(k_, cpu.current_task), 94));
        StageRow stack = row({}, std::string(tr(Str::row_stack)), stack_name(k_, rsp), 93);
        add(stack);
        StageRow tlb = row(cpu_place(e_.cpu, PerCpuField::loaded_mm), "TLB",
                           tr(Str::row_tlb, {mm_owner_name(k_, cpu.tlb.loaded_mm),
                                             std::to_string(cpu.tlb_flushes)}),
                           40);
        if (cpu.tlb.is_lazy) tlb.value += " · lazy";
        tlb.place2 = cpu_place(e_.cpu, PerCpuField::is_lazy);
        tlb.lit |= is_lit(tlb.place2);
        add(tlb);
        add(row(cpu_place(e_.cpu, PerCpuField::preempt_count), "preempt",
                preempt_text(cpu.preempt_count), 45));
    }

    // General registers without a row of their own, when they move.
    void other_registers(CpuCardModel& c, const Regs& r) {
        std::vector<Place> touched;
        for (const MoveModel& m : m_.moves)
            for (const Place& p : {m.from, m.to}) {
                if (p.kind != PK::reg) continue;
                const bool shown = std::any_of(c.rows.begin(), c.rows.end(),
                                               [&](const StageRow& x) { return x.place == p; });
                if (!shown && std::find(touched.begin(), touched.end(), p) == touched.end())
                    touched.push_back(p);
            }
        if (touched.size() > 2) {
            StageRow all =
                row({}, "RCX–R11", tr(Str::row_registers, {std::to_string(touched.size())}), 76);
            all.any_register = all.lit = true;
            c.rows.push_back(all);
            return;
        }
        for (const Place& p : touched)
            c.rows.push_back(
                row(p, reg_name(static_cast<Reg>(p.id)), word_text(r[static_cast<Reg>(p.id)]), 76));
    }

    // Many words on the entry or interrupt stack stand in one row.
    void group_far_words() {
        std::uint64_t low = ~std::uint64_t{0}, high = 0;
        std::vector<std::uint64_t> words;
        for (const MoveModel& m : m_.moves)
            for (const Place& p : {m.from, m.to}) {
                if (p.kind != PK::word) continue;
                const auto on_card = [&](const TaskCardModel& c) {
                    return c.task != kNoTask && layout::is_stack(p.address) &&
                           layout::stack_slot_of(p.address) == k_.tasks[c.task].stack;
                };
                if (on_card(m_.leaves) || on_card(m_.comes)) continue;
                low = std::min(low, p.address);
                high = std::max(high, p.address);
                words.push_back(p.address);
            }
        std::sort(words.begin(), words.end());
        words.erase(std::unique(words.begin(), words.end()), words.end());
        if (words.size() <= 3) return;
        StageRow all = row(
            {},
            std::string(tr(layout::is_entry_stack(low) ? Str::row_entry_stack : Str::row_stack)),
            tr(Str::stack_words, {std::to_string(words.size())}), 97);
        all.low = low;
        all.high = high;
        all.lit = true;
        all.tip = stack_name(k_, low);
        m_.cpu.rows.push_back(all);
    }

    // Whatever moves and has no row yet gets one on the CPU's card.
    void light_the_rest() {
        group_far_words();
        const auto shows = [](const StageRow& r, const Place& p) {
            if (r.place == p || r.place2 == p) return true;
            if (p.kind == PK::reg && r.any_register) return true;
            return p.kind == PK::word && r.low != 0 && p.address >= r.low && p.address <= r.high;
        };
        std::size_t added = 0;
        for (const MoveModel& m : m_.moves)
            for (const Place& p : {m.from, m.to}) {
                if (p.kind == PK::none || p.kind == PK::user_word) continue;
                bool shown = false;
                for (const auto* rows : {&m_.leaves.registers, &m_.leaves.stack,
                                         &m_.comes.registers, &m_.comes.stack, &m_.cpu.rows})
                    shown |= std::any_of(rows->begin(), rows->end(),
                                         [&](const StageRow& r) { return shows(r, p); });
                if (shown || added >= 6) continue;
                ++added;
                std::string value = p == m.to ? value_text(p, m.value) : std::string();
                if (p.kind == PK::word) value = word_text(place_value(k_, e_.cpu, p));
                if (p.kind == PK::per_cpu && p.id == static_cast<std::uint8_t>(PerCpuField::curr) &&
                    k_.cpus[e_.cpu].curr != kNoTask)
                    value = task_name(k_, k_.cpus[e_.cpu].curr);
                StageRow r = row(p, place_name(k_, p), value, 97);
                if (p.kind == PK::word) {
                    r.tip = stack_name(k_, p.address);
                    r.name = tr(layout::is_entry_stack(p.address) ? Str::row_entry_word
                                                                  : Str::row_stack_word,
                                {r.name});
                }
                m_.cpu.rows.push_back(r);
            }
    }

    const StageInput& in_;
    const Kernel& k_;
    const Episode& e_;
    Progress progress_;
    StageModel m_;
};

}  // namespace

StageModel make_stage(const StageInput& input) { return Maker(input).make(); }

namespace {
constexpr std::uint64_t kLookAhead = 64;  // steps of the outside world in a row
}

StageModel stage_at_cursor(Session& session, const StoryStep* undone) {
    const std::uint64_t position = session.position();
    // What the outside world does (a device, an arrival) belongs to no CPU's episode: then the one
    // that comes next is shown.
    const Episode* episode = &session.episode_at(std::max<std::uint64_t>(position, 1));
    const bool at_home = position > 0 && find_step(*episode, position - 1) != nullptr;
    for (std::uint64_t ahead = 1; !at_home && undone == nullptr && ahead <= kLookAhead; ++ahead) {
        const Episode& next = session.episode_at(position + ahead);
        if (find_step(next, position + ahead - 1) == nullptr) continue;
        episode = &next;
        break;
    }
    StageInput input{
        .kernel = session.now(), .episode = *episode, .position = position, .lit = undone};
    std::vector<StoryStep> outside;
    if (undone == nullptr && position > 0) {
        input.lit = find_step(*episode, position - 1);
        if (input.lit == nullptr) outside = session.tell(position - 1, position);
        if (!outside.empty()) input.lit = &outside.front();
    }
    return make_stage(input);
}

const StoryStep* find_step(const Episode& episode, std::uint64_t number) {
    const auto it =
        std::lower_bound(episode.steps.begin(), episode.steps.end(), number,
                         [](const StoryStep& s, std::uint64_t n) { return s.report.number < n; });
    return it != episode.steps.end() && it->report.number == number ? &*it : nullptr;
}

namespace {

constexpr std::size_t kRoomForPtRegs = 17;  // lines; with fewer, pt_regs is one row

// The words of a whole pt_regs in one row, with the one that matters most.
StageRow pt_regs_row(const std::vector<StageRow>& rows) {
    StageRow all;
    all.kind = StageRow::Kind::gap;
    all.high = rows.front().high;
    all.low = rows[kPtRegs - 1].low;
    all.left = rows.front().left;
    all.name = "pt_regs";
    const StageRow& rip = rows[kPtRegs - 1 - static_cast<int>(PtReg::rip)];
    all.value = rip.value == "0" ? std::string(tr(Str::stack_pt_regs_unused)) : "rip " + rip.value;
    all.quiet = rip.value == "0";
    all.tip = tr(Str::stack_pt_regs_tip);
    return all;
}

bool whole_pt_regs(const std::vector<StageRow>& rows) {
    if (rows.size() < static_cast<std::size_t>(kPtRegs)) return false;
    return std::all_of(rows.begin(), rows.begin() + kPtRegs,
                       [](const StageRow& r) { return r.in_pt_regs && !r.lit && !r.ghost; });
}

StageRow gap_row(const std::vector<StageRow>& rows, std::size_t from, std::size_t until) {
    StageRow gap;
    gap.kind = StageRow::Kind::gap;
    gap.high = rows[from].high;
    gap.low = rows[until - 1].low;
    gap.left = "…" + word_text(gap.high).substr(12);
    for (std::size_t i = from; i < until; ++i) gap.lit |= rows[i].lit;
    gap.name = "…";
    gap.value = tr(Str::stack_words, {std::to_string(until - from)});
    gap.tip = rows[from].name + " … " + rows[until - 1].name;
    gap.quiet = true;
    return gap;
}

// Rows plus one for each run that is left out.
std::size_t lines_of(const std::vector<bool>& keep) {
    std::size_t lines = 0;
    for (std::size_t i = 0; i < keep.size(); ++i) lines += keep[i] ? 1 : i == 0 || keep[i - 1];
    return lines;
}

}  // namespace

std::vector<StageRow> choose_stack_rows(const std::vector<StageRow>& rows, std::size_t budget) {
    // Kernel threads never come from user mode: their pt_regs is room that nobody uses.
    const bool whole = whole_pt_regs(rows);
    const bool unused = whole && rows[kPtRegs - 1 - static_cast<int>(PtReg::rip)].value == "0";
    if (rows.size() <= budget && !unused) return rows;
    if (budget == 0) return {};
    if (unused || (whole && budget < kRoomForPtRegs)) {
        std::vector<StageRow> folded(rows.begin() + kPtRegs - 1, rows.end());
        folded.front() = pt_regs_row(rows);
        return choose_stack_rows(folded, budget);
    }
    // No room for gaps: only the active end.
    if (budget < 3) return {rows.end() - static_cast<std::ptrdiff_t>(budget), rows.end()};
    std::vector<bool> keep(rows.size(), false);
    const auto try_keep = [&](std::size_t i) {
        if (keep[i]) return true;
        keep[i] = true;
        if (lines_of(keep) <= budget) return true;
        keep[i] = false;
        return false;
    };
    // The active end, what moves, a little of the top, then more of the active end.
    try_keep(rows.size() - 1);
    for (std::size_t i = rows.size(); i-- > 0;)
        if (rows[i].lit) try_keep(i);
    if (budget >= 4) try_keep(0);
    for (std::size_t i = rows.size(); i-- > rows.size() / 2;)
        if (lines_of(keep) + 4 <= budget) try_keep(i);
    for (std::size_t i = 1; i < 5 && i < rows.size() && budget >= 9; ++i) try_keep(i);
    for (std::size_t i = rows.size(); i-- > 0;) try_keep(i);
    std::vector<StageRow> out;
    for (std::size_t i = 0; i < rows.size();) {
        if (keep[i]) {
            out.push_back(rows[i++]);
            continue;
        }
        std::size_t until = i;
        while (until < rows.size() && !keep[until]) ++until;
        out.push_back(until - i == 1 ? rows[i] : gap_row(rows, i, until));
        i = until;
    }
    return out;
}

std::vector<StageRow> choose_cpu_rows(const std::vector<StageRow>& rows, std::size_t budget) {
    if (rows.size() <= budget) return rows;
    std::vector<std::size_t> order(rows.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return rows[a].priority + (rows[a].lit ? 1000 : 0) >
               rows[b].priority + (rows[b].lit ? 1000 : 0);
    });
    order.resize(budget);
    std::sort(order.begin(), order.end());
    std::vector<StageRow> out;
    for (const std::size_t i : order) out.push_back(rows[i]);
    return out;
}

std::string_view fate_name(FateMark fate) {
    constexpr std::array<std::string_view, 4> names = {"", "kept", "saved", "replaced"};
    return names[static_cast<std::size_t>(fate)];
}

std::string_view kind_id(EpisodeKind kind) {
    constexpr std::array<std::string_view, 10> names = {"process_switch",
                                                        "thread_switch",
                                                        "to_kernel_thread",
                                                        "from_kernel_thread",
                                                        "between_kernel_threads",
                                                        "to_idle",
                                                        "from_idle",
                                                        "system_call",
                                                        "interrupt",
                                                        "user"};
    return names[static_cast<std::size_t>(kind)];
}

}  // namespace sy::gui
