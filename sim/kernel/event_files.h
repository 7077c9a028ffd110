// Files that an event loop watches, edge-triggered (EPOLLET): pipes and character devices with
// O_NONBLOCK, and the eventfd by which one thread ends another one's epoll_wait. Sockets have lists
// of their own (epoll.cpp).
#pragma once

#include "sim/kernel/context.h"

namespace sy {

constexpr std::uint64_t kEagainFile = static_cast<std::uint64_t>(-11);

// Of the file that the system call under way names in RDI.
bool is_nonblocking(const Ctx& cx);
// Address of the eventfd of the current process; 0: it has no event loop.
std::uint64_t eventfd_of(const Ctx& cx);
bool is_eventfd(std::uint64_t object);

// epoll_ctl(ADD, EPOLLIN | EPOLLOUT | EPOLLET): 0 or -errno. What is ready already is reported.
std::uint64_t watch_file(Ctx& cx, Eventpoll& ep, std::uint64_t fd);
// ep_poll_callback: bytes or events have come (in), or room (out).
void note_file(Ctx& cx, std::uint64_t object, bool in);
// A task that sleeps in epoll_wait for this file, taken off its queue; kNoTask: none.
TaskId take_poller_of(Ctx& cx, std::uint64_t object);
// Puts what has happened into the answer; returns how many events that are.
std::uint64_t report_files(Eventpoll& ep, Carrier& to);

}  // namespace sy
