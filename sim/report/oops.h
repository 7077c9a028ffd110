// What a kernel that was broken on purpose says at its end, in the layout of arch/x86/kernel/dumpstack.c and
// process_64.c (Linux 6.1), and the first step that was not the sound kernel's.
#pragma once

#include <string>

#include "sim/base/text.h"
#include "sim/kernel/kernel.h"
#include "sim/session/crime.h"

namespace sy {

struct OopsReport {
    const Kernel& kernel;
    End end;
    const Crime* crime;      // null: it never differed
};

// The kernel's own lines; empty if there was no oops. `Code:` shows steps in place of bytes: the one at RIP in <…>.
std::string oops_lines(const Kernel& kernel);
std::string oops_as_text(const OopsReport& report, Lang lang);
std::string oops_as_json(const OopsReport& report, Lang lang);

}  // namespace sy
