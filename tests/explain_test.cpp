// The storyboard in text and JSON: the three contexts are named, moves carry real values, both
// languages speak.
#include "sim/report/explain.h"

#include <doctest/doctest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "sim/report/places.h"
#include "sim/session/load.h"
#include "sim/session/session.h"

using namespace sy;

namespace {

std::unique_ptr<Session> open(const std::string& source) {
    Scenario scenario;
    Diagnostics diags;
    REQUIRE(load_scenario(source, "test.scn", scenario, diags));
    BootError error;
    auto session = Session::open(std::move(scenario), error);
    REQUIRE(session);
    session->run_to_end();
    return session;
}

constexpr const char* kTwo =
    "machine { scheduler rr quantum=2ms costs ideal }\n"
    "process editor { run 5ms }\nprocess logger { run 3ms }\n";

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("the storyboard of a process switch names all three contexts and the words") {
    const auto session = open(kTwo);
    const Episode& e = session->episode_of_switch(2);
    const std::string text = explain_as_text(e, session->frontier(), Depth::words, Lang::en);
    for (const char* word :
         {"editor", "logger", "RSP", "CR3", "task_struct", "mm_struct", "kernel stack", "pt_regs",
          "user-level context", "register-level context", "system-level context", "__switch_to_asm",
          "push %rbp", "not saved"})
        CHECK_MESSAGE(has(text, word), word);
    const std::string zh = explain_as_text(e, session->frontier(), Depth::words, Lang::zh);
    CHECK(has(zh, "寄存器级上下文"));
    CHECK(has(zh, "内核栈"));
    // Coarser depths say less.
    const std::string phases = explain_as_text(e, session->frontier(), Depth::phases, Lang::en);
    const std::string line = explain_as_text(e, session->frontier(), Depth::line, Lang::en);
    CHECK(phases.size() < text.size());
    CHECK(line.size() < phases.size());
    CHECK(line.find('\n') == line.size() - 1);
}

TEST_CASE("the storyboard as JSON: what leaves one place arrives at another") {
    const auto session = open(kTwo);
    const Episode& e = session->episode_of_switch(2);
    const auto j = nlohmann::json::parse(explain_as_json(e, session->frontier(), Lang::en));
    CHECK(j["switch"] == 2);
    CHECK(j["kind"] == "process_switch");
    CHECK(j["leaves"]["comm"] == "editor");
    CHECK(j["comes"]["comm"] == "logger");
    CHECK(j["pick"]["winner"]["comm"] == "logger");
    std::string stored_sp, loaded_cr3;
    for (const auto& step : j["steps"]) {
        CHECK(step["by"].get<std::string>() != "");
        for (const auto& move : step["moves"]) {
            if (move["to"] == "editor.thread.sp") stored_sp = move["value"];
            if (move["to"] == "CR3") loaded_cr3 = move["value"];
        }
    }
    // Where editor's six registers lie is what the closing table names, 56 bytes below the words of
    // its last call.
    CHECK(stored_sp.size() == 16);
    CHECK(loaded_cr3.size() == 9);
    bool is_told = false;
    for (const auto& row : j["contexts"]) {
        if (row["part"] != "CR3") continue;
        is_told = true;
        CHECK(row["context"] == "register");
        CHECK(row["fate"] == "replaced");
        CHECK(row["after"] == loaded_cr3);
    }
    CHECK(is_told);
}

TEST_CASE("places have the names of the kernel") {
    const auto session = open(kTwo);
    const Kernel& k = session->frontier();
    const PlaceNames names(k);
    const TaskId editor = k.tasks.size() > 0 ? static_cast<TaskId>(k.tasks.size() - 2) : 0;
    REQUIRE(k.tasks[editor].name() == "editor");
    const auto field = [&](TaskField f) {
        return names.place({Place::Kind::task, static_cast<std::uint8_t>(f), editor, 0});
    };
    CHECK(field(TaskField::thread_sp) == "editor.thread.sp");
    CHECK(field(TaskField::cpu) == "editor.cpu");
    CHECK(std::string(per_cpu_field_name(PerCpuField::pipe)) == "pipe");
    CHECK(std::string(per_cpu_field_name(PerCpuField::curr)) == "rq->curr");
    const std::uint64_t top = layout::stack_top(k.tasks[editor].stack);
    CHECK(has(names.place({Place::Kind::word, 0, 0, top - 8}), "editor's pt_regs.ss"));
    CHECK(has(names.place({Place::Kind::word, 0, 0, top - 168}), "editor's pt_regs.r15"));
    CHECK(has(names.place({Place::Kind::word, 0, 0, top - 176}), "editor's kernel stack"));
    CHECK(has(names.value({Place::Kind::reg}, layout::task_address(editor)),
              "task_struct of editor"));
}
