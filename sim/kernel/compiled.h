// The same steps, compiled. A routine's table is constexpr, so the compiler can lay out its straight stretches as machine
// code: one function for each place where control can enter, running until it leaves the stretch. It is no second
// engine: every push, test and effect comes from the one table, and a stretch is only taken when no interrupt, no other
// CPU and no bound can come in between its steps (Kernel::run_stretches). Whoever watches steps singly.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "sim/kernel/context.h"
#include "sim/kernel/text.h"

namespace sy::compiled {

constexpr bool same_text(const char* a, const char* b) {
    for (; *a != 0 && *a == *b; ++a, ++b) {
    }
    return *a == *b;
}

// Number of steps (labels are none) before entry `i` of a table.
template <const auto& kSteps>
constexpr std::uint32_t ordinal(std::size_t i) {
    std::uint32_t n = 0;
    for (std::size_t j = 0; j < i; ++j) n += kSteps[j].op != Op::label ? 1 : 0;
    return n;
}
template <const auto& kSteps>
constexpr std::size_t label_index(const char* name) {
    for (std::size_t j = 0; j < std::size(kSteps); ++j)
        if (kSteps[j].op == Op::label && same_text(kSteps[j].name, name)) return j;
    return std::size(kSteps);
}
// How many steps of the same kind (push or pop) follow each other from `i` on.
template <const auto& kSteps>
constexpr std::size_t run_length(std::size_t i) {
    std::size_t n = 1;
    while (i + n < std::size(kSteps) && kSteps[i + n].op == kSteps[i].op) ++n;
    return n;
}

// State of a stretch that lives in registers while it runs.
struct Flow {
    Ctx& cx;
    const Nanos* cost;
    Nanos clock;
    Nanos began;          // when the last step began
    std::uint32_t base;   // step number of the routine's first step
    std::uint64_t done;   // steps since the last flush

