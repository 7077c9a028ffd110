// Kernel text: every routine is a table of steps, and RIP points at one of them. A call pushes a return address on the
// current stack, so whoever switches RSP switches what the CPU does next, exactly as in Linux.
//
// A step carries the sentences that the stage shows while it happens. In them {cur}, {prev}, {next}, {cpu}, {value} are
// filled in by sim/session/narrate.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/assert.h"
#include "sim/machine/costs.h"
#include "sim/machine/layout.h"
#include "sim/machine/regs.h"

namespace sy {

struct Ctx;      // one CPU in the middle of a step, sim/kernel/context.h
struct Routine;

using Effect = void (*)(Ctx&);
// A compiled stretch of steps (compiled.h): runs from its entry until control leaves it.
using StretchFn = void (*)(Ctx&, const Nanos* costs, std::uint32_t first_step_of_routine);
using Test = bool (*)(Ctx&);
using Target = const Routine* (*)(Ctx&);

enum class Op : std::uint8_t {
    effect,          // run `effect`
    push, pop,       // `reg` to or from the current stack
    call,            // push the return address, go to `routine`
    call_indirect,   // the same, `target` names the routine
    jump,            // go to `routine` or `label`
    branch,          // if `test`, go to `label`
    ret,             // pop RIP
    halt,            // hlt: nothing happens until an interrupt
    burst,           // kernel code computes until RBX is 0
    hardware,        // an instruction that replaces RIP itself (SYSRET, IRETQ); runs `effect`
    label,           // no step: a name for the next one
};

// Who performs a step.
enum class Actor : std::uint8_t { hardware, entry_code, interrupt, timer, scheduler, switcher, memory, kernel, softirq };
// Which part of the storyboard it belongs to.
enum class Phase : std::uint8_t { entry, work, pick, mm, stack, exit };

struct Say {
    const char* what = "";
    const char* what_zh = "";
    const char* why = "";
    const char* why_zh = "";
};

struct StepDef {
    Op op = Op::effect;
    Reg reg = Reg::rax;
    Cost cost = Cost::word;
    union {
        Effect effect;
        Test test;
        Target target;
    };
    const Routine* routine = nullptr;
    const char* name = "";       // of a label, or of the label that a branch or jump goes to
    Say say;

    constexpr StepDef() : effect(nullptr) {}
};

struct Routine {
    const char* name;                      // as in the kernel's symbol table
    Actor actor;
    Phase phase;
    std::span<const StepDef> steps;
    // In the scheduler's text section: /proc/PID/stack leaves it out (linux.md 4.6).
    bool sched_section = false;
    // For each entry of `steps` the compiled stretch that begins there; null: none.
    const StretchFn* stretches = nullptr;
    // Number of its first step in kernel text; set once when the text is laid out.
    mutable std::uint32_t first_step = 0;
};

// The words of the routine tables.
constexpr StepDef effect(Effect f, Cost cost, Say say) {
    StepDef s;
    s.effect = f;
    s.cost = cost;
    s.say = say;
    return s;
}
constexpr StepDef hardware(Effect f, Cost cost, Say say) {
    StepDef s = effect(f, cost, say);
    s.op = Op::hardware;
    return s;
}
constexpr StepDef push(Reg r, Say say = {}) {
    StepDef s;
    s.op = Op::push;
    s.reg = r;
    s.say = say;
    return s;
}
constexpr StepDef pop(Reg r, Say say = {}) {
    StepDef s = push(r, say);
    s.op = Op::pop;
    return s;
}
constexpr StepDef call(const Routine& r, Say say = {}) {
    StepDef s;
    s.op = Op::call;
    s.routine = &r;
    s.say = say;
    return s;
}
constexpr StepDef call_indirect(Target t, Say say) {
    StepDef s;
    s.op = Op::call_indirect;
    s.target = t;
    s.say = say;
    return s;
}
constexpr StepDef jump(const Routine& r, Say say = {}) {
    StepDef s = call(r, say);
    s.op = Op::jump;
    return s;
}
constexpr StepDef jump(const char* label_name) {
    StepDef s;
    s.op = Op::jump;
    s.name = label_name;
    return s;
}
constexpr StepDef branch(Test t, const char* label_name, Say say) {
    StepDef s;
    s.op = Op::branch;
    s.test = t;
    s.name = label_name;
    s.say = say;
    return s;
}
// A branch that is only there to tell cases apart: it takes no time.
constexpr StepDef free_branch(Test t, const char* label_name, Say say) {
    StepDef s = branch(t, label_name, say);
    s.cost = Cost::none;
    return s;
}
constexpr StepDef label(const char* name) {
    StepDef s;
    s.op = Op::label;
    s.name = name;
    return s;
}
constexpr StepDef ret() {
    StepDef s;
    s.op = Op::ret;
    return s;
}
constexpr StepDef halt(Say say) {
    StepDef s;
    s.op = Op::halt;
    s.say = say;
    return s;
}
constexpr StepDef kernel_burst(Say say) {
    StepDef s;
    s.op = Op::burst;
    s.say = say;
    return s;
}

// A step as the CPU runs it.
struct Step {
    Op op = Op::effect;
    std::uint8_t reg = 0;
    std::uint8_t cost = 0;
    std::uint32_t target = 0;    // step number of a call, jump or branch
    union {
        Effect effect;
        Test test;
        Target indirect;
    };
    Step() : effect(nullptr) {}
};

// A place where a compiled stretch begins, and the longest way through it.
struct CompiledStretch {
    StretchFn run = nullptr;
    std::uint32_t base = 0;      // first step of its routine
    std::uint32_t most = 0;      // steps at the most
};

// All routines laid out one behind the other at kernel text addresses. Built once, the same in every process.
class KernelText {
  public:
    KernelText();

