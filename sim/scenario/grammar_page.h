// The reference of the language, written from the tables that the parser reads by. docs/language.md
// is this text; a test fails when it is out of date.
#pragma once

#include <string>

#include "sim/base/text.h"

namespace sy {

// Markdown.
std::string grammar_page(Lang lang);

}  // namespace sy
