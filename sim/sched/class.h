// A scheduling class: one way of choosing who runs next. It owns its queues, the kernel owns the tasks; what it must
// know of a task is in Task::se. Hooks are those of Linux's struct sched_class and are called where Linux calls them.
//
// A class object serves all CPUs; every hook names the CPU. Copies are deep: they are part of the kernel's value.
// Hooks never look at a clock: `now` is the rq clock of that CPU.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/base/fingerprint.h"
#include "sim/model/task.h"
#include "sim/sched/picture.h"

namespace sy {

namespace pelt {
struct Rq;   // pelt.h
}

// Weights of nice levels, linux.md 6.4.1.
struct Weight {
    std::uint32_t weight, inverse;
};

// The machine as a class sees it while a hook runs.
struct SchedView {
    TaskTable& tasks;
    CpuId cpu;
    Nanos now;

    Task& task(TaskId id) { return tasks.mut(id); }
    const Task& peek(TaskId id) const { return tasks[id]; }
};

// changed: its policy or priority is another one; changed_to_head: and lower than it was (linux.md 6.6).
enum class Enqueue : std::uint8_t { wakeup, fresh, put_back, migrated, changed, changed_to_head };
enum class Dequeue : std::uint8_t { sleep, picked, migrated, changed };

// Why a task is picked: the winner, the candidates with their numbers, and the rule that decided, in words.
struct PickReason {
    TaskId winner = kNoTask;
    std::vector<QueueRow> candidates;   // in pick order, the first eight
    std::size_t candidate_count = 0;
    std::string rule, rule_zh;          // one sentence
    std::string tie, tie_zh;            // the rule that broke a tie, empty if there was none
    QueuePicture queue;                 // the structure from which the pick was made
};

class SchedClass {
  public:
    virtual ~SchedClass() = default;
    virtual std::unique_ptr<SchedClass> clone() const = 0;

    // The task becomes runnable on v.cpu. It is not queued anywhere.
    virtual void enqueue(SchedView v, TaskId task, Enqueue why) = 0;
    // The task stops being runnable (or leaves this CPU). It may be the running one.
    virtual void dequeue(SchedView v, TaskId task, Dequeue why) = 0;
    // The task that should run next; kNoTask: nobody. `prev` was put back before if it is still runnable.
    virtual TaskId pick_next(SchedView v) = 0;
    // `task` starts to run: it leaves the queue's structure but stays counted.
    virtual void set_next(SchedView v, TaskId task) = 0;
    // `task` stops running but stays runnable: back into the structure.
    virtual void put_prev(SchedView v, TaskId task) = 0;
    // Charge the running task for the time since it was last charged.
    virtual void update_curr(SchedView v, TaskId curr) = 0;
    // A tick while `curr` runs. True: ask for a reschedule.
    virtual bool tick(SchedView v, TaskId curr) = 0;
    // `wakee` has just been enqueued while `curr` runs. True: it should preempt.
    virtual bool check_preempt(SchedView v, TaskId curr, TaskId wakee) = 0;
    virtual void yield(SchedView v, TaskId curr) = 0;
    // A new task gets its place before its first enqueue; `parent` may be kNoTask (arrived from outside).
    virtual void fork(SchedView v, TaskId parent, TaskId child) = 0;
    // The nice value of a task changes from se.weight to that of `nice`; it may be queued, running or neither.
    virtual void reweight(SchedView v, TaskId task, bool queued) = 0;
    // A task leaves `from` for another CPU's queue while asleep or queued (after dequeue, before enqueue).
    virtual void migrate(SchedView v, TaskId task, CpuId to) = 0;
    // sched_setattr: a slice of its own for a task of a fair class that has slices; 0: the default one again.
    virtual void set_slice(SchedView, TaskId, Nanos) {}
    // A higher class has the CPU now, although this one's running task was put back and may be its best.
    virtual void passed_over(SchedView) {}
    // A task that is not queued here leaves this class for another one, or comes from one (sched_setscheduler).
    virtual void leave_class(SchedView, TaskId) {}
    virtual void join_class(SchedView, TaskId) {}
    // When the running task's quantum ends exactly, if this class asks for a timer; kNever: ticks are enough.
    virtual Nanos slice_end(SchedView v, TaskId curr) const = 0;
    // That timer rang. True: ask for a reschedule.
    virtual bool slice_over(SchedView v, TaskId curr) = 0;

