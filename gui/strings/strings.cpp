// The string table, looked up by row.
#include "gui/strings/strings.h"

#include <array>

namespace sy::gui {
namespace {

struct Row {
    std::string_view name, en, zh;
};

constexpr std::array<Row, kStrings> table = {{
#define SY_STRING(id, en, zh) Row{#id, en, zh},
#include "gui/strings/table.inc"
#undef SY_STRING
}};

Lang current = Lang::en;

}  // namespace

Lang language() { return current; }
void set_language(Lang lang) { current = lang; }

bool parse_language(std::string_view name, Lang& lang) {
    if (name != "en" && name != "zh") return false;
    lang = name == "zh" ? Lang::zh : Lang::en;
    return true;
}

std::string_view tr(Str id) { return tr(id, current); }

std::string_view tr(Str id, Lang lang) {
    const Row& row = table[static_cast<std::size_t>(id)];
    return lang == Lang::zh ? row.zh : row.en;
}

std::string tr(Str id, std::initializer_list<std::string_view> args) {
    return text(tr(id, Lang::en), tr(id, Lang::zh), args).in(current);
}

std::string_view name_of(Str id) { return table[static_cast<std::size_t>(id)].name; }

}  // namespace sy::gui
