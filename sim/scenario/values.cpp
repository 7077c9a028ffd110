// Numbers with units, names, lists of CPUs: the small things that every part of the language is
// made of. A length of time without a unit is the most common mistake of all, so it is recognised
// and answered with a guess.
#include <algorithm>
#include <array>

#include "sim/base/limits.h"
#include "sim/base/utf8.h"
#include "sim/model/shared.h"
#include "sim/scenario/parser.h"
#include "sim/scenario/suggest.h"

namespace sy::scn {
namespace {

struct Unit {
    std::string_view name;
    std::int64_t factor;
};

constexpr Unit kTimeUnits[] = {
    {"ns", 1},      {"us", kMicro}, {"\xc2\xb5s", kMicro}, {"\xce\xbcs", kMicro},
    {"ms", kMilli}, {"s", kSecond}};
constexpr Unit kSizeUnits[] = {{"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};

// Longer than any value in the language may be, and far from overflowing.
constexpr std::int64_t kHuge = 1'000'000'000'000'000'000;

// What a number token is made of. `fraction` is counted in units of 1/scale.
struct Number {
    std::int64_t whole = 0;  // at most kHuge
    std::int64_t fraction = 0;
    std::int64_t scale = 1;
    bool is_too_exact = false;  // more than nine digits behind the point
    std::string_view unit;
    std::string_view digits;  // all before the unit
};

Number split(std::string_view text) {
    Number number;
    std::size_t at = 0;
    const auto digit = [&] { return at < text.size() && text[at] >= '0' && text[at] <= '9'; };
    for (; digit(); ++at) {
        if (number.whole < kHuge / 10)
            number.whole = number.whole * 10 + (text[at] - '0');
        else
            number.whole = kHuge;
    }
    if (at < text.size() && text[at] == '.') {
        for (++at; digit(); ++at) {
            if (number.scale == 1'000'000'000) {
                number.is_too_exact |= text[at] != '0';
                continue;
            }
            number.fraction = number.fraction * 10 + (text[at] - '0');
            number.scale *= 10;
        }
    }
    number.digits = text.substr(0, at);
    number.unit = text.substr(at);
    return number;
}

const Unit* find_unit(std::span<const Unit> units, std::string_view name) {
    const auto found = std::find_if(units.begin(), units.end(),
                                    [&](const Unit& unit) { return unit.name == name; });
    return found == units.end() ? nullptr : &*found;
}

// Words that people write for units, and what we call them.
std::string meant_unit(std::string_view word) {
    constexpr std::string_view kSpelled[][2] = {
        {"sec", "s"},    {"secs", "s"},    {"second", "s"}, {"seconds", "s"}, {"msec", "ms"},
        {"msecs", "ms"}, {"millis", "ms"}, {"usec", "us"},  {"usecs", "us"},  {"micros", "us"},
        {"nsec", "ns"},  {"nanos", "ns"},  {"m", "ms"},     {"u", "us"},      {"n", "ns"},
        {"b", "B"},      {"K", "KiB"},     {"KB", "KiB"},   {"kB", "KiB"},    {"k", "KiB"},
        {"M", "MiB"},    {"MB", "MiB"},    {"bytes", "B"},  {"byte", "B"},
    };
    for (const auto& pair : kSpelled) {
        if (pair[0] == word) return std::string(pair[1]);
    }
    return {};
}

SourcePos join(SourcePos a, const SourcePos& b) {
    if (a.line == b.line) a.length = b.column + b.length - a.column;
    return a;
}

const Text kDurationText = {.en = "a length of time such as 5ms", .zh = "一段时间，例如 5ms"};

}  // namespace

bool Parser::is_number_next() const {
    return peek().kind == Token::Kind::number ||
           (peek().is("-") && peek(1).kind == Token::Kind::number);
}

bool Parser::is_duration_next() const {
    return is_number_next() || (peek().kind == Token::Kind::word && peek(1).is("("));
}

std::optional<Nanos> Parser::duration() {
    if (!is_number_next()) {
        expected(kDurationText);
        return {};
    }
    const SourcePos start = peek().pos;
    const bool is_negative = take_sign("-");
    const Token& token = take();
    SourcePos pos = join(start, token.pos);
    const Number number = split(token.text);
    std::string_view unit_name = number.unit;
    if (unit_name.empty() && peek().kind == Token::Kind::word &&
        find_unit(kTimeUnits, peek().text)) {
        pos = join(start, peek().pos);
        unit_name = take().text;
    }
    const Unit* unit = find_unit(kTimeUnits, unit_name);
    const std::string digits(number.digits);
    if (is_negative) {
        const std::string positive = digits + std::string(unit ? unit->name : "ms");
        error(pos,
              text("a length of time cannot be negative; did you mean '{0}'?",
                   "时间长度不能是负数；是不是想写 “{0}”？", {positive}),
              positive);
        return {};
    }
    if (unit_name.empty()) {
        error(pos,
              text("a length of time needs a unit (ns, us, ms or s); did you mean '{0}ms'?",
                   "时间长度需要单位（ns、us、ms 或 s）；是不是想写 “{0}ms”？", {digits}),
              digits + "ms");
        return {};
    }
    if (unit == nullptr) {
        constexpr std::array<std::string_view, 4> kNames = {"ns", "us", "ms", "s"};
        std::string meant = meant_unit(unit_name);
        if (meant.empty() || find_unit(kTimeUnits, meant) == nullptr)
            meant = nearest(unit_name, kNames);
        if (meant.empty()) meant = "ms";
        error(pos,
              text("'{0}' is not a unit of time (ns, us, ms or s); did you mean '{1}'?",
                   "“{0}” 不是时间单位（ns、us、ms 或 s）；是不是想写 “{1}”？",
                   {utf8::printable(unit_name, 16), digits + meant}),
              digits + meant);
        return {};
    }
    if (number.whole > limits::duration_ns / unit->factor) {
        error(pos, text("this is longer than the limit of 1000s for a length of time",
                        "超过了时间长度的上限 1000s"));
        return {};
    }
    if (number.is_too_exact || (number.fraction * unit->factor) % number.scale != 0) {
        error(pos, text("this is not a whole number of nanoseconds, the smallest step of the clock",
                        "这不是整数个纳秒，而纳秒是时钟的最小单位"));
        return {};
    }
    const Nanos time = number.whole * unit->factor + number.fraction * unit->factor / number.scale;
    if (time > limits::duration_ns) {
        error(pos, text("this is longer than the limit of 1000s for a length of time",
                        "超过了时间长度的上限 1000s"));
        return {};
    }
    return time;
}

// TIME, uniform(TIME, TIME) or exp(TIME).
std::optional<Dist> Parser::dist() {
    if (is_number_next()) {
        const std::optional<Nanos> time = duration();
        if (!time) return {};
        return Dist{.kind = Dist::Kind::fixed, .a = *time, .b = 0};
    }
    if (peek().kind != Token::Kind::word || !peek(1).is("(")) {
        if (peek().is_word("uniform") || peek().is_word("exp")) take();
        expected(kDurationText);
        return {};
    }
    const Token& kind = take();
    take();
    const bool is_uniform = kind.text == "uniform";
    if (!is_uniform && kind.text != "exp") {
        unknown_word(kind, {.en = "distribution", .zh = "分布"}, {"uniform", "exp"});
        return {};
    }
    Dist dist{.kind = is_uniform ? Dist::Kind::uniform : Dist::Kind::exp, .a = 0, .b = 0};
    const SourcePos first = peek().pos;
    const std::optional<Nanos> a = duration();
    if (!a) return {};
    dist.a = *a;
    if (is_uniform) {
        if (!take_sign(",")) {
            expected({.en = "',' and the longest time, as in uniform(1ms, 4ms)",
                      .zh = " “,” 和最长时间，例如 uniform(1ms, 4ms)"});
            return {};
        }
        const std::optional<Nanos> b = duration();
        if (!b) return {};
        dist.b = *b;
        if (dist.b < dist.a) {
            error(first, text("uniform wants the shorter time first",
                              "uniform 的第一个时间应当是较短的那个"));
            return {};
        }
    } else if (dist.a == 0) {
        error(first, text("the mean of exp must be longer than 0", "exp 的均值必须大于 0"));
        return {};
    }
    if (!take_sign(")")) {
        expected({.en = "')'", .zh = " “)” "});
        return {};
    }
    return dist;
}

std::optional<std::int64_t> Parser::integer(const Range& range) {
    if (!is_number_next()) {
        expected(
            {.en = "a number (" + range.what.en + ")", .zh = "一个数（" + range.what.zh + "）"});
        return {};
    }
    const SourcePos start = peek().pos;
    const bool is_negative = take_sign("-");
    const Token& token = take();
    const SourcePos pos = join(start, token.pos);
    const Number number = split(token.text);
    if (!number.unit.empty() || number.scale > 1) {
        const std::string whole = (is_negative ? "-" : "") + std::to_string(number.whole);
        error(pos,
              {.en = range.what.en + " must be a whole number without a unit; did you mean '" +
                     whole + "'?",
               .zh = range.what.zh + "必须是不带单位的整数；是不是想写 “" + whole + "”？"},
              whole);
        return {};
    }
    const std::int64_t value = is_negative ? -number.whole : number.whole;
    if (value >= range.first && value <= range.last) return value;
    const std::string first = std::to_string(range.first);
    const std::string last = std::to_string(range.last);
    if (value > range.last && !range.limit.en.empty()) {
        error(pos,
              {.en = range.what.en + " is over the limit of " + last + " (" + range.limit.en + ")",
               .zh = range.what.zh + "超过了上限 " + last + "（" + range.limit.zh + "）"});
    } else {
        error(pos, {.en = range.what.en + " must be between " + first + " and " + last,
                    .zh = range.what.zh + "必须在 " + first + " 到 " + last + " 之间"});
    }
    return {};
}

std::optional<std::int32_t> Parser::signal() {
    if (is_number_next()) {
        const auto number = integer(
            {.first = 1, .last = 64, .what = text("a signal number", "信号编号"), .limit = {}});
        if (!number) return {};
        return static_cast<std::int32_t>(*number);
    }
    const Token& token = peek();
    if (token.kind != Token::Kind::word) {
        expected(text("a signal such as TERM or USR1", "信号，例如 TERM 或 USR1"));
        return {};
    }
    take();
    const int number = signal_number(token.text);
    if (number != 0) return number;
    std::vector<std::string> names;
    for (int i = 1; i < sig::first_rt; ++i) names.push_back(signal_name(i));
    unknown_word(token, text("signal", "信号"), {names.begin(), names.end()});
    return {};
}

std::optional<std::int64_t> Parser::bytes(std::int64_t most) {
    if (!is_number_next()) {
        expected(
            {.en = "a number of bytes such as 4096 or 64KiB", .zh = "字节数，例如 4096 或 64KiB"});
        return {};
    }
    const SourcePos start = peek().pos;
    const bool is_negative = take_sign("-");
    const Token& token = take();
    SourcePos pos = join(start, token.pos);
    const Number number = split(token.text);
    std::string_view unit_name = number.unit;
    if (unit_name.empty() && peek().kind == Token::Kind::word &&
        find_unit(kSizeUnits, peek().text)) {
        pos = join(start, peek().pos);
        unit_name = take().text;
    }
    const Unit* unit = unit_name.empty() ? &kSizeUnits[0] : find_unit(kSizeUnits, unit_name);
    if (unit == nullptr) {
        std::string meant = meant_unit(unit_name);
        if (meant.empty() || find_unit(kSizeUnits, meant) == nullptr) meant = "KiB";
        meant = std::string(number.digits) + meant;
        error(pos,
              text("'{0}' is not a unit of size (B, KiB, MiB or GiB); did you mean '{1}'?",
                   "“{0}” 不是大小的单位（B、KiB、MiB 或 GiB）；是不是想写 “{1}”？",
                   {utf8::printable(unit_name, 16), meant}),
              meant);
        return {};
    }
    if (number.scale > 1 || is_negative || number.whole == 0 ||
        number.whole > most / unit->factor) {
        const std::string limit = std::to_string(most >> 30) + "GiB";
        error(pos, text("a number of bytes must be whole and between 1 and {0}",
                        "字节数必须是整数，在 1 到 {0} 之间", {limit}));
        return {};
    }
    return number.whole * unit->factor;
}

// 0, 0-3, 0,2-3 as a mask.
std::optional<std::uint64_t> Parser::cpu_list() {
    std::uint64_t mask = 0;
    const Range range = {
        .first = 0,
        .last = limits::cpus - 1,
        .what = {.en = "the number of a CPU", .zh = "CPU 编号"},
        .limit = {.en = "64 CPUs, numbered from 0", .zh = "最多 64 个 CPU，从 0 编号"}};
    do {
        const SourcePos pos = peek().pos;
        const std::optional<std::int64_t> first = integer(range);
        if (!first) return {};
        std::int64_t last = *first;
        if (take_sign("-")) {
            const std::optional<std::int64_t> given = integer(range);
            if (!given) return {};
            last = *given;
        }
        if (last < *first) {
            error(pos, text("a range of CPUs runs upwards, as in 0-3",
                            "CPU 范围应当从小到大，例如 0-3"));
            return {};
        }
        for (std::int64_t cpu = *first; cpu <= last; ++cpu) mask |= std::uint64_t{1} << cpu;
    } while (take_sign(","));
    return mask;
}

bool Parser::is_name_next() const {
    return peek().kind == Token::Kind::word && !is_reserved(peek().text);
}

std::optional<std::string> Parser::name(const Text& what, SourcePos* pos) {
    const Token& token = peek();
    if (pos != nullptr) *pos = token.pos;
    if (token.kind == Token::Kind::string && is_name(token.text)) {
        error(token.pos,
              text("names are written without quotes; did you mean '{0}'?",
                   "名字不加引号；是不是想写 “{0}”？", {token.text}),
              std::string(token.text));
        return std::string(take().text);
    }
    if (token.kind != Token::Kind::word) {
        expected(what);
        return {};
    }
    if (is_reserved(token.text)) {
        error(token.pos, {.en = "expected " + what.en + ", but '" + shown(token) +
                                "' is a word of the language and cannot be a name",
                          .zh = "这里应当是" + what.zh + "，而 “" + shown(token) +
                                "” 是语言的关键字，不能作名字"});
        return {};
    }
    take();
    if (token.text.size() > static_cast<std::size_t>(limits::name_chars)) {
        const std::string shorter(
            token.text.substr(0, static_cast<std::size_t>(limits::name_chars)));
        error(token.pos,
              text("a name can have at most {0} characters, as in the kernel (TASK_COMM_LEN)",
                   "名字最多 {0} 个字符，与内核相同（TASK_COMM_LEN）",
                   {std::to_string(limits::name_chars)}),
              shorter);
        return shorter;
    }
    return std::string(token.text);
}

// name, name/2, proc/thread/1, or a pid.
std::optional<std::string> Parser::task_path(SourcePos& pos) {
    pos = peek().pos;
    if (peek().kind == Token::Kind::number) {
        const std::optional<std::int64_t> pid = integer({.first = 0,
                                                         .last = limits::pid_max,
                                                         .what = {.en = "a pid", .zh = "pid"},
                                                         .limit = {}});
        if (!pid) return {};
        return std::to_string(*pid);
    }
    const Text what = {.en = "the name of a task such as editor/1", .zh = "任务名，例如 editor/1"};
    std::optional<std::string> path = name(what);
    if (!path) return {};
    while (peek().is("/")) {
        take();
        const Token& part = peek();
        if (part.kind != Token::Kind::word && part.kind != Token::Kind::number) {
            expected({.en = "a number or a thread behind '/'", .zh = "“/” 后面的编号或线程名"});
            return {};
        }
        pos = join(pos, take().pos);
        *path += "/" + std::string(part.text);
        if (path->size() > 60) {
            error(pos, text("this is too long for the name of a task", "任务名太长"));
            return {};
        }
    }
    return path;
}

std::optional<std::string> Parser::string(const Text& what) {
    if (peek().kind != Token::Kind::string) {
        expected(what);
        return {};
    }
    return std::string(take().text);
}

bool Parser::is_copies() const {
    const std::string_view word = peek().text;
    return peek().kind == Token::Kind::word && word.size() > 1 && word[0] == 'x' &&
           word.find_first_not_of("0123456789", 1) == std::string_view::npos;
}

// x2. Requires: is_copies().
std::optional<std::int32_t> Parser::copies() {
    const Token& token = take();
    const Number number = split(token.text.substr(1));
    if (number.whole == 0) {
        error(token.pos,
              text("x0 makes none at all; leave the declaration out, or write x1",
                   "x0 表示一个也没有；请去掉这个声明，或写 x1"),
              "x1");
        return {};
    }
    if (number.whole > limits::tasks) {
        error(token.pos, text("{0} are more than the limit of {1} tasks in one scenario",
                              "{0} 超过了一个场景 {1} 个任务的上限",
                              {utf8::printable(token.text, 24), std::to_string(limits::tasks)}));
        return {};
    }
    return static_cast<std::int32_t>(number.whole);
}

std::optional<std::int64_t> Parser::decimal() {
    constexpr std::int64_t kMicroscopic = 1'000'000;
    const Token& token = take();
    const Number number = split(token.text);
    const bool is_percent = number.unit == "%";
    const bool fits =
        number.whole <= std::int64_t{1'000'000'000'000} && number.scale <= kMicroscopic;
    if ((!number.unit.empty() && !is_percent) || !fits) {
        error(token.pos, text("'{0}' is not a number that can be compared with here",
                              "“{0}” 不是这里可以比较的数", {shown(token)}));
        return {};
    }
    const std::int64_t value =
        number.whole * kMicroscopic + number.fraction * (kMicroscopic / number.scale);
    return is_percent ? value / 100 : value;
}

}  // namespace sy::scn
