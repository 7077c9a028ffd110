#include "sim/model/shared.h"

#include <algorithm>

namespace sy {

namespace {

template <typename Actions>
auto place_of(Actions& actions, int signal) {
    return std::lower_bound(actions.begin(), actions.end(), signal,
                            [](const SigAction& a, int s) { return a.signal < s; });
}

}  // namespace

namespace {

// By number, from 1 (include/uapi/asm-generic/signal.h, x86-64).
constexpr std::string_view kSignalNames[] = {
    "HUP",  "INT",  "QUIT", "ILL",    "TRAP", "ABRT", "BUS",  "FPE",  "KILL", "USR1",   "SEGV",
    "USR2", "PIPE", "ALRM", "TERM",   "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN",   "TTOU",
    "URG",  "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO",   "PWR",  "SYS"};

}  // namespace

std::string signal_name(int number) {
    const auto i = static_cast<std::size_t>(number - 1);
    return i < std::size(kSignalNames) ? std::string(kSignalNames[i]) : std::to_string(number);
}

int signal_number(std::string_view name) {
    if (name.starts_with("SIG")) name.remove_prefix(3);
    for (std::size_t i = 0; i < std::size(kSignalNames); ++i)
        if (kSignalNames[i] == name) return static_cast<int>(i) + 1;
    return 0;
}

const SigAction* SighandStruct::find(int signal) const {
    const auto it = place_of(actions, signal);
    return it != actions.end() && it->signal == signal ? &*it : nullptr;
}

void SighandStruct::set(const SigAction& action) {
    const auto it = place_of(actions, action.signal);
    const bool is_there = it != actions.end() && it->signal == action.signal;
    const bool is_default = action.handler == kSigDfl && action.flags == 0 && action.mask == 0;
    if (is_there && is_default)
        actions.erase(it);
    else if (is_there)
        *it = action;
    else if (!is_default)
        actions.insert(it, action);
}

std::uint64_t SighandStruct::ignored() const {
    std::uint64_t out = 0;
    for (const SigAction& a : actions)
        if (a.handler == kSigIgn) out |= sig::bit(a.signal);
    return out;
}

std::uint64_t SighandStruct::caught() const {
    std::uint64_t out = 0;
    for (const SigAction& a : actions)
        if (a.handler != kSigIgn && a.handler != kSigDfl) out |= sig::bit(a.signal);
    return out;
}

const char* shared_kind_name(SharedKind kind) {
    static constexpr const char* kNames[] = {"mm", "files", "fs", "sighand", "signal"};
    static_assert(std::size(kNames) == kSharedKinds);
    return kNames[static_cast<std::size_t>(kind)];
}

}  // namespace sy
