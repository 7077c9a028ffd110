// Sentences of the string table with the slice's facts in them.
#include "gui/model/lane_words.h"

#include <array>
#include <cmath>

#include "gui/model/facts.h"
#include "gui/model/figures.h"
#include "gui/strings/strings.h"

namespace sy::gui {

using SK = Slice::Kind;

namespace {

std::string irq_text(const Kernel& k, std::uint16_t reason) {
    if (reason == kTimerVector) return std::string(tr(Str::slice_timer));
    if (reason == kRescheduleVector) return "reschedule";
    for (std::size_t d = 0; d < k.image().scenario.devices.size(); ++d)
        if (k.image().scenario.devices[d].irq == reason) return k.image().scenario.devices[d].name;
    return "irq " + std::to_string(reason);
}

std::string slice_text(const Kernel& k, const Slice& s) {
    switch (s.kind) {
        case SK::running:
            return tr(Str::slice_running, {task_name(k, s.task), std::to_string(s.cpu)});
        case SK::runnable:
            return tr(Str::slice_runnable, {task_name(k, s.task)});
        case SK::sleeping:
            return s.reason == Slice::kNoReason
                       ? tr(Str::slice_sleeping, {task_name(k, s.task)})
                       : tr(Str::slice_sleeping_in, {task_name(k, s.task), syscall_name(s.reason)});
        case SK::idle:
            return tr(Str::slice_idle, {std::to_string(s.cpu)});
        case SK::syscall:
            return tr(Str::slice_syscall, {syscall_name(s.reason), task_name(k, s.task)});
        case SK::softirq:
            return tr(Str::slice_softirq, {softirq_name(s.reason)});
        case SK::irq:
            return tr(Str::slice_irq, {irq_text(k, s.reason)});
    }
    return {};
}

}  // namespace

std::string slice_facts(const Kernel& k, const Slice& s, Nanos now) {
    const Nanos end = s.end == kNever ? now : s.end;
    return slice_text(k, s) + "\n" + format_time(s.begin) + " – " + format_time(end) + "\n" +
           format_span(end - s.begin);
}

std::string fold_facts(const LanePicture::Fold& fold) {
    std::string out = tr(Str::timeline_folded, {format_count(static_cast<std::int64_t>(fold.events))}) + "\n" +
                      format_time(fold.begin) + " – " + format_time(fold.end) + "\n" + format_span(fold.end - fold.begin);
    constexpr std::array<std::pair<SK, Str>, 7> kinds = {{{SK::running, Str::share_running},
                                                          {SK::runnable, Str::share_runnable},
                                                          {SK::sleeping, Str::share_sleeping},
                                                          {SK::idle, Str::share_idle},
                                                          {SK::syscall, Str::share_syscall},
                                                          {SK::softirq, Str::share_softirq},
                                                          {SK::irq, Str::share_irq}}};
    for (const auto& [kind, name] : kinds) {
        const float share = fold.share[static_cast<std::size_t>(kind)];
        if (share > 0) out += "\n" + std::string(tr(name)) + " " + format_share(share);
    }
    return out;
}

std::string format_share(double share) {
    const auto tenths = static_cast<int>(std::lround(share * 1000));
    if (tenths == 0 && share > 0) return "< 0.1 %";
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " %";
}

const char* slice_kind_name(SK kind) {
    constexpr std::array kinds = {"running", "runnable", "sleeping", "idle", "syscall", "softirq", "irq"};
    return kinds[static_cast<std::size_t>(kind)];
}

}  // namespace sy::gui
