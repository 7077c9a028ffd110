// The verbs about memory: reading them, and what only the whole process can tell (is the area mapped anywhere?).
// Private to sim/scenario.
#pragma once

#include "sim/scenario/parser.h"

namespace sy::scn {

bool read_mmap(Parser& p, Stmt& stmt, Place);       // mmap NAME SIZE [shared] [none|ro|rw|rx] [file DEVICE]
bool read_munmap(Parser& p, Stmt& stmt, Place);     // munmap NAME
bool read_mprotect(Parser& p, Stmt& stmt, Place);   // mprotect NAME none|ro|rw|rx
bool read_brk(Parser& p, Stmt& stmt, Place);        // brk [-]SIZE
bool read_page(Parser& p, Stmt& stmt, Place);       // load AREA [PAGE], store AREA [PAGE]
bool read_touch(Parser& p, Stmt& stmt, Place);      // touch AREA SIZE
bool read_recurse(Parser& p, Stmt& stmt, Place);    // recurse SIZE

// none, ro, rw or rx.
std::string prot_word(std::uint8_t prot);

// Every area that is used must be mapped by a statement of the same process, and a mapped device must have blocks.
void check_areas(const Scenario& scenario, const ProcessDecl& process, std::size_t index, Diagnostics& diags);

}  // namespace sy::scn
