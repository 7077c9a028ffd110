#include "sim/session/session.h"

#include <algorithm>
#include <cstdio>
#include <deque>
#include <map>

#include "sim/base/assert.h"
#include "sim/base/limits.h"
#include "sim/kernel/events.h"
#include "sim/session/storyteller.h"

namespace sy {

namespace {

constexpr std::uint64_t kFirstInterval = 2'048;   // steps between keyframes of a short run
constexpr std::size_t kNearFrames = 24;           // extra copies around the cursor, for stepping back
constexpr std::size_t kCachedEpisodes = 64;

}  // namespace

struct Session::Impl {
    Scenario scenario;
    SessionLimits limits;
    Kernel first, frontier, cursor;
    Log log;
    std::vector<std::uint32_t> switch_records;
    std::vector<Kernel> keyframes;       // by step; [0] is step 0
    std::uint64_t interval = kFirstInterval;
    std::size_t keyframe_limit = 256;
    std::deque<Kernel> near;             // copies on the way of the last seeks
    bool limit_reached = false;
    StepReport report;
    bool has_report = false;
    std::map<std::pair<std::uint64_t, CpuId>, Episode> episodes;
    Log scratch;

    // --- running ahead ---

    bool complete() const { return frontier.end() != End::running || limit_reached; }

    void add_keyframe() {
        keyframes.push_back(frontier);
        if (keyframes.size() <= keyframe_limit) return;
        interval *= 2;
        std::erase_if(keyframes, [&](const Kernel& k) { return k.steps() % interval != 0; });
    }

    void index_switches(std::size_t from) {
        for (std::size_t i = from; i < log.size(); ++i)
            if (log[i].kind == RecordKind::sched_switch)
                switch_records.push_back(static_cast<std::uint32_t>(i));
    }

    bool run_ahead(std::uint64_t steps) {
        const std::uint64_t target = std::min(frontier.steps() + steps, limits.steps);
        const std::size_t before = log.size();
        while (!complete() && frontier.steps() < target) {
            const std::uint64_t next_frame = (frontier.steps() / interval + 1) * interval;
            const std::uint64_t room = (limits.log_bytes / sizeof(Record));
            frontier.run({.steps = std::min(target, next_frame), .records = room}, &log);
            if (log.size() >= room || frontier.steps() >= limits.steps) limit_reached = true;
            if (frontier.steps() == next_frame) add_keyframe();
        }
        if (frontier.steps() >= limits.steps) limit_reached = true;  // also if none may be made at all
        index_switches(before);
        return !complete();
    }

    // --- going anywhere ---

    // The best copy to start from: the furthest one that `usable` accepts.
    template <typename Usable>
    const Kernel& base(Usable usable) const {
        const Kernel* best = &keyframes.front();
        const auto consider = [&](const Kernel& k) {
            if (usable(k) && k.steps() > best->steps()) best = &k;
        };
        for (const Kernel& k : keyframes) consider(k);
        for (const Kernel& k : near) consider(k);
        consider(cursor);
        return *best;
    }

    // Runs a copy on, comparing what it emits with what the log holds.
    void rerun(Kernel& k, const Kernel::Bound& bound) {
        scratch.clear();
        const std::uint64_t first_record = k.records();
        k.run(bound, &scratch);
        for (std::size_t i = 0; i < scratch.size() && first_record + i < log.size(); ++i)
            SY_ASSERT(scratch[i] == log[first_record + i], "a second run of a step did something else");
    }

    void remember(const Kernel& k) {
        near.push_back(k);
        if (near.size() > kNearFrames) near.pop_front();
    }

    // The state after `step` steps.
    Kernel state_at(std::uint64_t step) {
        Kernel k = base([&](const Kernel& c) { return c.steps() <= step; });
        // Copies at half, three quarters, … of a long way make the next step back short.
        while (step - k.steps() > 512) {
            rerun(k, {.steps = k.steps() + (step - k.steps()) / 2});
            if (k.end() != End::running) return k;
            remember(k);
        }
        rerun(k, {.steps = step});
        return k;
    }

    void seek_step(std::uint64_t step) {
        while (step > frontier.steps() && run_ahead(1u << 16)) {
        }
        step = std::min(step, frontier.steps());
        if (step == cursor.steps() && (has_report || step == 0)) return;
        has_report = false;
        if (step == 0) {
            cursor = keyframes.front();
            return;
        }
        if (step - 1 != cursor.steps()) cursor = state_at(step - 1);
        scratch.clear();
        const std::uint64_t record = cursor.records();
        has_report = cursor.step(&scratch, &report);
        for (std::size_t i = 0; i < scratch.size(); ++i)
            SY_ASSERT(scratch[i] == log[record + i], "a watched step did something else");
    }

