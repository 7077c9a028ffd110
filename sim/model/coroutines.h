// What coroutines are made of, in libco's manner: control blocks, stacks that many share, one event loop on one thread.
// All of it is user memory of one process: the kernel knows nothing of it (linux.md 10). It is kept in this form, and
// not word by word, so that ten million fit: a control block's saved registers are the fields of a Coroutine, and what
// of the fourteen slots is not a field is an address that follows from its number.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/base/cow.h"
#include "sim/base/types.h"

namespace sy {

using CoroutineId = std::uint32_t;
constexpr CoroutineId kNoCoroutine = ~CoroutineId{0};
constexpr std::uint32_t kNoConnection = ~std::uint32_t{0};

// Sizes of libco on x86-64 with glibc's malloc. The context is 14 slots, ss_size and ss_sp (linux.md 10.3); the
// fields before the table of slots add up to 200 bytes.
namespace libco {
constexpr std::uint64_t context_bytes = 14 * 8 + 16;
constexpr std::uint64_t header_bytes = 200;
constexpr std::uint64_t slots = 1'024;
constexpr std::uint64_t block_bytes = header_bytes + slots * 8;
// Stack below the body: the entry wrapper CoRoutineFunc, then co_yield and co_swap with what they push.
constexpr std::uint64_t wrapper_bytes = 40, switch_frames_bytes = 96;
constexpr std::uint64_t chunk_header = 8, chunk_align = 16;   // glibc malloc on 64 bit
constexpr std::uint64_t mmap_threshold = 128 * 1024;          // M_MMAP_THRESHOLD: larger requests get a mapping
}  // namespace libco

struct Coroutine {
    // `suspended`: has yielded to whoever resumed it and waits for the next co_resume.
    enum class State : std::uint8_t { fresh, ready, running, waiting, suspended, done, released };
    // The context: slot 9 (return address, as an operation's number), 13 (RSP), 12 (RBX), 3 to 0 (R12 to R15).
    std::uint32_t op = 0;
    std::uint32_t depth = 0;             // bytes of its stack in use: RSP is the top less this
    std::uint64_t rbx = 0, r12 = 0, r13 = 0, r14 = 0, r15 = 0;
    // The local variable of its body, the one word of its frame with a value: the descriptor it serves. With a stack
    // of its own it lies there; else this is the copy in its save buffer, and the real one lies on the shared stack.
    std::uint64_t local = 0;
    CoroutineId next = kNoCoroutine;     // in the ready list or a condition's
    std::uint16_t buffer = 0;            // bytes of its save buffer; 0: none
    State state = State::fresh;
};

// One stack that several coroutines use in turn, and whose words lie on it now.
struct SharedStack {
    CoroutineId occupant = kNoCoroutine;
    std::uint64_t local = 0;             // the word of the occupant's local variable
};

struct CoroutineList {
    CoroutineId head = kNoCoroutine, tail = kNoCoroutine;
};

// A row of chunks of one kind, as malloc lays them out one behind the other. Nothing in it is ever given back: a save
// buffer that is freed is taken again by the same coroutine.
struct CoroutineHeap {
    std::uint64_t bytes = 0;             // handed out, with malloc's own words
    std::uint64_t counted_to = 0;        // touched pages below this address have been counted
    std::uint64_t touched_pages = 0;
};

// A kernel thread on which coroutines run. Coroutines in libco's manner have one, the process's main thread; the
// user-level threads of an M:N library have several, each with a run queue of its own.
struct Carrier {
    // What whoever leaves wants. It is done by the scheduler, on the carrier's own stack, when the registers of the one
    // who left are safe: until then no other carrier may take it.
    enum class Leave : std::uint8_t { nothing, yield, park, readable, writable, sleep, end };
    TaskId task = kNoTask;
    Coroutine main;                      // the context of the carrier itself while a coroutine runs
    std::uint64_t main_rbp = 0;
    CoroutineId running = kNoCoroutine;  // none: the event loop, the scheduler or main
    CoroutineId pending = kNoCoroutine;  // co_swap's second argument
    CoroutineId left = kNoCoroutine;     // who has asked to leave; not settled yet
    CoroutineList ready;
    std::uint32_t length = 0;            // of `ready`; user-level threads only
    std::vector<CoroutineId> calls;      // pCallStack: coroutines that resumed another one, outermost first
    std::uint32_t events = kNoConnection;   // epoll_wait's answer: a list of connections
    bool restore_next = false;           // whom co_swap switches to must be copied back first
    bool polls = false;                  // sleeps in epoll_wait
    Leave leave = Leave::nothing;
    std::uint64_t word = 0, expected = 0;   // park: address and value; readable, writable: descriptor; sleep: until
    std::uint32_t bytes_out = 0;         // copied for the switch under way
    std::uint64_t steals = 0;            // taken from another carrier's queue
    std::vector<std::uint32_t> ready_fds;   // epoll_wait's answer: files
};

// What a user-level thread has beside its Coroutine.
struct UserThread {
    std::uint64_t rbp = 0, stack_top = 0;
    std::uint64_t word = 0;              // parked: the address; in the event loop: the descriptor
    Carrier::Leave waits = Carrier::Leave::nothing;
    std::uint32_t entry = 0;             // Program::user_threads
    std::uint32_t carrier = 0;           // that runs it, or ran it last
    std::uint32_t switches = 0, moves = 0;   // times it got a carrier; of these another one than before
    Nanos ready_since = 0, waited = 0;   // in a run queue
    Nanos due = 0;                       // of its sleep
};

// Who waits for a word of memory: what the kernel's futex queues are to kernel threads.
struct WordWaiters {
    std::uint64_t word = 0;
    CoroutineList list;
};
// Who waits for a file, and whether it has become ready when nobody did (edge-triggered).
struct FileWaiters {
    std::uint32_t fd = 0;
    CoroutineList readers, writers;
    bool readable = false, writable = false;
};
struct UserTimer {
    Nanos due = 0;
    CoroutineId coroutine = kNoCoroutine;
};

// stCoRoutineEnv_t and what hangs on it: one for each process with coroutines or user-level threads.
struct CoroutineEnv {
    MmId mm = kNoMm;
    std::uint32_t program = 0;
    CowArray<Coroutine, 10> all;
    std::vector<Carrier> carriers;       // at least one
    std::vector<SharedStack> stacks;     // of all declarations, one behind the other
    std::vector<CoroutineList> conditions;
    CoroutineHeap blocks, saves;
    std::vector<UserTimer> timers;       // the earliest first

