#include "sim/report/ftrace.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "sim/machine/layout.h"
#include "sim/report/json_text.h"

namespace sy {
namespace {

std::string comm_of(const Kernel& k, TaskId id) {
    if (id >= k.tasks.size()) return "<...>";
    const Task& t = k.tasks[id];
    return (t.flags & pf::idle) != 0 ? "<idle>" : std::string(t.comm_view());
}
// Inside an event the idle task has its own name.
std::string name_in_event(const Kernel& k, TaskId id) {
    return id < k.tasks.size() ? std::string(k.tasks[id].comm_view()) : "<...>";
}
Pid pid_of(const Kernel& k, TaskId id) { return id < k.tasks.size() ? k.tasks[id].pid : 0; }

// irqs-off, need-resched, context, preempt depth, migrate-disable (linux.md 9.14).
std::string flag_chars(std::uint16_t f) {
    using namespace record_flag;
    std::string out = ".....";
    const bool off = (f & irqs_off) != 0, bh = (f & bh_off) != 0;
    if (off) out[0] = bh ? 'D' : 'd';
    if (!off && bh) out[0] = 'b';
    if ((f & need_resched) != 0) out[1] = 'N';
    const bool hard = (f & hardirq) != 0, soft = (f & softirq) != 0;
    if (hard) out[2] = soft ? 'H' : 'h';
    if (!hard && soft) out[2] = 's';
    const unsigned depth = f >> depth_shift & 15;
    if (depth != 0) out[3] = "0123456789abcdef"[depth];
    return out;
}

// %p: a hash of the address, the same wherever it is printed.
std::string hashed(std::uint64_t v) {
    Fingerprint print;
    print.mix(v);
    return fmt::format("{:016x}", print.value() & 0xffff'ffffULL);
}

std::string switch_text(const Kernel& k, const Record& r) {
    const char letter = static_cast<char>(r.b & 0xff);
    return fmt::format(
        "prev_comm={} prev_pid={} prev_prio={} prev_state={}{} ==> next_comm={} next_pid={} "
        "next_prio={}",
        name_in_event(k, r.task), pid_of(k, r.task), static_cast<std::int32_t>(r.c), letter,
        (r.b & 0x100) != 0 ? "+" : "", name_in_event(k, r.a), pid_of(k, r.a),
        static_cast<std::int32_t>(r.d));
}

std::string hrtimer_text(const Record& r) {
    static constexpr const char* kFunctions[] = {"tick_nohz_handler", "hrtimer_wakeup", "hrtick",
                                                  "sched_rt_period_timer", "dl_task_timer", "sched_cfs_period_timer"};
    const std::uint64_t timer =
        r.a == 1 ? layout::task_address(r.b) : layout::per_cpu_base(r.cpu) + r.a;
    const std::string which = fmt::format("hrtimer={}", hashed(timer));
    const char* function = kFunctions[std::min(r.a, 5u)];
    switch (r.kind) {
        case RecordKind::hrtimer_start: {
            const std::uint64_t expires = wide(r.c, r.d);
            return fmt::format("{} function={} expires={} softexpires={} mode={}", which, function, expires, expires,
                               r.a == 1 ? "REL" : "ABS|PINNED|HARD");
        }
        case RecordKind::hrtimer_expire_entry: return fmt::format("{} function={} now={}", which, function, r.at);
        default: return which;
    }
}

const char* device_name(const Kernel& k, std::uint32_t device) {
    const auto& all = k.image().scenario.devices;
    return device < all.size() ? all[device].name.c_str() : "?";
}

// A work's function: its name in the scenario, or the barrier of a flush.
std::string work_name(const Kernel& k, std::uint32_t work) {
    const auto& works = k.image().scenario.works;
    return work < works.size() ? works[work].name : "wq_barrier_func";
}
std::string queue_text(const Kernel& k, const Record& r) {
    return fmt::format("work struct={} function={} workqueue={} req_cpu={} cpu={}", hashed(layout::work_address(r.a)),
                       work_name(k, r.a), k.wq.queues[r.b].name.data(), r.c, r.d);
}
const char* wheel_function(std::uint32_t fn) {
    static constexpr const char* kFunctions[] = {"process_timeout", "delayed_work_timer_fn", "idle_worker_timeout",
                                                 "pool_mayday_timeout"};
    return kFunctions[std::min(fn, 3u)];
}

}  // namespace

std::string_view event_name(RecordKind kind) { return record_name(kind); }

std::string event_text(const Kernel& k, const Record& r, const Record* args) {
    const std::string about = name_in_event(k, r.a);
    const Pid pid = pid_of(k, r.a);
    switch (r.kind) {
        case RecordKind::sched_switch:
            return switch_text(k, r);
        case RecordKind::sched_waking:
        case RecordKind::sched_wakeup:
        case RecordKind::sched_wakeup_new:
            return fmt::format("comm={} pid={} prio={} target_cpu={:03}", about, pid,
                               static_cast<std::int32_t>(r.c), r.b);
        case RecordKind::sched_migrate_task:
            return fmt::format("comm={} pid={} prio={} orig_cpu={} dest_cpu={}", about, pid,
                               static_cast<std::int32_t>(r.d), r.b, r.c);
        case RecordKind::sched_process_fork:
            return fmt::format("comm={} pid={} child_comm={} child_pid={}",
                               name_in_event(k, r.task), pid_of(k, r.task), about, pid);
        case RecordKind::sched_process_exit:
            return fmt::format("comm={} pid={} prio={} group_dead={}", about, pid,
                               static_cast<std::int32_t>(r.c), r.b != 0 ? "true" : "false");
        case RecordKind::sched_process_free:
            return fmt::format("comm={} pid={} prio={}", about, pid, k.tasks[r.a].prio);
        case RecordKind::sys_enter: {
            const std::uint64_t second = args != nullptr ? wide(args->a, args->b) : 0;
            const std::uint64_t third = args != nullptr ? wide(args->c, args->d) : 0;
            return fmt::format("NR {} ({:x}, {:x}, {:x}, 0, 0, 0)", r.a, wide(r.c, r.d), second,
                               third);
        }
        case RecordKind::sys_args:
            return {};
        case RecordKind::sys_exit:
            return fmt::format("NR {} = {}", r.a, static_cast<std::int64_t>(wide(r.c, r.d)));
        case RecordKind::irq_handler_entry:
            return fmt::format("irq={} name={}", r.a, device_name(k, r.b));
        case RecordKind::irq_handler_exit:
            return fmt::format("irq={} ret={}", r.a, r.c != 0 ? "handled" : "unhandled");
        case RecordKind::tasklet_entry:
        case RecordKind::tasklet_exit: {
            const std::string& name = k.image().scenario.tasklets[r.a].name;
            return fmt::format("tasklet={} function={}", name, name);
        }
        case RecordKind::napi_poll:
            return fmt::format("napi poll on napi struct {} for device {} work {} budget {}",
                               hashed(0xffff'8881'0200'0000ULL + r.a * 0x400), device_name(k, r.a), r.b, r.c);
        case RecordKind::irq_warn:
            return fmt::format("irq {} handler {} enabled interrupts", r.a, device_name(k, r.b));
        case RecordKind::local_timer_entry:
        case RecordKind::local_timer_exit:
        case RecordKind::reschedule_entry:
        case RecordKind::reschedule_exit:
            return fmt::format("vector={}", r.a);
        case RecordKind::hrtimer_start:
        case RecordKind::hrtimer_cancel:
        case RecordKind::hrtimer_expire_entry:
        case RecordKind::hrtimer_expire_exit:
            return hrtimer_text(r);
        case RecordKind::softirq_raise:
        case RecordKind::softirq_entry:
        case RecordKind::softirq_exit:
            return fmt::format("vec={} [action={}]", r.a, softirq_name(static_cast<int>(r.a)));
        case RecordKind::signal_generate:
            return fmt::format("sig={} errno=0 code={} comm={} pid={} grp={} res={}", r.b,
                               static_cast<std::int32_t>(r.d), about, pid, r.c & 1, r.c >> 8);
        case RecordKind::signal_deliver:
            return fmt::format("sig={} errno=0 code=0 sa_handler={:x} sa_flags={:x}", r.b,
                               r.d, r.c);
        case RecordKind::sched_process_exec:
            return fmt::format("filename=/bin/{} pid={} old_pid={}", about, pid, r.b);
        case RecordKind::sched_process_wait:
            return fmt::format("comm={} pid={} prio={}", name_in_event(k, r.task), r.a,
                               r.task == kNoTask ? 0 : k.tasks[r.task].prio);
        case RecordKind::task_arrival:
            return fmt::format("comm={} pid={}", about, pid);
        case RecordKind::workqueue_queue_work:
            return queue_text(k, r);
        case RecordKind::workqueue_activate_work:
            return fmt::format("work struct {} function={} ", hashed(layout::work_address(r.a)), work_name(k, r.a));
        case RecordKind::workqueue_execute_start:
        case RecordKind::workqueue_execute_end:
            return fmt::format("work struct {}: function {}", hashed(layout::work_address(r.a)), work_name(k, r.a));
        case RecordKind::timer_start:
            return fmt::format("timer={} function={} expires={} [timeout={}] bucket={}", hashed(r.a), wheel_function(r.b),
                               r.c, r.c - static_cast<std::uint64_t>(r.at / k.image().tick), r.d);
        case RecordKind::timer_expire_entry:
            return fmt::format("timer={} function={} now={}", hashed(r.a), wheel_function(r.b), r.c);
        case RecordKind::timer_expire_exit:
        case RecordKind::timer_cancel:
            return fmt::format("timer={}", hashed(r.a));
        case RecordKind::sched_kthread_stop:
            return fmt::format("comm={} pid={}", about, pid);
        case RecordKind::sched_kthread_stop_ret:
            return fmt::format("ret={}", static_cast<std::int32_t>(r.a));
        case RecordKind::tlb_flush:
            return fmt::format("pages:{} reason:flush on task switch ({})", r.b != 0 ? -1 : 0, r.a);
        case RecordKind::page_fault_user:
            return fmt::format("address=0x{:x} ip=0x{:x} error_code=0x{:x}", wide(r.a, r.b), r.c, r.d);
        case RecordKind::mark_victim:
            return fmt::format("pid={} comm={} total-vm={}kB anon-rss={}kB", pid, about, r.b * 4, r.c * 4);
        case RecordKind::deadlock:
            return fmt::format("comm={} pid={} tasks={} uaddr={:#x}", about, pid, r.b, wide(r.c, r.d));
        case RecordKind::sched_pi_setprio:
            return fmt::format("comm={} pid={} oldprio={} newprio={}", about, pid, static_cast<std::int32_t>(r.c),
                               static_cast<std::int32_t>(r.d));
        case RecordKind::sched_setattr_failed:
            return fmt::format("comm={} pid={} policy={} ret={}", about, pid, r.b, -static_cast<std::int32_t>(r.c));
        case RecordKind::co_switch: {
            const auto who = [](std::uint32_t id) { return id == ~0u ? std::string("-") : std::to_string(id); };
            return fmt::format("from={} to={} copied_out={} copied_in={}", who(r.a), who(r.b), r.c, r.d);
        }
        case RecordKind::count:
            break;
    }
    return {};
}

namespace {

constexpr std::size_t kPiece = 64'000;

std::string header(std::size_t entries, std::size_t cpus, bool tgid) {
    const std::string count = fmt::format("{}/{}", entries, entries);
    std::string out = fmt::format(
        "# tracer: nop\n#\n# entries-in-buffer/entries-written: {}   #P:{}\n#\n", count, cpus);
    // The column heads stand where the columns do; record-tgid makes room for ten characters more.
    const std::string gap = tgid ? "          " : "";
    for (const char* line :
         {"_-----=> irqs-off/BH-disabled", "/ _----=> need-resched", "| / _---=> hardirq/softirq",
          "|| / _--=> preempt-depth", "||| / _-=> migrate-disable", "|||| /     delay"}) {
        const std::string_view text(line);
        out += "#" + gap +
               std::string(text[0] == '_'   ? 32
                           : text[0] == '/' ? 31
                                            : 30,
                           ' ') +
               line + "\n";
    }
    out += fmt::format("#           TASK-PID  {}   CPU#  |||||  TIMESTAMP  FUNCTION\n",
                       tgid ? "  TGID    " : "");
    out += fmt::format("#              | |    {}     |   |||||     |         |\n",
                       tgid ? "    |     " : "");
    return out;
}

}  // namespace

std::string ftrace_text(const Kernel& end, const Log& log, const FtraceOptions& options) {
    std::string out;
    write_ftrace(end, log, options, [&](std::string_view text) {
        out += text;
        return true;
    });
    return out;
}

void write_ftrace(const Kernel& end, const Log& log, const FtraceOptions& options,
                  const std::function<bool(std::string_view)>& write) {
    std::vector<std::uint32_t> order;
    const std::size_t count = options.only != nullptr ? options.only->size() : log.size();
    order.reserve(count);
    bool is_sorted = true;
    for (std::size_t n = 0; n < count; ++n) {
        const std::size_t i = options.only != nullptr ? (*options.only)[n] : n;
        if (log[i].kind == RecordKind::sys_args) continue;
        is_sorted &= order.empty() || log[order.back()].at <= log[i].at;
        order.push_back(static_cast<std::uint32_t>(i));
    }
    if (!is_sorted) {
        std::stable_sort(order.begin(), order.end(),
                         [&](std::uint32_t a, std::uint32_t b) { return log[a].at < log[b].at; });
    }
    std::string out = header(order.size(), end.cpus.size(), options.tgid);
    for (const std::uint32_t i : order) {
        if (out.size() >= kPiece) {
            if (!write(out)) return;
            out.clear();
        }
        const Record& r = log[i];
        const bool has_args = r.kind == RecordKind::sys_enter && i + 1 < log.size() &&
                              log[i + 1].kind == RecordKind::sys_args;
        const bool is_outside = r.task == kNoTask;
        const std::string comm = is_outside ? "<outside>" : comm_of(end, r.task);
        out += fmt::format("{:>16}-{:<7}", comm, is_outside ? 0 : pid_of(end, r.task));
        if (options.tgid) {
            out += is_outside || pid_of(end, r.task) == 0
                       ? std::string(" (-------)")
                       : fmt::format(" ({:>7})", end.tasks[r.task].tgid);
        }
        out += fmt::format(" [{:03}] {} {:>5}.{:06}: {}: {}\n", r.cpu, flag_chars(r.flags),
                           r.at / kSecond, r.at % kSecond / kMicro, event_name(r.kind),
                           event_text(end, r, has_args ? &log[i + 1] : nullptr));
    }
    write(out);
}

void write_trace_json(const Kernel& end, const Log& log, const std::vector<std::uint32_t>& only, const std::string* filter,
                      const std::function<bool(std::string_view)>& write) {
    std::string out = fmt::format("{{{}\"records\":{},\"matched\":{},\"events\":[",
                                  filter != nullptr ? "\"filter\":" + json_text(*filter) + "," : std::string(), log.size(), only.size());
    bool is_first = true;
    for (const std::uint32_t i : only) {
        if (out.size() >= kPiece) {
            if (!write(out)) return;
            out.clear();
        }
        const Record& r = log[i];
        const bool has_args = r.kind == RecordKind::sys_enter && i + 1 < log.size() && log[i + 1].kind == RecordKind::sys_args;
        const bool is_outside = r.task == kNoTask;
        out += fmt::format("{}\n{{\"record\":{},\"at_ns\":{},\"cpu\":{},\"comm\":{},\"pid\":{},\"kind\":{},\"text\":{}}}",
                           is_first ? "" : ",", i, r.at, r.cpu, is_outside ? "null" : json_text(comm_of(end, r.task)),
                           is_outside ? "null" : std::to_string(pid_of(end, r.task)), json_text(event_name(r.kind)),
                           json_text(event_text(end, r, has_args ? &log[i + 1] : nullptr)));
        is_first = false;
    }
    write(out + "\n]}\n");
}

namespace {

bool is_digits(std::string_view s) {
    return !s.empty() && s.find_first_not_of("0123456789") == std::string_view::npos;
}
std::int64_t to_number(std::string_view s) {
    std::int64_t n = 0;
    for (char c : s.substr(0, 18)) n = n * 10 + (c - '0');
    return n;
}
std::string_view trimmed(std::string_view s) {
    while (!s.empty() && s.front() == ' ') s.remove_prefix(1);
    while (!s.empty() && s.back() == ' ') s.remove_suffix(1);
    return s;
}

// The first `[digits]` of a line.
std::optional<std::pair<std::size_t, std::size_t>> find_cpu(std::string_view line) {
    for (std::size_t open = line.find('['); open != std::string_view::npos;
         open = line.find('[', open + 1)) {
        const std::size_t close = line.find(']', open);
        if (close == std::string_view::npos) return {};
        if (is_digits(line.substr(open + 1, close - open - 1))) return std::pair{open, close};
    }
    return {};
}

}  // namespace

std::optional<FtraceLine> parse_ftrace_line(std::string_view line) {
    if (line.empty() || line.front() == '#') return {};
    const auto cpu = find_cpu(line);
    if (!cpu) return {};
    FtraceLine out;
    out.cpu =
        static_cast<int>(to_number(line.substr(cpu->first + 1, cpu->second - cpu->first - 1)));

    std::string_view task = trimmed(line.substr(0, cpu->first));
    if (!task.empty() && task.back() == ')') {
        const std::size_t open = task.rfind('(');
        if (open == std::string_view::npos) return {};
        const std::string_view tgid = trimmed(task.substr(open + 1, task.size() - open - 2));
        if (is_digits(tgid)) out.tgid = static_cast<Pid>(to_number(tgid));
        task = trimmed(task.substr(0, open));
    }
    const std::size_t dash = task.rfind('-');
    if (dash == std::string_view::npos || !is_digits(task.substr(dash + 1))) return {};
    out.comm = task.substr(0, dash);
    out.pid = static_cast<Pid>(to_number(task.substr(dash + 1)));

    std::string_view rest = trimmed(line.substr(cpu->second + 1));
    const std::size_t blank = rest.find(' ');
    if (blank == std::string_view::npos) return {};
    if (rest.substr(0, blank).find(':') == std::string_view::npos) {
        out.flags = rest.substr(0, blank);
        rest = trimmed(rest.substr(blank));
    }
    const std::size_t colon = rest.find(':'), dot = rest.find('.');
    if (colon == std::string_view::npos || dot > colon) return {};
    const std::string_view seconds = rest.substr(0, dot),
                           micros = rest.substr(dot + 1, colon - dot - 1);
    if (!is_digits(seconds) || !is_digits(micros) || micros.size() != 6) return {};
    out.at = to_number(seconds) * kSecond + to_number(micros) * kMicro;

    rest = trimmed(rest.substr(colon + 1));
    const std::size_t end = rest.find(':');
    if (end == std::string_view::npos) return {};
    out.event = rest.substr(0, end);
    out.text = trimmed(rest.substr(end + 1));
    return out;
}

}  // namespace sy
