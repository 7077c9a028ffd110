// First come, first served: the task that has been in line longest runs until it waits or exits.
// Nobody starves, but one long task holds up all the short ones behind it: the convoy effect.
//
// Silberschatz, Galvin, Gagne, Operating System Concepts 10e, 5.3.1; OSTEP 7.3 (FIFO). A task that
// comes back from waiting goes to the end of the line.
#include "sim/sched/textbook.h"

namespace sy {

namespace {

class Fcfs final : public TextbookPolicy<Fcfs> {
  public:
    using TextbookPolicy::TextbookPolicy;

  protected:
    std::int64_t key(const Look&, TaskId task) const override { return card(task).order; }
    Rule rule() const override {
        return {"it came first: it is first in line", "它最先到：排在队首"};
    }
};

constexpr PolicyOption options[] = {kQueuesOption};

std::unique_ptr<SchedClass> make_fcfs(const SchedOptions& o, std::string& error) {
    return make_textbook<Fcfs>(o, options, error);
}

}  // namespace

extern const PolicyInfo fcfs_policy;
const PolicyInfo fcfs_policy = {
    "fcfs",       "first come, first served",
    "先来先服务", "Silberschatz, Galvin, Gagne 10e, 5.3.1; OSTEP 7.3 (FIFO)",
    options,      make_fcfs};

}  // namespace sy
