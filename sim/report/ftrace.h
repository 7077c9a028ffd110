// The log in the text layout of the kernel's own tracer (/sys/kernel/tracing/trace, linux.md 9.14):
// what trace viewers read, and what students see on a real machine. A log is a function of records;
// the kernel lends names only.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/kernel/kernel.h"
#include "sim/trace/record.h"

namespace sy {

struct FtraceOptions {
    bool tgid = false;  // option record-tgid: "(tgid)" behind the pid
    const std::vector<std::uint32_t>* only = nullptr;  // these records of the log and no others; ascending
};

// The header and one line for each record, in order of time; sys_args records are joined to their
// sys_enter. `end` is a state that knows all tasks of the log.
std::string ftrace_text(const Kernel& end, const Log& log, const FtraceOptions& options);
// The same in pieces of some kilobytes, until `write` says no.
void write_ftrace(const Kernel& end, const Log& log, const FtraceOptions& options,
                  const std::function<bool(std::string_view)>& write);

// The same as JSON: {"records":N,"matched":M,"events":[{"record":…,"at_ns":…,"cpu":…,"comm":…,"pid":…,"kind":…,"text":…}]}
// in the log's order. `filter` is the expression, if there was one.
void write_trace_json(const Kernel& end, const Log& log, const std::vector<std::uint32_t>& only, const std::string* filter,
                      const std::function<bool(std::string_view)>& write);

// The text of one event behind its name: "comm=a pid=500 prio=120 target_cpu=000". `args` is the
// sys_args record that follows a sys_enter, or null.
std::string event_text(const Kernel& end, const Record& r, const Record* args);

// The name as it stands in the file (a tracepoint's).
std::string_view event_name(RecordKind kind);

// One line taken apart again, as trace viewers do it: the first `[digits]` is the CPU, the task
// stands before it, the first `digits.digits:` behind it is the time.
struct FtraceLine {
    std::string comm;
    Pid pid = 0;
    std::optional<Pid> tgid;
    int cpu = 0;
    std::string flags;
    Nanos at = 0;  // to the microsecond
    std::string event, text;
};
// Nothing for a comment, an empty line, or a line in another layout.
std::optional<FtraceLine> parse_ftrace_line(std::string_view line);

}  // namespace sy
