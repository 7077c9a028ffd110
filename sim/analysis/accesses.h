// Which words of memory the next operation of a program will touch, worked out before it happens: from the instruction
// and the registers, without touching the machine. The race detector and the explorer both live on this.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/kernel/kernel.h"

namespace sy {

// A word of user memory in the whole machine: the address space (or the shared file) and the word. Private memory of two
// processes never has the same key, shared mappings of one file do.
using WordKey = std::uint64_t;
WordKey word_key(const Kernel& k, MmId mm, std::uint64_t address);
// Address of the word as its process writes it.
std::uint64_t address_of_key(WordKey key);

struct WordAccess {
    std::uint64_t address = 0;   // of the word, a multiple of 8
    std::uint8_t bytes = 0xff;   // a bit for each byte of it
    bool read = false, write = false;
};

// What a verb does to a synchronisation object, if it goes through.
enum class SyncStep : std::uint8_t { none, take, give, take_shared, give_any, meet, pass, look };

struct PendingOp {
    const Insn* insn = nullptr;  // of an asm block…
    const UserOp* op = nullptr;  // …or an operation that a verb was compiled to
    const Program* program = nullptr;
    MmId mm = kNoMm;
    std::uint64_t rip = 0;
    std::array<WordAccess, 4> access;
    std::size_t accesses = 0;
    bool locked = false;         // lock prefix, xchg with memory: indivisible and ordered
    bool drains = false;         // it empties its CPU's store buffer first
    bool syscall = false;        // the SYSCALL instruction
    bool burst = false;          // it only lets time pass
    SyncStep sync = SyncStep::none;
    std::uint64_t object = 0;    // sync: address of the object's first word

    bool exists() const { return insn != nullptr || op != nullptr; }
    SourcePos pos() const { return insn != nullptr ? insn->pos : op != nullptr ? op->pos : SourcePos{}; }
};

// The operation that the program in user mode on this CPU executes next; none: it is in the kernel.
PendingOp pending_on(const Kernel& k, const Cpu& cpu);
// The same of a task that is in user mode or was interrupted there (its registers lie in its pt_regs).
PendingOp pending_of(const Kernel& k, TaskId task);

// A place in a program, in words.
struct CodePlace {
    SourcePos pos;
    std::string text;            // `mov [counter], rax`, `store buffer`
    std::string symbol;          // `teller/again+0x7`
};
CodePlace describe_place(const Program& p, std::uint64_t rip);
// `counter`, `flag/1`, `buf (page 2)`, `stack of a thread`: the variable or area a word belongs to.
std::string name_of_word(const Kernel& k, const Program& p, MmId mm, std::uint64_t address);

// A task's path as a scenario would write it: `bank/teller/1`; a pid where no path names it alone.
std::string path_of_task(const Kernel& k, TaskId task);

// Instructions of a program that read a word again and again until somebody else changes it: the only thing that their
// loop waits for, and nothing in the loop writes it. By index in Program::code.
std::vector<bool> spin_reads(const Program& p);

}  // namespace sy
