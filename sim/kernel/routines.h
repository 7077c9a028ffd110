// The kernel's symbol table: every routine there is, each defined in the file of its family. A name that Linux begins
// with underscores loses them here (C++ reserves such names); the string in the Routine has them.
#pragma once

#include <span>

#include "sim/kernel/text.h"

namespace sy {

namespace routines {
// entry.cpp
extern const Routine entry_syscall_64, after_hwframe, do_syscall_64, syscall_exit_to_user_mode, exit_to_user_mode_loop,
    restore_regs_and_return, asm_apic_timer, asm_reschedule_ipi, asm_call_function, asm_common_interrupt,
    asm_exc_page_fault, irqentry_exit_to_user_mode, irqentry_exit, ret_from_fork_asm, ret_from_fork, schedule_tail;
extern const Routine asm_exc_divide_error, asm_exc_int3, asm_exc_invalid_op, asm_exc_general_protection;
// traps.cpp
extern const Routine exc_divide_error, exc_int3, exc_invalid_op, exc_general_protection;
// sched_core.cpp
extern const Routine schedule, schedule_inner, schedule_idle, preempt_schedule_irq, preempt_schedule, try_to_wake_up,
    sched_ttwu_pending, x64_sys_sched_yield, x64_sys_setpriority, x64_sys_sched_setaffinity,
    x64_sys_getpid;
// sched_params.cpp
extern const Routine x64_sys_sched_setscheduler, x64_sys_sched_setattr, sched_rt_period_timer, dl_task_timer;
// balance.cpp
extern const Routine sched_balance_softirq, sched_balance_rq, nohz_csd_func;
// groups.cpp
extern const Routine sched_cfs_period_timer;
// switch.cpp
extern const Routine switch_mm_irqs_off, switch_to_asm, switch_to, finish_task_switch;
// timers.cpp
extern const Routine sysvec_apic_timer, hrtimer_interrupt, tick_nohz_handler, hrtimer_wakeup, hrtick,
    x64_sys_clock_nanosleep, common_nsleep, hrtimer_nanosleep, do_nanosleep, x64_sys_restart_syscall;
// irq.cpp
extern const Routine sysvec_reschedule_ipi, sysvec_call_function, common_interrupt, handle_edge_irq,
    handle_fasteoi_irq, handle_irq_event, irq_exit_rcu, irq_thread, irq_thread_fn;
// softirq.cpp
extern const Routine handle_softirqs, do_softirq, local_bh_enable, hi_action, net_tx_action, net_rx_action,
    blk_done_softirq, irq_poll_action, tasklet_action, tasklet_call, sched_action, hrtimer_action, rcu_action,
    raised_work;
// kernel_code.cpp
extern const Routine kernel_code, tasklet_body, ioctl_code, call_bh_disable, call_bh_enable, call_irq_disable,
    call_irq_enable, call_preempt_disable, call_preempt_enable, call_raise_softirq, call_tasklet_schedule,
    call_tasklet_disable, call_tasklet_enable, call_disable_irq, call_enable_irq;
// files.cpp
extern const Routine x64_sys_read, x64_sys_write, x64_sys_fsync, vfs_read, vfs_write, pipe_read, pipe_write,
    evdev_read, submit_bio_wait, folio_wait, io_schedule, null_write;
// epoll.cpp
extern const Routine x64_sys_accept4, x64_sys_epoll_ctl, do_epoll_ctl, x64_sys_epoll_wait, x64_sys_epoll_pwait2, x64_sys_fcntl, eventfd_write, do_epoll_wait,
    schedule_hrtimeout_range_clock, sock_read_iter, sock_write_iter, napi_poll;
// faults.cpp
extern const Routine exc_page_fault, do_user_addr_fault, handle_mm_fault, handle_mm_fault_inner, handle_pte_fault,
    do_anonymous_page, do_fault, filemap_fault, do_wp_page, wp_page_copy;
// mmap.cpp
extern const Routine x64_sys_mmap, do_mmap, x64_sys_munmap, do_munmap, x64_sys_mprotect, do_mprotect, x64_sys_brk;
// oom.cpp
extern const Routine pagefault_out_of_memory, out_of_memory;
// pipe.cpp
extern const Routine x64_sys_poll, do_sys_poll, poll_schedule_timeout, x64_sys_close,
    pipe_release, exit_files;
// futex.cpp
extern const Routine x64_sys_futex, do_futex, futex_wait, futex_wait_queue, futex_wake, futex_requeue;
// futex_pi.cpp, rtmutex.cpp
extern const Routine futex_lock_pi, futex_unlock_pi, rt_mutex_start_proxy_lock, task_blocks_on_rt_mutex,
    rt_mutex_adjust_prio_chain, rt_mutex_setprio, remove_waiter, rt_mutex_slowlock_block, rt_mutex_wait_proxy_lock;
// fork.cpp
extern const Routine x64_sys_clone, x64_sys_clone3, x64_sys_fork, x64_sys_vfork, copy_process, kernel_clone;
// exec.cpp
extern const Routine x64_sys_execve, do_execve, begin_new_exec, de_thread;
// exit.cpp
extern const Routine x64_sys_exit, x64_sys_exit_group, do_group_exit, do_exit, do_task_dead, ni_syscall;
// wait.cpp
extern const Routine x64_sys_wait4, x64_sys_waitid, kernel_wait4, do_wait, wake_parent;
// sigdeliver.cpp, sigframe.cpp, sigcalls.cpp
extern const Routine arch_do_signal, get_signal, do_signal_stop, handle_signal, x64_setup_rt_frame,
    x64_sys_rt_sigreturn, x64_sys_rt_sigaction, x64_sys_rt_sigprocmask, x64_sys_rt_sigsuspend, x64_sys_pause,
    do_pause, x64_sys_kill, x64_sys_tgkill;
// jobs.cpp
extern const Routine x64_sys_setsid, x64_sys_setpgid, tty_ioctl, x64_sys_prctl, x64_sys_umask;
// kthreads.cpp
extern const Routine do_idle, cpu_startup_entry, smpboot_thread_fn, kthread, scenario_kthread, scenario_thread_start,
    schedule_timeout_idle;
// stopper.cpp
extern const Routine cpu_stopper_thread, migration_cpu_stop, active_load_balance_cpu_stop;
// kthread_calls.cpp
extern const Routine wait_for_completion, complete, complete_all, kthread_create, kthreadd, create_kthread, kthread_stop,
    kthread_park, kthread_unpark, kthread_parkme;
// driver_calls.cpp
extern const Routine x64_sys_ioctl, no_ioctl, kthread_run, kthread_use_mm, kthread_unuse_mm;
// timer_wheel.cpp
extern const Routine run_timer_softirq, process_timeout, schedule_timeout, msleep;
// workqueue.cpp, worker.cpp, flush.cpp
extern const Routine queue_work_on, queue_work, kick_pool, queue_delayed_work_on, delayed_work_timer_fn,
    wq_worker_sleeping, wq_worker_running, idle_worker_timeout, worker_thread, process_scheduled_works, process_one_work,
    work_func, wq_barrier_func, manage_workers, rescuer_thread, pool_mayday_timeout, flush_work, flush_workqueue,
    cancel_work_sync;
}  // namespace routines

// All of them in the order in which they lie in kernel text.
std::span<const Routine* const> all_routines();

}  // namespace sy
