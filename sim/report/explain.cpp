#include "sim/report/explain.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/utf8.h"
#include "sim/report/places.h"
#include "sim/report/queue_text.h"
#include "sim/session/load.h"
#include "sim/session/smp_view.h"
#include "sim/session/smp_words.h"
#include "sim/session/storyteller.h"

namespace sy {
namespace {

constexpr int kWidth = 100;  // columns of a line

std::string padded(const std::string& text, int columns) {
    const int missing = columns - utf8::width(text);
    return missing > 0 ? text + std::string(static_cast<std::size_t>(missing), ' ') : text;
}

// Breaks at blanks (in Chinese anywhere) so that no line is longer than kWidth; further lines are
// indented.
std::string wrapped(const std::string& text, int indent) {
    const std::string margin(static_cast<std::size_t>(indent), ' ');
    std::string out = margin, word;
    int column = indent, word_width = 0;
    const auto flush = [&] {
        if (word.empty()) return;
        if (column + word_width > kWidth && column > indent) {
            while (!out.empty() && out.back() == ' ') out.pop_back();
            out += "\n" + margin;
            column = indent;
        }
        out += word;
        column += word_width;
        word.clear();
        word_width = 0;
    };
    for (std::size_t at = 0; at < text.size();) {
        const utf8::Decoded c = utf8::decode(text, at);
        const int width = utf8::width(c.code);
        const std::string bytes = text.substr(at, c.bytes);
        at += c.bytes;
        if (bytes == " ") {
            flush();
            if (column > indent) {
                out += ' ';
                ++column;
            }
        } else {
            word += bytes;
            word_width += width;
            if (width == 2) flush();
        }
    }
    flush();
    return out + "\n";
}

class Storyboard {
  public:
    Storyboard(const Episode& e, const Kernel& k, Lang lang)
        : e_(e), k_(k), names_(k), lang_(lang) {}

    std::string write(Depth depth) {
        if (depth == Depth::line) return one_line();
        std::string out = head();
        out += depth == Depth::phases ? phases() : steps();
        return out + placements() + groups() + table() + not_saved();
    }

  private:
    // Every wakeup that chose a CPU: the two rules, then the CPUs one by one.
    std::string placements() const {
        std::string out;
        for (const PlacementStory& s : e_.placements) {
            const Placement& p = s.placement;
            if (s.rows.size() < 2) continue;
            out += heading(say("Where it could have gone: ", "它本可以去哪里：") + display_name(k_, p.task));
            for (const Sentence& rule : {s.affine, s.idle})
                if (!rule.en.empty()) out += wrapped(in(rule), 2);
            out += fmt::format("    {}  {}  {:>8}  {:>8}  {:>3}  {}  {}\n", padded("CPU", 4), padded(say("then", "当时"), 5),
                               "load_avg", "util_avg", "nr", padded(say("role", "角色"), 24), say("why", "原因"));
            for (const PlacementRow& r : s.rows)
                out += fmt::format("  {} {}  {}  {:>8}  {:>8}  {:>3}  {}  {}\n", r.is_chosen ? '>' : ' ',
                                   padded(std::to_string(r.cpu), 4), padded(r.is_idle ? say("idle", "空闲") : say("busy", "忙"), 5),
                                   r.load_avg, r.util_avg, r.nr_running, padded(in(placement_roles(r)), 24), in(r.why));
        }
        for (const Sentence& words : e_.balances) {
            if (!words.en.empty()) out += heading(say("Balancing", "负载均衡")) + wrapped(in(words), 2);
        }
        return out;
    }

    std::string groups() const {
        const std::vector<GroupRow>& rows = e_.groups;
        if (rows.size() < 2) return {};
        std::string out = heading(say("Task groups", "任务组"));
        out += fmt::format("    {}  {:>6}  {}  {:>14}  {:>8}  {:>8}  {}\n", padded(say("group", "组"), 20), say("weight", "权重"),
                           padded(say("cpu.max", "cpu.max"), 30), say("cpu time ns", "CPU 时间 ns"), "load_avg",
                           say("runnable", "可运行"), say("throttled", "被限流"));
        for (const GroupRow& g : rows)
            out += fmt::format("    {}  {:>6}  {}  {:>14}  {:>8}  {:>8}  {}\n",
                               padded(std::string(2 * std::size_t{g.depth}, ' ') + g.name, 20), g.weight,
                               padded(in(quota_words(g)), 30), grouped(g.cpu_time), g.load_avg, g.runnable,
                               g.throttled_cpus == 0 ? say("no", "否") : "CPU " + cpu_list_text(g.throttled_cpus));
        return out;
    }

