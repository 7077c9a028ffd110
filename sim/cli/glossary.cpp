// `glossary`: what a word means, and which lesson shows it.
#include "sim/report/glossary.h"

#include <cstdio>

#include "sim/cli/commands.h"

namespace sy::cli {

int glossary_command(const GlossaryOptions& options) {
    const Lang lang = options.lang == "zh" ? Lang::zh : Lang::en;
    std::span<const GlossaryTerm> terms = glossary();
    if (!options.term.empty()) {
        const GlossaryTerm* term = find_term(options.term);
        if (term == nullptr) {
            const std::string meant = nearest_term(options.term);
            complain(meant.empty() ? text("the glossary has no '{0}'; without a word it lists what it has",
                                          "术语表中没有 “{0}”；不给词则列出全部", {options.term})
                                   : text("the glossary has no '{0}'; did you mean '{1}'?", "术语表中没有 “{0}”；是否想查 “{1}”？",
                                          {options.term, meant}),
                     lang);
            return kWrongInput;
        }
        terms = {term, 1};
    }
    const std::string shown = options.format == "json"    ? glossary_as_json(terms)
                              : options.term.empty() ? glossary_as_text(lang)
                                                     : term_as_text(terms[0], lang);
    std::fputs(shown.c_str(), stdout);
    return kFine;
}

}  // namespace sy::cli