    // Runnable tasks of a CPU, the running one included.
    virtual std::uint32_t runnable(CpuId cpu) const = 0;
    // The queue in pick order (for a tree: its nodes by key), the running task not included; at most `most` rows.
    virtual std::vector<QueueRow> rows(const TaskTable& tasks, CpuId cpu, std::size_t most) const = 0;
    virtual bool is_tree() const = 0;
    // For drawing: the nodes of the structure itself, those of sleepers that are still in it too (QueueRow::delayed).
    virtual std::vector<QueueRow> tree_rows(const TaskTable& tasks, CpuId cpu, std::size_t most) const {
        return rows(tasks, cpu, most);
    }
    // The queue as its own structure, with the numbers that the policy keeps for each task; at most `most` tasks. By
    // default the rows: one band, a tree or a line.
    virtual QueuePicture picture(const TaskTable& tasks, CpuId cpu, std::size_t most) const;
    // The numbers of one of its tasks for that.
    virtual NamedNumbers entry_numbers(const TaskTable&, CpuId, const QueueRow&) const { return {}; }
    // Numbers of the queue itself for the panel: {"min_vruntime", 123}.
    virtual std::vector<std::pair<std::string, std::int64_t>> numbers(CpuId cpu) const = 0;
    // What pick_next would choose now, and why. `prev` is the running task if it stays runnable, else kNoTask.
    virtual PickReason explain(const TaskTable& tasks, CpuId cpu, TaskId prev) const = 0;
    // Weight of the runnable tasks of a CPU, for balancing.
    virtual std::uint64_t load(CpuId cpu) const { return runnable(cpu) * std::uint64_t{1024}; }
    // --- what few classes need; asked once at boot or on slow paths ---
    // When this class wants to be called on that CPU, whatever runs there (replenishments); kNever: not at all.
    virtual Nanos next_timer(CpuId) const { return kNever; }
    // That moment has come. A bit for each CPU that must choose anew.
    virtual std::uint64_t timer(SchedView) { return 0; }
    // pick_next may return a task that stood on another CPU's queue (never one with on_cpu there): the kernel moves it.
    virtual bool takes_from_other_cpus() const { return false; }
    // Does somebody wait whom pick_next would return on this CPU, which is idle? Only if takes_from_other_cpus().
    virtual bool has_work_for(const TaskTable&, CpuId) const { return false; }
    // Tasks are placed and moved between CPUs by Linux's rules (linux.md 6.9).
    virtual bool balances() const { return false; }
    // The part that knows about task groups, if there is one.
    virtual class GroupScheduler* groups() { return nullptr; }
    const class GroupScheduler* groups() const { return const_cast<SchedClass*>(this)->groups(); }
    // What stands above this queue in a hierarchy of groups: the runnable tasks of the whole CPU and, level by level,
    // the weight of this queue's entity and of the queue it stands in (CFS shares its period by them).
    virtual void set_above(CpuId /*cpu*/, std::uint32_t /*h_nr*/, std::span<const std::pair<std::uint64_t, std::uint64_t>>) {}
    // --- PELT (pelt.h): classes that keep averages ---
    // Averages of the queue of a CPU; null: this class keeps none.
    virtual const pelt::Rq* averages(CpuId) const { return nullptr; }
    virtual pelt::Rq* averages(CpuId) { return nullptr; }
    // task_h_load: what a task contributes to its CPU's load_avg; in a group its part of the group's.
    virtual std::uint64_t h_load(SchedView v, TaskId task) const { return v.peek(task).se.weight; }
    // sched_balance_update_blocked_averages: what slept meanwhile has decayed.
    virtual void update_blocked(SchedView) {}
    // A task that is not queued leaves for another group.
    virtual void detach_averages(SchedView, TaskId) {}
    // The entity of a group takes over what its own queue's averages have become; `h_nr`: its runnable tasks.
    virtual void follow_group(SchedView, TaskId /*entity*/, pelt::Rq& /*group*/, std::uint64_t /*group_weight*/,
                              std::uint32_t /*h_nr*/, bool /*queued*/) {}
    // An entity whose weight is not that of a nice value.
    virtual void set_weight(SchedView, TaskId, Weight, bool /*queued*/) {}
    // Wants Task::next_burst at each wakeup.
    virtual bool wants_bursts() const { return false; }
    // All CPUs that `wakee` may use are busy: where would it preempt? Only if takes_from_other_cpus().
    virtual CpuId preempt_where(SchedView, TaskId /*wakee*/, CpuId otherwise) { return otherwise; }

