// What follows the verbs about signals, clone, exec, wait and job control. Private to sim/scenario; the rows of these
// verbs stand in statements.cpp.
#pragma once

#include "sim/scenario/parser.h"

namespace sy::scn {

bool read_handler(Parser& p, Stmt& stmt, Place place);       // sigaction SIGNAL [restart] [nodefer] [oneshot] { … }
bool read_caught_signal(Parser& p, Stmt& stmt, Place place); // ignore, default
bool read_signal_set(Parser& p, Stmt& stmt, Place place);    // mask, unmask, sigsuspend
bool read_kill_verb(Parser& p, Stmt& stmt, Place place);
bool read_clone(Parser& p, Stmt& stmt, Place place);
bool read_program(Parser& p, Stmt& stmt, Place place);       // exec
bool read_wait_options(Parser& p, Stmt& stmt, Place place);  // waitpid, waitid
bool read_optional_task(Parser& p, Stmt& stmt, Place place); // setpgid, tcsetpgrp
bool read_umask(Parser& p, Stmt& stmt, Place place);

// As written behind the verb; for the writer.
std::string write_signal_set(std::uint64_t set);
std::string write_handler_flags(std::uint64_t flags);
std::string write_clone_flags(std::uint64_t flags);
std::string write_wait_options(std::uint64_t options);

}  // namespace sy::scn
