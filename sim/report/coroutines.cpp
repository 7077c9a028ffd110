#include "sim/report/coroutines.h"

#include <fmt/format.h>

#include "sim/report/json_text.h"
#include "sim/session/load.h"

namespace sy {
namespace {

constexpr std::uint64_t kPage = 4'096;

// Slab caches: bytes of an object, objects of a slab, pages of a slab. task_struct and pid: linux.md 8.2; the others
// from /proc/slabinfo of Linux 6.18 on x86-64, our own reading.
struct Slab {
    const char* name;
    std::uint64_t object, per_slab, pages;
};
constexpr Slab kTcp = {"TCP", 2'368, 13, 8}, kSocket = {"sock_inode_cache", 832, 19, 4}, kFile = {"filp", 192, 21, 1},
               kDentry = {"dentry", 192, 21, 1}, kEpitem = {"eventpoll_epi", 128, 32, 1},
               kPollEntry = {"eventpoll_pwq", 64, 64, 1}, kSkb = {"skbuff_head_cache", 256, 16, 1},
               kSkbData = {"skbuff_small_head", 576, 14, 2}, kTask = {"task_struct", 4'288, 7, 8},
               kPid = {"pid", 192, 21, 1};

std::uint64_t slab_bytes(const Slab& s, std::uint64_t objects) {
    return (objects + s.per_slab - 1) / s.per_slab * s.pages * kPage;
}

std::string n(std::uint64_t value) { return grouped(static_cast<std::int64_t>(value)); }

std::string size_text(std::uint64_t bytes) {
    if (bytes < 10'000) return n(bytes) + " B";
    std::uint64_t unit = 1'000;
    const char* name = "kB";
    for (const char* larger : {"MB", "GB", "TB"}) {
        if (bytes < unit * 1'000) break;
        unit *= 1'000;
        name = larger;
    }
    return fmt::format("{}.{:02} {}", bytes / unit, bytes % unit * 100 / unit, name);
}

class Counter {
  public:
    Counter(const Kernel& k, std::size_t index) : k_(k), env_(k.coroutine_envs[index]), ep_(k.eventpolls[index]) {
        out_.env = &env_;
        out_.process = k.image().programs[env_.program].comm;
    }

    CoroutineMemory run() {
        stacks();
        user("control_blocks", text("control blocks", "控制块"), env_.created, env_.blocks.touched_pages * kPage,
             fmt::format("{} pages touched of {}", n(env_.blocks.touched_pages), size_text(env_.blocks.bytes)));
        user("save_buffers", text("saved parts of stacks", "保存的栈内容"), env_.save_buffers,
             env_.saves.touched_pages * kPage,
             fmt::format("{} x {} B with malloc's word", n(env_.save_buffers),
                         n(env_.save_buffers == 0 ? 0 : env_.saves.bytes / env_.save_buffers)));
        connections();
        threads();
        return std::move(out_);
    }

  private:
    void add(MemoryRow::Kind kind, const char* key, Text name, std::uint64_t count, std::uint64_t bytes,
             std::string formula) {
        if (count == 0) return;
        auto& sum = kind == MemoryRow::Kind::user     ? out_.user_bytes
                    : kind == MemoryRow::Kind::kernel ? out_.kernel_bytes
                                                      : out_.threads_bytes;
        sum += bytes;
        out_.rows.push_back({key, std::move(name), count, bytes, std::move(formula), kind});
    }
    void user(const char* key, Text name, std::uint64_t count, std::uint64_t bytes, std::string formula) {
        add(MemoryRow::Kind::user, key, std::move(name), count, bytes, std::move(formula));
    }
    void slab(MemoryRow::Kind kind, const char* key, Text name, const Slab& s, std::uint64_t count) {
        add(kind, key, std::move(name), count, slab_bytes(s, count),
            fmt::format("{} B, {} in {} pages of slab {}", n(s.object), s.per_slab, s.pages, s.name));
    }

    void stacks() {
        for (const CoroutineEntry& e : k_.image().programs[env_.program].coroutines) {
            if (e.stacks == 0) continue;
            user("shared_stacks", text("shared stacks", "共享栈"), e.stacks, e.stacks * e.stack_bytes,
                 fmt::format("{} x {} KiB, for {} coroutines", n(e.stacks), e.stack_bytes / 1024, n(e.copies)));
        }
        user("own_stacks", text("stacks of their own", "各自的栈"), env_.own_stacks, env_.own_stack_pages * kPage,
             fmt::format("{} pages touched of {}", n(env_.own_stack_pages), size_text(env_.own_stack_bytes)));
    }

    void connections() {
        std::uint64_t accepted = 0, unread = 0;
        for (const ClientsState& c : k_.clients) {
            accepted += c.accepted;
            unread += c.most_unread;
        }
        const auto kernel = MemoryRow::Kind::kernel;
        slab(kernel, "tcp_socks", text("connections: tcp_sock", "连接：tcp_sock"), kTcp, accepted);
        slab(kernel, "socket_inodes", text("connections: socket and inode", "连接：socket 和 inode"), kSocket, accepted);
        slab(kernel, "files", text("connections: struct file", "连接：struct file"), kFile, accepted);
        slab(kernel, "dentries", text("connections: dentry", "连接：dentry"), kDentry, accepted);
        slab(kernel, "epitems", text("watched at once: epitem", "同时监视：epitem"), kEpitem, ep_.most_items);
        slab(kernel, "epoll_entries", text("watched at once: eppoll_entry", "同时监视：eppoll_entry"), kPollEntry,
             ep_.most_items);
        slab(kernel, "skbs", text("unread at once: sk_buff", "同时未读：sk_buff"), kSkb, unread);
        slab(kernel, "skb_data", text("unread at once: their data", "同时未读：其数据"), kSkbData, unread);
        std::uint64_t slots = 64;
        while (slots < accepted) slots *= 2;   // alloc_fdtable: a power of two
        add(kernel, "descriptor_table", text("descriptor table", "描述符表"), accepted == 0 ? 0 : slots, slots * 8 + slots / 4,
            "8 bytes and two bits each, a power of two");
    }

    // A thread that waits has its task_struct, its pid, 16 KiB of kernel stack, and two touched pages of user stack: the
    // one with its TCB at the top, and the one that it sleeps on.
    void threads() {
        const auto kind = MemoryRow::Kind::threads;
        slab(kind, "thread_task_structs", text("task_struct", "task_struct"), kTask, env_.created);
        slab(kind, "thread_pids", text("struct pid", "struct pid"), kPid, env_.created);
        add(kind, "thread_kernel_stacks", text("kernel stacks", "内核栈"), env_.created, env_.created * layout::stack_bytes,
            "16 KiB each");
        add(kind, "thread_user_stacks", text("user stacks", "用户栈"), env_.created, env_.created * 2 * kPage,
            "2 pages touched of 8 MiB each");
        std::uint64_t kept = 0;   // a thread that blocks in read() needs its connection, but no epoll
        for (const MemoryRow& row : out_.rows)
            if (row.kind == MemoryRow::Kind::kernel && !std::string_view(row.key).starts_with("ep")) kept += row.bytes;
        add(kind, "thread_connections", text("connections", "连接"), kept == 0 ? 0 : env_.created, kept,
            "as above, without epoll");
    }

    const Kernel& k_;
    const CoroutineEnv& env_;
    const Eventpoll& ep_;
    CoroutineMemory out_;
};

std::string row_text(const MemoryRow& row, Lang lang) {
    return fmt::format("    {:>12}  {:>10}  {}  ({})\n", n(row.count), size_text(row.bytes), row.name.in(lang), row.formula);
}

}  // namespace

std::vector<CoroutineMemory> coroutine_memory(const Kernel& k) {
    std::vector<CoroutineMemory> out;
    for (std::size_t i = 0; i < k.coroutine_envs.size(); ++i) out.push_back(Counter(k, i).run());
    return out;
}

std::string coroutines_as_text(const Kernel& k, Lang lang) {
    std::string out;
    const auto say = [&](const char* en, const char* zh) { return fmt::runtime(lang == Lang::zh ? zh : en); };
    for (const CoroutineMemory& m : coroutine_memory(k)) {
        const CoroutineEnv& e = *m.env;
        out += fmt::format(say("coroutines of {}\n", "{} 的协程\n"), m.process);
        out += fmt::format(say("  {} created, {} ended; {} switches, none of them seen by the kernel\n",
                               "  创建 {} 个，结束 {} 个；切换 {} 次，内核一次也没看见\n"),
                           n(e.created), n(e.ended), n(e.switches));
        out += fmt::format(say("  {} stacks copied out ({}), {} copied in ({})\n", "  拷出栈 {} 次（{}），拷入 {} 次（{}）\n"),
                           n(e.copies_out), size_text(e.bytes_out), n(e.copies_in), size_text(e.bytes_in));
        for (std::size_t i = 0; i < k.clients.size(); ++i) {
            const ClientsState& c = k.clients[i];
            out += fmt::format(say("  {}: {} connections accepted, {} messages came, {} answered\n",
                                   "  {}：接受连接 {} 个，收到消息 {} 条，已回答 {} 条\n"),
                               k.image().scenario.clients[i].name, n(c.accepted), n(c.delivered), n(c.answered));
        }
        out += fmt::format(say("  memory of the simulated machine: {}, {} a coroutine\n", "  被模拟机器的内存：{}，每个协程 {}\n"),
                           size_text(m.bytes()), size_text(m.bytes() / std::max<std::uint64_t>(1, e.created)));
        for (const MemoryRow& row : m.rows)
            if (row.kind != MemoryRow::Kind::threads) out += row_text(row, lang);
        out += fmt::format(say("  in user space {}, {} a coroutine; in the kernel {}\n", "  用户空间 {}，每个协程 {}；内核 {}\n"),
                           size_text(m.user_bytes), size_text(m.user_bytes / std::max<std::uint64_t>(1, e.created)),
                           size_text(m.kernel_bytes));
        out += fmt::format(say("  the same with a kernel thread each: {}, {} a thread\n", "  若各用一个内核线程：{}，每个线程 {}\n"),
                           size_text(m.threads_bytes), size_text(m.threads_bytes / std::max<std::uint64_t>(1, e.created)));
        for (const MemoryRow& row : m.rows)
            if (row.kind == MemoryRow::Kind::threads) out += row_text(row, lang);
        out += fmt::format(say("  the simulator itself holds this machine in {}\n", "  模拟器自身用 {} 存放这台机器\n"),
                           size_text(k.bytes()));
    }
    return out;
}

std::string coroutines_as_json(const Kernel& k) {
    std::string out = "[";
    for (const CoroutineMemory& m : coroutine_memory(k)) {
        const CoroutineEnv& e = *m.env;
        std::string rows;
        for (const MemoryRow& row : m.rows)
            rows += fmt::format("{}\"{}\":{{\"count\":{},\"bytes\":{}}}", rows.empty() ? "" : ",", row.key, row.count,
                                row.bytes);
        out += fmt::format(
            "{}{{\"process\":{},\"created\":{},\"ended\":{},\"switches\":{},\"waits\":{},\"copies_out\":{},\"bytes_out\":{},"
            "\"copies_in\":{},\"bytes_in\":{},\"user_bytes\":{},\"kernel_bytes\":{},\"threads_bytes\":{},"
            "\"memory\":{{{}}}}}",
            out.size() > 1 ? "," : "", json_text(m.process), e.created, e.ended, e.switches, e.waits, e.copies_out, e.bytes_out,
            e.copies_in, e.bytes_in, m.user_bytes, m.kernel_bytes, m.threads_bytes, rows);
    }
    return out + "]";
}

}  // namespace sy
