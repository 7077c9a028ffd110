// Two tables: which routine serves which system call, and the order of all routines in kernel text.
#include <array>

#include "sim/kernel/engine.h"
#include "sim/kernel/routines.h"

namespace sy {

const Routine* syscall_routine(std::uint64_t number) {
    using namespace routines;
    switch (number) {
        case nr::read: return &x64_sys_read;
        case nr::write: return &x64_sys_write;
        case nr::close: return &x64_sys_close;
        case nr::poll: return &x64_sys_poll;
        case nr::ioctl: return &x64_sys_ioctl;
        case nr::mmap: return &x64_sys_mmap;
        case nr::mprotect: return &x64_sys_mprotect;
        case nr::munmap: return &x64_sys_munmap;
        case nr::brk: return &x64_sys_brk;
        case nr::sched_yield: return &x64_sys_sched_yield;
        case nr::pause: return &x64_sys_pause;
        case nr::getpid: return &x64_sys_getpid;
        case nr::clone: return &x64_sys_clone;
        case nr::exit: return &x64_sys_exit;
        case nr::wait4: return &x64_sys_wait4;
        case nr::fsync: return &x64_sys_fsync;
        case nr::setpriority: return &x64_sys_setpriority;
        case nr::futex: return &x64_sys_futex;
        case nr::sched_setscheduler: return &x64_sys_sched_setscheduler;
        case nr::sched_setattr: return &x64_sys_sched_setattr;
        case nr::sched_setaffinity: return &x64_sys_sched_setaffinity;
        case nr::clock_nanosleep: return &x64_sys_clock_nanosleep;
        case nr::epoll_wait: return &x64_sys_epoll_wait;
        case nr::epoll_pwait2: return &x64_sys_epoll_pwait2;
        case nr::fcntl: return &x64_sys_fcntl;
        case nr::epoll_ctl: return &x64_sys_epoll_ctl;
        case nr::accept4: return &x64_sys_accept4;
        case nr::exit_group: return &x64_sys_exit_group;
        case nr::clone3: return &x64_sys_clone3;
        case nr::fork: return &x64_sys_fork;
        case nr::vfork: return &x64_sys_vfork;
        case nr::execve: return &x64_sys_execve;
        case nr::waitid: return &x64_sys_waitid;
        case nr::rt_sigaction: return &x64_sys_rt_sigaction;
        case nr::rt_sigprocmask: return &x64_sys_rt_sigprocmask;
        case nr::rt_sigreturn: return &x64_sys_rt_sigreturn;
        case nr::rt_sigsuspend: return &x64_sys_rt_sigsuspend;
        case nr::kill: return &x64_sys_kill;
        case nr::tgkill: return &x64_sys_tgkill;
        case nr::restart_syscall: return &x64_sys_restart_syscall;
        case nr::setsid: return &x64_sys_setsid;
        case nr::setpgid: return &x64_sys_setpgid;
        case nr::prctl: return &x64_sys_prctl;
        case nr::umask: return &x64_sys_umask;
        default: return nullptr;
    }
}

std::span<const Routine* const> all_routines() {
    using namespace routines;
    static const std::array all = {
        // entry text
        &entry_syscall_64, &after_hwframe, &restore_regs_and_return, &asm_apic_timer, &asm_reschedule_ipi, &asm_call_function,
        &asm_common_interrupt, &asm_exc_page_fault, &ret_from_fork_asm, &switch_to_asm,
        // entry, C part
        &do_syscall_64, &syscall_exit_to_user_mode, &irqentry_exit_to_user_mode, &exit_to_user_mode_loop,
        &irqentry_exit, &sysvec_apic_timer, &sysvec_reschedule_ipi, &sysvec_call_function, &common_interrupt,
        &handle_edge_irq, &handle_fasteoi_irq, &handle_irq_event, &irq_exit_rcu,
        // softirqs
        &handle_softirqs, &do_softirq, &local_bh_enable, &hi_action, &net_tx_action, &net_rx_action,
        &blk_done_softirq, &irq_poll_action, &tasklet_action, &tasklet_body, &tasklet_call, &sched_action, &hrtimer_action,
        &rcu_action, &raised_work,
        // kernel code of the scenario
        &call_bh_disable, &call_bh_enable, &call_irq_disable, &call_irq_enable, &call_preempt_disable,
        &call_preempt_enable, &call_raise_softirq, &call_tasklet_schedule, &call_tasklet_disable, &call_tasklet_enable,
        &call_disable_irq, &call_enable_irq, &kernel_code, &ioctl_code, &irq_thread, &irq_thread_fn,
        // the switch
        &switch_to, &switch_mm_irqs_off, &finish_task_switch, &ret_from_fork, &schedule_tail,
        // scheduler
        &schedule, &schedule_inner, &schedule_idle, &preempt_schedule_irq, &preempt_schedule, &try_to_wake_up, &sched_ttwu_pending,
        &sched_balance_softirq, &sched_balance_rq, &nohz_csd_func, &cpu_stopper_thread, &migration_cpu_stop,
        &active_load_balance_cpu_stop, &sched_cfs_period_timer,
        &x64_sys_sched_yield, &x64_sys_setpriority, &x64_sys_sched_setaffinity,
        &x64_sys_sched_setscheduler, &x64_sys_sched_setattr, &sched_rt_period_timer, &dl_task_timer, &do_idle, &cpu_startup_entry,
        // timers
        &hrtimer_interrupt, &tick_nohz_handler, &hrtimer_wakeup, &hrtick, &x64_sys_clock_nanosleep,
        &common_nsleep, &hrtimer_nanosleep, &do_nanosleep, &schedule_timeout_idle,
        // tasks
        &kernel_clone, &copy_process, &x64_sys_clone, &x64_sys_clone3, &x64_sys_fork, &x64_sys_vfork, &x64_sys_getpid,
        &x64_sys_execve, &do_execve, &begin_new_exec, &de_thread, &x64_sys_exit, &x64_sys_exit_group, &do_group_exit,
        &do_exit, &do_task_dead, &wake_parent, &x64_sys_wait4, &x64_sys_waitid, &kernel_wait4, &do_wait,
        // signals
        &arch_do_signal, &get_signal, &do_signal_stop, &handle_signal, &x64_setup_rt_frame, &x64_sys_rt_sigreturn,
        &x64_sys_rt_sigaction, &x64_sys_rt_sigprocmask, &x64_sys_rt_sigsuspend, &x64_sys_pause, &do_pause,
        &x64_sys_kill, &x64_sys_tgkill, &x64_sys_restart_syscall,
        // jobs
        &x64_sys_setsid, &x64_sys_setpgid, &tty_ioctl, &x64_sys_prctl, &x64_sys_umask, &ni_syscall,
        // memory
        &exc_page_fault, &do_user_addr_fault, &handle_mm_fault, &handle_mm_fault_inner, &handle_pte_fault,
        &do_anonymous_page, &do_fault, &filemap_fault, &do_wp_page, &wp_page_copy, &x64_sys_mmap, &do_mmap,
        &x64_sys_munmap, &do_munmap, &x64_sys_mprotect, &do_mprotect, &x64_sys_brk, &pagefault_out_of_memory,
        &out_of_memory,
        // futex
        &x64_sys_futex, &do_futex, &futex_wait, &futex_wait_queue, &futex_wake, &futex_requeue,
        &futex_lock_pi, &futex_unlock_pi, &rt_mutex_start_proxy_lock, &task_blocks_on_rt_mutex,
        &rt_mutex_adjust_prio_chain, &rt_mutex_setprio, &remove_waiter, &rt_mutex_slowlock_block, &rt_mutex_wait_proxy_lock,
        // files
        &x64_sys_read, &x64_sys_write, &x64_sys_fsync, &vfs_read, &vfs_write, &pipe_read, &pipe_write,
        &evdev_read, &null_write, &submit_bio_wait, &folio_wait, &io_schedule,
        // sockets
        &x64_sys_accept4, &x64_sys_epoll_ctl, &do_epoll_ctl, &x64_sys_epoll_wait, &do_epoll_wait,
        &schedule_hrtimeout_range_clock, &sock_read_iter, &sock_write_iter, &napi_poll,
        &x64_sys_poll, &do_sys_poll, &poll_schedule_timeout, &x64_sys_close,
        &x64_sys_epoll_pwait2, &x64_sys_fcntl, &eventfd_write,
        &pipe_release, &exit_files,
        // kernel threads
        &kthread, &kthreadd, &smpboot_thread_fn, &scenario_thread_start, &scenario_kthread, &wait_for_completion, &complete, &complete_all,
        &kthread_create, &create_kthread, &kthread_run, &kthread_stop, &kthread_park, &kthread_unpark, &kthread_parkme,
        &kthread_use_mm, &kthread_unuse_mm, &x64_sys_ioctl, &no_ioctl,
        // workqueues and the timer wheel
        &queue_work_on, &queue_work, &kick_pool, &queue_delayed_work_on, &delayed_work_timer_fn, &wq_worker_sleeping,
        &wq_worker_running, &idle_worker_timeout, &worker_thread, &process_scheduled_works, &process_one_work, &work_func,
        &wq_barrier_func, &manage_workers, &rescuer_thread, &pool_mayday_timeout, &flush_work, &flush_workqueue,
        &cancel_work_sync, &run_timer_softirq, &process_timeout, &schedule_timeout, &msleep,
        // exceptions of instructions
        &asm_exc_divide_error, &asm_exc_int3, &asm_exc_invalid_op, &asm_exc_general_protection, &exc_divide_error,
        &exc_int3, &exc_invalid_op, &exc_general_protection};
    return all;
}

}  // namespace sy
