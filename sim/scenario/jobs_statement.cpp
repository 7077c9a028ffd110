// `jobs 10 arrival exp(5ms) burst uniform(1ms, 20ms)` and `jobs { a,0ms,24ms  b,0ms,3ms }`: a
// course's job set in one line, or as the table of the textbook. Both are short for processes: what
// is drawn is drawn by the machine, from its seed.
#include <algorithm>

#include "sim/base/limits.h"
#include "sim/scenario/jobs.h"
#include "sim/scenario/parser.h"

namespace sy::scn {
namespace {

constexpr std::int64_t kMostJobs = 10'000;
constexpr std::int64_t kMostBursts = 1'000'000;

// `job` or the next of jobs that are there already: a file may have several such lines.
std::size_t first_number(const Scenario& s) {
    std::size_t next = 0;
    for (const ProcessDecl& p : s.processes)
        if (p.name == "job" + std::to_string(next)) ++next;
    return next;
}

}  // namespace

void Parser::parse_job_rows() {
    const Token& open = take();
    bool is_first = true;
    while (!at_end() && !peek().is("}")) {
        mark_item();
        std::vector<JobField> fields;
        while (true) {
            const Token& token = peek();
            if (token.is(",") || token.is("}")) {
                fields.push_back({{}, token.pos});
            } else if (token.kind == Token::Kind::word || token.kind == Token::Kind::number) {
                fields.push_back({take().text, token.pos});
            } else {
                expected(text("a value between commas", "逗号之间的值"));
                skip_item();
                return close_brace(open);
            }
            if (!take_sign(",")) break;
        }
        const bool is_header = is_first && is_job_header(fields);
        is_first = false;
        if (is_header) continue;
        if (!count_statement()) return;
        ProcessDecl job;
        const bool is_good = read_job_row(fields, 0, job, diags_);
        if (job.name.empty()) continue;
        out_.processes.push_back(std::move(job));
        broken_processes_.push_back(!is_good);
    }
    close_brace(open);
}

void Parser::parse_jobs() {
    const SourcePos pos = tokens_.list[at_ - 1].pos;
    if (peek().is("{")) return parse_job_rows();
    const auto count = integer(
        {.first = 1,
         .last = kMostJobs,
         .what = text("the number of jobs, or '{' and a table", "作业个数，或 “{” 和一张表"),
         .limit = {}});
    std::optional<Dist> arrival, burst, io;
    std::int64_t bursts = 1;
    bool is_good = count.has_value();
    while (is_good) {
        std::optional<Dist>* to = peek().is_word("arrival") ? &arrival
                                  : peek().is_word("burst") ? &burst
                                  : peek().is_word("io")    ? &io
                                                            : nullptr;
        if (to == nullptr && !peek().is_word("bursts")) break;
        const Token& word = take();
        if (to == nullptr) {
            const auto n = integer({.first = 1,
                                    .last = kMostBursts,
                                    .what = text("the number of bursts", "执行期的个数"),
                                    .limit = {}});
            is_good = n.has_value();
            bursts = n.value_or(1);
            continue;
        }
        if (*to) set_twice(word);
        *to = dist();
        is_good = to->has_value();
    }
    if (is_good && !burst) {
        expected(text("'arrival TIME burst TIME'", " “arrival 时间 burst 时间”"));
        is_good = false;
    }
    if (!is_good) return skip_item();
    if (io && bursts == 1) bursts = 2;
    const std::size_t first = first_number(out_);
    for (std::int64_t i = 0; i < *count && count_statement(); ++i) {
        ProcessDecl& job = out_.processes.emplace_back();
        job.name = "job" + std::to_string(first + static_cast<std::size_t>(i));
        job.pos = pos;
        job.arrive = arrival.value_or(Dist{});
        job.arrives_after = arrival.has_value();
        Stmt run;
        run.pos = pos;
        run.time = *burst;
        if (bursts > 1) {
            Stmt& loop = job.body.emplace_back();
            loop.pos = pos;
            loop.kind = Stmt::Kind::repeat;
            loop.count = bursts - 1;
            loop.body.push_back(run);
            Stmt& wait = loop.body.emplace_back();
            wait.pos = pos;
            wait.kind = Stmt::Kind::sleep;
            wait.time = io.value_or(Dist{});
            if (!io) loop.body.pop_back();
        }
        job.body.push_back(run);
        broken_processes_.push_back(false);
    }
}

}  // namespace sy::scn
