// The timer wheel: low-resolution timers that the TIMER softirq expires, linux.md 7.7. Nine levels
// of 64 buckets, each level's clock eight times slower than the one below; a timer is put into the
// level its distance calls for and rounded up to that level's granularity. Nothing moves down from
// level to level.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/base/types.h"
#include "sim/kernel/kthread.h"

namespace sy {

constexpr unsigned kWheelLevels = 9, kWheelLevelBits = 6, kWheelClockShift = 3;

enum class WheelFn : std::uint8_t { process_timeout, delayed_work, idle_worker, mayday };

// struct timer_list in its base.
struct WheelTimer {
    std::uint64_t id = 0;
    std::uint64_t expires = 0;        // jiffies asked for
    std::uint64_t bucket_expiry = 0;  // jiffies at which its bucket is run
    std::uint16_t index = 0;          // bucket: level * 64 + slot
    WheelFn fn = WheelFn::process_timeout;
    std::uint32_t arg = 0;  // task, work or pool
};

// struct timer_base, one for each CPU.
struct TimerBase {
    std::uint64_t clk = 0;           // jiffies up to which it has been run
    std::vector<WheelTimer> timers;  // in the order in which their buckets are run
    std::uint64_t running = 0;       // id of the timer whose function runs; 0: none
    std::uint64_t next_expiry() const {
        return timers.empty() ? ~std::uint64_t{0} : timers.front().bucket_expiry;
    }
};

// calc_wheel_index: the bucket of a timer, and the jiffy at which that bucket is run.
std::uint16_t wheel_index(std::uint64_t expires, std::uint64_t clk, std::uint64_t& bucket_expiry);
std::uint64_t wheel_granularity(unsigned level);  // in jiffies

}  // namespace sy
