// One instruction of an asm block. First every access it will make goes through the MMU (a page fault leaves it undone, to
// be tried again), then it reads, computes (sim/machine/alu.h) and writes.
#include <algorithm>

#include "sim/kernel/instructions.h"
#include "sim/kernel/user_memory.h"
#include "sim/machine/alu.h"
#include "sim/model/draw.h"

namespace sy {

namespace {

using M = Mnemonic;
using u64 = std::uint64_t;

constexpr std::size_t kStoreBuffer = 56;   // entries, Intel Skylake (Optimization Reference Manual)

class Executor {
  public:
    Executor(Ctx& cx, const Insn& in) : cx_(cx), in_(in), tso_(cx.k.image().scenario.machine.tso) {}

    // False: an exception was taken instead.
    bool run() {
        next_ = in_.end();
        if (!accesses_are_fine()) return false;
        if (in_.lock || (in_.op == M::xchg && touches_memory()) || in_.op == M::mfence) {
            drain_all_stores(cx_);
            tso_ = false;   // its own store goes straight to memory
        }
        if (!perform()) return false;
        if (cx_.cpu.regs.user()) {
            cx_.move(at::none, at::special(Place::Kind::rip), next_, cx_.cpu.regs.rip);
            cx_.cpu.regs.rip = next_;
        }
        return true;
    }

    Nanos cost() const {
        const Costs& c = cx_.k.image().costs;
        const auto of = [&](Cost k) { return c[static_cast<std::size_t>(k)]; };
        Nanos ns = of(Cost::insn);
        if (touches_memory()) ns += of(Cost::insn_memory);
        if (in_.lock || (in_.op == M::xchg && touches_memory())) ns += of(Cost::insn_locked);
        switch (in_.op) {
            case M::mul: case M::imul: ns += of(Cost::insn_mul); break;
            case M::div: case M::idiv: ns += of(Cost::insn_div); break;
            case M::mfence: case M::lfence: case M::sfence: ns += of(Cost::insn_fence); break;
            case M::pause: ns += of(Cost::insn_pause); break;
            case M::syscall: ns += of(Cost::syscall); break;
            default: break;
        }
        return ns;
    }

  private:
    bool trap(Trap t) {
        raise_trap(cx_, t, t == Trap::breakpoint ? next_ : in_.address);
        return false;
    }
    const Operand& a() const { return in_.arg[0]; }
    const Operand& b() const { return in_.arg[1]; }
    bool stack_op() const { return in_.op == M::push || in_.op == M::pop || in_.op == M::call || in_.op == M::ret; }
    bool touches_memory() const {
        if (in_.op == M::lea) return false;
        return stack_op() || a().is_mem() || b().is_mem();
    }
    u64 reg(Reg r) const { return cx_.reg(r); }
    u64 flags() const { return cx_.cpu.regs.rflags; }

    // --- memory ---

