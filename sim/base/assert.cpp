#include "sim/base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace sy {

void assertion_failed(const char* condition, const char* file, int line, const char* why) {
    std::fprintf(stderr, "switchyard: internal error at %s:%d: %s (%s)\n", file, line, why, condition);
    std::abort();
}

}  // namespace sy
