// EEVDF: run orders worked out from the kernel's rules (linux.md 6.5.8), what must hold between any
// two picks, and the workloads that were measured on a real 6.18 kernel, with the tolerances stated
// there.
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>

#include "machine.h"

using namespace sy;

namespace {

constexpr Nanos ms = kMilli;

std::string eevdf_picture(const std::string& settings, const std::string& hz,
                          const std::string& jobs, Nanos period, std::size_t letters) {
    return test::picture(test::run("machine { hz " + hz + " scheduler eevdf " + settings +
                                   " costs ideal until 1s }\n" + jobs),
                         period, letters);
}
std::string hog(const std::string& name, int nice) {
    return "process " + name + " nice " + std::to_string(nice) + " { forever { run 10s } }\n";
}

test::Run measured(const std::string& name) {
    std::ifstream file(std::string(SWITCHYARD_SOURCE_DIR) + "/tests/real_kernel/" + name + ".scn");
    REQUIRE(file.good());
    return test::run(std::string{std::istreambuf_iterator<char>(file), {}});
}

// What the measurements count, of one task.
struct Measure {
    double cpu = 0, share = 0;             // ms; % of the workload's tasks
    double vol = 0, invol = 0;             // switch-outs a second
    std::vector<double> turns, latencies;  // ms, us
    double median() const {
        auto t = turns;
        std::sort(t.begin(), t.end());
        return t.empty() ? 0 : t[t.size() / 2];
    }
};
double mean(const std::vector<double>& v) {
    double sum = 0;
    for (double x : v) sum += x;
    return v.empty() ? 0 : sum / static_cast<double>(v.size());
}
std::map<std::string, Measure> measure(const test::Run& r) {
    std::map<std::string, Measure> out;
    std::map<TaskId, Nanos> waking, began;
    const auto mine = [&](TaskId t) {
        return r.k.tasks[t].counts_as_living ||
               (!r.k.tasks[t].is_kthread() && r.k.tasks[t].pid > 1);
    };
    for (const Record& rec : r.log) {
        if (rec.kind == RecordKind::sched_waking) waking[rec.a] = rec.at;
        if (rec.kind != RecordKind::sched_switch) continue;
        if (rec.task != rec.a && rec.task >= r.k.cpus.size() && mine(rec.task)) {
            Measure& m = out[std::string(r.k.tasks[rec.task].name())];
            ((rec.b & 0xff) == 'R' ? m.invol : m.vol) += 1;
            m.turns.push_back(static_cast<double>(rec.at - began[rec.task]) / 1e6);
        }
        began[rec.a] = rec.at;
        if (waking.count(rec.a) != 0 && rec.a >= r.k.cpus.size() && mine(rec.a)) {
            out[std::string(r.k.tasks[rec.a].name())].latencies.push_back(
                static_cast<double>(rec.at - waking[rec.a]) / 1e3);
            waking.erase(rec.a);
        }
    }
    double all = 0;
    for (TaskId t = 0; t < r.k.tasks.size(); ++t)
        if (mine(t) && t >= r.k.cpus.size()) all += static_cast<double>(r.k.cpu_time(t)) / 1e6;
    const double seconds = static_cast<double>(r.k.now()) / 1e9;
    for (TaskId t = 0; t < r.k.tasks.size(); ++t) {
        if (!mine(t) || t < r.k.cpus.size()) continue;
        Measure& m = out[std::string(r.k.tasks[t].name())];
        m.cpu = static_cast<double>(r.k.cpu_time(t)) / 1e6;
        m.share = 100 * m.cpu / all;
        m.vol /= seconds;
        m.invol /= seconds;
    }
    return out;
}
// The table for people: SWITCHYARD_SHOW_MEASURED=1 prints it.
void show(const char* name, const std::map<std::string, Measure>& all) {
    if (std::getenv("SWITCHYARD_SHOW_MEASURED") == nullptr) return;
    for (const auto& [task, m] : all)
        std::printf(
            "%-6s %-8s share %6.2f  vol/s %8.1f  inv/s %8.1f  turn median %.3f mean %.3f ms  "
            "latency mean %.0f us\n",
            name, task.c_str(), m.share, m.vol, m.invol, m.median(), mean(m.turns),
            mean(m.latencies));
}
bool near(double value, double expected, double tolerance) {
    CAPTURE(value);
    CAPTURE(expected);
    CHECK(std::abs(value - expected) <= tolerance);
    return std::abs(value - expected) <= tolerance;
}

}  // namespace

TEST_CASE("run orders of linux.md 6.5.8") {
    CHECK(eevdf_picture("base_slice=700us", "250", hog("A", 0) + hog("B", 0), 4 * ms, 16) ==
          "ABABABABABABABAB");
    CHECK(eevdf_picture("base_slice=700us", "250", hog("A", 0) + hog("B", 5), 4 * ms, 24) ==
          "ABAAABAAABAAABAAABAAABAA");
    CHECK(eevdf_picture("base_slice=2800us", "1000", hog("A", 0) + hog("B", 0) + hog("C", 0), ms,
                        24) == "AABBCCAAABBBCCCAAABBBCCC");
    CHECK(eevdf_picture("base_slice=2800us", "1000", hog("A", 0) + hog("B", 5), ms, 48) ==
          "AABBAAAAABBBAAAAAAAAABBBAAAAAAAAABBBAAAAAAAAABBB");
}

