// Verbs about signals, clone, exec, wait and job control. Flags are the kernel's words without their prefix; the rows
// say which number each is.
#include "sim/scenario/task_verbs.h"

#include <algorithm>

#include "sim/model/task.h"
#include "sim/program/program.h"
#include "sim/scenario/suggest.h"

namespace sy::scn {
namespace {

struct FlagWord {
    std::string_view name;
    std::uint64_t value;
};

constexpr FlagWord kCloneFlags[] = {{"VM", clone_flag::vm},
                                    {"FS", clone_flag::fs},
                                    {"FILES", clone_flag::files},
                                    {"SIGHAND", clone_flag::sighand},
                                    {"PIDFD", clone_flag::pidfd},
                                    {"PTRACE", clone_flag::ptrace},
                                    {"VFORK", clone_flag::vfork},
                                    {"PARENT", clone_flag::parent},
                                    {"THREAD", clone_flag::thread},
                                    {"NEWNS", clone_flag::newns},
                                    {"SYSVSEM", clone_flag::sysvsem},
                                    {"SETTLS", clone_flag::settls},
                                    {"PARENT_SETTID", clone_flag::parent_settid},
                                    {"CHILD_CLEARTID", clone_flag::child_cleartid},
                                    {"UNTRACED", clone_flag::untraced},
                                    {"CHILD_SETTID", clone_flag::child_settid},
                                    {"NEWCGROUP", clone_flag::newcgroup},
                                    {"NEWUTS", clone_flag::newuts},
                                    {"NEWIPC", clone_flag::newipc},
                                    {"NEWUSER", clone_flag::newuser},
                                    {"NEWPID", clone_flag::newpid},
                                    {"NEWNET", clone_flag::newnet},
                                    {"IO", clone_flag::io}};
constexpr FlagWord kHandlerFlags[] = {{"restart", sa_flag::restart},
                                      {"nodefer", sa_flag::nodefer},
                                      {"oneshot", sa_flag::resethand},
                                      {"nocldstop", sa_flag::nocldstop},
                                      {"nocldwait", sa_flag::nocldwait}};
constexpr FlagWord kWaitOptions[] = {
    {"nohang", kWnohang}, {"untraced", kWuntraced}, {"continued", kWcontinued}, {"nowait", kWnowait}};

template <std::size_t N>
const FlagWord* find_flag(const FlagWord (&rows)[N], const Token& token) {
    if (token.kind != Token::Kind::word) return nullptr;
    std::string_view name = token.text;
    if (name.starts_with("CLONE_")) name.remove_prefix(6);
    for (const FlagWord& row : rows)
        if (row.name == name) return &row;
    return nullptr;
}
template <std::size_t N>
std::uint64_t take_flags(Parser& p, const FlagWord (&rows)[N]) {
    std::uint64_t flags = 0;
    while (const FlagWord* row = find_flag(rows, p.peek())) {
        flags |= row->value;
        p.take();
    }
    return flags;
}
template <std::size_t N>
std::string write_flags(const FlagWord (&rows)[N], std::uint64_t flags) {
    std::string out;
    for (const FlagWord& row : rows)
        if ((flags & row.value) != 0) out += " " + std::string(row.name);
    return out;
}

bool is_unmaskable(Parser& p, SourcePos pos, std::int32_t signal) {
    if ((sig::unmaskable & sig::bit(signal)) == 0) return false;
    p.error(pos, text("nobody can catch, ignore or block SIG{0}: it must always work",
                      "谁也不能捕获、忽略或阻塞 SIG{0}：它必须永远有效", {signal_name(signal)}));
    return true;
}

}  // namespace

bool read_caught_signal(Parser& p, Stmt& stmt, Place) {
    stmt.name_pos = p.peek().pos;
    const auto signal = p.signal();
    if (!signal || is_unmaskable(p, stmt.name_pos, *signal)) return false;
    stmt.count = *signal;
    return true;
}

bool read_handler(Parser& p, Stmt& stmt, Place place) {
    const bool known = read_caught_signal(p, stmt, place);
    stmt.cpus = take_flags(p, kHandlerFlags);
    if (!p.peek().is("{") && p.peek().kind == Token::Kind::word && !p.starts_something(p.peek())) {
        std::vector<std::string_view> words;
        for (const FlagWord& row : kHandlerFlags) words.push_back(row.name);
        p.unknown_word(p.take(), text("flag of a handler", "处理函数标志"), words);
    }
    return p.parse_block(stmt.body, place, nullptr,
                         text("what the handler does: '{' and statements", "处理函数做什么：“{” 和语句")) &&
           known;
}

bool read_signal_set(Parser& p, Stmt& stmt, Place) {
    stmt.name_pos = p.peek().pos;
    do {
        const SourcePos pos = p.peek().pos;
        const auto signal = p.signal();
        if (!signal || is_unmaskable(p, pos, *signal)) return false;
        stmt.cpus |= sig::bit(*signal);
    } while (p.take_sign(",") || (p.peek().kind == Token::Kind::word && signal_number(p.peek().text) != 0));
    return true;
}

bool read_kill_verb(Parser& p, Stmt& stmt, Place) {
    const auto path = p.task_path(stmt.name_pos);
    if (!path) return false;
    stmt.name = *path;
    stmt.count = sig::term;
    if (p.is_number_next()) {   // signal 0 only asks
        const auto number = p.integer(
            {.first = 0, .last = 64, .what = text("a signal number", "信号编号"), .limit = {}});
        if (number) stmt.count = *number;
        return number.has_value();
    }
    if (p.peek().kind != Token::Kind::word || p.starts_something(p.peek())) return true;
    const auto signal = p.signal();
    if (signal) stmt.count = *signal;
    return signal.has_value();
}

bool read_clone(Parser& p, Stmt& stmt, Place place) {
    if (find_flag(kCloneFlags, p.peek()) == nullptr && p.is_name_next()) {
        const auto given = p.name(text("the child's name", "子任务名"), &stmt.name_pos);
        if (given) stmt.name = *given;
    }
    if (stmt.kind == Stmt::Kind::clone) {
        stmt.cpus = take_flags(p, kCloneFlags);
        if (p.peek().kind == Token::Kind::word && !p.starts_something(p.peek())) {
            std::vector<std::string_view> words;
            for (const FlagWord& row : kCloneFlags) words.push_back(row.name);
            p.unknown_word(p.take(), text("clone flag", "clone 标志"), words);
        }
    }
    return p.parse_block(stmt.body, place, nullptr,
                         text("what the child does: '{' and statements", "子任务做什么：“{” 和语句"));
}

bool read_program(Parser& p, Stmt& stmt, Place) {
    const auto given = p.name(text("the name of a program", "程序名"), &stmt.name_pos);
    if (given) stmt.name = *given;
    return given.has_value();
}

bool read_wait_options(Parser& p, Stmt& stmt, Place) {
    stmt.name_pos = p.peek().pos;
    const bool named = p.is_number_next() || (p.is_name_next() && find_flag(kWaitOptions, p.peek()) == nullptr);
    if (named) {
        const auto path = p.task_path(stmt.name_pos);
        if (!path) return false;
        stmt.name = *path;
    }
    stmt.cpus = take_flags(p, kWaitOptions);
    return true;
}

bool read_optional_task(Parser& p, Stmt& stmt, Place) {
    stmt.name_pos = p.peek().pos;
    if (!p.is_number_next() && !p.is_name_next()) return true;
    const auto path = p.task_path(stmt.name_pos);
    if (path) stmt.name = *path;
    return path.has_value();
}

bool read_umask(Parser& p, Stmt& stmt, Place) {
    const Token& token = p.peek();
    const bool is_octal = token.kind == Token::Kind::number && token.text.size() <= 4 &&
                          token.text.find_first_not_of("01234567") == std::string_view::npos;
    if (!is_octal) {
        p.expected(text("three octal digits such as 077", "三位八进制数，例如 077"));
        return false;
    }
    for (const char c : p.take().text) stmt.count = stmt.count * 8 + (c - '0');
    stmt.count &= 0777;
    return true;
}

std::string write_signal_set(std::uint64_t set) {
    std::string out;
    for (int i = 1; i <= sig::count; ++i)
        if ((set & sig::bit(i)) != 0) out += (out.empty() ? " " : ", ") + signal_name(i);
    return out;
}
std::string write_handler_flags(std::uint64_t flags) { return write_flags(kHandlerFlags, flags); }
std::string write_clone_flags(std::uint64_t flags) { return write_flags(kCloneFlags, flags); }
std::string write_wait_options(std::uint64_t options) { return write_flags(kWaitOptions, options); }

}  // namespace sy::scn
