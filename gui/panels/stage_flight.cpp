// The moving word: a thin dashed path from where a word was to where it is, and a dot that travels
// it. Several words set out one after the other; a step that is taken back flies the other way.
// With reduced motion the paths stay and nothing flies.
#include <algorithm>
#include <array>
#include <cmath>

#include "gui/panels/stage_parts.h"

namespace sy::gui {
namespace {

constexpr double kFlight = 0.25, kStagger = 0.03;  // seconds
constexpr std::size_t kPoints = 33;
constexpr std::size_t kMostPaths = 24;

bool shows(const StageRow& r, const Place& p) {
    if (r.place == p || r.place2 == p) return true;
    if (p.kind == Place::Kind::word) return r.low != 0 && p.address >= r.low && p.address <= r.high;
    if (p.kind == Place::Kind::user_word) return r.place.kind == p.kind && r.place.owner == p.owner;
    return p.kind == Place::Kind::reg && r.any_register;
}

// A row of its own before a row that stands for many; near `beside` if several show the same.
const Anchor* find(const Anchors& anchors, const Place& p, const Anchor* beside) {
    if (p.kind == Place::Kind::none) return nullptr;
    const Anchor* best = nullptr;
    for (const Anchor& a : anchors) {
        if (!shows(a.row, p)) continue;
        const bool exact = a.row.place == p;
        if (best == nullptr || (exact && best->row.place != p) ||
            (beside != nullptr && a.card != 1 && best->card == 1 && exact))
            best = &a;
    }
    return best;
}

using Path = std::array<ImVec2, kPoints>;

Path path_between(const Anchor& from, const Anchor& to) {
    ImVec2 a, b;
    float bend_a, bend_b;
    const float reach = px(44);
    if (from.rect.max.x <= to.rect.min.x) {
        a = from.rect.right();
        b = to.rect.left();
        bend_a = std::max(reach, (b.x - a.x) * 0.5F);
        bend_b = -bend_a;
    } else if (to.rect.max.x <= from.rect.min.x) {
        a = from.rect.left();
        b = to.rect.right();
        bend_a = -std::max(reach, (a.x - b.x) * 0.5F);
        bend_b = -bend_a;
    } else {
        // In one card: a bow along its right edge.
        a = from.rect.right();
        b = to.rect.right();
        bend_a = bend_b = px(28);
    }
    Path path;
    for (std::size_t i = 0; i < kPoints; ++i) {
        const float t = static_cast<float>(i) / (kPoints - 1), s = 1 - t;
        const float w0 = s * s * s, w1 = 3 * s * s * t, w2 = 3 * s * t * t, w3 = t * t * t;
        path[i] = {w0 * a.x + w1 * (a.x + bend_a) + w2 * (b.x + bend_b) + w3 * b.x,
                   w0 * a.y + w1 * a.y + w2 * b.y + w3 * b.y};
    }
    return path;
}

double ease(double t) {
    t = std::clamp(t, 0.0, 1.0);
    return t * t * (3 - 2 * t);
}

ImVec2 along(const Path& path, double t) {
    const double at = t * (kPoints - 1);
    const auto i = std::min(static_cast<std::size_t>(at), kPoints - 2);
    const auto f = static_cast<float>(at - static_cast<double>(i));
    return {path[i].x + (path[i + 1].x - path[i].x) * f,
            path[i].y + (path[i + 1].y - path[i].y) * f};
}

void arrow_head(ImDrawList& list, const Path& path, ImU32 color) {
    const ImVec2 tip = path.back(), before = path[kPoints - 3];
    const float length = std::hypot(tip.x - before.x, tip.y - before.y);
    if (length <= 0) return;
    const ImVec2 d{(tip.x - before.x) / length, (tip.y - before.y) / length};
    const float size = px(7);
    const ImVec2 back{tip.x - d.x * size, tip.y - d.y * size};
    list.AddTriangleFilled(tip, {back.x - d.y * size * 0.5F, back.y + d.x * size * 0.5F},
                           {back.x + d.y * size * 0.5F, back.y - d.x * size * 0.5F}, color);
}

}  // namespace

void paint_moves(ImDrawList& list, const std::vector<MoveModel>& moves, const Anchors& anchors,
                 const Flight& flight, double now) {
    const ImU32 color = theme().moving;
    std::vector<Path> paths;
    std::vector<std::size_t> order;
    std::vector<std::pair<ImVec2, ImVec2>> seen;
    for (std::size_t i = 0; i < moves.size() && paths.size() < kMostPaths; ++i) {
        const Anchor* to = find(anchors, moves[i].to, nullptr);
        const Anchor* from = find(anchors, moves[i].from, to);
        if (to == nullptr || from == nullptr || from == to) continue;
        const std::pair ends{from->rect.min, to->rect.min};
        const bool again = std::any_of(seen.begin(), seen.end(), [&](const auto& e) {
            return e.first.y == ends.first.y && e.second.y == ends.second.y &&
                   e.first.x == ends.first.x && e.second.x == ends.second.x;
        });
        order.push_back(i);
        paths.push_back(path_between(*from, *to));
        if (again) continue;
        seen.push_back(ends);
        const float strength = moves.size() > 8 ? 0.45F : 1.0F;
        draw_dashed(list, paths.back(), fade(color, strength), px(2));
        arrow_head(list, paths.back(), fade(color, strength));
    }
    if (flight.start < 0) return;
    const double scale =
        flight.length /
        (kFlight + kStagger * static_cast<double>(moves.empty() ? 0 : moves.size() - 1));
    for (std::size_t p = 0; p < paths.size(); ++p) {
        const std::size_t place = flight.backwards ? moves.size() - 1 - order[p] : order[p];
        const double t = (now - flight.start) / scale - kStagger * static_cast<double>(place);
        double at = ease(t / kFlight);
        if (flight.backwards) at = 1 - at;
        const ImVec2 dot = along(paths[p], at);
        list.AddCircleFilled(dot, px(6), theme().ground);
        list.AddCircleFilled(dot, px(5), color);
    }
}

}  // namespace sy::gui