    // --- a person chooses (hand.cpp) ---
    // How many decisions were made so far: picks among two or more.
    virtual std::uint64_t decisions() const { return 0; }
    // The next decision is for this task, if it can be had then.
    virtual void choose_next(TaskId) {}

    // Everything that can change a decision.
    virtual void mix(Fingerprint& print) const = 0;
    // Links, counts and order are as they must be; text of the first fault, empty if none.
    virtual std::string check(const TaskTable& tasks, CpuId cpu) const = 0;
};

// A class as one copyable value.
template <class Class>
class ClassBox {
  public:
    ClassBox() = default;
    explicit ClassBox(std::unique_ptr<Class> c) : class_(std::move(c)) {}
    ClassBox(const ClassBox& o) : class_(o.class_ ? static_cast<Class*>(o.class_->clone().release()) : nullptr) {}
    ClassBox(ClassBox&&) noexcept = default;
    ClassBox& operator=(ClassBox o) noexcept {
        std::swap(class_, o.class_);
        return *this;
    }
    explicit operator bool() const { return class_ != nullptr; }
    Class* operator->() { return class_.get(); }
    const Class* operator->() const { return class_.get(); }
    Class& operator*() { return *class_; }
    const Class& operator*() const { return *class_; }

  private:
    std::unique_ptr<Class> class_;
};
using SchedClassBox = ClassBox<SchedClass>;

// What order two things have that happen at one instant. `arrival_first` is the default: a task that arrives at the
// very moment a quantum ends is queued before the one whose quantum ended (Silberschatz, Galvin, Gagne, Operating
// System Concepts 10e, 5.3.4 and most courses).
enum class TieRule : std::uint8_t { arrival_first, expired_first };

struct SchedOptions {
    int cpus = 1;
    int hz = 250;
    std::vector<std::pair<std::string, std::string>> settings;   // as written in the scenario
    std::uint64_t seed = 1;                                      // of policies that draw
};

// The kernel's tunable_scaling of times by CPUs, 8 at most: 1 + floor(log2) (log, the default), 1 (none), or their number
// (linear); linux.md 6.4.3. 0: the scenario gives another word.
int cpu_factor(const SchedOptions& options);

// One setting of a policy.
struct PolicyOption {
    std::string_view key, usage, help, help_zh;
};

// One policy: the row that command line, language, help and documentation read.
struct PolicyInfo {
    std::string_view name;
    std::string_view title, title_zh;
    std::string_view source;            // where its rules come from
    std::span<const PolicyOption> options;
    // Null and an error text if a setting is wrong.
    std::unique_ptr<SchedClass> (*make)(const SchedOptions&, std::string& error);
};
std::span<const PolicyInfo* const> policies();
const PolicyInfo* find_policy(std::string_view name);

Weight weight_of_nice(int nice);
// That of its nice value; SCHED_IDLE has 3 (linux.md 6.4.1).
Weight weight_of(const Task& task);

// Reads `2ms`, `500us`, `1s`, `800ns`; -1 if it is not a duration.
Nanos parse_duration_setting(std::string_view text);
// The same; a bare number counts in the unit that the name of a kernel setting ends in (_ns, _us, _ms).
Nanos parse_duration_setting(std::string_view text, std::string_view name);

}  // namespace sy
