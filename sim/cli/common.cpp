// What every subcommand does first and last: read a scenario with its complaints, and write a text.
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "sim/cli/commands.h"
#include "sim/cli/files.h"
#include "sim/base/assert.h"
#include "sim/scenario/breaks.h"
#include "sim/session/load.h"

namespace sy::cli {
namespace {

bool apply_overrides(const Common& common, Scenario& scenario) {
    Text why;
    const std::string sched = job_scheduler(common, common.sched);
    if (!sched.empty() && !choose_scheduler(scenario, sched, why)) {
        complain({.en = "--sched: " + why.en, .zh = "--sched：" + why.zh}, common.language());
        return false;
    }
    if (!common.costs.empty() && !choose_costs(scenario, common.costs, why)) {
        complain({.en = "--costs: " + why.en, .zh = "--costs：" + why.zh}, common.language());
        return false;
    }
    for (const std::string& words : common.breaks) {
        const auto how = scn::read_break(words, why);
        if (!how) {
            complain({.en = "--break: " + why.en, .zh = "--break：" + why.zh}, common.language());
            return false;
        }
        scenario.breaks.push_back(*how);
    }
    if (!scenario.breaks.empty()) BrokenGround::stay();
    if (common.seed) scenario.machine.seed = *common.seed;
    if (common.until) scenario.machine.until = *common.until;
    return true;
}

}  // namespace

void complain(const Text& message, Lang lang) {
    std::fprintf(stderr, "%s%s\n",
                 lang == Lang::zh ? "错误：" : "error: ", message.in(lang).c_str());
}

std::optional<Query> read_filter(const std::string& expression, Lang lang) {
    QueryMistake mistake;
    std::optional<Query> query = Query::read(expression, mistake);
    if (!query) std::fputs(mistake.render("--filter", expression, lang).c_str(), stderr);
    return query;
}

std::optional<Scenario> open_scenario(const Common& common, int& status) {
    std::string source;
    Text why;
    status = kWrongInput;
    std::string name = common.file;
    if (!common.jobs.empty()) {
        const auto jobs = scenario_of_jobs(common, status);
        if (!jobs) return {};
        source = *jobs;
        name = "--jobs " + common.jobs;
    } else if (!read_scenario_file(common.file, source, why)) {
        complain(why, common.language());
        return {};
    }
    Scenario scenario;
    Diagnostics diags;
    const bool is_good = load_scenario(source, name, scenario, diags);
    const std::string messages = diags.render(name, source, common.language());
    if (!diags.empty()) std::fputs(messages.c_str(), stderr);
    if (!is_good) return {};
    if (!apply_overrides(common, scenario)) {
        status = kWrongUsage;
        return {};
    }
    status = kFine;
    return scenario;
}

std::optional<Kernel> boot(const Common& common, const Scenario& scenario, int& status) {
    Diagnostics diags;
    std::optional<Kernel> kernel = boot_scenario(scenario, diags);
    status = kernel ? kFine : kWrongInput;
    if (!kernel) {
        std::string source;
        Text why;
        if (common.file != "-") read_scenario_file(common.file, source, why);
        std::fputs(diags.render(common.file, source, common.language()).c_str(), stderr);
    }
    return kernel;
}

Output::Output(const Common& common) : common_(common) {
    errno = 0;
    const bool to_stdout = common.out.empty() || common.out == "-";
    file_ = to_stdout ? stdout : std::fopen(common.out.c_str(), "wb");
    is_fine_ = file_ != nullptr;
}

Output::~Output() {
    if (file_ != nullptr && file_ != stdout) std::fclose(file_);
}

bool Output::write(std::string_view text) {
    is_fine_ = is_fine_ && std::fwrite(text.data(), 1, text.size(), file_) == text.size();
    return is_fine_;
}

int Output::finish(int status) {
    if (file_ == stdout) {
        is_fine_ = std::fflush(stdout) == 0 && is_fine_;
    } else if (file_ != nullptr) {
        is_fine_ = std::fclose(file_) == 0 && is_fine_;
    }
    file_ = nullptr;
    if (is_fine_) return status;
    const std::string where = common_.out.empty() ? "stdout" : common_.out;
    complain(text("cannot write {0}: {1}", "无法写入 {0}：{1}", {where, std::strerror(errno)}),
             common_.language());
    return kWrongInput;
}

int finish(const Common& common, const std::string& text, int status) {
    Output out(common);
    out.write(text);
    return out.finish(status);
}

}  // namespace sy::cli
