// `expect` lines: an arithmetic comparison over what the run measured, read by precedence (or, and,
// not, comparison, sum, product). Numbers are kept as millionths, so that no floating point enters.
#include "sim/scenario/expects.h"

#include <algorithm>
#include <array>

#include "sim/base/limits.h"
#include "sim/scenario/format.h"
#include "sim/scenario/parser.h"
#include "sim/scenario/rows.h"

namespace sy::scn {
namespace {

using Op = ExpectExpr::Op;

constexpr int kMostNodes = 200;  // of one expectation; keeps its evaluation shallow

constexpr FunctionRow kFunctionRows[] = {
    {{"cpu", "cpu(TASK)", "how long it has run on a CPU", "在 CPU 上运行的时间", "cpu(a) == 30ms"},
     Measure::time,
     Argument::task,
     1,
     1,
     false},
    {{"wait", "wait(TASK)", "how long it was runnable and had no CPU", "可运行但没有 CPU 的时间",
      "wait(a) <= 10ms"},
     Measure::time,
     Argument::task,
     1,
     1,
     false},
    {{"response", "response(TASK)", "from its arrival to its first moment on a CPU",
      "从到达到第一次上 CPU 的时间", "response(a) == 0ms"},
     Measure::time,
     Argument::task,
     1,
     1,
     false},
    {{"turnaround", "turnaround(TASK)", "from its arrival to its exit", "从到达到退出的时间",
      "turnaround(a) == 30ms"},
     Measure::time,
     Argument::task,
     1,
     1,
     false},
    {{"arrival", "arrival(TASK)", "when it came into the system", "进入系统的时刻",
      "arrival(a) == 0ms"},
     Measure::time,
     Argument::task,
     1,
     1,
     false},
    {{"first_run", "first_run(TASK)", "when it first ran", "第一次运行的时刻",
      "first_run(a) < 1ms"},
     Measure::time,
     Argument::task,
     1,
     1,
     false},
    {{"exit", "exit(TASK)", "when it exited", "退出的时刻", "exit(a) < exit(b)"},
     Measure::time,
     Argument::task,
     1,
     1,
     false},
    {{"end", "end", "when the run ended", "运行结束的时刻", "end <= 50ms"},
     Measure::time,
     Argument::none,
     0,
     0,
     false},
    {{"switches", "switches(), switches(TASK) or switches(FROM -> TO)",
      "context switches: all, those to a task, those from one task to another",
      "上下文切换次数：全部、切到某任务、从一个任务切到另一个", "switches(a -> b) >= 1"},
     Measure::number,
     Argument::task,
     0,
     2,
     false},
    {{"vol", "vol(TASK)", "how often it gave up the CPU by itself", "自愿让出 CPU 的次数",
      "vol(a) >= 1"},
     Measure::number,
     Argument::task,
     1,
     1,
     false},
    {{"misses", "misses(TASK)", "how many jobs of a deadline task ended after their deadline; else how many rounds of `every` after the next was due",
      "deadline 任务有多少个作业在截止时间之后才完成；其他任务：`every` 有多少轮在下一轮该开始之后才完成", "misses(a) == 0"},
     Measure::number,
     Argument::task,
     1,
     1,
     false},
    {{"overruns", "overruns(TASK)", "how often a deadline task used up its runtime and was throttled",
      "deadline 任务用完预算而被限流的次数", "overruns(a) == 0"},
     Measure::number,
     Argument::task,
     1,
     1,
     false},
    {{"invol", "invol(TASK)", "how often the CPU was taken from it", "被抢走 CPU 的次数",
      "invol(a) == 0"},
     Measure::number,
     Argument::task,
     1,
     1,
     false},
    {{"cr3_writes", "cr3_writes()", "how often a switch loaded CR3", "切换时装入 CR3 的次数",
      "cr3_writes() >= 2"},
     Measure::number,
     Argument::none,
     0,
     0,
     false},
    {{"cr3_changes", "cr3_changes(FROM -> TO)", "switches from one task to another that loaded CR3",
      "从一个任务切到另一个时装入 CR3 的次数", "cr3_changes(a -> b) == 0"},
     Measure::number,
     Argument::task,
     2,
     2,
     false},
    {{"minflt", "minflt(TASK)", "page faults that needed no device", "不需要设备的缺页次数",
      "minflt(a) == 3"},
     Measure::number,
     Argument::task,
     1,
     1,
     false},
    {{"majflt", "majflt(TASK)", "page faults that waited for a device", "等待设备的缺页次数",
      "majflt(a) == 1"},
     Measure::number,
     Argument::task,
     1,
     1,
     false},
    {{"rss", "rss(TASK) at TIME", "pages of its address space that were in memory then", "那一刻其地址空间在内存中的页数",
      "rss(a) at 5ms >= 5"},
     Measure::number,
     Argument::task,
     1,
     1,
     true},
    {{"prio", "prio(TASK) at TIME", "its effective priority then: FIFO and RR 0 to 98, normal 100 to 139, deadline -1; it may be inherited",
      "那一刻的有效优先级：FIFO 和 RR 为 0 到 98，普通任务 100 到 139，deadline 为 -1；可能是继承来的", "prio(a) at 5ms == 120"},
     Measure::number,
     Argument::task,
     1,
     1,
     true},
    {{"frame", "frame(TASK, AREA/PAGE) at TIME", "number of the page frame behind a page then, 0: none", "那一刻某页背后的页框号，0 表示没有",
      "frame(a, heap) at 5ms == frame(b, heap) at 5ms"},
     Measure::number,
     Argument::page,
     2,
     2,
     true},
    {{"sharers", "sharers(TASK, AREA/PAGE) at TIME", "page-table entries that named the same frame then", "那一刻指向同一页框的页表项数",
      "sharers(a, heap) at 5ms == 2"},
     Measure::number,
     Argument::page,
     2,
     2,
     true},
    {{"value", "value(TASK, AREA/PAGE) at TIME", "the first word of that page then", "那一刻该页的第一个字",
      "value(a, heap) at 5ms == 1"},
     Measure::number,
     Argument::page,
     2,
     2,
     true},
    {{"word", "word(PROCESS, VARIABLE[/INDEX]) [at TIME]",
      "what a shared variable holds: then, or as the process left it", "共享变量的值：那一刻的，或进程留下的", "word(a, counter) == 5"},
     Measure::number,
     Argument::variable,
     2,
     2,
     false},
    {{"cow_copies", "cow_copies()", "pages that copy on write has copied", "写时复制复制的页数",
      "cow_copies() == 2"},
     Measure::number,
     Argument::none,
     0,
     0,
     false},
    {{"oom_kills", "oom_kills()", "processes killed because memory ran out", "因内存耗尽被杀的进程数",
      "oom_kills() == 1"},
     Measure::number,
     Argument::none,
     0,
     0,
     false},
    {{"tlb_misses", "tlb_misses()", "accesses from user mode that the TLB could not answer", "TLB 未命中的用户态访问次数",
      "tlb_misses() >= 1"},
     Measure::number,
     Argument::none,
     0,
     0,
     false},
    {{"tlb_flushes", "tlb_flushes()", "writes of CR3 that threw old TLB entries away", "清除旧 TLB 项的 CR3 写入次数",
      "tlb_flushes() >= 1"},
     Measure::number,
     Argument::none,
     0,
     0,
     false},
    {{"count", "count(RECORD) or count(RECORD, TASK)", "records of this kind in the log",
      "日志里这种记录的条数", "count(sched_wakeup) >= 1"},
     Measure::number,
     Argument::record,
     1,
     2,
     false},
    {{"deadlocks", "deadlock, no deadlock or deadlocks()",
      "circles of tasks that wait for each other for ever", "互相永远等待的任务环的个数", "deadlocks() == 0"},
     Measure::number,
     Argument::none,
     0,
     0,
     false},
    {{"oopses", "oops, oops KIND, no oops or oopses(KIND)",
      "whether a kernel that was broken on purpose could not go on: page_fault, protection, bug, stack_end, double_fault, "
      "soft_lockup or hard_lockup",
      "故意弄坏的内核是否无法继续：page_fault、protection、bug、stack_end、double_fault、soft_lockup 或 hard_lockup",
      "oopses() == 0"},
     Measure::number,
     Argument::oops,
     0,
     1,
     false},
    {{"races", "races or races(PROCESS)",
      "data races that the detector finds in the run, as pairs of places: in all processes, or in one (docs/races.md)",
      "检测器在这次运行中发现的数据竞争（按位置对计）：全部进程的，或一个进程的（docs/races.md）", "races == 0"},
     Measure::number,
     Argument::process,
     0,
     1,
     false},
    {{"failures", "failures(PREEMPTIONS)",
      "schedules that break another expectation, deadlock or crash, among those that `explore` visits with at most so many preemptions (or none: no bound)",
      "在 explore 以至多这么多次抢占（none：不限）访问的调度中，破坏其他预期、死锁或崩溃的个数", "failures(0) == 0"},
     Measure::number,
     Argument::bound,
     1,
     1,
     false},
    {{"irqs", "irqs(DEVICE)", "interrupts that a device has made", "设备产生的中断次数",
      "irqs(keyboard) == 3"},
     Measure::number,
     Argument::device,
     1,
     1,
     false},
    {{"coroutines", "coroutines(PROCESS)", "coroutines that it has created",
      "它创建的协程数", "coroutines(server) == 3"},
     Measure::number,
     Argument::process,
     1,
     1,
     false},
    {{"co_switches", "co_switches(PROCESS)", "switches between its coroutines and its event loop",
      "它的协程与事件循环之间的切换次数", "co_switches(server) >= 6"},
     Measure::number,
     Argument::process,
     1,
     1,
     false},
    {{"co_copies", "co_copies(PROCESS)", "stacks that were copied out for another coroutine",
      "为别的协程拷出栈的次数", "co_copies(server) == 0"},
     Measure::number,
     Argument::process,
     1,
     1,
     false},
    {{"steals", "steals(PROCESS)", "user-level threads that a carrier took from another one's run queue",
      "承载线程从别的承载线程的运行队列窃取用户级线程的次数", "steals(server) >= 0"},
     Measure::number,
     Argument::process,
     1,
     1,
     false},
    {{"cost", "cost(KIND)",
      "mean time of a coroutine, mode, thread or process switch in this run, 0 if there was none (docs/user-threads.md)",
      "这次运行中 coroutine、mode、thread 或 process 切换的平均用时，没有则为 0（docs/user-threads.md）", "cost(process) >= 0ns"},
     Measure::time,
     Argument::switch_kind,
     1,
     1,
     false},
    {{"cost_steps", "cost_steps(KIND)", "mean number of steps of such a switch, rounded down", "这种切换的平均步数（向下取整）",
      "cost_steps(process) >= 0"},
     Measure::number,
     Argument::switch_kind,
     1,
     1,
     false},
    {{"answers", "answers(CLIENTS)", "messages that were answered",
      "已回答的消息数", "answers(echo) == 3"},
     Measure::number,
     Argument::clients,
     1,
     1,
     false},
    {{"pid", "pid(TASK)", "its process id", "进程号", "pid(a) == 570"},
     Measure::number,
     Argument::task,
     1,
     1,
     false},
    {{"refs", "refs(TASK, OBJECT) at TIME",
      "how many tasks hold the mm, files, fs, sighand or signal that it uses then",
      "那一刻有几个任务持有它使用的 mm、files、fs、sighand 或 signal", "refs(a, mm) at 0ms == 1"},
     Measure::number,
     Argument::object,
     2,
     2,
     true},
    {{"shared", "shared(TASK, TASK, OBJECT) at TIME", "whether two tasks use the same mm, files, fs, sighand or signal then",
      "那一刻两个任务是否使用同一个 mm、files、fs、sighand 或 signal", "not shared(a, b, mm) at 0ms"},
     Measure::truth,
     Argument::object,
     3,
     3,
     true},
    {{"errors", "errors(TASK, ERROR)", "system calls of it that ended with this error, such as EINVAL or ERESTARTSYS",
      "它以该错误（例如 EINVAL 或 ERESTARTSYS）结束的系统调用次数", "errors(a, EINVAL) == 0"},
     Measure::number,
     Argument::word,
     2,
     2,
     false},
    {{"calls", "calls(TASK, CALL)", "system calls of this name that it has made", "它发起的该系统调用的次数",
      "calls(a, read) == 0"},
     Measure::number,
     Argument::word,
     2,
     2,
     false},
    {{"delivered", "delivered(TASK, SIGNAL)", "how often this signal was delivered to it", "该信号递送给它的次数",
      "delivered(a, USR1) == 0"},
     Measure::number,
     Argument::word,
     2,
     2,
     false},
    {{"parent", "parent(TASK) at TIME", "its parent then", "那一刻它的父进程", "parent(a) at 1ms == init"},
     Measure::word,
     Argument::task,
     1,
     1,
     true},
    {{"pgrp", "pgrp(TASK) at TIME", "its process group then", "那一刻它的进程组", "pgrp(a) at 0ms >= 1"},
     Measure::number,
     Argument::task,
     1,
     1,
     true},
    {{"session", "session(TASK) at TIME", "its session then", "那一刻它的会话", "session(a) at 0ms >= 1"},
     Measure::number,
     Argument::task,
     1,
     1,
     true},
    {{"state", "state(TASK) at TIME",
      "what it was doing then: running, runnable, sleeping, blocked, stopped, parked, zombie or gone",
      "那一刻的状态：running、runnable、sleeping、blocked、stopped、parked、zombie 或 gone",
      "state(a) at 5ms == sleeping"},
     Measure::word,
     Argument::task,
     1,
     1,
     true},
    {{"running", "running(CPU) at TIME", "the task on that CPU then; swapper is the idle task",
      "那一刻该 CPU 上的任务；swapper 是空闲任务", "running(0) at 5ms == a"},
     Measure::word,
     Argument::cpu,
     1,
     1,
     true},
    {{"order", "order(TASK, TASK…)", "whether they first ran in this order",
      "它们第一次运行的次序是否如此", "order(a, b)"},
     Measure::truth,
     Argument::task,
     2,
     64,
     false},
};

constexpr std::array<std::string_view, 8> kStateWords = {
    "running", "runnable", "sleeping", "blocked", "stopped", "parked", "zombie", "gone"};

// Reads one condition. Each level of precedence is one function; `depth_` bounds parentheses and
// `not`.
class ExpectReader {
  public:
    explicit ExpectReader(Parser& parser) : p_(parser) {}