    const std::string& in(const Sentence& s) const {
        return lang_ == Lang::zh && !s.zh.empty() ? s.zh : s.en;
    }
    std::string say(const char* en, const char* zh) const { return lang_ == Lang::zh ? zh : en; }

    // `    7  cpu0      4,202,551 ns  tick leaves, …`: a list of them is the course of the run.
    std::string one_line() const {
        const std::string number = e_.switch_number == 0 ? "-" : std::to_string(e_.switch_number);
        return fmt::format("{:>6}  cpu{:<2} {:>15} ns  {}\n", number, e_.cpu, grouped(e_.begin),
                           in(e_.in_one_line));
    }

    std::string heading(const std::string& title) const {
        return "\n" + title + "\n" +
               std::string(static_cast<std::size_t>(utf8::width(title)), '-') + "\n";
    }

    std::string who(TaskId id) const {
        const Task& t = k_.tasks[id];
        std::string kind;
        if ((t.flags & pf::idle) != 0) {
            kind = say("the idle task of this CPU, no user level",
                       "该 CPU 的空闲任务，没有用户级上下文");
        } else if (t.is_kthread()) {
            kind = say("kernel thread, mm is NULL", "内核线程，mm 为 NULL");
        } else {
            kind = t.pid == t.tgid
                       ? say("process", "进程")
                       : say("thread of process ", "线程，所属进程 ") + std::to_string(t.tgid);
        }
        return fmt::format("{} (pid {}, {})", display_name(k_, id), t.pid, kind);
    }

    std::string head() const {
        const std::string title = in(e_.title);
        std::string out =
            title + "\n" + std::string(static_cast<std::size_t>(utf8::width(title)), '=') + "\n";
        const auto row = [&](const std::string& label, const std::string& text) {
            if (!text.empty()) out += "  " + padded(label, 10) + text + "\n";
        };
        row(say("what", "类型"),
            in(episode_kind_name(e_.kind)) +
                fmt::format(", CPU {}, {} - {}", e_.cpu, show_time(e_.begin), show_time(e_.end)));
        if (e_.switch_number != 0) {
            row(say("leaves", "离开"), who(e_.prev));
            row(say("comes", "到来"), who(e_.next));
        } else if (e_.prev != kNoTask) {
            row(say("task", "任务"), who(e_.prev));
        }
        row(say("why", "原因"), in(e_.reason));
        if (e_.pick.winner != kNoTask) {
            row(say("pick", "选择"), say(e_.pick.rule.c_str(), e_.pick.rule_zh.c_str()));
            row(say("tie", "并列"), say(e_.pick.tie.c_str(), e_.pick.tie_zh.c_str()));
            std::string candidates;
            for (const QueueRow& c : e_.pick.candidates) {
                candidates += fmt::format("{}{} ({})", candidates.empty() ? "" : ", ",
                                          display_name(k_, c.task), grouped(c.key));
            }
            if (e_.pick.candidate_count > e_.pick.candidates.size()) {
                candidates +=
                    fmt::format(", +{}", e_.pick.candidate_count - e_.pick.candidates.size());
            }
            row(say("among", "候选"), candidates);
            row(say("queue", "队列"), shape_text(e_.pick.queue.shape, lang_));
            for (const std::string& line : picture_as_lines(e_.pick.queue, k_, lang_)) {
                const std::size_t deeper = line.find_first_not_of(' ');
                out += wrapped(line.substr(deeper), 14 + static_cast<int>(deeper));
            }
        }
        row(say("in short", "一句话"), in(e_.in_one_line));
        return out;
    }

    std::string phase_heading(Phase phase) const {
        switch (phase) {
            case Phase::entry:
                return say("Into the kernel", "进入内核");
            case Phase::work:
                if (e_.kind == EpisodeKind::user) return say("In user mode", "在用户态");
                return say("What the kernel does", "内核的处理");
            case Phase::pick:
                return say("The scheduler decides", "调度器的决定");
            case Phase::mm:
                return say("The address space", "地址空间");
            case Phase::stack:
                return say("The switch of stacks", "换栈");
            case Phase::exit:
                return say("Out of the kernel", "离开内核");
        }
        return {};
    }

