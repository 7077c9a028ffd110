// `run` for people: what was run, who ran when, a table of tasks, totals, expectations, how it
// ended.
#include <fmt/format.h>

#include <algorithm>

#include "sim/base/utf8.h"
#include "sim/report/coroutines.h"
#include "sim/report/gantt.h"
#include "sim/report/refusals.h"
#include "sim/report/rows.h"
#include "sim/report/rules.h"
#include "sim/report/run.h"
#include "sim/session/batch.h"
#include "sim/session/load.h"

namespace sy {
namespace {

constexpr std::size_t kMostRows = 200;  // of the table; the other formats list all

// Times of a table in milliseconds: whole where all are whole, else with three digits.
class MilliColumn {
  public:
    void see(std::optional<Nanos> t) { whole_ &= !t || *t % kMilli == 0; }
    std::string show(std::optional<Nanos> t) const {
        if (!t) return "-";
        if (whole_) return grouped(*t / kMilli);
        const Nanos us = (*t + kMicro / 2) / kMicro;
        return fmt::format("{}.{:03}", grouped(us / 1000), us % 1000);
    }

  private:
    bool whole_ = true;
};

// Columns as wide as their content; the first `lefts` of them to the left.
class Table {
  public:
    explicit Table(std::vector<bool> is_left) : is_left_(std::move(is_left)) {}
    void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
    std::string draw(const std::string& indent) const {
        std::vector<std::size_t> width(is_left_.size());
        for (const auto& cells : rows_)
            for (std::size_t c = 0; c < cells.size(); ++c)
                width[c] = std::max(width[c], static_cast<std::size_t>(columns_of(cells[c])));
        std::string out;
        for (const auto& cells : rows_) {
            std::string line = indent;
            for (std::size_t c = 0; c < cells.size(); ++c) {
                const std::string pad(width[c] - static_cast<std::size_t>(columns_of(cells[c])),
                                      ' ');
                line += (c == 0 ? "" : "  ") + (is_left_[c] ? cells[c] + pad : pad + cells[c]);
            }
            while (!line.empty() && line.back() == ' ') line.pop_back();
            out += line + "\n";
        }
        return out;
    }

  private:
    static int columns_of(const std::string& s) { return utf8::width(s); }
    std::vector<bool> is_left_;
    std::vector<std::vector<std::string>> rows_;
};

class Page {
  public:
    Page(const RunResult& result, int columns, Lang lang)
        : r_(result), k_(result.kernel), columns_(columns), lang_(lang), rows_(task_rows(k_)) {}

    std::string write() {
        std::string out = head();
        out += "\n" + gantt(k_, r_.log, {.columns = columns_, .lang = lang_});
        out += "\n" + tasks();
        out += "\n" + totals();
        if (const auto refused = refusals(k_, r_.log); !refused.empty()) {
            out += "\n" + say("refused\n", "被拒绝\n");
            for (const Refusal& each : refused) out += "  " + each.why.in(lang_) + "\n";
        }
        if (!k_.coroutine_envs.empty()) out += "\n" + coroutines_as_text(k_, lang_);
        if (!r_.verdicts.empty()) out += "\n" + expectations();
        out += "\n" + say("end          ", "结束      ") + end_text(k_, r_.end).in(lang_) + "\n";
        out += say("fingerprint  ", "指纹      ") +
               fmt::format(fmt::runtime(say("state {}, log {}\n", "状态 {}，日志 {}\n")),
                           hex16(k_.fingerprint()), hex16(r_.log.fingerprint()));
        return out;
    }

  private:
    std::string say(const char* en, const char* zh) const { return lang_ == Lang::zh ? zh : en; }

    std::string head() const {
        const Scenario& s = k_.image().scenario;
        const std::string& title = lang_ == Lang::zh && !s.title_zh.empty() ? s.title_zh : s.title;
        std::string out = s.file + (title.empty() ? "" : ": " + title) + "\n";
        out += fmt::format(fmt::runtime(say("scheduler {}, {} CPU{}, {} Hz, costs {}, seed {}\n",
                                            "调度器 {}，{} 个 CPU{}，{} Hz，costs {}，种子 {}\n")),
                           k_.image().scheduler, k_.cpus.size(),
                           k_.cpus.size() == 1 || lang_ == Lang::zh ? "" : "s", s.machine.hz,
                           s.machine.costs_ideal ? "ideal" : "linux", s.machine.seed);
        return out + say("rules: ", "规则：") + rules_as_text(rules_of(k_), lang_) + "\n";
    }

    // Kernel threads and init that never ran say nothing about the scenario.
    static bool is_background(const TaskRow& t) { return !is_of_scenario(t) && !t.first_run; }

