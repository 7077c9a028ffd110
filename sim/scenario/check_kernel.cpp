// Kernel code of a scenario: that its tasklets and devices exist, and what a kernel with all its debugging options would
// say at run time ("BUG: scheduling while atomic"). Programs have no conditions, so it can be said before the run.
#include <algorithm>
#include <string>
#include <vector>

#include "sim/scenario/check.h"
#include "sim/scenario/suggest.h"

namespace sy::scn {
namespace {

using Kind = Stmt::Kind;

constexpr int kLoops = 3;              // counted loops in kernel code: R13 to R15 hold the counters
constexpr int kHandlersThatNest = 8;   // preempt_count has 4 bits for hard interrupts

// The calls that open a section, and what closes each.
KernelCall closes(KernelCall call) {
    switch (call) {
        case KernelCall::local_bh_disable: return KernelCall::local_bh_enable;
        case KernelCall::local_irq_disable: return KernelCall::local_irq_enable;
        case KernelCall::preempt_disable: return KernelCall::preempt_enable;
        default: return KernelCall::count;
    }
}
bool is_enable(KernelCall call) {
    return call == KernelCall::local_bh_enable || call == KernelCall::local_irq_enable ||
           call == KernelCall::preempt_enable;
}

class KernelChecker {
  public:
    KernelChecker(const Scenario& scenario, Diagnostics& diags) : s_(scenario), diags_(diags) {}

    void run() {
        devices();
        for (std::size_t i = 0; i < s_.tasklets.size(); ++i) tasklet(i);
        for (const ProcessDecl& p : s_.processes) {
            if (p.kernel_thread) code(p.body);
            find_ioctls(p.body);
            for (const ThreadDecl& t : p.threads) find_ioctls(t.body);
        }
    }

  private:
    void tasklet(std::size_t i) {
        const TaskletDecl& t = s_.tasklets[i];
        for (std::size_t j = 0; j < i; ++j) {
            if (s_.tasklets[j].name != t.name) continue;
            diags_.error(t.pos, text("the name '{0}' is taken already (line {1})",
                                     "名字 “{0}” 已经用过了（第 {1} 行）",
                                     {t.name, std::to_string(s_.tasklets[j].pos.line)}));
        }
        no_endless_loop(t.body);
        code(t.body);
    }

    void devices() {
        int nesting = 0;
        for (const DeviceDecl& d : s_.devices) {
            if (!d.tasklet.empty()) tasklet_name(d.tasklet, d.tasklet_pos);
            if (d.threaded && (d.raises >= 0 || !d.tasklet.empty() || d.block)) {
                diags_.error(d.pos, text("device '{0}': a threaded handler does its work in its thread; leave out "
                                         "raises, tasklet and block",
                                         "设备 “{0}”：线程化的处理程序在自己的线程里工作；请去掉 raises、tasklet 和 block",
                                         {d.name}));
            }
            if (d.block && d.raises >= 0) {
                diags_.error(d.pos, text("device '{0}': a block device raises softirq block by itself; leave out raises",
                                         "设备 “{0}”：块设备自己会触发软中断 block；请去掉 raises", {d.name}));
            }
            if (d.packets != 1 && d.raises != 3) {
                diags_.error(d.pos, text("device '{0}': only a device that raises net_rx brings packets",
                                         "设备 “{0}”：只有触发 net_rx 的设备才带来包", {d.name}));
            }
            nesting += d.enables_irqs ? 1 : 0;
            if (nesting == kHandlersThatNest + 1) {
                diags_.error(d.pos, text("more than {0} devices whose handlers enable interrupts",
                                         "处理程序会打开中断的设备超过了 {0} 个", {std::to_string(kHandlersThatNest)}));
            }
        }
    }

    void unknown(const Text& kind, const std::string& name, SourcePos pos, const std::vector<std::string_view>& known,
                 const std::string& example) {
        const std::string meant = nearest(name, known);
        if (!meant.empty()) return diags_.error(pos, did_you_mean(kind, name, meant), meant);
        diags_.error(pos, {.en = "unknown " + kind.en + " '" + name + "'; declare it at the top of the file: " + example,
                           .zh = "未知的" + kind.zh + " “" + name + "”；请在文件顶层声明：" + example});
    }
    void tasklet_name(const std::string& name, SourcePos pos) {
        std::vector<std::string_view> known;
        for (const TaskletDecl& t : s_.tasklets) known.push_back(t.name);
        if (std::find(known.begin(), known.end(), name) == known.end())
            unknown(text("tasklet", "tasklet"), name, pos, known, "tasklet " + name + " { run 200us }");
    }
    void device_name(const std::string& name, SourcePos pos) {
        std::vector<std::string_view> known;
        for (const DeviceDecl& d : s_.devices) known.push_back(d.name);
        if (std::find(known.begin(), known.end(), name) == known.end())
            unknown(text("device", "设备"), name, pos, known, "device " + name + " irq 5");
    }

