// The storyboard of an episode as text for people and as JSON (docs/json.md): who leaves, who
// comes, why; each step with who performs it and the words it moves; what became of each part of
// the three contexts; what is not saved.
#pragma once

#include <string>

#include "sim/base/text.h"
#include "sim/kernel/kernel.h"
#include "sim/session/episode.h"

namespace sy {

enum class Depth : std::uint8_t { line, phases, words };

// `k` is any state of the run at or after the episode's end.
std::string explain_as_text(const Episode& e, const Kernel& k, Depth depth, Lang lang);
// One JSON object without a newline behind it; `lang` is the language of its sentences.
std::string explain_as_json(const Episode& e, const Kernel& k, Lang lang);

// One told step with its moves, a few lines: a paragraph of the storyboard and of `trace --steps`.
class PlaceNames;
std::string step_as_text(const StoryStep& step, const PlaceNames& names, Lang lang,
                         std::string_view why_before);

}  // namespace sy
