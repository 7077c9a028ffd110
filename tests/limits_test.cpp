// The limits are promises to users; where Linux has one too, ours is its.
#include "sim/base/limits.h"

#include <doctest/doctest.h>

TEST_CASE("limits that Linux has are Linux's") {
    CHECK(sy::limits::pid_max == 4 * 1024 * 1024);  // include/linux/threads.h, PID_MAX_LIMIT
    CHECK(sy::limits::name_chars == 15);            // include/linux/sched.h, TASK_COMM_LEN - 1
    CHECK(sy::limits::cpus == 64);
}
