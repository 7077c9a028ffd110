#include "sim/model/task.h"

#include <algorithm>

namespace sy {

char state_letter(std::uint32_t state, std::uint32_t exit_state) {
    std::uint32_t s = (state | exit_state) & 0x7f;
    if ((state & task_state::idle) == task_state::idle) s = 0x80;
    int index = 0;
    while (s != 0) {
        ++index;
        s >>= 1;
    }
    return "RSDTtXZPI"[index];
}

void set_text(std::array<char, 16>& to, std::string_view text) {
    to.fill(0);
    const std::size_t n = std::min(text.size(), to.size() - 1);
    std::copy_n(text.begin(), n, to.begin());
}

}  // namespace sy
