#include "sim/analysis/accesses.h"

#include <algorithm>

#include "sim/kernel/areas.h"
#include "sim/kernel/events.h"

namespace sy {

namespace {

using M = Mnemonic;
using Kind = UserOp::Kind;

// Space in the upper bits: address spaces by their number for ever, shared files apart from them.
constexpr unsigned kSpaceShift = 44;
constexpr std::uint64_t kFileSpace = std::uint64_t{1} << 63;

// Registers of a task that was interrupted in user mode: they lie in its pt_regs.
struct SavedRegs {
    const Kernel& k;
    TaskId task;
    std::uint64_t operator[](Reg r) const {
        PtReg at = PtReg::rsp;
        for (int i = 0; r != Reg::rsp && i < 15; ++i)
            if (pt_reg_source(i) == r) at = static_cast<PtReg>(i);
        return k.user_reg(task, at).value_or(0);
    }
};

// What an instruction does to the operand in memory.
struct OperandUse {
    bool read = false, write = false;
};
OperandUse use_of(const Insn& in, std::size_t which) {
    if (which == 1) return {true, in.op == M::xchg};
    switch (in.op) {
        case M::cmp: case M::test: case M::mul: case M::imul: case M::div: case M::idiv: case M::push: case M::jmp: case M::call:
            return {true, false};
        case M::mov: case M::setcc: case M::pop: return {false, true};
        default: return {true, true};
    }
}
std::uint8_t operand_bytes(const Insn& in, std::size_t which) {
    if (which == 0) return in.op == M::jmp || in.op == M::call ? std::uint8_t{8} : in.op == M::setcc ? std::uint8_t{1} : in.bytes;
    return in.op == M::movzx || in.op == M::movsx || in.op == M::movsxd ? in.arg[1].bytes : in.bytes;
}

void add_access(PendingOp& out, std::uint64_t at, unsigned bytes, bool read, bool write) {
    for (std::uint64_t word = at & ~std::uint64_t{7}; word < at + bytes && bytes != 0; word += 8) {
        if (out.accesses == out.access.size()) return;
        std::uint8_t mask = 0;
        for (unsigned i = 0; i < 8; ++i)
            if (word + i >= at && word + i < at + bytes) mask = static_cast<std::uint8_t>(mask | 1u << i);
        out.access[out.accesses++] = {word, mask, read, write};
    }
}

template <class Registers>
void of_instruction(PendingOp& out, const Registers& regs) {
    const Insn& in = *out.insn;
    bool in_memory = false;
    for (std::size_t i = 0; i < 2 && in.op != M::lea && in.op != M::nop; ++i) {
        const Operand& o = in.arg[i];
        if (!o.is_mem()) continue;
        in_memory = true;
        std::uint64_t at = static_cast<std::uint64_t>(o.value);
        if (o.base >= 0) at += regs[static_cast<Reg>(o.base)];
        if (o.index >= 0) at += regs[static_cast<Reg>(o.index)] * o.scale;
        if (in.op == M::pop && o.base == static_cast<int>(Reg::rsp)) at += 8;
        const OperandUse use = use_of(in, i);
        add_access(out, at, operand_bytes(in, i), use.read, use.write);
    }
    if (in.op == M::push || in.op == M::call) add_access(out, regs[Reg::rsp] - 8, 8, false, true);
    if (in.op == M::pop || in.op == M::ret) add_access(out, regs[Reg::rsp], 8, true, false);
    out.locked = in.lock || (in.op == M::xchg && in_memory);
    out.syscall = in.op == M::syscall;
    out.drains = out.locked || out.syscall || in.op == M::mfence || in.op == M::int3 || in.op == M::ud2 || in.op == M::hlt;
}

SyncStep sync_step(Kind kind) {
    switch (kind) {
        case Kind::lock_try: case Kind::lock_wait: case Kind::pi_try: case Kind::write_try: case Kind::sem_take: return SyncStep::take;
        case Kind::read_try: return SyncStep::take_shared;
        case Kind::unlock: case Kind::pi_unlock: case Kind::sem_post: case Kind::cond_bump: case Kind::barrier_open:
            return SyncStep::give;
        case Kind::rw_unlock: return SyncStep::give_any;
        case Kind::barrier_arrive: return SyncStep::meet;
        case Kind::barrier_check: case Kind::join_check: case Kind::cond_again: return SyncStep::pass;
        case Kind::sem_leave: case Kind::cond_enter: case Kind::cond_leave: case Kind::barrier_enter: case Kind::rw_wait:
        case Kind::rw_leave: return SyncStep::look;
        default: return SyncStep::none;
    }
}

template <class Registers>
void of_operation(const Kernel& k, PendingOp& out, const Registers& regs) {
    const UserOp& op = *out.op;
    out.drains = true;   // verbs are made of locked instructions
    out.sync = sync_step(op.kind);
    if (out.sync != SyncStep::none) {
        out.object = op.data;
        out.locked = true;
        add_access(out, op.data, 8, true, out.sync != SyncStep::pass);
        return;
    }
    const bool through = op.base == UserOp::Base::pointer;
    switch (op.kind) {
        case Kind::load_word:
        case Kind::store_word: {
            std::uint64_t at = op.arg[0];
            if (through) {
                add_access(out, op.data, 8, true, false);
                at += k.read_user(out.mm, op.data);
            } else if (op.base == UserOp::Base::stack) {
                at = paging::page_of(regs[Reg::rsp]) - op.arg[0];
            }
            add_access(out, at & ~std::uint64_t{7}, 8, true, op.kind == Kind::store_word);
            return;
        }
        case Kind::touch_start: case Kind::system_call:
            if (through) add_access(out, op.data, 8, true, false);
            return;
        case Kind::touch_next: add_access(out, regs[Reg::rdi] & ~std::uint64_t{7}, 8, true, true); return;
        case Kind::keep_result: add_access(out, op.data, 8, false, true); return;
        case Kind::store: {
            const Variable* v = out.program->variable_at(op.data);
            if (v != nullptr && v->kind == Variable::Kind::shared) add_access(out, op.data, 8, false, true);
            return;
        }
        case Kind::syscall: out.syscall = true; return;
        case Kind::burst: out.burst = true; return;
        default: return;
    }
}

template <class Registers>
PendingOp decode(const Kernel& k, const Program& p, MmId mm, std::uint64_t rip, const Registers& regs) {
    PendingOp out;
    out.program = &p;
    out.mm = mm;
    out.rip = rip;
    const std::uint32_t here = p.op_at(rip);
    if (here >= p.ops.size() || p.ops[here].kind == Kind::asm_code) {
        out.insn = p.insn_at(rip);
        if (out.insn != nullptr) of_instruction(out, regs);
        return out;
    }
    out.op = &p.ops[here];
    of_operation(k, out, regs);
    return out;
}

}  // namespace

WordKey word_key(const Kernel& k, MmId mm, std::uint64_t address) {
    const Mm& m = k.mms[mm];
    for (const Vma& v : m.mapped)
        if (v.is_shared() && v.contains(address))
            return kFileSpace | std::uint64_t{v.file} << kSpaceShift |
                   (std::uint64_t{v.pgoff} * paging::page_bytes + (address - v.start)) >> 3;
    return (m.ctx_id & 0x7'ffff) << kSpaceShift | (address & 0x7fff'ffff'ffff) >> 3;
}

std::uint64_t address_of_key(WordKey key) { return (key & ((std::uint64_t{1} << kSpaceShift) - 1)) << 3; }

PendingOp pending_on(const Kernel& k, const Cpu& cpu) {
    if (!cpu.regs.user()) return {};
    const Task& t = k.tasks[cpu.current_task];
    if (t.mm == kNoMm) return {};
    return decode(k, k.program_of(t), t.mm, cpu.regs.rip, cpu.regs);
}

PendingOp pending_of(const Kernel& k, TaskId task) {
    const Task& t = k.tasks[task];
    if (t.mm == kNoMm || t.is_kthread()) return {};
    if (t.on_cpu && k.cpus[t.cpu].current_task == task && k.cpus[t.cpu].regs.user()) return pending_on(k, k.cpus[t.cpu]);
    return decode(k, k.program_of(t), t.mm, k.user_reg(task, PtReg::rip).value_or(0), SavedRegs{k, task});
}

namespace {

const char* verb_of(const UserOp& op) {
    switch (op.kind) {
        case Kind::load_word: return "load";
        case Kind::store_word: return "store";
        case Kind::touch_start: case Kind::touch_next: return "touch";
        case Kind::lock_try: case Kind::lock_wait: case Kind::pi_try: return "lock";
        case Kind::unlock: case Kind::pi_unlock: return "unlock";
        case Kind::sem_take: case Kind::sem_leave: return "wait";
        case Kind::sem_post: case Kind::cond_bump: return "signal";
        case Kind::cond_enter: case Kind::cond_leave: case Kind::cond_again: return "wait";
        case Kind::barrier_enter: case Kind::barrier_arrive: case Kind::barrier_open: case Kind::barrier_check: return "barrier";
        case Kind::read_try: return "rdlock";
        case Kind::write_try: return "wrlock";
        case Kind::rw_wait: case Kind::rw_leave: return "rwlock";
        case Kind::rw_unlock: return "unlock";
        case Kind::join_check: return "join";
        case Kind::keep_result: return "mmap";
        case Kind::store: return "shared";
        case Kind::burst: case Kind::load_burst: return "run";
        default: return "";
    }
}

std::string hex(std::uint64_t v) {
    std::string out;
    do {
        out.insert(out.begin(), "0123456789abcdef"[v & 15]);
        v >>= 4;
    } while (v != 0);
    return "0x" + out;
}

}  // namespace

CodePlace describe_place(const Program& p, std::uint64_t rip) {
    CodePlace out;
    out.symbol = p.symbolize(rip);
    const std::uint32_t here = p.op_at(rip);
    if (const Insn* in = p.insn_at(rip); in != nullptr) {
        out.pos = in->pos;
        out.text = in->text;
        // The nearest label of its function.
        std::uint32_t first = std::min<std::uint32_t>(here, static_cast<std::uint32_t>(p.ops.size()) - 1);
        while (first > 0 && p.ops[first].symbol.get().empty()) --first;
        const std::string function = p.ops[first].symbol.get().empty() ? "main" : p.ops[first].symbol.get();
        for (const auto& [label, at] : p.labels)
            if (at <= rip && at >= p.address(first)) out.symbol = function + "/" + label + "+" + hex(rip - at);
    } else if (here < p.ops.size()) {
        const UserOp& op = p.ops[here];
        out.pos = op.pos;
        const UserOp& call = op.kind == Kind::syscall && here > 0 ? p.ops[here - 1] : op;
        const bool is_call = op.kind == Kind::syscall || op.kind == Kind::system_call;
        out.text = is_call ? std::string(call.kind == Kind::system_call ? syscall_name(call.nr) : "system call") : std::string(verb_of(op));
        const Variable* v = op.data != 0 ? p.variable_at(op.data) : nullptr;
        if (v != nullptr && !out.text.empty()) out.text += " " + v->name;
    }
    return out;
}

std::string name_of_word(const Kernel& k, const Program& p, MmId mm, std::uint64_t address) {
    if (const Variable* v = p.variable_at(address); v != nullptr) {
        const std::uint64_t index = (address - v->address) / 8;
        return index == 0 && (v->kind != Variable::Kind::shared || v->count == 1) ? v->name : v->name + "/" + std::to_string(index);
    }
    std::string name;
    if (const auto area = find_area(k, mm, address)) name = area_name(k, mm, *area);
    return (name.empty() ? "" : name + " ") + hex(address);
}

std::string path_of_task(const Kernel& k, TaskId task) {
    const Task& t = k.tasks[task];
    const Task& leader = k.tasks[t.group_leader];
    const std::string process(leader.name()), own(t.name());
    std::vector<std::string> tries;
    if (task == t.group_leader) {
        tries = {process, process + "/main"};
    } else {
        tries = {process + "/" + own};
    }
    for (const std::string& path : tries) {
        if (!task_matches(k, task, path)) continue;
        bool alone = true;
        for (TaskId other = 0; other < k.tasks.size() && alone; ++other)
            alone = other == task || k.tasks[other].pid <= 0 || k.tasks[other].is_kthread() || !task_matches(k, other, path);
        if (alone) return path;
    }
    return std::to_string(t.pid);
}

namespace {

constexpr std::size_t kLongestSpin = 24;   // instructions

bool same_operand(const Operand& a, const Operand& b) {
    return a.base == b.base && a.index == b.index && (a.index < 0 || a.scale == b.scale) && a.value == b.value;
}
bool is_stack_slot(const Operand& o) {
    return o.base == static_cast<int>(Reg::rbp) || o.base == static_cast<int>(Reg::rsp);
}
bool is_absolute(const Operand& o) { return o.base < 0 && o.index < 0; }

// The instructions [first, last] of a loop that `last` jumps back.
class Loop {
  public:
    Loop(const Program& p, std::size_t first, std::size_t last) : p_(p), first_(first), last_(last) {}

    void mark(std::vector<bool>& out) const {
        for (std::size_t i = first_; i <= last_; ++i) {
            const M op = p_.code[i].op;
            if (op == M::call || op == M::ret || op == M::syscall) return;
        }
        for (std::size_t i = first_; i <= last_; ++i)
            if (decides(i) && keeps_address(i) && nobody_writes(i)) out[i] = true;
    }

  private:
    const Operand* read_operand(const Insn& in) const {
        if ((in.op == M::cmp || in.op == M::test) && in.arg[0].is_mem()) return &in.arg[0];
        const bool loads = in.op == M::mov || in.op == M::movzx || in.op == M::cmp || in.op == M::movsx || in.op == M::movsxd;
        return loads && in.arg[1].is_mem() && in.arg[0].is_reg() ? &in.arg[1] : nullptr;
    }
    // Its value decides at once whether the loop goes on: cmp and jump, or load, cmp and jump.
    bool decides(std::size_t i) const {
        const Insn& in = p_.code[i];
        const Operand* o = read_operand(in);
        if (o == nullptr || is_stack_slot(*o)) return false;
        std::size_t at = i + 1;
        if (in.op != M::cmp && in.op != M::test) {
            const Reg held = in.arg[0].reg;
            while (at <= last_ && p_.code[at].op != M::cmp && p_.code[at].op != M::test && p_.code[at].op != M::jcc &&
                   !writes_register(p_.code[at], held))
                ++at;
            if (at > last_ || (p_.code[at].op != M::cmp && p_.code[at].op != M::test)) return false;
            bool uses = false;
            for (std::size_t a = 0; a < 2; ++a) uses |= p_.code[at].arg[a].is_reg() && p_.code[at].arg[a].reg == held;
            if (!uses) return false;
            ++at;
        }
        while (at <= last_ && (p_.code[at].op == M::pause || p_.code[at].op == M::nop || p_.code[at].op == M::mov)) ++at;
        return at <= last_ && p_.code[at].op == M::jcc;
    }
    bool keeps_address(std::size_t i) const {
        const Operand& o = *read_operand(p_.code[i]);
        for (std::size_t j = first_; j <= last_; ++j) {
            if (o.base >= 0 && writes_register(p_.code[j], static_cast<Reg>(o.base)) && j != i) return false;
            if (o.index >= 0 && writes_register(p_.code[j], static_cast<Reg>(o.index))) return false;
        }
        return true;
    }
    bool nobody_writes(std::size_t i) const {
        const Operand& o = *read_operand(p_.code[i]);
        for (std::size_t j = first_; j <= last_; ++j) {
            const Insn& in = p_.code[j];
            for (std::size_t a = 0; a < 2; ++a) {
                if (!in.arg[a].is_mem() || in.op == M::lea || !use_of(in, a).write || is_stack_slot(in.arg[a])) continue;
                if (same_operand(in.arg[a], o) || !is_absolute(in.arg[a]) || !is_absolute(o)) return false;
            }
        }
        return true;
    }

    const Program& p_;
    std::size_t first_, last_;
};

}  // namespace

std::vector<bool> spin_reads(const Program& p) {
    std::vector<bool> out(p.code.size());
    for (std::size_t i = 0; i < p.code.size(); ++i) {
        const Insn& in = p.code[i];
        if ((in.op != M::jcc && in.op != M::jmp) || in.target == 0 || in.target > in.address) continue;
        const Insn* to = p.insn_at(in.target);
        if (to == nullptr) continue;
        const auto first = static_cast<std::size_t>(to - p.code.data());
        if (i - first < kLongestSpin) Loop(p, first, i).mark(out);
    }
    return out;
}

}  // namespace sy
