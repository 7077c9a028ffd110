// Asking an expression of a log.
#include <algorithm>

#include "sim/kernel/events.h"
#include "sim/program/program.h"
#include "sim/report/ftrace.h"
#include "sim/report/query.h"
#include "sim/report/query_node.h"
#include "sim/session/storyteller.h"

namespace sy {

namespace {

using K = RecordKind;
using F = QueryFieldId;
using Node = QueryNode;

bool contains(std::string_view haystack, std::string_view needle) {   // the needle is in lower case
    const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b; };
    return std::search(haystack.begin(), haystack.end(), needle.begin(), needle.end(), same) != haystack.end();
}
bool equal(std::string_view a, std::string_view needle) { return a.size() == needle.size() && contains(a, needle); }

bool is_wakeup(K kind) { return kind == K::sched_waking || kind == K::sched_wakeup || kind == K::sched_wakeup_new || kind == K::task_arrival; }
bool is_about_task(K kind) {
    switch (kind) {
        case K::sched_switch:
        case K::sched_waking:
        case K::sched_wakeup:
        case K::sched_wakeup_new:
        case K::sched_migrate_task:
        case K::sched_process_fork:
        case K::sched_process_exit:
        case K::sched_process_free:
        case K::signal_generate:
        case K::signal_deliver:
        case K::task_arrival:
        case K::sched_kthread_stop:
        case K::sched_process_exec:
        case K::mark_victim:
        case K::deadlock:
        case K::sched_pi_setprio:
        case K::sched_setattr_failed:
            return true;
        default:
            return false;
    }
}

}  // namespace

struct QueryRun::State {
    Query query;
    const Kernel& end;
    const Log& log;
    std::size_t seen = 0;

    // Of each task: when it was woken, switched in, switched out to sleep; negative: it was not.
    struct Since {
        Nanos woken = -1, runs = -1, sleeps = -1;
    };
    std::vector<Since> since;
    // What the record before us says beyond itself; negative: nothing.
    Nanos wait = -1, ran = -1, slept = -1;
    // Which tasks a name means, by the term that names it: 0 not asked, 1 no, 2 yes.
    std::vector<std::vector<std::uint8_t>> meant;
    std::string text;          // of the record, once it is asked for
    bool has_text = false;

    Since& of(TaskId id) {
        if (since.size() <= id) since.resize(id + 1);
        return since[id];
    }

    void note(const Record& r) {
        wait = ran = slept = -1;
        has_text = false;
        const bool wakes = r.kind == K::sched_wakeup || r.kind == K::sched_wakeup_new || r.kind == K::task_arrival;
        if (wakes && r.a < end.tasks.size()) {
            Since& s = of(r.a);
            if (s.sleeps >= 0) slept = std::max<Nanos>(r.at - s.sleeps, 0);
            s.sleeps = -1;
            if (s.woken < 0 && s.runs < 0) s.woken = r.at;
        }
        if (r.kind != K::sched_switch) return;
        if (r.task < end.tasks.size()) {
            Since& s = of(r.task);
            if (s.runs >= 0) ran = std::max<Nanos>(r.at - s.runs, 0);
            const bool stays = static_cast<char>(r.b & 0xff) == 'R' || (r.b >> 8 & 1) != 0;
            s = {-1, -1, stays ? Nanos{-1} : r.at};
        }
        if (r.a < end.tasks.size()) {
            Since& s = of(r.a);
            if (s.woken >= 0) wait = std::max<Nanos>(r.at - s.woken, 0);
            s = {-1, r.at, -1};
        }
    }

    const std::string& text_of(const Record& r, std::size_t index) {
        if (has_text) return text;
        const bool has_args = r.kind == K::sys_enter && index + 1 < log.size() && log[index + 1].kind == K::sys_args;
        text = std::string(record_name(r.kind)) + ": " + event_text(end, r, has_args ? &log[index + 1] : nullptr);
        if (r.kind == K::sys_enter || r.kind == K::sys_exit) text += std::string(" ") + syscall_name(r.a);
        has_text = true;
        return text;
    }

    bool is_meant(const Node& n, TaskId id) {
        if (id >= end.tasks.size()) return false;
        if (meant.size() <= n.number_of_term) meant.resize(n.number_of_term + 1);
        std::vector<std::uint8_t>& known = meant[n.number_of_term];
        if (known.size() <= id) known.resize(end.tasks.size());
        if (known[id] == 0) known[id] = decide(n, id) ? 2 : 1;
        return known[id] == 2;
    }
    bool decide(const Node& n, TaskId id) {
        const Task& t = end.tasks[id];
        const std::string name = display_name(end, id), pid = std::to_string(t.pid);
        if (n.kind == Node::Kind::anywhere || n.op == QueryOp::has || n.op == QueryOp::lacks)
            return contains(t.comm_view(), n.needle) || contains(name, n.needle) || pid == n.needle;
        if (equal(t.comm_view(), n.needle) || equal(name, n.needle) || pid == n.needle) return true;
        return task_matches(end, id, n.value);
    }

    bool task_term(const Node& n, const Record& r) {
        const bool denies = n.op == QueryOp::other || n.op == QueryOp::lacks;
        const TaskId about = is_about_task(r.kind) ? r.a : kNoTask;
        const auto one = [&](TaskId id) { return id != kNoTask && is_meant(n, id) != denies; };
        switch (n.field) {
            case F::who:
                return one(r.task);
            case F::about:
                return one(about);
            case F::prev:
                return r.kind == K::sched_switch && one(r.task);
            case F::next:
                return r.kind == K::sched_switch && one(r.a);
            default:
                break;
        }
        if (r.task == kNoTask && about == kNoTask) return false;
        const bool any = (r.task != kNoTask && is_meant(n, r.task)) || (about != kNoTask && is_meant(n, about));
        return any != denies;
    }

