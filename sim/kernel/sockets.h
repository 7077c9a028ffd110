// What the file and interrupt code need to know of sockets (epoll.cpp).
#pragma once

#include "sim/kernel/kernel.h"

namespace sy {

constexpr std::uint64_t kNoRing = ~std::uint64_t{0};

inline bool is_socket(const Kernel& k, std::uint64_t object) {
    return object >= layout::sockets && object < layout::sockets + k.connections.size() * layout::socket_bytes;
}
inline std::uint32_t connection_of(std::uint64_t object) {
    return static_cast<std::uint32_t>((object - layout::sockets) / layout::socket_bytes);
}
// The object behind a socket's descriptor; 0 if it is none.
inline std::uint64_t socket_of_fd(const Kernel& k, std::uint64_t fd) {
    const std::uint64_t id = fd - kFirstSocketFd;
    return id < k.connections.size() && k.connections[id].accepted ? layout::sockets + id * layout::socket_bytes : 0;
}
// A `clients` line with packets in the card's ring; kNoRing: none.
std::uint64_t first_ring(const Kernel& k);
std::uint64_t ring_packets(const Kernel& k, std::uint64_t ring);
// Whether packets of clients come in through this device.
bool has_clients(const Kernel& k, std::uint32_t device);

}  // namespace sy
