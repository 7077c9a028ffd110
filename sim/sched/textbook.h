// What the textbook policies have in common: one line of runnable tasks for all CPUs (or one for
// each, with stealing), quanta that end exactly, and a card for each task on which the policy
// writes. A policy says which of two tasks goes first; the rest is here. How to write one:
// sim/sched/README.md.
//
// The machine's own threads (init, kthreadd, ksoftirqd and the like) are no part of a textbook's
// problem: they always go first, in order of arrival. A kernel thread that the scenario declares
// counts as a process.
#pragma once

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "sim/sched/class.h"

namespace sy {

// The card of a task.
struct Card {
    std::int64_t order = 0;  // place in line: the lower one stands before
    Nanos since = 0;         // in line since
    Nanos left = 0;          // what remains of its CPU burst
    Nanos ran = 0;           // of its CPU burst
    Nanos turn = 0;          // what remains of its turn (mlfq)
    std::int64_t pass = 0;   // stride
    std::int32_t level = 0;  // mlfq: 0 is the highest
    std::int32_t turns = 0;  // mlfq: turns left at this level
    bool runs = false;
    bool known = false;  // it has been in line before
};

// A moment at which tasks are compared.
struct Look {
    const TaskTable& tasks;
    Nanos now;
};

// What all textbook policies can be told.
struct TextbookSettings {
    Nanos quantum = 0;         // 0: a turn has no end
    bool shared = true;        // one line for all CPUs
    bool equal_by_id = false;  // between equals the lower task id, not the place in line
    bool preempted_last =
        false;  // who is preempted goes to the end of the line, not back to its place
};

class Textbook : public SchedClass {
  public:
    Textbook(int cpus, const TextbookSettings& settings);

    void enqueue(SchedView v, TaskId task, Enqueue why) final;
    void dequeue(SchedView v, TaskId task, Dequeue why) final;
    TaskId pick_next(SchedView v) final;
    void set_next(SchedView v, TaskId task) final;
    void put_prev(SchedView v, TaskId task) final;
    void update_curr(SchedView v, TaskId curr) final;
    bool tick(SchedView v, TaskId curr) override;
    bool check_preempt(SchedView v, TaskId curr, TaskId wakee) final;
    void yield(SchedView v, TaskId curr) final;
    void fork(SchedView, TaskId, TaskId) final {}
    void reweight(SchedView v, TaskId task, bool queued) final;
    void migrate(SchedView, TaskId, CpuId) final {}
    Nanos slice_end(SchedView v, TaskId curr) const override;
    bool slice_over(SchedView v, TaskId curr) override;
    std::uint32_t runnable(CpuId cpu) const final { return count_[cpu]; }
    std::vector<QueueRow> rows(const TaskTable& tasks, CpuId cpu, std::size_t most) const final;
    bool is_tree() const final { return false; }
    std::vector<std::pair<std::string, std::int64_t>> numbers(CpuId cpu) const override;
    PickReason explain(const TaskTable& tasks, CpuId cpu, TaskId prev) const final;
    // One band for the shared line, or one for each CPU.
    QueuePicture picture(const TaskTable& tasks, CpuId cpu, std::size_t most) const override;
    void mix(Fingerprint& print) const override;
    std::string check(const TaskTable& tasks, CpuId cpu) const final;
    bool takes_from_other_cpus() const final { return true; }
    bool has_work_for(const TaskTable& tasks, CpuId cpu) const final;
    bool wants_bursts() const override { return false; }
    CpuId preempt_where(SchedView v, TaskId wakee, CpuId otherwise) final;

  protected:
    struct Rule {
        const char* text;
        const char* zh;
    };
    // --- what a policy says ---
    // Negative: a goes before b; 0: the place in line decides.
    virtual int compare(const Look&, TaskId, TaskId) const { return 0; }
    // The number it goes by, for tables.
    virtual std::int64_t key(const Look& look, TaskId task) const = 0;
    // Why the winner was chosen, and what decides between equals.
    virtual Rule rule() const = 0;
    // May a task that arrives take the CPU from one that runs?
    virtual bool preemptive() const { return false; }
    // Among equals: may `wakee`, which stands before `curr` in line, take the CPU from it?
    virtual bool front_preempts() const { return false; }
    // A pick is about to be made at this moment.
    virtual void before_pick(const Look&) {}
    // Which of `line` (in order, not empty) runs. `tie`: equals were told apart by their place.
    virtual TaskId decide(const Look& look, const std::vector<TaskId>& line, bool& tie) const;
    // `decide` was asked in earnest, with so many to choose from.
    virtual void decided(std::size_t) {}
    // It comes from outside or from its sleep; the card has its new place and burst.
    virtual void arrived(const Look&, TaskId, bool /*is_new*/) {}
    virtual void ran(const Look&, TaskId, Nanos) {}
    virtual void slept(TaskId) {}
    // Preempted at the very moment its turn ended: that counts as the end of its turn.
    virtual bool turn_is_spent(const SchedView& v, TaskId) const {
        return settings_.quantum > 0 && v.now >= turn_start_[v.cpu] + settings_.quantum;
    }
    // Its turn is over: it goes to the end of the line.
    virtual void turn_over(const Look&, TaskId) {}
    virtual void mix_card(Fingerprint&, const Card&) const {}
    // The numbers that it keeps for a task, for panels and for `why`.
    virtual void describe(const Look& look, TaskId task, NamedNumbers& out) const {
        if (!card(task).runs) out.push_back({"waited_ns", std::max<Nanos>(0, look.now - card(task).since)});
    }
    // What was special about the last `decide` (the drawn ticket).
    virtual void describe_pick(QueuePicture&) const {}

