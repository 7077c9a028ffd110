// What a debugger shows of one thread: the program's instructions and statements with their lines, addresses and bytes,
// where this thread and the others of its process stand, registers and flags, variables with their addresses and values
// (in memory, and as its own CPU sees them), and the store buffers. The window's Source panel and `explain` show the same.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/base/text.h"
#include "sim/kernel/kernel.h"

namespace sy {

// One instruction, or one statement of verbs.
struct CodeRow {
    std::int32_t line = 0;               // of the scenario's file; 0: made by the compiler
    std::uint64_t address = 0;
    std::string label;                   // that stands before it
    std::string bytes;                   // "48 8b 04 25 10 40 40 00"; empty: a statement
    std::string text;                    // the instruction; empty: a statement, see the file
    std::vector<TaskId> here;            // threads of the process whose RIP lies here
    bool is_current = false;             // the thread looked at is one of them
};

struct WordRow {
    std::string name;                    // counter, table+8
    std::uint64_t address = 0, memory = 0;
    std::uint64_t seen = 0;              // by the CPU of the thread: with the stores in its own buffer
    bool is_local = false;
};

struct SourceView {
    TaskId task = kNoTask;
    CpuId cpu = kNoCpu;                  // on which it is in user mode now; none: its registers lie in pt_regs
    std::uint64_t rip = 0, rflags = 0;
    std::int32_t line = 0;               // of the instruction or statement at RIP
    std::vector<CodeRow> code;           // in the order of addresses
    std::vector<std::pair<std::string, std::uint64_t>> registers;   // RAX … R15, RSP: as the thread has them in user mode
    std::vector<WordRow> words;
};

// Which thread a viewer looks at who chose none: the one in user mode, or the current one, of this CPU.
TaskId source_task(const Kernel& k, CpuId cpu);
SourceView source_view(const Kernel& k, TaskId task);
// CF PF AF ZF SF OF, those that are set; "-" if none is.
std::string condition_flags(std::uint64_t rflags);

// As text: the lines around RIP (`around` before and behind), registers, variables and buffers. `source` is the file's
// text, for the statements; may be empty.
std::string source_text(const Kernel& k, TaskId task, std::string_view source, Lang lang, int around = 6);
// The same facts as JSON objects (docs/json.md).
std::string source_json(const Kernel& k, TaskId task);

}  // namespace sy
