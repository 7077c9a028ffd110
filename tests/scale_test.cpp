// Many tasks: what each costs in the kernel's value, and that what is written about them grows as they do, not as their
// square. The full size (a million threads) is in the benchmark (tests/bench).
#include <doctest/doctest.h>

#include "sim/report/objects.h"
#include "sim/report/proc.h"
#include "sim/report/ps.h"
#include "tests/machine.h"

using namespace sy;

namespace {

Kernel crowd(int threads) {
    Kernel k = test::boot(test::scenario("machine { cpus 4 until 50s } process crowd { thread sleeper x" + std::to_string(threads) +
                                         " { sleep 1000s } sleep 1000s }"));
    k.run({}, nullptr);
    return k;
}
std::size_t exported(const Kernel& k) {
    std::size_t bytes = 0;
    walk_proc(k, [&](const ProcEntry& e) {
        bytes += e.content.size();
        return true;
    });
    return bytes;
}

}  // namespace

TEST_CASE("scale: a sleeping thread and a sleeping process take less than 2 KiB each") {
    const Kernel none = crowd(1);
    const Kernel k = crowd(3'001);
    CHECK((k.bytes() - none.bytes()) / 3'000 < 2'048);
    Kernel p = test::boot(test::scenario("machine { cpus 4 until 50s } process sleeper x3001 { sleep 1000s }"));
    p.run({}, nullptr);
    CHECK((p.bytes() - none.bytes()) / 3'000 < 2'048);
    CHECK(ps_rows(p).size() > 3'000);
    CHECK(k.check_invariants().empty());
}

TEST_CASE("scale: ps, the exported /proc and the objects of a crowd grow in proportion") {
    const Kernel one = crowd(500), two = crowd(1'000);
    CHECK(exported(two) < exported(one) * 22 / 10);
    CHECK(ps_table(two).size() < ps_table(one).size() * 22 / 10);
    CHECK(objects_json(two).size() < objects_json(one).size() * 22 / 10);
    CHECK(objects_text(two, true, Lang::en).size() < objects_text(one, true, Lang::en).size() + 200);
    for (const PsRow& r : ps_rows(two))
        if (r.comm == "crowd") CHECK(r.threads == 1'001);
}
