#include "sim/kernel/areas.h"

#include <algorithm>

namespace sy {

namespace {

using Kind = Vma::Kind;
constexpr std::uint32_t kMay = vm_flag::mayread | vm_flag::maywrite | vm_flag::mayexec;
constexpr std::uint32_t kRead = vm_flag::read | kMay, kReadWrite = vm_flag::read | vm_flag::write | kMay,
                        kReadExec = vm_flag::read | vm_flag::exec | kMay;
// Where named mappings may not go below.
constexpr std::uint64_t kLowest = 0x10'0000'0000;

Vma area(Kind kind, std::uint64_t start, std::uint64_t end, std::uint32_t flags, std::uint32_t file = kNoFile,
         std::uint32_t pgoff = 0) {
    return {start, end, flags, file, pgoff, 0, kind};
}

// The areas below the mapped ones and above the thread stacks, in order of address.
template <typename Visit>
void low_areas(const Program& p, const Mm& m, Visit visit) {
    using paging::page_bytes;
    const std::uint64_t first = layout::user_text - page_bytes;
    visit(area(Kind::text, first, layout::user_text, kRead, m.program, 0));
    visit(area(Kind::text, layout::user_text, p.text_end(), kReadExec, m.program, 1));
    visit(area(Kind::data, p.data_base, p.data_base + page_bytes, kReadWrite, m.program,
               static_cast<std::uint32_t>((p.data_base - first) / page_bytes)));
    visit(area(Kind::bss, p.data_base + page_bytes, p.heap_base, kReadWrite));
    if (m.brk > p.heap_base) visit(area(Kind::heap, p.heap_base, m.brk, kReadWrite));
}
template <typename Visit>
void high_areas(const Mm& m, Visit visit) {
    const std::uint64_t tls = paging::page_of(layout::main_tcb);
    visit(area(Kind::tls, tls, tls + paging::page_bytes, kReadWrite));
    visit(area(Kind::vvar, layout::user_vvar, layout::user_vdso, vm_flag::read | vm_flag::mayread));
    visit(area(Kind::vdso, layout::user_vdso, layout::user_vdso_end,
               vm_flag::read | vm_flag::exec | vm_flag::mayread | vm_flag::mayexec));
    visit(area(Kind::stack, m.stack_low, layout::user_stack_end, kReadWrite | vm_flag::growsdown));
}
Vma guard_of(std::uint64_t top) {
    return area(Kind::thread_guard, top - layout::thread_stack_stride, top - layout::thread_stack_stride + paging::page_bytes,
                kMay);
}
Vma thread_stack_of(std::uint64_t top) {
    return area(Kind::thread_stack, top - layout::thread_stack_stride + paging::page_bytes, top, kReadWrite);
}

}  // namespace

std::uint64_t thread_stacks_low(const Mm& mm) {
    return layout::thread_stacks - mm.thread_stacks * layout::thread_stack_stride;
}

std::array<Vma, 2> thread_stack_areas(std::uint64_t top) { return {guard_of(top), thread_stack_of(top)}; }

std::vector<Vma> areas_of(const Kernel& k, MmId id) {
    const Mm& m = k.mms[id];
    std::vector<Vma> out;
    if (id == 0 || m.users == 0) return out;
    const auto add = [&](const Vma& v) { out.push_back(v); };
    low_areas(k.image().programs[m.program], m, add);
    // Mapped areas may stand below and between the thread stacks' block and the rest: put in by address.
    std::vector<Vma> middle = m.mapped;
    for (std::uint32_t n = m.thread_stacks; n-- > 0;) {
        const std::uint64_t top = layout::thread_stacks - n * layout::thread_stack_stride;
        middle.push_back(guard_of(top));
        middle.push_back(thread_stack_of(top));
    }
    std::sort(middle.begin(), middle.end(), [](const Vma& a, const Vma& b) { return a.start < b.start; });
    out.insert(out.end(), middle.begin(), middle.end());
    high_areas(m, add);
    return out;
}

std::optional<Vma> find_area(const Kernel& k, MmId id, std::uint64_t va) {
    const Mm& m = k.mms[id];
    if (id == 0 || m.users == 0) return std::nullopt;
    const auto it = std::upper_bound(m.mapped.begin(), m.mapped.end(), va,
                                     [](std::uint64_t a, const Vma& v) { return a < v.end; });
    if (it != m.mapped.end() && it->contains(va)) return *it;
    if (va >= thread_stacks_low(m) && va < layout::thread_stacks) {
        const std::uint64_t n = (layout::thread_stacks - 1 - va) / layout::thread_stack_stride;
        const std::uint64_t top = layout::thread_stacks - n * layout::thread_stack_stride;
        const Vma guard = guard_of(top);
        return guard.contains(va) ? guard : thread_stack_of(top);
    }
    std::optional<Vma> found;
    const auto look = [&](const Vma& v) {
        if (v.contains(va)) found = v;
    };
    low_areas(k.image().programs[m.program], m, look);
    high_areas(m, look);
    return found;
}

std::uint64_t count_areas(const Kernel& k, MmId id) {
    const Mm& m = k.mms[id];
    if (id == 0 || m.users == 0) return 0;
    const bool heap = m.brk > k.image().programs[m.program].heap_base;
    return 8 + (heap ? 1 : 0) + 2 * std::uint64_t{m.thread_stacks} + m.mapped.size();
}

VmSizes vm_sizes(const Kernel& k, MmId id) {
    const Mm& m = k.mms[id];
    VmSizes s;
    if (id == 0 || m.users == 0) return s;
    const auto add = [&](const Vma& v) {
        s.total += v.pages();
        if ((v.flags & vm_flag::growsdown) != 0)
            s.stack += v.pages();
        else if ((v.flags & (vm_flag::write | vm_flag::shared)) == vm_flag::write)
            s.data += v.pages();
    };
    low_areas(k.image().programs[m.program], m, add);
    high_areas(m, add);
    for (const Vma& v : m.mapped) add(v);
    constexpr std::uint64_t kStack = layout::thread_stack_stride / paging::page_bytes;   // one page of it is the guard
    s.total += m.thread_stacks * kStack;
    s.data += m.thread_stacks * (kStack - 1);
    return s;
}

std::uint64_t total_vm(const Kernel& k, MmId id) { return vm_sizes(k, id).total; }

std::uint64_t unmapped_area(const Kernel& k, MmId id, std::uint64_t bytes) {
    const Mm& m = k.mms[id];
    std::uint64_t top = thread_stacks_low(m);
    for (auto it = m.mapped.rbegin(); it != m.mapped.rend(); ++it) {
        if (it->start >= top) continue;
        if (it->end <= top && top - it->end >= bytes) return top - bytes;
        top = std::min(top, it->start);
    }
    return top >= kLowest + bytes ? top - bytes : 0;
}

bool is_file(const Vma& area) { return area.file != kNoFile && !area.is_shared(); }

std::string area_name(const Kernel& k, MmId id, const Vma& v) {
    const Mm& m = k.mms[id];
    const Program& p = k.image().programs[m.program];
    switch (v.kind) {
        case Kind::text:
        case Kind::data: return "/usr/bin/" + p.comm;
        case Kind::heap: return "[heap]";
        case Kind::vvar: return "[vvar]";
        case Kind::vdso: return "[vdso]";
        case Kind::stack: return "[stack]";
        case Kind::mapped: {
            const std::size_t programs = k.image().programs.size();
            if (v.file != kNoFile && v.file >= programs && v.file < programs + k.devices.size())
                return "/dev/" + k.image().scenario.devices[v.file - programs].name;
            if (v.is_shared()) return "/dev/zero (deleted)";   // what anonymous shared memory is called
            return v.name != 0 && v.name <= p.mappings.size() ? "[anon:" + p.mappings[v.name - 1u] + "]" : "";
        }
        default: return "";
    }
}

std::string area_perms(const Vma& v) {
    std::string s = "---p";
    if ((v.flags & vm_flag::read) != 0) s[0] = 'r';
    if ((v.flags & vm_flag::write) != 0) s[1] = 'w';
    if ((v.flags & vm_flag::exec) != 0) s[2] = 'x';
    if ((v.flags & vm_flag::mayshare) != 0) s[3] = 's';
    return s;
}

std::optional<std::uint64_t> named_address(const Kernel& k, MmId mm, std::string_view name) {
    if (mm == kNoMm || mm == 0 || k.mms[mm].users == 0) return std::nullopt;
    std::uint64_t page = 0;
    const std::size_t slash = name.find('/');
    if (slash != std::string_view::npos) {
        for (const char c : name.substr(slash + 1)) page = page * 10 + static_cast<std::uint64_t>(c - '0');
        name = name.substr(0, slash);
    }
    const Program& p = k.image().programs[k.mms[mm].program];
    const std::uint64_t offset = page * paging::page_bytes;
    if (name == "heap") return p.heap_base + offset;
    if (name == "data") return p.data_base + offset;
    if (name == "text") return layout::user_text + offset;
    if (name == "stack") return paging::page_of(layout::user_stack_top) - offset;
    for (const Vma& v : k.mms[mm].mapped)
        if (v.name != 0 && v.name <= p.mappings.size() && p.mappings[v.name - 1u] == name) return v.start + offset;
    return std::nullopt;
}

bool may_access(const Vma& v, Access a) {
    if (a == Access::write) return (v.flags & vm_flag::write) != 0;
    if (a == Access::fetch) return (v.flags & vm_flag::exec) != 0;
    return (v.flags & (vm_flag::read | vm_flag::write | vm_flag::exec)) != 0;
}

std::uint64_t page_prot(const Vma& v) {
    std::uint64_t bits = paging::present | paging::user;
    if ((v.flags & vm_flag::write) != 0) bits |= paging::rw;
    if ((v.flags & vm_flag::exec) == 0) bits |= paging::nx;
    return bits;
}

}  // namespace sy
