// `explain`: the storyboard of a switch, of all switches, or of whatever happens at a moment.
#include "sim/report/explain.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "sim/cli/commands.h"
#include "sim/report/interrupts.h"
#include "sim/report/objects.h"
#include "sim/report/stores.h"
#include "sim/report/query.h"
#include "sim/session/load.h"
#include "sim/session/session.h"
#include "sim/session/storyteller.h"

namespace sy::cli {
namespace {

Depth depth_of(const std::string& word) {
    if (word == "line") return Depth::line;
    return word == "phases" ? Depth::phases : Depth::words;
}

class Explainer {
  public:
    Explainer(const ExplainOptions& options, Session& session) : o_(options), session_(session) {}

    int run() {
        if (o_.all) return all();
        if (!o_.filter.empty()) return at_match();
        if (!o_.to.empty() || !o_.record.empty()) return at_breakpoint();
        if (o_.at) return at(*o_.at);
        const std::uint64_t wanted = o_.switch_number.value_or(1);
        while (session_.switch_count() < wanted && session_.run_ahead(1u << 18)) {
        }
        if (session_.switch_count() < wanted) {
            complain(text("there is no switch {0}: this run has {1}",
                          "没有第 {0} 次切换：这次运行共有 {1} 次",
                          {grouped(static_cast<std::int64_t>(wanted)),
                           grouped(static_cast<std::int64_t>(session_.switch_count()))}),
                     o_.common.language());
            return kWrongInput;
        }
        return finish(o_.common, one(session_.episode_of_switch(wanted)) + (is_json() ? "\n" : ""),
                      kFine);
    }

  private:
    bool is_json() const { return o_.common.format == "json"; }

    std::string one(const Episode& e) {
        // The frontier may end before the episode does; names need every task of it.
        while (session_.frontier().steps() <= e.last_step && session_.run_ahead(1u << 16)) {
        }
        const Lang lang = o_.common.language();
        if (is_json()) return explain_as_json(e, session_.frontier(), lang);
        return explain_as_text(e, session_.frontier(), depth_of(o_.depth), lang);
    }

    // The JSON of an episode, and what waits in the store buffers at the cursor.
    std::string with_stores(const std::string& json) const {
        using Json = nlohmann::ordered_json;
        Json episode = Json::parse(json);
        if (Json stores = Json::parse(stores_as_json(session_.now())); !stores.is_null()) episode["store_buffers"] = std::move(stores);
        return episode.dump(1);
    }

    int all() {
        session_.run_to_end();
        Output out(o_.common);
        if (is_json()) out.write("[");
        for (std::uint64_t n = 1; n <= session_.switch_count(); ++n) {
            if (is_json()) {
                out.write(n == 1 ? "\n" : ",\n");
            } else if (n > 1 && o_.depth != "line") {
                out.write("\n\n");
            }
            if (!out.write(one(session_.episode_of_switch(n)))) break;
        }
        if (is_json()) out.write("\n]\n");
        return out.finish(kFine);
    }

    // The episode at the cursor, and the CPU's interrupts at that very moment.
    std::string here() {
        const Episode e = session_.episode_at(session_.position());
        const std::string moment = interrupts_text(session_.now(), e.cpu, o_.common.language());
        if (is_json()) return with_stores(one(e)) + "\n";
        const std::string head = text("CPU {0} at this moment", "此刻的 CPU {0}", {std::to_string(e.cpu)})
                                     .in(o_.common.language());
        const TaskId current = session_.now().cpus[e.cpu].current_task;
        const std::string shared = text("  objects of {0}  ", "  {0} 的对象  ", {display_name(session_.now(), current)}).in(o_.common.language()) +
                                   objects_of_task(session_.now(), current) + "\n";
        return one(e) + (o_.depth == "line" ? "" : "\n\n" + head + "\n" + moment + shared +
                                                           stores_text(session_.now(), o_.common.language()));
    }

    int at(Nanos time) {
        session_.seek_time(time);
        return finish(o_.common, here(), kFine);
    }

    int at_match() {
        const std::optional<Query> query = read_filter(o_.filter, o_.common.language());
        if (!query) return kWrongInput;
        QueryRun search(*query, session_.frontier(), session_.log());
        std::vector<std::uint32_t> found;
        const Nanos from = o_.at.value_or(0);
        for (bool goes_on = true; goes_on;) {
            goes_on = session_.run_ahead(1u << 16);
            found.clear();
            search.advance(session_.log().size(), found);
            for (const std::uint32_t i : found)
                if (session_.log()[i].at >= from) {
                    session_.seek_record(i);
                    return finish(o_.common, here(), kFine);
                }
        }
        complain(text("no record matches '{0}'", "没有记录符合“{0}”", {o_.filter}), o_.common.language());
        return kWrongInput;
    }

    int at_breakpoint() {
        if (o_.at) session_.seek_time(*o_.at);
        if (!o_.to.empty())
            session_.breakpoints.push_back({.kind = Breakpoint::Kind::switch_to, .task = o_.to});
        if (!o_.record.empty()) {
            const std::optional<RecordKind> kind = record_kind(o_.record);
            if (!kind) {
                complain(text("there is no record kind '{0}'; known: {1}",
                              "没有“{0}”这种记录；可用：{1}", {o_.record, known_records()}),
                         o_.common.language());
                return kWrongUsage;
            }
            session_.breakpoints.push_back(
                {.kind = Breakpoint::Kind::record, .task = {}, .record = *kind});
        }
        if (session_.run_to_breakpoint())
            return finish(o_.common, here(), kFine);
        complain(text("the run ends before that happens", "运行结束前没有发生"),
                 o_.common.language());
        return kWrongInput;
    }
    static std::optional<RecordKind> record_kind(const std::string& name) {
        for (int i = 0; i < kRecordKinds; ++i)
            if (record_name(static_cast<RecordKind>(i)) == name) return static_cast<RecordKind>(i);
        return std::nullopt;
    }
    static std::string known_records() {
        std::string all;
        for (int i = 0; i < kRecordKinds; ++i)
            all += (i == 0 ? "" : ", ") + std::string(record_name(static_cast<RecordKind>(i)));
        return all;
    }

    const ExplainOptions& o_;
    Session& session_;
};

}  // namespace

int explain(const ExplainOptions& options) {
    int status = kFine;
    auto scenario = open_scenario(options.common, status);
    if (!scenario) return status;
    if (!boot(options.common, *scenario, status))
        return status;  // says what is wrong, if anything is
    BootError error;
    const std::unique_ptr<Session> session = Session::open(std::move(*scenario), error);
    if (!session) return kWrongInput;
    if (options.debugs()) return debug(options, *session);
    return Explainer(options, *session).run();
}

}  // namespace sy::cli
