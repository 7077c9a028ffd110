// Curves of the run: virtual time and lag, shares of the CPU, queues over time, latencies and
// distributions. What is shown comes from sim/report/plot.h, the same that `switchyard plot`
// prints; here it is only painted, with the cursor's moment as a line through all that runs over
// time.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "gui/panels/panels.h"
#include "gui/panels/plot_parts.h"
#include "gui/panels/states.h"
#include "gui/strings/strings.h"
#include "gui/widgets.h"
#include "sim/report/plot.h"
#include "sim/session/session.h"

namespace sy::gui {

// What has been worked out, and for which run.
struct PlotsCache {
    const Session* session = nullptr;
    std::size_t records = 0;
    bool is_complete = false;
    PlotKind kind = PlotKind::share;
    Plot plot;
    std::optional<PlotSampler> sampler;
};

namespace {

constexpr std::size_t kPoints = 120, kWindows = 40, kMostSeries = 12;
constexpr std::uint64_t kStepsAFrame = 40'000, kStepsForPicture = 50'000'000;

PlotKind shown_kind(const View& view) {
    const auto kinds = plot_kinds();
    const auto at = static_cast<std::size_t>(std::max(view.panels.plots.kind, 0));
    PlotKind kind = kinds[std::min(at, kinds.size() - 1)].kind;
    if (view.panels.plots.kind < 0)
        kind = has_virtual_time(view.session->now()) ? PlotKind::lag : PlotKind::share;
    return kind;
}

// Works on the plot that is wanted; true: it is not finished.
bool bring_up_to_date(const View& view) {
    auto& cache = view.panels.plots.cache;
    if (!cache) cache = std::make_shared<PlotsCache>();
    PlotsCache& c = *cache;
    const Session& s = *view.session;
    const PlotKind kind = shown_kind(view);
    const bool is_sampled = plot_kind(kind).is_sampled;
    const bool is_other = c.session != &s || c.kind != kind || c.records == 0;
    // While the run goes on the picture is made again whenever the log has doubled.
    const bool has_grown = s.log().size() >= 2 * std::max<std::size_t>(c.records, 1) ||
                           (s.complete() && !c.is_complete);
    if (is_other || has_grown) {
        c.session = &s;
        c.kind = kind;
        c.records = std::max<std::size_t>(s.log().size(), 1);
        c.is_complete = s.complete();
        c.sampler.reset();
        c.plot = {};
        c.plot.kind = kind;
        BootError error;
        if (is_sampled && has_virtual_time(s.now())) {
            if (auto start = Kernel::boot(s.scenario(), error))
                c.sampler.emplace(std::move(*start), kind, s.frontier().now(), kPoints);
        } else if (!is_sampled) {
            c.plot = plot_from_log(kind, s.frontier(), s.log(),
                                   kind == PlotKind::share ? kWindows : kPoints);
        }
    }
    if (c.sampler && !c.sampler->is_done()) {
        c.sampler->advance(view.picture ? kStepsForPicture : kStepsAFrame);
        c.plot = c.sampler->plot();
    }
    return !s.complete() || (c.sampler && !c.sampler->is_done());
}

struct Frame {
    ImVec2 min, max;
    std::int64_t low, high, end;
    float x(std::int64_t v) const {
        return min.x + (max.x - min.x) *
                           static_cast<float>(static_cast<double>(v) / static_cast<double>(end));
    }
    float y(std::int64_t v) const {
        return max.y - (max.y - min.y) * static_cast<float>(static_cast<double>(v - low) /
                                                            static_cast<double>(high - low));
    }
};

void draw_axes(const Plot& plot, const Frame& f) {
    const Theme& t = theme();
    ImDrawList& list = *ImGui::GetWindowDrawList();
    list.AddRectFilled(f.min, f.max, t.card, px(4));
    const TextStyle small{Face::mono, Size::small, t.quiet};
    for (int i = 0; i <= 4; ++i) {
        const std::int64_t v = f.low + (f.high - f.low) / 4 * i;
        list.AddLine({f.min.x, f.y(v)}, {f.max.x, f.y(v)}, fade(t.line, 0.7F), 1);
    }
    if (f.low < 0) list.AddLine({f.min.x, f.y(0)}, {f.max.x, f.y(0)}, t.quiet, px(1.4F));
    draw_text(list, {f.min.x + px(4), f.min.y + px(2)}, plot_value(plot.y_unit, f.high), small);
    const float line = line_height(small);
    draw_text(list, {f.min.x + px(4), f.max.y - line - px(2)}, plot_value(plot.y_unit, f.low),
              small);
    const std::string last = plot_value(plot.x_unit, f.end);
    draw_text(list, {f.min.x, f.max.y + px(3)}, plot_value(plot.x_unit, 0), small);
    draw_text(list, {f.max.x - measure(last, small).x, f.max.y + px(3)}, last, small);
}

void draw_series(const Plot& plot, const PlotSeries& s, std::size_t index, const Frame& f) {
    ImDrawList& list = *ImGui::GetWindowDrawList();
    const ImU32 color = series_color(index);
    const bool is_sampled = plot_kind(plot.kind).is_sampled;
    std::vector<ImVec2> points;
    const auto stroke = [&] {
        list.AddPolyline(points.data(), static_cast<int>(points.size()), color, 0, px(1.8F));
    };
    // While it was not there (asleep, for lag) the curve is broken.
    const std::int64_t gap =
        is_sampled ? f.end / static_cast<std::int64_t>(kPoints) * 3 / 2 : f.end;
    std::int64_t last = 0;
    for (const PlotPoint& p : s.points) {
        const ImVec2 at{f.x(p.x), f.y(p.y)};
        if (!points.empty() && p.x - last > gap) {
            stroke();
            points.clear();
        }
        last = p.x;
        if (plot.shape == Plot::Shape::stairs && !points.empty())
            points.push_back({at.x, points.back().y});
        points.push_back(at);
    }
    if (points.empty()) return;
    if (plot.shape == Plot::Shape::stairs)
        points.push_back(
            {std::min(f.max.x, plot.window > 0 ? f.x(s.points.back().x + plot.window) : f.max.x),
             points.back().y});
    stroke();
    // Its letter stands on the curve, each series a little further on.
    const ImVec2 at =
        points[std::min(points.size() - 1, (index + 1) * points.size() / (kMostSeries + 2))];
    draw_text(list, {at.x, std::max(f.min.y, at.y - px(16))}, series_letter(index),
              {Face::strong, Size::small, color});
}

void draw_bars(const Plot& plot, const Frame& f) {
    const Theme& t = theme();
    ImDrawList& list = *ImGui::GetWindowDrawList();
    const auto& points = plot.series[0].points;
    const float width = (f.max.x - f.min.x) / static_cast<float>(points.size());
    for (std::size_t i = 0; i < points.size(); ++i) {
        const float x = f.min.x + width * static_cast<float>(i);
        list.AddRectFilled({x + 1, f.y(points[i].y)}, {x + width - 1, f.max.y}, t.running);
        tooltip_at(
            {x, f.min.y}, {x + width, f.max.y},
            "≥ " + plot_value(plot.x_unit, points[i].x) + ": " + std::to_string(points[i].y));
    }
}

// The point at or before a moment.
const PlotPoint* point_at(const PlotSeries& s, Nanos at) {
    const auto after = std::upper_bound(s.points.begin(), s.points.end(), at,
                                        [](Nanos t, const PlotPoint& p) { return t < p.x; });
    return after == s.points.begin() ? nullptr : &*(after - 1);
}

void draw_plot(View& view, const Plot& plot) {
    const Theme& t = theme();
    const bool is_over_time = plot_kind(plot.kind).is_over_time;
    const ImVec2 at = ImGui::GetCursorScreenPos();
    const float width = ImGui::GetContentRegionAvail().x, height = px(210);
    Frame f{{at.x + px(2), at.y + px(4)},
            {at.x + width - px(4), at.y + height},
            plot.least_y(),
            plot.most_y(),
            is_over_time ? std::max<Nanos>(1, view.session->frontier().now()) : plot.most_x()};
    draw_axes(plot, f);
    if (plot.shape == Plot::Shape::bars) {
        f.end = std::max<std::int64_t>(1, f.end);
        if (!plot.series.empty() && !plot.series[0].points.empty()) draw_bars(plot, f);
    } else {
        std::size_t i = 0;
        for (const PlotSeries& s : plot.series)
            if (!s.points.empty() && i < kMostSeries) draw_series(plot, s, i++, f);
    }
    if (is_over_time) {
        const float x = f.x(std::min<Nanos>(view.session->time(), f.end));
        ImGui::GetWindowDrawList()->AddLine({x, f.min.y}, {x, f.max.y}, t.moving, px(1.6F));
        const ImVec2 mouse = ImGui::GetIO().MousePos;
        const bool is_over =
            mouse.x >= f.min.x && mouse.x <= f.max.x && mouse.y >= f.min.y && mouse.y <= f.max.y;
        if (is_over && ImGui::IsMouseClicked(0) && ImGui::IsWindowHovered())
            view.ask(Command::Kind::seek_time,
                     static_cast<std::int64_t>(static_cast<double>(f.end) * (mouse.x - f.min.x) /
                                               (f.max.x - f.min.x)));
    }
    ImGui::Dummy({width, height + px(22)});
}

void draw_legend(const View& view, const Plot& plot) {
    const bool is_over_time = plot_kind(plot.kind).is_over_time;
    std::size_t i = 0;
    for (const PlotSeries& s : plot.series) {
        if (s.points.empty()) continue;
        if (i == kMostSeries) {
            paragraph(tr(Str::queue_more, {std::to_string(plot.series.size() - i)}),
                      quiet_text(Size::small));
            break;
        }
        const PlotPoint* p = is_over_time ? point_at(s, view.session->time()) : &s.points.back();
        const std::string value = p == nullptr ? "–" : plot_value(plot.y_unit, p->y);
        const std::string name = series_letter(i) + "  " + s.name;
        value_row({{name,
                    ImGui::GetContentRegionAvail().x * 0.5F,
                    {Face::strong, Size::small, series_color(i)}},
                   {value, 0}},
                  {.boxed = false});
        ++i;
    }
}

}  // namespace

void draw_plots(View& view) {
    if (!view.session) {
        empty_state({}, tr(Str::empty_plots_hint));
        return;
    }
    const bool zh = language() == Lang::zh;
    const PlotKind shown = shown_kind(view);
    int index = 0;
    ChipRow row;
    for (const PlotKindInfo& kind : plot_kinds()) {
        row.next(kind.name);
        const bool can = !kind.is_sampled || has_virtual_time(view.session->now());
        if (chip_button(kind.name, kind.name, kind.kind == shown) && can)
            view.panels.plots.kind = index;
        tooltip(can ? (zh ? kind.zh : kind.en) : tr(Str::plots_no_vruntime));
        ++index;
    }
    gap(6);
    if (bring_up_to_date(view)) view.animate();
    const PlotsCache& c = *view.panels.plots.cache;
    paragraph(zh ? plot_kind(shown).zh : plot_kind(shown).en, strong_text(Size::small));
    if (c.plot.series.empty()) {
        paragraph(tr(plot_kind(shown).is_sampled && !has_virtual_time(view.session->now())
                         ? Str::plots_no_vruntime
                         : Str::plots_nothing),
                  quiet_text(Size::small));
        return;
    }
    draw_plot(view, c.plot);
    draw_legend(view, c.plot);
    gap(4);
    paragraph(tr(Str::plots_twin, {plot_kind(shown).name}),
              {Face::mono, Size::small, theme().quiet});
}

void dump_plots(const View& view, nlohmann::json& out) {
    out["loaded"] = view.session != nullptr;
    if (!view.session || !view.panels.plots.cache)
        return;  // never looked at: nothing is worked out
    out["kind"] = plot_kind(shown_kind(view)).name;
    bring_up_to_date(view);
    for (const PlotSeries& s : view.panels.plots.cache->plot.series) {
        nlohmann::json row = {{"name", s.name}, {"points", s.points.size()}};
        if (!s.points.empty()) row["last"] = s.points.back().y;
        out["series"].push_back(std::move(row));
    }
}

}  // namespace sy::gui
