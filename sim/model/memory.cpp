#include "sim/model/memory.h"

#include <algorithm>

#include "sim/base/assert.h"

namespace sy {

namespace {

constexpr std::uint32_t kBlock = 1u << (kOrders - 1);        // pages of the largest block
constexpr std::uint32_t kNoNext = 0xffff'ffff, kNoPrev = 0x1ff'ffff;
constexpr std::uint32_t kMinPartial = 5;                     // slabs that an empty cache keeps (SLUB's min_partial)

// The first 4 MiB are the firmware's, 16 to 48 MiB the kernel image's; neither is handed out.
constexpr Pfn kDmaFirst = 1'024, kDmaEnd = 4'096, kDma32First = 12'288, kDma32End = 1 << 20;

std::uint64_t square_root(std::uint64_t n) {
    std::uint64_t r = 0;
    for (std::uint64_t bit = std::uint64_t{1} << 31; bit != 0; bit >>= 1)
        if ((r + bit) * (r + bit) <= n) r += bit;
    return r;
}

}  // namespace

void PageAllocator::set_up(std::uint64_t bytes) {
    std::uint64_t left = bytes / 4'096;
    total_ = left;
    const auto zone = [&](int i, const char* name, Pfn first, Pfn most) {
        const auto n = static_cast<Pfn>(std::min<std::uint64_t>(left, most));
        left -= n;
        Zone& z = zones_[static_cast<std::size_t>(i)];
        z.name = name;
        z.first = z.fresh = first;
        z.end = first + n;
        z.head.fill(kNoNext);
        z.nr_free[kOrders - 1] = n / kBlock;
        z.free_pages = n;
    };
    zone(0, "DMA", kDmaFirst, kDmaEnd - kDmaFirst);
    zone(1, "DMA32", kDma32First, kDma32End - kDma32First);
    zone(2, "Normal", kDma32End, 0x1ff'fc00);
    // init_per_zone_wmark_min: min_free_kbytes = sqrt(16 * kB of memory), 128 to 262144.
    const std::uint64_t min_kb = std::clamp<std::uint64_t>(square_root(total_ * 4 * 16), 128, 262'144);
    for (Zone& z : zones_) {
        z.min = static_cast<std::uint32_t>(min_kb / 4 * z.managed() / total_);
        const std::uint32_t gap = std::max<std::uint32_t>(z.min / 4, z.managed() / 1'000);
        z.low = z.min + gap;
        z.high = z.min + 2 * gap;
    }
}

void PageAllocator::push(Zone& z, std::uint32_t at, int order) {
    const auto o = static_cast<std::size_t>(order);
    Frame& f = z.frames.mut(at);
    f.kind = static_cast<std::uint32_t>(FrameKind::free);
    f.order = static_cast<std::uint32_t>(order) & 15;
    f.refs = z.head[o];
    f.maps = kNoPrev;
    if (z.head[o] != kNoNext) z.frames.mut(z.head[o]).maps = at & kNoPrev;
    z.head[o] = at;
}

void PageAllocator::unlink(Zone& z, std::uint32_t at, int order) {
    const Frame f = z.frames[at];
    if (f.maps == kNoPrev)
        z.head[static_cast<std::size_t>(order)] = f.refs;
    else
        z.frames.mut(f.maps).refs = f.refs;
    if (f.refs != kNoNext) z.frames.mut(f.refs).maps = f.maps;
    z.frames.mut(at) = Frame{};
}

bool PageAllocator::take_fresh(Zone& z) {
    if (z.fresh == z.end) return false;
    const std::uint32_t at = z.fresh - z.first;
    for (std::uint32_t i = 0; i < kBlock; ++i) z.frames.push_back() = Frame{};
    z.fresh += kBlock;
    push(z, at, kOrders - 1);
    return true;
}

bool PageAllocator::has(int order, bool urgent) const {
    const std::uint32_t n = 1u << order;
    for (const Zone& z : zones_) {
        if (z.free_pages < n || (!urgent && z.free_pages - n < z.min)) continue;
        for (int o = order; o < kOrders; ++o)
            if (z.nr_free[static_cast<std::size_t>(o)] != 0) return true;
    }
    return false;
}

// __rmqueue_smallest: the smallest block that is large enough; its lower half is used, the upper halves are freed.
Pfn PageAllocator::alloc(int order, FrameKind kind, bool urgent) {
    const std::uint32_t n = 1u << order;
    ++version_;
    for (int i = 2; i >= 0; --i) {   // the zonelist: Normal, DMA32, DMA
        Zone& z = zones_[static_cast<std::size_t>(i)];
        if (z.free_pages < n || (!urgent && z.free_pages - n < z.min)) continue;
        int o = order;
        while (o < kOrders && z.head[static_cast<std::size_t>(o)] == kNoNext) ++o;
        if (o == kOrders) {
            if (!take_fresh(z)) continue;
            o = kOrders - 1;
        }
        const std::uint32_t at = z.head[static_cast<std::size_t>(o)];
        unlink(z, at, o);
        --z.nr_free[static_cast<std::size_t>(o)];
        while (o > order) {
            --o;
            push(z, at + (1u << o), o);
            ++z.nr_free[static_cast<std::size_t>(o)];
        }
        z.free_pages -= n;
        Frame& f = z.frames.mut(at);
        f.kind = static_cast<std::uint32_t>(kind) & 7;
        f.order = static_cast<std::uint32_t>(order) & 15;
        f.refs = 1;
        f.maps = 0;
        in_use_[static_cast<std::size_t>(kind)] += n;
        return z.first + at;
    }
    return kNoFrame;
}

// __free_one_page: as long as the buddy is free and of the same order the two become one.
void PageAllocator::free(Pfn pfn) {
    Zone& z = const_cast<Zone&>(zone_of(pfn));
    ++version_;
    std::uint32_t at = pfn - z.first;
    int order = z.frames[at].order;
    const auto kind = static_cast<std::size_t>(z.frames[at].kind);
    SY_ASSERT(z.frames[at].what() != FrameKind::free && z.frames[at].what() != FrameKind::tail, "a free frame was freed");
    in_use_[kind] -= std::uint64_t{1} << order;
    z.free_pages += 1u << order;
    z.frames.mut(at) = Frame{};
    while (order < kOrders - 1) {
        const std::uint32_t buddy = at ^ (1u << order);
        if (buddy >= z.frames.size()) break;
        const Frame& b = z.frames[buddy];
        if (b.what() != FrameKind::free || b.order != static_cast<std::uint32_t>(order)) break;
        unlink(z, buddy, order);
        --z.nr_free[static_cast<std::size_t>(order)];
        at &= ~(1u << order);
        ++order;
    }
    push(z, at, order);
    ++z.nr_free[static_cast<std::size_t>(order)];
}

bool PageAllocator::exists(Pfn pfn) const {
    const Zone& z = zone_of(pfn);
    return pfn >= z.first && pfn < z.fresh;
}

std::uint64_t PageAllocator::free_pages() const {
    std::uint64_t n = 0;
    for (const Zone& z : zones_) n += z.free_pages;
    return n;
}

std::size_t PageAllocator::bytes() const {
    std::size_t n = 0;
    for (const Zone& z : zones_) n += z.frames.bytes();
    return n;
}

void PageAllocator::mix(Fingerprint& print) const {
    for (const Zone& z : zones_) {
        print.mix(z.free_pages);
        print.mix(z.fresh);
        for (int o = 0; o < kOrders; ++o) {
            const auto i = static_cast<std::size_t>(o);
            print.mix((std::uint64_t{z.head[i]} << 32) | z.nr_free[i]);
        }
        for (std::size_t i = 0; i < z.frames.size(); ++i) {
            const Frame& f = z.frames[i];
            print.mix((std::uint64_t{f.refs} << 32) | (std::uint64_t{f.maps} << 7) | (std::uint64_t{f.kind} << 4) | f.order);
        }
    }
}

std::string PageAllocator::check() const {
    for (const Zone& z : zones_) {
        std::uint64_t pages = 0;
        for (int o = 0; o < kOrders; ++o) {
            const auto i = static_cast<std::size_t>(o);
            std::uint32_t listed = o == kOrders - 1 ? (z.end - z.fresh) / kBlock : 0;
            std::uint32_t before = kNoPrev;
            for (std::uint32_t at = z.head[i]; at != kNoNext; at = z.frames[at].refs) {
                const Frame& f = z.frames[at];
                if (f.what() != FrameKind::free || f.order != i || f.maps != before || at % (1u << o) != 0)
                    return std::string("a free list of zone ") + z.name + " is broken";
                before = at;
                if (++listed > z.managed()) return std::string("a free list of zone ") + z.name + " goes round";
            }
            if (listed != z.nr_free[i]) return std::string("zone ") + z.name + ": nr_free is not the length of its list";
            pages += std::uint64_t{listed} << o;
        }
        if (pages != z.free_pages) return std::string("zone ") + z.name + ": the free lists do not hold all free pages";
    }
    std::uint64_t used = 0;
    for (const std::uint64_t n : in_use_) used += n;
    return used + free_pages() == total_ ? "" : "frames in use and free frames are not all frames";
}

// Sizes: linux.md 8.2; a kernel stack is THREAD_SIZE.
const SlabInfo& slab_info(SlabKind kind) {
    static constexpr SlabInfo kInfos[kSlabs] = {{"task_struct", 4'288, 3}, {"thread_stack", 16'384, 3},
                                                {"mm_struct", 1'600, 3},   {"vm_area_struct", 192, 0},
                                                {"pid", 192, 0}};
    return kInfos[static_cast<std::size_t>(kind)];
}

bool Memory::slab_alloc(SlabKind kind, std::uint64_t n, bool urgent) {
    const SlabInfo& info = slab_info(kind);
    SlabCache& c = slabs[static_cast<std::size_t>(kind)];
    while (c.active + n > std::uint64_t{c.used} * info.per_slab()) {
        const Pfn pfn = pages.alloc(info.order, FrameKind::slab, urgent);
        if (pfn == kNoFrame) return false;
        if (c.used == c.slabs.size()) c.slabs.push_back();
        c.slabs.mut(c.used++) = pfn;
    }
    c.active += n;
    return true;
}

void Memory::slab_free(SlabKind kind, std::uint64_t n) {
    const SlabInfo& info = slab_info(kind);
    SlabCache& c = slabs[static_cast<std::size_t>(kind)];
    SY_ASSERT(c.active >= n, "a slab object was freed twice");
    c.active -= n;
    while (c.used > kMinPartial && c.active + std::uint64_t{info.per_slab()} * kMinPartial <=
                                       std::uint64_t{c.used - 1} * info.per_slab())
        pages.free(c.slabs[--c.used]);
}

Pfn PageCache::find(std::uint32_t index) const {
    const auto at = std::lower_bound(pages.begin(), pages.end(), index,
                                     [](const Page& p, std::uint32_t i) { return p.index < i; });
    return at != pages.end() && at->index == index ? at->pfn : kNoFrame;
}

void PageCache::add(std::uint32_t index, Pfn pfn) {
    const auto at = std::lower_bound(pages.begin(), pages.end(), index,
                                     [](const Page& p, std::uint32_t i) { return p.index < i; });
    pages.insert(at, {index, pfn});
}

void Memory::mix(Fingerprint& print) const {
    pages.mix(print);
    for (const SlabCache& c : slabs) print.mix((c.active << 24) ^ c.used);
    for (std::size_t i = 0; i < files.size(); ++i) {
        for (const PageCache::Page& p : files[i].pages) print.mix((std::uint64_t{p.index} << 32) | p.pfn);
        for (const auto& [offset, value] : files[i].words) {
            print.mix(offset);
            print.mix(value);
        }
    }
    for (std::uint64_t v : {pgfault, pgmajfault, oom_kill, cow}) print.mix(v);
}

std::size_t Memory::bytes() const {
    std::size_t n = pages.bytes() + files.bytes();
    for (const SlabCache& c : slabs) n += c.slabs.bytes();
    return n;
}

}  // namespace sy