    // User-level threads (docs/user-threads.md).
    CowArray<UserThread, 6> threads;     // beside `all`
    std::vector<WordWaiters> words;      // by address; none is empty
    std::vector<FileWaiters> files;
    std::uint32_t idle = 0;              // carriers that sleep because nothing is ready
    std::uint64_t steals = 0, kicks = 0, parks = 0, polled = 0;   // polled: waits in the event loop
    std::uint64_t tick_switches = 0;     // by the timer signal
    std::uint64_t released = 0, freed_bytes = 0;
    std::uint64_t dormant = 0;           // created suspended, or yielded to whoever resumed them

    // What was counted.
    std::uint64_t created = 0, ended = 0, switches = 0;
    std::uint64_t copies_out = 0, copies_in = 0, bytes_out = 0, bytes_in = 0;
    std::uint64_t save_buffers = 0;
    std::uint64_t own_stacks = 0;                     // mappings of a stack of its own each
    std::uint64_t own_stack_bytes = 0, own_stack_pages = 0;
    std::uint64_t waits = 0;                          // went to the event loop to wait for a message
};

// A TCP connection as the kernel sees it.
struct Connection {
    std::uint32_t next = kNoConnection;  // in epoll's ready list, then in the answer
    CoroutineId coroutine = kNoCoroutine;   // epoll_data: who waits for it
    std::uint16_t env = 0;
    std::uint8_t unread = 0;             // messages (255: so many or more)
    bool accepted : 1 = false;
    bool watched : 1 = false;            // registered with epoll
    bool listed : 1 = false;             // in a ready list
};

// struct eventpoll: one for each CoroutineEnv.
struct Eventpoll {
    TaskId wait_head = kNoTask, wait_tail = kNoTask;
    std::uint32_t ready_head = kNoConnection, ready_tail = kNoConnection;
    std::uint64_t items = 0, most_items = 0;
    // Files that are watched edge-triggered for an event loop of user-level threads, and what has happened to each.
    struct File {
        std::uint64_t object = 0;
        std::uint32_t fd = 0;
        bool writes = false;             // a pipe's write end
        bool in = false, out = false;    // became readable, writable; not reported yet
    };
    std::vector<File> files;
    bool kicked = false;                 // its eventfd was written
};

// The other machines of one `clients` line.
struct ClientsState {
    std::uint32_t first = 0;             // its connections in Kernel::connections
    std::uint64_t accepted = 0, sent = 0, in_ring = 0, delivered = 0, read = 0, answered = 0;
    std::uint64_t unread = 0, most_unread = 0;   // messages in socket queues
};

}  // namespace sy
