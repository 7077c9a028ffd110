// The subcommands as plain functions of plain options; cli.cpp fills the options from the command
// line. Each returns the exit status: 0 fine, 1 the input or an expectation is wrong, 2 wrong
// usage.
#pragma once

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <string_view>
#include <vector>

#include "sim/base/text.h"
#include "sim/base/types.h"
#include "sim/kernel/kernel.h"
#include "sim/model/scenario.h"

namespace sy::cli {

enum Exit : int { kFine = 0, kWrongInput = 1, kWrongUsage = 2 };

// What all commands that run a scenario take.
struct Common {
    std::string file;
    std::string jobs;  // `5,10,15` in place of a file
    std::string lang = "en";
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

struct CompareOptions {
    Common common;  // `sched` is a list of schedulers
};
int compare(const CompareOptions& options);

// OSTEP's shorthand for jobs that all arrive at once: `5,10,15` becomes the text of a scenario with
// job0, job1, job2, where one unit is one second. Nothing if a part is no positive number.
std::optional<std::string> scenario_of_jobs(std::string_view list);

int check(const std::vector<std::string>& files, Lang lang);

struct TraceOptions {
    Common common;
    bool steps = false;
    bool tgid = false;
};
int trace(const TraceOptions& options);

struct ExplainOptions {
    Common common;
    std::optional<std::uint64_t> switch_number;
    bool all = false;
    std::optional<Nanos> at;
    // Breakpoints: the first switch to this task, or the first record of this kind (after `at`).
    std::string to, record;
    std::string depth = "words";  // line, phases, words
};
int explain(const ExplainOptions& options);

struct MomentOptions {
    Common common;
    std::optional<Nanos> at;  // none: the end of the run
    std::string path;         // of cat; the folder of proc_export
};
int ps(const MomentOptions& options);
int cat(const MomentOptions& options);
int proc_export(const MomentOptions& options);

int schedulers(Lang lang);

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
// `error: …` on standard error in the wanted language.
void complain(const Text& message, Lang lang);

}  // namespace sy::cli
