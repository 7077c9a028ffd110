// The reading of a scenario, shared by the files that each know one part of the language:
// blocks.cpp what stands at the top, statements.cpp the verbs, timed.cpp what happens at a time,
// expects.cpp the expectations, values.cpp numbers and names. Private to sim/scenario.
//
// It is a recursive descent over tokens with one rule for mistakes: whoever finds one reports it,
// and gives back "no value"; the loop around it skips to the next word that starts something. No
// function reads past the end, since the last token is returned for ever.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario/lexer.h"
#include "sim/scenario/parse.h"
#include "sim/scenario/words.h"

namespace sy::scn {

// What the formatter needs to know about the tokens: where an item (statement, setting, timed
// action, top-level thing) begins.
struct Layout {
    std::vector<bool> starts_item;  // one per token
};

// Whose program a statement belongs to; decides which verbs may come.
// `ioctl` and `tasklet` are kernel code: the one may sleep, the other not.
enum class Place : std::uint8_t { process, thread, kernel_thread, work, coroutine, ioctl, tasklet };

class Parser {
  public:
    Parser(const Tokens& tokens, const ParseOptions& options, Scenario& out, Diagnostics& diags);

    void parse_file();
    void parse_actions(Nanos at, std::vector<TimedAction>& out);  // until the end of the text
    // Per process of the scenario: were there mistakes in it?
    const std::vector<bool>& broken_processes() const { return broken_processes_; }
    Layout layout() && { return std::move(layout_); }

    // --- tokens
    // -------------------------------------------------------------------------------------------
    const Token& peek(std::size_t ahead = 0) const;
    const Token& take();
    bool at_end() const { return peek().kind == Token::Kind::end; }
    bool take_sign(std::string_view sign);
    bool take_word(std::string_view word);
    void mark_item();

    // --- messages
    // -----------------------------------------------------------------------------------------
    void error(SourcePos pos, Text message, std::string replacement = {});
    // "expected a length of time here, found '}'". `what` has both languages.
    void expected(const Text& what);
    // "unknown verb 'runn'; did you mean 'run'?" Returns what was probably meant, or "".
    std::string unknown_word(const Token& token, const Text& kind,
                             const std::vector<std::string_view>& known);
    void set_twice(const Token& token);  // "'hz' is set twice"
    static std::string shown(const Token& token);

    // --- values.cpp: each reports what is wrong and returns nothing
    // ---------------------------------------
    std::optional<Nanos> duration();
    std::optional<Dist> dist();
    struct Range {
        std::int64_t first, last;
        Text what;   // "the number of CPUs"
        Text limit;  // what to say of the largest value, may be empty
    };
    std::optional<std::int64_t> integer(const Range& range);
    std::optional<std::int32_t> signal();   // USR1, SIGUSR1 or 10
    std::optional<std::int64_t> bytes(std::int64_t most = std::int64_t{1} << 30);
    std::optional<std::uint64_t> cpu_list();
    std::optional<std::string> name(const Text& what, SourcePos* pos = nullptr);
    std::optional<std::string> task_path(SourcePos& pos);
    std::optional<std::string> string(const Text& what);
    bool is_copies() const;  // x2
    std::optional<std::int32_t> copies();
    bool is_name_next() const;  // a word that is not reserved
    bool is_duration_next() const;
    bool is_number_next() const;
    // Microscopic fixed point: "3.05" is 3'050'000, "5%" is 50'000.
    std::optional<std::int64_t> decimal();