    Card& card(TaskId task);
    const Card& card(TaskId task) const;
    // What remains of the burst, also while it runs.
    Nanos left(const Look& look, TaskId task) const;
    void sort_line();  // after places were changed
    void to_the_end(TaskId task) { card(task).order = ++last_place_; }
    const std::vector<TaskId>& line() const { return line_; }
    const std::vector<TaskId>& running() const { return curr_; }  // by CPU, or kNoTask
    Nanos quantum() const { return settings_.quantum; }
    Nanos turn_start(CpuId cpu) const { return turn_start_[cpu]; }
    bool others_wait(const TaskTable& tasks, CpuId cpu) const;
    std::vector<TaskId> candidates(const TaskTable& tasks, CpuId cpu) const;
    // A task as an entry of a picture.
    QueueEntry entry(const Look& look, TaskId task) const;
    // Those who run on the CPUs that share a line with `cpu`, the machine's threads left out.
    std::vector<TaskId> running_beside(const TaskTable& tasks, CpuId cpu) const;
    bool is_shared() const { return settings_.shared; }
    Look look_at(const TaskTable& tasks, CpuId cpu) const { return {tasks, now_[cpu]}; }
    // Time since it was last charged; 0 if it does not run.
    static Nanos uncharged(const Look& look, const Card& c, TaskId task) {
        return c.runs ? std::max<Nanos>(0, look.now - look.tasks[task].se.exec_start) : 0;
    }
    static bool of_the_machine(const Task& t) {
        return (t.is_kthread() && !t.runs_program) || t.pid == 1;
    }

  private:
    bool fits(const TaskTable& tasks, TaskId task, CpuId cpu, bool steal) const;
    bool goes_first(const Look& look, TaskId a, TaskId b) const;
    void take_out(TaskTable& tasks, TaskId task);
    void put_in(TaskTable& tasks, TaskId task);

    TextbookSettings settings_;
    std::vector<TaskId> line_;          // who waits, in order of `order`
    std::vector<TaskId> curr_;          // by CPU
    std::vector<std::uint32_t> count_;  // by CPU: it and those whom the kernel put there
    std::vector<Nanos> turn_start_, now_;
    std::vector<std::uint8_t> over_;  // the running one's turn is over
    std::vector<Card> cards_;
    std::int64_t last_place_ = 0;
};

// A policy derives from this with its own name: it can then be copied.
template <class T>
class TextbookPolicy : public Textbook {
  public:
    using Textbook::Textbook;
    std::unique_ptr<SchedClass> clone() const override {
        return std::make_unique<T>(static_cast<const T&>(*this));
    }
};

// For policies that go by the length of the next CPU burst.
template <class T>
class BurstPolicy : public TextbookPolicy<T> {
  public:
    using TextbookPolicy<T>::TextbookPolicy;
    bool wants_bursts() const override { return true; }

  protected:
    int compare(const Look& look, TaskId a, TaskId b) const override {
        const Nanos x = this->left(look, a), y = this->left(look, b);
        return x < y ? -1 : x > y;
    }
    std::int64_t key(const Look& look, TaskId task) const override {
        return this->left(look, task);
    }
    void describe(const Look& look, TaskId task, NamedNumbers& out) const override {
        out.push_back({"burst_left_ns", this->left(look, task)});
        out.push_back({"ran_ns", this->card(task).ran});
    }
};

// Settings. Each reader says whether it knows the key and sets `ok`.
bool read_textbook_setting(const std::string& key, const std::string& value, TextbookSettings& s,
                           bool& ok);
bool read_number(const std::string& value, std::int64_t low, std::int64_t high, std::int64_t& out);

// All settings at once; only keys of `known` are accepted. False: `error` is the one that is wrong.
bool read_textbook_settings(const SchedOptions& options, std::span<const PolicyOption> known,
                            TextbookSettings& s, std::string& error);
// Makes a policy that has no settings of its own.
template <class T>
std::unique_ptr<SchedClass> make_textbook(const SchedOptions& o,
                                          std::span<const PolicyOption> known, std::string& error,
                                          TextbookSettings s = {}) {
    if (!read_textbook_settings(o, known, s, error)) return nullptr;
    return std::make_unique<T>(o.cpus, s);
}

inline constexpr PolicyOption kEqualOption = {
    "equal", "equal=fifo|id",
    "between equals: first come, first served (default; Silberschatz 5.3.2), or the lower task id "
    "(as tables are worked out by hand)",
    "相等时：先来先服务（默认；Silberschatz 5.3.2），或任务编号小者先（手工推表的做法）"};
inline constexpr PolicyOption kPreemptedOption = {
    "preempted", "preempted=place|end",
    "who is preempted keeps its place among equals (default; POSIX), or goes to the end of the "
    "line "
    "(Stallings 9.2)",
    "被抢占者在同级中保留位置（默认；POSIX），或排到队尾（Stallings 9.2）"};
inline constexpr PolicyOption kQueuesOption = {
    "queues", "queues=shared|per-cpu",
    "one line for all CPUs (default), or one for each; an idle CPU then takes from the longest",
    "所有 CPU 共用一个队列（默认），或每个 CPU 一个；空闲 CPU 会从最长的队列取任务"};
inline constexpr PolicyOption kTieOption = {
    "tie", "tie=arrival-first|expired-first",
    "a task arrives exactly as a quantum ends: the newcomer queues first (default), or the expired "
    "one",
    "任务恰在时间片结束时到达：新来者先入队（默认），或用完时间片者先入队"};

// How many tickets a task has: what the scenario says, else 100 at nice 0 and as its weight
// elsewhere.
std::int64_t tickets_of(const Task& t);

}  // namespace sy
