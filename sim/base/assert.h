// Assertions that stay on in every build. A user's mistake is a diagnostic, a simulated fault is data; what fires
// here is a mistake of ours, and it says where in simulated time it happened as far as the caller knows it.
#pragma once

namespace sy {

[[noreturn]] void assertion_failed(const char* condition, const char* file, int line, const char* why);

}  // namespace sy

#define SY_ASSERT(cond, why)                                             \
    do {                                                                 \
        if (!(cond)) [[unlikely]]                                        \
            ::sy::assertion_failed(#cond, __FILE__, __LINE__, why);      \
    } while (false)