    // --- blocks.cpp
    // ---------------------------------------------------------------------------------------
    void parse_top_item();
    void parse_machine();
    void parse_pipe();
    void parse_device();
    void parse_tasklet();
    std::optional<std::int8_t> softirq_vector();  // net_rx, block, …
    void parse_process();
    void parse_kthread();
    void parse_jobs();  // jobs_statement.cpp
    void parse_workqueue();  // workqueues.cpp
    void parse_work();
    void parse_program();
    void parse_group();
    // The group of that name, -1 if there is none.
    std::int32_t find_group(std::string_view name) const;
    // `20ms/100ms` or `max`.
    bool quota(Nanos& quota, Nanos& period);
    std::int32_t open_group() const { return open_group_; }
    void parse_break();  // breaks.cpp
    void parse_schedule();  // schedule_block.cpp
    bool parse_breakpoint(BreakpointDecl& stop);   // breakpoints.cpp; behind `break`
    void parse_title();
    void parse_about();
    void parse_view();  // lesson.cpp
    void parse_quiz();
    void parse_question();
    void parse_question_body(QuestionDecl& question);
    bool parse_choice(QuestionDecl& question, bool is_right);

    // --- statements.cpp
    // ----------------------------------------------------------------------------------- Reads `{
    // … }` into `body`; with `process`, `thread` blocks go there.
    bool parse_block(std::vector<Stmt>& body, Place place, ProcessDecl* process,
                     const Text& of_what);
    bool parse_thread(ProcessDecl& process);
    bool parse_coroutine(ProcessDecl& process);  // coroutines.cpp
    void parse_clients();                        // coroutines.cpp
    bool parse_sync(ProcessDecl& process, std::string_view word);   // behind `mutex`, `barrier`, …

    // --- timed.cpp
    // ----------------------------------------------------------------------------------------
    void parse_at();
    void parse_every();
    bool parse_action(const std::vector<Nanos>& times, std::vector<TimedAction>& out);
    bool is_timed_line_next() const;             // devices.cpp
    bool is_action(std::size_t ahead) const;  // does a timed action begin at this token?

    // --- expects.cpp
    // --------------------------------------------------------------------------------------
    void parse_expect();

    bool lacks_a_closing_brace() const { return unclosed_ > 0; }
    // A word of the file's top was met inside a block and a `}` is missing: all open blocks end
    // here.
    bool is_unwinding() const { return is_unwinding_; }
    void start_unwinding() { is_unwinding_ = true; }
    Scenario& out() { return out_; }
    const ParseOptions& options() const { return options_; }
    Diagnostics& diags() { return diags_; }

    // Skips what belongs to a broken item: up to the next word that starts something, or `}`.
    // Blocks on the way are skipped whole.
    void skip_item();
    void skip_block();  // at `{`: to behind its `}`
    void close_brace(const Token& open);
    bool enter();  // one level deeper, or report that it is too deep
    void leave() { --depth_; }
    bool count_statement();  // or report that there are too many
    bool is_hopeless() const { return is_hopeless_; }

    bool starts_something(const Token& token) const;
    const Tokens& tokens() const { return tokens_; }
    std::size_t index() const { return at_; }

  private:
    void count_cpus();
    void keep_head_comment(const std::vector<Comment>& comments);
    void misplaced(const Token& token, Stmt::Kind kind, bool in_kernel, Place place);
    void parse_statement(std::vector<Stmt>& body, Place place, ProcessDecl* process);
    void parse_action_list(const std::vector<Nanos>& times);
    void parse_body(ProcessDecl& process, Place place);
    void parse_job_rows();

    const Tokens& tokens_;
    const ParseOptions& options_;
    Scenario& out_;
    Diagnostics& diags_;
    Layout layout_;
    std::vector<bool> broken_processes_;
    std::size_t at_ = 0;
    int depth_ = 0;
    std::int64_t statements_ = 0;
    int unclosed_ = 0;  // `{` without a `}` in the whole file
    bool is_unwinding_ = false;
    bool has_machine_ = false;
    std::int32_t open_group_ = -1;  // the `group { … }` around, -1: none
    bool is_hopeless_ = false;  // a limit on the whole file was passed: stop listening
};

// sched_params.cpp: `fifo 20`, `deadline runtime 3ms period 10ms`… False: it was reported, skip the rest.
bool read_sched_params(Parser& p, SchedParams& out);
std::string write_sched_params(const SchedParams& s);

}  // namespace sy::scn
