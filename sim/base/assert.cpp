#include "sim/base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace sy {

thread_local int BrokenGround::depth_ = 0;

void assertion_failed(const char* condition, const char* file, int line, const char* why) {
    if (BrokenGround::is_here()) throw KernelFault{why};
    std::fprintf(stderr, "switchyard: internal error at %s:%d: %s (%s)\n", file, line, why, condition);
    std::abort();
}

void wild_address(std::uint64_t address, const char* why) {
    if (BrokenGround::is_here()) throw KernelFault{why, true, address};
    std::fprintf(stderr, "switchyard: internal error: %s (0x%llx)\n", why, static_cast<unsigned long long>(address));
    std::abort();
}

}  // namespace sy