    u64 address(const Operand& m) const {
        u64 at = static_cast<u64>(m.value);
        if (m.base >= 0) at += reg(static_cast<Reg>(m.base));
        if (m.index >= 0) at += reg(static_cast<Reg>(m.index)) * m.scale;
        return at;
    }
    bool access(u64 at, int bytes, Access how) {
        const u64 last = at + static_cast<u64>(bytes) - 1;
        const auto canonical = [](u64 v) { return static_cast<std::int64_t>(v << 16) >> 16 == static_cast<std::int64_t>(v); };
        if (!canonical(at) || !canonical(last)) return trap(Trap::general_protection);
        if (!user_access(cx_, at, how)) return false;
        return paging::page_of(at) == paging::page_of(last) || user_access(cx_, last, how);
    }
    // What an instruction does with its first operand.
    Access first_access() const {
        switch (in_.op) {
            case M::cmp: case M::test: case M::mul: case M::imul: case M::div: case M::idiv: case M::push: case M::jmp:
            case M::call: return Access::read;
            default: return Access::write;
        }
    }
    bool accesses_are_fine() {
        const int first = in_.op == M::jmp || in_.op == M::call ? 8 : in_.bytes;
        if (in_.op != M::lea) {
            if (a().is_mem() && !access(address_of(a()), first, first_access())) return false;
            if (b().is_mem()) {
                const bool writes = in_.op == M::xchg;
                const int bytes = in_.op == M::movzx || in_.op == M::movsx || in_.op == M::movsxd ? b().bytes : in_.bytes;
                if (!access(address(b()), bytes, writes ? Access::write : Access::read)) return false;
            }
        }
        if (in_.op == M::push || in_.op == M::call) return access(reg(Reg::rsp) - 8, 8, Access::write);
        if (in_.op == M::pop || in_.op == M::ret) return access(reg(Reg::rsp), 8, Access::read);
        return true;
    }
    // pop [rsp+8] computes its address after RSP has moved (Intel SDM, POP).
    u64 address_of(const Operand& m) const {
        return address(m) + (in_.op == M::pop && m.base == static_cast<int>(Reg::rsp) ? 8 : 0);
    }
    u64 load(u64 at, int bytes) const {
        const u64 low = at & ~u64{7};
        const unsigned shift = static_cast<unsigned>(at & 7) * 8;
        u64 v = load_word(cx_, low) >> shift;
        if ((at & 7) + static_cast<u64>(bytes) > 8) v |= load_word(cx_, low + 8) << (64 - shift);
        return v & alu::mask(bytes);
    }
    void store(u64 at, int bytes, u64 v) {
        const u64 low = at & ~u64{7}, m = alu::mask(bytes);
        const unsigned shift = static_cast<unsigned>(at & 7) * 8;
        store_word(low, m << shift, (v & m) << shift);
        if ((at & 7) + static_cast<u64>(bytes) > 8) store_word(low + 8, m >> (64 - shift), (v & m) >> (64 - shift));
    }
    void store_word(u64 at, u64 m, u64 v) {
        const MmId mm = cx_.user_mm();
        if (tso_) return buffer(mm, at, m, v);
        const u64 old = cx_.k.read_user(mm, at), now = (old & ~m) | (v & m);
        cx_.move(at::none, at::user_word(mm, at), now, old);
        cx_.k.write_user(mm, at, now);
    }
    void buffer(MmId mm, u64 at, u64 m, u64 v) {
        Cpu& cpu = cx_.cpu;
        if (cpu.stores.size() >= kStoreBuffer) drain_oldest(cx_, cpu);
        const MachineDecl& machine = cx_.k.image().scenario.machine;
        const Nanos wait = machine.store_drain ? draw(cx_.k.store_rng, *machine.store_drain)
                                               : cx_.k.image().costs[static_cast<std::size_t>(Cost::store_drain)];
        Nanos due = cpu.clock + std::max<Nanos>(1, wait);
        if (!cpu.stores.empty()) due = std::max(due, cpu.stores.back().due);   // in their order
        cpu.stores.push_back({mm, at, m, v, ++cx_.k.stores_made, due, cx_.current()});
        cx_.move(at::none, at::per_cpu(cpu.id, PerCpuField::store_buffer), v, 0);
        cx_.k.schedule_drain(cpu.id, cx_.k.stores_made, due);
    }

    // --- operands ---

    u64 value(const Operand& o, int bytes) const {
        switch (o.kind) {
            case Operand::Kind::reg: return (reg(o.reg) >> (o.high ? 8 : 0)) & alu::mask(bytes);
            case Operand::Kind::mem: return load(address_of(o), bytes);
            case Operand::Kind::imm: return static_cast<u64>(o.value) & alu::mask(bytes);
            default: return 0;
        }
    }
    // Writing 32 bits clears the upper half; writing 8 or 16 leaves the rest alone.
    void set_reg(Reg r, u64 v, int bytes, bool high = false) {
        u64 now = v;
        const u64 old = reg(r);
        if (bytes == 4) now = v & 0xffff'ffff;
        if (bytes == 2) now = (old & ~u64{0xffff}) | (v & 0xffff);
        if (bytes == 1) now = high ? (old & ~u64{0xff00}) | (v & 0xff) << 8 : (old & ~u64{0xff}) | (v & 0xff);
        cx_.set(r, now);
    }
    void put(const Operand& o, u64 v, int bytes) {
        if (o.is_reg())
            set_reg(o.reg, v, bytes, o.high);
        else
            store(address_of(o), bytes, v);
    }
    void set_flags(u64 f) { cx_.set_rflags(f); }
    void finish(const alu::Result& r) {   // of an instruction that writes its first operand
        put(a(), r.value, in_.bytes);
        set_flags(r.flags);
    }
    void push(u64 v) {
        const u64 sp = reg(Reg::rsp) - 8;
        store(sp, 8, v);
        cx_.set(Reg::rsp, sp);
    }

    // --- what it does ---

