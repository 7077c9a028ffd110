// What slices and folds of a lane are, in words, for the timeline and its pictures.
#pragma once

#include <string>

#include "gui/model/lane_layout.h"
#include "sim/kernel/kernel.h"

namespace sy::gui {

// What a slice is, from when to when.
std::string slice_facts(const Kernel& k, const Slice& s, Nanos now);
// What share each state has of a fold.
std::string fold_facts(const LanePicture::Fold& fold);
std::string format_share(double share);   // "12.5 %"
const char* slice_kind_name(Slice::Kind kind);   // in dumps: "running"

}  // namespace sy::gui