    std::optional<ExpectExpr> read() { return either(); }

  private:
    ExpectExpr node(Op op, SourcePos pos) {
        ++nodes_;
        ExpectExpr expr;
        expr.op = op;
        expr.pos = pos;
        return expr;
    }

    bool is_too_long() {
        if (nodes_ <= kMostNodes) return false;
        p_.error(p_.peek().pos,
                 text("this expectation is too long; write several", "这个条件太长，请拆成几个"));
        return true;
    }

    static ExpectExpr pair(ExpectExpr parent, ExpectExpr left, ExpectExpr right) {
        parent.operands.push_back(std::move(left));
        parent.operands.push_back(std::move(right));
        return parent;
    }

    // `deadlock` and `no deadlock`.
    std::optional<ExpectExpr> deadlock_sentence() {
        const SourcePos pos = p_.peek().pos;
        const bool is_no = p_.take_word("no");
        p_.take();
        ExpectExpr call = node(Op::call, pos);
        call.name = "deadlocks";
        if (is_moment_next()) {
            p_.take();
            call.at = p_.duration();
            if (!call.at) return {};
        }
        return pair(node(is_no ? Op::eq : Op::gt, pos), std::move(call), node(Op::number, pos));
    }

    // `oops`, `oops page_fault` and `no oops`.
    std::optional<ExpectExpr> oops_sentence() {
        const SourcePos pos = p_.peek().pos;
        const bool is_no = p_.take_word("no");
        p_.take();
        ExpectExpr call = node(Op::call, pos);
        call.name = "oopses";
        const Token& kind = p_.peek();
        const auto known = oops_words();
        if (kind.kind == Token::Kind::word && std::find(known.begin(), known.end(), kind.text) != known.end())
            call.args.emplace_back(p_.take().text);
        return pair(node(is_no ? Op::eq : Op::gt, pos), std::move(call), node(Op::number, pos));
    }

