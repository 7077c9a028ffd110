// Lottery scheduling: each runnable task holds tickets; for every quantum a ticket is drawn, and
// its holder runs. Over time everybody gets a share of the CPU in proportion to its tickets,
// whatever happens in between.
//
// OSTEP chapter 9 (Waldspurger and Weihl, OSDI 1994); Tanenbaum, Modern Operating Systems
// 4e, 2.4.3. Tickets are counted through in the order of task ids, as OSTEP 9.2 counts through its
// list. Draws come from the scenario's seed. With one runnable task nothing is drawn. Tickets: what
// the scenario says, else 100 at nice 0 and in proportion to the weight of the nice value
// otherwise.
#include <algorithm>

#include "sim/base/random.h"
#include "sim/sched/textbook.h"

namespace sy {

namespace {

class Lottery final : public TextbookPolicy<Lottery> {
  public:
    Lottery(int cpus, const TextbookSettings& s, std::uint64_t seed)
        : TextbookPolicy(cpus, s), rng_(seed) {}
    std::vector<std::pair<std::string, std::int64_t>> numbers(CpuId cpu) const override {
        auto out = Textbook::numbers(cpu);
        out.emplace_back("tickets_in_drum", drum_);
        out.emplace_back("drawn_ticket", drawn_);
        return out;
    }
    void mix(Fingerprint& print) const override {
        Textbook::mix(print);
        print.mix(rng_.state());
    }
    // The drum: who takes part in the next draw, in the order in which tickets are counted through.
    QueuePicture picture(const TaskTable& tasks, CpuId cpu, std::size_t most) const override {
        QueuePicture out;
        out.shape = QueuePicture::Shape::drum;
        std::vector<TaskId> holders = candidates(tasks, cpu);
        if (running()[cpu] != kNoTask) holders.push_back(running()[cpu]);
        std::erase_if(holders, [&](TaskId t) { return of_the_machine(tasks[t]); });
        std::sort(holders.begin(), holders.end());
        const Look look = look_at(tasks, cpu);
        QueueBand band{.name = "drum"};
        std::int64_t counter = 0;
        for (TaskId t : holders) {
            const std::int64_t first = counter;
            counter += tickets_of(tasks[t]);
            if (band.entries.size() >= most) continue;
            QueueEntry e = entry(look, t);
            e.numbers.push_back({"first_ticket", first});
            e.numbers.push_back({"last_ticket", counter - 1});
            band.entries.push_back(std::move(e));
        }
        out.numbers = {{"tickets_in_drum", counter}, {"quantum_ns", quantum()}};
        out.bands.push_back(std::move(band));
        return out;
    }

  protected:
    std::int64_t key(const Look& look, TaskId task) const override {
        return tickets_of(look.tasks[task]);
    }
    Rule rule() const override {
        return {"it holds the ticket that was drawn", "它持有抽中的彩票"};
    }

    TaskId decide(const Look& look, const std::vector<TaskId>& line, bool& tie) const override {
        tie = false;
        drawn_ = -1;
        if (line.size() == 1) return line.front();
        std::vector<TaskId> holders = line;
        std::sort(holders.begin(), holders.end());
        std::int64_t total = 0;
        for (TaskId t : holders) total += tickets_of(look.tasks[t]);
        Random rng = rng_;
        const std::int64_t ticket = rng.uniform(0, total - 1);
        drum_ = total;
        drawn_ = ticket;
        std::int64_t counter = 0;
        for (TaskId t : holders) {
            counter += tickets_of(look.tasks[t]);
            if (counter > ticket) return t;
        }
        return holders.back();
    }
    void describe(const Look& look, TaskId task, NamedNumbers& out) const override {
        out.push_back({"tickets", tickets_of(look.tasks[task])});
    }
    void describe_pick(QueuePicture& picture) const override {
        if (drawn_ >= 0) picture.numbers.push_back({"drawn_ticket", drawn_});
    }
    void decided(std::size_t candidates) override {
        if (candidates > 1) rng_.uniform(0, drum_ - 1);
    }

  private:
    Random rng_;
    mutable std::int64_t drum_ = 0, drawn_ = -1;  // of the last draw, for the panel
};

constexpr PolicyOption options[] = {
    {"quantum", "quantum=10ms", "time between two draws (default 10 ms)",
     "两次抽奖之间的时间（默认 10 ms）"},
    {"seed", "seed=7", "seed of the draws (default: the scenario's)",
     "抽奖的随机种子（默认：场景的种子）"},
    kTieOption,
    kQueuesOption,
};

std::unique_ptr<SchedClass> make_lottery(const SchedOptions& o, std::string& error) {
    TextbookSettings s{.quantum = 10 * kMilli};
    std::int64_t seed = static_cast<std::int64_t>(o.seed);
    for (const auto& [key, value] : o.settings) {
        bool ok = false;
        if (key == "seed")
            ok = read_number(value, 0, 999'999'999'999, seed);
        else
            read_textbook_setting(key, value, s, ok);
        if (!ok) {
            error = key + "=" + value;
            return nullptr;
        }
    }
    return std::make_unique<Lottery>(o.cpus, s, static_cast<std::uint64_t>(seed) * 0x9e37'79b9 + 5);
}

}  // namespace

extern const PolicyInfo lottery_policy;
const PolicyInfo lottery_policy = {"lottery",  "lottery scheduling",
                                   "彩票调度", "OSTEP ch. 9; Waldspurger and Weihl 1994",
                                   options,    make_lottery};

}  // namespace sy
