// What follows the verbs asm, shared and local, and the checks that need the whole process: names and instructions.
// Private to sim/scenario; the rows of these verbs stand in statements.cpp.
#pragma once

#include "sim/scenario/parser.h"

namespace sy::scn {

bool read_asm(Parser& p, Stmt& stmt, Place place);
bool read_variable(Parser& p, Stmt& stmt, Place place);   // NAME [xCOUNT] [= NUMBER]
bool read_set_number(Parser& p, std::uint64_t& out);

// Assembles every block of the scenario and reports what is wrong with it.
void check_instructions(const Scenario& scenario, Diagnostics& diags);

// As written; for the writer.
std::string write_asm(const Stmt& stmt);
std::string write_variable(const Stmt& stmt);

}  // namespace sy::scn
