// Instructions against the truth: their bytes against those that GNU as 2.40 makes of the same lines, what they do against
// the processor that the test runs on (random operands; results, memory and the defined flags are compared).
#include <doctest/doctest.h>

#include <cstdio>
#include <cstring>

#include "sim/base/random.h"
#include "sim/kernel/instructions.h"
#include "sim/machine/alu.h"
#include "tests/machine.h"

#if defined(__x86_64__) && defined(__linux__)
#include <sys/mman.h>
#define SY_HAS_PROCESSOR 1
#endif

namespace sy {
namespace {

Assembled one(std::string_view line) {
    AsmNames names;
    names.list.emplace_back("counter", AsmName{AsmName::Kind::absolute, 0x404048});
    return assemble({{{.line = 1, .column = 1}, std::string(line)}}, names, 0x401000);
}

std::string bytes_of(const Insn& in) {
    std::string out;
    char text[4];
    for (int i = 0; i < in.length; ++i) {
        std::snprintf(text, sizeof text, "%02x", in.code[i]);
        out += (i > 0 ? " " : "") + std::string(text);
    }
    return out;
}

TEST_CASE("instructions: the encoder chooses the bytes of GNU as") {
    constexpr const char* kRows[][2] = {
    {"mov rax, [0x404048]", "48 8b 04 25 48 40 40 00"},
    {"mov rax, 1", "48 c7 c0 01 00 00 00"},
    {"mov eax, 1", "b8 01 00 00 00"},
    {"mov al, 7", "b0 07"},
    {"mov r9, 0x123456789abcdef0", "49 b9 f0 de bc 9a 78 56 34 12"},
    {"mov rax, 0xffffffff", "48 b8 ff ff ff ff 00 00 00 00"},
    {"mov qword ptr [rbx], -1", "48 c7 03 ff ff ff ff"},
    {"mov [rbp-8], r12", "4c 89 65 f8"},
    {"mov r13, [r13]", "4d 8b 6d 00"},
    {"mov rax, [rsp]", "48 8b 04 24"},
    {"mov rax, [rsp+rax*8+0x100]", "48 8b 84 c4 00 01 00 00"},
    {"mov sil, bl", "40 88 de"},
    {"mov ah, cl", "88 cc"},
    {"mov [0x404048+rcx*8], rdx", "48 89 14 cd 48 40 40 00"},
    {"movzx eax, byte ptr [rdi]", "0f b6 07"},
    {"movsx rcx, r8w", "49 0f bf c8"},
    {"movsxd rdx, ecx", "48 63 d1"},
    {"lea rdi, [rax+rbx*4-3]", "48 8d 7c 98 fd"},
    {"add rax, 1", "48 83 c0 01"},
    {"add eax, 1000", "05 e8 03 00 00"},
    {"add rax, 1000", "48 05 e8 03 00 00"},
    {"add al, 3", "04 03"},
    {"add bx, 0x1234", "66 81 c3 34 12"},
    {"sub r10b, 5", "41 80 ea 05"},
    {"xor r8d, r8d", "45 31 c0"},
    {"and qword ptr [rsi], 0x7f", "48 83 26 7f"},
    {"cmp rcx, [rdx]", "48 3b 0a"},
    {"test al, 1", "a8 01"},
    {"test rbx, 256", "48 f7 c3 00 01 00 00"},
    {"inc dword ptr [rax]", "ff 00"},
    {"dec r15", "49 ff cf"},
    {"not rax", "48 f7 d0"},
    {"neg cx", "66 f7 d9"},
    {"mul rbx", "48 f7 e3"},
    {"imul eax", "f7 e8"},
    {"imul rax, rbx", "48 0f af c3"},
    {"imul rax, [rbx], 10", "48 6b 03 0a"},
    {"imul ecx, ecx, 1000", "69 c9 e8 03 00 00"},
    {"div rcx", "48 f7 f1"},
    {"idiv byte ptr [rax]", "f6 38"},
    {"shl rax, 1", "48 d1 e0"},
    {"sar edx, 31", "c1 fa 1f"},
    {"ror r9, cl", "49 d3 c9"},
    {"cqo", "48 99"},
    {"cdq", "99"},
    {"push rbp", "55"},
    {"push r12", "41 54"},
    {"push 5", "6a 05"},
    {"push 1000", "68 e8 03 00 00"},
    {"pop rbx", "5b"},
    {"pop r13", "41 5d"},
    {"xchg rax, rbx", "48 93"},
    {"xchg [rdi], rax", "48 87 07"},
    {"xchg ecx, edx", "87 d1"},
    {"lock cmpxchg [rdi], rsi", "f0 48 0f b1 37"},
    {"lock xadd [rdi], eax", "f0 0f c1 07"},
    {"lock inc qword ptr [rdi]", "f0 48 ff 07"},
    {"mfence", "0f ae f0"},
    {"lfence", "0f ae e8"},
    {"sfence", "0f ae f8"},
    {"pause", "f3 90"},
    {"nop", "90"},
    {"syscall", "0f 05"},
    {"int3", "cc"},
    {"hlt", "f4"},
    {"cli", "fa"},
    {"sti", "fb"},
    {"ud2", "0f 0b"},
    {"ret", "c3"},
    {"jmp rax", "ff e0"},
    {"call [rbx]", "ff 13"},
    {"setne al", "0f 95 c0"},
    {"sete byte ptr [rcx]", "0f 94 01"},
    {"cmovg rax, [rbx]", "48 0f 4f 03"},
    {"xchg r8, rax", "49 90"},
    {"adc dl, [r11+r12*2]", "43 12 14 63"},
    };
    for (const auto& row : kRows) {
        INFO(row[0]);
        const Assembled out = one(row[0]);
        REQUIRE(out.errors.empty());
        REQUIRE(out.code.size() == 1);
        CHECK(bytes_of(out.code[0]) == row[1]);
    }
}

TEST_CASE("instructions: a jump is short if its target is within a byte's distance") {
    std::vector<AsmLine> lines{{{}, "top:"}};
    for (int i = 0; i < 126; ++i) lines.push_back({{}, "nop"});
    lines.push_back({{}, "jne top"});
    CHECK(bytes_of(assemble(lines, {}, 0x401000).code.back()) == "75 80");
    lines.insert(lines.begin() + 1, {{}, "nop"});
    CHECK(bytes_of(assemble(lines, {}, 0x401000).code.back()) == "0f 85 7b ff ff ff");
}

TEST_CASE("instructions: mistakes are told with their place and what was meant") {
    constexpr const char* kWrong[] = {"mvo rax, 1", "mov rax", "mov [rax], [rbx]", "inc [rax]", "mov al, 300", "lock mov rax, 1",
                                      "jmp nowhere", "add rax, 0x123456789", "mov rax, [rax+rbx+rcx]", "mov eax, rbx",
                                      "mov ah, sil", "shl rax, rbx", "lea rax, rbx", "5", "mov rax, [", "mov rax, [rsp*2]",
                                      "push eax", "mov rax, counter", "xadd rax, 5", "movzx rax, eax", "mov rax, 1 2"};
    for (const char* line : kWrong) {
        INFO(line);
        const Assembled out = one(line);
        CHECK(out.errors.size() == 1);
        if (out.errors.empty()) continue;
        CHECK(out.errors[0].pos.line == 1);
        CHECK(out.errors[0].pos.column >= 1);
        CHECK(!out.errors[0].message.en.empty());
        CHECK(!out.errors[0].message.zh.empty());
    }
}

TEST_CASE("instructions: the assembler survives anything") {
    Random rng(7);
    const std::vector<std::string> words = mnemonic_names();
    constexpr const char* kPieces[] = {"rax", "[", "]", "+", "*", "8", "-", ",", "counter", "al", "ah", "r15d", "qword", "ptr", ":", "0xffffffffffffffff",
                                       "label", "lock", "99999999999999999999", "\xe4\xb8\xad", "cl", "[rax]", "[counter+rcx*8]", "1", "offset"};
    for (int i = 0; i < 3'000; ++i) {
        std::string line = rng.uniform(0, 3) == 0 ? "" : words[static_cast<std::size_t>(rng.uniform(0, static_cast<std::int64_t>(words.size()) - 1))];
        for (std::int64_t n = rng.uniform(0, 8); n > 0; --n)
            line += std::string(rng.uniform(0, 4) != 0 ? " " : "") + kPieces[rng.uniform(0, static_cast<std::int64_t>(std::size(kPieces)) - 1)];
        const Assembled out = one(line);
        for (const Insn& in : out.code) CHECK((in.length <= 15));
    }
}

#ifdef SY_HAS_PROCESSOR

constexpr std::uint64_t kBuffer = 8;   // words

// One instruction on the real processor: general registers (but RSP), flags and a buffer at the variable's own address.
class Processor {
  public:
    explicit Processor(std::uint64_t data) : data_(data) {
        void* code = mmap(nullptr, 4'096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (code != MAP_FAILED) code_ = static_cast<std::uint8_t*>(code);
        void* page = mmap(reinterpret_cast<void*>(data & ~std::uint64_t{4'095}), 8'192, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        if (page != MAP_FAILED) page_ = page;
        has_data_ = page_ == reinterpret_cast<void*>(data & ~std::uint64_t{4'095});
    }
    ~Processor() {
        if (code_ != nullptr) munmap(code_, 4'096);
        if (page_ != nullptr) munmap(page_, 8'192);
    }
    Processor(const Processor&) = delete;
    Processor& operator=(const Processor&) = delete;
    bool works() const { return code_ != nullptr && has_data_; }

    struct State {
        std::uint64_t g[16];
        std::uint64_t flags;
    };
    std::uint64_t* buffer() { return reinterpret_cast<std::uint64_t*>(data_); }
    void run(const Insn& in, State& s) {
        at_ = 0;
        for (const int r : {3, 5, 12, 13, 14, 15}) push(r);
        push(7);
        raw({0xff, 0xb7});   // push [rdi+128]: the flags
        little(128);
        raw({0x9d});         // popfq
        for (const int r : {0, 1, 2, 3, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 7}) move(r, 7, 8 * r, true);
        for (int i = 0; i < in.length; ++i) raw({in.code[i]});
        push(7);
        raw({0x48, 0x8b, 0x7c, 0x24, 0x08});   // mov rdi, [rsp+8]
        for (const int r : {0, 1, 2, 3, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15}) move(r, 7, 8 * r, false);
        raw({0x58});         // pop rax: RDI
        move(0, 7, 56, false);
        raw({0x9c, 0x58});   // pushfq; pop rax
        move(0, 7, 128, false);
        raw({0x5f});
        for (const int r : {15, 14, 13, 12, 5, 3}) {
            if (r >= 8) raw({0x41});
            raw({static_cast<std::uint8_t>(0x58 + (r & 7))});
        }
        raw({0xc3});
        void (*go)(State*) = nullptr;
        std::memcpy(&go, &code_, sizeof go);
        go(&s);
    }

  private:
    void raw(std::initializer_list<std::uint8_t> bytes) {
        for (const std::uint8_t b : bytes) code_[at_++] = b;
    }
    void little(std::uint32_t v) { raw({static_cast<std::uint8_t>(v), static_cast<std::uint8_t>(v >> 8), static_cast<std::uint8_t>(v >> 16), static_cast<std::uint8_t>(v >> 24)}); }
    void push(int r) {
        if (r >= 8) raw({0x41});
        raw({static_cast<std::uint8_t>(0x50 + (r & 7))});
    }
    void move(int r, int base, int offset, bool load) {
        raw({static_cast<std::uint8_t>(0x48 | (r >= 8 ? 4 : 0)), static_cast<std::uint8_t>(load ? 0x8b : 0x89),
             static_cast<std::uint8_t>(0x80 | (r & 7) << 3 | base)});
        little(static_cast<std::uint32_t>(offset));
    }

    std::uint64_t data_;
    std::uint8_t* code_ = nullptr;
    void* page_ = nullptr;
    bool has_data_ = false;
    std::size_t at_ = 0;
};

// Random lines. RSI holds the buffer's address, RDI a small index: neither is ever a destination.
class Lines {
  public:
    explicit Lines(std::uint64_t seed) : rng_(seed) {}
    std::string next() {
        static const std::vector<std::string> all = mnemonic_names();
        while (true) {
            const std::string m = pick(all);
            const std::string line = operands(m);
            if (line.empty()) continue;
            const Assembled out = assemble({{{}, line}}, names(), 0x401000);
            if (out.errors.empty() && out.code.size() == 1 && !forbidden(out.code[0])) return line;
        }
    }
    static AsmNames names() {
        AsmNames n;
        n.list.emplace_back("buf", AsmName{AsmName::Kind::absolute, 0x404040});
        return n;
    }

  private:
    template <typename T>
    const T& pick(const std::vector<T>& from) { return from[static_cast<std::size_t>(rng_.uniform(0, static_cast<std::int64_t>(from.size()) - 1))]; }
    static bool forbidden(const Insn& in) {
        using M = Mnemonic;
        switch (in.op) {
            case M::push: case M::pop: case M::call: case M::ret: case M::jmp: case M::jcc: case M::syscall: case M::int3:
            case M::hlt: case M::cli: case M::sti: case M::ud2: case M::pause: return true;
            default: break;
        }
        for (const Reg r : {Reg::rsp, Reg::rsi, Reg::rdi})
            if (writes_register(in, r)) return true;
        return false;
    }
    int size() {
        constexpr int kSizes[] = {1, 2, 4, 8};
        return kSizes[rng_.uniform(0, 3)];
    }
    std::string reg(int bytes) {
        static constexpr Reg kRegs[] = {Reg::rax, Reg::rcx, Reg::rdx, Reg::rbx, Reg::rbp, Reg::r8, Reg::r9, Reg::r10, Reg::r11, Reg::r12, Reg::r13, Reg::r14, Reg::r15};
        const Reg r = kRegs[rng_.uniform(0, 12)];
        return register_name(r, bytes, bytes == 1 && r <= Reg::rbx && rng_.uniform(0, 3) == 0);
    }
    std::string memory(int bytes) {
        const char* size = bytes == 1 ? "byte" : bytes == 2 ? "word" : bytes == 4 ? "dword" : "qword";
        const std::string offset = std::to_string(rng_.uniform(0, 31));
        switch (rng_.uniform(0, 3)) {
            case 0: return std::string(size) + " ptr [rsi+" + offset + "]";
            case 1: return std::string(size) + " ptr [rsi+rdi*4+" + offset + "]";
            case 2: return std::string(size) + " ptr [buf+" + offset + "]";
            default: return std::string(size) + " ptr [buf+rdi*2+" + offset + "]";
        }
    }
    std::string number(int bytes) {
        switch (rng_.uniform(0, 3)) {
            case 0: return std::to_string(rng_.uniform(-3, 3));
            case 1: return std::to_string(rng_.uniform(-128, 127));
            default: return std::to_string(bytes == 1 ? rng_.uniform(-128, 127) : bytes == 2 ? rng_.uniform(-32'768, 32'767) : rng_.uniform(INT32_MIN, INT32_MAX));
        }
    }
    std::string rm(int bytes) { return rng_.uniform(0, 2) == 0 ? memory(bytes) : reg(bytes); }
    std::string operands(const std::string& m) {
        const int bytes = size();
        if (m == "lock") {
            constexpr const char* kLockable[] = {"add", "sub", "xadd", "cmpxchg", "inc", "dec", "xor", "neg", "not", "adc"};
            const std::string what = kLockable[rng_.uniform(0, 9)];
            const bool is_one = what == "inc" || what == "dec" || what == "neg" || what == "not";
            return "lock " + what + " " + memory(bytes) + (is_one ? "" : ", " + reg(bytes));
        }
        if (m == "mov" && rng_.uniform(0, 5) == 0) return "mov " + reg(8) + ", " + std::to_string(static_cast<std::int64_t>(rng_.next() >> 1));
        if (m == "lea") return "lea " + reg(bytes) + ", [" + reg(8) + "+" + reg(8) + "*8-77]";
        if (m.rfind("movs", 0) == 0 || m == "movzx") {
            constexpr int kFrom[] = {1, 2, 4};
            return m + " " + reg(bytes) + ", " + rm(kFrom[rng_.uniform(0, 2)]);
        }
        if (m.rfind("cmov", 0) == 0) return m + " " + reg(bytes) + ", " + rm(bytes);
        if (m.rfind("set", 0) == 0) return m + " " + rm(1);
        if (m[0] == 'j') return {};
        switch (rng_.uniform(0, 6)) {
            case 0: return m;
            case 1: return m + " " + rm(bytes);
            case 2: return m + " " + rm(bytes) + ", " + reg(bytes);
            case 3: return m + " " + reg(bytes) + ", " + rm(bytes);
            case 4: return m + " " + rm(bytes) + ", " + number(bytes);
            case 5: return m + " " + rm(bytes) + ", cl";
            default: return m + " " + reg(bytes) + ", " + rm(bytes) + ", " + number(bytes);
        }
    }
    Random rng_;
};

// The flags that the Intel SDM leaves undefined (sim/machine/alu.h says what ours are).
std::uint64_t undefined_flags(const Insn& in, std::uint64_t cl) {
    using M = Mnemonic;
    switch (in.op) {
        case M::and_: case M::or_: case M::xor_: case M::test: return alu::af;
        case M::mul: case M::imul: return alu::sf | alu::zf | alu::af | alu::pf;
        case M::div: case M::idiv: return alu::status;
        case M::rol: case M::ror: case M::shl: case M::shr: case M::sar: {
            const std::uint64_t count = (in.arg[1].is_imm() ? static_cast<std::uint64_t>(in.arg[1].value) : cl) & (in.bytes == 8 ? 63 : 31);
            if (count == 0) return 0;
            std::uint64_t u = in.op == M::rol || in.op == M::ror ? 0 : alu::af;
            if (count != 1) u |= alu::of;
            if (in.op != M::sar && in.op != M::rol && in.op != M::ror && count >= 8u * in.bytes) u |= alu::cf;
            return u;
        }
        default: return 0;
    }
}

std::uint64_t interesting(Random& rng) {
    constexpr std::uint64_t kEdges[] = {0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fff'ffff, 0x8000'0000, 0xffff'ffff,
                                        0x7fff'ffff'ffff'ffff, 0x8000'0000'0000'0000, 0xffff'ffff'ffff'ffff};
    if (rng.uniform(0, 2) == 0) return kEdges[rng.uniform(0, static_cast<std::int64_t>(std::size(kEdges)) - 1)];
    return rng.next() >> rng.uniform(0, 63);
}

TEST_CASE("instructions: the simulated CPU does what this processor does") {
    Processor real(0x404040);
    if (!real.works()) {
        MESSAGE("skipped: no executable page, or the variable's address is taken");
        return;
    }
    Lines lines(2'026);
    Random rng(11);
    const int rounds = static_cast<int>(test::cases(600)), per_block = 150;
    std::size_t compared = 0, faults = 0;
    for (int round = 0; round < rounds; ++round) {
        std::string body;
        for (int i = 0; i < per_block; ++i) body += lines.next() + "\n";
        Kernel k = test::boot(test::scenario("process p {\nshared buf x8\nasm {\nmov qword ptr [buf], 0\n" + body + "}\n}\n"));
        const auto arrived = [&] { return k.cpus[0].regs.user() && !k.program_of(k.tasks[k.cpus[0].current_task]).code.empty(); };
        while (!arrived()) REQUIRE(k.step(nullptr, nullptr));
        const TaskId p = k.cpus[0].current_task;
        const Program& program = k.program_of(k.tasks[p]);
        REQUIRE(program.shared_variable("buf")->address == 0x404040);
        const auto in_user = [&] { return k.cpus[0].current_task == p && k.cpus[0].regs.user(); };
        while (!(in_user() && k.cpus[0].regs.rip == program.code[1].address)) REQUIRE(k.step(nullptr, nullptr));
        for (std::size_t i = 1; i <= per_block; ++i) {
            const Insn& in = program.code[i];
            Regs& r = k.cpus[0].regs;
            Processor::State s{};
            for (int g = 0; g < 16; ++g) s.g[g] = interesting(rng);
            s.g[6] = 0x404040;
            s.g[7] = static_cast<std::uint64_t>(rng.uniform(0, 5));
            s.flags = kFlagFixed | kFlagIf | (rng.next() & alu::status);
            const std::uint64_t rsp = r[Reg::rsp];
            for (int g = 0; g < 16; ++g) r.g[static_cast<std::size_t>(g)] = s.g[g];
            r[Reg::rsp] = rsp;
            r.rflags = s.flags & ~kFlagIf;   // nobody comes in between
            r.rip = in.address;
            for (std::uint64_t w = 0; w < kBuffer; ++w) {
                const std::uint64_t v = interesting(rng);
                real.buffer()[w] = v;
                k.write_user(k.tasks[p].mm, 0x404040 + 8 * w, v);
            }
            const std::uint64_t cl = s.g[1] & 0xff;
            const Kernel before = k;
            // A page of the text that has not been fetched from yet faults first; it is none of the instruction's business.
            k.cpus[0].vector = 0xff;
            k.step(nullptr, nullptr);
            while (!k.cpus[0].regs.user() && k.cpus[0].vector == 0xff) {
                while (!in_user()) REQUIRE(k.step(nullptr, nullptr));
                k.step(nullptr, nullptr);
            }
            INFO("'", in.text, "' ", bytes_of(in));
            if (!k.cpus[0].regs.user()) {   // #DE: the real one would kill this test
                CHECK((in.op == Mnemonic::div || in.op == Mnemonic::idiv));
                k = before;
                ++faults;
                continue;
            }
            real.run(in, s);
            ++compared;
            const Regs& now = k.cpus[0].regs;
            for (int g = 0; g < 16; ++g) {
                INFO(reg_name(static_cast<Reg>(g)));
                if (g != 4) CHECK(now.g[static_cast<std::size_t>(g)] == s.g[g]);
            }
            const std::uint64_t defined = alu::status & ~undefined_flags(in, cl);
            CHECK((now.rflags & defined) == (s.flags & defined));
            for (std::uint64_t w = 0; w < kBuffer; ++w) CHECK(k.read_user(k.tasks[p].mm, 0x404040 + 8 * w) == real.buffer()[w]);
            k.cpus[0].regs[Reg::rsp] = rsp;
        }
    }
    CHECK(compared > static_cast<std::size_t>(rounds * per_block / 2));
    MESSAGE(compared << " instructions compared with this processor, " << faults << " divisions refused");
}

#else
TEST_CASE("instructions: the simulated CPU does what this processor does") { MESSAGE("skipped: this processor is not an x86-64"); }
#endif

}  // namespace
}  // namespace sy
