// "Did you mean…?": the known word nearest to a mistyped one.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/text.h"

namespace sy::scn {

// How many letters have to be inserted, removed, replaced or swapped with their neighbour to make
// `a` into `b`, upper and lower case being alike. Words longer than 40 characters count as far from
// everything.
int edit_distance(std::string_view a, std::string_view b);

// The nearest of `known`, if it is near enough to be what was meant (about one mistake in three
// letters); the first one of several equally near. Empty if none is.
std::string nearest(std::string_view word, std::span<const std::string_view> known);

// "unknown KIND 'WORD'; did you mean 'MEANT'?" with the kind in both languages.
Text did_you_mean(const Text& kind, std::string_view word, std::string_view meant);

// `a, b, c`, for messages that list what there is; shortened with an ellipsis after `max` of them.
std::string listed(std::span<const std::string_view> words, std::size_t max = 16);

}  // namespace sy::scn
