// The idle class: one task for each CPU (swapper/N), always runnable, picked when nobody else is. It is never queued;
// the kernel runs it when the chain finds no task at all. linux.md 6.1, 6.11 (kernel/sched/idle.c).
#include "sim/base/assert.h"
#include "sim/sched/chain.h"

namespace sy {

namespace {

class IdleClass final : public SchedClass {
  public:
    std::unique_ptr<SchedClass> clone() const override { return std::make_unique<IdleClass>(*this); }
    void enqueue(SchedView, TaskId, Enqueue) override { SY_ASSERT(false, "the idle task is never queued"); }
    void dequeue(SchedView, TaskId, Dequeue) override { SY_ASSERT(false, "the idle task never sleeps"); }
    TaskId pick_next(SchedView) override { return kNoTask; }
    void set_next(SchedView, TaskId) override {}
    void put_prev(SchedView, TaskId) override {}
    void update_curr(SchedView, TaskId) override {}
    bool tick(SchedView, TaskId) override { return false; }
    bool check_preempt(SchedView, TaskId, TaskId) override { return true; }   // anybody preempts it
    void yield(SchedView, TaskId) override {}
    void fork(SchedView, TaskId, TaskId) override {}
    void reweight(SchedView, TaskId, bool) override {}
    void migrate(SchedView, TaskId, CpuId) override {}
    Nanos slice_end(SchedView, TaskId) const override { return kNever; }
    bool slice_over(SchedView, TaskId) override { return false; }
    std::uint32_t runnable(CpuId) const override { return 0; }
    std::vector<QueueRow> rows(const TaskTable&, CpuId, std::size_t) const override { return {}; }
    bool is_tree() const override { return false; }
    std::vector<std::pair<std::string, std::int64_t>> numbers(CpuId) const override { return {}; }
    PickReason explain(const TaskTable&, CpuId, TaskId) const override { return {}; }
    void mix(Fingerprint&) const override {}
    std::string check(const TaskTable&, CpuId) const override { return {}; }
};

}  // namespace

std::unique_ptr<SchedClass> make_idle_class(int) { return std::make_unique<IdleClass>(); }

}  // namespace sy
