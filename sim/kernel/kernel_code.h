// Kernel code written in a scenario: bodies of kthreads, tasklets and ioctls are the same kind of program as a process's,
// run in kernel mode. R12 says where it is: the program's number in the upper half, the operation's in the lower;
// RBX counts down a burst, R13 to R15 hold loop counters. All of them are callee-saved: a switch keeps them.
#pragma once

#include "sim/kernel/context.h"

namespace sy {

constexpr int kCodeShift = 32;

inline std::uint64_t code_address(std::uint32_t program, std::uint64_t op) {
    return (std::uint64_t{program} << kCodeShift) | op;
}
inline const UserOp& code_at(const Kernel& k, std::uint64_t address) {
    return k.image().programs[address >> kCodeShift].ops[address & 0xffff'ffff];
}

}  // namespace sy
