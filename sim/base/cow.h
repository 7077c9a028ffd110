// A growing array whose copies share chunks until one of them writes: what fork does with pages. A keyframe of a
// machine with a million tasks costs a pointer a chunk, and stepping on costs a chunk copy only where it writes.
//
// Copies may be used from different threads (the reference counts are atomic); one CowArray may not.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "sim/base/assert.h"

namespace sy {

template <typename T, unsigned kBits>
class CowArray {
  public:
    static constexpr std::size_t kChunk = std::size_t{1} << kBits;

    CowArray() = default;
    CowArray(const CowArray& o) : chunks_(o.chunks_), size_(o.size_) {
        for (Chunk* c : chunks_) c->refs.fetch_add(1, std::memory_order_relaxed);
    }
    CowArray(CowArray&& o) noexcept : chunks_(std::move(o.chunks_)), size_(o.size_) {
        o.chunks_.clear();
        o.size_ = 0;
    }
    CowArray& operator=(CowArray o) noexcept {
        std::swap(chunks_, o.chunks_);
        std::swap(size_, o.size_);
        return *this;
    }
    ~CowArray() {
        for (Chunk* c : chunks_) drop(c);
    }

    std::size_t size() const { return size_; }
    const T& operator[](std::size_t i) const {
        SY_ASSERT(i < size_, "a pointer to an object that does not exist");
        return chunks_[i >> kBits]->items[i & (kChunk - 1)];
    }

    // The element, for writing. The reference is good until this array is copied or grows.
    T& mut(std::size_t i) {
        SY_ASSERT(i < size_, "a pointer to an object that does not exist");
        Chunk*& c = chunks_[i >> kBits];
        if (c->refs.load(std::memory_order_acquire) != 1) [[unlikely]]
            c = own(c);
        return c->items[i & (kChunk - 1)];
    }

    T& push_back() {
        if ((size_ & (kChunk - 1)) == 0) chunks_.push_back(new Chunk());
        ++size_;
        return mut(size_ - 1);
    }
    void reserve(std::size_t n) { chunks_.reserve((n + kChunk - 1) >> kBits); }
    // Bytes held by this copy alone if nothing is shared.
    std::size_t bytes() const { return chunks_.size() * (sizeof(Chunk) + sizeof(Chunk*)); }

  private:
    struct Chunk {
        std::atomic<std::uint32_t> refs{1};
        T items[kChunk]{};
    };
    static void drop(Chunk* c) {
        if (c->refs.fetch_sub(1, std::memory_order_acq_rel) == 1) delete c;
    }
    static Chunk* own(Chunk* shared) {
        Chunk* copy = new Chunk();
        for (std::size_t i = 0; i < kChunk; ++i) copy->items[i] = shared->items[i];
        drop(shared);
        return copy;
    }

    std::vector<Chunk*> chunks_;
    std::size_t size_ = 0;
};

}  // namespace sy
