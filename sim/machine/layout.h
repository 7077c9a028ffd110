// Where things lie in the simulated address space. Regions are Linux's (linux.md 2.4, 2.5, KASLR and ASLR off);
// the place inside a region is ours: objects of one kind stand in one row, so an address names its object.
#pragma once

#include <cstdint>

#include "sim/base/types.h"

namespace sy::layout {

using Address = std::uint64_t;

// Kernel text, linux.md 2.5.
constexpr Address kernel_text = 0xffff'ffff'8100'0000;
// Kernel stacks: 16 KiB each, aligned to their size, with a guard page behind: one every 32 KiB of vmalloc space.
constexpr Address stacks = 0xffff'c900'0000'0000;
constexpr unsigned stack_stride_bits = 15;
constexpr std::uint64_t stack_bytes = 16'384;                // THREAD_SIZE, IRQ_STACK_SIZE (linux.md 4.1)
constexpr std::uint64_t stack_end_magic = 0x57AC'6E9D;       // linux.md 4.2
// Per-CPU entry stacks in cpu_entry_area: one page each (linux.md 4.1).
constexpr Address entry_area = 0xffff'fe00'0000'0000;
constexpr std::uint64_t entry_stride = 0x40000;
constexpr std::uint64_t entry_bytes = 4'096;
constexpr std::uint64_t entry_offset = 0x1000;
// Per-CPU data, reached through GS base after swapgs.
constexpr Address per_cpu = 0xffff'8881'3bc0'0000;
constexpr std::uint64_t per_cpu_stride = 0x4'0000;
// Slab objects in the direct map; sizes are those of linux.md 8.2.
constexpr Address task_structs = 0xffff'8884'0000'0000;
constexpr std::uint64_t task_struct_bytes = 4'288;
constexpr Address mm_structs = 0xffff'8883'0000'0000;
constexpr std::uint64_t mm_struct_bytes = 1'600;
constexpr Address pipes = 0xffff'8881'8000'0000;
constexpr std::uint64_t pipe_bytes = 192;
constexpr Address devices = 0xffff'8881'9000'0000;
constexpr std::uint64_t device_bytes = 1'024;
constexpr Address zero_page_phys = 0x2a0'b000;               // empty_zero_page, in the kernel image
constexpr Address init_pgd_phys = 0x2a0'a000;                // swapper_pg_dir, in the kernel image

// User half (linux.md 2.4): a non-PIE program without ASLR.
constexpr Address user_text = 0x40'1000;
constexpr unsigned user_op_bits = 4;                         // each operation of a program takes 16 bytes of text
constexpr Address user_data = 0x40'4000;
constexpr Address user_heap = 0x40'6000;
constexpr std::uint64_t user_heap_bytes = 132 * 1024;        // the first brk, linux.md 2.4
constexpr Address user_stack_top = 0x7fff'ffff'e7a0;
constexpr Address thread_stacks = 0x7fff'f7dd'2000;          // they grow down from here, 8 MiB + a guard page each
constexpr std::uint64_t thread_stack_stride = 0x80'1000;
constexpr std::uint64_t tcb_bytes = 0x900;                   // struct pthread, at the top of a thread's mapping
constexpr Address main_tcb = 0x7fff'f7dd'5740;
constexpr Address user_vvar = 0x7fff'f7ff'5000, user_vdso = 0x7fff'f7ff'9000, user_vdso_end = 0x7fff'f7ff'b000;
constexpr Address user_stack_low = 0x7fff'fffd'e000, user_stack_end = 0x7fff'ffff'f000;   // 132 KiB at first
constexpr std::uint64_t stack_limit = 8 << 20;               // RLIMIT_STACK
constexpr std::uint64_t stack_gap = 1 << 20;                 // stack_guard_gap: 256 pages

// Memory of the coroutine library, each kind in a row: control blocks and save buffers on the heap, stacks in mappings.
constexpr Address co_blocks = 0x0010'0000'0000;
constexpr Address co_saves = 0x0200'0000'0000;
constexpr Address co_stacks = 0x7000'0000'0000;
// Sockets and their eventpolls, in the direct map.
constexpr Address sockets = 0xffff'8885'0000'0000;
constexpr std::uint64_t socket_bytes = 2'368;                // struct tcp_sock: slab TCP of Linux 6.18, our measurement
constexpr Address eventpolls = 0xffff'8881'a000'0000;
constexpr std::uint64_t eventpoll_bytes = 256;

inline Address task_address(TaskId id) { return task_structs + id * task_struct_bytes; }
inline TaskId task_of(Address a) { return static_cast<TaskId>((a - task_structs) / task_struct_bytes); }
inline Address mm_address(MmId id) { return id == kNoMm ? 0 : mm_structs + id * mm_struct_bytes; }
inline Address stack_base(std::uint32_t slot) { return stacks + (Address{slot} << stack_stride_bits); }
inline Address stack_top(std::uint32_t slot) { return stack_base(slot) + stack_bytes; }
inline Address entry_stack_top(CpuId cpu) {
    return entry_area + cpu * entry_stride + entry_offset + entry_bytes;
}
inline Address per_cpu_base(CpuId cpu) { return per_cpu + cpu * per_cpu_stride; }
inline bool is_stack(Address a) { return a >= stacks && a < 0xffff'e900'0000'0000; }
inline bool is_entry_stack(Address a) { return a >= entry_area && a < 0xffff'fe80'0000'0000; }
inline std::uint32_t stack_slot_of(Address a) {
    return static_cast<std::uint32_t>((a - stacks) >> stack_stride_bits);
}

}  // namespace sy::layout
