// The page from top to bottom, one function for each of its parts.
#include "gui/picture/html_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "gui/model/facts.h"
#include "gui/model/figures.h"
#include "gui/picture/svg.h"
#include "gui/picture/svg_timeline.h"
#include "gui/strings/strings.h"
#include "sim/report/explain.h"
#include "sim/report/measures.h"
#include "sim/report/refusals.h"
#include "sim/report/rows.h"
#include "sim/report/rules.h"
#include "sim/report/stats.h"
#include "sim/session/batch.h"

namespace sy::gui {
namespace {

constexpr std::size_t kMostTasks = 200, kMostLanes = 48, kMostSwitches = 60, kMostRefusals = 50, kMostVerdicts = 500;
constexpr std::size_t kMostSource = 256 * 1024;   // bytes of the scenario's text

constexpr std::string_view kStyle = R"(
*{box-sizing:border-box}body{margin:0;background:var(--ground);color:var(--text);font:15px/1.5 Inter,"Noto Sans","Noto Sans CJK SC","Droid Sans Fallback",system-ui,sans-serif}
main{max-width:1180px;margin:0 auto;padding:24px 16px 64px}h1{font-size:26px;margin:0 0 4px}h2{font-size:18px;margin:32px 0 8px;border-bottom:1px solid var(--line);padding-bottom:4px}
p{margin:6px 0}.quiet{color:var(--quiet)}.scroll{overflow-x:auto}svg{display:block;max-width:none}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}th,td{padding:3px 10px;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
th{color:var(--quiet);font-weight:600}td.l,th.l{text-align:left}td.w{white-space:normal}tr:hover td{background:var(--hover)}
.pass{color:var(--kept);font-weight:600}.fail{color:var(--replaced);font-weight:600}
pre{background:var(--panel);border:1px solid var(--line);border-radius:6px;padding:10px;overflow-x:auto;font:13px/1.45 "JetBrains Mono","DejaVu Sans Mono","Noto Sans Mono CJK SC",monospace}
pre i{color:var(--quiet);font-style:normal;user-select:none}details summary{cursor:pointer}
@media print{pre,svg{break-inside:avoid}}
)";

class Page {
  public:
    explicit Page(const HtmlInput& in)
        : in_(in), k_(in.result.kernel), s_(k_.image().scenario), rows_(task_rows(k_)) {}

    std::string write() {
        const std::string& title = chosen(s_.title, s_.title_zh);
        const std::string name = title.empty() ? s_.file : title;
        out_ = "<!DOCTYPE html>\n<html lang=\"" + std::string(zh() ? "zh-Hans" : "en") + "\">\n<head>\n<meta charset=\"utf-8\">\n" +
               "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"generator\" content=\"Switchyard\">\n<title>" +
               xml_text(name) + "</title>\n<style>:root{color-scheme:light dark;" + css_colors(ThemeId::light) +
               "}\n@media (prefers-color-scheme:dark){:root{" + css_colors(ThemeId::dark) + "}}" + std::string(kStyle) + "</style>\n</head>\n<body>\n<main>\n";
        head(name);
        chart();
        captions();
        tasks();
        totals();
        measures();
        refused();
        expectations();
        story();
        source();
        out_ += "<p class=\"quiet\">" + say("fingerprint: state ", "指纹：状态 ") + hex16(k_.fingerprint()) + say(", log ", "，日志 ") +
                hex16(in_.result.log.fingerprint()) + "</p>\n</main>\n</body>\n</html>\n";
        return std::move(out_);
    }

  private:
    static bool zh() { return language() == Lang::zh; }
    static std::string say(std::string_view en, std::string_view zh_words) { return std::string(zh() ? zh_words : en); }
    static const std::string& chosen(const std::string& en, const std::string& zh_words) { return zh() && !zh_words.empty() ? zh_words : en; }
    static std::string n(std::uint64_t v) { return format_count(static_cast<std::int64_t>(v)); }
    static std::string span(std::optional<Nanos> v) { return v ? xml_text(format_span(*v)) : "–"; }

