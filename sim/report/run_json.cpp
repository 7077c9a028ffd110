// `run --format json` and `--format csv`. The schema is documented in docs/json.md and only ever
// grows. Written by hand, line by line: a million tasks must not become a tree in memory first.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "sim/report/coroutines.h"
#include "sim/report/json_text.h"
#include "sim/report/refusals.h"
#include "sim/report/rows.h"
#include "sim/report/rules.h"
#include "sim/report/run.h"
#include "sim/session/batch.h"

namespace sy {

std::string json_text(std::string_view text) {
    return nlohmann::json(std::string(text))
        .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

namespace {

template <typename T>
std::string or_null(const std::optional<T>& v) {
    return v ? fmt::format("{}", *v) : "null";
}
const char* boolean(bool b) { return b ? "true" : "false"; }

std::string totals_json(const Totals& t) {
    return fmt::format(
        "{{\"tasks\":{},\"switches\":{},\"voluntary\":{},\"involuntary\":{},\"migrations\":{},"
        "\"steps\":{},"
        "\"records\":{},\"cr3_writes\":{},\"tlb_flushes\":{},\"lazy_switches\":{},\"timer_"
        "interrupts\":{},"
        "\"ipis\":{},\"device_interrupts\":{},\"softirqs\":{},\"cpu_ns\":{},\"idle_ns\":{},\"irq_"
        "ns\":{},"
        "\"utilisation_permille\":{},\"average_wait_ns\":{},\"average_response_ns\":{},"
        "\"average_turnaround_ns\":{}}}",
        t.tasks, t.switches, t.voluntary, t.involuntary, t.migrations, t.steps, t.records,
        t.cr3_writes, t.tlb_flushes, t.lazy_switches, t.timer_interrupts, t.ipis,
        t.device_interrupts, t.softirqs, t.cpu_time, t.idle, t.irq, t.utilisation_permille,
        or_null(t.average_wait), or_null(t.average_response), or_null(t.average_turnaround));
}

std::string cpu_json(const Kernel& k, const Cpu& cpu) {
    std::string softirqs;
    for (int vec = 0; vec < kSoftirqs; ++vec) {
        softirqs += fmt::format("{}\"{}\":{}", vec == 0 ? "" : ",", softirq_name(vec),
                                cpu.softirqs[static_cast<std::size_t>(vec)]);
    }
    const Task& current = k.tasks[cpu.current_task];
    return fmt::format(
        "{{\"cpu\":{},\"current_pid\":{},\"current_comm\":{},\"idle_comm\":{},\"switches\":{},"
        "\"idle_ns\":{},"
        "\"user_ns\":{},\"irq_ns\":{},\"cr3_writes\":{},\"tlb_flushes\":{},\"lazy_switches\":{},"
        "\"timer_interrupts\":{},\"reschedule_interrupts\":{},\"call_interrupts\":{},\"softirqs\":{"
        "{{}}}}}",
        cpu.id, current.pid, json_text(current.comm_view()),
        json_text(k.tasks[cpu.idle].comm_view()), cpu.nr_switches, idle_time(k, cpu),
        user_time(k, cpu), cpu.irq_ns, cpu.cr3_writes, cpu.tlb_flushes, cpu.lazy_switches,
        cpu.irq_timer, cpu.irq_resched, cpu.irq_call, softirqs);
}

std::string task_json(const TaskRow& t) {
    return fmt::format(
        "{{\"pid\":{},\"tgid\":{},\"ppid\":{},\"comm\":{},\"name\":{},\"state\":\"{}\",\"nice\":{},"
        "\"prio\":{},"
        "\"policy\":\"{}\",\"kernel_thread\":{},\"mm\":{},\"cpu\":{},\"arrival_ns\":{},\"first_run_"
        "ns\":{},"
        "\"exit_ns\":{},\"cpu_ns\":{},\"wait_ns\":{},\"response_ns\":{},\"turnaround_ns\":{},"
        "\"nvcsw\":{},"
        "\"nivcsw\":{},\"migrations\":{},\"exit_status\":{},\"jobs\":{},\"deadline_misses\":{}}}",
        t.pid, t.tgid, t.ppid, json_text(t.comm), json_text(t.name), t.state, t.nice, t.prio,
        t.policy, boolean(t.is_kernel_thread), or_null(t.mm), t.cpu, or_null(t.arrival),
        or_null(t.first_run), or_null(t.exit), t.cpu_time, t.wait, or_null(t.response),
        or_null(t.turnaround), t.nvcsw, t.nivcsw, t.migrations, or_null(t.exit_status), t.jobs,
        t.deadline_misses);
}

std::string refusal_json(const Kernel& k, const Refusal& r) {
    return fmt::format("{{\"at_ns\":{},\"pid\":{},\"name\":{},\"policy\":\"{}\",\"error\":\"{}\",\"text\":{}}}", r.at,
                       k.tasks[r.task].pid, json_text(k.tasks[r.task].name()), policy_name(r.policy), r.error, json_text(r.why.en));
}

std::string verdict_json(const Verdict& v) {
    return fmt::format("{{\"line\":{},\"text\":{},\"passed\":{},\"found\":{}}}", v.pos.line,
                       json_text(v.text), boolean(v.is_met), json_text(v.found.en));
}

template <typename Rows, typename Write>
std::string array_json(const Rows& rows, Write write) {
    std::string out = "[";
    const char* before = "\n    ";
    for (const auto& row : rows) {
        out += before + write(row);
        before = ",\n    ";
    }
    return out + (out.size() > 1 ? "\n  ]" : "]");
}

// A field of a CSV row: in quotes where it must be.
std::string csv_text(const std::string& text) {
    if (text.find_first_of(",\"\n") == std::string::npos) return text;
    std::string out = "\"";
    for (char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
    return out + "\"";
}
template <typename T>
std::string or_empty(const std::optional<T>& v) {
    return v ? fmt::format("{}", *v) : "";
}

}  // namespace

std::string run_as_json(const RunResult& result) {
    const Kernel& k = result.kernel;
    const Scenario& s = k.image().scenario;
    const std::vector<TaskRow> rows = task_rows(k);
    std::string out = "{\n";
    out += fmt::format("  \"scenario\": {},\n", json_text(s.file));
    out += fmt::format("  \"title\": {},\n", json_text(s.title));
    out += fmt::format("  \"seed\": {},\n", s.machine.seed);
    out += fmt::format("  \"scheduler\": {},\n", json_text(k.image().scheduler));
    out += fmt::format("  \"rules\": {},\n", rules_as_json(rules_of(k)));
    out += fmt::format("  \"costs\": \"{}\",\n", s.machine.costs_ideal ? "ideal" : "linux");
    out += fmt::format("  \"hz\": {},\n", s.machine.hz);
    out += fmt::format("  \"end_ns\": {},\n", k.now());
    out += fmt::format("  \"end\": \"{}\",\n", end_name(result.end));
    out += fmt::format("  \"fingerprint\": \"{}\",\n", hex16(k.fingerprint()));
    out += fmt::format("  \"log_fingerprint\": \"{}\",\n", hex16(result.log.fingerprint()));
    out += fmt::format("  \"totals\": {},\n", totals_json(totals_of(k, rows)));
    out +=
        "  \"cpus\": " + array_json(k.cpus, [&](const Cpu& c) { return cpu_json(k, c); }) + ",\n";
    out += "  \"tasks\": " + array_json(rows, task_json) + ",\n";
    if (const auto refused = refusals(k, result.log); !refused.empty())
        out += "  \"refused\": " + array_json(refused, [&](const Refusal& r) { return refusal_json(k, r); }) + ",\n";
    if (!k.coroutine_envs.empty()) out += "  \"coroutines\": " + coroutines_as_json(k) + ",\n";
    out += "  \"expectations\": " + array_json(result.verdicts, verdict_json) + "\n}\n";
    return out;
}

std::string run_as_csv(const RunResult& result) {
    std::string out =
        "pid,tgid,ppid,comm,name,state,nice,prio,policy,kernel_thread,mm,cpu,arrival_ns,first_run_"
        "ns,exit_ns,"
        "cpu_ns,wait_ns,response_ns,turnaround_ns,nvcsw,nivcsw,migrations,exit_status,jobs,deadline_misses\n";
    for (const TaskRow& t : task_rows(result.kernel)) {
        out += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n",
                           t.pid, t.tgid, t.ppid, csv_text(t.comm), csv_text(t.name), t.state,
                           t.nice, t.prio, t.policy, t.is_kernel_thread ? 1 : 0, or_empty(t.mm),
                           t.cpu, or_empty(t.arrival), or_empty(t.first_run), or_empty(t.exit),
                           t.cpu_time, t.wait, or_empty(t.response), or_empty(t.turnaround),
                           t.nvcsw, t.nivcsw, t.migrations, or_empty(t.exit_status), t.jobs,
                           t.deadline_misses);
    }
    return out;
}

std::string hex16(std::uint64_t value) { return fmt::format("{:016x}", value); }

}  // namespace sy
