#include "sim/machine/regs.h"

namespace sy {

const char* reg_name(Reg r) {
    static constexpr const char* names[] = {"RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI",
                                            "R8",  "R9",  "R10", "R11", "R12", "R13", "R14", "R15"};
    return names[static_cast<int>(r)];
}

const char* pt_reg_name(PtReg r) {
    static constexpr const char* names[] = {"r15", "r14", "r13", "r12", "rbp", "rbx", "r11",
                                            "r10", "r9",  "r8",  "rax", "rcx", "rdx", "rsi",
                                            "rdi", "orig_rax", "rip", "cs", "rflags", "rsp", "ss"};
    return names[static_cast<int>(r)];
}

}  // namespace sy
