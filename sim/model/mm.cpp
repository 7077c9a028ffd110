#include "sim/model/mm.h"

#include <algorithm>

namespace sy {

namespace {

template <typename Items>
auto find_place(Items& items, std::uint64_t address) {
    return std::lower_bound(items.begin(), items.end(), address,
                            [](const auto& item, std::uint64_t a) { return item.address < a; });
}

}  // namespace

std::uint64_t Mm::read(std::uint64_t address) const {
    const auto it = find_place(words, address);
    return it != words.end() && it->address == address ? it->value : 0;
}

void Mm::write(std::uint64_t address, std::uint64_t value) {
    const auto it = find_place(words, address);
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

}  // namespace sy
