// Litmus tests: the sets of outcomes that x86-TSO allows (Owens, Sarkar, Sewell, "A Better x86 Memory Model: x86-TSO",
// 2009, and Intel SDM vol. 3, 8.2.3) against those that many runs with random delays give. And exceptions of instructions.
#include <doctest/doctest.h>

#include <set>

#include "sim/base/random.h"
#include "sim/report/stores.h"
#include "tests/machine.h"

namespace sy {
namespace {

using Outcome = std::string;

// One thread's instructions, with `~` where a random delay may stand.
std::string thread(std::size_t n, const std::string& body, Random& rng) {
    const std::string cpu = std::to_string(n);
    std::string code = "thread t" + cpu + " cpu " + cpu + " { asm {\nmov rax, [x]\nlock inc [ready]\nwait:\ncmp [ready], THREADS\njne wait\n";
    for (const char c : body) {
        if (c != '~') {
            code += c;
            continue;
        }
        for (std::int64_t i = rng.uniform(0, 1) * rng.uniform(0, 40); i > 0; --i) code += "nop\n";
    }
    // The kernel would empty the buffer: wait until it has drained by itself.
    return code + "\nmov ecx, 200\nrest:\ndec ecx\njnz rest\n} }\n";
}

std::set<Outcome> outcomes(const std::vector<std::string>& threads, int results, bool tso, int runs) {
    std::set<Outcome> seen;
    for (int i = 0; i < runs; ++i) {
        Random rng(static_cast<std::uint64_t>(i) * 7919 + 3);
        std::string text = "machine { cpus " + std::to_string(threads.size()) + " seed " + std::to_string(i + 1) +
                           (tso ? " memory tso drain uniform(1ns, 150ns)" : "") +
                           " }\nprocess p {\nshared ready = 0\nshared x = 0\nshared y = 0\nshared r x4 = 0\n";
        for (std::size_t n = 0; n < threads.size(); ++n) text += thread(n, threads[n], rng);
        text += "}\n";
        for (std::size_t at = text.find("THREADS"); at != std::string::npos; at = text.find("THREADS"))
            text.replace(at, 7, std::to_string(threads.size()));
        const test::Run run = test::run(text);
        REQUIRE(run.k.end() == End::all_exited);
        REQUIRE(run.k.last_words.size() == 1);
        Outcome out;
        for (int r = 0; r < results; ++r) out += std::to_string(run.k.last_words[0].words[3 + static_cast<std::size_t>(r)]);
        seen.insert(out);
    }
    return seen;
}

bool within(const std::set<Outcome>& seen, const std::set<Outcome>& allowed) {
    return std::all_of(seen.begin(), seen.end(), [&](const Outcome& o) { return allowed.count(o) != 0; });
}

const int kRuns = static_cast<int>(test::cases(800));

TEST_CASE("store buffers: SB, both may read the old value under tso and only there") {
    const std::vector<std::string> sb{"~mov [x], 1\n~mov rax, [y]\nmov [r], rax", "~mov [y], 1\n~mov rax, [x]\nmov [r+8], rax"};
    CHECK(outcomes(sb, 2, true, kRuns).count("00") == 1);
    CHECK(within(outcomes(sb, 2, false, kRuns), {"01", "10", "11"}));
    std::vector<std::string> fenced = sb;
    for (std::string& t : fenced) t.insert(t.find("~mov rax"), "mfence\n");
    CHECK(within(outcomes(fenced, 2, true, kRuns), {"01", "10", "11"}));
    std::vector<std::string> locked{"mov ebx, 1\n~xchg [x], rbx\n~mov rax, [y]\nmov [r], rax", "mov ebx, 1\n~xchg [y], rbx\n~mov rax, [x]\nmov [r+8], rax"};
    CHECK(within(outcomes(locked, 2, true, kRuns), {"01", "10", "11"}));
}

TEST_CASE("store buffers: MP, stores are seen in their order") {
    const std::vector<std::string> mp{"~mov [x], 1\n~mov [y], 1", "~mov rax, [y]\n~mov rbx, [x]\nmov [r], rax\nmov [r+8], rbx"};
    CHECK(within(outcomes(mp, 2, true, kRuns), {"00", "01", "11"}));
    CHECK(within(outcomes(mp, 2, false, kRuns), {"00", "01", "11"}));
}

TEST_CASE("store buffers: LB, no load sees a store that comes after it") {
    const std::vector<std::string> lb{"~mov rax, [x]\n~mov [y], 1\nmov [r], rax", "~mov rax, [y]\n~mov [x], 1\nmov [r+8], rax"};
    CHECK(within(outcomes(lb, 2, true, kRuns), {"00", "01", "10"}));
}

TEST_CASE("store buffers: IRIW, two readers agree on the order of two writers") {
    const std::vector<std::string> iriw{"~mov [x], 1", "~mov [y], 1", "~mov rax, [x]\n~mov rbx, [y]\nmov [r], rax\nmov [r+8], rbx",
                                        "~mov rax, [y]\n~mov rbx, [x]\nmov [r+16], rax\nmov [r+24], rbx"};
    CHECK(outcomes(iriw, 4, true, kRuns / 2).count("1010") == 0);
}

TEST_CASE("store buffers: its own CPU sees a store at once (forwarding)") {
    const std::vector<std::string> own{"mov [x], 7\nmov rax, [x]\nmov byte ptr [x+1], 1\nmov rbx, [x]\nmov [r], rax\nmov [r+8], rbx"};
    CHECK(outcomes(own, 2, true, 3) == std::set<Outcome>{"7263"});   // 7, then 0x107
}

int signal_of(std::string_view code) {
    const test::Run r = test::run("process p { asm { " + std::string(code) + " } }\n");
    for (TaskId id = 0; id < r.k.tasks.size(); ++id)
        if (r.k.tasks[id].comm_view() == "p") return r.k.tasks[id].exit_code & 0x7f;
    return -1;
}

TEST_CASE("instructions: exceptions become the signals of Linux") {
    CHECK(signal_of("nop") == 0);
    CHECK(signal_of("xor ecx, ecx; div rcx") == 8);
    CHECK(signal_of("mov rax, 0x8000000000000000; cqo; mov rcx, -1; idiv rcx") == 8);
    CHECK(signal_of("int3") == 5);
    CHECK(signal_of("ud2") == 4);
    CHECK(signal_of("cli") == 11);
    CHECK(signal_of("sti") == 11);
    CHECK(signal_of("hlt") == 11);
    CHECK(signal_of("xor eax, eax; mov rbx, [rax]") == 11);
    CHECK(signal_of("mov qword ptr [0x401000], 1") == 11);   // its own text
    CHECK(signal_of("mov rax, 0x8000000000000000; mov rbx, [rax]") == 11);
    CHECK(signal_of("mov rax, -8; mov rbx, [rax]") == 11);   // the kernel's half
    CHECK(signal_of("mov eax, 0x404000; jmp rax") == 11);    // data is not executable
    CHECK(signal_of("mov eax, 0x12345678; jmp rax") == 11);
    CHECK(signal_of("xor esp, esp; push rax") == 11);
}

TEST_CASE("instructions: a jump into the middle of one is no instruction") {
    const test::Run r = test::run("process p { asm {\ncall here\nhere: pop rax\nadd rax, 8\njmp rax\nmov rbx, 0x1122334455667788\n} }\n");
    CHECK((r.k.tasks[test::task(r.k, "p")].exit_code & 0x7f) == 4);
}

TEST_CASE("instructions: system calls made by hand, with any arguments, leave the kernel in order") {
    Random rng(5);
    const int runs = static_cast<int>(test::cases(1'200));
    for (int i = 0; i < runs; ++i) {
        std::string code;
        for (int n = 0; n < 6; ++n) {
            constexpr const char* kArgs[] = {"rdi", "rsi", "rdx", "r10", "r8", "r9"};
            for (const char* reg : kArgs) {
                const std::int64_t v = rng.uniform(0, 3) == 0 ? static_cast<std::int64_t>(rng.next()) : rng.uniform(0, 3) != 0 ? rng.uniform(-2, 9) : 0x404040;
                code += "mov " + std::string(reg) + ", " + std::to_string(v) + "\n";
            }
            constexpr int kCalls[] = {0, 1, 3, 7, 9, 10, 11, 12, 13, 14, 15, 16, 24, 39, 56, 57, 58, 61, 62, 74, 95, 105, 109, 112, 130,
                                      141, 144, 157, 202, 203, 219, 230, 232, 233, 234, 247, 288, 314, 435, 999};
            code += "mov eax, " + std::to_string(kCalls[rng.uniform(0, static_cast<std::int64_t>(std::size(kCalls)) - 1)]) + "\nsyscall\n";
        }
        CAPTURE(code);
        Kernel k = test::boot(test::scenario("machine { cpus 2 until 5ms memory 64MiB }\npipe q\ndevice d irq 5 every 1ms\nprocess p { shared v x8 thread t { run 1ms } read d asm {\n" + code + "} }\nprocess o { run 2ms }\n"));
        k.run({.steps = 60'000}, nullptr);
        const std::string wrong = k.check_invariants();
        CHECK(wrong == "");
    }
}


TEST_CASE("store buffers as they are shown: oldest first, bytes within a word, who reads what") {
    // A byte at 1 and a dword at 4 of `w` on CPU 0, and [v] after them; nothing drains within the first microseconds.
    const Scenario scenario = test::scenario(
        "machine { cpus 2 memory tso drain 1ms }\nprocess p cpu 0 { shared w = 0\nshared v = 7\nasm {\n"
        "mov byte ptr [w+1], 255\nmov dword ptr [w+4], 2\nmov [v], 9\nmov ecx, 100\nrest:\ndec ecx\njnz rest\n} }\n");
    Kernel k = test::boot(scenario);
    while (k.cpus[0].stores.size() < 3) REQUIRE(k.step(nullptr, nullptr));
    const std::vector<WaitingStore> stores = waiting_stores(k, 0);
    REQUIRE(stores.size() == 3);
    CHECK(stores[0].word == "w+1");
    CHECK(stores[0].bytes == 1);
    CHECK(stores[0].value == 255);
    CHECK(stores[1].word == "w+4");
    CHECK(stores[1].bytes == 4);
    CHECK(stores[1].value == 2);
    CHECK(stores[2].word == "v");
    CHECK(stores[2].value == 9);
    CHECK(waiting_stores(k, 1).empty());
    const std::vector<SeenWord> words = seen_words(k);
    REQUIRE(words.size() == 2);
    CHECK(words[0].memory == 0);
    CHECK(words[0].seen == std::vector<std::uint64_t>{0x2'0000'ff00, 0});
    CHECK(words[1].memory == 7);
    CHECK(words[1].seen == std::vector<std::uint64_t>{9, 7});
    CHECK(stores_text(k, Lang::en).find("[v] in memory 7; CPU 0 sees 9, CPU 1 sees 7") != std::string::npos);
}

}  // namespace
}  // namespace sy
