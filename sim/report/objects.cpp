#include "sim/report/objects.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <tuple>

#include "sim/report/json_text.h"
#include "sim/session/storyteller.h"

namespace sy {
namespace {

constexpr std::uint32_t kNoObject = 0xffff'ffff;
constexpr std::uint32_t kOwnObject = 0xffff'fffe;   // in a signature: an object that nobody else holds
using Five = std::array<std::uint32_t, kSharedKinds>;   // ids by SharedKind

Five objects_of(const Task& t) {
    return {t.mm == kNoMm ? kNoObject : t.mm, t.files, t.fs, t.sighand, t.signal};
}
std::int32_t count_of(const Kernel& k, SharedKind kind, std::uint32_t id) {
    switch (kind) {
        case SharedKind::mm: return k.mms[id].count;
        case SharedKind::files: return k.shared.files[id].count;
        case SharedKind::fs: return k.shared.fs[id].count;
        case SharedKind::sighand: return k.shared.sighand[id].count;
        case SharedKind::signal: return k.shared.signal[id].count;
    }
    return 0;
}
ObjectNode node_of(const Kernel& k, SharedKind kind, std::uint32_t id) {
    ObjectNode o{.kind = kind, .id = id, .count = count_of(k, kind, id)};
    if (kind == SharedKind::mm) o.users = k.mms[id].users;
    if (kind == SharedKind::signal) o.live = k.shared.signal[id].live;
    o.is_init = kind == SharedKind::mm && id == 0;
    return o;
}
bool is_own(const Kernel& k, SharedKind kind, std::uint32_t id) {
    return count_of(k, kind, id) == 1 && (kind != SharedKind::mm || k.mms[id].users == 1);
}

ObjectHolder::Kind holder_kind(const Task& t) {
    if ((t.flags & pf::idle) != 0) return ObjectHolder::Kind::idle;
    if (t.exit_state != 0) return ObjectHolder::Kind::zombie;
    return t.is_kthread() ? ObjectHolder::Kind::kernel_thread : ObjectHolder::Kind::task;
}
// "worker" of "worker/2".
std::string_view base_name(std::string_view name) { return name.substr(0, name.find('/')); }

// What makes two tasks look the same.
struct Signature {
    ObjectHolder::Kind kind{};
    Five objects{};
    std::uint32_t borrows = kNoObject;
    std::string_view name{};           // kernel threads have different ones
    friend auto operator<=>(const Signature&, const Signature&) = default;
};

class Maker {
  public:
    Maker(const Kernel& k, TaskId alone, bool fold) : k_(k), alone_(alone), fold_(fold) {}

    ObjectGraph run() {
        collect();
        for (std::size_t i = 0; i < groups_.size(); ++i) add(groups_[i], signatures_[i]);
        switches();
        make_blocks();
        return std::move(g_);
    }

  private:
    // One that was released holds on to the address space it runs in until it is switched out for the last time.
    static bool is_shown(const Task& t) { return t.is_live || (t.active_mm != kNoMm && t.active_mm != t.mm); }

    Signature signature(const Task& t) const {
        Signature s{.kind = holder_kind(t), .objects = objects_of(t)};
        for (int i = 0; i < kSharedKinds; ++i) {
            std::uint32_t& id = s.objects[static_cast<std::size_t>(i)];
            if (id == kNoObject) continue;
            if (is_own(k_, static_cast<SharedKind>(i), id)) id = kOwnObject;
        }
        if (t.active_mm != kNoMm && t.active_mm != t.mm) s.borrows = t.active_mm;
        if (!t.is_kthread()) s.name = base_name(t.name());
        return s;
    }

    // Tasks with one signature, in order of the first of each.
    void collect() {
        std::map<Signature, std::size_t> place;
        std::vector<std::vector<TaskId>> all;
        std::vector<Signature> signs;
        for (TaskId id = 0; id < k_.tasks.size(); ++id) {
            const Task& t = k_.tasks[id];
            if (!is_shown(t)) continue;
            const Signature s = signature(t);
            if (fold_ && id != alone_) {
                const auto [at, is_new] = place.try_emplace(s, all.size());
                if (!is_new) {
                    all[at->second].push_back(id);
                    continue;
                }
            }
            all.push_back({id});
            signs.push_back(s);
        }
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (all[i].size() > kFoldAbove) {
                groups_.push_back(std::move(all[i]));
                signatures_.push_back(signs[i]);
                continue;
            }
            for (const TaskId id : all[i]) {
                groups_.push_back({id});
                signatures_.push_back(signs[i]);
            }
        }
    }

    std::uint32_t object(SharedKind kind, std::uint32_t id, std::uint32_t times) {
        const auto [at, is_new] = places_.try_emplace({static_cast<int>(kind), id}, static_cast<std::uint32_t>(g_.objects.size()));
        if (is_new) {
            g_.objects.push_back(node_of(k_, kind, id));
            g_.objects.back().times = times;
        }
        return at->second;
    }

