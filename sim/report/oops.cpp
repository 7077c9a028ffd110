#include "sim/report/oops.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "sim/kernel/broken.h"
#include "sim/report/rows.h"
#include "sim/scenario/breaks.h"
#include "sim/scenario/expects.h"
#include "sim/session/batch.h"
#include "sim/session/load.h"
#include "sim/session/storyteller.h"

namespace sy {

namespace {

using json = nlohmann::ordered_json;

bool is_lockup(const Oops& o) { return o.kind == Oops::Kind::soft_lockup || o.kind == Oops::Kind::hard_lockup; }

std::string symbol(std::uint64_t address) { return kernel_text().symbolize(address); }

// The steps around RIP: what `Code:` has bytes for.
std::string code(const Oops& o) {
    const KernelText& text = kernel_text();
    if (!text.contains(o.rip)) return "Unable to access opcode bytes at " + fmt::format("{:#x}", o.rip) + ".";
    const std::uint32_t at = text.step_at(o.rip);
    std::string out;
    for (std::uint32_t s = at >= 3 ? at - 3 : 0; s < text.size() && s <= at + 3; ++s) {
        if (&text.routine_of(s) != &text.routine_of(at)) continue;
        std::string word = step_listing(s);
        if (word.empty()) word = "…";
        out += (out.empty() ? "" : "; ") + (s == at ? "<" + word + ">" : word);
    }
    return out;
}

void add_registers(std::string& out, const std::string& stamp, const Oops& o) {
    const Regs& r = o.regs;
    const auto g = [&](Reg x) { return r[x]; };
    out += fmt::format("{}RIP: {:04x}:{}\n", stamp, r.cs, r.user() ? fmt::format("{:#x}", o.rip) : symbol(o.rip));
    if (!r.user()) out += stamp + "Code: " + code(o) + "\n";
    out += fmt::format("{}RSP: {:04x}:{:016x} EFLAGS: {:08x}\n", stamp, r.ss, g(Reg::rsp), r.rflags);
    const Reg rows[][3] = {{Reg::rax, Reg::rbx, Reg::rcx},
                           {Reg::rdx, Reg::rsi, Reg::rdi},
                           {Reg::rbp, Reg::r8, Reg::r9},
                           {Reg::r10, Reg::r11, Reg::r12},
                           {Reg::r13, Reg::r14, Reg::r15}};
    for (const auto& row : rows) {
        out += stamp;
        for (int i = 0; i < 3; ++i)
            out += fmt::format("{}{:>3}: {:016x}", i == 0 ? "" : " ", row[i] == Reg::r8   ? "R08"
                                                                       : row[i] == Reg::r9 ? "R09"
                                                                                           : reg_name(row[i]),
                               g(row[i]));
        out += '\n';
    }
    out += fmt::format("{}FS:  {:016x} GS:{:016x} knlGS:{:016x}\n", stamp, r.fs_base, r.gs_base, r.kernel_gs_base);
    out += fmt::format("{}CS:  {:04x} DS: 0000 ES: 0000\n", stamp, r.cs);
    out += fmt::format("{}CR2: {:016x} CR3: {:016x}\n", stamp, o.kind == Oops::Kind::page_fault ? o.address : r.cr2, r.cr3);
}

std::string breaks_of(const Kernel& k) {
    std::string out;
    for (const BreakDecl& how : k.image().scenario.breaks)
        out += (out.empty() ? "" : ", ") + scn::write_break(how).substr(6);
    return out;
}

}  // namespace

std::string oops_lines(const Kernel& k) {
    if (k.oops == nullptr) return {};
    const Oops& o = *k.oops;
    const std::string stamp = fmt::format("[{:5}.{:06}] ", o.at / kSecond, o.at % kSecond / 1000);
    std::string out = stamp + oops_title(k, o) + "\n";
    if (o.kind == Oops::Kind::page_fault) {
        const bool fetch = o.why.find("jump") != std::string::npos, write = o.why.find("write") != std::string::npos;
        out += fmt::format("{}#PF: supervisor {} in kernel mode\n", stamp,
                           fetch ? "instruction fetch" : write ? "write access" : "read access");
        out += fmt::format("{}#PF: error_code({:#06x}) - not-present page\n", stamp, fetch ? 0x10 : write ? 2 : 0);
        out += fmt::format("{}Oops: {:04x} [#1] PREEMPT SMP\n", stamp, fetch ? 0x10 : write ? 2 : 0);
    }
    const bool known = o.task != kNoTask;
    out += fmt::format("{}CPU: {} PID: {} Comm: {} Not tainted 6.1.0\n", stamp, o.cpu, known ? k.tasks[o.task].pid : 0,
                       known ? k.tasks[o.task].comm.data() : "?");
    add_registers(out, stamp, o);
    if (!o.regs.user()) {
        out += stamp + "Call Trace:\n" + stamp + " <TASK>\n";
        for (std::size_t i = 0; i < o.trace.size(); ++i)
            if (i != 0 || o.trace[i] != o.rip) out += stamp + " " + symbol(o.trace[i]) + "\n";
        out += stamp + " </TASK>\n";
    }
    out += stamp + (o.kind == Oops::Kind::stack_end || o.kind == Oops::Kind::double_fault ? "---[ end Kernel panic ]---\n"
                                                                                       : "---[ end trace 0000000000000000 ]---\n");
    return out;
}

std::string oops_as_text(const OopsReport& report, Lang lang) {
    const Kernel& k = report.kernel;
    std::string out = text("broken: {0}\n", "弄坏之处：{0}\n", {breaks_of(k)}).in(lang);
    out += text("end: {0}\n", "结局：{0}\n", {end_text(k, report.end).in(lang)}).in(lang);
    if (k.oops != nullptr) {
        out += "\n" + oops_lines(k);
        out += "\n" + text("noticed as: {0}, at step {1}\n", "察觉为：{0}，第 {1} 步\n", {k.oops->why, std::to_string(k.oops->step)}).in(lang);
    }
    if (report.crime == nullptr)
        return out + "\n" + text("The state never differed from that of the sound kernel.\n", "状态从未与完好的内核不同。\n").in(lang);
    const Crime& c = *report.crime;
    out += "\n" + text("moment of the crime: step {0}, {1}, CPU {2}{3}\n", "案发时刻：第 {0} 步，{1}，CPU {2}{3}\n",
                       {std::to_string(c.step), show_time(c.at), std::to_string(c.cpu), c.where.empty() ? "" : ", " + c.where})
                      .in(lang);
    if (!c.what.in(lang).empty()) out += "  " + c.what.in(lang) + "\n";
    if (!c.why.in(lang).empty()) out += "  " + c.why.in(lang) + "\n";
    for (const Crime::Difference& d : c.differences)
        out += fmt::format("  {:<20} {} {:016x}  {} {:016x}\n", d.place, lang == Lang::zh ? "完好" : "sound", d.sound,
                           lang == Lang::zh ? "弄坏" : "broken", d.broken);
    if (k.oops != nullptr)
        out += text("from there to the end: {0} steps\n", "从那里到结局：{0} 步\n", {std::to_string(k.oops->step - std::min(c.step, k.oops->step))})
                   .in(lang);
    return out;
}

std::string oops_as_json(const OopsReport& report, Lang lang) {
    const Kernel& k = report.kernel;
    json j;
    j["broken"] = json::array();
    for (const BreakDecl& how : k.image().scenario.breaks) j["broken"].push_back(scn::write_break(how).substr(6));
    j["end"] = end_name(report.end);
    j["end_text"] = end_text(k, report.end).in(lang);
    const auto hex = [](std::uint64_t v) { return fmt::format("{:#018x}", v); };
    if (k.oops != nullptr) {
        const Oops& o = *k.oops;
        json& e = j["oops"];
        e["kind"] = scn::oops_words()[static_cast<std::size_t>(o.kind)];
        e["title"] = oops_title(k, o);
        e["why"] = o.why;
        e["time_ns"] = o.at;
        e["step"] = o.step;
        e["cpu"] = o.cpu;
        e["pid"] = o.task != kNoTask ? k.tasks[o.task].pid : 0;
        e["comm"] = o.task != kNoTask ? k.tasks[o.task].comm.data() : "";
        if (!is_lockup(o)) e["address"] = hex(o.address);
        e["rip"] = symbol(o.rip);
        for (int r = 0; r < kGeneralRegs; ++r) e["registers"][reg_name(static_cast<Reg>(r))] = hex(o.regs.g[static_cast<std::size_t>(r)]);
        e["registers"]["RFLAGS"] = hex(o.regs.rflags);
        e["registers"]["CR3"] = hex(o.regs.cr3);
        e["trace"] = json::array();
        for (const std::uint64_t a : o.trace) e["trace"].push_back(symbol(a));
        e["text"] = oops_lines(k);
    } else {
        j["oops"] = nullptr;
    }
    if (report.crime != nullptr) {
        const Crime& c = *report.crime;
        json& e = j["crime"];
        e["step"] = c.step;
        e["time_ns"] = c.at;
        e["cpu"] = c.cpu;
        e["where"] = c.where;
        e["what"] = c.what.in(lang);
        e["differences"] = json::array();
        for (const Crime::Difference& d : c.differences)
            e["differences"].push_back({{"place", d.place}, {"sound", hex(d.sound)}, {"broken", hex(d.broken)}});
    } else {
        j["crime"] = nullptr;
    }
    return j.dump(2) + "\n";
}

}  // namespace sy
