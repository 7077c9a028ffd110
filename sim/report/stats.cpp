#include "sim/report/stats.h"

#include <algorithm>

namespace sy {
namespace {

__extension__ using Wide = __int128;

std::int64_t rounded(Wide sum, Wide count) {
    const Wide half = count / 2;
    return static_cast<std::int64_t>((sum >= 0 ? sum + half : sum - half) / count);
}

}  // namespace

std::int64_t nearest_rank(const std::vector<std::int64_t>& sorted, int p) {
    const std::size_t rank = (sorted.size() * static_cast<std::size_t>(p) + 99) / 100;
    return sorted[std::max<std::size_t>(rank, 1) - 1];
}

Spread spread_of(std::vector<std::int64_t> values) {
    if (values.empty()) return {};
    std::sort(values.begin(), values.end());
    Wide sum = 0;
    for (std::int64_t v : values) sum += v;
    return {rounded(sum, static_cast<Wide>(values.size())), nearest_rank(values, 50),
            nearest_rank(values, 95), nearest_rank(values, 99), values.back()};
}

std::uint64_t integer_root(Unsigned128 value) {
    Unsigned128 low = 0, high = (Unsigned128{1} << 64) - 1;
    while (low < high) {
        const Unsigned128 middle = low + (high - low + 1) / 2;
        if (middle <= value / middle)
            low = middle;
        else
            high = middle - 1;
    }
    return static_cast<std::uint64_t>(low);
}

std::int64_t student_975_milli(std::size_t degrees) {
    // The table of every textbook; between two rows the row above (a wider interval).
    static constexpr std::int64_t kTo30[] = {
        12706, 4303, 3182, 2776, 2571, 2447, 2365, 2306, 2262, 2228, 2201, 2179, 2160, 2145, 2131,
        2120,  2110, 2101, 2093, 2086, 2080, 2074, 2069, 2064, 2060, 2056, 2052, 2048, 2045, 2042};
    if (degrees == 0) return kTo30[0];
    if (degrees <= 30) return kTo30[degrees - 1];
    if (degrees < 40) return 2042;
    if (degrees < 60) return 2021;
    if (degrees < 120) return 2000;
    return degrees < 1000 ? 1980 : 1962;
}

Estimate estimate_of(const std::vector<std::int64_t>& values) {
    Estimate out;
    out.n = values.size();
    if (values.empty()) return out;
    const Wide n = static_cast<Wide>(values.size());
    Wide sum = 0;
    for (std::int64_t v : values) sum += v;
    out.mean = rounded(sum, n);
    if (n < 2) return out;
    // Differences from the mean keep the squares small; the rest that rounding left is taken off.
    Wide squares = 0, rest = 0;
    for (std::int64_t v : values) {
        const Wide d = static_cast<Wide>(v) - *out.mean;
        squares += d * d;
        rest += d;
    }
    const Wide scaled = (n * squares - rest * rest);  // n * sum of squared deviations
    const Wide t = student_975_milli(values.size() - 1);
    // half = t * sqrt(scaled / (n n (n - 1))); in hundredths where there is room.
    Wide variance = scaled / (n * n * (n - 1)), scale = 1;
    if (scaled < (Wide{1} << 90)) {
        scale = 100;
        variance = scaled * scale * scale / (n * n * (n - 1));
    }
    const auto root = static_cast<Wide>(integer_root(static_cast<Unsigned128>(variance * t * t)));
    out.half_width = rounded(root, 1000 * scale);
    return out;
}

std::int64_t jain_index_permille(const std::vector<std::int64_t>& values) {
    Wide sum = 0, squares = 0;
    for (std::int64_t v : values) {
        sum += v;
        squares += static_cast<Wide>(v) * v;
    }
    const Wide n = static_cast<Wide>(values.size());
    if (squares == 0) return 1000;
    return static_cast<std::int64_t>((sum * sum * 1000 + n * squares / 2) / (n * squares));
}

}  // namespace sy
