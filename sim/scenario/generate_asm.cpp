#include "sim/scenario/generate_asm.h"

#include <algorithm>
#include <string>
#include <vector>

namespace sy::scn {
namespace {

using Kind = Stmt::Kind;

class InstructionWriter {
  public:
    InstructionWriter(Scenario& out, std::uint64_t seed) : out_(out), dice_(seed * 17 + 3) {}

    void write() {
        if (!dice_.one_in(2)) return;
        if (dice_.one_in(2)) out_.machine.tso = true;
        if (out_.machine.tso && dice_.one_in(2)) out_.machine.store_drain = Dist{.kind = Dist::Kind::uniform, .a = 0, .b = dice_.between(1, 400)};
        ProcessDecl process;
        process.name = "code";
        process.body.push_back(variable(Kind::shared, "counter", 1));
        process.body.push_back(variable(Kind::shared, "table", 4));
        const int threads = dice_.between(1, 2);
        for (int i = 1; i <= threads; ++i) {
            ThreadDecl thread;
            thread.name = "t" + std::to_string(i);
            thread.body.push_back(variable(Kind::local, "rounds", 1));
            thread.body.back().count = dice_.between(1, 6);
            thread.body.push_back(variable(Kind::local, "room", 2));
            thread.body.push_back(block());
            process.threads.push_back(std::move(thread));
        }
        if (dice_.one_in(2)) process.body.push_back(block_without_locals());
        out_.processes.push_back(std::move(process));
        if (dice_.one_in(2)) hand();
        if (dice_.one_in(3)) breakpoint();
    }

  private:
    Stmt variable(Kind kind, std::string name, std::uint64_t words) {
        Stmt s;
        s.kind = kind;
        s.name = std::move(name);
        s.cpus = words;
        s.count = dice_.between(0, 3);
        return s;
    }
    std::string reg() {
        static const std::vector<std::string> kRegs = {"rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11"};
        return dice_.pick(kRegs);
    }
    std::string small(const std::vector<std::string>& from) { return dice_.pick(from); }
    std::string word() {
        static const std::vector<std::string> kWords = {"[counter]", "[table]", "[table+8]", "[table+24]"};
        return dice_.pick(kWords);
    }
    std::string number() { return std::to_string(dice_.between(-100, 1'000'000)); }

    void operation(std::vector<std::string>& to) {
        static const std::vector<std::string> two = {"add", "sub", "and", "or", "xor", "cmp", "test", "mov", "adc", "sbb", "imul"};
        static const std::vector<std::string> one = {"inc", "dec", "neg", "not"};
        static const std::vector<std::string> shifts = {"shl", "shr", "sar", "rol", "ror"};
        static const std::vector<std::string> narrow = {"mov eax, ecx", "mov al, 7", "movzx edx, al", "cdqe", "cqo", "setz cl", "cmovnz rax, rdx", "nop", "pause", "mfence", "stc"};
        switch (dice_.below(12)) {
            case 0:
            case 1: {
                const std::string op = small(two), a = reg();
                to.push_back(op + " " + a + ", " + (dice_.one_in(2) ? reg() : op == "imul" ? reg() : number()));
                return;
            }
            case 2: to.push_back("mov " + reg() + ", " + word()); return;
            case 3: to.push_back("mov " + word() + ", " + reg()); return;
            case 4: to.push_back(small(one) + " " + reg()); return;
            case 5: to.push_back(small(shifts) + " " + reg() + ", " + std::to_string(dice_.between(0, 70))); return;
            case 6: to.push_back("lock xadd " + word() + ", " + reg()); return;
            case 7: to.push_back("lock cmpxchg " + word() + ", " + reg()); return;
            case 8: to.push_back("xchg " + reg() + ", " + word()); return;
            case 9: {
                const std::string a = reg();
                to.push_back("push " + a);
                to.push_back("pop " + reg());
                return;
            }
            case 10: to.push_back("lock inc " + word()); return;
            default: to.push_back(small(narrow)); return;
        }
    }
    // What ends the process, or is refused.
    void mistake(std::vector<std::string>& to) {
        static const std::vector<std::string> kMistakes = {"cli", "hlt", "int3", "ud2"};
        switch (dice_.below(3)) {
            case 0:
                to.push_back("xor esi, esi");
                to.push_back("mov rax, [rsi+16]");
                return;
            case 1:
                to.push_back("xor ecx, ecx");
                to.push_back("div rcx");
                return;
            default: to.push_back(small(kMistakes)); return;
        }
    }
    Stmt finished(const std::vector<std::string>& lines) {
        Stmt s;
        s.kind = Kind::asm_block;
        for (const std::string& line : lines) s.code.push_back({{}, line});
        return s;
    }
    Stmt block() {
        std::vector<std::string> lines;
        if (dice_.one_in(2)) lines.push_back("lea r8, [room]");
        lines.push_back("again:");
        for (int i = dice_.between(1, 6); i > 0; --i) operation(lines);
        const bool calls = dice_.one_in(2);
        if (calls) lines.push_back("call helper");
        if (dice_.one_in(3)) {
            lines.push_back("cmp " + reg() + ", " + number());
            lines.push_back("jl over");
            operation(lines);
            lines.push_back("over:");
        }
        if (dice_.one_in(8)) mistake(lines);
        lines.push_back("dec [rounds]");
        lines.push_back("jnz again");
        if (calls) {
            lines.push_back("jmp out");
            lines.push_back("helper:");
            for (int i = dice_.between(1, 3); i > 0; --i) operation(lines);
            lines.push_back("ret");
            lines.push_back("out:");
            lines.push_back("nop");
        }
        return finished(lines);
    }
    Stmt block_without_locals() {
        std::vector<std::string> lines;
        for (int i = dice_.between(1, 8); i > 0; --i) operation(lines);
        return finished(lines);
    }
    void hand() {
        static const std::vector<std::string> kNames = {"rax", "rcx", "rflags", "counter", "table+8", "rounds"};
        TimedAction action;
        action.kind = TimedAction::Kind::set;
        action.at = dice_.between(0, 40) * 1'000;
        action.target = "code/t1";
        action.name = small(kNames);
        action.number = action.name == "rounds" ? 2 : dice_.below(1'000);
        out_.timeline.push_back(action);
        std::stable_sort(out_.timeline.begin(), out_.timeline.end(), [](const TimedAction& a, const TimedAction& b) { return a.at < b.at; });
    }
    void breakpoint() {
        BreakpointDecl stop;
        if (dice_.one_in(2)) {
            stop.place = "again";
        } else {
            stop.kind = BreakpointDecl::Kind::write;
            stop.place = "counter";
        }
        if (dice_.one_in(2)) stop.task = "code/t1";
        if (dice_.one_in(2)) {
            stop.left = dice_.one_in(2) ? "rax" : "counter";
            stop.op = dice_.one_in(2) ? "==" : ">=";
            stop.right = dice_.between(-3, 9);
        }
        out_.breakpoints.push_back(std::move(stop));
    }

    Scenario& out_;
    Dice dice_;
};

}  // namespace

void add_random_instructions(Scenario& scenario, std::uint64_t seed) { InstructionWriter(scenario, seed).write(); }

}  // namespace sy::scn