    // `no cr3 change when A -> B` and `cr3 change when A -> B`.
    std::optional<ExpectExpr> switch_sentence() {
        const SourcePos pos = p_.peek().pos;
        const bool is_no = p_.take_word("no");
        const Text what = text("'cr3 change when FROM -> TO'", " “cr3 change when 从 -> 到”");
        if (!p_.take_word("cr3") || !(p_.take_word("change") || p_.take_word("changes")) ||
            !p_.take_word("when")) {
            p_.expected(what);
            return {};
        }
        ExpectExpr call = node(Op::call, pos);
        call.name = "cr3_changes";
        if (!argument(call)) return {};
        if (!p_.take_sign("->")) {
            p_.expected(text("'->' and the task that comes", " “->” 和换上来的任务"));
            return {};
        }
        if (!argument(call)) return {};
        return pair(node(is_no ? Op::eq : Op::gt, pos), std::move(call), node(Op::number, pos));
    }

    std::optional<ExpectExpr> either() {
        auto left = both();
        while (left && p_.peek().is_word("or")) {
            const SourcePos pos = p_.take().pos;
            auto right = both();
            if (!right || is_too_long()) return {};
            left = pair(node(Op::either, pos), std::move(*left), std::move(*right));
        }
        return left;
    }

    std::optional<ExpectExpr> both() {
        auto left = negation();
        while (left && p_.peek().is_word("and")) {
            const SourcePos pos = p_.take().pos;
            auto right = negation();
            if (!right || is_too_long()) return {};
            left = pair(node(Op::both, pos), std::move(*left), std::move(*right));
        }
        return left;
    }