    void add(const std::vector<TaskId>& tasks, const Signature& s) {
        const Task& first = k_.tasks[tasks.front()];
        const auto n = static_cast<std::uint32_t>(tasks.size());
        ObjectHolder h{.kind = s.kind, .tasks = tasks, .cpu = 0, .name = display_name(k_, tasks.front()), .first_pid = first.pid, .last_pid = k_.tasks[tasks.back()].pid};
        if (s.kind == ObjectHolder::Kind::idle) h.name = std::string(first.name());
        if (n > 1) h.name = folded_name(tasks) + " ×" + std::to_string(n);
        const auto holder = static_cast<std::uint32_t>(g_.holders.size());
        g_.holders.push_back(std::move(h));
        const Five ids = objects_of(first);
        for (int i = 0; i < kSharedKinds; ++i) {
            const auto at = static_cast<std::size_t>(i);
            if (ids[at] == kNoObject) continue;
            const bool own = s.objects[at] == kOwnObject;
            const std::uint32_t o = object(static_cast<SharedKind>(i), ids[at], own ? n : 1);
            g_.edges.push_back({holder, o, own ? 1 : n, ObjectEdge::Why::user});
        }
        if (s.borrows != kNoObject)
            g_.edges.push_back({holder, object(SharedKind::mm, s.borrows, 1), n, ObjectEdge::Why::borrows});
    }
    std::string folded_name(const std::vector<TaskId>& tasks) const {
        const std::string_view first = base_name(k_.tasks[tasks.front()].name());
        const bool same = std::all_of(tasks.begin(), tasks.end(), [&](TaskId id) { return base_name(k_.tasks[id].name()) == first; });
        if (!same) return display_name(k_, tasks.front()) + "…";
        return k_.tasks[tasks.front()].is_kthread() ? "[" + std::string(first) + "]" : std::string(first);
    }

    void switches() {
        for (const Cpu& cpu : k_.cpus) {
            if (cpu.prev_mm != kNoMm) by_cpu(cpu, cpu.prev_mm, ObjectEdge::Why::handing_over);
            if (cpu.exec_mm != kNoMm) by_cpu(cpu, cpu.exec_mm, ObjectEdge::Why::leaving);
        }
    }
    void by_cpu(const Cpu& cpu, MmId mm, ObjectEdge::Why why) {
        const auto holder = static_cast<std::uint32_t>(g_.holders.size());
        g_.holders.push_back({.kind = ObjectHolder::Kind::cpu, .tasks = {}, .cpu = cpu.id, .name = "CPU " + std::to_string(cpu.id)});
        g_.edges.push_back({holder, object(SharedKind::mm, mm, 1), 1, why});
    }

    // Connected by what they live with; a borrower alone does not join two blocks.
    void make_blocks() {
        std::vector<std::uint32_t> over(g_.holders.size() + g_.objects.size());
        std::iota(over.begin(), over.end(), 0U);
        const auto root = [&](std::uint32_t n) {
            while (over[n] != n) n = over[n] = over[over[n]];
            return n;
        };
        const auto first_object = static_cast<std::uint32_t>(g_.holders.size());
        for (const ObjectEdge& e : g_.edges)
            if (e.why == ObjectEdge::Why::user || g_.holders[e.holder].kind == ObjectHolder::Kind::cpu)
                over[root(first_object + e.object)] = root(e.holder);
        std::map<std::uint32_t, std::size_t> block;
        const auto block_of = [&](std::uint32_t n) -> ObjectBlock& {
            const auto [at, is_new] = block.try_emplace(root(n), g_.blocks.size());
            if (is_new) g_.blocks.emplace_back();
            return g_.blocks[at->second];
        };
        for (std::uint32_t h = 0; h < g_.holders.size(); ++h) block_of(h).holders.push_back(h);
        for (std::uint32_t o = 0; o < g_.objects.size(); ++o) block_of(first_object + o).objects.push_back(o);
        for (ObjectBlock& b : g_.blocks)
            std::stable_sort(b.objects.begin(), b.objects.end(), [&](std::uint32_t x, std::uint32_t y) {
                return std::tie(g_.objects[x].kind, g_.objects[x].id) < std::tie(g_.objects[y].kind, g_.objects[y].id);
            });
        std::stable_sort(g_.blocks.begin(), g_.blocks.end(), [&](const ObjectBlock& a, const ObjectBlock& b) { return rank(a) < rank(b); });
    }
    std::pair<int, Pid> rank(const ObjectBlock& b) const {
        if (b.holders.empty()) return {3, 0};
        const ObjectHolder& h = g_.holders[b.holders.front()];
        if (h.kind == ObjectHolder::Kind::kernel_thread) return {1, h.first_pid};
        if (h.kind == ObjectHolder::Kind::idle) return {2, static_cast<Pid>(b.holders.front())};
        return {0, h.first_pid};
    }

