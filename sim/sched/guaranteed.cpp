// Guaranteed share: with n processes each is promised 1/n of the CPU from the moment it came. Who
// has had the least of what it was promised runs next.
//
// Tanenbaum, Bos, Modern Operating Systems 4e, 2.4.3 "Guaranteed Scheduling". What was promised is
// (time since it came) / n; n is the same for all, so the ratios compare as CPU time / age, as
// fractions and exactly. Time asleep counts as age, as the book has it: a sleeper comes back owed
// much. The book runs a process until its ratio has passed its nearest rival's; here the comparison
// is made at each end of a quantum. Equal ones: first come, first served.
#include <algorithm>

#include "sim/sched/textbook.h"

namespace sy {

namespace {

class Guaranteed final : public TextbookPolicy<Guaranteed> {
  public:
    using TextbookPolicy::TextbookPolicy;

  protected:
    int compare(const Look& look, TaskId a, TaskId b) const override {
        const auto x = static_cast<__int128>(had(look, a)) * age(look, b);
        const auto y = static_cast<__int128>(had(look, b)) * age(look, a);
        return x < y ? -1 : x > y;
    }
    // CPU time for each thousand of its age.
    std::int64_t key(const Look& look, TaskId task) const override {
        return static_cast<std::int64_t>(static_cast<__int128>(had(look, task)) * 1000 /
                                         age(look, task));
    }
    Rule rule() const override {
        return {"it has had the least of what it was promised: CPU time / age is the lowest",
                "它得到的占应得的最少：CPU 时间 / 存在时间最小"};
    }

    void describe(const Look& look, TaskId task, NamedNumbers& out) const override {
        out.push_back({"part_milli", key(look, task)});
        out.push_back({"had_ns", had(look, task)});
        out.push_back({"age_ns", age(look, task)});
    }

  private:
    static Nanos had(const Look& look, TaskId task) {
        return static_cast<Nanos>(look.tasks[task].se.sum_exec_runtime);
    }
    // A newcomer has had 0 of it.
    static Nanos age(const Look& look, TaskId task) {
        return std::max<Nanos>(1, look.now - look.tasks[task].arrival);
    }
};

constexpr PolicyOption options[] = {
    {"quantum", "quantum=10ms", "time between two comparisons (default 10 ms)",
     "两次比较之间的时间（默认 10 ms）"},
    kTieOption,
    kEqualOption,
    kQueuesOption,
};

std::unique_ptr<SchedClass> make_guaranteed(const SchedOptions& o, std::string& error) {
    return make_textbook<Guaranteed>(o, options, error, {.quantum = 10 * kMilli});
}

}  // namespace

extern const PolicyInfo guaranteed_policy;
const PolicyInfo guaranteed_policy = {"guaranteed",
                                      "guaranteed share, 1/n of the CPU for each of n",
                                      "保证份额：n 个进程各得 1/n 的 CPU",
                                      "Tanenbaum, Bos, Modern Operating Systems 4e, 2.4.3",
                                      options,
                                      make_guaranteed};

}  // namespace sy
