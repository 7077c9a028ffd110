// `explain` as a debugger: on to a breakpoint, steps of one thread, and the source view of where it stands then.
#include <nlohmann/json.hpp>
#include <string>

#include "sim/base/text.h"
#include "sim/cli/commands.h"
#include "sim/cli/files.h"
#include "sim/kernel/events.h"
#include "sim/report/source.h"
#include "sim/scenario/breaks.h"
#include "sim/session/session.h"
#include "sim/session/stepper.h"
#include "sim/session/storyteller.h"

namespace sy::cli {
namespace {

constexpr std::uint64_t kReach = 1'000'000'000;   // somebody waits for an answer, however far away

class Debugger {
  public:
    Debugger(const ExplainOptions& options, Session& session) : o_(options), s_(session), lang_(options.common.language()) {}

    int run() {
        if (!read_breakpoints()) return kWrongUsage;
        if (o_.at) {
            s_.seek_time(*o_.at);
        } else if (o_.back) {
            s_.run_to_end();
            s_.seek_step(s_.frontier().steps());
        }
        TaskId task = kNoTask;
        if (!stops_.empty() || o_.to_break) {
            for (int i = 0; i < o_.hits; ++i) {
                hit_ = find_break(s_, stops_, o_.back, kReach);
                if (!hit_) return fail(text("the breakpoint is not met{0}", "没有到达断点{0}",
                                            {i == 0 ? "" : text(" more than {0} times", "超过 {0} 次", {std::to_string(i)}).in(lang_)}));
                s_.seek_step(hit_->position);
            }
            task = hit_->task;
        }
        for (const auto& [path, how] : {std::pair{&o_.step_insn, ThreadStep::insn}, {&o_.step_over, ThreadStep::over}, {&o_.step_out, ThreadStep::out}}) {
            if (path->empty()) continue;
            if (!find(*path, task)) return kWrongInput;
            for (int i = 0; i < o_.times; ++i) {
                const auto position = step_of_thread(s_, task, how, o_.back, kReach);
                if (!position) return fail(text("'{0}' makes no such step any more", "“{0}” 不再有这样的一步", {*path}));
                s_.seek_step(*position);
            }
        }
        if (!o_.source.empty() && !find(o_.source, task)) return kWrongInput;
        return show(task);
    }

  private:
    bool read_breakpoints() {
        if (o_.to_break || (o_.break_at.empty() && o_.watch.empty())) stops_ = o_.to_break ? s_.scenario().breakpoints : stops_;
        for (const auto& [list, before, name] : {std::tuple{&o_.break_at, "at ", "--break-at: "}, {&o_.watch, "on write ", "--watch: "}})
            for (const std::string& words : *list) {
                Text why;
                const auto stop = scn::read_breakpoint(before + words, s_.scenario(), why);
                if (!stop) {
                    complain({.en = name + why.en, .zh = name + why.zh}, lang_);
                    return false;
                }
                stops_.push_back(*stop);
            }
        if (o_.to_break && stops_.empty()) {
            complain(text("--continue: the scenario has no breakpoint; add a line such as `break at LABEL`",
                          "--continue：场景里没有断点；请加一行，例如 `break at 标号`"), lang_);
            return false;
        }
        return true;
    }
    int fail(const Text& why) {
        complain(why, lang_);
        return kWrongInput;
    }
    // A task that exists now, or will.
    bool find(const std::string& path, TaskId& task) {
        if (task != kNoTask && task_matches(s_.now(), task, path)) return true;
        for (int tries = 0; tries < 2; ++tries) {
            const Kernel& k = tries == 0 ? s_.now() : s_.frontier();
            if (tries == 1) s_.run_to_end();
            if (const auto found = find_tasks(k, path); !found.empty()) {
                task = found.front();
                return true;
            }
        }
        // It may have lived and ended.
        for (TaskId id = 0; id < s_.frontier().tasks.size(); ++id)
            if (task_matches(s_.frontier(), id, path)) {
                task = id;
                return true;
            }
        complain(text("there is no task '{0}'", "没有任务 “{0}”", {path}), lang_);
        return false;
    }
    int show(TaskId task) {
        const Kernel& k = s_.now();
        if (task == kNoTask || source_view(k, task).task == kNoTask)
            return fail(text("this task has no user code at that moment", "该任务此刻没有用户态代码"));
        if (o_.common.format == "json") {
            auto j = nlohmann::ordered_json::parse(source_json(k, task));
            if (hit_) j["breakpoint"] = scn::write_breakpoint(stops_[hit_->which]);
            return finish(o_.common, j.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n", kFine);
        }
        std::string head, file;
        if (hit_) head = scn::write_breakpoint(stops_[hit_->which]) + text(": step {0}\n", "：第 {0} 步\n", {std::to_string(s_.position())}).in(lang_);
        Text why;
        if (o_.common.file != "-" && !o_.common.file.empty()) read_scenario_file(o_.common.file, file, why);
        return finish(o_.common, head + source_text(k, task, file, lang_), kFine);
    }

    const ExplainOptions& o_;
    Session& s_;
    const Lang lang_;
    std::vector<BreakpointDecl> stops_;
    std::optional<BreakHit> hit_;
};

}  // namespace

int debug(const ExplainOptions& options, Session& session) { return Debugger(options, session).run(); }

}  // namespace sy::cli
