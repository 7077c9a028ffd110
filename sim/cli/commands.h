// The subcommands as plain functions of plain options; cli.cpp fills the options from the command
// line. Each returns the exit status: 0 fine, 1 the input or an expectation is wrong, 2 wrong
// usage.
#pragma once

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/text.h"
#include "sim/base/types.h"
#include "sim/kernel/kernel.h"
#include "sim/model/scenario.h"
#include "sim/report/query.h"

namespace sy {
class Session;
}
namespace sy::cli {

enum Exit : int { kFine = 0, kWrongInput = 1, kWrongUsage = 2, kInterrupted = 130 };

// What all commands that run a scenario take.
struct Common {
    std::string file;
    std::string
        jobs;  // `5,10,15`, `c7,i,c1,i`, `0,180,0:100,20,4` or a table FILE.csv in place of a file
    Nanos unit = kSecond;                  // of plain numbers in `jobs`
    std::int64_t io_time = 5, io_cpu = 1;  // of I/O in `jobs`, in units
    std::string lang = "en";
    std::vector<std::string> breaks;   // how to break its kernel, besides what it says itself
    std::string sched, costs;  // empty: as the scenario says
    std::optional<std::uint64_t> seed;
    std::optional<Nanos> until;
    std::string out;  // empty: standard output
    std::string format = "text";

    Lang language() const { return lang == "zh" ? Lang::zh : Lang::en; }
};

struct RunOptions {
    Common common;
    int columns = 80;
};
int run(const RunOptions& options);

// What a broken kernel says, and the first step that differs from the sound one's.
int oops(const Common& common);

struct RacesOptions {
    Common common;
    bool strict = false;  // waiting loops make no word one for synchronisation
};
// Which accesses to memory nothing orders. 1: there are some.
int races(const RacesOptions& options);
int costs(const Common& common);

struct ExploreCommand {
    Common common;  // `out`: where the found schedule goes
    std::int64_t preemptions = 2;  // -1: no bound
    std::uint64_t schedules = 10'000;
    std::uint64_t steps = 2'000'000;  // of one schedule
    std::vector<std::string> assertions;  // in place of the expectations
    bool all = false;          // do not stop at the first failure
    bool every_order = false;  // no partial-order reduction
    bool window = false;
};
// Which order of its threads a scenario cannot bear. 1: one was found. `to_open`: the file it was written to.
int explore(const ExploreCommand& options, std::string* to_open = nullptr);

struct CompareOptions {
    Common common;  // `sched` is a list of schedulers
};
int compare(const CompareOptions& options);

struct QuizCommand {
    Common common;  // `seed` is the scenario's
    std::optional<int> count;           // none: as the file says, or 10
    std::optional<std::uint64_t> seed;  // of the questions; none: as the file says, or 1
    bool answers = false;
    std::vector<std::string> kinds;
    std::string grade;                  // a sheet of answers to be graded
};
int quiz(const QuizCommand& options);

struct PlayCommand {
    Common common;
    std::vector<std::string> picks;
    std::optional<Nanos> quantum;
    bool no_preempt = false;
    std::uint64_t search = 3'000'000;   // steps spent on the best possible; 0: it is not looked for
};
int play(const PlayCommand& options);

struct PlotOptions {
    Common common;
    std::string what = "share";
    int points = 100;
};
int plot(const PlotOptions& options);

struct SweepOptions {
    Common common;
    std::vector<std::string> vary;     // quantum=1ms..20ms:1ms
    std::vector<std::string> figures;  // that the text shows
    int runs = 1;
    int workers = 0;  // 0: as many as there are cores
};
int sweep(const SweepOptions& options);

// --- jobs.cpp ---
// `jobs` as the text of a scenario (job0, job1, …); nothing, with the messages on standard error,
// if it is no list or table of jobs.
std::optional<std::string> scenario_of_jobs(const Common& common, int& status);
// A scheduler as OSTEP's simulators understand it: FIFO for fcfs, and for a list of jobs (not a
// table) their defaults where the user says nothing: quantum 1 for rr, lottery and stride; for mlfq
// quantum 10, the expired one first, boosts as mlfq.py counts them.
std::string job_scheduler(const Common& common, const std::string& spec);

int check(const std::vector<std::string>& files, Lang lang);

struct TraceOptions {
    Common common;
    bool steps = false;
    bool tgid = false;
    std::string filter;   // an expression of report/query.h
    bool is_filtered = false;
};
int trace(const TraceOptions& options);

struct ExplainOptions {
    Common common;
    std::optional<std::uint64_t> switch_number;
    bool all = false;
    std::optional<Nanos> at;
    // Breakpoints: the first switch to this task, or the first record of this kind (after `at`).
    std::string to, record;
    std::string filter;                // or the first record that this expression finds
    std::string depth = "words";  // line, phases, words
    // A debugger: breakpoints in user code, then steps of one thread (debug.cpp).
    std::vector<std::string> break_at, watch;
    bool to_break = false;             // to a breakpoint of the scenario's own
    int hits = 1;                      // the how manyth
    std::string source, step_insn, step_over, step_out;   // task paths
    int times = 1;                     // so many steps
    bool back = false;                 // all of it backwards
    bool debugs() const {
        return !break_at.empty() || !watch.empty() || to_break || !source.empty() || !step_insn.empty() || !step_over.empty() ||
               !step_out.empty();
    }
};
int explain(const ExplainOptions& options);
// With one of the debugger's options: goes there, and shows the thread's source view (sim/report/source.h).
int debug(const ExplainOptions& options, Session& session);

struct MomentOptions {
    Common common;
    std::optional<Nanos> at;  // none: the end of the run
    std::string path;         // of cat; the folder of proc_export
    bool all = false;         // of objects: nobody is folded
};
int objects(const MomentOptions& options);
int ps(const MomentOptions& options);
int cat(const MomentOptions& options);
int term(const MomentOptions& options);  // `path` is the command line
int proc_export(const MomentOptions& options);

int schedulers(Lang lang);

struct GlossaryOptions {
    std::string term;  // empty: all
    std::string lang = "en", format = "text";
};
int glossary_command(const GlossaryOptions& options);

// --- shared by them ---

// Reads and checks the file and applies the overrides; messages go to standard error. Nothing:
// `status` says why.
std::optional<Scenario> open_scenario(const Common& common, int& status);
std::optional<Kernel> boot(const Common& common, const Scenario& scenario, int& status);
// The machine when all steps that begin at `at` or before are done.
std::optional<Kernel> machine_at(const MomentOptions& options, int& status);
// Where a long text goes piece by piece: the output file or standard output. Nothing of it is kept
// in memory.
class Output {
  public:
    explicit Output(const Common& common);
    ~Output();
    Output(const Output&) = delete;
    Output& operator=(const Output&) = delete;
    // False once writing has failed (a full disk, a closed pipe): the rest can be left out.
    bool write(std::string_view text);
    // Closes it; `status`, or 1 with a message if something could not be written.
    int finish(int status);

  private:
    const Common& common_;
    std::FILE* file_ = nullptr;
    bool is_fine_ = true;
};
// The whole text at once.
int finish(const Common& common, const std::string& text, int status);
// The expression of --filter, read; messages go to standard error.
std::optional<Query> read_filter(const std::string& expression, Lang lang);
// `error: …` on standard error in the wanted language.
void complain(const Text& message, Lang lang);

}  // namespace sy::cli