    std::string phases() const {
        std::string out;
        for (const auto& [phase, sentence] : e_.in_phases) {
            out += heading(phase_heading(phase));
            out += wrapped(in(sentence), 2);
        }
        return out;
    }

    std::string steps() const {
        std::string out;
        std::string why;
        const StoryStep* before = nullptr;
        for (const StoryStep& s : e_.steps) {
            if (before == nullptr || before->phase != s.phase) {
                out += heading(phase_heading(s.phase));
                const auto it = std::find_if(e_.in_phases.begin(), e_.in_phases.end(),
                                             [&](const auto& p) { return p.first == s.phase; });
                if (it != e_.in_phases.end()) out += wrapped(in(it->second), 2) + "\n";
                why.clear();
            }
            out += step_as_text(s, names_, lang_, why);
            why = in(s.why);
            before = &s;
        }
        return out;
    }

    std::string fate(Fate f) const {
        switch (f) {
            case Fate::saved:
                return say("saved", "保存");
            case Fate::kept:
                return say("kept", "保留");
            case Fate::replaced:
                return say("replaced", "替换");
            case Fate::untouched:
                return say("untouched", "未动");
        }
        return {};
    }
    std::string band(FateRow::Band b) const {
        switch (b) {
            case FateRow::Band::user:
                return say("user-level context", "用户级上下文");
            case FateRow::Band::reg:
                return say("register-level context", "寄存器级上下文");
            case FateRow::Band::system:
                return say("system-level context", "系统级上下文");
        }
        return {};
    }

    std::string table() const {
        if (e_.table.empty()) return {};
        std::string out = heading(say("What became of each context", "各级上下文的去向"));
        int part = 0;
        for (const FateRow& r : e_.table) part = std::max(part, utf8::width(part_name(r.part, lang_)));
        const FateRow* before = nullptr;
        for (const FateRow& r : e_.table) {
            if (before == nullptr || before->band != r.band) out += "  " + band(r.band) + "\n";
            before = &r;
            out += fmt::format("    {}  {}  {}\n", padded(part_name(r.part, lang_), part), padded(fate(r.fate), 9),
                               in(r.where));
            if (r.before.empty() && r.after.empty()) continue;
            const std::string values = r.before == r.after ? r.before
                                       : r.after.empty()   ? r.before
                                       : r.before.empty()  ? r.after
                                                           : r.before + " -> " + r.after;
            out += fmt::format("    {}  {}  {}\n", std::string(static_cast<std::size_t>(part), ' '),
                               padded("", 9), values);
        }
        return out;
    }

    std::string not_saved() const {
        if (e_.not_saved.empty()) return {};
        std::string out = heading(say("What is not saved, and why", "什么没有保存，为什么"));
        int part = 0;
        for (const NotSaved& n : e_.not_saved) part = std::max(part, utf8::width(part_name(n.part, lang_)));
        for (const NotSaved& n : e_.not_saved)
            out += fmt::format("    {}  {}\n", padded(part_name(n.part, lang_), part), in(n.why));
        return out;
    }

    const Episode& e_;
    const Kernel& k_;
    PlaceNames names_;
    Lang lang_;
};

}  // namespace

std::string step_as_text(const StoryStep& step, const PlaceNames& names, Lang lang,
                         std::string_view why_before) {
    const auto in = [&](const Sentence& s) {
        return lang == Lang::zh && !s.zh.empty() ? s.zh : s.en;
    };
    const StepReport& r = step.report;
    std::string out = fmt::format("  {:>7}  {:>13}  cpu{}  {}{}", r.number, grouped(r.at) + " ns",
                                  r.cpu, padded(in(step.by), 20), step.routine);
    if (!step.source.empty()) out += (step.routine.empty() ? "" : ": ") + step.source;
    if (r.kind == StepReport::Kind::kernel && r.taken)
        out += lang == Lang::zh ? "（跳转）" : " (taken)";
    while (out.back() == ' ') out.pop_back();
    out += "\n";
    const std::string what = in(step.what), why = in(step.why);
    if (!what.empty()) out += wrapped(what, 11);
    if (!why.empty() && why != why_before) out += wrapped("(" + why + ")", 11);
    for (const std::string& line : names.moves(r.moves)) out += "             " + line + "\n";
    return out;
}

std::string explain_as_text(const Episode& e, const Kernel& k, Depth depth, Lang lang) {
    return Storyboard(e, k, lang).write(depth);
}

}  // namespace sy
