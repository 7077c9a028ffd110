// Ways to break the kernel on purpose: each leaves out or changes one step of it, and the machine then goes wrong by
// itself. What a scenario calls them, and what they do; sim/kernel/broken.cpp does it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "sim/base/source_pos.h"
#include "sim/machine/regs.h"

namespace sy {

enum class Breakage : std::uint8_t {
    forget_callee_saved,
    forget_rflags,
    forget_swapgs,
    forget_need_resched,
    forget_mm_reference,
    forget_tlb_flush,
    forget_retest,
    forget_softirq_limit,
    keep_cr3,
    keep_stack,
    keep_interrupts,
    share_stack,
    small_stack,
    plain_counter,
};

struct BreakageInfo {
    Breakage kind;
    std::string_view words;      // as a scenario writes it: two words
    std::string_view example;    // with its argument, if it takes one
    bool takes_register;
    std::string_view what, what_zh;
};

// All of them, in the order of the enumeration.
std::span<const BreakageInfo> breakages();
const BreakageInfo& breakage_info(Breakage kind);
// RBX, RBP, R12 to R15: the registers that a called function must preserve and __switch_to_asm saves (linux.md 5.5).
std::span<const Reg> callee_saved_registers();
std::optional<Reg> callee_saved_register(std::string_view name);   // "rbx"; nothing if it is none of them

// One line `break …` of a scenario.
struct BreakDecl {
    Breakage kind = Breakage::forget_callee_saved;
    Reg reg = Reg::rbx;          // of forget_callee_saved
    SourcePos pos;

    friend bool operator==(const BreakDecl&, const BreakDecl&) = default;
};

}  // namespace sy
