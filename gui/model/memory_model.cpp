#include "gui/model/memory_model.h"

#include <algorithm>

#include "gui/model/facts.h"

namespace sy::gui {
namespace {

using namespace paging;

bool is_entry(const Move& m) {
    return m.to.kind == Place::Kind::mm && m.to.id >= static_cast<std::uint8_t>(MmField::pgd_entry);
}
int level_of(const Move& m) { return 4 - (m.to.id - static_cast<int>(MmField::pgd_entry)); }
Pfn frame_of(std::uint64_t word) { return static_cast<Pfn>((word & frame_mask) >> page_bits); }

PageLook look_of(const Kernel& k, std::uint64_t word) {
    if (word == 0) return PageLook::absent;
    if ((word & special) != 0) return PageLook::zero;
    const Frame& f = k.memory.pages[frame_of(word)];
    if (f.maps > 1 || f.what() == FrameKind::file) return PageLook::shared;
    return (word & rw) != 0 ? PageLook::own : PageLook::protected_;
}

AreaRow row_of(const Kernel& k, MmId mm, const Vma& v, std::size_t room) {
    AreaRow r{.area = v, .name = area_name(k, mm, v), .perms = area_perms(v)};
    const std::uint64_t pages = std::max<std::uint64_t>(1, v.pages());
    r.pages_per_cell = (pages + room - 1) / room;
    r.cells.resize((pages + r.pages_per_cell - 1) / r.pages_per_cell);
    for (const PageEntry& e : k.mms[mm].entries(1, v.start, v.end)) {
        ++r.resident;
        PageLook& cell = r.cells[((e.key & ~std::uint64_t{7}) - v.start) / page_bytes / r.pages_per_cell];
        cell = std::max(cell, look_of(k, e.word));
    }
    return r;
}

void walk(MemoryModel& m, const Kernel& k) {
    const auto words = k.mms[m.mm].walk(m.address);
    std::uint64_t table = k.mms[m.mm].pgd;
    for (int level = levels; level >= 1; --level) {
        WalkRow r{.level = level, .index = index_of(m.address, level), .table = table};
        r.word = r.before = table == 0 ? 0 : words[static_cast<std::size_t>(level)];
        for (const EntryChange& c : m.changes) {
            const bool same = c.mm == m.mm && c.level == level && Mm::key_of(c.address, level) == Mm::key_of(m.address, level);
            if (!same) continue;
            if (!r.changed) r.before = c.before;
            r.changed = true;
        }
        r.flags = entry_flags(r.word);
        table = (r.word & present) != 0 ? r.word & frame_mask : 0;
        m.walk.push_back(std::move(r));
    }
    m.frame = table >> page_bits;
    if (m.frame == 0 || !k.memory.pages.exists(static_cast<Pfn>(m.frame))) return;
    const Frame& f = k.memory.pages[static_cast<Pfn>(m.frame)];
    m.refs = f.refs;
    m.maps = f.maps;
    for (MmId other = 1; other < k.mms.size() && m.sharers.size() < 6; ++other) {
        if (other == m.mm) continue;
        for (const PageEntry& e : k.mms[other].tables) {
            if ((e.key & 7) != 1 || frame_of(e.word) != m.frame) continue;
            m.sharers.push_back(mm_owner_name(k, other) + " " + hex(e.key & ~std::uint64_t{7}));
            break;
        }
    }
}

}  // namespace

std::string entry_flags(std::uint64_t word) {
    if (word == 0) return {};
    std::string out;
    const auto add = [&](std::uint64_t bit, const char* name) {
        if ((word & bit) != 0) out += (out.empty() ? "" : " ") + std::string(name);
    };
    add(present, "P");
    add(rw, "RW");
    add(user, "US");
    add(accessed, "A");
    add(dirty, "D");
    add(special, "SPECIAL");
    add(nx, "NX");
    return out;
}

MemoryModel make_memory(const Kernel& k, TaskId task, std::span<const Move> moves, std::optional<std::uint64_t> chosen,
                        std::size_t cells) {
    MemoryModel m;
    m.task = task;
    std::optional<std::uint64_t> faulted;
    for (const Move& move : moves) {
        if (move.to.kind == Place::Kind::cr2) faulted = move.value;
        if (!is_entry(move)) continue;
        const auto same = std::find_if(m.changes.begin(), m.changes.end(), [&](const EntryChange& c) {
            return c.mm == move.to.owner && c.level == level_of(move) && c.address == move.to.address;
        });
        if (same != m.changes.end())
            same->after = move.value;
        else
            m.changes.push_back({move.to.address, move.to.owner, level_of(move), move.before, move.value});
    }
    const MmId mm = task == kNoTask ? kNoMm : k.tasks[task].mm;
    if (mm == kNoMm || k.mms[mm].users == 0) return m;
    m.mm = mm;
    std::vector<Vma> areas = areas_of(k, mm);
    constexpr std::size_t kMostRows = 60;   // of a process with a thousand threads: the first ones and the stack
    if (areas.size() > kMostRows) areas.erase(areas.begin() + kMostRows - 4, areas.end() - 4);
    for (const Vma& v : areas) m.areas.push_back(row_of(k, mm, v, std::max<std::size_t>(8, cells)));
    m.address = chosen.value_or(faulted.value_or(layout::user_stack_top));
    walk(m, k);
    return m;
}

}  // namespace sy::gui
