#include "sim/report/races.h"

#include <nlohmann/json.hpp>

#include "sim/session/batch.h"
#include "sim/session/load.h"

namespace sy {

namespace {

using Json = nlohmann::ordered_json;

std::string hex(std::uint64_t v) {
    char out[24];
    std::snprintf(out, sizeof out, "0x%llx", static_cast<unsigned long long>(v));
    return out;
}

std::string joined(const std::vector<std::string>& words) {
    std::string out;
    for (const std::string& w : words) out += (out.empty() ? "" : ", ") + w;
    return out;
}

const char* why_word(SyncWord::Why why) {
    static constexpr const char* kWords[] = {"declared", "locked", "futex", "spin"};
    return kWords[static_cast<std::size_t>(why)];
}
Text why_text(SyncWord::Why why) {
    switch (why) {
        case SyncWord::Why::declared: return text("declared atomic", "声明为 atomic");
        case SyncWord::Why::locked: return text("locked instructions", "带锁指令");
        case SyncWord::Why::futex: return text("futex", "futex");
        case SyncWord::Why::spin: break;
    }
    return text("loops that only wait", "只等待的循环");
}

std::string in_lines(const RaceAccess& a, const std::string& file, Lang lang) {
    const bool zh = lang == Lang::zh;
    const std::string kind = a.is_write ? (zh ? "写  " : "write ") : (zh ? "读  " : "read  ");
    const std::string where = file + ":" + std::to_string(a.place.pos.line) + ":" + std::to_string(a.place.pos.column);
    std::string out = "  " + kind + text("{0} (pid {1}) on CPU {2} at {3}, step {4}", "{0}（pid {1}），CPU {2}，{3}，第 {4} 步",
                                          {a.path, std::to_string(a.pid), std::to_string(a.cpu), show_time(a.at), std::to_string(a.step)})
                                         .in(lang) + "\n";
    out += "        " + where + "  " + a.place.text + "\n";
    out += "        RIP " + hex(a.rip) + " " + a.place.symbol + "\n";
    for (const CodePlace& caller : a.stack)
        out += "        " + text("called from {0}  {1}", "调用者 {0}  {1}", {caller.symbol, caller.text}).in(lang) + "\n";
    out += "        " + (a.locks.empty() ? text("holds no lock", "不持有锁") : text("holds {0}", "持有 {0}", {joined(a.locks)})).in(lang) + "\n";
    return out;
}

std::string both_kinds(const Race& r, Lang lang) {
    const auto kind = [&](const RaceAccess& a) {
        return lang == Lang::zh ? (a.is_write ? "写" : "读") : (a.is_write ? "write" : "read");
    };
    return std::string(kind(r.first)) + (lang == Lang::zh ? "、" : "-") + kind(r.second);
}

Json of_place(const CodePlace& p) {
    return {{"line", p.pos.line}, {"column", p.pos.column}, {"text", p.text}, {"symbol", p.symbol}};
}
Json of_access(const RaceAccess& a) {
    Json j = {{"kind", a.is_write ? "write" : "read"},
              {"task", a.path},
              {"pid", a.pid},
              {"cpu", a.cpu},
              {"time_ns", a.at},
              {"step", a.step},
              {"line", a.place.pos.line},
              {"column", a.place.pos.column},
              {"instruction", a.place.text},
              {"rip", hex(a.rip)},
              {"symbol", a.place.symbol}};
    j["stack"] = Json::array();
    for (const CodePlace& caller : a.stack) j["stack"].push_back(of_place(caller));
    j["locks"] = a.locks;
    return j;
}

}  // namespace

std::string races_as_text(const RaceReport& report, const std::string& file, Lang lang) {
    std::string out;
    int number = 0;
    for (const Race& r : report.races) {
        out += text("race {0}: {1}, word {2} ({3}), {4}; nothing orders them. {5} times\n",
                    "竞争 {0}：{1}，字 {2}（{3}），{4}；两者之间没有先后。{5} 次\n",
                    {std::to_string(++number), r.process, r.variable, hex(r.address), both_kinds(r, lang),
                     grouped(static_cast<std::int64_t>(r.times))}).in(lang);
        out += in_lines(r.first, file, lang) + in_lines(r.second, file, lang) + "\n";
    }
    out += text("{0} races (pairs of places), {1} racing pairs of accesses\n", "{0} 个竞争（成对的位置），{1} 对相互竞争的访问\n",
                {std::to_string(report.races.size()), grouped(static_cast<std::int64_t>(report.pairs))}).in(lang);
    out += text("looked at {0} accesses to {1} words in {2} steps\n", "检查了 {0} 次访问，{1} 个字，{2} 步\n",
                {grouped(static_cast<std::int64_t>(report.accesses)), grouped(static_cast<std::int64_t>(report.words)),
                 grouped(static_cast<std::int64_t>(report.steps))}).in(lang);
    if (!report.sync_words.empty()) {
        out += text("taken for synchronisation:\n", "视为同步的字：\n").in(lang);
        for (const SyncWord& w : report.sync_words)
            out += "  " + w.process + " " + w.variable + " (" + why_text(w.why).in(lang) + ")\n";
    }
    if (report.words_left_out) out += text("more words were touched than are kept: some were left out\n", "触及的字太多：有些没有检查\n").in(lang);
    if (report.races_left_out) out += text("more races than are shown\n", "竞争太多，没有全部列出\n").in(lang);
    if (is_limit(report.end)) out += text("the run was stopped at its limit of steps\n", "运行在步数上限处停止\n").in(lang);
    return out;
}

std::string races_as_json(const RaceReport& report) {
    Json j;
    j["races"] = Json::array();
    for (const Race& r : report.races)
        j["races"].push_back({{"process", r.process}, {"variable", r.variable}, {"address", hex(r.address)}, {"times", r.times},
                              {"first", of_access(r.first)}, {"second", of_access(r.second)}});
    j["pairs"] = report.pairs;
    j["accesses"] = report.accesses;
    j["words"] = report.words;
    j["steps"] = report.steps;
    j["sync_words"] = Json::array();
    for (const SyncWord& w : report.sync_words)
        j["sync_words"].push_back({{"process", w.process}, {"variable", w.variable}, {"why", why_word(w.why)}});
    j["complete"] = !report.words_left_out && !report.races_left_out && !is_limit(report.end);
    j["end"] = end_name(report.end);
    return j.dump(2) + "\n";
}

}  // namespace sy