    void find_ioctls(const std::vector<Stmt>& body) {
        for (const Stmt& s : body) {
            if (s.kind == Kind::ioctl) {
                no_endless_loop(s.body);
                code(s.body);
            } else {
                find_ioctls(s.body);
            }
        }
    }
    void no_endless_loop(const std::vector<Stmt>& body) {
        for (const Stmt& s : body) {
            if (s.kind == Kind::repeat && s.count < 0) {
                diags_.error(s.pos, text("this kernel code would never return; say how often: repeat 5 { … }",
                                         "这段内核代码永远不会返回；请写明次数：repeat 5 { … }"));
            }
            no_endless_loop(s.body);
        }
    }

    void code(const std::vector<Stmt>& body) {
        std::vector<const Stmt*> open;
        block(body, open, 0);
        for (const Stmt* s : open) left_open(*s);
    }
    void left_open(const Stmt& s) {
        diags_.error(s.pos, text("'{0}' is never undone; add: {1}", "“{0}” 没有撤销；请加上：{1}",
                                 {kernel_call_name(s.call), kernel_call_name(closes(s.call))}));
    }

    void block(const std::vector<Stmt>& body, std::vector<const Stmt*>& open, int loops) {
        const std::size_t at_start = open.size();
        for (const Stmt& s : body) {
            if (s.kind == Kind::repeat || s.kind == Kind::every) {
                const int inside = loops + (s.kind == Kind::every || s.count >= 0 ? 1 : 0);
                if (inside > kLoops) {
                    diags_.error(s.pos, text("kernel code can nest {0} counted loops at the most",
                                             "内核代码最多嵌套 {0} 层计数循环", {std::to_string(kLoops)}));
                }
                if (s.kind == Kind::every) may_sleep(s, open);
                block(s.body, open, inside);
            } else if (s.kind == Kind::kernel_call) {
                kernel_call(s, open, at_start);
            } else if (s.kind != Kind::run) {
                may_sleep(s, open);
            }
        }
        while (open.size() > at_start) {   // a loop must leave as it came
            if (at_start > 0 || loops > 0) left_open(*open.back());
            if (at_start == 0 && loops == 0) break;
            open.pop_back();
        }
    }

    void may_sleep(const Stmt& s, const std::vector<const Stmt*>& open) {
        if (open.empty()) return;
        diags_.error(s.pos,
                     text("BUG: scheduling while atomic: this may sleep, but '{0}' in line {1} forbids it",
                          "BUG: scheduling while atomic：这里可能睡眠，但第 {1} 行的 “{0}” 不允许",
                          {kernel_call_name(open.back()->call), std::to_string(open.back()->pos.line)}));
    }

    void kernel_call(const Stmt& s, std::vector<const Stmt*>& open, std::size_t at_start) {
        switch (s.call) {
            case KernelCall::tasklet_schedule: tasklet_name(s.name, s.name_pos); return;
            case KernelCall::tasklet_disable:
            case KernelCall::tasklet_enable:
                tasklet_name(s.name, s.name_pos);
                if (s.call == KernelCall::tasklet_disable) may_sleep(s, open);
                return;
            case KernelCall::disable_irq:
            case KernelCall::enable_irq:
                device_name(s.name, s.name_pos);
                if (s.call == KernelCall::disable_irq) may_sleep(s, open);
                return;
            default: break;
        }
        const auto irqs_off = [&] {
            return std::any_of(open.begin(), open.end(),
                               [](const Stmt* o) { return o->call == KernelCall::local_irq_disable; });
        };
        if (s.call == KernelCall::local_irq_disable && irqs_off()) {
            diags_.error(s.pos, text("interrupts are off already: local_irq_disable does not nest",
                                     "中断已经关闭：local_irq_disable 不能嵌套"));
            return;
        }
        if ((s.call == KernelCall::local_bh_disable || s.call == KernelCall::local_bh_enable) && irqs_off()) {
            diags_.error(s.pos, text("'{0}' with interrupts off: softirqs could not run where they are enabled again",
                                     "关中断时的 “{0}”：重新允许时软中断无法运行", {kernel_call_name(s.call)}));
            return;
        }
        if (!is_enable(s.call)) {
            if (closes(s.call) != KernelCall::count) open.push_back(&s);
            if (open.size() == 64) diags_.error(s.pos, text("nested too deeply", "嵌套太深"));
            return;
        }
        if (open.size() <= at_start || closes(open.back()->call) != s.call) {
            diags_.error(s.pos, text("'{0}' does not undo what was disabled last here",
                                     "“{0}” 撤销的不是这里最近一次禁止", {kernel_call_name(s.call)}));
            return;
        }
        open.pop_back();
    }

    const Scenario& s_;
    Diagnostics& diags_;
};

}  // namespace

void check_kernel_code(const Scenario& scenario, Diagnostics& diags) { KernelChecker(scenario, diags).run(); }

}  // namespace sy::scn
