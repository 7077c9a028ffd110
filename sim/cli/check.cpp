// `check`: what is wrong with scenario files, and nothing else. `schedulers`: what can be chosen.
#include <cstdio>

#include "sim/cli/commands.h"
#include "sim/sched/chain.h"

namespace sy::cli {

int check(const std::vector<std::string>& files, Lang lang) {
    int worst = kFine;
    for (const std::string& file : files) {
        Common common;
        common.file = file;
        common.lang = lang == Lang::zh ? "zh" : "en";
        int status = kFine;
        const auto scenario = open_scenario(common, status);
        const bool is_good = scenario && boot(common, *scenario, status);
        if (is_good)
            std::printf("%s: %s\n", file.c_str(), lang == Lang::zh ? "没有错误" : "no mistakes");
        if (!is_good) worst = status;
    }
    return worst;
}

int schedulers(Lang lang) {
    for (const PolicyInfo* policy : policies()) {
        const std::string_view title = lang == Lang::zh ? policy->title_zh : policy->title;
        std::printf("%-8.*s %.*s\n", static_cast<int>(policy->name.size()), policy->name.data(),
                    static_cast<int>(title.size()), title.data());
        for (const PolicyOption& option : policy->options) {
            const std::string_view help = lang == Lang::zh ? option.help_zh : option.help;
            std::printf("    %-32.*s %.*s\n", static_cast<int>(option.usage.size()),
                        option.usage.data(), static_cast<int>(help.size()), help.data());
        }
        std::printf("    (%.*s)\n", static_cast<int>(policy->source.size()), policy->source.data());
    }
    std::printf("%s\n", lang == Lang::zh ? "它们之外的调度类（stop、deadline、rt、idle），所有调度器都接受这些设置："
                                         : "the classes around them (stop, deadline, rt, idle); every scheduler takes these:");
    for (const PolicyOption& option : class_options()) {
        const std::string_view help = lang == Lang::zh ? option.help_zh : option.help;
        std::printf("    %-32.*s %.*s\n", static_cast<int>(option.usage.size()), option.usage.data(),
                    static_cast<int>(help.size()), help.data());
    }
    return kFine;
}

}  // namespace sy::cli
