#include "sim/report/queue_text.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "sim/session/storyteller.h"

namespace sy {
namespace {

struct Label {
    std::string_view name;
    const char *en, *zh;
};
constexpr Label kLabels[] = {
    {"quantum_ns", "quantum", "时间片"},
    {"level", "level", "级别"},
    {"allotment", "turns allowed", "可用轮数"},
    {"turn_left_ns", "left of the turn", "本轮剩余"},
    {"turns_left", "turns left", "剩余轮数"},
    {"boost_ns", "boost every", "提升间隔"},
    {"next_boost_ns", "next boost at", "下次提升于"},
    {"old_rule", "old rule", "旧规则"},
    {"tickets", "tickets", "彩票"},
    {"first_ticket", "first ticket", "首张彩票"},
    {"last_ticket", "last ticket", "末张彩票"},
    {"tickets_in_drum", "tickets in the drum", "奖池里的彩票"},
    {"drawn_ticket", "drawn ticket", "抽中的彩票"},
    {"pass", "pass", "pass"},
    {"stride", "stride", "步幅"},
    {"global_pass", "global pass", "全局 pass"},
    {"burst_left_ns", "left of the burst", "执行期剩余"},
    {"burst_ns", "burst", "执行期"},
    {"ran_ns", "ran", "已运行"},
    {"waited_ns", "waited", "已等待"},
    {"ratio_milli", "response ratio", "响应比"},
    {"had_ns", "CPU time", "CPU 时间"},
    {"age_ns", "age", "存在时间"},
    {"part_milli", "CPU time / age", "CPU 时间/存在时间"},
    {"priority", "priority", "优先级"},
    {"with_ageing", "with ageing", "老化后"},
    {"prio", "prio", "prio"},
    {"rtprio", "rtprio", "rtprio"},
    {"time_slice_ns", "left of its time slice", "时间片剩余"},
    {"rt_time_ns", "rt time of this period", "本周期实时用时"},
    {"rt_runtime_ns", "rt runtime", "实时限额"},
    {"rt_throttled", "throttled", "已限流"},
    {"deadline_ns", "deadline", "截止时间"},
    {"runtime_left_ns", "runtime left", "剩余预算"},
    {"dl_runtime_ns", "dl_runtime", "dl_runtime"},
    {"dl_deadline_ns", "dl_deadline", "dl_deadline"},
    {"dl_period_ns", "dl_period", "dl_period"},
    {"misses", "misses", "错过"},
    {"overruns", "overruns", "超支"},
    {"back_at_ns", "back at", "恢复于"},
    {"admitted_milli", "admitted", "已接纳"},
    {"limit_milli", "limit", "上限"},
    {"running_bw_milli", "active", "活跃"},
    {"vruntime_ns", "vruntime", "vruntime"},
    {"weight", "weight", "权重"},
    {"lag_ns", "lag", "滞后量"},
    {"slice_ns", "slice", "slice"},
    {"min_vruntime_ns", "min_vruntime", "min_vruntime"},
    {"avg_vruntime_ns", "avg_vruntime (V)", "avg_vruntime（V）"},
    {"h_nr_running", "runnable", "可运行"},
    {"load", "load", "负载"},
    {"runs", "runs", "在运行"},
    {"throttled", "throttled", "已限流"},
    {"pool_ns", "left in the pool", "配额池剩余"},
};

bool is_flag(std::string_view name) {
    return name == "runs" || name == "throttled" || name == "rt_throttled" || name == "old_rule";
}

std::string entry_text(const QueueEntry& e, QueuePicture::Shape shape, const Kernel& k, Lang lang) {
    std::string inside;
    if (e.runs) inside = lang == Lang::zh ? "在运行" : "runs";
    const auto add = [&](const std::string& text) { inside += (inside.empty() ? "" : ", ") + text; };
    if (shape == QueuePicture::Shape::drum)
        add(fmt::format("{} {}..{}", lang == Lang::zh ? "彩票" : "tickets", number_of(e.numbers, "first_ticket"),
                        number_of(e.numbers, "last_ticket")));
    else if (const std::string text = numbers_as_text(e.numbers, lang); !text.empty())
        add(text);
    return display_name(k, e.row.task) + (inside.empty() ? "" : " (" + inside + ")");
}

nlohmann::ordered_json numbers_as_json(const NamedNumbers& numbers) {
    auto out = nlohmann::ordered_json::object();
    for (const NamedNumber& n : numbers) out[std::string(n.name)] = n.value;
    return out;
}

}  // namespace

std::string number_label(std::string_view name, Lang lang) {
    for (const Label& l : kLabels)
        if (l.name == name) return lang == Lang::zh ? l.zh : l.en;
    return std::string(name);
}

std::string number_value(const NamedNumber& n) {
    if (n.name.ends_with("_ns")) return fmt::format("{:.3f} ms", static_cast<double>(n.value) / 1e6);
    if (n.name.ends_with("_milli")) return fmt::format("{:.3f}", static_cast<double>(n.value) / 1e3);
    return std::to_string(n.value);
}

std::string numbers_as_text(const NamedNumbers& numbers, Lang lang) {
    std::string out;
    for (const NamedNumber& n : numbers) {
        if (is_flag(n.name) && n.value == 0) continue;
        out += (out.empty() ? "" : ", ") + number_label(n.name, lang);
        if (!is_flag(n.name)) out += " " + number_value(n);
    }
    return out;
}

std::string shape_text(QueuePicture::Shape shape, Lang lang) {
    using S = QueuePicture::Shape;
    const bool zh = lang == Lang::zh;
    switch (shape) {
        case S::line: return zh ? "一条队列" : "a line";
        case S::tree: return zh ? "红黑树" : "a red-black tree";
        case S::levels: return zh ? "多级队列" : "levels";
        case S::drum: return zh ? "奖池" : "the lottery's drum";
        case S::passes: return zh ? "按 pass 排列" : "ordered by pass";
        case S::bitmap: return zh ? "位图与链表" : "a bitmap and lists";
        case S::deadlines: return zh ? "按截止时间的红黑树" : "a red-black tree by deadline";
        case S::groups: return zh ? "逐组嵌套的红黑树" : "a red-black tree in each group";
    }
    return {};
}

std::string band_title(const QueueBand& band, QueuePicture::Shape shape, Lang lang) {
    if (lang != Lang::zh) return band.name;
    if (shape == QueuePicture::Shape::levels) return fmt::format("第 {} 级", number_of(band.numbers, "level"));
    if (band.name == "drum") return "奖池";
    if (band.name == "throttled") return "已限流";
    if (band.name == "running") return "在运行";
    if (band.name == "all CPUs") return "所有 CPU";
    return band.name;
}

std::vector<std::string> picture_as_lines(const QueuePicture& picture, const Kernel& k, Lang lang) {
    std::vector<std::string> out;
    for (const QueueBand& band : picture.bands) {
        std::string line(static_cast<std::size_t>(band.depth) * 2, ' ');
        line += band_title(band, picture.shape, lang);
        NamedNumbers numbers = band.numbers;
        std::erase_if(numbers, [](const NamedNumber& n) { return n.name == "level" || n.name == "rtprio"; });
        if (const std::string text = numbers_as_text(numbers, lang); !text.empty()) line += " [" + text + "]";
        line += ": ";
        for (const QueueEntry& e : band.entries)
            line += (&e == band.entries.data() ? "" : ", ") + entry_text(e, picture.shape, k, lang);
        out.push_back(band.entries.empty() ? line + "-" : line);
    }
    if (const std::string text = numbers_as_text(picture.numbers, lang); !text.empty()) out.push_back(text);
    return out;
}

std::string picture_as_json(const QueuePicture& picture, const Kernel& k) {
    nlohmann::ordered_json out;
    out["shape"] = shape_word(picture.shape);
    out["numbers"] = numbers_as_json(picture.numbers);
    out["bands"] = nlohmann::ordered_json::array();
    const auto pid = [&](TaskId id) {
        return id == kNoTask ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(k.tasks[id].pid);
    };
    for (const QueueBand& band : picture.bands) {
        nlohmann::ordered_json b = {{"name", band.name},
                                    {"depth", band.depth},
                                    {"tree", band.tree},
                                    {"numbers", numbers_as_json(band.numbers)},
                                    {"entries", nlohmann::ordered_json::array()}};
        for (const QueueEntry& e : band.entries) {
            nlohmann::ordered_json j = {{"pid", k.tasks[e.row.task].pid},
                                        {"name", display_name(k, e.row.task)},
                                        {"group", is_group_entity(e.row.task)},
                                        {"runs", e.runs},
                                        {"key", e.row.key},
                                        {"eligible", e.row.eligible},
                                        {"numbers", numbers_as_json(e.numbers)}};
            if (band.tree) {
                j["left"] = pid(e.row.left);
                j["right"] = pid(e.row.right);
                j["parent"] = pid(e.row.parent);
                j["red"] = e.row.red;
            }
            b["entries"].push_back(std::move(j));
        }
        out["bands"].push_back(std::move(b));
    }
    return out.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace sy
