// Names and kinds of values in expectations: tasks that exist, functions that are known, and times
// compared with times.
#include <algorithm>

#include "sim/model/shared.h"
#include "sim/program/names.h"
#include "sim/scenario/check.h"
#include "sim/scenario/expects.h"
#include "sim/scenario/suggest.h"
#include "sim/scenario/walk.h"

namespace sy::scn {
namespace {

using Op = ExpectExpr::Op;

// Tasks that every machine has, whatever the scenario says.
constexpr std::string_view kAlwaysThere[] = {"init",      "kthreadd", "swapper",
                                             "ksoftirqd", "kworker",  "migration"};

std::vector<std::string_view> parts_of(std::string_view path) {
    std::vector<std::string_view> parts;
    while (true) {
        const std::size_t slash = path.find('/');
        parts.push_back(path.substr(0, slash));
        if (slash == std::string_view::npos) return parts;
        path.remove_prefix(slash + 1);
    }
}

bool is_number(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// The copy that a path's part means; 0 if it is no number in range.
std::int64_t copy_of(std::string_view part, std::int64_t copies) {
    if (copies < 2 || !is_number(part) || part.size() > 7) return 0;
    const std::int64_t number = std::stoll(std::string(part));
    return number <= copies ? number : 0;
}

bool is_forked(const Scenario& scenario, std::string_view name) {
    bool found = false;
    for (std::size_t i = 0; i < scenario.processes.size() && !found; ++i) {
        walk_process(scenario, i, [&](const Stmt& stmt, const Owner&) {
            found |= makes_task(stmt.kind) && stmt.name == name;
        });
    }
    return found;
}

void no_such_copy(Diagnostics& diags, SourcePos pos, std::string_view name, std::int32_t copies) {
    if (copies == 1) {
        diags.error(pos, text("there is only one '{0}'; leave the number out",
                              "“{0}” 只有一个；请去掉编号", {name}));
        return;
    }
    diags.error(pos, text("there are {1} of '{0}', numbered from 1", "“{0}” 共有 {1} 个，从 1 编号",
                          {name, std::to_string(copies)}));
}

// The rest of a path behind its process: [/copy] [/thread [/copy]].
bool check_path_in(const ProcessDecl& process, std::vector<std::string_view> parts, SourcePos pos,
                   Diagnostics& diags) {
    parts.erase(parts.begin());
    if (!parts.empty() && is_number(parts[0])) {
        if (copy_of(parts[0], process.copies) == 0) {
            no_such_copy(diags, pos, process.name, process.copies);
            return false;
        }
        parts.erase(parts.begin());
    }
    if (parts.empty() || (parts[0] == "main" && parts.size() == 1)) return true;
    std::vector<std::string_view> known = {"main"};
    for (const ThreadDecl& thread : process.threads) {
        known.push_back(thread.name);
        if (thread.name != parts[0]) continue;
        if (parts.size() == 1) return true;
        if (parts.size() == 2 && copy_of(parts[1], thread.copies) > 0) return true;
        no_such_copy(diags, pos, thread.name, thread.copies);
        return false;
    }
    diags.error(
        pos, text("process '{0}' has no thread '{1}'; it has: {2}",
                  "进程 “{0}” 没有线程 “{1}”；它有：{2}", {process.name, parts[0], listed(known)}));
    return false;
}

class ExpectChecker {
  public:
    ExpectChecker(const Scenario& scenario, Diagnostics& diags, const ParseOptions& options)
        : s_(scenario), diags_(diags), options_(options) {}

    // The kind of value, or nothing after a mistake that has been reported.
    std::optional<Measure> measure(const ExpectExpr& expr) {
        switch (expr.op) {
            case Op::number:
                return Measure::number;
            case Op::duration:
                return Measure::time;
            case Op::call:
                return call(expr);
            case Op::word:
                return bare_word(expr);
            case Op::both:
            case Op::either:
            case Op::negate:
                return logic(expr);
            case Op::add:
            case Op::sub:
                return sum(expr);
            case Op::mul:
            case Op::div:
                return product(expr);
            case Op::eq:
            case Op::ne:
            case Op::lt:
            case Op::le:
            case Op::gt:
            case Op::ge:
            case Op::approx:
                return comparison(expr);
        }
        return {};
    }

    void must_be_truth(const ExpectExpr& expr) {
        const auto kind = measure(expr);
        if (!kind || *kind == Measure::truth) return;
        diags_.error(
            expr.pos,
            text(
                "this is a value, not a condition; compare it with something, as in cpu(a) == 30ms",
                "这是一个值，不是条件；请与别的值比较，例如 cpu(a) == 30ms"));
    }

  private:
    std::optional<Measure> logic(const ExpectExpr& expr) {
        for (const ExpectExpr& operand : expr.operands) must_be_truth(operand);
        return Measure::truth;
    }

    std::optional<Measure> mismatch(SourcePos pos, Measure left, Measure right) {
        const bool is_time = left == Measure::time || right == Measure::time;
        const bool is_number = left == Measure::number || right == Measure::number;
        if (is_time && is_number) {
            diags_.error(pos, text("a length of time and a plain number do not go together; is a "
                                   "unit missing, as in 30ms?",
                                   "时间和普通的数不能放在一起；是不是少了单位，例如 30ms？"));
        } else {
            diags_.error(pos,
                         text("these two are different kinds of things", "这两边不是同一类东西"));
        }
        return {};
    }

    std::optional<Measure> sum(const ExpectExpr& expr) {
        const auto left = measure(expr.operands[0]);
        const auto right = measure(expr.operands[1]);
        if (!left || !right) return {};
        if (*left != *right) return mismatch(expr.pos, *left, *right);
        return left;
    }

    std::optional<Measure> product(const ExpectExpr& expr) {
        const auto left = measure(expr.operands[0]);
        const auto right = measure(expr.operands[1]);
        if (!left || !right) return {};
        if (*left == Measure::number && *right == Measure::number) return Measure::number;
        const bool is_division = expr.op == Op::div;
        if (*left == Measure::time && *right == Measure::number) return Measure::time;
        if (is_division && *left == Measure::time && *right == Measure::time)
            return Measure::number;
        if (!is_division && *left == Measure::number && *right == Measure::time)
            return Measure::time;
        return mismatch(expr.pos, *left, *right);
    }

    std::optional<Measure> comparison(const ExpectExpr& expr) {
        const ExpectExpr& a = expr.operands[0];
        const ExpectExpr& b = expr.operands[1];
        if (b.op == Op::word) return compare_with_word(expr, a, b);
        if (a.op == Op::word) return compare_with_word(expr, b, a);
        const auto left = measure(a);
        const auto right = measure(b);
        if (!left || !right) return {};
        if (*left != *right) return mismatch(expr.pos, *left, *right);
        if (expr.operands.size() == 3) {
            const auto within = measure(expr.operands[2]);
            if (within && *within != *left) return mismatch(expr.operands[2].pos, *left, *within);
        }
        return Measure::truth;
    }

    std::optional<Measure> compare_with_word(const ExpectExpr& expr, const ExpectExpr& value,
                                             const ExpectExpr& word) {
        const auto kind = value.op == Op::word ? std::nullopt : measure(value);
        if (!kind || *kind != Measure::word) {
            if (value.op == Op::word || kind) bare_word(value.op == Op::word ? value : word);
            return {};
        }
        if (expr.op != Op::eq && expr.op != Op::ne) {
            diags_.error(expr.pos, text("names can only be compared with == and !=",
                                        "名字只能用 == 和 != 比较"));
        }
        if (value.name == "running" || value.name == "parent") {
            check_task_path(s_, word.name, word.pos, diags_);
            return Measure::truth;
        }
        const auto states = state_words();
        if (std::find(states.begin(), states.end(), word.name) == states.end()) {
            const std::string meant = nearest(word.name, states);
            diags_.error(word.pos,
                         text("unknown state '{0}'; known: {1}", "未知的状态 “{0}”；可用的有：{1}",
                              {word.name, listed(states)}),
                         meant);
        }
        return Measure::truth;
    }

    std::optional<Measure> bare_word(const ExpectExpr& word) {
        std::vector<std::string_view> known = names(WordGroup::function);
        const std::string meant = nearest(word.name, known);
        if (!meant.empty()) {
            const std::string usage(find_function(meant)->word.usage);
            diags_.error(word.pos,
                         text("unknown measure '{0}'; did you mean '{1}'?",
                              "未知的量 “{0}”；是不是想写 “{1}”？", {word.name, usage}),
                         meant);
        } else {
            diags_.error(word.pos,
                         text("'{0}' alone cannot be measured; known: {1}",
                              "“{0}” 本身不能测量；可用的有：{1}", {word.name, listed(known, 24)}));
        }
        return {};
    }

    std::optional<Measure> call(const ExpectExpr& expr) {
        const FunctionRow* row = find_function(expr.name);
        if (row == nullptr) return bare_word(expr);
        const auto count = static_cast<int>(expr.args.size());
        if (count < row->fewest || count > row->most || (row->wants_at && !expr.at)) {
            diags_.error(expr.pos, text("write: {0}", "请写成：{0}", {row->word.usage}));
            return row->result;
        }
        for (std::size_t i = 0; i < expr.args.size(); ++i) argument(*row, expr, i);
        return row->result;
    }

    void argument(const FunctionRow& row, const ExpectExpr& expr, std::size_t index) {
        const std::string& name = expr.args[index];
        switch (row.argument) {
            case Argument::none:
                return;
            case Argument::task:
                check_task_path(s_, name, expr.pos, diags_);
                return;
            case Argument::record:
                if (index == 0) return record(name, expr.pos);
                check_task_path(s_, name, expr.pos, diags_);
                return;
            case Argument::page:
                if (index == 0) check_task_path(s_, name, expr.pos, diags_);
                else page(name, expr.pos);
                return;
            case Argument::device:
                return device(name, expr.pos);
            case Argument::object:
                if (index + 1 < expr.args.size()) {
                    check_task_path(s_, name, expr.pos, diags_);
                    return;
                }
                return one_of(name, {"mm", "files", "fs", "sighand", "signal"}, expr.pos);
            case Argument::switch_kind: return one_of(name, {"coroutine", "mode", "thread", "process"}, expr.pos);
            case Argument::oops: return one_of(name, {oops_words().begin(), oops_words().end()}, expr.pos);
            case Argument::variable:
                if (index == 0) check_task_path(s_, name, expr.pos, diags_);
                else variable(name, expr.pos);
                return;
            case Argument::word:
                if (index == 0) {
                    check_task_path(s_, name, expr.pos, diags_);
                    return;
                }
                return plain_word(expr.name, name, expr.pos);
            case Argument::process:
                if (std::none_of(s_.processes.begin(), s_.processes.end(),
                                 [&](const ProcessDecl& p) { return p.name == name; }))
                    diags_.error(expr.pos, text("there is no process '{0}'", "没有进程 “{0}”", {name}));
                return;
            case Argument::bound:
                return one_of(name, {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "none"}, expr.pos);
            case Argument::clients:
                if (std::none_of(s_.clients.begin(), s_.clients.end(),
                                 [&](const ClientsDecl& c) { return c.name == name; }))
                    diags_.error(expr.pos, text("there are no clients '{0}'", "没有客户端 “{0}”", {name}));
                return;
            case Argument::cpu:
                if (!is_cpu(name)) {
                    diags_.error(expr.pos, text("there is no CPU {0}", "没有 CPU {0}", {name}));
                }
                return;
        }
    }

    void variable(const std::string& path, SourcePos pos) {
        const std::string name = path.substr(0, path.find('/'));
        const std::string index = name.size() < path.size() ? path.substr(name.size() + 1) : "0";
        std::vector<std::string_view> known;
        for (const ProcessDecl& process : s_.processes)
            for (const Stmt& s : process.body) {
                if (s.kind != Stmt::Kind::shared) continue;
                known.push_back(s.name);
                const bool is_index = index.size() <= 5 && index.find_first_not_of("0123456789") == std::string::npos;
                if (s.name == name && is_index && static_cast<std::uint64_t>(std::stoi(index)) < s.cpus) return;
            }
        const std::string meant = nearest(name, known);
        if (meant.empty() || meant == name)
            diags_.error(pos, text("there is no shared variable '{0}'", "没有共享变量 “{0}”", {path}));
        else
            diags_.error(pos, did_you_mean(text("shared variable", "共享变量"), name, meant));
    }

    // An area that some process maps, or one that all have; behind it perhaps the number of a page.
    void page(std::string_view name, SourcePos pos) {
        const std::size_t slash = name.find('/');
        const std::string_view area = name.substr(0, slash);
        const std::string_view number = slash == std::string_view::npos ? "0" : name.substr(slash + 1);
        std::vector<std::string_view> known = {"heap", "stack", "data", "text"};
        for (std::size_t i = 0; i < s_.processes.size(); ++i)
            walk_process(s_, i, [&](const Stmt& stmt, const Owner&) {
                if (stmt.kind == Stmt::Kind::mmap) known.push_back(stmt.name);
            });
        if (!is_number(number) || number.size() > 6) {
            diags_.error(pos, text("'{0}' is no page; write AREA or AREA/NUMBER", "“{0}” 不是页；请写 区域 或 区域/页号", {name}));
        } else if (std::find(known.begin(), known.end(), area) == known.end()) {
            const std::string meant = nearest(area, known);
            diags_.error(pos, meant.empty() ? text("no process maps an area '{0}'", "没有进程映射区域 “{0}”", {area})
                                            : did_you_mean(text("area", "区域"), area, meant));
        }
    }

    void one_of(std::string_view name, const std::vector<std::string_view>& known, SourcePos pos) {
        if (std::find(known.begin(), known.end(), name) != known.end()) return;
        diags_.error(pos,
                     text("unknown word '{0}'; known: {1}", "未知的词 “{0}”；可用的有：{1}",
                          {name, listed(known, 24)}),
                     nearest(name, known));
    }

    // The second word of errors(), calls() and delivered().
    void plain_word(std::string_view function, std::string_view name, SourcePos pos) {
        if (function == "delivered") {
            if (signal_number(name) != 0) return;
            diags_.error(pos, text("unknown signal '{0}'", "未知的信号 “{0}”", {name}));
        } else if (function == "errors") {
            if (error_number(name) == 0)
                diags_.error(pos, text("unknown error '{0}'; such as EINVAL, ECHILD, ERESTARTSYS",
                                       "未知的错误 “{0}”；例如 EINVAL、ECHILD、ERESTARTSYS", {name}));
        } else if (syscall_number(name) < 0) {
            diags_.error(pos, text("unknown system call '{0}'", "未知的系统调用 “{0}”", {name}));
        }
    }

    bool is_cpu(std::string_view name) const {
        return is_number(name) && name.size() <= 2 &&
               std::stoi(std::string(name)) < s_.machine.cpus;
    }

    void record(std::string_view name, SourcePos pos) {
        const auto kinds = options_.record_kinds;
        if (kinds.empty() || std::find(kinds.begin(), kinds.end(), name) != kinds.end()) return;
        const std::string meant = nearest(name, kinds);
        diags_.error(pos,
                     text("unknown record '{0}'; known: {1}", "未知的记录 “{0}”；可用的有：{1}",
                          {name, listed(kinds, 40)}),
                     meant);
    }

    void device(std::string_view name, SourcePos pos) {
        std::vector<std::string_view> known;
        for (const DeviceDecl& each : s_.devices) known.push_back(each.name);
        if (std::find(known.begin(), known.end(), name) != known.end()) return;
        diags_.error(pos, text("unknown device '{0}'; declared are: {1}",
                               "未知的设备 “{0}”；已声明：{1}", {name, listed(known)}));
    }

    const Scenario& s_;
    Diagnostics& diags_;
    const ParseOptions& options_;
};

}  // namespace

bool check_task_path(const Scenario& scenario, std::string_view path, SourcePos pos,
                     Diagnostics& diags) {
    const std::vector<std::string_view> parts = parts_of(path);
    if (is_number(parts[0]) && parts.size() == 1) return true;
    std::vector<std::string_view> known;
    for (const ProcessDecl& process : scenario.processes) {
        if (process.name == parts[0]) return check_path_in(process, parts, pos, diags);
        known.push_back(process.name);
    }
    const bool is_always = std::find(std::begin(kAlwaysThere), std::end(kAlwaysThere), parts[0]) !=
                           std::end(kAlwaysThere);
    if (is_always || is_forked(scenario, parts[0])) return true;
    for (const ProcessDecl& process : scenario.processes) {
        for (const ThreadDecl& thread : process.threads) {
            if (thread.name != parts[0]) continue;
            const std::string full = process.name + "/" + std::string(path);
            diags.error(pos,
                        text("a thread is named with its process: did you mean '{0}'?",
                             "线程要连同进程一起写：是不是想写 “{0}”？", {full}),
                        full);
            return false;
        }
    }
    const std::string meant = nearest(parts[0], known);
    if (!meant.empty()) {
        diags.error(pos,
                    text("unknown task '{0}'; did you mean '{1}'?",
                         "未知的任务 “{0}”；是不是想写 “{1}”？", {path, meant}),
                    meant);
    } else {
        diags.error(pos, text("unknown task '{0}'", "未知的任务 “{0}”", {path}));
    }
    return false;
}

void check_expect(const Scenario& scenario, const Expect& expect, Diagnostics& diags,
                  const ParseOptions& options) {
    ExpectChecker(scenario, diags, options).must_be_truth(expect.expr);
}

}  // namespace sy::scn
