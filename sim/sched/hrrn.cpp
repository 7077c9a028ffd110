// Highest response ratio next: of those in line the one whose (time waited + burst) / burst is
// largest runs, until it waits or exits. Short tasks go first, but the longer one waits the larger
// its ratio grows: nobody starves.
//
// Stallings, Operating Systems 9e, 9.2 (not preemptive). Bursts are known in advance:
// sim/kernel/burst.h. Ratios are compared as fractions, exactly. Equal ones: first come, first
// served.
#include "sim/sched/textbook.h"

namespace sy {

namespace {

class Hrrn final : public TextbookPolicy<Hrrn> {
  public:
    using TextbookPolicy::TextbookPolicy;
    bool wants_bursts() const override { return true; }

  protected:
    // waited(a) / burst(a) against waited(b) / burst(b); no burst at all is an endless ratio.
    int compare(const Look& look, TaskId a, TaskId b) const override {
        const auto x = static_cast<__int128>(waited(look, a)) * left(look, b);
        const auto y = static_cast<__int128>(waited(look, b)) * left(look, a);
        const bool a_none = left(look, a) == 0, b_none = left(look, b) == 0;
        if (a_none || b_none) return a_none == b_none ? 0 : a_none ? -1 : 1;
        return x > y ? -1 : x < y;
    }
    // In thousandths.
    std::int64_t key(const Look& look, TaskId task) const override {
        const Nanos burst = left(look, task);
        if (burst == 0) return 0;
        return static_cast<std::int64_t>(static_cast<__int128>(waited(look, task) + burst) * 1000 /
                                         burst);
    }
    Rule rule() const override {
        return {"its response ratio, (waited + burst) / burst, is the highest",
                "它的响应比（等待时间 + 执行期）/ 执行期最高"};
    }

    void describe(const Look& look, TaskId task, NamedNumbers& out) const override {
        out.push_back({"ratio_milli", key(look, task)});
        out.push_back({"waited_ns", waited(look, task)});
        out.push_back({"burst_ns", left(look, task)});
    }

  private:
    Nanos waited(const Look& look, TaskId task) const { return look.now - card(task).since; }
};

constexpr PolicyOption options[] = {kEqualOption, kQueuesOption};

std::unique_ptr<SchedClass> make_hrrn(const SchedOptions& o, std::string& error) {
    return make_textbook<Hrrn>(o, options, error);
}

}  // namespace

extern const PolicyInfo hrrn_policy;
const PolicyInfo hrrn_policy = {"hrrn",           "highest response ratio next",
                                "最高响应比优先", "Stallings, Operating Systems 9e, 9.2",
                                options,          make_hrrn};

}  // namespace sy