    void h2(std::string_view id, const std::string& words) { out_ += "<h2 id=\"" + std::string(id) + "\">" + words + "</h2>\n"; }
    void cell(const std::string& html, std::string_view cls = {}) {
        out_ += cls.empty() ? "<td>" : "<td class=\"" + std::string(cls) + "\">";
        out_ += html + "</td>";
    }
    void pair(const std::string& name, const std::string& html) { out_ += "<tr><th class=\"l\">" + name + "</th><td class=\"l w\">" + html + "</td></tr>\n"; }

    void head(const std::string& name) {
        out_ += "<header><h1>" + xml_text(name) + "</h1>\n<p class=\"quiet\">" + xml_text(s_.file) + " · Switchyard</p>\n";
        if (const std::string& about = chosen(s_.about, s_.about_zh); !about.empty()) out_ += "<p>" + xml_text(about) + "</p>\n";
        out_ += "<p class=\"quiet\">" + xml_text(text("scheduler {0}, CPUs: {1}, {2} Hz, costs {3}, seed {4}", "调度器 {0}，CPU 数：{1}，{2} Hz，costs {3}，种子 {4}",
                {k_.image().scheduler, std::to_string(k_.cpus.size()), std::to_string(s_.machine.hz), s_.machine.costs_ideal ? "ideal" : "linux",
                 std::to_string(s_.machine.seed)}).in(language())) + "</p>\n";
        out_ += "<p class=\"quiet\">" + say("rules: ", "规则：") + xml_text(rules_as_text(rules_of(k_), language())) + "</p>\n";
        out_ += "<p>" + say("end: ", "结束：") + xml_text(end_text(k_, in_.result.end).in(language())) + "</p></header>\n";
    }

    void chart() {
        h2("gantt", say("Who ran when", "谁在何时运行"));
        out_ += "<div class=\"scroll\">" +
                svg_timeline({k_, in_.index, s_, k_.now()}, {.in_page = true, .width = 1140, .least = 4, .most_lanes = kMostLanes, .heading = false}) + "</div>\n";
        out_ += "<p class=\"quiet\">" + say("Rest the mouse on a bar to read what it is. What is too narrow to be told apart is folded: heights are shares of time.",
                                            "把鼠标停在一段上可读它是什么。窄得无法分辨的部分被折叠：高度是时间份额。") + "</p>\n";
    }

    void captions() {
        bool is_first = true;
        for (const TimedAction& a : s_.timeline) {
            if (a.kind != TimedAction::Kind::caption) continue;
            if (is_first) {
                h2("captions", say("What the author says", "作者的话"));
                out_ += "<table>\n";
            }
            is_first = false;
            pair(xml_text(format_span(a.at)), xml_text(chosen(a.text, a.text_zh)));
        }
        if (!is_first) out_ += "</table>\n";
    }

    static bool is_background(const TaskRow& t) { return !is_of_scenario(t) && !t.first_run; }

    void tasks() {
        h2("tasks", say("Tasks", "任务"));
        out_ += "<div class=\"scroll\"><table id=\"task-table\">\n<tr><th>PID</th><th class=\"l\">COMM</th><th class=\"l\">STATE</th><th class=\"l\">POLICY</th><th>NICE</th>";
        for (const auto& [en, chinese] : {std::pair("arrival", "到达"), {"CPU time", "CPU 时间"}, {"waiting", "等待"}, {"response", "响应"},
                                          {"turnaround", "周转"}, {"voluntary", "自愿切换"}, {"involuntary", "非自愿切换"}, {"migrations", "迁移"}})
            out_ += "<th>" + say(en, chinese) + "</th>";
        out_ += "</tr>\n";
        std::size_t shown = 0, more = 0, background = 0;
        for (const TaskRow& t : rows_) {
            if (is_background(t)) {
                ++background;
                continue;
            }
            if (shown == kMostTasks) {
                ++more;
                continue;
            }
            ++shown;
            out_ += "<tr>";
            cell(std::to_string(t.pid));
            cell(xml_text(t.is_kernel_thread ? "[" + t.name + "]" : t.name), "l");
            cell(fmt::format("{} {}", t.state, state_word_of_letter(t.state)), "l");
            cell(t.policy, "l");
            cell(std::to_string(t.nice));
            for (const std::optional<Nanos>& v : {t.arrival, std::optional<Nanos>(t.cpu_time), std::optional<Nanos>(t.wait), t.response, t.turnaround}) cell(span(v));
            for (const std::uint64_t v : {t.nvcsw, t.nivcsw, t.migrations}) cell(n(v));
            out_ += "</tr>\n";
        }
        out_ += "</table></div>\n";
        if (more > 0) out_ += "<p class=\"quiet\">" + xml_text(text("and {0} more", "另有 {0} 个", {n(more)}).in(language())) + "</p>\n";
        if (background > 0)
            out_ += "<p class=\"quiet\">" + xml_text(text("not listed: {0} of the machine's own tasks that never ran", "未列出：{0} 个从未运行的机器自身的任务", {n(background)}).in(language())) + "</p>\n";
    }

