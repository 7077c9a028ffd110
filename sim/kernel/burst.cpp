// Reading ahead: how long a task will compute before it next waits for something. No kernel can
// know this; the textbooks' SJF, SRTF and HRRN assume it. It is found by walking the task's program
// from where its registers say it is, with a copy of its random draws and with locks and semaphores
// as they stand now.
#include "sim/kernel/burst.h"
#include "sim/model/draw.h"

namespace sy {

namespace {

constexpr int kMostOps = 20'000;  // of an endless loop
constexpr Nanos kMostTime = 1'000 * kSecond;

using Kind = UserOp::Kind;

bool may_wait(std::uint16_t call) {
    switch (call) {
        case nr::sched_yield:
        case nr::getpid:
        case nr::clone:
        case nr::clone3:
        case nr::setpriority:
        case nr::sched_setaffinity:
            return false;
        default:
            return true;
    }
}

class Reader {
  public:
    Reader(const Kernel& k, TaskId task)
        : k_(k), t_(k.tasks[task]), p_(k.program_of(t_)), rng_(t_.rng) {
        top_ = layout::stack_top(t_.stack) - kPtRegsBytes;
        const PtReg regs[] = {PtReg::r12, PtReg::r13, PtReg::r14, PtReg::r15};
        for (int i = 0; i < 4; ++i) counters_[i] = reg(regs[i]);
        for (int i = 4; i < kLevels; ++i)
            counters_[i] =
                k.read_user(t_.mm, reg(PtReg::rsp) + 8 * static_cast<std::uint64_t>(i - 4));
    }

    Nanos run() {
        std::uint32_t at = p_.op_at(reg(PtReg::rip));
        is_child_ = reg(PtReg::rax) == 0;
        Nanos burst = static_cast<Nanos>(reg(PtReg::rbx));  // of an operation it is already in
        Nanos total = 0;
        for (int n = 0; n < kMostOps && at < p_.ops.size() && total < kMostTime; ++n) {
            const UserOp& op = p_.ops[at];
            if (op.kind == Kind::load_burst) burst = draw(rng_, op.time);
            if (op.kind == Kind::burst) total += burst;
            if (op.kind == Kind::system_call && may_wait(op.nr)) return total;
            if (op.kind == Kind::system_call) is_child_ = false;
            at = next(op, at);
        }
        return total < kMostTime ? total : kMostTime;
    }

  private:
    static constexpr int kLevels = 16;
    std::uint64_t reg(PtReg r) const {
        return k_.stacks.read(top_ + 8 * static_cast<std::uint64_t>(r));
    }
    std::uint64_t word(const UserOp& op) const { return k_.read_user(t_.mm, op.data); }

    std::uint32_t next(const UserOp& op, std::uint32_t at) {
        std::uint64_t& counter = counters_[op.level < kLevels ? op.level : kLevels - 1];
        switch (op.kind) {
            case Kind::jump:
                return op.target;
            case Kind::loop_start:
                counter = op.data;
                return at + 1;
            case Kind::loop_next:
                return --counter != 0 ? op.target : at + 1;
            case Kind::every_next:
                draw(rng_, op.time);
                return at + 1;
            case Kind::lock_try:
            case Kind::lock_wait:
            case Kind::join_check:
                return word(op) == 0 ? op.target : at + 1;
            case Kind::unlock:
                return op.target;  // waking somebody does not make it wait
            case Kind::sem_take:
                return word(op) > 0 ? op.target : at + 1;
            case Kind::sem_post:
                return op.target;
            case Kind::if_child:
                return is_child_ ? at + 1 : op.target;
            case Kind::thread_start:
                return is_child_ ? op.target : at + 1;
            default:
                return at + 1;
        }
    }

    const Kernel& k_;
    const Task& t_;
    const Program& p_;
    Random rng_;
    std::uint64_t top_ = 0;
    std::uint64_t counters_[kLevels] = {};
    bool is_child_ = false;
};

}  // namespace

Nanos coming_burst(const Kernel& k, TaskId task) {
    const Task& t = k.tasks[task];
    if (t.is_kthread() || t.mm == kNoMm || t.stack_gone) return 0;
    return Reader(k, task).run();
}

}  // namespace sy
