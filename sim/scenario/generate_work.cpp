// Random work items, workqueues and kernel threads, and who queues, flushes, starts and stops them.
#include "sim/scenario/generate_work.h"

#include <array>

namespace sy::scn {
namespace {

using Kind = Stmt::Kind;

class WorkWriter {
  public:
    WorkWriter(Scenario& out, Dice& dice, Nanos longest)
        : out_(out), dice_(dice), longest_(longest) {}

    void write() {
        out_.workqueues.push_back({.name = "wq",
                                   .pos = {},
                                   .unbound = dice_.one_in(2),
                                   .highpri = dice_.one_in(3),
                                   .reclaim = dice_.one_in(2),
                                   .max_active = dice_.one_in(2) ? dice_.between(1, 3) : 0});
        const int count = dice_.between(1, 4);
        for (int i = 1; i <= count; ++i) names_.push_back("w" + std::to_string(i));
        for (const std::string& name : names_) work(name);
        ProcessDecl pump;
        pump.name = "pump";
        pump.kernel_thread = true;
        Stmt loop = statement(Kind::until_stopped, "");
        loop.body = {timed(Kind::run), timed(Kind::sleep)};
        if (dice_.one_in(2)) {
            loop.body.push_back(statement(Kind::use_mm, out_.processes.front().name));
            loop.body.push_back(timed(Kind::run));
            loop.body.push_back(statement(Kind::unuse_mm, ""));
        }
        pump.body = {loop};
        const std::size_t processes = out_.processes.size();
        for (int i = dice_.between(2, 5); i > 0; --i) {
            ProcessDecl& process = out_.processes[dice_.below(processes)];
            if (process.kernel_thread && dice_.one_in(2)) continue;
            const auto at = static_cast<std::ptrdiff_t>(dice_.below(process.body.size() + 1));
            const bool behind_an_end =
                at > 0 && never_goes_on(process.body[static_cast<std::size_t>(at) - 1]);
            if (behind_an_end) continue;
            process.body.insert(process.body.begin() + at, timed(Kind::run));
            process.body.insert(process.body.begin() + at, call());
        }
        out_.processes.push_back(std::move(pump));
    }

  private:
    static bool never_goes_on(const Stmt& s) {
        return s.kind == Kind::exit || s.kind == Kind::every ||
               (s.kind == Kind::repeat && s.count < 0);
    }
    static Stmt statement(Kind kind, std::string name) {
        Stmt stmt;
        stmt.kind = kind;
        stmt.name = std::move(name);
        return stmt;
    }
    Stmt timed(Kind kind) {
        Stmt stmt = statement(kind, "");
        stmt.time.a = 1 + static_cast<Nanos>(dice_.below(static_cast<std::uint64_t>(longest_)));
        return stmt;
    }
    Stmt queue() {
        Stmt stmt = statement(Kind::queue, dice_.pick(names_));
        stmt.count = -1;
        if (dice_.one_in(3))
            stmt.count = static_cast<std::int64_t>(
                dice_.below(static_cast<std::uint64_t>(out_.machine.cpus)));
        if (dice_.one_in(3)) stmt.time.a = dice_.between(1, 30) * kMilli;
        return stmt;
    }
    Stmt call() {
        constexpr std::array kThread = {Kind::start, Kind::stop, Kind::park, Kind::unpark};
        switch (dice_.below(6)) {
            case 0:
                return statement(Kind::flush, dice_.one_in(3) ? "wq" : dice_.pick(names_));
            case 1:
                return statement(Kind::cancel, dice_.pick(names_));
            case 2:
                return statement(kThread[dice_.below(kThread.size())], "pump");
            default:
                return queue();
        }
    }
    void work(const std::string& name) {
        WorkDecl decl;
        decl.name = name;
        decl.queue =
            dice_.pick<std::string>({"events", "wq", "wq", "events_unbound", "events_highpri"});
        decl.body = {timed(Kind::run)};
        if (dice_.one_in(2)) decl.body.push_back(timed(Kind::sleep));
        if (dice_.one_in(3)) decl.body.push_back(queue());
        if (dice_.one_in(3)) decl.body.push_back(timed(Kind::run));
        out_.works.push_back(std::move(decl));
    }

    Scenario& out_;
    Dice& dice_;
    Nanos longest_;
    std::vector<std::string> names_;
};

}  // namespace

void add_random_work(Scenario& scenario, Dice& dice, Nanos longest) {
    WorkWriter(scenario, dice, longest).write();
}

}  // namespace sy::scn