    [[gnu::always_inline]] void pay(Cost c) {
        began = clock;
        clock += cost[static_cast<std::size_t>(c)];
        ++done;
    }
    // Effects may look at the clock and at the number of steps done before them.
    [[gnu::always_inline]] void flush() {
        cx.cpu.clock = clock;
        cx.k.count_steps(done - 1);
        done = 1;
    }
    [[gnu::always_inline]] void leave(std::uint32_t pc) {
        cx.cpu.pc = pc;
        cx.cpu.clock = clock;
        cx.began = began;
        cx.k.count_steps(done);
    }
};

template <const auto& kSteps, std::size_t kFirst, std::size_t... kIs>
[[gnu::always_inline]] inline void push_run(Ctx& cx, std::index_sequence<kIs...>) {
    constexpr std::size_t n = sizeof...(kIs);
    const std::uint64_t sp = cx.cpu.regs[Reg::rsp] - 8 * n;
    std::uint64_t* words = cx.near_word(sp, n);
    if (words != nullptr) [[likely]] {
        // words[0] is the lowest address; memory order descends from there (stacks.h).
        ((words[-static_cast<std::ptrdiff_t>(n - 1 - kIs)] = cx.cpu.regs[kSteps[kFirst + kIs].reg]), ...);
        cx.cpu.regs[Reg::rsp] = sp;
        return;
    }
    (cx.push(cx.cpu.regs[kSteps[kFirst + kIs].reg], at::none), ...);
}
template <const auto& kSteps, std::size_t kFirst, std::size_t... kIs>
[[gnu::always_inline]] inline void pop_run(Ctx& cx, std::index_sequence<kIs...>) {
    constexpr std::size_t n = sizeof...(kIs);
    const std::uint64_t sp = cx.cpu.regs[Reg::rsp];
    const std::uint64_t* words = cx.near_word(sp, n);
    if (words != nullptr) [[likely]] {
        ((cx.cpu.regs[kSteps[kFirst + kIs].reg] = words[-static_cast<std::ptrdiff_t>(kIs)]), ...);
        cx.cpu.regs[Reg::rsp] = sp + 8 * n;
        return;
    }
    ((cx.cpu.regs[kSteps[kFirst + kIs].reg] = cx.pop(at::none)), ...);
}

template <const auto& kSteps, std::size_t kAt>
[[gnu::always_inline]] inline void go_on(Flow& f) {
    if constexpr (kAt >= std::size(kSteps)) {
        f.leave(f.base + ordinal<kSteps>(kAt));
    } else {
        constexpr const StepDef& d = kSteps[kAt];
        constexpr std::uint32_t here = ordinal<kSteps>(kAt);
        if constexpr (d.op == Op::label) {
            go_on<kSteps, kAt + 1>(f);
        } else if constexpr (d.op == Op::push || d.op == Op::pop) {
            constexpr std::size_t n = run_length<kSteps>(kAt);
            for (std::size_t i = 0; i < n; ++i) f.pay(Cost::word);
            if constexpr (d.op == Op::push)
                push_run<kSteps, kAt>(f.cx, std::make_index_sequence<n>{});
            else
                pop_run<kSteps, kAt>(f.cx, std::make_index_sequence<n>{});
            go_on<kSteps, kAt + n>(f);
        } else if constexpr (d.op == Op::effect) {
            f.pay(d.cost);
            f.flush();
            d.effect(f.cx);
            if (f.cx.recheck) [[unlikely]] {
                f.leave(f.base + here + 1);
                return;
            }
            go_on<kSteps, kAt + 1>(f);
        } else if constexpr (d.op == Op::branch) {
            f.pay(d.cost);
            f.flush();
            if (d.test(f.cx)) {
                f.leave(f.base + ordinal<kSteps>(label_index<kSteps>(d.name)));
                return;
            }
            go_on<kSteps, kAt + 1>(f);
        } else if constexpr (d.op == Op::call) {
            f.pay(d.cost);
            f.cx.push(f.cx.text.address(f.base + here + 1), at::none);
            f.leave(d.routine->first_step);
        } else if constexpr (d.op == Op::call_indirect) {
            f.pay(d.cost);
            f.flush();
            f.cx.cpu.pc = f.base + here + 1;
            const Routine* r = d.target(f.cx);
            f.cx.push(f.cx.text.address(f.base + here + 1), at::none);
            f.leave(r->first_step);
        } else if constexpr (d.op == Op::jump) {
            f.pay(d.cost);
            if constexpr (d.name[0] == 0)   // to a routine, not to a label
                f.leave(d.routine->first_step);
            else
                f.leave(f.base + ordinal<kSteps>(label_index<kSteps>(d.name)));
        } else if constexpr (d.op == Op::ret) {
            f.pay(d.cost);
            f.leave(f.cx.text.step_at(f.cx.pop(at::none)));
        } else if constexpr (d.op == Op::hardware) {
            f.pay(d.cost);
            f.flush();
            f.cx.cpu.pc = f.base + here + 1;
            d.effect(f.cx);
            f.leave(f.cx.cpu.pc);
        } else {
            f.leave(f.base + here);   // hlt and bursts let time pass: never in a stretch
        }
    }
}

template <const auto& kSteps, std::size_t kAt>
[[gnu::flatten]] void stretch(Ctx& cx, const Nanos* cost, std::uint32_t base) {
    Flow f{cx, cost, cx.cpu.clock, cx.cpu.clock, base, 0};
    go_on<kSteps, kAt>(f);
}

// Control can enter at the first step, at a label, and behind a call.
template <const auto& kSteps>
constexpr bool is_entry(std::size_t i) {
    if (kSteps[i].op == Op::label || kSteps[i].op == Op::halt || kSteps[i].op == Op::burst) return false;
    if (i == 0) return true;
    const Op before = kSteps[i - 1].op;
    return before == Op::label || before == Op::call || before == Op::call_indirect;
}

template <const auto& kSteps, std::size_t kAt>
constexpr StretchFn stretch_or_none() {
    if constexpr (is_entry<kSteps>(kAt))
        return &stretch<kSteps, kAt>;
    else
        return nullptr;
}
template <const auto& kSteps, std::size_t... kIs>
constexpr auto make_table(std::index_sequence<kIs...>) {
    return std::array<StretchFn, sizeof...(kIs)>{stretch_or_none<kSteps, kIs>()...};
}
template <const auto& kSteps>
inline constexpr auto table = make_table<kSteps>(std::make_index_sequence<std::size(kSteps)>{});

}  // namespace sy::compiled

namespace sy {

// A routine whose stretches are compiled.
template <const auto& kSteps>
constexpr Routine make_routine(const char* name, Actor actor, Phase phase, bool sched_section = false) {
    return Routine{name, actor, phase, kSteps, sched_section, compiled::table<kSteps>.data()};
}

}  // namespace sy
