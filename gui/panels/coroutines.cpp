// Coroutines and user-level threads: who runs on which carrier, the run queues, who waits in the event loop, whose words
// lie on which stack; at a switch the words that it moves, with their bytes and their price, flying between the stack, the
// save buffers and the control blocks; the counts so far; and the four kinds of switch side by side, as measured in this
// run. Of millions only the numbers in each state and the first ones of each list are shown.
#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>

#include "gui/model/facts.h"
#include "gui/panels/panels.h"
#include "gui/strings/strings.h"
#include "gui/widgets.h"
#include "sim/report/coroutine_view.h"
#include "sim/report/switch_costs.h"
#include "sim/session/session.h"

namespace sy::gui {
namespace {

constexpr std::size_t kMostRows = 16, kMostNames = 6, kMostStacks = 6, kMostMoves = 8;
constexpr std::uint64_t kMeasuredSteps = 30'000;   // a few hundredths of a second, once for each run

const std::string& in(const Text& t) { return t.in(language()); }

ImU32 color_of(Coroutine::State s) {
    const Theme& t = theme();
    switch (s) {
        case Coroutine::State::running: return t.running;
        case Coroutine::State::ready: return t.runnable;
        case Coroutine::State::waiting: return t.sleeping;
        default: return t.quiet;
    }
}

// The costs of the run in the window, measured when the panel is first drawn: what follows from the scenario alone is the
// same for every view of it.
const SwitchCosts& costs_of(const View& view) {
    static std::optional<SwitchCosts> costs;
    static std::string of;
    const std::string print = view.document.path + view.document.source + std::to_string(view.session->scenario().breaks.size());
    if (!costs || of != print) {
        costs = measure_switches(view.session->scenario(), {.steps = kMeasuredSteps});
        of = print;
    }
    return *costs;
}

// --- the switch at the cursor ---

struct SwitchNow {
    enum class Part : std::uint8_t { none, copy_out, registers, copy_in } part = Part::none;
    CoroutineId leaves = kNoCoroutine, comes = kNoCoroutine;
    std::uint64_t bytes = 0;
    Nanos time = 0;
    const StepReport* report = nullptr;
};

const CoroutineEnv* env_of(const Kernel& k, const StepReport& r) {
    if (r.task == kNoTask || r.task >= k.tasks.size()) return nullptr;
    for (const CoroutineEnv& env : k.coroutine_envs)
        if (env.mm != kNoMm && env.mm == k.tasks[r.task].mm) return &env;
    return nullptr;
}

SwitchNow switch_now(const Kernel& k, const CoroutineEnv& env, const StepReport* r) {
    SwitchNow now;
    if (r == nullptr || r->kind != StepReport::Kind::user || env_of(k, *r) != &env) return now;
    const auto& ops = k.image().programs[r->program].ops;
    if (r->step >= ops.size()) return now;
    now.report = r;
    now.time = r->end - r->at;
    const auto carrier = std::find_if(env.carriers.begin(), env.carriers.end(), [&](const Carrier& c) { return c.task == r->task; });
    const Carrier& c = carrier == env.carriers.end() ? env.carriers.front() : *carrier;
    // A copied stack is one move of the word with a value in it.
    const bool copies = std::any_of(r->moves.begin(), r->moves.end(), [](const Move& m) {
        return m.from.kind == Place::Kind::user_word && m.to.kind == Place::Kind::user_word;
    });
    switch (ops[r->step].kind) {
        case UserOp::Kind::co_save:
            now.part = SwitchNow::Part::copy_out;
            now.bytes = copies ? c.bytes_out : 0;
            now.leaves = c.running;
            now.comes = c.pending;
            break;
        case UserOp::Kind::co_swap:
            now.part = SwitchNow::Part::registers;
            now.comes = c.running;
            break;
        case UserOp::Kind::co_restore:
            now.part = SwitchNow::Part::copy_in;
            now.bytes = copies && c.running != kNoCoroutine ? env.all[c.running].depth : 0;
            now.comes = c.running;
            break;
        default: now.report = nullptr; break;
    }
    return now;
}

std::string who(const Kernel& k, const CoroutineEnv& env, CoroutineId id) {
    return id == kNoCoroutine ? std::string(tr(env.threads.size() != 0 ? Str::co_scheduler : Str::co_main)) : coroutine_name(k, env, id);
}

// Two boxes and the block that flies from one to the other.
void draw_flight(const View& view, const std::string& from, const std::string& to, const std::string& cargo) {
    const float width = ImGui::GetContentRegionAvail().x, height = value_row_height() * 1.7F;
    const ImVec2 at = ImGui::GetCursorScreenPos();
    ImDrawList& list = *ImGui::GetWindowDrawList();
    const float side = width * 0.3F;
    const auto box = [&](float x, const std::string& name) {
        list.AddRect({at.x + x, at.y}, {at.x + x + side, at.y + height}, theme().line, px(4));
        const TextStyle style = quiet_text(Size::small);
        const float w = std::min(measure(name, style).x, side - px(8));
        fit_at(list, {at.x + x + (side - w) / 2, at.y + (height - line_height(style)) / 2}, side - px(8), name, style);
    };
    box(0, from);
    box(width - side, to);
    const float y = at.y + height / 2;
    const ImVec2 path[] = {{at.x + side + px(4), y}, {at.x + width - side - px(4), y}};
    draw_dashed(list, path, theme().moving, px(2));
    double t = 1;
    if (view.flight.start >= 0 && view.flight.length > 0 && !view.state.reduced_motion)
        t = std::clamp((view.now - view.flight.start) / view.flight.length, 0.0, 1.0);
    if (view.flight.backwards) t = 1 - t;
    const TextStyle style = mono_text();
    const float w = std::min(measure(cargo, style).x + px(8), width - 2 * side - px(16));
    const float x = path[0].x + (path[1].x - path[0].x - w) * static_cast<float>(t);
    list.AddRectFilled({x, y - height * 0.32F}, {x + w, y + height * 0.32F}, theme().card, px(3));
    list.AddRect({x, y - height * 0.32F}, {x + w, y + height * 0.32F}, theme().moving, px(3), 0, px(1.5F));
    fit_at(list, {x + px(4), y - line_height(style) / 2}, w - px(8), cargo, style);
    ImGui::Dummy({width, height + px(4)});
}

std::string place_text(const Place& p) {
    if (p.kind == Place::Kind::reg) return std::string(reg_name(static_cast<Reg>(p.id)));
    if (p.kind == Place::Kind::rip) return "rip";
    return p.kind == Place::Kind::user_word ? format_address(p.address) : std::string("-");
}

void draw_switch(const View& view, const Kernel& k, const CoroutineEnv& env) {
    const SwitchNow now = switch_now(k, env, view.session->last_step());
    if (now.report == nullptr) return;
    section_title(tr(Str::co_switch_title));
    const std::string price = std::to_string(now.time) + " ns";
    const std::string bytes = std::to_string(now.bytes) + " B";
    switch (now.part) {
        case SwitchNow::Part::copy_out:
            if (now.bytes == 0) paragraph(tr(Str::co_no_copy, {who(k, env, now.comes)}), quiet_text(Size::small));
            if (now.bytes != 0) draw_flight(view, std::string(tr(Str::co_shared_stack)), std::string(tr(Str::co_save_buffer)), bytes + " · " + price);
            if (now.bytes != 0) paragraph(tr(Str::co_copied_out, {bytes, price, who(k, env, now.comes)}), quiet_text(Size::small));
            break;
        case SwitchNow::Part::copy_in:
            if (now.bytes != 0) draw_flight(view, std::string(tr(Str::co_save_buffer)), std::string(tr(Str::co_shared_stack)), bytes + " · " + price);
            paragraph(now.bytes != 0 ? tr(Str::co_copied_in, {bytes, price, who(k, env, now.comes)})
                                     : tr(Str::co_comes_back, {who(k, env, now.comes)}),
                      quiet_text(Size::small));
            break;
        default: {
            std::size_t words = 0;
            for (const Move& m : now.report->moves)
                words += m.from.kind == Place::Kind::user_word || m.to.kind == Place::Kind::user_word ? 1 : 0;
            draw_flight(view, std::string(tr(Str::co_registers)), std::string(tr(Str::co_blocks)), std::to_string(words) + " × 8 B · " + price);
            paragraph(tr(Str::co_swapped, {who(k, env, now.comes)}), quiet_text(Size::small));
        }
    }
    const float width = ImGui::GetContentRegionAvail().x;
    std::size_t shown = 0;
    for (const Move& m : now.report->moves) {
        if (m.from.kind == Place::Kind::none || ++shown > kMostMoves) continue;
        value_row({{place_text(m.from), width * 0.34F, mono_text()}, {place_text(m.to), width * 0.34F, mono_text()},
                   {format_address(m.value), 0, mono_text()}},
                  {.lit = true});
    }
}

// --- who is where ---

void draw_carriers(const Kernel& k, const CoroutineEnv& env) {
    const float width = ImGui::GetContentRegionAvail().x;
    for (std::size_t i = 0; i < env.carriers.size(); ++i) {
        const Carrier& c = env.carriers[i];
        const std::string name = c.task == kNoTask ? std::string(tr(Str::co_main)) : task_name(k, c.task);
        const std::string state = in(carrier_state(k, env, i));
        value_row({{name, width * 0.32F, mono_text()}, {state, 0, {Face::text, Size::small, c.running != kNoCoroutine ? theme().running : theme().quiet}}},
                  {.boxed = false, .tip = state});
        const std::string queue = coroutine_list(k, env, c.ready, kMostNames);
        const std::string shown = queue.empty() ? std::string(tr(Str::co_nobody)) : queue;
        value_row({{tr(Str::co_ready_list), width * 0.32F, quiet_text(Size::small)}, {shown, 0, mono_text()}}, {.boxed = false, .tip = shown});
    }
}

std::string stack_text(const CoroutineRow& row) {
    const std::string used = std::to_string(row.stack_used) + " B";
    if (row.shared_stack < 0) return tr(Str::co_own, {used});
    if (row.on_stack) return tr(Str::co_on_shared, {std::to_string(row.shared_stack), used});
    return row.saved != 0 ? tr(Str::co_saved, {std::to_string(row.shared_stack), std::to_string(row.saved)})
                          : tr(Str::co_not_begun, {std::to_string(row.shared_stack)});
}

void draw_rows(const Kernel& k, const CoroutineEnv& env) {
    const float width = ImGui::GetContentRegionAvail().x;
    const std::vector<CoroutineRow> rows = coroutine_rows(k, env, kMostRows);
    for (const CoroutineRow& row : rows) {
        std::string state = in(coroutine_state_name(row.state));
        if (row.carrier >= 0 && env.carriers.size() > 1) state += " " + std::to_string(row.carrier);
        const std::string stack = row.state == Coroutine::State::waiting && env.threads.size() != 0 ? in(row.waits_for) : stack_text(row);
        value_row({{row.name, width * 0.28F, mono_text()},
                   {state, width * 0.22F, {Face::text, Size::small, color_of(row.state)}},
                   {stack, 0, {Face::text, Size::small, 0}}},
                  {.selected = row.runs, .boxed = false, .tip = row.name + ": " + state + ", " + stack_text(row)});
    }
    const auto counts = coroutine_states(env);
    std::string all;
    for (std::size_t i = 0; i < counts.size(); ++i)
        if (counts[i] != 0)
            all += (all.empty() ? "" : ", ") + format_count(static_cast<std::int64_t>(counts[i])) + " " +
                   in(coroutine_state_name(static_cast<Coroutine::State>(i)));
    paragraph(tr(Str::co_states, {all}), quiet_text(Size::small));
}

void draw_stacks(const Kernel& k, const CoroutineEnv& env) {
    if (env.stacks.empty()) return;
    section_title(tr(Str::co_shared_stacks));
    const float width = ImGui::GetContentRegionAvail().x;
    for (std::size_t i = 0; i < env.stacks.size() && i < kMostStacks; ++i) {
        const CoroutineId id = env.stacks[i].occupant;
        const std::string used = id == kNoCoroutine ? "-" : std::to_string(env.all[id].depth) + " B";
        value_row({{"#" + std::to_string(i), width * 0.16F, mono_text()},
                   {id == kNoCoroutine ? std::string(tr(Str::co_nobody)) : coroutine_name(k, env, id), width * 0.5F, mono_text()},
                   {used, 0, mono_text()}});
    }
    if (env.stacks.size() > kMostStacks)
        paragraph(tr(Str::queue_more, {std::to_string(env.stacks.size() - kMostStacks)}), quiet_text(Size::small));
}

std::uint64_t waiters_in_loop(const CoroutineEnv& env) {
    std::uint64_t n = env.timers.size();
    for (const FileWaiters& f : env.files)
        for (const CoroutineList* list : {&f.readers, &f.writers})
            for (CoroutineId id = list->head; id != kNoCoroutine; id = env.all[id].next) ++n;
    return n;
}
std::uint64_t watched_by(const Kernel& k, const CoroutineEnv& env) {
    const auto index = static_cast<std::size_t>(&env - k.coroutine_envs.data());
    return k.eventpolls[index].items + k.eventpolls[index].files.size();
}

void draw_counts(const Kernel& k, const CoroutineEnv& env) {
    section_title(tr(Str::co_counts));
    const auto n = [](std::uint64_t v) { return format_count(static_cast<std::int64_t>(v)); };
    paragraph(tr(Str::co_loop, {n(watched_by(k, env)), n(waiters_in_loop(env))}), quiet_text(Size::small));
    paragraph(tr(Str::co_switches_so_far, {n(env.switches), n(env.ended)}), quiet_text(Size::small));
    if (!env.stacks.empty())
        paragraph(tr(Str::co_copies_so_far, {n(env.copies_out), n(env.bytes_out), n(env.copies_in), n(env.bytes_in)}), quiet_text(Size::small));
    if (env.threads.size() != 0) paragraph(tr(Str::co_library_so_far, {n(env.parks), n(env.steals), n(env.kicks)}), quiet_text(Size::small));
}

void draw_costs(const View& view) {
    section_title(tr(Str::co_costs));
    const SwitchCosts& costs = costs_of(view);
    const float width = ImGui::GetContentRegionAvail().x;
    const TextStyle head = quiet_text(Size::small);
    value_row({{tr(Str::co_cost_kind), width * 0.34F, head}, {"ns", width * 0.15F, head}, {tr(Str::co_cost_steps), width * 0.14F, head},
               {tr(Str::co_cost_registers), width * 0.2F, head}, {"CR3", 0, head}});
    for (int i = 0; i < kSwitchKinds; ++i) {
        const auto kind = static_cast<SwitchKind>(i);
        const SwitchCost& c = costs.of(kind);
        const auto mean = [&](std::uint64_t sum) { return mean_text(sum, c.times); };
        const std::string tip = in(switch_kind_note(kind));
        value_row({{in(switch_kind_name(kind)), width * 0.34F, {Face::text, Size::small, 0}},
                   {mean(static_cast<std::uint64_t>(c.time)), width * 0.15F, mono_text()},
                   {mean(c.steps), width * 0.14F, mono_text()},
                   {mean(c.stored), width * 0.2F, mono_text()},
                   {mean(c.cr3), 0, mono_text()}},
                  {.tip = tip});
    }
    paragraph(tr(Str::co_costs_explained), quiet_text(Size::small));
}

}  // namespace

void draw_coroutines(View& view) {
    if (!view.session) {
        empty_state({}, tr(Str::empty_coroutines_hint));
        return;
    }
    const Kernel& k = view.session->now();
    if (k.coroutine_envs.empty()) paragraph(tr(Str::co_none), quiet_text(Size::small));
    for (const CoroutineEnv& env : k.coroutine_envs) {
        section_title(k.image().programs[env.program].comm + ": " + thread_model_text(k, env));
        draw_carriers(k, env);
        draw_switch(view, k, env);
        draw_rows(k, env);
        draw_stacks(k, env);
        draw_counts(k, env);
    }
    draw_costs(view);
}

void dump_coroutines(const View& view, nlohmann::json& out) {
    out["loaded"] = view.session != nullptr;
    out["processes"] = nlohmann::json::array();
    if (!view.session) return;
    const Kernel& k = view.session->now();
    for (const CoroutineEnv& env : k.coroutine_envs) {
        nlohmann::json process = {{"name", k.image().programs[env.program].comm}, {"model", thread_model_text(k, env)},
                                  {"switches", env.switches}, {"copies_out", env.copies_out}, {"bytes_out", env.bytes_out},
                                  {"copies_in", env.copies_in}, {"bytes_in", env.bytes_in}, {"steals", env.steals}};
        process["carriers"] = nlohmann::json::array();
        for (std::size_t i = 0; i < env.carriers.size(); ++i)
            process["carriers"].push_back({{"state", in(carrier_state(k, env, i))}, {"ready", coroutine_list(k, env, env.carriers[i].ready, kMostNames)}});
        process["rows"] = nlohmann::json::array();
        for (const CoroutineRow& row : coroutine_rows(k, env, kMostRows))
            process["rows"].push_back({{"name", row.name}, {"state", in(coroutine_state_name(row.state))}, {"carrier", row.carrier},
                                       {"stack", stack_text(row)}, {"used", row.stack_used}, {"waits_for", in(row.waits_for)}});
        const SwitchNow now = switch_now(k, env, view.session->last_step());
        if (now.report != nullptr)
            process["switch"] = {{"comes", who(k, env, now.comes)}, {"bytes", now.bytes}, {"ns", now.time}, {"moves", now.report->moves.size()}};
        out["processes"].push_back(process);
    }
    const SwitchCosts& costs = costs_of(view);
    for (int i = 0; i < kSwitchKinds; ++i) {
        const SwitchCost& c = costs.of(static_cast<SwitchKind>(i));
        out["costs"][switch_kind_word(static_cast<SwitchKind>(i))] = {{"times", c.times}, {"mean_ns", mean_text(static_cast<std::uint64_t>(c.time), c.times)}};
    }
}

}  // namespace sy::gui
