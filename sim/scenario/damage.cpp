// Scenarios with mistakes in them: the changes that typing, pasting and hostile input make.
#include <algorithm>
#include <array>

#include "sim/scenario/dice.h"
#include "sim/scenario/generate.h"
#include "sim/scenario/words.h"
#include "sim/scenario/write.h"

namespace sy {
namespace {

using scn::Dice;

std::string any_word(Dice& dice) {
    constexpr std::array<scn::WordGroup, 7> kGroups = {
        scn::WordGroup::top,     scn::WordGroup::machine, scn::WordGroup::process,
        scn::WordGroup::device,  scn::WordGroup::verb,    scn::WordGroup::action,
        scn::WordGroup::function};
    const std::vector<scn::Word> all = scn::words(kGroups[dice.below(kGroups.size())]);
    const scn::Word& word = dice.pick(all);
    return std::string(dice.one_in(2) ? word.name : word.example);
}

std::string any_junk(Dice& dice) {
    const std::vector<std::string> kJunk = {"{",
                                            "}",
                                            "((((",
                                            "->",
                                            "\"",
                                            "#",
                                            "\n",
                                            "99999999999999999999",
                                            "-5ms",
                                            "x0",
                                            "x999999999",
                                            "\xff\xfe",
                                            "，",
                                            "；",
                                            "0.0000001ns",
                                            "main/1/2/3",
                                            "=",
                                            "==",
                                            "~",
                                            "asm {",
                                            "5",
                                            "ms",
                                            "at 1s",
                                            "every 1ns until 1000s irq kbd",
                                            "expect",
                                            "fork",
                                            "\t",
                                            "\r",
                                            std::string(200, '{')};
    if (dice.one_in(200)) return std::string(1, '\0');
    if (dice.one_in(200)) return std::string(100'000, '{');
    return dice.pick(kJunk);
}

void damage(std::string& text, Dice& dice) {
    const std::size_t at = dice.below(text.size() + 1);
    const std::size_t length = std::min<std::size_t>(dice.below(12), text.size() - at);
    switch (dice.below(8)) {
        case 0:
            text.erase(at, length);
            break;
        case 1:
            if (at + 1 < text.size()) std::swap(text[at], text[at + 1]);
            break;
        case 2:
            text.insert(at, text.substr(at, length));
            break;
        case 3:
            text.insert(at, " " + any_word(dice) + " ");
            break;
        case 4:
            text.insert(at, any_junk(dice));
            break;
        case 5:
            if (at < text.size()) text[at] = static_cast<char>(dice.below(256));
            break;
        case 6: {
            const std::size_t brace = text.find(dice.one_in(2) ? '{' : '}', at);
            if (brace != std::string::npos) text.erase(brace, 1);
            break;
        }
        default: {
            const std::size_t unit = text.find("ms", at);
            if (unit != std::string::npos) text.erase(unit, 2);
            break;
        }
    }
}

}  // namespace

std::string broken_scenario(std::uint64_t seed, std::string_view text) {
    Dice dice(seed ^ 0x5eed);
    std::string out = text.empty() ? write_scenario(random_scenario(seed)) : std::string(text);
    for (int i = dice.between(1, 8); i > 0; --i) damage(out, dice);
    return out;
}

}  // namespace sy
