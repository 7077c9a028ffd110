#include "sim/session/crime.h"

#include <algorithm>
#include <cstdio>

#include "sim/base/assert.h"
#include "sim/kernel/broken.h"
#include "sim/kernel/inspect.h"
#include "sim/session/episode.h"
#include "sim/session/storyteller.h"

namespace sy {

namespace {

constexpr std::uint64_t kStretch = 2'048;   // steps between two looks at the whole state
constexpr std::size_t kMostDifferences = 8;

// One step; false: the run is over.
bool advance_one(Kernel& k, StepReport& report) {
    const BrokenGround ground;
    return k.step(nullptr, &report);
}

// Cheap to compare after every step: what a CPU holds.
bool same_cpus(const Kernel& a, const Kernel& b) {
    for (std::size_t c = 0; c < a.cpus.size(); ++c) {
        const Cpu& x = a.cpus[c];
        const Cpu& y = b.cpus[c];
        if (x.clock != y.clock || x.pc != y.pc || x.regs.g != y.regs.g || x.regs.rflags != y.regs.rflags ||
            x.regs.rip != y.regs.rip || x.regs.gs_base != y.regs.gs_base || x.regs.cr3 != y.regs.cr3)
            return false;
    }
    return true;
}
bool same(const Kernel& a, const Kernel& b) { return same_cpus(a, b) && a.fingerprint() == b.fingerprint(); }

void compare(std::vector<Crime::Difference>& out, const char* place, std::uint64_t sound, std::uint64_t broken) {
    if (sound != broken && out.size() < kMostDifferences) out.push_back({place, sound, broken});
}

std::vector<Crime::Difference> differences(const Kernel& sound, const Kernel& broken, CpuId id, const StepReport& sound_step,
                                           const StepReport& broken_step) {
    std::vector<Crime::Difference> out;
    const Regs& a = sound.cpus[id].regs;
    const Regs& b = broken.cpus[id].regs;
    for (int r = 0; r < kGeneralRegs; ++r) compare(out, reg_name(static_cast<Reg>(r)), a.g[r], b.g[r]);
    compare(out, "RIP", sound.rip(sound.cpus[id]), broken.rip(broken.cpus[id]));
    compare(out, "RFLAGS", a.rflags, b.rflags);
    compare(out, "CR3", a.cr3, b.cr3);
    compare(out, "GS base", a.gs_base, b.gs_base);
    // Words of memory that one of the two wrote in this step.
    const auto word = [](const Kernel& k, const Place& p) {
        try {
            return p.kind == Place::Kind::word ? k.stacks.read(p.address) : k.read_user(static_cast<MmId>(p.owner), p.address);
        } catch (const KernelFault&) {
            return std::uint64_t{0};
        }
    };
    for (const StepReport* r : {&sound_step, &broken_step})
        for (const Move& m : r->moves) {
            if (m.to.kind != Place::Kind::word && m.to.kind != Place::Kind::user_word) continue;
            char name[40];
            std::snprintf(name, sizeof name, "[%016llx]", static_cast<unsigned long long>(m.to.address));
            if (std::none_of(out.begin(), out.end(), [&](const auto& d) { return d.place == name; }))
                compare(out, name, word(sound, m.to), word(broken, m.to));
        }
    for (MmId id_mm = 0; id_mm < sound.mms.size() && id_mm < broken.mms.size(); ++id_mm) {
        const Mm& x = sound.mms[id_mm];
        const Mm& y = broken.mms[id_mm];
        const std::string mm = "mm " + std::to_string(id_mm);
        compare(out, (mm + " mm_users").c_str(), static_cast<std::uint64_t>(x.users), static_cast<std::uint64_t>(y.users));
        compare(out, (mm + " mm_count").c_str(), static_cast<std::uint64_t>(x.count), static_cast<std::uint64_t>(y.count));
    }
    return out;
}

}  // namespace

CrimeSearch::CrimeSearch(const Scenario& scenario) {
    Scenario sound = scenario;
    sound.breaks.clear();
    BootError error;
    broken_ = Kernel::boot(scenario, error);
    sound_ = Kernel::boot(sound, error);
    over_ = !broken_ || !sound_;
}

bool CrimeSearch::advance(std::uint64_t steps) {
    const BrokenGround ground;
    for (std::uint64_t done = 0; done < steps && !over_; done += kStretch) over_ = !stretch();
    return !over_;
}

// False: it is over.
bool CrimeSearch::stretch() {
    const Kernel broken_before = *broken_, sound_before = *sound_;
    StepReport report;
    bool differs = false, ends = false;
    for (std::uint64_t i = 0; i < kStretch && !differs && !ends; ++i) {
        const bool goes_on = advance_one(*broken_, report);
        ends = !advance_one(*sound_, report) || !goes_on;
        differs = !same_cpus(*sound_, *broken_) || broken_->end() == End::oops;
    }
    if (!differs && same(*sound_, *broken_)) return !ends;
    look_closely(sound_before, broken_before);
    return false;
}

// The stretch once more, looking at everything after each step.
void CrimeSearch::look_closely(const Kernel& sound_before, const Kernel& broken_before) {
    *broken_ = broken_before;
    *sound_ = sound_before;
    StepReport broken_report, sound_report;
    for (;;) {
        const Teller teller(*broken_);
        const bool goes_on = advance_one(*broken_, broken_report);
        if (!advance_one(*sound_, sound_report) && !goes_on) return;
        if (same(*sound_, *broken_) && broken_->end() != End::oops) continue;
        const StoryStep told = teller.tell(*broken_, broken_report);
        Crime crime;
        crime.step = broken_report.number;
        crime.at = broken_report.at;
        crime.cpu = broken_report.cpu;
        crime.where = told.routine;
        crime.what = {.en = told.what.en, .zh = told.what.zh};
        crime.why = {.en = told.why.en, .zh = told.why.zh};
        crime.differences = differences(*sound_, *broken_, crime.cpu, sound_report, broken_report);
        found_ = std::move(crime);
        return;
    }
}

std::optional<Crime> find_crime(const Scenario& scenario, std::uint64_t most_steps,
                                const std::function<bool(std::uint64_t)>& progress) {
    CrimeSearch search(scenario);
    while (search.steps() < most_steps && search.advance(16 * kStretch))
        if (progress && !progress(search.steps())) break;
    return search.found();
}

}  // namespace sy
