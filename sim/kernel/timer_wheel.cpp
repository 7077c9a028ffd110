// The timer wheel at work: timers are added, cancelled, and run by the TIMER softirq behind a tick;
// schedule_timeout and msleep sleep on it. linux.md 7.7.
#include "sim/kernel/timer_wheel.h"

#include <algorithm>
#include <utility>

#include "sim/base/assert.h"
#include "sim/kernel/compiled.h"
#include "sim/kernel/context.h"
#include "sim/kernel/family.h"
#include "sim/kernel/routines.h"

namespace sy {

// kernel/time/timer.c: LVL_BITS 6, LVL_CLK_SHIFT 3, LVL_DEPTH 9.
namespace {

constexpr std::uint64_t kBuckets = std::uint64_t{1} << kWheelLevelBits;
constexpr unsigned level_shift(unsigned level) { return level * kWheelClockShift; }
constexpr std::uint64_t level_start(unsigned level) {
    return (kBuckets - 1) << level_shift(level - 1);
}

std::uint16_t bucket_of(std::uint64_t expires, unsigned level, std::uint64_t& bucket_expiry) {
    const std::uint64_t slot = (expires >> level_shift(level)) + 1;  // rounded up: never too early
    bucket_expiry = slot << level_shift(level);
    return static_cast<std::uint16_t>(level * kBuckets + (slot & (kBuckets - 1)));
}

}  // namespace

std::uint64_t wheel_granularity(unsigned level) { return std::uint64_t{1} << level_shift(level); }

std::uint16_t wheel_index(std::uint64_t expires, std::uint64_t clk, std::uint64_t& bucket_expiry) {
    if (expires < clk) {  // in the past: the bucket that is run next
        bucket_expiry = clk;
        return static_cast<std::uint16_t>(clk & (kBuckets - 1));
    }
    const std::uint64_t distance = expires - clk;
    for (unsigned level = 0; level + 1 < kWheelLevels; ++level)
        if (distance < level_start(level + 1)) return bucket_of(expires, level, bucket_expiry);
    const std::uint64_t farthest =
        clk + level_start(kWheelLevels) - wheel_granularity(kWheelLevels - 1);
    return bucket_of(std::min(expires, farthest), kWheelLevels - 1, bucket_expiry);
}

std::uint64_t jiffies_of(const Ctx& cx, Nanos length) {  // rounded up, as msecs_to_jiffies does
    const Nanos tick = cx.k.image().tick;
    return static_cast<std::uint64_t>((length + tick - 1) / tick);
}
std::uint64_t jiffies_now(const Ctx& cx) {
    return static_cast<std::uint64_t>(cx.cpu.clock / cx.k.image().tick);
}

// What runs first: the earlier bucket; of one moment the higher level; of one bucket the timer
// added last (hlist).
static bool runs_before(const WheelTimer& a, const WheelTimer& b) {
    if (a.bucket_expiry != b.bucket_expiry) return a.bucket_expiry < b.bucket_expiry;
    if (a.index >> kWheelLevelBits != b.index >> kWheelLevelBits)
        return a.index >> kWheelLevelBits > b.index >> kWheelLevelBits;
    return a.id > b.id;
}

std::uint64_t add_timer_on(Ctx& cx, CpuId c, std::uint64_t expires, WheelFn fn, std::uint32_t arg) {
    Cpu& target = cx.k.cpus[c];
    TimerBase& base = target.wheel;
    const std::uint64_t now = jiffies_now(cx);
    base.clk = std::max(base.clk, std::min(now, base.next_expiry()));  // forward_timer_base
    WheelTimer timer{.id = cx.k.next_timer_id(), .expires = expires, .fn = fn, .arg = arg};
    timer.index = wheel_index(expires, base.clk, timer.bucket_expiry);
    const auto at = std::lower_bound(base.timers.begin(), base.timers.end(), timer, runs_before);
    base.timers.insert(at, timer);
    cx.emit(RecordKind::timer_start, static_cast<std::uint32_t>(timer.id),
            static_cast<std::uint32_t>(fn), static_cast<std::uint32_t>(expires), timer.index);
    if (c != cx.cpu.id && target.tick_stopped)
        cx.resched_curr(c);  // wake_up_nohz_cpu: it must look again
    return timer.id;
}

bool del_timer(Ctx& cx, std::uint64_t id) {
    if (id == 0) return false;
    for (Cpu& cpu : cx.k.cpus) {
        auto& timers = cpu.wheel.timers;
        const auto at = std::find_if(timers.begin(), timers.end(),
                                     [&](const WheelTimer& t) { return t.id == id; });
        if (at == timers.end()) continue;
        cx.emit(RecordKind::timer_cancel, static_cast<std::uint32_t>(id),
                static_cast<std::uint32_t>(at->fn));
        timers.erase(at);
        return true;
    }
    return false;
}

// run_local_timers, from the tick.
void run_local_timers(Ctx& cx) {
    if (cx.cpu.wheel.next_expiry() <= cx.k.jiffies) cx.raise_softirq(Softirq::timer);
}

// tick_nohz_idle_stop_tick: an idle CPU sleeps until its wheel has something due, not until the
// next tick.
void nohz_stop_tick(Ctx& cx) {
    Cpu& cpu = cx.cpu;
    if (!cpu.tick_stopped) return;
    const Nanos tick = cx.k.image().tick;
    Nanos until = kNever;
    if (!cpu.wheel.timers.empty())
        until = std::max(static_cast<Nanos>(cpu.wheel.next_expiry()), cpu.clock / tick + 1) * tick;
    if (until == cpu.nohz_until) return;
    cpu.nohz_until = until;
    if (until != kNever) cpu.tick_timer = cx.start_timer(cpu.id, until, TimerKind::tick, kNoTask);
}

namespace {

// --- the TIMER softirq ---

void take_expired(Ctx& cx) {
    TimerBase& base = cx.cpu.wheel;
    if (base.running != 0)   // back from the last one's function
        cx.emit(RecordKind::timer_expire_exit, static_cast<std::uint32_t>(std::exchange(base.running, 0)));
    cx.set(Reg::rax, 0);
    if (base.next_expiry() > cx.k.jiffies) {
        base.clk = std::max(base.clk, cx.k.jiffies + 1);
        return;
    }
    const WheelTimer t = base.timers.front();
    base.timers.erase(base.timers.begin());
    base.running = t.id;
    base.clk = std::max(base.clk, t.bucket_expiry);
    cx.emit(RecordKind::timer_expire_entry, static_cast<std::uint32_t>(t.id),
            static_cast<std::uint32_t>(t.fn), static_cast<std::uint32_t>(cx.k.jiffies));
    cx.set(Reg::rax, 1);
    cx.set(Reg::rbx, static_cast<std::uint64_t>(t.fn));
    cx.set(Reg::rdi, t.fn == WheelFn::process_timeout ? layout::task_address(t.arg) : t.arg);
}
bool nothing_due(Ctx& cx) { return cx.reg(Reg::rax) == 0; }
const Routine* timer_function(Ctx& cx) {
    switch (static_cast<WheelFn>(cx.reg(Reg::rbx))) {
        case WheelFn::delayed_work:
            return &routines::delayed_work_timer_fn;
        case WheelFn::idle_worker:
            return &routines::idle_worker_timeout;
        case WheelFn::mayday:
            return &routines::pool_mayday_timeout;
        case WheelFn::process_timeout:
            break;
    }
    return &routines::process_timeout;
}
constexpr StepDef run_timer_softirq_steps[] = {
    push(Reg::rbx),
    label("again"),
    effect(take_expired, Cost::softirq,
           {"Take an expired timer out of this CPU's wheel.",
            "从该 CPU 的时间轮取出一个到期的定时器。",
            "A bucket is run when the clock of its level has come to it; timers are late by up to "
            "one granularity.",
            "所在层的时钟走到某个桶时才运行它；定时器最多晚一个粒度。"}),
    branch(nothing_due, "out", {"Is none left?", "没有了吗？", "", ""}),
    call_indirect(timer_function, {"Call the timer's function.", "调用定时器的函数。",
                                   "It runs in softirq context: it may not sleep.",
                                   "它在软中断上下文运行：不可睡眠。"}),
    jump("again"),
    label("out"),
    pop(Reg::rbx),
    jump(routines::raised_work),
};
constexpr StepDef process_timeout_steps[] = {
    jump(routines::try_to_wake_up,
         {"The sleeper's time has come: wake {target}.", "睡眠时间到：唤醒 {target}。", "", ""}),
};

// --- schedule_timeout: rdi = jiffies; the state is set by the caller ---

void arm_timeout(Ctx& cx) {
    cx.set(Reg::rbx, jiffies_now(cx) + cx.reg(Reg::rdi));
    cx.cur().timer =
        add_timer_on(cx, cx.cpu.id, cx.reg(Reg::rbx), WheelFn::process_timeout, cx.current());
}
void disarm_timeout(Ctx& cx) {
    const std::uint64_t id = cx.cur().timer;
    cx.cur().timer = 0;
    del_timer(cx, id);
    const std::uint64_t now = jiffies_now(cx), expires = cx.reg(Reg::rbx);
    cx.set(Reg::rax, expires > now ? expires - now : 0);
}
constexpr StepDef schedule_timeout_steps[] = {
    push(Reg::rbx),
    effect(arm_timeout, Cost::timer,
           {"Put a timer for {cur} into this CPU's timer wheel.",
            "把 {cur} 的定时器放进该 CPU 的时间轮。",
            "Cheap and coarse: it is rounded up to whole ticks, and further off to coarser steps "
            "still.",
            "便宜而粗略：向上取整到整个时钟周期，越远越粗。"}),
    call(routines::schedule, {"Call schedule(): {cur} goes to sleep inside this call.",
                              "调用 schedule()：{cur} 在这次调用里睡去。", "", ""}),
    effect(disarm_timeout, Cost::effect,
           {"{cur} is awake: take the timer out if it has not expired.",
            "{cur} 醒了：若定时器尚未到期则取出。", "", ""}),
    pop(Reg::rbx),
    ret(),
};

void whole_jiffies(Ctx& cx) {
    cx.set(Reg::rbx, jiffies_of(cx, static_cast<Nanos>(cx.reg(Reg::rdi))), at::reg(Reg::rdi));
}
bool slept_enough(Ctx& cx) { return cx.reg(Reg::rbx) == 0 || asked_to_stop(cx); }
void set_sleep(Ctx& cx) {
    cx.set_state(cx.current(), kernel_sleep_state(cx));
    cx.set(Reg::rdi, cx.reg(Reg::rbx), at::reg(Reg::rbx));
}
void rest(Ctx& cx) { cx.set(Reg::rbx, cx.reg(Reg::rax), at::reg(Reg::rax)); }
constexpr StepDef msleep_steps[] = {
    push(Reg::rbx),
    effect(whole_jiffies, Cost::word,
           {"Turn the length into whole ticks, rounded up.", "把时长换成整数个时钟周期，向上取整。",
            "", ""}),
    label("again"),
    branch(slept_enough, "out", {"Is the time over?", "时间到了吗？", "", ""}),
    effect(set_sleep, Cost::effect,
           {"Set {cur}'s state: it is going to sleep.", "设置 {cur} 的状态：它要睡了。", "", ""}),
    call(routines::schedule_timeout),
    effect(rest, Cost::word, {"Take what is left of the time.", "取得剩余的时间。", "", ""}),
    jump("again"),
    label("out"),
    pop(Reg::rbx),
    ret(),
};

}  // namespace

namespace routines {
const Routine run_timer_softirq =
    make_routine<run_timer_softirq_steps>("run_timer_softirq", Actor::softirq, Phase::work);
const Routine process_timeout =
    make_routine<process_timeout_steps>("process_timeout", Actor::softirq, Phase::work);
const Routine schedule_timeout =
    make_routine<schedule_timeout_steps>("schedule_timeout", Actor::kernel, Phase::work, true);
const Routine msleep = make_routine<msleep_steps>("msleep", Actor::kernel, Phase::work);
}  // namespace routines

}  // namespace sy
