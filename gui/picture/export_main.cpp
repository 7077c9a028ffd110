// Opens the scenario, goes to the cursor, and writes the picture or the page.
#include "gui/picture/export_main.h"

#include <memory>
#include <utility>

#include "gui/picture/html_report.h"
#include "gui/picture/svg_stage.h"
#include "gui/picture/svg_timeline.h"
#include "gui/strings/strings.h"
#include "sim/base/limits.h"
#include "sim/cli/files.h"
#include "sim/session/batch.h"
#include "sim/session/expectations.h"

namespace sy::gui {
namespace {

void go_to_cursor(const ExportRequest& r, Session& s) {
    if (r.at) s.seek_time(*r.at);
    if (r.switch_number) s.seek_switch(static_cast<std::uint64_t>(*r.switch_number));
    if (r.step) s.seek_step(static_cast<std::uint64_t>(*r.step));
}

bool has_cursor(const ExportRequest& r) { return r.at || r.switch_number || r.step; }

std::string timeline(const ExportRequest& r, Session& session, ThemeId theme, std::size_t present) {
    session.run_to_end();
    const auto index = index_of(session, present);
    TimelineSvgOptions o{.theme = theme, .width = static_cast<float>(r.width), .from = r.from, .until = r.until};
    if (has_cursor(r)) o.cursor = session.time();
    return svg_timeline({session.frontier(), *index, session.scenario(), session.frontier().now()}, o);
}

std::string stage(const ExportRequest& r, Session& session, ThemeId theme) {
    return svg_stage(stage_at_cursor(session), session.scenario(),
                     {.theme = theme, .width = static_cast<float>(r.width), .height = static_cast<float>(r.height)});
}

std::string html(const ExportRequest& r, Session& session, std::size_t present, int& status) {
    session.run_to_end();
    const auto index = index_of(session, present);
    const End end = session.end();
    const RunResult result{session.frontier(), session.log(), end, judge(session.scenario(), session.frontier(), session.log())};
    for (const Verdict& v : result.verdicts)
        if (!v.is_met) status = cli::kWrongInput;
    if (is_limit(end)) {
        cli::complain(end_text(session.frontier(), end), r.common.language());
        status = cli::kWrongInput;
    }
    std::string source;
    Text why;
    if (!r.common.file.empty() && r.common.file != "-") read_scenario_file(r.common.file, source, why);
    return html_report({session, *index, result, source});
}

}  // namespace

int export_main(const ExportRequest& r) {
    set_language(r.common.language());
    ThemeId theme = ThemeId::light;
    parse_theme(r.theme, theme);
    int status = cli::kFine;
    auto scenario = cli::open_scenario(r.common, status);
    if (!scenario) return status;
    if (!cli::boot(r.common, *scenario, status)) return status;   // says what is wrong, if anything is
    BootError error;
    const std::unique_ptr<Session> session = Session::open(std::move(*scenario), error);
    if (!session) return cli::kWrongInput;
    const std::size_t present = session->now().tasks.size();
    go_to_cursor(r, *session);
    std::string text;
    if (r.kind == ExportRequest::Kind::svg_timeline) text = timeline(r, *session, theme, present);
    if (r.kind == ExportRequest::Kind::svg_stage) text = stage(r, *session, theme);
    if (r.kind == ExportRequest::Kind::html) text = html(r, *session, present, status);
    return cli::finish(r.common, text, status);
}

}  // namespace sy::gui