    std::optional<ExpectExpr> negation() {
        if (!p_.peek().is_word("not")) return comparison();
        if (is_too_long()) return {};
        ExpectExpr expr = node(Op::negate, p_.take().pos);
        if (!p_.enter()) {
            p_.leave();
            return {};
        }
        auto inner = negation();
        p_.leave();
        if (!inner) return {};
        expr.operands.push_back(std::move(*inner));
        return expr;
    }

    static std::optional<Op> comparison_sign(const Token& token) {
        constexpr std::pair<std::string_view, Op> kSigns[] = {
            {"==", Op::eq}, {"!=", Op::ne}, {"<", Op::lt},    {"<=", Op::le},
            {">", Op::gt},  {">=", Op::ge}, {"~", Op::approx}};
        for (const auto& [sign, op] : kSigns) {
            if (token.is(sign)) return op;
        }
        return {};
    }

    std::optional<ExpectExpr> comparison() {
        if (p_.peek(p_.peek().is_word("no") ? 1 : 0).is_word("deadlock")) return deadlock_sentence();
        if (p_.peek(p_.peek().is_word("no") ? 1 : 0).is_word("oops")) return oops_sentence();
        if (p_.peek().is_word("no") || p_.peek().is_word("cr3")) return switch_sentence();
        auto left = sum();
        if (!left) return {};
        const Token& sign = p_.peek();
        if (sign.is("=")) {
            p_.error(sign.pos, text("to compare, write '=='", "比较要写 “==”"), "==");
        }
        const auto op = sign.is("=") ? std::optional(Op::eq) : comparison_sign(sign);
        if (!op) return left;
        p_.take();
        auto right = sum();
        if (!right) return {};
        ExpectExpr expr = pair(node(*op, sign.pos), std::move(*left), std::move(*right));
        if (*op == Op::approx && !tolerance(expr)) return {};
        return expr;
    }

