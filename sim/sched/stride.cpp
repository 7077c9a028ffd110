// Stride scheduling: what the lottery reaches on average, exactly. A task's stride is a large
// number divided by its tickets; its pass grows by one stride for each quantum it runs, and the
// lowest pass runs next.
//
// OSTEP 9.5 (Waldspurger 1995; large number 10,000). A task that runs only part of a quantum
// advances by that part. Newcomers and sleepers come back at the lowest pass of those who are
// runnable, if theirs is lower: sleeping saves up nothing. Equal passes: the task with the lower
// id, as in OSTEP's example A, B, C.
#include <algorithm>

#include "sim/sched/textbook.h"

namespace sy {

namespace {

constexpr std::int64_t kLarge = 10'000;

class Stride final : public TextbookPolicy<Stride> {
  public:
    using TextbookPolicy::TextbookPolicy;
    std::vector<std::pair<std::string, std::int64_t>> numbers(CpuId cpu) const override {
        auto out = Textbook::numbers(cpu);
        out.emplace_back("global_pass", global_ / quantum());
        return out;
    }
    void mix(Fingerprint& print) const override {
        Textbook::mix(print);
        print.mix(static_cast<std::uint64_t>(global_));
    }

    QueuePicture picture(const TaskTable& tasks, CpuId cpu, std::size_t most) const override {
        QueuePicture out = Textbook::picture(tasks, cpu, most);
        out.shape = QueuePicture::Shape::passes;
        const Look look = look_at(tasks, cpu);
        for (TaskId t : running_beside(tasks, cpu)) {   // who runs stands before the others
            QueueEntry e = entry(look, t);
            e.row.key = number_of(e.numbers, "pass");
            auto& all = out.bands[is_shared() || running().size() == 1 ? 0 : cpu].entries;
            all.insert(all.begin(), std::move(e));
        }
        out.numbers.push_back({"global_pass", global_ / quantum()});
        return out;
    }

  protected:
    // Card::pass is the pass times the quantum, so that parts of a quantum count.
    int compare(const Look&, TaskId a, TaskId b) const override {
        if (card(a).pass != card(b).pass) return card(a).pass < card(b).pass ? -1 : 1;
        return a < b ? -1 : a > b;
    }
    std::int64_t key(const Look&, TaskId task) const override {
        return card(task).pass / quantum();
    }
    Rule rule() const override { return {"its pass is the lowest", "它的 pass 值最小"}; }
    void arrived(const Look&, TaskId task, bool) override {
        card(task).pass = std::max(card(task).pass, global_);
    }
    void ran(const Look& look, TaskId task, Nanos time) override {
        if (!of_the_machine(look.tasks[task]))
            card(task).pass += time * kLarge / tickets_of(look.tasks[task]);
    }
    TaskId decide(const Look& look, const std::vector<TaskId>& line, bool& tie) const override {
        const TaskId best = Textbook::decide(look, line, tie);
        chosen_ = card(best).pass;
        return best;
    }
    void decided(std::size_t) override { global_ = std::max(global_, chosen_); }

    void describe(const Look& look, TaskId task, NamedNumbers& out) const override {
        const std::int64_t tickets = tickets_of(look.tasks[task]);
        const Nanos more = uncharged(look, card(task), task) * kLarge / tickets;
        out.push_back({"pass", (card(task).pass + more) / quantum()});
        out.push_back({"stride", kLarge / tickets});
        out.push_back({"tickets", tickets});
    }

  private:
    std::int64_t global_ = 0;  // the lowest pass when last somebody was chosen
    mutable std::int64_t chosen_ = 0;
};

constexpr PolicyOption options[] = {
    {"quantum", "quantum=10ms", "length of one turn (default 10 ms)", "一轮的长度（默认 10 ms）"},
    kTieOption,
    kQueuesOption,
};

std::unique_ptr<SchedClass> make_stride(const SchedOptions& o, std::string& error) {
    return make_textbook<Stride>(o, options, error, {.quantum = 10 * kMilli});
}

}  // namespace

extern const PolicyInfo stride_policy;
const PolicyInfo stride_policy = {
    "stride", "stride scheduling", "步幅调度", "OSTEP 9.5; Waldspurger 1995", options, make_stride};

}  // namespace sy