    std::string tasks() const {
        MilliColumn ms;
        std::vector<const TaskRow*> shown;
        std::size_t background = 0, more = 0;
        for (const TaskRow& t : rows_) {
            if (is_background(t)) {
                ++background;
            } else if (shown.size() < kMostRows) {
                shown.push_back(&t);
                for (std::optional<Nanos> v :
                     {t.arrival, std::optional<Nanos>(t.cpu_time), std::optional<Nanos>(t.wait),
                      t.response, t.turnaround})
                    ms.see(v);
            } else {
                ++more;
            }
        }
        Table table(
            {false, false, true, true, false, false, false, false, false, false, false, false});
        table.row({"PID", "TGID", "COMM", "STATE", "NICE", say("ARRIVAL", "到达"),
                   say("CPU", "CPU 时间"), say("WAITING", "等待"), say("RESPONSE", "响应"),
                   say("TURNAROUND", "周转"), "VOL", "INVOL"});
        for (const TaskRow* t : shown) {
            const std::string name = t->is_kernel_thread ? "[" + t->name + "]" : t->name;
            table.row({std::to_string(t->pid), std::to_string(t->tgid), name,
                       fmt::format("{} {}", t->state, state_word_of_letter(t->state)),
                       std::to_string(t->nice), ms.show(t->arrival), ms.show(t->cpu_time),
                       ms.show(t->wait), ms.show(t->response), ms.show(t->turnaround),
                       grouped(static_cast<std::int64_t>(t->nvcsw)),
                       grouped(static_cast<std::int64_t>(t->nivcsw))});
        }
        std::string out = say("tasks (times in ms)\n", "任务（时间单位 ms）\n") + table.draw("  ");
        if (more > 0) {
            out += fmt::format(fmt::runtime(say("  and {} more; --format csv lists all\n",
                                                "  还有 {} 个；--format csv 列出全部\n")),
                               grouped(static_cast<std::int64_t>(more)));
        }
        if (background > 0) {
            out += fmt::format(fmt::runtime(say("  and init and {} kernel threads that never ran\n",
                                                "  另有 init 和 {} 个从未运行的内核线程\n")),
                               background - (rows_.empty() || !is_background(rows_[0]) ? 0 : 1));
        }
        return out;
    }

    std::string totals() const {
        const Totals t = totals_of(k_, rows_);
        const auto n = [](std::uint64_t v) { return grouped(static_cast<std::int64_t>(v)); };
        const auto average = [](std::optional<Nanos> v) {
            return v ? show_time(*v) : std::string("-");
        };
        Table table({true, true});
        table.row(
            {say("switches", "切换"),
             fmt::format(fmt::runtime(say(
                             "{} ({} voluntary, {} involuntary by tasks; the rest by idle CPUs)",
                             "{}（任务自愿 {}，非自愿 {}；其余来自空闲 CPU）")),
                         n(t.switches), n(t.voluntary), n(t.involuntary))});
        table.row({say("address space", "地址空间"),
                   fmt::format(fmt::runtime(say("{} CR3 writes, {} TLB flushes, {} lazy switches",
                                                "写 CR3 {} 次，TLB 清除 {} 次，惰性切换 {} 次")),
                               n(t.cr3_writes), n(t.tlb_flushes), n(t.lazy_switches))});
        table.row(
            {say("interrupts", "中断"),
             fmt::format(fmt::runtime(say("{} timer, {} device, {} between CPUs; {} softirqs",
                                          "时钟 {}，设备 {}，CPU 间 {}；软中断 {}")),
                         n(t.timer_interrupts), n(t.device_interrupts), n(t.ipis), n(t.softirqs))});
        table.row({say("CPU", "CPU"),
                   fmt::format(fmt::runtime(say("{}.{} % busy, {} idle", "{}.{} % 忙，空闲 {}")),
                               t.utilisation_permille / 10, t.utilisation_permille % 10,
                               show_time(t.idle))});
        table.row({say("averages", "平均"),
                   fmt::format(fmt::runtime(say("waiting {}, response {}, turnaround {}",
                                                "等待 {}，响应 {}，周转 {}")),
                               average(t.average_wait), average(t.average_response),
                               average(t.average_turnaround))});
        table.row(
            {say("simulation", "模拟"),
             fmt::format(fmt::runtime(say("{} steps, {} records, {}", "{} 步，{} 条记录，{}")),
                         n(t.steps), n(t.records), show_time(k_.now()))});
        return say("totals\n", "总计\n") + table.draw("  ");
    }

    std::string expectations() const {
        Table table({true, true, true, true});
        std::size_t passed = 0;
        for (const Verdict& v : r_.verdicts) {
            passed += v.is_met ? 1 : 0;
            table.row({v.is_met ? "PASS" : "FAIL",
                       fmt::format(fmt::runtime(say("line {}", "第 {} 行")), v.pos.line), v.text,
                       v.found.in(lang_)});
        }
        return fmt::format(fmt::runtime(
                               say("expectations: {} of {} hold\n", "预期：{1} 条中 {0} 条成立\n")),
                           passed, r_.verdicts.size()) +
               table.draw("  ");
    }

    const RunResult& r_;
    const Kernel& k_;
    int columns_;
    Lang lang_;
    std::vector<TaskRow> rows_;
};

}  // namespace

std::string run_as_text(const RunResult& result, int chart_columns, Lang lang) {
    return Page(result, chart_columns, lang).write();
}

}  // namespace sy
