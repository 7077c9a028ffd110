// Jobs in short: the lists of OSTEP's simulators and tables of comma-separated values become
// process declarations. Nothing here runs anything; what comes out is checked like any scenario.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/diagnostics.h"
#include "sim/model/scenario.h"

namespace sy {

// What the plain numbers of a list mean. The defaults are those of OSTEP's process-run.py and
// mlfq.py: an I/O lasts 5 units, and in a list such as `c7,i,c1,i` to issue it and to take its
// completion cost one unit of CPU time each.
struct JobUnits {
    Nanos unit = kSecond;
    std::int64_t io_time = 5;
    std::int64_t io_cpu = 1;
};

enum class JobListKind : std::uint8_t {
    lengths,       // 5,10,15            scheduler.py: all arrive at 0
    instructions,  // 5:100,3:0          process-run.py: so many instructions, all CPU or all I/O
    programs,      // c7,i,c1,i:c3       process-run.py: compute, I/O; `:` begins the next job
    triples,       // 0,180,0:100,20,4   mlfq.py: start, run time, an I/O after each so much of it
};

struct JobList {
    JobListKind kind = JobListKind::lengths;
    std::vector<ProcessDecl> jobs;  // job0, job1, …
};
// Nothing if it is no such list; `why` says what is wrong.
std::optional<JobList> read_job_list(std::string_view list, const JobUnits& units, Text& why);

// A table: `name,arrival,burst[,priority[,io,burst…]]`, one job a line; a first line of column
// names is skipped, and so are empty lines and those that begin with #. Times have a unit or are
// counted in `unit`. Behind the priority (which may be empty) I/O waits and bursts take turns.
// Mistakes go to `diags` with their place. False: there were some, or no job.
bool read_job_table(std::string_view csv, Nanos unit, std::vector<ProcessDecl>& out,
                    Diagnostics& diags);

// One job of a table, as text between commas; also the rows of `jobs { … }` in a scenario.
struct JobField {
    std::string_view text;  // without blanks around it
    SourcePos pos;
};
// False, with the mistake in `diags`, if the row is no job. unit 0: a time must have a unit.
bool read_job_row(const std::vector<JobField>& fields, Nanos unit, ProcessDecl& out,
                  Diagnostics& diags);
// Is it the line of column names?
bool is_job_header(const std::vector<JobField>& fields);

}  // namespace sy
