#include "sim/report/stores.h"

#include <fmt/format.h>

#include <bit>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "sim/session/storyteller.h"

namespace sy {

namespace {

std::string word_name(const Kernel& k, MmId mm, std::uint64_t address) {
    for (TaskId id = 0; id < k.tasks.size(); ++id) {
        const Task& t = k.tasks[id];
        if (!t.is_live || t.mm != mm) continue;
        if (const Variable* v = k.program_of(t).variable_at(address)) {
            const std::uint64_t offset = address - v->address;
            return v->name + (offset == 0 ? "" : fmt::format("+{}", offset));
        }
        break;
    }
    return fmt::format("0x{:x}", address);
}

// The bytes of `word` that `mask` names, as a number.
std::uint64_t bytes_of(std::uint64_t word, std::uint64_t mask) {
    return mask == 0 ? 0 : (word & mask) >> std::countr_zero(mask);
}

}  // namespace

std::vector<WaitingStore> waiting_stores(const Kernel& k, CpuId cpu) {
    std::vector<WaitingStore> out;
    for (const BufferedStore& s : k.cpus[cpu].stores) {
        const auto first = static_cast<unsigned>(std::countr_zero(s.mask)) / 8;
        out.push_back({.task = s.task,
                       .word = word_name(k, s.mm, s.address + first),
                       .address = s.address + first,
                       .bytes = static_cast<unsigned>(std::popcount(s.mask)) / 8,
                       .value = bytes_of(s.value, s.mask),
                       .number = s.number,
                       .due = s.due});
    }
    return out;
}

std::vector<SeenWord> seen_words(const Kernel& k) {
    std::set<std::pair<MmId, std::uint64_t>> words;
    for (const Cpu& cpu : k.cpus)
        for (const BufferedStore& s : cpu.stores) words.emplace(s.mm, s.address);
    std::vector<SeenWord> out;
    for (const auto& [mm, address] : words) {
        SeenWord w{.word = word_name(k, mm, address),
                   .address = address,
                   .memory = k.read_user(mm, address),
                   .seen = {}};
        for (const Cpu& cpu : k.cpus) {
            std::uint64_t seen = w.memory;
            for (const BufferedStore& s : cpu.stores)
                if (s.mm == mm && s.address == address)
                    seen = (seen & ~s.mask) | (s.value & s.mask);
            w.seen.push_back(seen);
        }
        out.push_back(std::move(w));
    }
    return out;
}

std::string stores_text(const Kernel& k, Lang lang) {
    if (!k.image().scenario.machine.tso) return "";
    std::string out;
    for (CpuId c = 0; c < k.cpus.size(); ++c) {
        const std::vector<WaitingStore> stores = waiting_stores(k, c);
        out += text("  store buffer of CPU {0}: ", "  CPU {0} 的存储缓冲：", {std::to_string(c)})
                   .in(lang);
        if (stores.empty()) out += text("empty", "空").in(lang);
        for (std::size_t i = 0; i < stores.size(); ++i)
            out += fmt::format("{}[{}] = {}", i == 0 ? "" : ", ", stores[i].word, stores[i].value);
        out += "\n";
    }
    for (const SeenWord& w : seen_words(k)) {
        out += text("  [{0}] in memory {1};", "  [{0}] 内存中为 {1}；",
                    {w.word, std::to_string(w.memory)})
                   .in(lang);
        for (std::size_t c = 0; c < w.seen.size(); ++c)
            out += text(" CPU {0} sees {1}", " CPU {0} 看到 {1}",
                        {std::to_string(c), std::to_string(w.seen[c])})
                       .in(lang) +
                   (c + 1 < w.seen.size() ? "," : "");
        out += "\n";
    }
    return out;
}

std::string stores_as_json(const Kernel& k) {
    if (!k.image().scenario.machine.tso) return "null";
    using Json = nlohmann::ordered_json;
    Json cpus = Json::array(), words = Json::array();
    for (CpuId c = 0; c < k.cpus.size(); ++c) {
        Json stores = Json::array();
        for (const WaitingStore& s : waiting_stores(k, c))
            stores.push_back({{"word", s.word},
                              {"address", fmt::format("{:x}", s.address)},
                              {"bytes", s.bytes},
                              {"value", s.value},
                              {"task", s.task == kNoTask ? std::string() : display_name(k, s.task)},
                              {"number", s.number},
                              {"due_ns", s.due}});
        cpus.push_back({{"cpu", c}, {"stores", std::move(stores)}});
    }
    for (const SeenWord& w : seen_words(k))
        words.push_back({{"word", w.word},
                         {"address", fmt::format("{:x}", w.address)},
                         {"memory", w.memory},
                         {"seen", w.seen}});
    return Json{{"cpus", std::move(cpus)}, {"words", std::move(words)}}.dump();
}

}  // namespace sy
