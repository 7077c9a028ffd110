// Changes of policy that the kernel refused, in words: the admission test of SCHED_DEADLINE (EBUSY), a deadline task that
// may not use all CPUs (EPERM), parameters out of range (EINVAL). From the log's sched_setattr_failed records.
#pragma once

#include <string>
#include <vector>

#include "sim/base/text.h"
#include "sim/kernel/kernel.h"
#include "sim/trace/record.h"

namespace sy {

struct Refusal {
    Nanos at = 0;
    TaskId task = kNoTask;
    Policy policy = Policy::normal;
    std::string error = {};   // "EBUSY"
    Text why = {};            // the whole sentence
};
std::vector<Refusal> refusals(const Kernel& k, const Log& log);

}  // namespace sy
