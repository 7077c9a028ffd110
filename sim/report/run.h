// What `run` prints: the result of one finished run as text for people, as JSON (docs/json.md) or
// as CSV.
#pragma once

#include <string>
#include <vector>

#include "sim/base/text.h"
#include "sim/kernel/kernel.h"
#include "sim/session/expectations.h"
#include "sim/trace/record.h"

namespace sy {

struct RunResult {
    const Kernel& kernel;
    const Log& log;
    End end = End::running;
    std::vector<Verdict> verdicts;
};

std::string run_as_text(const RunResult& result, int chart_columns, Lang lang);
std::string run_as_json(const RunResult& result);
std::string run_as_csv(const RunResult& result);

// 16 hexadecimal digits.
std::string hex16(std::uint64_t value);

}  // namespace sy
