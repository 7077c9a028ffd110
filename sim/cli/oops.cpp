// `oops`: runs a broken kernel to its end, shows what it says, and looks for the moment of the crime.
#include "sim/report/oops.h"

#include "sim/base/limits.h"
#include "sim/cli/commands.h"
#include "sim/session/batch.h"
#include "sim/session/crime.h"

namespace sy::cli {

int oops(const Common& common) {
    int status = kFine;
    const auto scenario = open_scenario(common, status);
    if (!scenario) return status;
    if (scenario->breaks.empty()) {
        complain(text("this kernel is not broken; say how: --break \"forget callee-saved rbx\", or a line `break …` in the file",
                      "这个内核没有弄坏；请说明方式：--break \"forget callee-saved rbx\"，或在文件里写一行 `break …`"),
                 common.language());
        return kWrongInput;
    }
    auto kernel = boot(common, *scenario, status);
    if (!kernel) return status;
    Log log;
    const End end = run_batch(*kernel, log, {}, {});
    const auto crime = find_crime(*scenario, kernel->steps() + 1, {});
    const OopsReport report{*kernel, end, crime ? &*crime : nullptr};
    return finish(common, common.format == "json" ? oops_as_json(report, common.language()) : oops_as_text(report, common.language()),
                  kFine);
}

}  // namespace sy::cli