    // Number of steps done when the bound is met for the first time.
    template <typename Usable>
    std::uint64_t steps_until(const Kernel::Bound& bound, Usable usable) {
        Kernel k = base(usable);
        rerun(k, bound);
        return std::min(k.steps(), frontier.steps());
    }
    std::uint64_t step_of_time(Nanos time) {
        while (frontier.next_time() <= time && run_ahead(1u << 16)) {
        }
        return steps_until({.steps = frontier.steps(), .time = time},
                           [&](const Kernel& k) { return k.now() <= time; });
    }
    std::uint64_t step_of_switch(std::uint64_t n) {
        while (frontier.switches() < n && run_ahead(1u << 16)) {
        }
        return steps_until({.steps = frontier.steps(), .switches = n},
                           [&](const Kernel& k) { return k.switches() < n; });
    }
    std::uint64_t step_of_records(std::uint64_t count) {
        while (frontier.records() < count && run_ahead(1u << 16)) {
        }
        return steps_until({.steps = frontier.steps(), .records = count},
                           [&](const Kernel& k) { return k.records() < count; });
    }

    // --- episodes ---

    const Episode& episode(std::uint64_t first_step, CpuId cpu) {
        const auto key = std::make_pair(first_step, cpu);
        const auto it = episodes.find(key);
        if (it != episodes.end()) return it->second;
        if (episodes.size() >= kCachedEpisodes) episodes.clear();
        return episodes[key] = tell_episode(state_at(first_step), cpu);
    }
};

Session::Session() : impl_(std::make_unique<Impl>()) {}
Session::~Session() = default;

std::unique_ptr<Session> Session::open(Scenario scenario, BootError& error, SessionLimits limits) {
    std::optional<Kernel> kernel = Kernel::boot(scenario, error);
    if (!kernel) return nullptr;
    std::unique_ptr<Session> s(new Session());
    Impl& d = *s->impl_;
    d.scenario = std::move(scenario);
    d.limits = limits;
    d.keyframe_limit = std::clamp<std::size_t>(limits.keyframe_bytes / std::max<std::size_t>(1, kernel->bytes()), 4,
                                               limits.keyframes);
    d.frontier = std::move(*kernel);
    d.keyframes.push_back(d.frontier);
    d.cursor = d.frontier;
    return s;
}

const Scenario& Session::scenario() const { return impl_->scenario; }
bool Session::run_ahead(std::uint64_t steps) { return impl_->run_ahead(steps); }
void Session::run_to_end() {
    while (impl_->run_ahead(1u << 20)) {
    }
}
bool Session::complete() const { return impl_->complete(); }
End Session::end() const {
    if (!impl_->limit_reached) return impl_->frontier.end();
    return impl_->frontier.steps() >= impl_->limits.steps ? End::step_limit : End::log_limit;
}
const Kernel& Session::frontier() const { return impl_->frontier; }
const Log& Session::log() const { return impl_->log; }
std::uint64_t Session::log_fingerprint() const { return impl_->log.fingerprint(); }
std::uint64_t Session::switch_count() const { return impl_->switch_records.size(); }
std::size_t Session::switch_record(std::uint64_t n) const {
    SY_ASSERT(n >= 1 && n <= switch_count(), "switches are numbered from 1");
    return impl_->switch_records[n - 1];
}

const Kernel& Session::now() const { return impl_->cursor; }
std::uint64_t Session::position() const { return impl_->cursor.steps(); }
Nanos Session::time() const { return impl_->cursor.now(); }
const StepReport* Session::last_step() const { return impl_->has_report ? &impl_->report : nullptr; }

void Session::seek_step(std::uint64_t step) { impl_->seek_step(step); }
void Session::seek_time(Nanos time) { impl_->seek_step(impl_->step_of_time(time)); }
void Session::seek_switch(std::uint64_t n) {
    if (n == 0)
        impl_->seek_step(0);
    else
        impl_->seek_step(impl_->step_of_switch(n));
}
void Session::seek_record(std::size_t index) { impl_->seek_step(impl_->step_of_records(index + 1)); }

namespace {

Nanos grain_length(const Kernel& k, Grain grain) {
    return grain == Grain::tick ? k.image().tick : kMilli;
}

}  // namespace

bool Session::forward(Grain grain) {
    Impl& d = *impl_;
    const std::uint64_t before = position();
    switch (grain) {
        case Grain::step: d.seek_step(before + 1); break;
        case Grain::phase: {
            const Episode& e = episode_at(before + 1);
            const std::uint64_t last = e.last_step + 1;
            std::uint64_t target = last;
            bool inside = false;
            Phase phase = Phase::entry;
            for (const StoryStep& s : e.steps) {
                if (s.report.number < before) continue;
                if (!inside) {
                    inside = true;
                    phase = s.phase;
                } else if (s.phase != phase) {
                    target = s.report.number;
                    break;
                }
            }
            d.seek_step(std::max(target, before + 1));
            break;
        }
        case Grain::record: d.seek_step(d.step_of_records(now().records() + 1)); break;
        case Grain::switch_: {
            d.seek_step(d.step_of_switch(now().switches() + 1));
            break;
        }
        case Grain::tick:
        case Grain::millisecond: {
            const Nanos length = grain_length(now(), grain);
            // To the first tick behind which something has happened: an idle machine may do nothing for several.
            const Nanos next = now().next_time();
            const Nanos grid = next > kNever - length ? next : (next + length - 1) / length * length;
            d.seek_step(std::max(d.step_of_time(grid), before + 1));
            break;
        }
    }
    return position() != before;
}

bool Session::back(Grain grain) {
    Impl& d = *impl_;
    const std::uint64_t before = position();
    if (before == 0) return false;
    std::uint64_t target = before - 1;
    switch (grain) {
        case Grain::step: break;
        case Grain::phase: {
            const Episode& e = episode_at(before);
            target = e.first_step;
            Phase phase = Phase::entry;
            bool any = false;
            for (const StoryStep& s : e.steps) {
                if (s.report.number >= before) break;
                if (any && s.phase != phase) target = s.report.number;
                any = true;
                phase = s.phase;
            }
            break;
        }
        case Grain::record: {
            // One step may emit several records: back to the last step before this one that emitted any.
            std::uint64_t n = now().records();
            do {
                target = n == 0 ? 0 : d.step_of_records(n);
            } while (target >= before && n-- > 0);
            break;
        }
        case Grain::switch_: {
            const std::uint64_t n = now().switches();
            target = n == 0 ? 0 : d.step_of_switch(n);
            if (target >= before) target = n <= 1 ? 0 : d.step_of_switch(n - 1);
            break;
        }
        case Grain::tick:
        case Grain::millisecond: {
            const Nanos length = grain_length(now(), grain);
            target = time() == 0 ? 0 : d.step_of_time((time() - 1) / length * length);
            break;
        }
    }
    d.seek_step(std::min(target, before - 1));
    return true;
}

bool Session::run_to_breakpoint() {
    Impl& d = *impl_;
    const Nanos start = time();
    std::uint64_t best = ~std::uint64_t{0};
    for (const Breakpoint& b : breakpoints)
        if (b.kind == Breakpoint::Kind::time && b.time > start) best = std::min(best, d.step_of_time(b.time));
    for (std::size_t i = now().records();; ++i) {
        while (i >= d.log.size() && d.run_ahead(1u << 16)) {
        }
        if (i >= d.log.size()) break;
        const Record& r = d.log[i];
        if (r.at > start + limits::duration_ns) break;
        for (const Breakpoint& b : breakpoints) {
            const bool to_task = b.kind == Breakpoint::Kind::switch_to && r.kind == RecordKind::sched_switch &&
                                 task_matches(d.frontier, r.a, b.task);
            const bool kind = b.kind == Breakpoint::Kind::record && r.kind == b.record;
            if (!to_task && !kind) continue;
            d.seek_step(std::min(best, d.step_of_records(i + 1)));
            return true;
        }
    }
    if (best == ~std::uint64_t{0}) return false;
    d.seek_step(best);
    return true;
}

const Episode& Session::episode_of_switch(std::uint64_t n) {
    Impl& d = *impl_;
    const std::uint64_t step = d.step_of_switch(n);
    SY_ASSERT(n >= 1 && n <= switch_count(), "switches are numbered from 1");
    const CpuId cpu = d.log[switch_record(n)].cpu;
    const Kernel k = d.state_at(step);
    return d.episode(k.cpus[cpu].episode_step, cpu);
}

const Episode& Session::episode_at(std::uint64_t position) {
    Impl& d = *impl_;
    while (position > d.frontier.steps() && d.run_ahead(1u << 16)) {
    }
    position = std::clamp<std::uint64_t>(position, 1, std::max<std::uint64_t>(1, d.frontier.steps()));
    Kernel k = d.state_at(position - 1);
    StepReport r;
    const Kernel before = k;
    if (!k.step(nullptr, &r)) return d.episode(k.cpus[0].episode_step, 0);
    std::uint64_t first = k.cpus[r.cpu].episode_step;
    if (first >= position) first = before.cpus[r.cpu].episode_step;
    return d.episode(std::min(first, position - 1), r.cpu);
}

std::vector<StoryStep> Session::tell(std::uint64_t from, std::uint64_t to) {
    Impl& d = *impl_;
    while (to > d.frontier.steps() && d.run_ahead(1u << 16)) {
    }
    to = std::min(to, d.frontier.steps());
    std::vector<StoryStep> out;
    if (from >= to) return out;
    Kernel k = d.state_at(from);
    StepReport r;
    while (k.steps() < to) {
        Teller teller(k);
        if (!k.step(nullptr, &r)) break;
        out.push_back(teller.tell(k, r));
    }
    return out;
}

Kernel Session::copy_at(std::uint64_t step) {
    Impl& d = *impl_;
    while (step > d.frontier.steps() && d.run_ahead(1u << 16)) {
    }
    return d.state_at(std::min(step, d.frontier.steps()));
}

std::size_t Session::memory_bytes() const {
    const Impl& d = *impl_;
    return d.keyframes.size() * d.frontier.cpus.size() * sizeof(Cpu) + d.frontier.bytes() +
           d.log.size() * sizeof(Record);
}
std::uint64_t Session::keyframe_interval() const { return impl_->interval; }

std::string fingerprint_text(std::uint64_t fingerprint) {
    char out[17];
    std::snprintf(out, sizeof out, "%016llx", static_cast<unsigned long long>(fingerprint));
    return out;
}

}  // namespace sy
