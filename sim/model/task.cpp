#include "sim/model/task.h"

#include <algorithm>

namespace sy {

std::string_view kernel_call_name(KernelCall call) {
    static constexpr std::string_view names[] = {
        "local_bh_disable", "local_bh_enable",  "local_irq_disable", "local_irq_enable", "preempt_disable", "preempt_enable",
        "raise_softirq",    "tasklet_schedule", "tasklet_disable",   "tasklet_enable",   "disable_irq",     "enable_irq"};
    static_assert(std::size(names) == kKernelCalls);
    return names[static_cast<std::size_t>(call)];
}

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
