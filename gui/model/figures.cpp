// Numbers with their units, exact: nothing is rounded away.
#include "gui/model/figures.h"

#include <cstdio>

namespace sy::gui {

std::string format_time(Nanos at) {
    char text[48];
    const bool negative = at < 0;
    const auto value = static_cast<std::uint64_t>(negative ? -at : at);
    std::snprintf(text, sizeof text, "%s.%03u\u2009%03u ms",
                  format_count(static_cast<std::int64_t>(value / 1'000'000)).c_str(),
                  static_cast<unsigned>(value / 1'000 % 1'000),
                  static_cast<unsigned>(value % 1'000));
    return (negative ? "−" : "") + std::string(text);
}

std::string format_span(Nanos length) {
    struct Unit {
        Nanos size;
        const char* name;
    };
    constexpr Unit units[] = {{kSecond, "s"}, {kMilli, "ms"}, {kMicro, "µs"}, {1, "ns"}};
    const Nanos value = length < 0 ? -length : length;
    const Unit* unit = units;
    while (unit->size > 1 && value < unit->size) ++unit;
    std::string text = format_count(value / unit->size);
    std::string rest;
    for (Nanos place = unit->size / 10, left = value % unit->size; place > 0 && left > 0;
         left %= place, place /= 10)
        rest.push_back(static_cast<char>('0' + left / place));
    if (!rest.empty()) text += "." + rest;
    return (length < 0 ? "−" : "") + text + " " + unit->name;
}

std::string format_count(std::int64_t count) {
    const std::string digits = std::to_string(count);
    const std::size_t first = digits[0] == '-' ? 1 : 0;
    std::string text = first ? "−" : "";
    for (std::size_t i = first; i < digits.size(); ++i) {
        if (i > first && (digits.size() - i) % 3 == 0) text += "\u2009";
        text += digits[i];
    }
    return text;
}

std::string format_address(std::uint64_t address) {
    char text[20];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(address));
    return text;
}

std::string format_tail(std::uint64_t address) {
    char text[20];
    std::snprintf(text, sizeof text, "…%04llx", static_cast<unsigned long long>(address & 0xffff));
    return text;
}

}  // namespace sy::gui
