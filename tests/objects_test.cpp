// The graph of shared objects: counts are those of linux.md 2.1, 3.1 and 3.3, and on every line of every graph the
// references add up.
#include <doctest/doctest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "sim/report/objects.h"
#include "sim/scenario/generate.h"
#include "tests/machine.h"

using namespace sy;

namespace {

const ObjectNode* find(const Kernel& k, const ObjectGraph& g, std::string_view task, SharedKind kind,
                       ObjectEdge::Why why = ObjectEdge::Why::user) {
    for (const ObjectEdge& e : g.edges)
        if (e.why == why && g.objects[e.object].kind == kind)
            for (const TaskId t : g.holders[e.holder].tasks)
                if (k.tasks[t].name() == task) return &g.objects[e.object];
    return nullptr;
}

// Every object's counts are the references on its edges.
void check_sums(const Kernel& k, const ObjectGraph& g) {
    struct Sum {
        std::int64_t users = 0, others = 0, leaving = 0;
    };
    std::map<std::uint32_t, Sum> sums;
    for (const ObjectEdge& e : g.edges) {
        Sum& s = sums[e.object];
        if (e.why == ObjectEdge::Why::user) s.users += e.refs;
        else if (e.why == ObjectEdge::Why::leaving) s.leaving += e.refs;
        else s.others += e.refs;
    }
    for (std::uint32_t i = 0; i < g.objects.size(); ++i) {
        const ObjectNode& o = g.objects[i];
        const Sum& s = sums[i];
        INFO(object_name(o), " at ", k.now());
        if (o.kind != SharedKind::mm) {
            CHECK(o.count == s.users);
            continue;
        }
        CHECK(o.users == s.users + s.leaving + (o.is_init ? 1 : 0));
        CHECK(o.count == s.others + (o.users > 0 ? 1 : 0));
    }
}

}  // namespace

TEST_CASE("objects: threads share all five, a forked child none, kernel threads files and fs with kthreadd") {
    Kernel k = test::boot(test::scenario("machine { cpus 1 until 50ms } process crowd { thread worker x9 { sleep 1s } fork { sleep 1s } sleep 1s }"));
    k.run({.time = 20 * kMilli}, nullptr);
    const ObjectGraph g = object_graph(k);
    for (int i = 0; i < kSharedKinds; ++i) {
        const auto kind = static_cast<SharedKind>(i);
        const ObjectNode* of_leader = find(k, g, "crowd", kind);
        REQUIRE(of_leader != nullptr);
        CHECK(find(k, g, "worker/9", kind) == of_leader);
        CHECK((kind == SharedKind::mm ? of_leader->users : of_leader->count) == 10);   // the leader and nine threads
    }
    std::map<std::string, std::size_t> names;
    for (const ObjectHolder& h : g.holders) names[h.name] = h.tasks.size();
    CHECK(names["worker ×9"] == 9);
    const ObjectNode* kernel_files = find(k, g, "kthreadd", SharedKind::files);
    REQUIRE(kernel_files != nullptr);
    CHECK(find(k, g, "ksoftirqd/0", SharedKind::files) == kernel_files);
    CHECK(find(k, g, "kthreadd", SharedKind::mm) == nullptr);
    // Nobody runs: the idle task has borrowed the mm of whoever ran last.
    CHECK(find(k, g, "swapper/0", SharedKind::mm, ObjectEdge::Why::borrows) != nullptr);
    check_sums(k, g);
    check_sums(k, object_graph(k, kNoTask, false));
}

TEST_CASE("objects: a zombie keeps sighand and signal alone") {
    Kernel k = test::boot(test::scenario("machine { cpus 1 until 1s } process shell { fork child { exit 3 } sleep 500ms }"));
    k.run({.time = 100 * kMilli}, nullptr);
    const ObjectGraph g = object_graph(k);
    CHECK(find(k, g, "child", SharedKind::signal) != nullptr);
    CHECK(find(k, g, "child", SharedKind::sighand) != nullptr);
    for (const SharedKind gone : {SharedKind::mm, SharedKind::files, SharedKind::fs}) CHECK(find(k, g, "child", gone) == nullptr);
    const auto json = nlohmann::json::parse(objects_json(k));
    for (const auto& t : json["tasks"])
        if (t["name"] == "child") CHECK(t["kind"] == "zombie");
}

TEST_CASE("objects: references add up after every step of random machines") {
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
        BootError error;
        auto k = Kernel::boot(random_scenario(seed), error);
        if (!k) continue;
        for (int i = 0; i < 3'000 && k->step(nullptr, nullptr); ++i)
            if (i % 10 == 0) check_sums(*k, object_graph(*k, kNoTask, (i / 10) % 2 == 0));
    }
}

TEST_CASE("objects: a thousand like processes are one row, and the selected one stands alone") {
    Kernel k = test::boot(test::scenario("machine { cpus 1 until 1s } process sleeper x1000 { sleep 5s }"));
    k.run({.time = 900 * kMilli}, nullptr);
    const ObjectGraph g = object_graph(k);
    CHECK(g.holders.size() < 12);
    CHECK(g.objects.size() < 40);
    check_sums(k, g);
    TaskId one = 0;
    while (k.tasks[one].name() != "sleeper/500") ++one;
    bool alone = false;
    for (const ObjectHolder& h : object_graph(k, one).holders) alone |= h.tasks == std::vector{one};
    CHECK(alone);
    // Text and JSON of a folded and an unfolded graph.
    CHECK(objects_text(k, true, Lang::en).size() < 5'000);
    CHECK(nlohmann::json::parse(objects_json(k))["tasks"].size() > 1'000);
}
