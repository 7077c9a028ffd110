// The fixed arrangement, computed.
#include "gui/app/arrangement.h"

#include <algorithm>
#include <cmath>

namespace sy::gui {

Arrangement arrange(const ArrangeInput& in) {
    const auto at = [&](float measure) { return std::floor(measure * in.scale + 0.5F); };
    Arrangement out;
    const float bar = at(48);
    const float body = std::max(in.height - bar, 0.0F);
    const float timeline = std::clamp(std::floor(in.height * in.timeline_share),
                                      std::min(at(120), body * 0.4F), body * 0.6F);
    const float middle = body - timeline;
    out.small = in.width < at(1280) || in.height < at(720);

    const float share = std::clamp(std::floor(in.width * 0.155F), at(184), at(260));
    const float tasks = std::floor(std::min(share, in.width * 0.3F));
    const float wide = std::clamp(std::floor(in.width * 0.205F), at(236), at(380));
    const float inspector = std::floor(std::min(wide, in.width * 0.35F));
    const bool over = out.small && in.inspector_over_tasks;
    // A text needs room to be read: as much as the stage can spare.
    const float text = std::floor(std::min(std::max(in.width - wide - at(900), at(460)), std::min(in.width * 0.45F, at(760))));
    const bool both = !in.editor || in.width - text - inspector >= at(720);
    const bool beside = !out.small && !in.fold_inspector && both;
    const float left = in.editor ? text : over ? inspector : tasks;
    const float right = beside ? inspector : 0;

    out.transport = {0, 0, in.width, bar};
    (in.editor ? out.editor : over ? out.inspector : out.tasks) = {0, bar, left, middle};
    if (beside) out.inspector = {in.width - right, bar, right, middle};
    out.stage = {left, bar, std::max(in.width - left - right, 0.0F), middle};
    out.timeline = {0, bar + middle, in.width, timeline};
    return out;
}

}  // namespace sy::gui
