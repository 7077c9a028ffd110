// What the panels that draw curves and two runs share: colours of series, and the axes' marks.
#pragma once

#include <array>
#include <string>

#include "gui/theme/theme.h"

namespace sy::gui {

// Eight colours that can be told apart; every series has its letter as well.
inline ImU32 series_color(std::size_t i) {
    const Theme& t = theme();
    const std::array<ImU32, 8> all = {t.running, t.runnable, t.syscall,  t.softirq,
                                      t.irq,     t.moving,   t.sleeping, t.text};
    return all[i % all.size()];
}
inline std::string series_letter(std::size_t i) {
    return std::string(1, static_cast<char>(i < 26 ? 'A' + i : 'a' + (i - 26) % 26));
}

}  // namespace sy::gui
