// The terminal: a line as typed at a shell's prompt on the simulated machine, answered from the machine's state. Pure:
// what would change the machine comes back as timed actions in the scenario's own words (`kill 570 TERM`), for whoever
// runs the machine to apply at the moment it was typed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/base/text.h"
#include "sim/kernel/kernel.h"

namespace sy {

struct TerminalAnswer {
    std::string text;                    // what the command prints, as the real one does; ends in a newline if not empty
    std::vector<std::string> actions;    // what it does to the machine, one action of the language each
    int status = 0;                      // as the real command's exit status
    bool clear = false;                  // `clear`: forget what was printed
    bool history = false;                // `history`: print what was typed; the terminal knows it
    std::string save;                    // `save FILE`: write the scenario with the lines that were added
};

TerminalAnswer terminal_command(const Kernel& k, std::string_view line, Lang lang);
// What the word under the cursor (the end of `line`) may become: commands, options, pids, files of /proc. Sorted.
std::vector<std::string> terminal_completions(const Kernel& k, std::string_view line);
// The longest beginning that all completions share, put in place of the last word.
std::string terminal_complete(const Kernel& k, std::string_view line);

// --- the commands that print long tables (terminal_ps.cpp, terminal_top.cpp) ---
using TerminalArgs = std::vector<std::string>;   // without the command's own name
TerminalAnswer terminal_ps(const Kernel& k, const TerminalArgs& args, Lang lang);
TerminalAnswer terminal_top(const Kernel& k, const TerminalArgs& args, Lang lang);
TerminalAnswer terminal_pstree(const Kernel& k, const TerminalArgs& args, Lang lang);
TerminalAnswer terminal_free(const Kernel& k, const TerminalArgs& args, Lang lang);
// terminal_tasks.cpp
TerminalAnswer terminal_kill(const Kernel& k, const TerminalArgs& args, Lang lang);
TerminalAnswer terminal_renice(const Kernel& k, const TerminalArgs& args, Lang lang);
TerminalAnswer terminal_taskset(const Kernel& k, const TerminalArgs& args, Lang lang);
TerminalAnswer terminal_chrt(const Kernel& k, const TerminalArgs& args, Lang lang);

// "kill: …" in the wanted language, with the status of a command that failed.
TerminalAnswer terminal_error(std::string_view command, const Text& message, Lang lang, int status = 1);

}  // namespace sy