    const Step* steps() const { return steps_.data(); }
    std::size_t size() const { return steps_.size(); }
    std::uint64_t address(std::uint32_t step) const { return address_[step]; }
    bool contains(std::uint64_t address) const;
    // The step at or around an address of kernel text.
    std::uint32_t step_at(std::uint64_t address) const {
        const std::uint64_t offset = address - layout::kernel_text;
        if (offset >= at_offset_.size()) [[unlikely]]
            wild_address(address, "a jump to an address that is not kernel text");
        return at_offset_[offset];
    }
    const StepDef& def(std::uint32_t step) const { return *defs_[step]; }
    const Routine& routine_of(std::uint32_t step) const { return *owner_[step]; }
    std::uint32_t entry(const Routine& r) const { return r.first_step; }
    const CompiledStretch* stretches() const { return stretches_.data(); }
    // What the longest way through the stretch that begins at `step` costs.
    Nanos stretch_cost(std::uint32_t step, const Costs& costs) const;
    std::uint64_t entry_address(const Routine& r) const { return address(entry(r)); }
    // `do_nanosleep+0x4a/0x120`
    std::string symbolize(std::uint64_t address) const;
    std::uint64_t routine_size(const Routine& r) const;
    std::span<const Routine* const> routines() const { return routines_; }
    // Registers that the routine has pushed and not popped when this step comes next, first one first (Reg numbers).
    std::span<const std::uint8_t> saved_at(std::uint32_t step) const { return saved_[step]; }
    // Entry code: nothing called it, its frame is the outermost.
    bool is_root(std::uint32_t step) const;
    bool is_interrupt_stub(std::uint32_t step) const;

  private:
    void find_saved();
    void find_stretches();

    std::vector<CompiledStretch> stretches_;
    std::vector<std::vector<std::uint8_t>> saved_;
    std::vector<const Routine*> routines_;
    std::vector<Step> steps_;
    std::vector<const StepDef*> defs_;
    std::vector<const Routine*> owner_;
    std::vector<std::uint64_t> address_;
    std::vector<std::uint32_t> first_;       // step number of each routine
    std::vector<std::uint64_t> size_;        // bytes of each routine
    std::vector<std::uint16_t> at_offset_;   // step number by offset from the start of text
};

const KernelText& kernel_text();

}  // namespace sy
