#include "sim/model/mm.h"

#include <algorithm>

namespace sy {

namespace {

template <typename Items>
auto find_place(Items& items, std::uint64_t address) {
    return std::lower_bound(items.begin(), items.end(), address,
                            [](const auto& item, std::uint64_t a) { return item.address < a; });
}

// Where an entry stands or would stand: the keys descend.
template <typename Items>
auto find_key(Items& items, std::uint64_t key) {
    return std::lower_bound(items.begin(), items.end(), key,
                            [](const PageEntry& e, std::uint64_t k) { return e.key > k; });
}

// Data and heap stand lowest first, behind them mappings and stacks highest first: threads have their words in data one
// after the other, stacks grow downwards, so what is written next goes near the end of its part.
std::uint64_t rank(std::uint64_t address) {
    constexpr std::uint64_t kUpperHalf = std::uint64_t{1} << 46;
    return address < kUpperHalf ? address : ~address | kUpperHalf;
}
template <typename Items>
auto find_word(Items& items, std::uint64_t address) {
    return std::lower_bound(items.begin(), items.end(), rank(address),
                            [](const auto& item, std::uint64_t r) { return rank(item.address) < r; });
}

}  // namespace

std::uint64_t Mm::read(std::uint64_t address) const {
    const auto it = find_word(words, address);
    return it != words.end() && it->address == address ? it->value : 0;
}

void Mm::write(std::uint64_t address, std::uint64_t value) {
    const auto it = find_word(words, address);
    if (it != words.end() && it->address == address)
        it->value = value;
    else
        words.insert(it, {address, value});
}

const FutexQueue* Mm::futex(std::uint64_t address) const {
    const auto it = find_place(futexes, address);
    return it != futexes.end() && it->address == address ? &*it : nullptr;
}

FutexQueue& Mm::futex_mut(std::uint64_t address) {
    const auto it = find_place(futexes, address);
    if (it != futexes.end() && it->address == address) return *it;
    return *futexes.insert(it, FutexQueue{.address = address});
}

void Mm::drop_futex(std::uint64_t address) {
    const auto it = find_place(futexes, address);
    if (it != futexes.end() && it->address == address) futexes.erase(it);
}

std::uint64_t Mm::entry(std::uint64_t va, int level) const {
    const std::uint64_t key = key_of(va, level);
    const auto it = find_key(tables, key);
    return it != tables.end() && it->key == key ? it->word : 0;
}

void Mm::set_entry(std::uint64_t va, int level, std::uint64_t word) {
    const std::uint64_t key = key_of(va, level);
    const auto it = find_key(tables, key);
    const bool found = it != tables.end() && it->key == key;
    if (word == 0) {
        if (found) tables.erase(it);
    } else if (found) {
        it->word = word;
    } else {
        tables.insert(it, {key, word});
    }
}

std::array<std::uint64_t, 5> Mm::walk(std::uint64_t va) const {
    std::array<std::uint64_t, 5> words{};
    for (int level = paging::levels; level >= 1; --level) {
        const std::uint64_t w = entry(va, level);
        words[static_cast<std::size_t>(level)] = w;
        if ((w & paging::present) == 0) break;
    }
    return words;
}

std::vector<PageEntry> Mm::entries(int level, std::uint64_t from, std::uint64_t to) const {
    std::vector<PageEntry> out;
    for (auto it = find_key(tables, to); it != tables.end() && (it->key & ~std::uint64_t{7}) >= from; ++it)
        if ((it->key & 7) == static_cast<std::uint64_t>(level)) out.push_back(*it);
    std::reverse(out.begin(), out.end());
    return out;
}

}  // namespace sy
