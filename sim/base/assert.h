// Assertions that stay on in every build. A user's mistake is a diagnostic, a simulated fault is data; what fires
// here is a mistake of ours, and it says where in simulated time it happened as far as the caller knows it.
#pragma once

#include <cstdint>

namespace sy {

[[noreturn]] void assertion_failed(const char* condition, const char* file, int line, const char* why);

// What cannot be in a sound machine can be in one whose kernel was broken on purpose. While somebody watches for it
// (BrokenGround), a failed assertion is the simulated kernel's fault and is thrown to him.
struct KernelFault {
    const char* why;
    bool has_address = false;
    std::uint64_t address = 0;
};
class BrokenGround {
  public:
    explicit BrokenGround(bool is_broken = true) : counts_(is_broken) { depth_ += counts_ ? 1 : 0; }
    ~BrokenGround() { depth_ -= counts_ ? 1 : 0; }
    BrokenGround(const BrokenGround&) = delete;
    BrokenGround& operator=(const BrokenGround&) = delete;
    static bool is_here() { return depth_ > 0; }
    // For the rest of this thread's life: of a program that has opened such a machine and looks at it.
    static void stay() { ++depth_; }

  private:
    bool counts_;
    static thread_local int depth_;
};
// An address that nothing is at, where the kernel reads, writes or jumps.
[[noreturn]] void wild_address(std::uint64_t address, const char* why);

}  // namespace sy

#define SY_ASSERT(cond, why)                                             \
    do {                                                                 \
        if (!(cond)) [[unlikely]]                                        \
            ::sy::assertion_failed(#cond, __FILE__, __LINE__, why);      \
    } while (false)