    void totals() {
        const Totals t = totals_of(k_, rows_);
        h2("totals", say("Totals", "总计"));
        out_ += "<table>\n";
        pair(say("context switches", "上下文切换"), text("{0} ({1} voluntary, {2} involuntary by tasks; the rest by idle CPUs)", "{0}（任务自愿 {1}，非自愿 {2}；其余来自空闲 CPU）",
             {n(t.switches), n(t.voluntary), n(t.involuntary)}).in(language()));
        pair(say("address space", "地址空间"), text("{0} CR3 writes, {1} TLB flushes, {2} lazy switches", "写 CR3 {0} 次，TLB 清除 {1} 次，惰性切换 {2} 次",
             {n(t.cr3_writes), n(t.tlb_flushes), n(t.lazy_switches)}).in(language()));
        pair(say("interrupts", "中断"), text("{0} timer, {1} device, {2} between CPUs; {3} softirqs", "时钟 {0}，设备 {1}，CPU 间 {2}；软中断 {3}",
             {n(t.timer_interrupts), n(t.device_interrupts), n(t.ipis), n(t.softirqs)}).in(language()));
        pair(say("migrations", "迁移"), n(t.migrations));
        pair("CPU", text("{0} % busy, {1} idle", "{0} % 忙，空闲 {1}", {fmt::format("{}.{}", t.utilisation_permille / 10, t.utilisation_permille % 10), span(t.idle)}).in(language()));
        pair(say("averages", "平均"), text("waiting {0}, response {1}, turnaround {2}", "等待 {0}，响应 {1}，周转 {2}",
             {span(t.average_wait), span(t.average_response), span(t.average_turnaround)}).in(language()));
        pair(say("simulation", "模拟"), text("{0} steps, {1} records, {2}", "{0} 步，{1} 条记录，{2}", {n(t.steps), n(t.records), span(k_.now())}).in(language()));
        out_ += "</table>\n";
    }

    void measures() {
        const Measures m = measures_of(k_, in_.result.log);
        if (m.turnaround.empty() && m.response.empty() && m.wakeup.empty()) return;
        h2("metrics", say("Measures", "度量"));
        out_ += "<table>\n<tr><th class=\"l\"></th><th>n</th><th>" + say("mean", "平均") + "</th><th>p50</th><th>p95</th><th>p99</th><th>" + say("largest", "最大") + "</th></tr>\n";
        const auto line = [&](const std::string& name, const std::vector<std::int64_t>& values, bool is_time) {
            if (values.empty()) return;
            const Spread s = spread_of(values);
            out_ += "<tr>";
            cell(name, "l");
            cell(n(values.size()));
            for (const std::optional<std::int64_t>& v : {s.mean, s.p50, s.p95, s.p99, s.max})
                cell(!v ? "–" : is_time ? span(*v) : fmt::format("{}.{:03} ×", *v / 1000, *v % 1000));
            out_ += "</tr>\n";
        };
        line(say("turnaround", "周转"), m.turnaround, true);
        line(say("response", "响应"), m.response, true);
        line(say("waiting", "等待"), m.waiting, true);
        line(say("from wakeup to CPU", "唤醒到上 CPU"), m.wakeup, true);
        line(say("slowdown", "慢化"), m.slowdown, false);
        out_ += "</table>\n";
    }

