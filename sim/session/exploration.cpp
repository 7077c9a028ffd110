#include "sim/session/exploration.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "sim/scenario/write.h"
#include "sim/session/expectations.h"

namespace sy {

namespace {

using Op = ExpectExpr::Op;

// What a function measures is the same however fast the CPUs are.
bool is_of_every_order(const ExpectExpr& e) {
    static constexpr std::array<std::string_view, 12> kOutcomes = {"word",    "value",  "deadlocks", "oopses",     "delivered", "errors",
                                                                    "answers", "pid",    "calls",     "coroutines", "oom_kills", "cow_copies"};
    if (e.at) return false;
    if (e.op == Op::duration) return false;
    if (e.op == Op::call && std::find(kOutcomes.begin(), kOutcomes.end(), e.name) == kOutcomes.end()) return false;
    return std::all_of(e.operands.begin(), e.operands.end(), is_of_every_order);
}

bool mentions(const ExpectExpr& e, std::string_view function) {
    return (e.op == Op::call && e.name == function) ||
           std::any_of(e.operands.begin(), e.operands.end(), [&](const ExpectExpr& o) { return mentions(o, function); });
}

}  // namespace

std::vector<std::string> expectations_of_every_order(const Scenario& scenario) {
    std::vector<std::string> out;
    for (const Expect& e : scenario.expects)
        if (is_of_every_order(e.expr)) out.push_back(e.text);
    return out;
}

ExploreOptions explore_for_expectations(const Scenario& scenario, ExploreOptions options) {
    Scenario plain = scenario;
    plain.schedule.clear();
    for (const Expect& e : scenario.expects) {
        options.deadlock_is_fine |= mentions(e.expr, "deadlocks");
        options.exceptions_are_fine |= mentions(e.expr, "delivered");
    }
    std::erase_if(plain.expects, [](const Expect& e) { return !is_of_every_order(e.expr); });
    if (plain.expects.empty()) return options;
    options.check = [plain](const Kernel& end, const Log& log) -> Text {
        for (const Verdict& v : judge(plain, end, log))
            if (!v.is_met)
                return text("line {0}: expect {1}, but {2}", "第 {0} 行：expect {1}，但 {2}", {std::to_string(v.pos.line), v.text, v.found.en});
        return {};
    };
    return options;
}

std::string scenario_of_schedule(const Scenario& scenario, const FoundSchedule& found) {
    Scenario out = scenario;
    out.schedule = found.lines;
    out.head = "A schedule found by `switchyard explore`: " + found.why.en + ".\n" + (scenario.head.empty() ? "" : "\n" + scenario.head);
    return write_scenario(out);
}

}  // namespace sy