    // `within 1%` or `within 2ms`.
    bool tolerance(ExpectExpr& expr) {
        if (!p_.take_word("within") || p_.peek().kind != Token::Kind::number) {
            p_.expected(text("how near, as in 'within 1%'", "允许的误差，例如 “within 1%”"));
            return false;
        }
        if (p_.peek().text.ends_with('%')) {
            const auto share = p_.decimal();
            expr.value = share.value_or(0) * 100;
            return share.has_value();
        }
        auto absolute = primary();
        if (absolute) expr.operands.push_back(std::move(*absolute));
        return absolute.has_value();
    }

    std::optional<ExpectExpr> sum() {
        auto left = product();
        while (left && (p_.peek().is("+") || p_.peek().is("-"))) {
            const Token& sign = p_.take();
            auto right = product();
            if (!right || is_too_long()) return {};
            left = pair(node(sign.is("+") ? Op::add : Op::sub, sign.pos), std::move(*left),
                        std::move(*right));
        }
        return left;
    }

    std::optional<ExpectExpr> product() {
        auto left = primary();
        while (left && (p_.peek().is("*") || p_.peek().is("/"))) {
            const Token& sign = p_.take();
            auto right = primary();
            if (!right || is_too_long()) return {};
            left = pair(node(sign.is("*") ? Op::mul : Op::div, sign.pos), std::move(*left),
                        std::move(*right));
        }
        return left;
    }

    std::optional<ExpectExpr> primary() {
        const Token& token = p_.peek();
        if (token.is("(")) return parenthesis();
        if (token.kind == Token::Kind::number) return number();
        if (token.kind == Token::Kind::string) {
            ExpectExpr expr = node(Op::word, token.pos);
            expr.name = std::string(p_.take().text);
            return expr;
        }
        const bool starts_next = !find_word(WordGroup::top, token.text).name.empty();
        if (token.kind == Token::Kind::word && !starts_next) return call_or_word();
        p_.expected(
            text("something to measure, such as cpu(editor)", "要测量的量，例如 cpu(editor)"));
        return {};
    }

