// Colours and completions out of tokens: the open braces before a place and the words in front of them say what
// may come there.
#include "gui/model/code_text.h"

#include <algorithm>
#include <array>

#include "sim/scenario/lexer.h"
#include "sim/sched/chain.h"

namespace sy::gui {
namespace {

using scn::Token;
using scn::Word;
using scn::WordGroup;

// A token's own bytes, quotes included.
std::pair<std::size_t, std::size_t> bytes(std::string_view text, const Token& t) {
    std::size_t from = static_cast<std::size_t>(t.text.data() - text.data()), to = from + t.text.size();
    if (t.kind == Token::Kind::string) {
        from -= from > 0;
        to += to < text.size() && text[to] == '"';
    }
    return {from, to};
}

struct Vocabulary {
    std::vector<std::string_view> top, verb, setting;
    Vocabulary() {
        top = scn::names(WordGroup::top);
        for (const std::string_view name : {"thread", "asm", "shared", "local", "coroutine"}) top.push_back(name);
        for (const WordGroup g : {WordGroup::verb, WordGroup::action, WordGroup::function})
            for (const std::string_view name : scn::names(g)) verb.push_back(name);
        for (const WordGroup g : {WordGroup::machine, WordGroup::process, WordGroup::device, WordGroup::coroutine})
            for (const std::string_view name : scn::names(g)) setting.push_back(name);
        for (auto* list : {&top, &verb, &setting}) std::sort(list->begin(), list->end());
    }
    CodeColor color(std::string_view word) const {
        const auto in = [&](const auto& list) { return std::binary_search(list.begin(), list.end(), word); };
        return in(top) ? CodeColor::keyword : in(verb) ? CodeColor::verb : in(setting) ? CodeColor::setting : CodeColor::name;
    }
};

const Vocabulary& vocabulary() {
    static const Vocabulary kWords;
    return kWords;
}

CodePlace inside(CodePlace around, std::string_view opener) {
    if (opener == "machine") return CodePlace::machine;
    if (opener == "at" || opener == "every_at") return CodePlace::action;
    if (opener == "jobs") return CodePlace::nothing;
    if (opener == "asm") return CodePlace::assembly;
    if (opener == "group") return CodePlace::top;
    if (around == CodePlace::top || around == CodePlace::head) return CodePlace::statement;
    return around;
}

// The part of a word before `at`.
std::size_t word_start(std::string_view text, std::size_t at) {
    const auto in = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.'; };
    while (at > 0 && in(text[at - 1])) --at;
    return at;
}

bool in_comment_or_string(std::string_view text, std::size_t at) {
    bool quoted = false;
    for (std::size_t i = text.rfind('\n', at > 0 ? at - 1 : 0) == std::string_view::npos || at == 0 ? 0 : text.rfind('\n', at - 1) + 1; i < at; ++i) {
        if (text[i] == '"') quoted = !quoted;
        if (text[i] == '#' && !quoted) return true;
    }
    return quoted;
}

std::vector<WordGroup> groups_of(CodePlace place) {
    switch (place) {
        case CodePlace::top: return {WordGroup::top};
        case CodePlace::machine: return {WordGroup::machine};
        case CodePlace::head: return {WordGroup::process};
        case CodePlace::device: return {WordGroup::device};
        case CodePlace::coroutine: return {WordGroup::coroutine};
        case CodePlace::statement: return {WordGroup::verb};
        case CodePlace::action: return {WordGroup::action};
        case CodePlace::expect: return {WordGroup::function};
        default: return {};
    }
}

CodeChoice choice_of(const Word& w) {
    return {std::string(w.name), std::string(w.usage), std::string(w.help_en), std::string(w.help_zh)};
}

}  // namespace

std::vector<CodePiece> color_code(std::string_view text) {
    Diagnostics ignored;
    const scn::Tokens tokens = scn::lex(text, ignored);
    std::vector<CodePiece> out;
    if (!tokens.is_text) return out;
    std::size_t next_comment = 0;
    const auto comments_before = [&](std::size_t token) {
        for (; next_comment < tokens.comments.size() && tokens.comments[next_comment].next_token <= token; ++next_comment) {
            const std::string_view c = tokens.comments[next_comment].text;
            const auto from = static_cast<std::size_t>(c.data() - text.data());
            out.push_back({from, from + c.size(), CodeColor::comment});
        }
    };
    for (std::size_t i = 0; i < tokens.list.size(); ++i) {
        comments_before(i);
        const Token& t = tokens.list[i];
        if (t.kind == Token::Kind::end) break;
        const auto [from, to] = bytes(text, t);
        CodeColor color = CodeColor::plain;
        switch (t.kind) {
            case Token::Kind::word: color = vocabulary().color(t.text); break;
            case Token::Kind::number: color = CodeColor::number; break;
            case Token::Kind::string: color = CodeColor::string; break;
            case Token::Kind::sign: color = CodeColor::sign; break;
            case Token::Kind::asm_line: color = CodeColor::assembly; break;
            case Token::Kind::end: break;
        }
        out.push_back({from, to, color});
    }
    comments_before(tokens.list.size());
    return out;
}

CodePlace code_place(std::string_view text, std::size_t at) {
    if (in_comment_or_string(text, at)) return CodePlace::nothing;
    Diagnostics ignored;
    const std::string_view before = text.substr(0, word_start(text, at));
    const scn::Tokens tokens = scn::lex(before, ignored);
    std::vector<CodePlace> blocks = {CodePlace::top};
    std::string_view opener, last;
    for (const Token& t : tokens.list) {
        if (t.kind == Token::Kind::end) break;
        if (t.is("{")) {
            blocks.push_back(inside(blocks.back(), opener));
            opener = {};
        } else if (t.is("}")) {
            if (blocks.size() > 1) blocks.pop_back();
            opener = {};
        } else if (t.kind == Token::Kind::word) {
            constexpr std::array heads = {"machine", "process", "kthread", "program", "thread", "coroutine", "device", "jobs", "at", "every", "expect", "asm", "group",
                                          "work", "tasklet", "clients", "pipe", "workqueue", "title", "about", "break"};
            if (std::find(heads.begin(), heads.end(), t.text) != heads.end()) opener = t.text == "every" && blocks.size() == 1 ? "every_at" : t.text;
        }
        last = t.text;
    }
    if (last == "scheduler") return CodePlace::scheduler;
    if (last == "irq" && blocks.back() == CodePlace::action) return CodePlace::irq_line;
    for (const char* verb : {"kill", "killpg", "nice", "chrt", "affinity", "move", "set", "join", "waitpid"})
        if (last == verb && blocks.back() != CodePlace::top) return CodePlace::task;
    if (last == "process" || last == "thread" || last == "kthread" || last == "device" || last == "program") return CodePlace::nothing;
    if (blocks.back() == CodePlace::assembly) return CodePlace::assembly;
    // On a new line behind a head that needs no braces, the next thing begins.
    const std::size_t line = before.rfind('\n');
    const bool fresh = before.find_first_not_of(" \t\r", line == std::string_view::npos ? 0 : line + 1) == std::string_view::npos;
    if (opener == "process" || opener == "kthread" || opener == "program" || opener == "thread") return CodePlace::head;
    if (opener == "coroutine") return CodePlace::coroutine;
    if (opener == "device" && !fresh) return CodePlace::device;
    if (opener == "expect" && !fresh) return CodePlace::expect;
    if (opener == "at" && !fresh) return CodePlace::action;
    return blocks.back();
}

std::vector<CodeChoice> code_choices(std::string_view text, std::size_t at, const Scenario& scenario) {
    std::vector<CodeChoice> out;
    const CodePlace place = code_place(text, at);
    const std::string_view part = text.substr(word_start(text, at), at - word_start(text, at));
    const auto add = [&](CodeChoice choice) {
        if (choice.name.starts_with(part) && choice.name != part) out.push_back(std::move(choice));
    };
    for (const WordGroup g : groups_of(place))
        for (const Word& w : scn::words(g)) add(choice_of(w));
    if (place == CodePlace::scheduler)
        for (const PolicyInfo* p : policies())
            add({std::string(p->name), "scheduler " + std::string(p->name), std::string(p->title), std::string(p->title_zh)});
    if (place == CodePlace::task || place == CodePlace::expect)
        for (const ProcessDecl& p : scenario.processes) add({p.name, p.name, "a process of this scenario", "本场景的一个进程"});
    if (place == CodePlace::irq_line)
        for (const DeviceDecl& d : scenario.devices) add({d.name, "irq " + d.name, "a device of this scenario", "本场景的一个设备"});
    if (place == CodePlace::statement && std::string_view("thread").starts_with(part) && part != "thread")
        add({"thread", "thread NAME { STATEMENTS }", "a thread of this process", "本进程的一个线程"});
    return out;
}

CodeChoice code_help(std::string_view text, std::size_t at) {
    const std::size_t from = word_start(text, at);
    std::size_t to = from;
    while (to < text.size() && word_start(text, to + 1) == from && text[to] != '\n') ++to;
    const std::string_view word = text.substr(from, to - from);
    if (word.empty() || in_comment_or_string(text, from)) return {};
    const CodePlace place = code_place(text, from);
    for (const WordGroup g : groups_of(place))
        if (const Word w = scn::find_word(g, word); !w.name.empty()) return choice_of(w);
    for (const PolicyInfo* p : policies())
        if (place == CodePlace::scheduler && p->name == word)
            return {std::string(word), "scheduler " + std::string(word), std::string(p->title), std::string(p->title_zh)};
    constexpr std::array all = {WordGroup::verb, WordGroup::top, WordGroup::process, WordGroup::machine, WordGroup::action, WordGroup::device, WordGroup::function, WordGroup::coroutine};
    for (const WordGroup g : all)
        if (const Word w = scn::find_word(g, word); !w.name.empty()) return choice_of(w);
    return {};
}

}  // namespace sy::gui
