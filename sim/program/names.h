// Numbers of names that expectations use: system calls and errors.
#pragma once

#include <string_view>

namespace sy {

int syscall_number(std::string_view name);   // -1: none of ours
int error_number(std::string_view name);     // EINVAL: 22; those of a restart, too; 0: unknown

}  // namespace sy