    std::optional<ExpectExpr> parenthesis() {
        p_.take();
        std::optional<ExpectExpr> inner;
        if (p_.enter()) inner = either();
        p_.leave();
        if (!inner) return {};
        if (p_.take_sign(")")) return inner;
        p_.expected(text("')'", " “)” "));
        return {};
    }

    std::optional<ExpectExpr> number() {
        const Token& token = p_.peek();
        const char last = token.text.back();
        const bool is_plain = (last >= '0' && last <= '9') || last == '%';
        const Token& next = p_.peek(1);
        const bool has_unit_behind =
            next.is_word("ns") || next.is_word("us") || next.is_word("ms") || next.is_word("s");
        const bool is_plain_number = is_plain && !has_unit_behind;
        const auto value = is_plain_number ? p_.decimal() : p_.duration();
        if (!value) return {};
        ExpectExpr expr = node(is_plain_number ? Op::number : Op::duration, token.pos);
        expr.value = *value;
        return expr;
    }

    std::optional<ExpectExpr> call_or_word() {
        const Token& token = p_.take();
        const FunctionRow* row = find_function(token.text);
        const bool is_call = p_.peek().is("(");
        ExpectExpr expr =
            node(is_call || (row && row->fewest == 0) ? Op::call : Op::word, token.pos);
        expr.name = std::string(token.text);
        if (is_call && !arguments(expr)) return {};
        if (is_moment_next()) {
            p_.take();
            expr.at = p_.duration();
            if (!expr.at) return {};
        }
        return expr;
    }

    bool arguments(ExpectExpr& call) {
        p_.take();
        if (p_.take_sign(")")) return true;
        do {
            if (!argument(call)) return false;
        } while (p_.take_sign(",") || p_.take_sign("->"));
        if (p_.take_sign(")")) return true;
        p_.expected(text("')' or ','", " “)” 或 “,” "));
        return false;
    }

    bool argument(ExpectExpr& call) {
        const auto is_part = [&] {
            return p_.peek().kind == Token::Kind::word || p_.peek().kind == Token::Kind::number;
        };
        if (!is_part()) {
            p_.expected(text("the name of a task such as editor/1", "任务名，例如 editor/1"));
            return false;
        }
        std::string path(p_.take().text);
        while (p_.peek().is("/")) {
            p_.take();
            if (!is_part()) {
                p_.expected(text("a number or a thread behind '/'", "“/” 后面的编号或线程名"));
                return false;
            }
            path += "/" + std::string(p_.take().text);
        }
        call.args.push_back(std::move(path));
        ++nodes_;
        return !is_too_long();
    }

    // `at TIME` belongs to the call, unless a timed line begins here.
    bool is_moment_next() const {
        if (!p_.peek().is_word("at")) return false;
        std::size_t ahead = 2;
        const Token& unit = p_.peek(ahead);
        if (unit.is_word("ns") || unit.is_word("us") || unit.is_word("ms") || unit.is_word("s"))
            ++ahead;
        return !p_.peek(ahead).is("{") && !p_.peek(ahead).is(",") && !p_.is_action(ahead);
    }

    Parser& p_;
    int nodes_ = 0;
};

}  // namespace

std::vector<Word> function_words() { return words_of(kFunctionRows); }

std::span<const FunctionRow> functions() { return kFunctionRows; }

const FunctionRow* find_function(std::string_view name) { return find_row(kFunctionRows, name); }

std::span<const std::string_view> state_words() { return kStateWords; }

std::span<const std::string_view> oops_words() {
    static constexpr std::string_view kWords[] = {"page_fault",   "protection",  "bug",         "stack_end",
                                                  "double_fault", "soft_lockup", "hard_lockup"};
    return kWords;
}

void Parser::parse_expect() {
    const std::size_t first = at_;
    const SourcePos pos = peek().pos;
    auto expr = ExpectReader(*this).read();
    if (!expr) {
        while (!at_end() && !peek().is("}") && !peek().is("{") &&
               find_word(WordGroup::top, peek().text).name.empty())
            take();
        return;
    }
    if (!count_statement()) return;
    const auto begin = tokens_.list.begin() + static_cast<std::ptrdiff_t>(first);
    out_.expects.push_back(
        {.pos = pos,
         .text = join_tokens({begin, begin + static_cast<std::ptrdiff_t>(at_ - first)}),
         .expr = std::move(*expr)});
}

}  // namespace sy::scn
