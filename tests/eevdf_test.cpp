// EEVDF: run orders worked out from the kernel's rules (linux.md 6.5.8), what must hold between any
// two picks, and the workloads that were measured on a real 6.18 kernel, with the tolerances stated
// there.
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>

#include "machine.h"
#include "measured.h"

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

using test::mean;
using test::measure;
using test::Measure;
using test::measured;

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
    near(m["hogA"].share, 50, 0.5);
    near(m["hogA"].median(), 4.00, 0.05);
    near(m["hogA"].invol + m["hogB"].invol, 250, 10);
}

TEST_CASE("as measured: w02, nice 0 and 5") {
    auto m = measure(measured("w02"));
    near(m["n0"].share, 75.38, 0.5);
    near(m["n5"].median(), 4.00, 0.05);
    near(m["n0"].median(), 12.00, 0.15);
    near(m["n0"].invol + m["n5"].invol, 125, 10);
}

TEST_CASE("as measured: w03, four nice values") {
    auto m = measure(measured("w03"));
    near(m["nm5"].share, 68.00, 0.5);
    near(m["n0"].share, 22.33, 0.5);
    near(m["n5"].share, 7.27, 0.5);
    near(m["n10"].share, 2.40, 0.5);
    near(m["n0"].median(), 4.00, 0.05);
    near(m["nm5"].invol + m["n0"].invol + m["n5"].invol + m["n10"].invol, 159, 8);
}

TEST_CASE("as measured: w04e, a hog and an interactive task") {
    auto m = measure(measured("w04e"));
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
    const double seconds = static_cast<double>(r.k.now()) / 1e9;
    const double all =
        (m["ping"].vol + m["ping"].invol + m["pong"].vol + m["pong"].invol) * seconds;
    near(all / 5000, 2.00, 0.01);
    near(100 * (m["ping"].invol + m["pong"].invol) * seconds / all, 44, 10);
}

TEST_CASE("as measured: w15b, a task that yields beside a hog") {
    auto m = measure(measured("w15b"));
    near(m["yielder"].share, 7.0, 0.8);
    near(m["hog"].invol, 251, 12);
}