    const Kernel& k_;
    TaskId alone_;
    bool fold_;
    ObjectGraph g_;
    std::vector<std::vector<TaskId>> groups_;
    std::vector<Signature> signatures_;
    std::map<std::pair<int, std::uint32_t>, std::uint32_t> places_;
};

std::string json_list(const std::vector<Pid>& pids) {
    std::string out = "[";
    for (std::size_t i = 0; i < pids.size(); ++i) out += (i == 0 ? "" : ",") + std::to_string(pids[i]);
    return out + "]";
}

}  // namespace

ObjectGraph object_graph(const Kernel& k, TaskId alone, bool fold) { return Maker(k, alone, fold).run(); }

std::string object_name(const ObjectNode& o) {
    if (o.is_init) return "init_mm";
    const std::string name = shared_kind_name(o.kind);
    return o.times > 1 ? fmt::format("{} × {}", o.times, name) : fmt::format("{} {}", name, o.id);
}

std::string object_counts(const ObjectNode& o) {
    switch (o.kind) {
        case SharedKind::mm: return fmt::format("mm_users {}, mm_count {}", o.users, o.count);
        case SharedKind::fs: return fmt::format("users {}", o.count);
        case SharedKind::signal: return fmt::format("nr_threads {}, live {}", o.count, o.live);
        default: return fmt::format("count {}", o.count);
    }
}

Text object_edge_why(const ObjectGraph& g, const ObjectEdge& e) {
    const ObjectHolder& h = g.holders[e.holder];
    const ObjectNode& o = g.objects[e.object];
    const std::string refs = std::to_string(e.refs);
    switch (e.why) {
        case ObjectEdge::Why::user:
            if (o.kind == SharedKind::mm)
                return text("{0} lives in it: {1} of mm_users. All users together hold 1 of mm_count.",
                            "{0} 以它为地址空间：占 mm_users 中的 {1}。所有使用者合计只占 mm_count 中的 1。", {h.name, refs});
            if (h.kind == ObjectHolder::Kind::zombie)
                return text("{0} is a zombie: this is kept until its parent waits ({1} of the count).",
                            "{0} 是僵尸：父进程 wait 之前仍保留它（占计数 {1}）。", {h.name, refs});
            return text("{0} uses it: {1} of the count.", "{0} 使用它：占计数 {1}。", {h.name, refs});
        case ObjectEdge::Why::borrows:
            return text("{0} has no mm and borrows this one (active_mm, lazy TLB): {1} of mm_count, none of mm_users.",
                        "{0} 没有 mm，借用这一个（active_mm，惰性 TLB）：占 mm_count 中的 {1}，不占 mm_users。", {h.name, refs});
        case ObjectEdge::Why::handing_over:
            return text("{0}: rq->prev_mm, a borrower has just left; finish_task_switch will drop this reference.",
                        "{0}：rq->prev_mm，借用者刚离开；finish_task_switch 会放弃这个引用。", {h.name});
        case ObjectEdge::Why::leaving:
            return text("{0}: execve leaves this address space and has yet to give up its user.",
                        "{0}：execve 正离开这个地址空间，尚未放弃其使用者计数。", {h.name});
    }
    return {};
}

std::string objects_of_task(const Kernel& k, TaskId task) {
    const Task& t = k.tasks[task];
    const Five ids = objects_of(t);
    std::string out;
    for (int i = 0; i < kSharedKinds; ++i) {
        const std::uint32_t id = ids[static_cast<std::size_t>(i)];
        if (id == kNoObject) continue;
        const ObjectNode o = node_of(k, static_cast<SharedKind>(i), id);
        out += (out.empty() ? "" : ", ") + object_name(o) + " (" + object_counts(o) + ")";
    }
    if (t.active_mm != kNoMm && t.active_mm != t.mm) {
        const ObjectNode o = node_of(k, SharedKind::mm, t.active_mm);
        out += (out.empty() ? "" : ", ") + fmt::format("active_mm = {} ({})", object_name(o), object_counts(o));
    }
    return out;
}

