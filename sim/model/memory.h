// Physical memory: frames with their counts (struct page), the buddy allocator that hands them out, the slab caches on
// top of it, and the pages of files and shared memory. linux.md 8.1 to 8.3.
//
// Memory of 128 GiB costs nothing until it is used: a zone's untouched blocks of order 10 are one number.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/base/cow.h"
#include "sim/base/fingerprint.h"

namespace sy {

using Pfn = std::uint32_t;                     // page frame number
constexpr Pfn kNoFrame = 0xffff'ffff;
constexpr int kOrders = 11;                    // 0 to MAX_PAGE_ORDER (10, 4 MiB)
constexpr std::uint64_t kBlockBytes = std::uint64_t{4'096} << (kOrders - 1);

enum class FrameKind : std::uint8_t {
    tail,      // not the first one of its block, or free and untouched
    free,      // the first one of a free block
    anon, file, shmem, table, slab, zero,
};

// struct page, as far as counts go. In a free block the two numbers are the links of its list.
struct Frame {
    std::uint32_t refs = 0;                    // _refcount; free: the next block
    std::uint32_t maps : 25 = 0;               // _mapcount: page-table entries that name it; free: the block before
    std::uint32_t kind : 3 = 0;
    std::uint32_t order : 4 = 0;

    FrameKind what() const { return static_cast<FrameKind>(kind); }
};
static_assert(sizeof(Frame) == 8);

struct Zone {
    const char* name = "";
    Pfn first = 0, end = 0;                    // multiples of 1,024
    Pfn fresh = 0;                             // from here on nothing was ever taken
    std::array<std::uint32_t, kOrders> head{};
    std::array<std::uint32_t, kOrders> nr_free{};   // blocks of each order, the untouched ones included
    std::uint32_t free_pages = 0;
    std::uint32_t min = 0, low = 0, high = 0;  // watermarks, pages
    CowArray<Frame, 10> frames;

    std::uint32_t managed() const { return end - first; }
};

class PageAllocator {
  public:
    // `bytes`: a multiple of 4 MiB, at least 16 MiB.
    void set_up(std::uint64_t bytes);
    // A block of 2^order pages; kNoFrame: none left above the reserve. `urgent` may take the reserve too.
    Pfn alloc(int order, FrameKind kind, bool urgent);
    void free(Pfn pfn);
    bool has(int order, bool urgent) const;

    const Frame& operator[](Pfn pfn) const { return zone_of(pfn).frames[pfn - zone_of(pfn).first]; }
    Frame& mut(Pfn pfn) {
        ++version_;
        Zone& z = const_cast<Zone&>(zone_of(pfn));
        return z.frames.mut(pfn - z.first);
    }
    bool exists(Pfn pfn) const;                // a frame of this machine that was handed out at least once
    const std::array<Zone, 3>& zones() const { return zones_; }
    std::uint64_t total() const { return total_; }
    std::uint64_t free_pages() const;
    std::uint64_t in_use(FrameKind kind) const { return in_use_[static_cast<std::size_t>(kind)]; }
    std::size_t bytes() const;
    // Counts changes of anything that the rules of memory are about; not part of the value.
    std::uint64_t version() const { return version_; }
    void changed() { ++version_; }
    void mix(Fingerprint& print) const;
    // Every rule of the free lists; empty if all hold.
    std::string check() const;

  private:
    const Zone& zone_of(Pfn pfn) const { return zones_[pfn >= zones_[2].first ? 2 : pfn >= zones_[1].first ? 1 : 0]; }
    static void push(Zone& z, std::uint32_t at, int order);
    static void unlink(Zone& z, std::uint32_t at, int order);
    static bool take_fresh(Zone& z);

    std::array<Zone, 3> zones_;
    std::uint64_t total_ = 0, version_ = 1;
    std::array<std::uint64_t, 8> in_use_{};    // pages by kind
};

// A cache of objects of one size. Which slab an object lies in is not kept: objects move together, so a cache has as
// many slabs as its objects need, and one is given back when a whole one is spare (kMinPartial stay).
enum class SlabKind : std::uint8_t { task_struct, thread_stack, mm_struct, vm_area_struct, pid, count };
constexpr int kSlabs = static_cast<int>(SlabKind::count);
struct SlabInfo {
    const char* name;
    std::uint32_t size;      // bytes of an object with its alignment
    int order;               // pages of a slab: 2^order
    std::uint32_t per_slab() const { return (std::uint32_t{4'096} << order) / size; }
};
const SlabInfo& slab_info(SlabKind kind);

struct SlabCache {
    std::uint64_t active = 0;
    CowArray<Pfn, 6> slabs;                    // first frame of each; those beyond `used` are no longer its own
    std::uint32_t used = 0;
};

// The pages of a file or of a piece of shared memory (struct address_space).
struct PageCache {
    struct Page {
        std::uint32_t index = 0;
        Pfn pfn = kNoFrame;
    };
    std::vector<Page> pages;                   // by index
    std::int32_t areas = 0;                    // shared memory: address spaces that map it; the last one frees it
    bool shmem = false;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> words;   // shared memory: its written words, by offset

    Pfn find(std::uint32_t index) const;
    void add(std::uint32_t index, Pfn pfn);
};

struct Memory {
    PageAllocator pages;
    std::array<SlabCache, kSlabs> slabs;
    CowArray<PageCache, 2> files;              // programs' texts first, then devices, then shared memory
    Pfn zero_page = kNoFrame;
    // /proc/vmstat
    std::uint64_t pgfault = 0, pgmajfault = 0, oom_kill = 0, cow = 0;

    // One more object; false: no memory for another slab.
    bool slab_alloc(SlabKind kind, std::uint64_t n, bool urgent);
    void slab_free(SlabKind kind, std::uint64_t n);
    void mix(Fingerprint& print) const;
    std::size_t bytes() const;
};

}  // namespace sy
