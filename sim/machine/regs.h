// The registers of one x86-64 CPU, as many as a kernel's context switch is about.
#pragma once

#include <array>
#include <cstdint>

namespace sy {

// The sixteen general registers in the order of their encoding (Intel SDM vol. 2, 3.1.1.1).
enum class Reg : std::uint8_t { rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15 };
constexpr int kGeneralRegs = 16;
const char* reg_name(Reg r);

// RFLAGS bits (Intel SDM vol. 1, 3.4.3). Bit 1 always reads 1.
constexpr std::uint64_t kFlagFixed = 0x2;
constexpr std::uint64_t kFlagZero = 0x40;   // the status flags: sim/machine/alu.h
constexpr std::uint64_t kFlagIf = 0x200;
// What SYSCALL clears (linux.md 5.1, MSR_SYSCALL_MASK), as far as a running program sets it.
constexpr std::uint64_t kSyscallMask = 0x47700 | 0xd5;

// Segment selectors of Linux on x86-64 (linux.md 5.1).
constexpr std::uint64_t kKernelCs = 0x10, kKernelSs = 0x18, kUserCs = 0x33, kUserSs = 0x2b;

struct Regs {
    std::array<std::uint64_t, kGeneralRegs> g{};
    std::uint64_t rip = 0;        // user mode: the address; kernel mode: kept as a step number, see Cpu::pc
    std::uint64_t rflags = kFlagFixed;
    std::uint64_t cs = kKernelCs, ss = kKernelSs;
    std::uint64_t fs_base = 0, gs_base = 0, kernel_gs_base = 0;
    std::uint64_t cr2 = 0, cr3 = 0;
    std::uint64_t fpu = 0;        // the x87/SSE/AVX block as one unit: a value that stands for its contents

    std::uint64_t& operator[](Reg r) { return g[static_cast<std::size_t>(r)]; }
    std::uint64_t operator[](Reg r) const { return g[static_cast<std::size_t>(r)]; }
    bool user() const { return (cs & 3) == 3; }
    bool interrupts_on() const { return (rflags & kFlagIf) != 0; }
};

// struct pt_regs in memory order, lowest address first (linux.md 4.3). Word 0 is r15 at the lowest address.
enum class PtReg : std::uint8_t {
    r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi, orig_rax, rip, cs, rflags, rsp, ss,
};
constexpr int kPtRegs = 21;
constexpr std::uint64_t kPtRegsBytes = 168;
const char* pt_reg_name(PtReg r);
// The general register that pt_regs word i (0..14) holds.
constexpr Reg pt_reg_source(int i) {
    constexpr Reg source[] = {Reg::r15, Reg::r14, Reg::r13, Reg::r12, Reg::rbp, Reg::rbx, Reg::r11, Reg::r10,
                              Reg::r9,  Reg::r8,  Reg::rax, Reg::rcx, Reg::rdx, Reg::rsi, Reg::rdi};
    return source[i];
}

}  // namespace sy