std::string objects_text(const Kernel& k, bool fold, Lang lang) {
    const bool zh = lang == Lang::zh;
    const ObjectGraph g = object_graph(k, kNoTask, fold);
    std::vector<std::vector<std::size_t>> edges(g.objects.size());
    for (std::size_t e = 0; e < g.edges.size(); ++e) edges[g.edges[e].object].push_back(e);
    std::string out;
    for (const ObjectBlock& b : g.blocks) {
        std::string head;
        for (const std::uint32_t i : b.holders) {
            const ObjectHolder& h = g.holders[i];
            head += (head.empty() ? "" : ", ") + h.name;
            if (h.tasks.size() > 1)
                head += fmt::format(" ({}–{})", h.first_pid, h.last_pid);
            else if (h.kind != ObjectHolder::Kind::cpu)
                head += fmt::format(" ({}{})", h.first_pid, h.kind == ObjectHolder::Kind::zombie ? zh ? "，僵尸" : ", zombie" : "");
        }
        out += (head.empty() ? std::string(zh ? "无任务使用" : "used by no task") : head) + "\n";
        for (const std::uint32_t o : b.objects) {
            const ObjectNode& node = g.objects[o];
            std::string held, count;
            for (const std::size_t at : edges[o]) {
                const ObjectEdge& e = g.edges[at];
                if (e.why == ObjectEdge::Why::user)
                    held += fmt::format("{}{} {}", held.empty() ? "" : ", ", g.holders[e.holder].name, e.refs);
                else
                    count += fmt::format(" + {} {} ({})", g.holders[e.holder].name, e.refs,
                                         e.why == ObjectEdge::Why::borrows ? "active_mm" : e.why == ObjectEdge::Why::leaving ? "execve" : "prev_mm");
            }
            if (node.times > 1) held += zh ? "（各自独有）" : " (each its own)";
            out += fmt::format("  {:<12} {:<26} {}\n", object_name(node), object_counts(node), held);
            if (!count.empty())
                out += fmt::format("  {:<12} {:<26} mm_count = {}{}\n", "", "",
                                   node.users > 0 ? (zh ? "全部使用者 1" : "all users 1") : (zh ? "已无使用者 0" : "no users 0"), count);
        }
    }
    return out;
}

std::string objects_json(const Kernel& k) {
    static constexpr const char* kWhy[] = {"user", "borrows", "handing_over", "leaving"};
    const ObjectGraph g = object_graph(k, kNoTask, false);
    std::vector<std::vector<std::size_t>> edges(g.objects.size());
    for (std::size_t e = 0; e < g.edges.size(); ++e) edges[g.edges[e].object].push_back(e);
    std::string out = fmt::format("{{\n  \"at_ns\": {},\n  \"objects\": [", k.now());
    const char* before = "\n    ";
    for (std::size_t i = 0; i < g.objects.size(); ++i) {
        const ObjectNode& o = g.objects[i];
        out += fmt::format("{}{{\"kind\":\"{}\",\"id\":{},", before, shared_kind_name(o.kind), o.id);
        if (o.kind == SharedKind::mm) out += fmt::format("\"mm_users\":{},\"mm_count\":{},", o.users, o.count);
        else out += fmt::format("\"count\":{},", o.count);
        if (o.kind == SharedKind::signal) out += fmt::format("\"live\":{},", o.live);
        std::array<std::vector<Pid>, 4> pids;
        for (const std::size_t at : edges[i]) {
            const ObjectEdge& e = g.edges[at];
            const ObjectHolder& h = g.holders[e.holder];
            pids[static_cast<std::size_t>(e.why)].push_back(
                h.kind == ObjectHolder::Kind::cpu ? static_cast<Pid>(h.cpu) : h.first_pid);
        }
        out += "\"user\":" + json_list(pids[0]);
        if (o.kind == SharedKind::mm) {
            out += ",\"borrows\":" + json_list(pids[1]);
            for (std::size_t w = 2; w < 4; ++w) out += fmt::format(",\"{}_on_cpu\":{}", kWhy[w], json_list(pids[w]));
        }
        out += "}";
        before = ",\n    ";
    }
    out += "\n  ],\n  \"tasks\": [";
    before = "\n    ";
    for (const ObjectHolder& h : g.holders) {
        if (h.tasks.empty()) continue;
        const Task& t = k.tasks[h.tasks.front()];
        static constexpr const char* kKinds[] = {"task", "kernel_thread", "idle", "zombie", "cpu"};
        out += fmt::format("{}{{\"pid\":{},\"tgid\":{},\"name\":{},\"kind\":\"{}\"", before, t.pid, t.tgid, json_text(t.name()),
                           kKinds[static_cast<std::size_t>(h.kind)]);
        const Five ids = objects_of(t);
        for (int i = 0; i < kSharedKinds; ++i) {
            const std::uint32_t id = ids[static_cast<std::size_t>(i)];
            out += fmt::format(",\"{}\":{}", shared_kind_name(static_cast<SharedKind>(i)), id == kNoObject ? "null" : std::to_string(id));
        }
        out += fmt::format(",\"active_mm\":{}}}", t.active_mm == kNoMm ? "null" : std::to_string(t.active_mm));
        before = ",\n    ";
    }
    return out + "\n  ]\n}\n";
}

}  // namespace sy