TEST_CASE("the default slice grows with the CPUs") {
    const auto slice = [](int cpus) {
        const Kernel k = test::boot(test::scenario("machine { cpus " + std::to_string(cpus) +
                                                   " scheduler eevdf } process p { run 1ms }"));
        for (const auto& [name, value] : k.sched->numbers(0))
            if (name == "base_slice") return value;
        return std::int64_t{0};
    };
    CHECK(slice(1) == 700'000);
    CHECK(slice(2) == 1'400'000);
    CHECK(slice(4) == 2'100'000);
    CHECK(slice(8) == 2'800'000);
}

TEST_CASE("lags add up to zero, and the CPU is shared within a slice and a tick of the ideal") {
    const auto text = "machine { scheduler eevdf costs ideal until 2s }\n" + hog("A", 0) +
                      hog("B", 3) + hog("C", -3) + "process D { forever { run 700us sleep 3ms } }";
    Kernel k = test::boot(test::scenario(text));
    while (k.step(nullptr, nullptr)) {
        if (k.steps() % 7 == 0) REQUIRE(k.check_invariants() == "");
    }
    // Weights 1024, 526 and 1991: what the hogs got is in this proportion, but for slice and tick.
    const double a = static_cast<double>(k.cpu_time(test::task(k, "A"))) / 1024,
                 b = static_cast<double>(k.cpu_time(test::task(k, "B"))) / 526,
                 c = static_cast<double>(k.cpu_time(test::task(k, "C"))) / 1991;
    const double bound = 2 * 4.7e6 / 526;
    CHECK(std::abs(a - b) < bound);
    CHECK(std::abs(a - c) < bound);
}

TEST_CASE("as measured: w01, two equal hogs") {
    auto m = measure(measured("w01"));
    show("w01", m);
    near(m["hogA"].share, 50, 0.5);
    near(m["hogA"].median(), 4.00, 0.05);
    near(m["hogA"].invol + m["hogB"].invol, 250, 10);
}

TEST_CASE("as measured: w02, nice 0 and 5") {
    auto m = measure(measured("w02"));
    show("w02", m);
    near(m["n0"].share, 75.38, 0.5);
    near(m["n5"].median(), 4.00, 0.05);
    near(m["n0"].median(), 12.00, 0.15);
    near(m["n0"].invol + m["n5"].invol, 125, 10);
}

TEST_CASE("as measured: w03, four nice values") {
    auto m = measure(measured("w03"));
    show("w03", m);
    near(m["nm5"].share, 68.00, 0.5);
    near(m["n0"].share, 22.33, 0.5);
    near(m["n5"].share, 7.27, 0.5);
    near(m["n10"].share, 2.40, 0.5);
    near(m["n0"].median(), 4.00, 0.05);
    near(m["nm5"].invol + m["n0"].invol + m["n5"].invol + m["n10"].invol, 159, 8);
}

TEST_CASE("as measured: w04e, a hog and an interactive task") {
    auto m = measure(measured("w04e"));
    show("w04e", m);
    near(m["inter"].share, 9.02, 0.5);
    std::size_t at_once = 0;
    double longest = 0;
    for (double us : m["inter"].latencies) {
        at_once += us <= 50;
        longest = std::max(longest, us);
    }
    near(100.0 * static_cast<double>(at_once) / static_cast<double>(m["inter"].latencies.size()),
         81, 3);
    near(mean(m["inter"].latencies), 630, 90);
    CHECK(longest <= 4'100);
}

TEST_CASE("as measured: w05, eight equal hogs") {
    auto m = measure(measured("w05"));
    show("w05", m);
    double switches = 0;
    for (int i = 1; i <= 8; ++i) {
        Measure& h = m["h/" + std::to_string(i)];
        near(h.share, 12.5, 0.5);
        near(h.median(), 4.00, 0.05);
        switches += h.invol;
    }
    near(switches, 250, 10);
}

TEST_CASE("as measured: w08a, ping-pong through pipes") {
    auto r = measured("w08a");
    auto m = measure(r);
    show("w08a", m);
    const double seconds = static_cast<double>(r.k.now()) / 1e9;
    const double all =
        (m["ping"].vol + m["ping"].invol + m["pong"].vol + m["pong"].invol) * seconds;
    near(all / 5000, 2.00, 0.01);
    near(100 * (m["ping"].invol + m["pong"].invol) * seconds / all, 44, 10);
}

TEST_CASE("as measured: w15b, a task that yields beside a hog") {
    auto m = measure(measured("w15b"));
    show("w15b", m);
    near(m["yielder"].share, 7.0, 0.8);
    near(m["hog"].invol, 251, 12);
}
