#include "sim/report/coroutine_view.h"

#include <algorithm>

namespace sy {

namespace {

using State = Coroutine::State;
using Leave = Carrier::Leave;

const Program& program_of(const Kernel& k, const CoroutineEnv& env) { return k.image().programs[env.program]; }

// The declaration of a coroutine, and its number in it; null for a user-level thread.
const CoroutineEntry* entry_of(const Program& p, CoroutineId id, std::uint64_t& number) {
    number = id;
    for (const CoroutineEntry& e : p.coroutines) {
        if (number < e.copies) return &e;
        number -= e.copies;
    }
    return nullptr;
}

std::string word_name(const Program& p, std::uint64_t word) {
    const Variable* v = p.variable_at(word);
    return v == nullptr ? std::string("?") : v->name;
}
std::string file_name(const Kernel& k, std::uint64_t fd) {
    const Scenario& s = k.image().scenario;
    const std::uint64_t pipes = s.pipes.size(), devices = s.devices.size();
    if (fd < kFirstFd) return "?";
    const std::uint64_t i = fd - kFirstFd;
    if (i < pipes) return s.pipes[i].name;
    if (i < pipes + devices) return s.devices[i - pipes].name;
    return i < 2 * pipes + devices ? s.pipes[i - pipes - devices].name : "?";
}

Text waits_for(const Kernel& k, const CoroutineEnv& env, CoroutineId id) {
    if (env.all[id].state != State::waiting) return {};
    if (env.threads.size() == 0) return text("the event loop or a condition", "事件循环或条件");
    const UserThread& t = env.threads[id];
    switch (t.waits) {
        case Leave::park: return text("{0}", "{0}", {word_name(program_of(k, env), t.word)});
        case Leave::readable: return text("event loop: bytes in {0}", "事件循环：{0} 可读", {file_name(k, t.word)});
        case Leave::writable: return text("event loop: room in {0}", "事件循环：{0} 可写", {file_name(k, t.word)});
        case Leave::sleep: return text("event loop: until {0} us", "事件循环：直到 {0} us", {std::to_string(t.due / kMicro)});
        default: return {};
    }
}

}  // namespace

std::string coroutine_name(const Kernel& k, const CoroutineEnv& env, CoroutineId id) {
    if (id >= env.all.size()) return "-";
    const Program& p = program_of(k, env);
    if (env.threads.size() != 0) return p.user_threads[env.threads[id].entry].label;
    std::uint64_t number = 0;
    const CoroutineEntry* e = entry_of(p, id, number);
    if (e == nullptr) return "?";
    return e->copies == 1 ? e->name : e->name + "/" + std::to_string(number + 1);
}

Text coroutine_state_name(State state) {
    switch (state) {
        case State::fresh: return text("created", "已创建");
        case State::ready: return text("ready", "就绪");
        case State::running: return text("running", "运行");
        case State::waiting: return text("waiting", "等待");
        case State::suspended: return text("suspended", "挂起");
        case State::done: return text("ended", "已结束");
        case State::released: break;
    }
    return text("released", "已释放");
}

CoroutineRow coroutine_row(const Kernel& k, const CoroutineEnv& env, CoroutineId id) {
    CoroutineRow row;
    const Coroutine& c = env.all[id];
    row.id = id;
    row.name = coroutine_name(k, env, id);
    row.state = c.state;
    row.stack_used = c.depth;
    row.saved = c.buffer;
    row.waits_for = waits_for(k, env, id);
    row.on_stack = c.state != State::done && c.state != State::released;
    for (std::size_t i = 0; i < env.carriers.size(); ++i)
        if (env.carriers[i].running == id) {
            row.carrier = static_cast<int>(i);
            row.runs = true;
        }
    if (env.threads.size() != 0) {
        const UserThread& t = env.threads[id];
        if (t.switches != 0) row.carrier = static_cast<int>(t.carrier);
        row.switches = t.switches;
        row.moves = t.moves;
        row.waited = t.waited;
        return row;
    }
    std::uint64_t number = 0;
    const CoroutineEntry* e = entry_of(program_of(k, env), id, number);
    if (e != nullptr && e->stacks != 0) {
        row.shared_stack = static_cast<std::int64_t>(e->first_stack + number % e->stacks);
        row.on_stack = env.stacks[static_cast<std::size_t>(row.shared_stack)].occupant == id;
    }
    return row;
}

std::vector<CoroutineRow> coroutine_rows(const Kernel& k, const CoroutineEnv& env, std::size_t most) {
    std::vector<CoroutineId> chosen;
    constexpr std::size_t kLookAt = 4'096;   // of millions the lists say more than the rows
    const std::size_t n = std::min(env.all.size(), kLookAt);
    for (const Carrier& c : env.carriers)
        if (c.running != kNoCoroutine) chosen.push_back(c.running);
    for (const bool alive : {true, false})
        for (CoroutineId id = 0; id < n && chosen.size() < most; ++id) {
            const State s = env.all[id].state;
            const bool over = s == State::done || s == State::released;
            if (over == alive || std::find(chosen.begin(), chosen.end(), id) != chosen.end()) continue;
            chosen.push_back(id);
        }
    if (chosen.size() > most) chosen.resize(most);
    std::sort(chosen.begin(), chosen.end());
    std::vector<CoroutineRow> out;
    for (const CoroutineId id : chosen) out.push_back(coroutine_row(k, env, id));
    return out;
}

std::array<std::uint64_t, kCoroutineStates> coroutine_states(const CoroutineEnv& env) {
    std::array<std::uint64_t, kCoroutineStates> out{};
    for (CoroutineId id = 0; id < env.all.size(); ++id) ++out[static_cast<std::size_t>(env.all[id].state)];
    return out;
}

std::string coroutine_list(const Kernel& k, const CoroutineEnv& env, const CoroutineList& list, std::size_t most) {
    std::string out;
    std::size_t n = 0;
    for (CoroutineId id = list.head; id != kNoCoroutine && n <= most; id = env.all[id].next, ++n)
        out += (n == 0 ? "" : ", ") + (n < most ? coroutine_name(k, env, id) : std::string("…"));
    return out;
}

std::string thread_model_text(const Kernel& k, const CoroutineEnv& env) {
    const ThreadModel& m = program_of(k, env).model;
    if (!m.is_library()) return "coroutines";
    const std::string kind = m.kind == ThreadModel::Kind::many_to_one ? "n:1" : "m:n " + std::to_string(m.carriers);
    return "threads " + kind + (m.hooked ? " hooked on" : "");
}

Text carrier_state(const Kernel& k, const CoroutineEnv& env, std::size_t carrier) {
    const Carrier& c = env.carriers[carrier];
    const bool known = c.task != kNoTask && c.task < k.tasks.size() && k.tasks[c.task].is_live;
    const bool asleep = known && k.tasks[c.task].state != task_state::running && !k.tasks[c.task].on_cpu;
    const std::string who = c.running == kNoCoroutine ? std::string() : coroutine_name(k, env, c.running);
    if (asleep && !who.empty())
        return text("sleeps in the kernel, and {0} with it", "睡在内核里，{0} 也随之停住", {who});
    if (asleep) return text("idle: sleeps in the kernel", "空闲：睡在内核里");
    if (!who.empty()) return text("runs {0}", "运行 {0}", {who});
    return text("schedules", "在调度");
}

}  // namespace sy