    void refused() {
        const std::vector<Refusal> all = refusals(k_, in_.result.log);
        if (all.empty()) return;
        h2("refused", say("Refused by the kernel", "被内核拒绝"));
        out_ += "<ul>\n";
        for (std::size_t i = 0; i < std::min(all.size(), kMostRefusals); ++i) out_ += "<li>" + xml_text(all[i].why.in(language())) + "</li>\n";
        out_ += "</ul>\n";
        if (all.size() > kMostRefusals) out_ += "<p class=\"quiet\">" + xml_text(text("and {0} more", "另有 {0} 个", {n(all.size() - kMostRefusals)}).in(language())) + "</p>\n";
    }

    void expectations() {
        const std::vector<Verdict>& all = in_.result.verdicts;
        if (all.empty()) return;
        const auto met = static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [](const Verdict& v) { return v.is_met; }));
        h2("expectations", text("Expectations: {0} of {1} hold", "预期：{1} 条中 {0} 条成立", {n(met), n(all.size())}).in(language()));
        out_ += "<table>\n";
        for (std::size_t i = 0; i < std::min(all.size(), kMostVerdicts); ++i) {
            const Verdict& v = all[i];
            out_ += "<tr>";
            cell(v.is_met ? "✓ PASS" : "✗ FAIL", v.is_met ? "l pass" : "l fail");
            cell(xml_text(text("line {0}", "第 {0} 行", {std::to_string(v.pos.line)}).in(language())), "l");
            cell("<code>" + xml_text(v.text) + "</code>", "l w");
            cell(xml_text(v.found.in(language())), "l w");
            out_ += "</tr>\n";
        }
        out_ += "</table>\n";
    }

    void story() {
        const std::uint64_t all = in_.session.switch_count(), shown = std::min<std::uint64_t>(all, kMostSwitches);
        if (shown == 0) return;
        h2("story", say("Switch by switch", "逐次切换"));
        out_ += "<ol>\n";
        for (std::uint64_t i = 1; i <= shown; ++i)
            out_ += "<li>" + xml_text(explain_as_text(in_.session.episode_of_switch(i), in_.session.frontier(), sy::Depth::line, language())) + "</li>\n";
        out_ += "</ol>\n";
        if (shown < all)
            out_ += "<p class=\"quiet\">" + xml_text(text("and {0} more; `switchyard explain FILE --all --depth line` tells them all", "另有 {0} 次；`switchyard explain FILE --all --depth line` 讲述全部", {n(all - shown)}).in(language())) + "</p>\n";
    }

    void source() {
        if (in_.source.empty()) return;
        h2("scenario", say("The scenario", "场景"));
        out_ += "<pre>";
        const std::string_view all = std::string_view(in_.source).substr(0, kMostSource);
        std::size_t number = 1;
        for (std::size_t at = 0; at < all.size();) {
            const std::size_t end = std::min(all.find('\n', at), all.size());
            out_ += fmt::format("<i>{:>4}  </i>", number++) + xml_text(all.substr(at, end - at)) + "\n";
            at = end + 1;
        }
        out_ += "</pre>\n";
        if (in_.source.size() > kMostSource)
            out_ += "<p class=\"quiet\">" + xml_text(text("the first {0} of {1} bytes", "共 {1} 字节，这里是前 {0} 字节", {n(kMostSource), n(in_.source.size())}).in(language())) + "</p>\n";
    }

    const HtmlInput& in_;
    const Kernel& k_;
    const Scenario& s_;
    std::vector<TaskRow> rows_;
    std::string out_;
};

}  // namespace

std::string html_report(const HtmlInput& input) { return Page(input).write(); }

}  // namespace sy::gui
