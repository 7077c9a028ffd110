// The areas (vm_area_struct) of an address space: those that every program has, derived from a few numbers, and those
// that mmap made. linux.md 2.3, 2.4.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/kernel/kernel.h"

namespace sy {

// All of them, lowest first.
std::vector<Vma> areas_of(const Kernel& k, MmId mm);
// The one that holds `va`; none: nothing is mapped there.
std::optional<Vma> find_area(const Kernel& k, MmId mm, std::uint64_t va);
// How many there are and their pages altogether, without listing them.
std::uint64_t count_areas(const Kernel& k, MmId mm);
std::uint64_t total_vm(const Kernel& k, MmId mm);
// Private writable pages (data_vm) and those of the stack (stack_vm).
struct VmSizes {
    std::uint64_t total = 0, data = 0, stack = 0;
};
VmSizes vm_sizes(const Kernel& k, MmId mm);
// get_unmapped_area: the highest free place for so many bytes below the libraries and thread stacks; 0: none.
std::uint64_t unmapped_area(const Kernel& k, MmId mm, std::uint64_t bytes);
// The first address of the thread stacks' block that is not taken.
std::uint64_t thread_stacks_low(const Mm& mm);
// A thread's stack that ends at `top`: its guard page and the stack.
std::array<Vma, 2> thread_stack_areas(std::uint64_t top);

// As /proc/PID/maps shows it: path, [heap], [stack], [anon:buf]; may be empty.
std::string area_name(const Kernel& k, MmId mm, const Vma& area);
std::string area_perms(const Vma& area);   // rw-p
bool is_file(const Vma& area);

// The address of an area as a program's author names it: heap, stack, data, text, or a name given to mmap. `buf/3` is
// its page 3; pages of the stack count downwards from its top. None: it is not mapped.
std::optional<std::uint64_t> named_address(const Kernel& k, MmId mm, std::string_view name);

// Whether an access of this kind is allowed there.
bool may_access(const Vma& area, Access a);
// The bits a page-table entry of this area gets (without frame, accessed, dirty).
std::uint64_t page_prot(const Vma& area);

}  // namespace sy
