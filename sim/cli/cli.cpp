// The table of subcommands with their options. What each does is in a file of its own; here is only
// what it is called, what it takes and the sentence that `--help` shows.
#include "sim/cli/cli.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include "sim/base/assert.h"
#include "sim/cli/commands.h"
#include "sim/cli/help_zh.h"
#include "sim/report/plot.h"
#include "sim/scenario/suggest.h"
#include "sim/session/load.h"
#include "sim/session/quiz.h"

namespace sy {
namespace {

using cli::Common;

constexpr const char* kVersion = "0.1.0";

// Everything the command line can fill.
struct Request {
    cli::RunOptions run;
    Common oops;
    cli::RacesOptions races;
    Common costs;
    cli::ExploreCommand explore;
    cli::CompareOptions compare;
    cli::SweepOptions sweep;
    cli::PlotOptions plot;
    cli::QuizCommand quiz;
    cli::PlayCommand play;
    cli::TraceOptions trace;
    cli::ExplainOptions explain;
    cli::MomentOptions ps, objects, cat, term, proc_export;
    std::vector<std::string> files;
    cli::GlossaryOptions glossary;
    std::string lang = "en";
    WindowRequest window;
    std::string size = "1280x800";
    ExportRequest exported;
    std::string svg, gif, mp4, range, export_size;
    bool html = false;
};

bool parse_size(const std::string& text, WindowRequest& request) {
    char end = 0;
    return std::sscanf(text.c_str(), "%dx%d%c", &request.width, &request.height, &end) == 2 &&
           request.width > 0 && request.height > 0 && request.width <= 16'384 &&
           request.height <= 16'384;
}

// A number in a range, with a message for people.
CLI::Validator at_least(std::int64_t least) {
    return CLI::Validator(
        [least](std::string& text) {
            const bool is_number = !text.empty() && text.size() < 19 &&
                                   text.find_first_not_of("0123456789") == std::string::npos;
            if (is_number && std::stoll(text) >= least) return std::string();
            return "wants a whole number from " + std::to_string(least) + ", not '" + text + "'";
        },
        "");
}

// A time such as 12ms.
void add_time(CLI::App& app, const std::string& name, std::optional<Nanos>& to,
              const std::string& help) {
    app.add_option_function<std::string>(
           name,
           [&to, name](const std::string& text) {
               to = parse_time(text);
               if (!to)
                   throw CLI::ValidationError(
                       name, "wants a time such as 12ms, 1.5us or 2s, not '" + text + "'");
           },
           help)
        ->type_name("TIME");
}

void add_language(CLI::App& app, std::string& lang) {
    app.add_option("--lang", lang, "language: en or zh")->check(CLI::IsMember({"en", "zh"}));
}

// What every command that runs a scenario takes.
void add_common(CLI::App& app, Common& common) {
    app.add_option("FILE", common.file, "scenario file; - is standard input")->required();
    add_language(app, common.lang);
    app.add_option("--sched", common.sched,
                   "scheduler in place of the scenario's, e.g. rr,quantum=2ms")
        ->type_name("NAME[,key=value...]");
    app.add_option("--costs", common.costs, "linux, or ideal: every step takes no time")
        ->type_name("NAME");
    app.add_option("--seed", common.seed, "seed of all random draws");
    app.add_option("--break", common.breaks,
                   "break the kernel on purpose, e.g. \"forget callee-saved rbx\"; may be repeated")
        ->take_all()
        ->type_name("HOW");
    app.add_option("-o,--output", common.out, "write to this file")->type_name("FILE");
}

void add_format(CLI::App& app, Common& common, std::vector<std::string> formats) {
    app.add_option("--format", common.format, "how to print it")
        ->check(CLI::IsMember(std::move(formats)));
}

// Jobs in place of a file.
void add_jobs(CLI::App& app, Common& common) {
    CLI::Option* file = app.get_option("FILE")->required(false);
    CLI::Option* jobs =
        app.add_option(
               "--jobs", common.jobs,
               "jobs instead of a file: lengths 5,10,15; programs c7,i,c1,i (':' begins the "
               "next job); START,LENGTH,IO-AFTER as 0,180,0:100,20,4; or a table FILE.csv of "
               "name,arrival,burst[,priority[,io,burst...]]")
            ->excludes(file)
            ->type_name("JOBS");
    app.add_option_function<std::string>(
           "--unit",
           [&common](const std::string& text) {
               const auto unit = parse_time(text);
               if (!unit || *unit == 0)
                   throw CLI::ValidationError("--unit",
                                              "wants a time such as 1ms, not '" + text + "'");
               common.unit = *unit;
           },
           "what a plain number in --jobs counts (default 1s)")
        ->needs(jobs)
        ->type_name("TIME");
    app.add_option("--io-time", common.io_time, "units that an I/O in --jobs lasts (default 5)")
        ->needs(jobs)
        ->check(CLI::Range(0, 1000));
    app.add_option("--io-cpu", common.io_cpu,
                   "units of CPU that `i` costs before and again after its wait (default 1, as "
                   "process-run.py counts; 0: none)")
        ->needs(jobs)
        ->check(CLI::Range(0, 1000));
}
bool lacks_a_file(const Common& common) {
    if (!common.file.empty() || !common.jobs.empty()) return false;
    cli::complain({.en = "give a FILE, or --jobs such as --jobs 5,10,15", .zh = "请给出 FILE，或 --jobs，例如 --jobs 5,10,15"},
                  common.language());
    return true;
}

CLI::App* add_run(CLI::App& app, Request& r) {
    CLI::App* c = app.add_subcommand(
        "run", "run a scenario and report: Gantt chart, tasks, totals, expectations");
    add_common(*c, r.run.common);
    add_jobs(*c, r.run.common);
    add_time(*c, "--until", r.run.common.until, "stop at this time");
    add_format(*c, r.run.common, {"text", "json", "csv"});
    c->add_option("--columns", r.run.columns, "width of the chart")->check(CLI::Range(10, 1000));
    return c;
}

CLI::App* add_oops(CLI::App& app, Request& r) {
    CLI::App* c = app.add_subcommand(
        "oops", "what a kernel that was broken on purpose says, and the first step at which it went wrong");
    add_common(*c, r.oops);
    add_time(*c, "--until", r.oops.until, "stop at this time");
    add_format(*c, r.oops, {"text", "json"});
    return c;
}

CLI::App* add_costs(CLI::App& app, Request& r) {
    CLI::App* c = app.add_subcommand("costs", "what a coroutine, mode, thread and process switch cost in this run, side by side");
    add_common(*c, r.costs);
    add_time(*c, "--until", r.costs.until, "stop at this time");
    add_format(*c, r.costs, {"text", "json"});
    return c;
}

CLI::App* add_races(CLI::App& app, Request& r) {
    CLI::App* c = app.add_subcommand(
        "races", "look for data races: pairs of accesses that nothing orders (status 1 if there are any)");
    add_common(*c, r.races.common);
    add_time(*c, "--until", r.races.common.until, "stop at this time");
    c->add_flag("--strict", r.races.strict,
                "words on which a loop waits count as data unless they are declared atomic");
    add_format(*c, r.races.common, {"text", "json"});
    return c;
}

CLI::App* add_explore(CLI::App& app, Request& r) {
    CLI::App* c = app.add_subcommand(
        "explore", "try the orders in which threads can go, for one that breaks an expectation, deadlocks or crashes (status 1)");
    add_common(*c, r.explore.common);
    c->get_option("--output")->description("write the found schedule to this file, as a scenario that can be replayed");
    c->add_option_function<std::string>(
         "--preemptions",
         [&r](const std::string& text) {
             if (text == "none") {
                 r.explore.preemptions = -1;
                 return;
             }
             if (text.empty() || text.size() > 3 || text.find_first_not_of("0123456789") != std::string::npos)
                 throw CLI::ValidationError("--preemptions", "wants a number such as 2, or none, not '" + text + "'");
             r.explore.preemptions = std::stoll(text);
         },
         "bounds 0, 1, … up to N preemptions in turn (default 2); none: no bound")
        ->type_name("N or none");
    c->add_option("--schedules", r.explore.schedules, "at most so many schedules (default 10000)")
        ->check(CLI::Range(1LL, 1'000'000'000LL));
    c->add_option("--steps", r.explore.steps, "steps of the machine after which one schedule is given up (default 2000000)")
        ->check(CLI::Range(1'000LL, 1'000'000'000LL));
    c->add_option("--assert", r.explore.assertions,
                  "what must hold at the end of every order, in place of the scenario's expectations; e.g. \"word(bank, counter) == 2\"; may be repeated")
        ->take_all()
        ->type_name("CONDITION");
    c->add_flag("--all", r.explore.all, "go on after the first failure");
    c->add_flag("--every-order", r.explore.every_order, "no partial-order reduction: also orders that cannot differ");
    c->add_flag("--window", r.explore.window, "open the found schedule in the window");
    add_format(*c, r.explore.common, {"text", "json"});
    return c;
}

CLI::App* add_compare(CLI::App& app, Request& r) {
    CLI::App* c = app.add_subcommand(
        "compare", "run a scenario under several schedulers and put their figures side by side");
    add_common(*c, r.compare.common);
    add_jobs(*c, r.compare.common);
    c->get_option("--sched")
        ->required()
        ->description("the schedulers, e.g. cfs,eevdf,rr:quantum=2ms,mlfq")
        ->type_name("NAME[:key=value...],...");
    add_time(*c, "--until", r.compare.common.until, "stop at this time");
    add_format(*c, r.compare.common, {"text", "json", "csv"});
    return c;
}

CLI::App* add_sweep(CLI::App& app, Request& r) {
    CLI::App* c = app.add_subcommand(
        "sweep",
        "run a scenario again and again with a setting varied: means and confidence intervals");
    add_common(*c, r.sweep.common);
    add_jobs(*c, r.sweep.common);
    c->get_option("--seed")->description("seed of the first run; the next runs count up");
    c->add_option("--vary", r.sweep.vary,
                  "what to vary: a setting of the scheduler, cpus, hz, scheduler or a cost, e.g. "
                  "quantum=1ms..20ms:1ms or cpus=1,2,4; given twice: all combinations")
        ->required()
        ->take_all()
        ->type_name("KEY=FROM..TO:STEP");
    c->add_option("--runs", r.sweep.runs, "runs of each point, with seeds of their own (default 1)")
        ->check(CLI::Range(1, 100'000));
    c->add_option("--workers", r.sweep.workers, "threads (default: one for each core)")
        ->check(CLI::Range(1, 256));
    r.sweep.figures = {"turnaround_mean", "response_mean", "waiting_mean", "involuntary",
                       "utilisation_permille"};
    c->add_option("--figures", r.sweep.figures, "columns of the text, e.g. response_p95,migrations")
        ->delimiter(',')
        ->type_name("NAME,...");
    add_time(*c, "--until", r.sweep.common.until, "stop each run at this time");
    add_format(*c, r.sweep.common, {"text", "json", "csv"});
    return c;
}

CLI::App* add_quiz(CLI::App& app, Request& r) {
    CLI::App* c = app.add_subcommand(
        "quiz", "questions about a run, made from the machine's own truth, with a key");
    add_common(*c, r.quiz.common);
    c->remove_option(c->get_option("--seed"));
    c->add_option("--count", r.quiz.count, "how many (default: as the file says, else 10)")->check(CLI::Range(1, 1000));
    c->add_option("--seed", r.quiz.seed,
                  "which questions; the same seed asks the same (default 1)");
    c->add_flag("--answers", r.quiz.answers,
                "with the key: explanations, and what each mistake is");
    std::string kinds;
    for (const std::string_view kind : quiz_kind_names())
        kinds += (kinds.empty() ? "" : ", ") + std::string(kind);
    c->add_option("--kinds", r.quiz.kinds, "only these: " + kinds)
        ->delimiter(',')
        ->type_name("KIND,...");
    c->add_option("--grade", r.quiz.grade,
                  "grade this sheet: CSV rows number,answer or student,number,answer, or student,B,A,C…; - is "
                  "standard input")
        ->type_name("ANSWERS.csv");
    add_time(*c, "--until", r.quiz.common.until, "stop the run at this time");
    add_format(*c, r.quiz.common, {"text", "json", "csv"});
    return c;
}

CLI::App* add_play(CLI::App& app, Request& r) {
    CLI::App* c = app.add_subcommand(
        "play", "you are the scheduler: your picks on the real machine, beside the policy's and the best possible");
    add_common(*c, r.play.common);
    c->add_option("--picks", r.play.picks,
                  "who is chosen at each decision, in order: names or pids; what is due next is shown when they run out")
        ->delimiter(',')
        ->take_all()
        ->type_name("TASK,...");
    add_time(*c, "--quantum", r.play.quantum, "a decision is due after so long (default: the scheduler's quantum)");
    c->add_flag("--no-preempt", r.play.no_preempt, "no decision when somebody arrives or wakes up");
    c->add_option("--search", r.play.search, "steps spent on the best possible (default 3000000; 0: do not look for it)")
        ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{10'000'000'000}));
    add_time(*c, "--until", r.play.common.until, "stop the run at this time");
    add_format(*c, r.play.common, {"text", "json"});
    return c;
}

CLI::App* add_plot(CLI::App& app, Request& r) {
    CLI::App* c =
        app.add_subcommand("plot", "the curves of the window's Plots tab as blocks, CSV or JSON");
    add_common(*c, r.plot.common);
    add_jobs(*c, r.plot.common);
    std::vector<std::string> kinds;
    for (const PlotKindInfo& kind : plot_kinds()) kinds.emplace_back(kind.name);
    c->add_option("--what", r.plot.what, "which one (default share)")->check(CLI::IsMember(kinds));
    c->add_option("--points", r.plot.points, "moments or windows over the run (default 100)")
        ->check(CLI::Range(1, 100'000));
    add_time(*c, "--until", r.plot.common.until, "stop at this time");
    add_format(*c, r.plot.common, {"text", "json", "csv"});
    return c;
}

CLI::App* add_trace(CLI::App& app, Request& r) {
    CLI::App* c = app.add_subcommand("trace", "print the log in the kernel's ftrace text format");
    add_common(*c, r.trace.common);
    add_time(*c, "--until", r.trace.common.until, "stop at this time");
    c->add_flag("--steps", r.trace.steps, "every step with the words it moves");
    c->add_flag("--tgid", r.trace.tgid, "with the process id of each thread (option record-tgid)");
    c->add_option("--filter", r.trace.filter,
                  "only the records that match, such as 'cpu==1 && kind==softirq', 'task~web || pid==5', 'wait>2ms'")
        ->type_name("EXPR")
        ->excludes("--steps");
    std::string fields = "Fields of --filter (==, !=, <, <=, >, >=, ~ contains, !~; &&, ||, !, parentheses; a word alone is\n"
                         "looked for in the whole record):\n";
    for (const QueryField& f : query_fields()) fields += "  " + std::string(f.name) + std::string(8 - f.name.size(), ' ') + std::string(f.en) + "\n";
    c->footer(fields);
    add_format(*c, r.trace.common, {"text", "json"});
    return c;
}

CLI::App* add_explain(CLI::App& app, Request& r) {
    CLI::App* c = app.add_subcommand("explain", "the storyboard of a context switch, word by word");
    add_common(*c, r.explain.common);
    CLI::Option* number =
        c->add_option("--switch", r.explain.switch_number, "which one; 1 is the first (default)")
            ->type_name("N")
            ->check(at_least(1));
    CLI::Option* all = c->add_flag("--all", r.explain.all, "every switch of the run");
    add_time(*c, "--at", r.explain.at, "what happens at this time, switch or not");
    c->add_option("--to", r.explain.to, "break at the first switch to this task (after --at)");
    c->add_option("--record", r.explain.record,
                  "break at the first record of this kind (after --at), such as sched_wakeup");
    c->add_option("--filter", r.explain.filter,
                  "break at the first record that matches (after --at), such as 'wait>2ms'")
        ->type_name("EXPR");
    number->excludes(all);
    c->add_option("--break-at", r.explain.break_at,
                  "break (after --at) where user code comes to a label, `line N` or 0xADDRESS: 'again in bank if rax == 5'")
        ->type_name("PLACE");
    c->add_option("--watch", r.explain.watch, "break when a shared variable is written in memory: 'counter if counter > 5'")
        ->type_name("VARIABLE");
    c->add_flag("--continue", r.explain.to_break, "on to the next breakpoint of the scenario (`break at …`)");
    c->add_option("--hit", r.explain.hits, "the how manyth time that a breakpoint is met")->type_name("N")->check(CLI::Range(1, 1'000'000));
    c->add_option("--source", r.explain.source, "the source view of this task (after --at)")->type_name("TASK");
    c->add_option("--step-insn", r.explain.step_insn, "then one instruction of this task")->type_name("TASK");
    c->add_option("--over", r.explain.step_over, "then one instruction or statement of this task, a call as one")->type_name("TASK");
    c->add_option("--out", r.explain.step_out, "then until this task has returned from its function")->type_name("TASK");
    c->add_option("--times", r.explain.times, "so many such steps")->type_name("N")->check(CLI::Range(1, 1'000'000));
    c->add_flag("--back", r.explain.back, "breakpoints and steps backwards from --at (or the end)");
    add_format(*c, r.explain.common, {"text", "json"});
    c->add_option("--depth", r.explain.depth, "one line, five phases or every word")
        ->check(CLI::IsMember({"line", "phases", "words"}));
    return c;
}

CLI::App* add_moment(CLI::App& app, const char* name, const char* help, cli::MomentOptions& to) {
    CLI::App* c = app.add_subcommand(name, help);
    add_common(*c, to.common);
    add_time(*c, "--at", to.at, "look at the machine at this time (default: the end)");
    return c;
}

void add_window_options(CLI::App& c, Request& r) {
    c.add_option("FILE", r.window.file, "scenario (default: the first lesson)");
    c.add_option("--find", r.window.find, "search the log for this expression, as trace --filter does")->type_name("EXPR");
    c.add_option("--theme", r.window.theme, "dark, light (projector) or contrast")
        ->check(CLI::IsMember({"dark", "light", "contrast"}));
    add_language(c, r.window.lang);
    c.add_option("--size", r.size, "WIDTHxHEIGHT in pixels")->type_name("WxH");
    c.add_option("--scale", r.window.scale, "size of everything, 0.8 to 2.5")->check(CLI::Range(0.8, 2.5));
    c.add_option("--dump", r.window.dump, "write what the panels show as JSON")->type_name("FILE");
    add_time(c, "--at", r.window.at, "start at this time");
    c.add_option("--switch", r.window.switch_number, "start at this context switch; 1 is the first")
        ->type_name("N")
        ->check(at_least(1));
    c.add_option("--step", r.window.step, "start at this step")->type_name("N")->check(at_least(0));
    c.add_flag("--reduced-motion", r.window.reduced_motion, "arrows instead of flight");
    c.add_flag("--presenter", r.window.presenter, "type for a projector");
    c.add_option("--config", r.window.config, "preferences in this file instead of the user's own")->type_name("FILE");
    c.add_flag("--no-config", r.window.no_config, "no preferences are read or written");
}

CLI::App* add_export(CLI::App& app, Request& r) {
    ExportRequest& e = r.exported;
    CLI::App* c = app.add_subcommand("export", "pictures and reports for slides and hand-outs: SVG, HTML, GIF, MP4");
    add_common(*c, e.common);
    CLI::Option* svg = c->add_option("--svg", r.svg, "what of the window as a vector picture")->check(CLI::IsMember({"timeline", "stage"}));
    CLI::Option* html = c->add_flag("--html", r.html, "the whole run as one page that needs nothing else");
    CLI::Option* gif = c->add_option("--gif", r.gif, "a stretch of the run as an animation, e.g. 0ms..20ms; .. is all of it")->type_name("FROM..TO");
    CLI::Option* mp4 = c->add_option("--mp4", r.mp4, "the same as a film, through ffmpeg")->type_name("FROM..TO");
    svg->excludes(html, gif, mp4);
    html->excludes(gif, mp4);
    gif->excludes(mp4);
    c->add_option("--range", r.range, "stretch of the timeline's picture (default: all)")->type_name("FROM..TO");
    add_time(*c, "--at", e.at, "with the cursor at this time");
    c->add_option("--switch", e.switch_number, "with the cursor at this context switch; 1 is the first")->type_name("N")->check(at_least(1));
    c->add_option("--step", e.step, "with the cursor at this step")->type_name("N")->check(at_least(0));
    c->add_option("--theme", e.theme, "theme of pictures (default light)")->check(CLI::IsMember({"dark", "light", "contrast"}));
    c->add_option("--size", r.export_size, "WIDTHxHEIGHT in pixels")->type_name("WxH");
    c->add_option("--fps", e.fps, "pictures a second of an animation (default 10)")->check(CLI::Range(1, 50));
    c->add_option("--seconds", e.seconds, "how long an animation lasts (default 8)")->check(CLI::Range(0.2, 120.0));
    c->add_flag("--walk", e.walk, "an animation that goes step by step from FROM, with the words in flight");
    c->add_flag("--progress", e.progress, "a line on standard error for each picture of an animation");
    add_time(*c, "--until", e.common.until, "stop the run at this time");
    return c;
}

// `0ms..20ms`; a side that is left out is the run's.
bool parse_range(const std::string& text, Nanos& from, Nanos& until) {
    const std::size_t dots = text.find("..");
    if (dots == std::string::npos) return false;
    const std::string left = text.substr(0, dots), right = text.substr(dots + 2);
    const auto a = left.empty() ? std::optional<Nanos>(0) : parse_time(left);
    const auto b = right.empty() ? std::optional<Nanos>(left.empty() ? 0 : kNever) : parse_time(right);
    if (!a || !b || (*b <= *a && *b != 0) || (*b == 0 && !right.empty())) return false;
    from = *a;
    until = *b;
    return true;
}

int film(const ExportRequest& e, const WindowMain& window);

int export_command(Request& r, const WindowMain& window, const ExportMain& exporter) {
    ExportRequest& e = r.exported;
    const Lang lang = e.common.language();
    const auto wrong = [&](const Text& why) {
        cli::complain(why, lang);
        return cli::kWrongUsage;
    };
    using Kind = ExportRequest::Kind;
    e.kind = r.svg == "timeline" ? Kind::svg_timeline : r.svg == "stage" ? Kind::svg_stage : r.html ? Kind::html : !r.gif.empty() ? Kind::gif : !r.mp4.empty() ? Kind::mp4 : Kind::none;
    if (e.kind == Kind::none)
        return wrong(text("say what to export: --svg timeline, --svg stage, --html, --gif FROM..TO or --mp4 FROM..TO", "请说明导出什么：--svg timeline、--svg stage、--html、--gif 起..止 或 --mp4 起..止"));
    if (!r.export_size.empty()) {
        WindowRequest size;
        if (!parse_size(r.export_size, size)) return wrong(text("--size wants WIDTHxHEIGHT, for example 1600x1000", "--size 要写成 宽x高，例如 1600x1000"));
        e.width = size.width, e.height = size.height;
    }
    const bool is_film = e.kind == Kind::gif || e.kind == Kind::mp4;
    const std::string& range = e.kind == Kind::gif ? r.gif : e.kind == Kind::mp4 ? r.mp4 : r.range;
    if (!range.empty() && !parse_range(range, e.from, e.until))
        return wrong(text("'{0}' is no stretch of time; write FROM..TO, for example 0ms..20ms", "“{0}”不是时间段；请写 起..止，例如 0ms..20ms", {range}));
    if (e.at.has_value() + e.switch_number.has_value() + e.step.has_value() > 1)
        return wrong({.en = "give only one of --at, --switch and --step", .zh = "--at、--switch、--step 只能给一个"});
    if (!is_film) return exporter ? exporter(e) : cli::kWrongUsage;
    if (e.common.out.empty() || e.common.out == "-") return wrong(text("an animation needs a file: -o x.gif", "动画需要一个文件：-o x.gif"));
    if (!e.common.sched.empty() || !e.common.costs.empty() || e.common.seed || !e.common.breaks.empty() || e.common.until)
        return wrong(text("an animation shows the scenario as it is written; --sched, --costs, --seed, --break and --until belong into the file", "动画按场景原样展示；--sched、--costs、--seed、--break、--until 请写进文件"));
    return film(e, window);
}

// `switchyard rnu FILE`: the first word is no command.
bool is_unknown_command(const CLI::App& app, int argc, const char* const* argv) {
    if (argc < 2 || argv[1][0] == '-') return false;
    std::vector<std::string> names;
    for (const CLI::App* command : app.get_subcommands(nullptr))
        names.push_back(command->get_name());
    if (std::find(names.begin(), names.end(), argv[1]) != names.end()) return false;
    const std::vector<std::string_view> known(names.begin(), names.end());
    const std::string meant = scn::nearest(argv[1], known);
    cli::complain({.en = std::string("there is no command '") + argv[1] + "'" +
                         (meant.empty() ? "" : "; did you mean '" + meant + "'?") +
                         "; the commands are: " + scn::listed(known),
                   .zh = std::string("没有命令 '") + argv[1] + "'" +
                         (meant.empty() ? "" : "；是不是 '" + meant + "'？") + "；命令有：" + scn::listed(known)},
                  cli::language_of(argc, argv));
    return true;
}

int open_window(const WindowRequest& request, const WindowMain& window) {
    if (window) return window(request);
    cli::complain({.en = "this build has no window; `switchyard explain` tells the same in text",
                   .zh = "此构建没有窗口；`switchyard explain` 用文字说明同样的内容"},
                  request.lang == "zh" ? Lang::zh : Lang::en);
    return cli::kWrongInput;
}

int film(const ExportRequest& e, const WindowMain& window) {
    WindowRequest request;
    request.file = e.common.file;
    request.shot = true;
    request.out = e.common.out;
    request.width = e.width;
    request.height = e.height;
    request.theme = e.theme;
    request.lang = e.common.lang;
    request.fps = e.fps;
    request.frames = std::max(2, static_cast<int>((e.seconds > 0 ? e.seconds : 8) * e.fps));
    request.film_from = e.from;
    request.film_until = e.until;
    request.film_walk = e.walk;
    request.progress = e.progress;
    request.is_mp4 = e.kind == ExportRequest::Kind::mp4;
    return open_window(request, window);
}

int window_command(Request& r, bool is_shot, const WindowMain& window) {
    if (!parse_size(r.size, r.window)) {
        cli::complain({.en = "--size wants WIDTHxHEIGHT, for example 1600x1000", .zh = "--size 要写成 宽x高，例如 1600x1000"},
                      r.window.lang == "zh" ? Lang::zh : Lang::en);
        return cli::kWrongUsage;
    }
    const int places =
        r.window.at.has_value() + r.window.switch_number.has_value() + r.window.step.has_value();
    if (places > 1) {
        cli::complain({.en = "give only one of --at, --switch and --step", .zh = "--at、--switch、--step 只能给一个"},
                      r.window.lang == "zh" ? Lang::zh : Lang::en);
        return cli::kWrongUsage;
    }
    if (is_shot && r.window.out.empty() && r.window.script.empty()) {
        cli::complain({.en = "a picture needs a file: -o x.png", .zh = "图片需要一个文件：-o x.png"}, r.window.lang == "zh" ? Lang::zh : Lang::en);
        return cli::kWrongUsage;
    }
    r.window.shot = is_shot;
    return open_window(r.window, window);
}

}  // namespace

static int run_command(int argc, const char* const* argv, const WindowMain& window, const ExportMain& exporter) {
    CLI::App app{"Switchyard: watch a kernel switch, word by word.", "switchyard"};
    app.require_subcommand(1);
    app.set_version_flag("--version", std::string("switchyard ") + kVersion);
    app.footer(
        "`switchyard COMMAND --help` says what a command takes.\n"
        "Exit status: 0 fine, 1 the input or an expectation is wrong, 2 wrong usage.");
    Request r;

    CLI::App* gui = app.add_subcommand("gui", "open the window");
    CLI::App* run = add_run(app, r);
    CLI::App* oops = add_oops(app, r);
    CLI::App* races = add_races(app, r);
    CLI::App* costs = add_costs(app, r);
    CLI::App* explore = add_explore(app, r);
    CLI::App* compare = add_compare(app, r);
    CLI::App* sweep = add_sweep(app, r);
    CLI::App* plot = add_plot(app, r);
    CLI::App* quiz = add_quiz(app, r);
    CLI::App* play = add_play(app, r);
    CLI::App* explain = add_explain(app, r);
    CLI::App* trace = add_trace(app, r);
    CLI::App* check = app.add_subcommand("check", "only look for mistakes in scenario files");
    check->add_option("FILE", r.files, "scenario files")->required();
    add_language(*check, r.lang);
    CLI::App* ps = add_moment(app, "ps", "list the simulated machine's threads like ps -eL", r.ps);
    add_format(*ps, r.ps.common, {"text", "json"});
    CLI::App* objects = add_moment(
        app, "objects", "what tasks share (mm, files, fs, sighand, signal), with the reference counts", r.objects);
    objects->add_flag("--all", r.objects.all, "tasks that look the same are not folded into one");
    add_format(*objects, r.objects.common, {"text", "json"});
    CLI::App* cat = add_moment(app, "cat", "print a file of the simulated machine's /proc", r.cat);
    cat->add_option("PATH", r.cat.path,
                    "e.g. /proc/501/stack, 1/status, interrupts; without it: what there is");
    CLI::App* term = add_moment(app, "term", "run a command on the simulated machine: 'ps -ef', top, pstree, 'kill 501'…", r.term);
    term->add_option("COMMAND", r.term.path, "one word for the shell, so quote it; `help` lists the commands")->required();
    CLI::App* proc_export = add_moment(
        app, "proc-export", "write the simulated machine's /proc as files for the real ps and top",
        r.proc_export);
    proc_export->remove_option(proc_export->get_option("--output"));
    proc_export->add_option("DIR", r.proc_export.path, "a new or empty folder, or one it made")
        ->required();
    CLI::App* exported = add_export(app, r);
    CLI::App* schedulers =
        app.add_subcommand("schedulers", "list the schedulers and their settings");
    add_language(*schedulers, r.lang);
    CLI::App* terms = app.add_subcommand("glossary", "what the words mean, and which lesson shows them");
    terms->add_option("TERM", r.glossary.term, "one of them (default: all)");
    add_language(*terms, r.glossary.lang);
    terms->add_option("--format", r.glossary.format, "how to print it")->check(CLI::IsMember({"text", "json"}));
    CLI::App* shot = app.add_subcommand("shot", "render the window to a picture");
    add_window_options(*gui, r);
    add_window_options(*shot, r);
    CLI::Option* picture = shot->add_option("-o,--output", r.window.out, "PNG file")->type_name("FILE");
    shot->add_option("--script", r.window.script, "many pictures in one go: a file of JSON lines (gui/README.md)")->type_name("FILE")->excludes(picture);
    shot->add_option("--keys", r.window.keys, "key presses first, e.g. \"Right Right space\"");

    if (is_unknown_command(app, argc, argv)) return cli::kWrongUsage;
    if (cli::language_of(argc, argv) == Lang::zh) cli::speak_chinese(app);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? cli::kFine : cli::kWrongUsage;
    }
    if (oops->parsed()) return cli::oops(r.oops);
    if (races->parsed()) return cli::races(r.races);
    if (costs->parsed()) return cli::costs(r.costs);
    if (explore->parsed()) {
        const int status = cli::explore(r.explore, &r.window.file);
        return r.explore.window && !r.window.file.empty() ? open_window(r.window, window) : status;
    }
    if (run->parsed()) return lacks_a_file(r.run.common) ? cli::kWrongUsage : cli::run(r.run);
    if (compare->parsed())
        return lacks_a_file(r.compare.common) ? cli::kWrongUsage : cli::compare(r.compare);
    if (sweep->parsed())
        return lacks_a_file(r.sweep.common) ? cli::kWrongUsage : cli::sweep(r.sweep);
    if (plot->parsed()) return lacks_a_file(r.plot.common) ? cli::kWrongUsage : cli::plot(r.plot);
    if (quiz->parsed()) return cli::quiz(r.quiz);
    if (play->parsed()) return cli::play(r.play);
    if (explain->parsed()) return cli::explain(r.explain);
    r.trace.is_filtered = trace->count("--filter") > 0;
    if (trace->parsed()) return cli::trace(r.trace);
    const Lang lang = r.lang == "zh" ? Lang::zh : Lang::en;
    if (check->parsed()) return cli::check(r.files, lang);
    if (ps->parsed()) return cli::ps(r.ps);
    if (objects->parsed()) return cli::objects(r.objects);
    if (cat->parsed()) return cli::cat(r.cat);
    if (term->parsed()) return cli::term(r.term);
    if (proc_export->parsed()) return cli::proc_export(r.proc_export);
    if (schedulers->parsed()) return cli::schedulers(lang);
    if (exported->parsed()) return export_command(r, window, exporter);
    if (terms->parsed()) return cli::glossary_command(r.glossary);
    return window_command(r, shot->parsed(), window);
}

int cli_main(int argc, const char* const* argv, const WindowMain& window, const ExportMain& exporter) {
    try {
        return run_command(argc, argv, window, exporter);
    } catch (const KernelFault& fault) {   // somebody looked at a machine whose kernel was broken on purpose
        cli::complain({.en = std::string("the broken kernel left nothing that could be shown here (") + fault.why + ")",
                       .zh = std::string("被弄坏的内核没有留下这里能显示的东西（") + fault.why + "）"},
                      cli::language_of(argc, argv));
        return cli::kWrongInput;
    }
}

}  // namespace sy
