// What the kernel keeps about interrupt lines, softirqs and tasklets. Facts and order of steps: linux.md 7.1 to 7.4, 7.6.
//
// A device is what raises an interrupt; a line is where it arrives (devices may share one). Each line has one vector,
// kFirstDeviceVector + its number, and one irq_desc: which CPU takes it, whether it is disabled, masked, in progress.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sim/base/types.h"

namespace sy {

// One line, constant after boot.
struct IrqLine {
    std::int32_t irq = 0;                    // Linux irq number
    std::vector<std::uint32_t> devices;      // its actions, in the order of registration
    bool level = false;                      // handle_fasteoi_irq, else handle_edge_irq
    bool oneshot = false;                    // an action is threaded: masked until its thread is done (IRQF_ONESHOT)
};

// irq_desc and its irq_data: the state of one line.
struct IrqDesc {
    std::uint64_t affinity = 1;              // /proc/irq/N/smp_affinity
    CpuId cpu = 0;                           // effective affinity: the CPU that is interrupted
    std::uint32_t depth = 0;                 // of disable_irq
    bool in_progress = false;                // IRQD_IRQ_INPROGRESS: a CPU is in its handlers
    bool pending = false;                    // IRQS_PENDING: it came again meanwhile, or while disabled
    bool masked = false;                     // the interrupt controller lets it not through
    std::uint32_t threads_active = 0;        // oneshot: threads still at it
    std::uint64_t unhandled = 0;             // no action owned up (IRQ_NONE by all)
    std::array<std::uint64_t, 64> per_cpu{}; // kstat_irqs
};

// Softirq work that kernel code or a driver asked for with a length of its own.
struct RaisedWork {
    std::uint8_t vec = 0;
    bool of_device = false;
    std::uint64_t source = 0;                // device, or the address of the statement (kernel_code.h)
    std::uint32_t count = 0;                 // how often it was raised and has not run
};

// struct tasklet_struct, linux.md 7.4.
struct Tasklet {
    bool sched = false;                      // TASKLET_STATE_SCHED: on a CPU's list
    bool run = false;                        // TASKLET_STATE_RUN: a CPU executes it
    std::int32_t count = 0;                  // above 0: disabled
    CpuId cpu = 0;                           // where it is listed or runs
    std::uint64_t scheduled = 0;             // tasklet_schedule calls that put it on a list
    std::uint64_t runs = 0;
    std::uint64_t busy = 0;                  // a CPU found it running elsewhere (or disabled) and put it back
};
constexpr std::uint16_t kNoTasklet = 0xffff;

// The bottom halves of one CPU.
struct BottomHalves {
    std::vector<RaisedWork> raised;
    std::vector<std::uint16_t> tasklet_vec, tasklet_hi_vec;   // lists of scheduled tasklets
    std::vector<std::uint16_t> tasklets_taken;                // the list that tasklet_action is at
    std::uint16_t tasklet_running = kNoTasklet;
    std::vector<std::uint8_t> poll_list;     // softnet_data.poll_list: devices that NAPI is to poll
    std::vector<std::uint8_t> polling, repoll;                // net_rx_action's own lists
    std::uint64_t time_squeeze = 0;          // net_rx_action stopped by its budget
    std::uint64_t to_ksoftirqd = 0;          // handle_softirqs handed over
    std::array<std::uint64_t, 10> raises{};  // softirq_raise that set a bit, by vector
    std::array<std::uint64_t, 10> merged{};  // softirq_raise that found it set
};

// Limits of handle_softirqs and net_rx_action (linux.md 7.3; NAPI_POLL_WEIGHT 64 and a driver's ring of 256 packets as
// most drivers have it).
constexpr int kMaxSoftirqRestart = 10;
constexpr Nanos kMaxSoftirqTime = 2 * kMilli;
constexpr std::uint64_t kNetdevBudget = 300, kNapiWeight = 64;
constexpr Nanos kNetdevBudgetTime = 2 * kMilli;
constexpr std::uint32_t kNicRing = 256;

}  // namespace sy
