// struct rt_sigframe of x86-64 as it lies on the user stack (arch/x86/include/asm/sigframe.h, uapi/asm/sigcontext.h,
// asm-generic/ucontext.h): offsets in bytes from its lowest address, where RSP points when the handler begins.
#pragma once

#include <cstdint>

#include "sim/machine/regs.h"

namespace sy::sigframe {

constexpr std::uint64_t pretcode = 0;                      // where the handler returns to: the restorer
constexpr std::uint64_t uc = 8;                            // struct ucontext: RDX of the handler
constexpr std::uint64_t uc_flags = uc, uc_link = uc + 8, uc_stack = uc + 16;   // ss_sp, ss_flags, ss_size
constexpr std::uint64_t uc_mcontext = uc + 40;             // struct sigcontext
constexpr std::uint64_t sc_segments = uc_mcontext + 144;   // cs, gs, fs, ss: 16 bits each
constexpr std::uint64_t sc_err = uc_mcontext + 152, sc_trapno = uc_mcontext + 160, sc_oldmask = uc_mcontext + 168,
                        sc_cr2 = uc_mcontext + 176, sc_fpstate = uc_mcontext + 184;
constexpr std::uint64_t uc_sigmask = uc + 296;
constexpr std::uint64_t info = uc + 304;                   // struct siginfo, 128 bytes: RSI of the handler
constexpr std::uint64_t bytes = info + 128;                // 440
constexpr std::uint64_t redzone = 128;                     // below RSP, the function's own: left alone
constexpr std::uint64_t xsave_bytes = 832 + 4;             // x87+SSE+AVX and the magic word behind (linux.md 1.5)

// The eighteen words with which sigcontext begins, in order.
constexpr PtReg registers[] = {PtReg::r8,  PtReg::r9,  PtReg::r10, PtReg::r11, PtReg::r12, PtReg::r13,
                               PtReg::r14, PtReg::r15, PtReg::rdi, PtReg::rsi, PtReg::rbp, PtReg::rbx,
                               PtReg::rdx, PtReg::rax, PtReg::rcx, PtReg::rsp, PtReg::rip, PtReg::rflags};
constexpr std::uint64_t register_at(int i) { return uc_mcontext + 8 * static_cast<std::uint64_t>(i); }

// uc_flags: UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS.
constexpr std::uint64_t kUcFlags = 7;
constexpr std::uint64_t kSsDisable = 2;                    // no alternate signal stack

// Where the frame and the FPU image above it begin, for a stack pointer in user mode.
constexpr std::uint64_t fpstate_below(std::uint64_t rsp) { return (rsp - redzone - xsave_bytes) & ~std::uint64_t{63}; }
constexpr std::uint64_t frame_below(std::uint64_t fpstate) {
    return ((fpstate - bytes) & ~std::uint64_t{15}) - 8;   // as if a call had pushed pretcode: 16-aligned before it
}

}  // namespace sy::sigframe
