#include "sim/sched/pelt.h"

#include <array>

namespace sy::pelt {

namespace {

// runnable_avg_yN_inv: y^n * 2^32, linux.md 6.8.
constexpr std::array<std::uint32_t, 32> kYnInv = {
    0xffffffff, 0xfa83b2da, 0xf5257d14, 0xefe4b99a, 0xeac0c6e6, 0xe5b906e6, 0xe0ccdeeb, 0xdbfbb796,
    0xd744fcc9, 0xd2a81d91, 0xce248c14, 0xc9b9bd85, 0xc5672a10, 0xc12c4cc9, 0xbd08a39e, 0xb8fbaf46,
    0xb504f333, 0xb123f581, 0xad583ee9, 0xa9a15ab4, 0xa5fed6a9, 0xa2704302, 0x9ef5325f, 0x9b8d39b9,
    0x9837f050, 0x94f4efa8, 0x91c3d373, 0x8ea4398a, 0x8b95c1e3, 0x88980e80, 0x85aac367, 0x82cd8698};

// __accumulate_pelt_segments: the rest of the old period, the full ones, the part of the new one.
std::uint64_t segments(std::uint64_t periods, std::uint64_t d1, std::uint64_t d3) {
    return decay_load(d1, periods) + (kLoadAvgMax - decay_load(kLoadAvgMax, periods) - kPeriod) + d3;
}

// ___update_load_sum with accumulate_sum.
bool update_sum(Nanos now, SchedAvg& a, std::uint64_t load, std::uint64_t runnable, bool running) {
    const Nanos passed = now - a.last_update_time;
    if (passed < 0) {   // the clock of another CPU
        a.last_update_time = now;
        return false;
    }
    std::uint64_t delta = static_cast<std::uint64_t>(passed) >> 10;
    if (delta == 0) return false;
    a.last_update_time += static_cast<Nanos>(delta << 10);
    if (load == 0) {
        runnable = 0;
        running = false;
    }
    std::uint64_t contrib = delta;
    delta += a.period_contrib;
    const std::uint64_t periods = delta / kPeriod;
    if (periods != 0) {
        a.load_sum = decay_load(a.load_sum, periods);
        a.runnable_sum = decay_load(a.runnable_sum, periods);
        a.util_sum = decay_load(a.util_sum, periods);
        delta %= kPeriod;
        if (load != 0) contrib = segments(periods, kPeriod - a.period_contrib, delta);
    }
    a.period_contrib = static_cast<std::uint32_t>(delta);
    a.load_sum += load * contrib;
    a.runnable_sum += runnable * contrib << 10;
    if (running) a.util_sum += contrib << 10;
    return periods != 0;
}
// ___update_load_avg.
void update_avg(SchedAvg& a, std::uint64_t load) {
    const std::uint64_t d = divider(a);
    a.load_avg = load * a.load_sum / d;
    a.runnable_avg = static_cast<std::uint32_t>(a.runnable_sum / d);
    a.util_avg = static_cast<std::uint32_t>(a.util_sum / d);
}

template <class T, class U>
void sub_positive(T& from, U what) {
    from = from > static_cast<T>(what) ? from - static_cast<T>(what) : 0;
}
template <class T>
void add_positive(T& to, std::int64_t what) {
    const std::int64_t sum = static_cast<std::int64_t>(to) + what;
    to = sum > 0 ? static_cast<T>(sum) : 0;
}
// Sums never fall behind what their averages stand for.
void keep_up(SchedAvg& a) {
    a.load_sum = std::max(a.load_sum, a.load_avg * kMinDivider);
    a.runnable_sum = std::max(a.runnable_sum, a.runnable_avg * kMinDivider);
    a.util_sum = std::max(a.util_sum, a.util_avg * kMinDivider);
}
void propagate_later(Rq& rq, std::int64_t runnable_sum) {
    rq.propagate = true;
    rq.prop_runnable_sum += runnable_sum;
}

}  // namespace

std::uint64_t decay_load(std::uint64_t val, std::uint64_t n) {
    if (n > 32 * 63) return 0;
    if (n >= 32) {
        val >>= n / 32;
        n %= 32;
    }
    return static_cast<std::uint64_t>((static_cast<unsigned __int128>(val) * kYnInv[n]) >> 32);
}

bool update_entity(Nanos now, SchedAvg& a, const EntityNow& e) {
    if (!update_sum(now, a, e.on_rq ? 1 : 0, e.runnable, e.runs)) return false;
    update_avg(a, e.weight);
    return true;
}

bool update_queue(Nanos now, Rq& rq, const RqNow& in) {
    if (rq.removed_nr != 0) {
        SchedAvg& a = rq.avg;
        const std::uint64_t d = divider(a);
        sub_positive(a.load_avg, rq.removed_load);
        sub_positive(a.load_sum, rq.removed_load * d);
        sub_positive(a.util_avg, rq.removed_util);
        sub_positive(a.util_sum, rq.removed_util * d);
        sub_positive(a.runnable_avg, rq.removed_runnable);
        sub_positive(a.runnable_sum, rq.removed_runnable * d);
        keep_up(a);
        propagate_later(rq, -static_cast<std::int64_t>((rq.removed_runnable * d) >> 10));
        rq.removed_nr = 0;
        rq.removed_load = rq.removed_util = rq.removed_runnable = 0;
    }
    if (!update_sum(now, rq.avg, in.weight, in.runnable, in.runs)) return false;
    update_avg(rq.avg, 1);
    return true;
}

void attach(Rq& rq, SchedAvg& a, std::uint32_t weight) {
    const std::uint64_t d = divider(rq.avg);
    a.last_update_time = rq.avg.last_update_time;
    a.period_contrib = rq.avg.period_contrib;
    a.util_sum = a.util_avg * d;
    a.runnable_sum = a.runnable_avg * d;
    a.load_sum = a.load_avg * d;
    a.load_sum = weight < a.load_sum ? a.load_sum / weight : 1;
    rq.avg.load_avg += a.load_avg;
    rq.avg.load_sum += weight * a.load_sum;
    rq.avg.util_avg += a.util_avg;
    rq.avg.util_sum += a.util_sum;
    rq.avg.runnable_avg += a.runnable_avg;
    rq.avg.runnable_sum += a.runnable_sum;
    propagate_later(rq, static_cast<std::int64_t>(a.load_sum));
}

void detach(Rq& rq, SchedAvg& a, std::uint32_t weight) {
    sub_positive(rq.avg.load_avg, a.load_avg);
    sub_positive(rq.avg.load_sum, weight * a.load_sum);
    sub_positive(rq.avg.util_avg, a.util_avg);
    sub_positive(rq.avg.util_sum, a.util_sum);
    sub_positive(rq.avg.runnable_avg, a.runnable_avg);
    sub_positive(rq.avg.runnable_sum, a.runnable_sum);
    keep_up(rq.avg);
    propagate_later(rq, -static_cast<std::int64_t>(a.load_sum));
    a.last_update_time = 0;
}

void remove(Rq& rq, SchedAvg& a, std::uint32_t weight) {
    if (a.last_update_time == 0) return;
    update_entity(rq.avg.last_update_time, a, {.weight = weight});   // sync_entity_load_avg
    ++rq.removed_nr;
    rq.removed_load += a.load_avg;
    rq.removed_util += a.util_avg;
    rq.removed_runnable += a.runnable_avg;
    a.last_update_time = 0;
}

void reweight(Rq& rq, SchedAvg& a, std::uint32_t from, std::uint32_t to) {
    if (a.last_update_time == 0) return;
    sub_positive(rq.avg.load_avg, a.load_avg);
    sub_positive(rq.avg.load_sum, from * a.load_sum);
    rq.avg.load_sum = std::max(rq.avg.load_sum, rq.avg.load_avg * kMinDivider);
    a.load_avg = to * a.load_sum / divider(a);
    rq.avg.load_avg += a.load_avg;
    rq.avg.load_sum += to * a.load_sum;
}

void init_task(const Rq& rq, SchedAvg& a, std::uint32_t weight) {
    a = {.load_avg = weight};
    const std::int64_t cap = (std::int64_t{kCapacity} - rq.avg.util_avg) / 2;
    if (cap > 0) {
        std::uint64_t util = static_cast<std::uint64_t>(cap);
        if (rq.avg.util_avg != 0)
            util = std::min(util, std::uint64_t{rq.avg.util_avg} * weight / (rq.avg.load_avg + 1));
        a.util_avg = static_cast<std::uint32_t>(util);
    }
    a.runnable_avg = a.util_avg;
}

void follow(Rq& rq, SchedAvg& e, std::uint32_t weight, Rq& group, std::uint64_t group_weight) {
    if (!group.propagate) return;
    group.propagate = false;
    propagate_later(rq, group.prop_runnable_sum);
    const std::uint64_t d = divider(rq.avg);
    const auto take_over = [&](std::uint32_t& avg, std::uint64_t& sum, std::uint32_t& rq_avg, std::uint64_t& rq_sum,
                               std::uint32_t to) {
        const auto delta_avg = std::int64_t{to} - avg;
        if (delta_avg == 0) return;
        avg = to;
        const auto delta_sum = static_cast<std::int64_t>(to * d) - static_cast<std::int64_t>(sum);
        sum = to * d;
        add_positive(rq_avg, delta_avg);
        add_positive(rq_sum, delta_sum);
        rq_sum = std::max(rq_sum, rq_avg * kMinDivider);
    };
    take_over(e.util_avg, e.util_sum, rq.avg.util_avg, rq.avg.util_sum, group.avg.util_avg);
    take_over(e.runnable_avg, e.runnable_sum, rq.avg.runnable_avg, rq.avg.runnable_sum, group.avg.runnable_avg);
    std::int64_t runnable_sum = group.prop_runnable_sum;   // update_tg_cfs_load
    if (runnable_sum == 0) return;
    group.prop_runnable_sum = 0;
    if (runnable_sum > 0) {
        runnable_sum = std::min(runnable_sum + static_cast<std::int64_t>(e.load_sum), static_cast<std::int64_t>(d));
    } else {   // as if all its tasks were runnable alike; never more than before
        const std::uint64_t guess = group_weight == 0 ? 0 : group.avg.load_sum / group_weight;
        runnable_sum = static_cast<std::int64_t>(std::min(e.load_sum, guess));
    }
    runnable_sum = std::max(runnable_sum, static_cast<std::int64_t>(e.util_sum >> 10));
    const std::int64_t load_sum = static_cast<std::int64_t>(weight) * runnable_sum;
    const std::int64_t load_avg = load_sum / static_cast<std::int64_t>(d);
    const std::int64_t delta_avg = load_avg - static_cast<std::int64_t>(e.load_avg);
    if (delta_avg == 0) return;
    const std::int64_t delta_sum = load_sum - static_cast<std::int64_t>(weight * e.load_sum);
    e.load_sum = static_cast<std::uint64_t>(runnable_sum);
    e.load_avg = static_cast<std::uint64_t>(load_avg);
    add_positive(rq.avg.load_avg, delta_avg);
    add_positive(rq.avg.load_sum, delta_sum);
    rq.avg.load_sum = std::max(rq.avg.load_sum, rq.avg.load_avg * kMinDivider);
}

const char* check(const SchedAvg& a) {
    if (a.period_contrib >= kPeriod) return "a PELT period has 1024 units";
    if (a.last_update_time != 0 && a.load_sum > kLoadAvgMax) return "load_sum of an entity is above LOAD_AVG_MAX";
    return nullptr;
}
const char* check(const Rq& rq) {
    const SchedAvg& a = rq.avg;
    if (a.period_contrib >= kPeriod) return "a PELT period has 1024 units";
    if ((a.load_sum == 0 && a.load_avg != 0) || (a.util_sum == 0 && a.util_avg != 0) ||
        (a.runnable_sum == 0 && a.runnable_avg != 0))   // as in cfs_rq_is_decayed
        return "a queue's sum has decayed, its average has not";
    return nullptr;
}

}  // namespace sy::pelt
