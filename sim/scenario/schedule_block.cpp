#include "sim/scenario/schedule_block.h"

#include "sim/scenario/parser.h"

namespace sy::scn {

namespace {

bool read_count(Parser& p, std::int64_t& count) {
    const auto n = p.integer({.first = 1, .last = 1'000'000'000'000, .what = text("the number of operations", "操作数"), .limit = {}});
    if (n) count = *n;
    return n.has_value();
}

bool read_line(Parser& p, ScheduleLine& line) {
    line.pos = p.peek().pos;
    if (p.take_word("step")) {
        const auto path = p.task_path(line.pos);
        if (!path) return false;
        line.task = *path;
        if (p.take_word("rest")) return true;
        if (p.is_number_next()) return read_count(p, line.count);
        p.expected(text("how many operations, or rest: step editor 12", "多少个操作，或 rest：step editor 12"));
        return false;
    }
    if (p.take_word("drain")) {
        line.kind = ScheduleLine::Kind::drain;
        if (!p.take_word("cpu")) {
            p.expected(text("a CPU: drain cpu 0 1", "一个 CPU：drain cpu 0 1"));
            return false;
        }
        const auto cpu = p.integer({.first = 0, .last = 63, .what = text("the number of a CPU", "CPU 编号"), .limit = {}});
        if (!cpu) return false;
        line.cpu = static_cast<CpuId>(*cpu);
        if (p.is_number_next()) return read_count(p, line.count);
        line.count = 1;
        return true;
    }
    p.expected(text("'step TASK COUNT' or 'drain cpu CPU'", "“step 任务 次数” 或 “drain cpu 编号”"));
    return false;
}

}  // namespace

void Parser::parse_schedule() {
    const Token open = peek();
    if (!take_sign("{")) {
        expected(text("'{' and lines such as: step editor 12", "“{” 以及这样的行：step editor 12"));
        return skip_item();
    }
    while (!at_end() && !peek().is("}") && !is_hopeless()) {
        if (starts_something(peek()) && lacks_a_closing_brace()) break;
        mark_item();
        ScheduleLine line;
        if (!count_statement()) return;
        if (read_line(*this, line)) {
            out_.schedule.push_back(std::move(line));
            continue;
        }
        while (!at_end() && !peek().is("}") && !peek().is("{") && !peek().is_word("step") && !peek().is_word("drain")) take();
        if (peek().is("{")) skip_block();
    }
    close_brace(open);
}

std::string write_schedule(const std::vector<ScheduleLine>& lines) {
    if (lines.empty()) return {};
    std::string out = "schedule {";
    for (const ScheduleLine& line : lines) {
        out += line.kind == ScheduleLine::Kind::drain ? " drain cpu " + std::to_string(line.cpu) : " step " + line.task;
        out += line.count < 0 ? " rest" : " " + std::to_string(line.count);
    }
    return out + " }\n";
}

}  // namespace sy::scn
