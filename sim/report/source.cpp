#include "sim/report/source.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string_view>

#include "sim/kernel/events.h"
#include "sim/machine/alu.h"
#include "sim/program/insn.h"
#include "sim/report/stores.h"
#include "sim/session/storyteller.h"

namespace sy {
namespace {

std::string hex_of(std::uint64_t v) {
    char out[20];
    std::snprintf(out, sizeof out, "0x%llx", static_cast<unsigned long long>(v));
    return out;
}

std::string bytes_of(const Insn& in) {
    std::string out;
    char two[4];
    for (int i = 0; i < in.length && i < 15; ++i) {
        std::snprintf(two, sizeof two, "%02x", static_cast<unsigned>(in.code[i]));
        out += (out.empty() ? "" : " ") + std::string(two);
    }
    return out;
}

// Threads of the process with their user RIPs.
std::vector<std::pair<TaskId, std::uint64_t>> threads_of(const Kernel& k, TaskId task) {
    std::vector<std::pair<TaskId, std::uint64_t>> out;
    const Task& t = k.tasks[task];
    for (TaskId id = 0; id < k.tasks.size() && out.size() < 64; ++id) {
        const Task& other = k.tasks[id];
        if (!other.is_live || other.mm != t.mm || other.program != t.program || other.is_kthread()) continue;
        if (const auto rip = k.user_reg(id, PtReg::rip)) out.emplace_back(id, *rip);
    }
    return out;
}

std::vector<CodeRow> code_rows(const Kernel& k, TaskId task) {
    const Program& p = k.program_of(k.tasks[task]);
    std::vector<CodeRow> rows;
    for (std::uint32_t i = 0; i < p.ops.size(); ++i) {
        const UserOp& op = p.ops[i];
        if (op.kind != UserOp::Kind::asm_code) {
            const bool same = i > 0 && p.ops[i - 1].kind != UserOp::Kind::asm_code && p.ops[i - 1].pos.line == op.pos.line;
            if (!same) rows.push_back({.line = op.pos.line, .address = p.address(i), .label = {}, .bytes = {}, .text = {}, .here = {}});
            continue;
        }
        auto in = std::lower_bound(p.code.begin(), p.code.end(), p.address(i), [](const Insn& a, std::uint64_t at) { return a.address < at; });
        for (; in != p.code.end() && in->address < p.address(i) + 16; ++in) {
            CodeRow row{.line = in->pos.line, .address = in->address, .label = {}, .bytes = bytes_of(*in), .text = in->text, .here = {}};
            for (const auto& [label, at] : p.labels)
                if (at == in->address) row.label = label;
            rows.push_back(std::move(row));
        }
    }
    for (const auto& [id, rip] : threads_of(k, task)) {
        const auto behind = std::upper_bound(rows.begin(), rows.end(), rip, [](std::uint64_t at, const CodeRow& r) { return at < r.address; });
        if (behind == rows.begin() || p.op_at(rip) >= p.ops.size()) continue;
        CodeRow& row = *(behind - 1);
        row.here.push_back(id);
        row.is_current = row.is_current || id == task;
    }
    return rows;
}

std::uint64_t seen_by(const Kernel& k, CpuId cpu, MmId mm, std::uint64_t address) {
    std::uint64_t word = k.read_user(mm, address);
    if (cpu == kNoCpu) return word;
    for (const BufferedStore& s : k.cpus[cpu].stores)
        if (s.mm == mm && s.address == address) word = (word & ~s.mask) | (s.value & s.mask);
    return word;
}

std::vector<WordRow> word_rows(const Kernel& k, const SourceView& view) {
    const Task& t = k.tasks[view.task];
    const Program& p = k.program_of(t);
    std::vector<WordRow> rows;
    const auto add = [&](const std::string& name, std::uint64_t address, std::uint64_t words, bool is_local) {
        for (std::uint64_t i = 0; i < words && i < 64 && rows.size() < 512; ++i) {
            const std::uint64_t at = address + 8 * i;
            rows.push_back({words == 1 ? name : name + "+" + std::to_string(8 * i), at, k.read_user(t.mm, at),
                            seen_by(k, view.cpu, t.mm, at), is_local});
        }
    };
    for (const Variable& v : p.variables)
        if (v.kind == Variable::Kind::shared) add(v.name, v.address, static_cast<std::uint64_t>(v.count), false);
    const std::uint32_t op = p.op_at(view.rip);
    for (const LocalVariable& v : p.locals) {
        if (op < v.begin || (v.end != 0 && op >= v.end)) continue;
        add(v.name, local_frame(k, view.task) + v.offset, v.words, true);
    }
    return rows;
}

std::string_view line_of_text(std::string_view source, std::int32_t line) {
    for (std::int32_t n = 1; n < line; ++n) {
        const std::size_t end = source.find('\n');
        if (end == std::string_view::npos) return {};
        source.remove_prefix(end + 1);
    }
    source = source.substr(0, source.find('\n'));
    while (!source.empty() && (source.front() == ' ' || source.front() == '\t')) source.remove_prefix(1);
    return source;
}

std::string padded(std::string text, std::size_t width) {
    if (text.size() < width) text.append(width - text.size(), ' ');
    return text;
}

}  // namespace

TaskId source_task(const Kernel& k, CpuId cpu) {
    if (cpu >= k.cpus.size()) return kNoTask;
    const TaskId id = k.cpus[cpu].current_task;
    return id < k.tasks.size() && k.tasks[id].mm != kNoMm && !k.tasks[id].is_kthread() ? id : kNoTask;
}

std::string condition_flags(std::uint64_t flags) {
    constexpr std::pair<std::uint64_t, const char*> kFlags[] = {{alu::cf, "CF"}, {alu::pf, "PF"}, {alu::af, "AF"},
                                                                {alu::zf, "ZF"}, {alu::sf, "SF"}, {alu::of, "OF"}};
    std::string out;
    for (const auto& [bit, name] : kFlags)
        if ((flags & bit) != 0) out += (out.empty() ? "" : " ") + std::string(name);
    return out.empty() ? "-" : out;
}

SourceView source_view(const Kernel& k, TaskId task) {
    SourceView view;
    if (task >= k.tasks.size() || k.tasks[task].mm == kNoMm || k.tasks[task].is_kthread() || !k.tasks[task].is_live) return view;
    const auto rip = k.user_reg(task, PtReg::rip);
    if (!rip) return view;
    view.task = task;
    view.rip = *rip;
    view.rflags = k.user_reg(task, PtReg::rflags).value_or(0);
    for (const Cpu& c : k.cpus)
        if (c.current_task == task && c.regs.user()) view.cpu = c.id;
    for (const auto& [name, reg] : {std::pair{"RAX", PtReg::rax}, {"RBX", PtReg::rbx}, {"RCX", PtReg::rcx}, {"RDX", PtReg::rdx},
                                    {"RSI", PtReg::rsi}, {"RDI", PtReg::rdi}, {"RBP", PtReg::rbp}, {"RSP", PtReg::rsp},
                                    {"R8", PtReg::r8}, {"R9", PtReg::r9}, {"R10", PtReg::r10}, {"R11", PtReg::r11},
                                    {"R12", PtReg::r12}, {"R13", PtReg::r13}, {"R14", PtReg::r14}, {"R15", PtReg::r15}})
        view.registers.emplace_back(name, k.user_reg(task, reg).value_or(0));
    view.code = code_rows(k, task);
    for (const CodeRow& row : view.code)
        if (row.is_current) view.line = row.line;
    view.words = word_rows(k, view);
    return view;
}

std::string source_text(const Kernel& k, TaskId task, std::string_view source, Lang lang, int around) {
    const SourceView view = source_view(k, task);
    if (view.task == kNoTask) return {};
    std::string out = text("{0} (pid {1}) at {2}, {3} ns", "{0}（pid {1}）位于 {2}，{3} ns",
                           {display_name(k, task), std::to_string(k.tasks[task].pid), k.program_of(k.tasks[task]).symbolize(view.rip),
                            std::to_string(k.now())})
                          .in(lang);
    out += view.cpu != kNoCpu ? text(", on CPU {0}\n", "，在 CPU {0} 上\n", {std::to_string(view.cpu)}).in(lang)
                              : text(", not in user mode now\n", "，此刻不在用户态\n").in(lang);
    std::size_t at = view.code.size();
    for (std::size_t i = 0; i < view.code.size(); ++i)
        if (view.code[i].is_current) at = i;
    const std::size_t reach = static_cast<std::size_t>(std::max(0, around));
    const std::size_t from = at >= view.code.size() ? 0 : at - std::min(at, reach);
    for (std::size_t i = from; i < view.code.size() && i <= at + reach; ++i) {
        const CodeRow& r = view.code[i];
        if (!r.label.empty()) out += "              " + r.label + ":\n";
        std::string others;
        for (const TaskId id : r.here)
            if (id != task) others += (others.empty() ? "   <- " : ", ") + display_name(k, id);
        std::string what = r.text.empty() ? std::string(line_of_text(source, r.line)) : r.text;
        out += std::string(r.is_current ? "=> " : "   ") + padded(r.line > 0 ? std::to_string(r.line) : "", 5) + " " + padded(hex_of(r.address), 10) + "  " +
               padded(r.bytes, 30) + " " + what + others + "\n";
    }
    out += "  " + text("flags {0}", "标志 {0}", {condition_flags(view.rflags)}).in(lang) + "\n";
    for (std::size_t i = 0; i < view.registers.size(); ++i) {
        const auto& [name, value] = view.registers[i];
        out += (i % 4 == 0 ? "  " : "") + padded(padded(name, 3) + " " + hex_of(value), 24) + (i % 4 == 3 ? "\n" : "");
    }
    for (const WordRow& w : view.words) {
        out += "  " + padded(w.name, 16) + " " + padded(hex_of(w.address), 16) + "  " + padded(hex_of(w.memory), 12) + " " +
               std::to_string(static_cast<std::int64_t>(w.memory));
        if (w.seen != w.memory)
            out += text("   its CPU sees {0}", "   它的 CPU 看到 {0}", {hex_of(w.seen)}).in(lang);
        out += "\n";
    }
    return out + stores_text(k, lang);
}

using Json = nlohmann::ordered_json;

std::string source_json(const Kernel& k, TaskId task) {
    const SourceView view = source_view(k, task);
    if (view.task == kNoTask) return "null";
    Json j = {{"task", std::string(display_name(k, task))},
              {"pid", k.tasks[task].pid},
              {"cpu", view.cpu == kNoCpu ? Json(nullptr) : Json(view.cpu)},
              {"at_ns", k.now()},
              {"step", k.steps()},
              {"rip", hex_of(view.rip)},
              {"symbol", k.program_of(k.tasks[task]).symbolize(view.rip)},
              {"line", view.line},
              {"flags", condition_flags(view.rflags)},
              {"rflags", view.rflags}};
    for (const auto& [name, value] : view.registers) j["registers"][name] = value;
    j["code"] = Json::array();
    for (const CodeRow& r : view.code) {
        Json here = Json::array();
        for (const TaskId id : r.here) here.push_back(std::string(display_name(k, id)));
        j["code"].push_back({{"line", r.line}, {"address", hex_of(r.address)}, {"label", r.label}, {"bytes", r.bytes},
                             {"text", r.text}, {"current", r.is_current}, {"threads", std::move(here)}});
    }
    j["words"] = Json::array();
    for (const WordRow& w : view.words)
        j["words"].push_back({{"name", w.name}, {"address", hex_of(w.address)}, {"memory", w.memory}, {"seen", w.seen}, {"local", w.is_local}});
    if (k.image().scenario.machine.tso) j["store_buffers"] = Json::parse(stores_as_json(k));
    return j.dump(1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace sy
