// Plots without a window: blocks for people, CSV and JSON for programs.
#include <algorithm>

#include "sim/base/utf8.h"
#include "sim/report/compare.h"
#include "sim/report/json_text.h"
#include "sim/report/plot.h"

namespace sy {
namespace {

constexpr std::size_t kBlocks = 60, kMostSeries = 40;
constexpr const char* kHeights[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

const char* unit_name(Plot::Unit unit) {
    return unit == Plot::Unit::time ? "ns" : unit == Plot::Unit::permille ? "permille" : "count";
}

// The value of a series at a moment: the last point at or before it; nothing where it has none
// near.
std::string course(const Plot& plot, const PlotSeries& s) {
    const std::int64_t low = plot.least_y(), high = std::max(plot.most_y(), low + 1),
                       end = plot.most_x();
    std::string out;
    std::size_t next = 0;
    for (std::size_t i = 0; i < kBlocks; ++i) {
        const auto until =
            static_cast<std::int64_t>(static_cast<std::uint64_t>(end) / kBlocks * (i + 1));
        std::size_t last = next;
        while (last < s.points.size() && (s.points[last].x < until || i + 1 == kBlocks)) ++last;
        const bool has_any = last > next;
        const bool holds = plot.shape == Plot::Shape::stairs && next > 0 && next < s.points.size();
        if (!has_any && !holds) {
            out += ' ';
            continue;
        }
        const std::int64_t y = s.points[has_any ? last - 1 : next - 1].y;
        const auto level = static_cast<std::size_t>((y - low) * 7 / (high - low));
        out += kHeights[std::min<std::size_t>(level, 7)];
        next = last;
    }
    return out;
}

std::string bars(const Plot& plot) {
    std::vector<std::vector<std::string>> columns(3);
    const std::int64_t most = plot.most_y();
    for (const PlotPoint& p : plot.series[0].points) {
        columns[0].push_back("≥ " + plot_value(plot.x_unit, p.x));
        columns[1].push_back(std::to_string(p.y));
        const auto n = static_cast<std::size_t>(p.y * 50 / most);
        std::string bar;
        for (std::size_t i = 0; i < 50; ++i) bar += i < n || (i == 0 && p.y > 0) ? "█" : " ";
        columns[2].push_back(bar);
    }
    return columns_as_text(columns);
}

}  // namespace

std::string plot_value(Plot::Unit unit, std::int64_t value) {
    const std::int64_t size = value < 0 ? -value : value;
    const std::string sign = value < 0 ? "-" : "";
    const auto decimal = [&](std::int64_t n, int places, const char* name) {
        std::string digits = std::to_string(n);
        while (digits.size() <= static_cast<std::size_t>(places)) digits.insert(std::size_t{0}, 1, '0');
        digits.insert(digits.size() - static_cast<std::size_t>(places), 1, '.');
        return sign + digits + name;
    };
    if (unit == Plot::Unit::permille) return decimal(size, 1, " %");
    if (unit == Plot::Unit::count) return std::to_string(value);
    if (size < kMilli && size > 0) return decimal(size / 10, 2, " us");
    return decimal(size / 1000, 3, " ms");
}

std::string plot_as_text(const Plot& plot, Lang lang) {
    const PlotKindInfo& kind = plot_kind(plot.kind);
    std::string out = std::string(lang == Lang::zh ? kind.zh : kind.en) + "\n";
    const bool is_empty = std::all_of(plot.series.begin(), plot.series.end(),
                                      [](const PlotSeries& s) { return s.points.empty(); });
    if (is_empty) return out + (lang == Lang::zh ? "没有数据\n" : "nothing to show\n");
    if (plot.shape == Plot::Shape::bars) return out + "\n" + bars(plot);
    const Text head =
        text("x: {0} to {1} from left to right; y: {2} (▁) to {3} (█)",
             "横轴：从左到右 {0} 到 {1}；纵轴：{2}（▁）到 {3}（█）",
             {plot_value(plot.x_unit, 0), plot_value(plot.x_unit, plot.most_x()),
              plot_value(plot.y_unit, plot.least_y()), plot_value(plot.y_unit, plot.most_y())});
    out += head.in(lang) + "\n\n";
    std::vector<std::vector<std::string>> columns(5);
    const bool zh = lang == Lang::zh;
    columns[0].push_back("");
    columns[1].push_back(zh ? "最小" : "least");
    columns[2].push_back(zh ? "最大" : "most");
    columns[3].push_back(zh ? "最后" : "last");
    columns[4].push_back(std::string(kBlocks, ' '));
    std::size_t shown = 0;
    for (const PlotSeries& s : plot.series) {
        if (s.points.empty() || ++shown > kMostSeries) continue;
        const auto [low, high] =
            std::minmax_element(s.points.begin(), s.points.end(),
                                [](const PlotPoint& a, const PlotPoint& b) { return a.y < b.y; });
        columns[0].push_back(s.name);
        columns[1].push_back(plot_value(plot.y_unit, low->y));
        columns[2].push_back(plot_value(plot.y_unit, high->y));
        columns[3].push_back(plot_value(plot.y_unit, s.points.back().y));
        columns[4].push_back(course(plot, s));
    }
    out += columns_as_text(columns);
    if (shown > kMostSeries) out += "… +" + std::to_string(shown - kMostSeries) + "\n";
    return out;
}

std::string plot_as_csv(const Plot& plot) {
    std::string out = std::string("series,x_") + unit_name(plot.x_unit) + "," +
                      plot_kind(plot.kind).name + "_" + unit_name(plot.y_unit) + "\n";
    for (const PlotSeries& s : plot.series)
        for (const PlotPoint& p : s.points)
            out += s.name + "," + std::to_string(p.x) + "," + std::to_string(p.y) + "\n";
    return out;
}

std::string plot_as_json(const Plot& plot) {
    std::string out = "{\n  \"what\": " + json_text(plot_kind(plot.kind).name) +
                      ",\n  \"x_unit\": \"" + unit_name(plot.x_unit) + "\", \"y_unit\": \"" +
                      unit_name(plot.y_unit) + "\",\n  \"series\": [";
    for (std::size_t i = 0; i < plot.series.size(); ++i) {
        const PlotSeries& s = plot.series[i];
        out += std::string(i == 0 ? "" : ",") + "\n    {\"name\": " + json_text(s.name) +
               ", \"points\": [";
        for (std::size_t p = 0; p < s.points.size(); ++p)
            out += (p == 0 ? "[" : ", [") + std::to_string(s.points[p].x) + ", " +
                   std::to_string(s.points[p].y) + "]";
        out += "]}";
    }
    return out + "\n  ]\n}\n";
}

}  // namespace sy
