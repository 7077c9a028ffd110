// `--jobs`: lists as OSTEP's simulators take them, or a table of comma-separated values, in place
// of a scenario file.
#include "sim/scenario/jobs.h"

#include <algorithm>
#include <cctype>

#include "sim/cli/commands.h"
#include "sim/cli/files.h"
#include "sim/scenario/write.h"
#include "sim/session/load.h"

namespace sy::cli {
namespace {

bool is_table(const std::string& jobs) {
    return jobs.ends_with(".csv") || jobs.find('/') != std::string::npos;
}

bool has_setting(const std::string& spec, const std::string& key) {
    return spec.find(key + "=") != std::string::npos;
}

std::optional<std::string> text_of(std::vector<ProcessDecl> jobs) {
    Scenario s;
    s.processes = std::move(jobs);
    return write_scenario(s);
}

}  // namespace

std::optional<std::string> scenario_of_jobs(const Common& common, int& status) {
    const Lang lang = common.language();
    Text why;
    if (is_table(common.jobs)) {
        status = kWrongInput;
        std::string csv;
        if (!read_scenario_file(common.jobs, csv, why)) {
            complain(why, lang);
            return {};
        }
        std::vector<ProcessDecl> jobs;
        Diagnostics diags;
        const bool is_good = read_job_table(csv, common.unit, jobs, diags);
        if (!diags.empty()) std::fputs(diags.render(common.jobs, csv, lang).c_str(), stderr);
        if (!is_good) return {};
        return text_of(std::move(jobs));
    }
    auto list = read_job_list(
        common.jobs, {.unit = common.unit, .io_time = common.io_time, .io_cpu = common.io_cpu},
        why);
    if (list) return text_of(std::move(list->jobs));
    complain({.en = "--jobs: " + why.en + "; write 5,10,15 or c7,i,c1,i or 0,180,0:100,20,4",
              .zh = "--jobs：" + why.zh + "；请写成 5,10,15 或 c7,i,c1,i 或 0,180,0:100,20,4"},
             lang);
    status = kWrongUsage;
    return {};
}

std::string job_scheduler(const Common& common, const std::string& spec) {
    if (common.jobs.empty() || spec.empty()) return spec;
    const std::size_t end = std::min(spec.find_first_of(",:"), spec.size());
    std::string name = spec.substr(0, end);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (name == "fifo") name = "fcfs";
    if (name == "stcf") name = "srtf";
    std::string rest = end < spec.size() ? spec.substr(end + 1) : "";
    const auto add = [&](const std::string& key, const std::string& value) {
        if (!has_setting(rest, key)) rest += (rest.empty() ? "" : ",") + key + "=" + value;
    };
    if (!is_table(common.jobs)) {
        const bool takes_turns = name == "rr" || name == "lottery" || name == "stride";
        if (takes_turns) add("quantum", write_duration(common.unit));
        if (name == "mlfq") {
            add("quantum", write_duration(10 * common.unit));
            add("tie", "expired-first");
        }
        if (name == "mlfq" && has_setting(rest, "boost")) {
            // After a boost mlfq.py counts down from the allotment of the highest queue.
            const std::size_t at = rest.find("allotment=");
            std::int64_t allotment = 1;
            if (at != std::string::npos) {
                allotment = 0;
                for (std::size_t i = at + 10;
                     i < rest.size() && rest[i] >= '0' && rest[i] <= '9' && allotment < 1'000'000;
                     ++i)
                    allotment = allotment * 10 + (rest[i] - '0');
            }
            if (allotment > 0) add("boosted", write_duration(allotment * common.unit));
        }
    }
    return rest.empty() ? name : name + ":" + rest;
}

}  // namespace sy::cli