    bool perform() {
        const int n = in_.bytes;
        switch (in_.op) {
            case M::mov: put(a(), value(b(), n), n); return true;
            case M::movzx: set_reg(a().reg, value(b(), b().bytes), n); return true;
            case M::movsx:
            case M::movsxd: set_reg(a().reg, alu::sign_extend(value(b(), b().bytes), b().bytes), n); return true;
            case M::lea: set_reg(a().reg, address(b()), n); return true;
            case M::xchg: exchange(); return true;
            case M::push: push(a().is_imm() ? static_cast<u64>(a().value) : value(a(), 8)); return true;
            case M::pop: {
                const u64 v = load(reg(Reg::rsp), 8);
                const u64 to = a().is_mem() ? address_of(a()) : 0;
                cx_.set(Reg::rsp, reg(Reg::rsp) + 8);
                if (a().is_mem())
                    store(to, 8, v);
                else
                    cx_.set(a().reg, v);
                return true;
            }
            case M::add: finish(alu::add(value(a(), n), value(b(), n), false, n, flags())); return true;
            case M::adc: finish(alu::add(value(a(), n), value(b(), n), (flags() & alu::cf) != 0, n, flags())); return true;
            case M::sub: finish(alu::sub(value(a(), n), value(b(), n), false, n, flags())); return true;
            case M::sbb: finish(alu::sub(value(a(), n), value(b(), n), (flags() & alu::cf) != 0, n, flags())); return true;
            case M::cmp: set_flags(alu::sub(value(a(), n), value(b(), n), false, n, flags()).flags); return true;
            case M::and_: finish(alu::logic(value(a(), n) & value(b(), n), n, flags())); return true;
            case M::or_: finish(alu::logic(value(a(), n) | value(b(), n), n, flags())); return true;
            case M::xor_: finish(alu::logic(value(a(), n) ^ value(b(), n), n, flags())); return true;
            case M::test: set_flags(alu::logic(value(a(), n) & value(b(), n), n, flags()).flags); return true;
            case M::inc: finish(alu::inc(value(a(), n), n, flags())); return true;
            case M::dec: finish(alu::dec(value(a(), n), n, flags())); return true;
            case M::neg: finish(alu::neg(value(a(), n), n, flags())); return true;
            case M::not_: put(a(), ~value(a(), n), n); return true;
            case M::mul:
            case M::imul: multiply(); return true;
            case M::div:
            case M::idiv: return divide();
            case M::rol: shift(alu::Shift::rol); return true;
            case M::ror: shift(alu::Shift::ror); return true;
            case M::shl: shift(alu::Shift::shl); return true;
            case M::shr: shift(alu::Shift::shr); return true;
            case M::sar: shift(alu::Shift::sar); return true;
            case M::cbw: set_reg(Reg::rax, alu::sign_extend(reg(Reg::rax), 1), 2); return true;
            case M::cwde: set_reg(Reg::rax, alu::sign_extend(reg(Reg::rax), 2), 4); return true;
            case M::cdqe: set_reg(Reg::rax, alu::sign_extend(reg(Reg::rax), 4), 8); return true;
            case M::cwd: spread(2); return true;
            case M::cdq: spread(4); return true;
            case M::cqo: spread(8); return true;
            default: return perform_more();
        }
    }
    bool perform_more() {
        switch (in_.op) {
            case M::jmp: next_ = a().kind == Operand::Kind::label ? in_.target : value(a(), 8); return goes_somewhere();
            case M::jcc:
                if (alu::condition(in_.condition, flags())) next_ = in_.target;
                return true;
            case M::call: {
                const u64 to = a().kind == Operand::Kind::label ? in_.target : value(a(), 8);
                if (!canonical_target(to)) return trap(Trap::general_protection);
                push(next_);
                next_ = to;
                return true;
            }
            case M::ret: {
                const u64 to = load(reg(Reg::rsp), 8);
                if (!canonical_target(to)) return trap(Trap::general_protection);
                cx_.set(Reg::rsp, reg(Reg::rsp) + 8);
                next_ = to;
                return true;
            }
            case M::setcc: put(a(), alu::condition(in_.condition, flags()) ? 1 : 0, 1); return true;
            case M::cmovcc: {   // with a 32-bit register the upper half is cleared even if nothing is moved
                const u64 v = value(b(), in_.bytes);
                set_reg(a().reg, alu::condition(in_.condition, flags()) ? v : value(a(), in_.bytes), in_.bytes);
                return true;
            }
            case M::cmpxchg: compare_exchange(); return true;
            case M::xadd: {
                const u64 old = value(a(), in_.bytes);
                const alu::Result sum = alu::add(old, value(b(), in_.bytes), false, in_.bytes, flags());
                put(b(), old, in_.bytes);   // first: the same register may be both
                finish(sum);
                return true;
            }
            case M::syscall: syscall_instruction(cx_, next_); return true;
            case M::int3: return trap(Trap::breakpoint);
            case M::ud2: return trap(Trap::invalid_opcode);
            case M::hlt:
            case M::cli:
            case M::sti: return trap(Trap::general_protection);   // CPL 3 is above IOPL 0
            case M::clc: set_flags(flags() & ~alu::cf); return true;
            case M::stc: set_flags(flags() | alu::cf); return true;
            case M::cmc: set_flags(flags() ^ alu::cf); return true;
            default: return true;   // nop, pause, fences
        }
    }
    static bool canonical_target(u64 to) { return static_cast<std::int64_t>(to << 16) >> 16 == static_cast<std::int64_t>(to); }
    bool goes_somewhere() { return canonical_target(next_) || trap(Trap::general_protection); }
    void spread(int bytes) { set_reg(Reg::rdx, (reg(Reg::rax) & alu::sign_bit(bytes)) != 0 ? ~u64{0} : 0, bytes); }
    void exchange() {
        const u64 x = value(a(), in_.bytes), y = value(b(), in_.bytes);
        // Memory first: its address may be made of the register.
        const bool memory_second = b().is_mem();
        put(memory_second ? b() : a(), memory_second ? x : y, in_.bytes);
        put(memory_second ? a() : b(), memory_second ? y : x, in_.bytes);
    }
    void compare_exchange() {
        const int n = in_.bytes;
        const u64 old = value(a(), n), expected = value({.kind = Operand::Kind::reg, .reg = Reg::rax}, n);
        set_flags(alu::sub(expected, old, false, n, flags()).flags);
        if (expected == old) {
            put(a(), value(b(), n), n);
            return;
        }
        if (a().is_mem()) put(a(), old, n);   // the bus cycle always writes
        set_reg(Reg::rax, old, n);
    }
    void shift(alu::Shift how) {
        const alu::Result r = alu::shift(how, value(a(), in_.bytes), value(b(), 1), in_.bytes, flags());
        finish(r);
    }
    void multiply() {
        const int n = in_.bytes;
        const bool is_signed = in_.op == M::imul;
        if (in_.operands > 1) {
            const Operand& x = in_.operands == 3 || !b().is_imm() ? b() : a();
            const u64 y = in_.operands == 3 ? value(in_.arg[2], n) : b().is_imm() ? value(b(), n) : value(a(), n);
            finish_product(alu::imul(value(x, n), y, n, flags()), true);
            return;
        }
        const u64 x = reg(Reg::rax), y = value(a(), n);
        finish_product(is_signed ? alu::imul(x, y, n, flags()) : alu::mul(x, y, n, flags()), false);
    }
    void finish_product(const alu::Product& p, bool only_low) {
        const int n = in_.bytes;
        if (only_low) {
            set_reg(a().reg, p.low, n);
        } else if (n == 1) {
            set_reg(Reg::rax, p.high << 8 | p.low, 2);
        } else {
            set_reg(Reg::rax, p.low, n);
            set_reg(Reg::rdx, p.high, n);
        }
        set_flags(p.flags);
    }
    bool divide() {
        const int n = in_.bytes;
        const u64 high = n == 1 ? reg(Reg::rax) >> 8 : reg(Reg::rdx), low = reg(Reg::rax), by = value(a(), n);
        const alu::Quotient q = in_.op == M::div ? alu::div(high, low, by, n) : alu::idiv(high, low, by, n);
        if (!q.fits) return trap(Trap::divide_error);
        if (n == 1) {
            set_reg(Reg::rax, q.remainder << 8 | q.quotient, 2);
            return true;
        }
        set_reg(Reg::rax, q.quotient, n);
        set_reg(Reg::rdx, q.remainder, n);
        return true;
    }

    Ctx& cx_;
    const Insn& in_;
    bool tso_;
    u64 next_ = 0;
};

}  // namespace

void instruction_step(Ctx& cx, const Program& p) {
    const std::uint64_t rip = cx.cpu.regs.rip;
    if (!user_access(cx, rip, Access::fetch)) return;
    const Insn* in = p.insn_at(rip);
    if (in == nullptr) {   // in the middle of one, or behind the program's end: nothing that we could decode
        raise_trap(cx, Trap::invalid_opcode, rip);
        return;
    }
    if (paging::page_of(rip) != paging::page_of(in->end() - 1) && !user_access(cx, in->end() - 1, Access::fetch)) return;
    Executor executor(cx, *in);
    if (!executor.run()) return;
    const Nanos cost = executor.cost();
    cx.cpu.clock += cost;
    cx.cpu.user_ns += cost;
    if (cx.cur().nice > 0) cx.cpu.nice_ns += cost;
    cx.cur().utime += cost;
}

}  // namespace sy