    static bool compare(QueryOp op, std::int64_t a, std::int64_t b) {
        switch (op) {
            case QueryOp::same:
                return a == b;
            case QueryOp::other:
                return a != b;
            case QueryOp::less:
                return a < b;
            case QueryOp::at_most:
                return a <= b;
            case QueryOp::more:
                return a > b;
            case QueryOp::at_least:
                return a >= b;
            default:
                return false;
        }
    }
    static bool compare_text(const Node& n, std::string_view value) {
        switch (n.op) {
            case QueryOp::same:
                return equal(value, n.needle);
            case QueryOp::other:
                return !equal(value, n.needle);
            case QueryOp::has:
                return contains(value, n.needle);
            case QueryOp::lacks:
                return !contains(value, n.needle);
            default:
                return false;
        }
    }
    bool pid_term(const Node& n, const Record& r) const {
        const auto pid = [&](TaskId id) { return id < end.tasks.size() ? std::int64_t{end.tasks[id].pid} : -1; };
        const TaskId about = is_about_task(r.kind) ? r.a : kNoTask;
        if (n.op == QueryOp::other) return pid(r.task) != n.number && pid(about) != n.number;
        return (r.task < end.tasks.size() && compare(n.op, pid(r.task), n.number)) ||
               (about < end.tasks.size() && compare(n.op, pid(about), n.number));
    }

    bool term(const Node& n, const Record& r, std::size_t index) {
        const bool is_irq = r.kind >= K::irq_handler_entry && r.kind <= K::reschedule_exit;
        const bool is_softirq = r.kind == K::softirq_raise || r.kind == K::softirq_entry || r.kind == K::softirq_exit;
        switch (n.field) {
            case F::kind:
                return n.kinds[static_cast<std::size_t>(r.kind)] != (n.op == QueryOp::other || n.op == QueryOp::lacks);
            case F::task:
            case F::who:
            case F::about:
            case F::prev:
            case F::next:
                return task_term(n, r);
            case F::pid:
                return pid_term(n, r);
            case F::tgid:
                return r.task < end.tasks.size() && compare(n.op, end.tasks[r.task].tgid, n.number);
            case F::cpu:
                return compare(n.op, r.cpu, n.number);
            case F::time:
                return compare(n.op, r.at, n.number);
            case F::wait:
                return wait >= 0 && compare(n.op, wait, n.number);
            case F::ran:
                return ran >= 0 && compare(n.op, ran, n.number);
            case F::slept:
                return slept >= 0 && compare(n.op, slept, n.number);
            case F::prio:
                if (r.kind == K::sched_switch) return compare(n.op, static_cast<std::int32_t>(r.d), n.number);
                return is_wakeup(r.kind) && r.kind != K::task_arrival && compare(n.op, static_cast<std::int32_t>(r.c), n.number);
            case F::state: {
                const char letter = static_cast<char>(r.b & 0xff);
                return r.kind == K::sched_switch && compare_text(n, {&letter, 1});
            }
            case F::call:
                return (r.kind == K::sys_enter || r.kind == K::sys_exit) && compare_text(n, syscall_name(r.a));
            case F::ret:
                return r.kind == K::sys_exit && compare(n.op, static_cast<std::int64_t>(wide(r.c, r.d)), n.number);
            case F::irq:
                return is_irq && compare(n.op, r.a, n.number);
            case F::vec:
                return is_softirq && compare_text(n, softirq_name(static_cast<int>(r.a)));
            case F::sig:
                return (r.kind == K::signal_generate || r.kind == K::signal_deliver) && compare(n.op, r.b, n.number);
            case F::text:
                return compare_text(n, text_of(r, index));
            case F::count:
                break;
        }
        return false;
    }

    bool holds(const Node& n, const Record& r, std::size_t index) {
        switch (n.kind) {
            case Node::Kind::both:
                return std::all_of(n.parts.begin(), n.parts.end(), [&](const auto& p) { return holds(*p, r, index); });
            case Node::Kind::either:
                return std::any_of(n.parts.begin(), n.parts.end(), [&](const auto& p) { return holds(*p, r, index); });
            case Node::Kind::no:
                return !holds(*n.parts.front(), r, index);
            case Node::Kind::anywhere:
                return (r.task != kNoTask && is_meant(n, r.task)) || contains(text_of(r, index), n.needle);
            case Node::Kind::compare:
                return term(n, r, index);
        }
        return false;
    }
};

QueryRun::QueryRun(Query query, const Kernel& end, const Log& log)
    : state_(std::make_unique<State>(State{.query = std::move(query), .end = end, .log = log, .since = {}, .meant = {}, .text = {}})) {}
QueryRun::~QueryRun() = default;
QueryRun::QueryRun(QueryRun&&) noexcept = default;

std::size_t QueryRun::seen() const { return state_->seen; }

bool QueryRun::advance(std::size_t most, std::vector<std::uint32_t>& matches) {
    State& s = *state_;
    const std::size_t until = most < s.log.size() - s.seen ? s.seen + most : s.log.size();
    for (; s.seen < until; ++s.seen) {
        const Record& r = s.log[s.seen];
        s.note(r);
        if (r.kind == K::sys_args) continue;   // part of the record before it
        if (!s.query.root_ || s.holds(*s.query.root_, r, s.seen)) matches.push_back(static_cast<std::uint32_t>(s.seen));
    }
    return s.seen < s.log.size();
}

}  // namespace sy
