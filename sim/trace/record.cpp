#include "sim/trace/record.h"

namespace sy {

std::string_view record_name(RecordKind kind) {
    static constexpr std::string_view names[] = {
        "sched_switch",       "sched_waking",       "sched_wakeup",     "sched_wakeup_new",
        "sched_migrate_task", "sched_process_fork", "sched_process_exit", "sched_process_free",
        "sys_enter",          "sys_args",           "sys_exit",         "irq_handler_entry",
        "irq_handler_exit",   "local_timer_entry",  "local_timer_exit", "reschedule_entry",
        "reschedule_exit",    "hrtimer_expire_entry", "softirq_raise",  "softirq_entry",
        "softirq_exit",       "signal_generate",    "signal_deliver",   "task_arrival",
        "workqueue_queue_work", "workqueue_activate_work", "workqueue_execute_start", "workqueue_execute_end",
        "timer_start",        "timer_expire_entry", "timer_cancel",     "sched_kthread_stop",
        "sched_kthread_stop_ret",
        "sched_process_exec", "sched_process_wait",
        "tasklet_entry",      "tasklet_exit",       "napi_poll",        "irq_warn",
        "tlb_flush",          "page_fault_user",    "mark_victim",
        "deadlock",           "sched_pi_setprio",
        "hrtimer_start",      "hrtimer_cancel",     "hrtimer_expire_exit", "timer_expire_exit",
        "sched_setattr_failed", "co_switch"};
    static_assert(std::size(names) == kRecordKinds);
    return names[static_cast<std::size_t>(kind)];
}

void mix_record(Fingerprint& print, const Record& r) {
    print.mix(static_cast<std::uint64_t>(r.at));
    print.mix((std::uint64_t{static_cast<std::uint8_t>(r.kind)} << 56) |
              (std::uint64_t{r.cpu} << 48) | (std::uint64_t{r.flags} << 32) | r.task);
    print.mix(wide(r.a, r.b));
    print.mix(wide(r.c, r.d));
}

std::uint64_t Log::fingerprint() const {
    Fingerprint print;
    for (const Record& r : records_) mix_record(print, r);
    return print.value();
}

}  // namespace sy
