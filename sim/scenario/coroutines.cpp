// `coroutine` inside a process and `clients` at the top: what the coroutine library serves.
#include <algorithm>

#include "sim/base/limits.h"
#include "sim/scenario/parser.h"
#include "sim/scenario/rows.h"

namespace sy::scn {
namespace {

struct CoroutineRow {
    Word word;
    bool (*read)(Parser&, CoroutineDecl&);
};

bool read_size(Parser& p, std::int64_t& into, std::int64_t least, std::int64_t most) {
    const SourcePos pos = p.peek().pos;
    const auto value = p.bytes();
    if (!value) return false;
    if (*value < least || *value > most) {
        p.error(pos, text("this size must be from {0} to {1} bytes", "这个大小必须在 {0} 到 {1} 字节之间",
                          {std::to_string(least), std::to_string(most)}));
        return false;
    }
    into = *value;
    return true;
}

bool read_stack(Parser& p, CoroutineDecl& c) { return read_size(p, c.stack, 4'096, 8 << 20); }

bool read_frame(Parser& p, CoroutineDecl& c) { return read_size(p, c.frame, 8, 32'768); }

bool read_shared(Parser& p, CoroutineDecl& c) {
    const auto value = p.integer({.first = 1,
                                  .last = 1'000'000,
                                  .what = text("the number of shared stacks", "共享栈的个数"),
                                  .limit = {}});
    if (value) c.shared = static_cast<std::int32_t>(*value);
    return value.has_value();
}

bool read_suspended(Parser&, CoroutineDecl& c) {
    c.suspended = true;
    return true;
}

bool read_slots(Parser& p, CoroutineDecl& c) {
    if (p.take_word("cleared")) {
        c.slots_cleared = true;
    } else if (p.take_word("untouched")) {
        c.slots_cleared = false;
    } else {
        p.expected(text("'cleared' or 'untouched'", "“cleared” 或 “untouched”"));
        return false;
    }
    return true;
}

constexpr CoroutineRow kCoroutineRows[] = {
    {{"stack", "stack BYTES", "the size of a stack (default 128KiB)", "一个栈的大小（默认 128KiB）",
      "coroutine c stack 64KiB { yield }"},
     read_stack},
    {{"shared", "shared COUNT",
      "so many stacks for all of them: who leaves is copied out, who comes is copied in (default: a stack each)",
      "所有协程共用这么多个栈：离开者被拷出，到来者被拷入（默认：每个协程一个栈）",
      "coroutine c x100 shared 2 { yield }"},
     read_shared},
    {{"frame", "frame BYTES", "how much stack its own functions use (default 64)",
      "它自己的函数用多少栈（默认 64）", "coroutine c shared 1 frame 1KiB { yield }"},
     read_frame},
    {{"suspended", "suspended", "it is only created: it runs when somebody resumes it by name, until it yields back",
      "只创建：有人按名字恢复它时才运行，直到它让回", "coroutine c suspended { yield }"},
     read_suspended},
    {{"slots", "slots cleared|untouched",
      "whether the library clears its table of 1,024 slots at creation (default cleared)",
      "创建时是否清零 1,024 个槽的表（默认清零）", "coroutine c slots untouched { yield }"},
     read_slots},
};

// xCOUNT up to the limit of coroutines, which is higher than that of tasks.
bool read_many(Parser& p, std::int64_t& copies, std::int64_t most, const Text& what) {
    const Token& token = p.peek();
    std::int64_t value = 0;
    for (const char c : token.text.substr(1)) {
        if (c == '_' || c == '\'') continue;
        value = value * 10 + (c - '0');
        if (value > most) break;
    }
    p.take();
    if (value >= 1 && value <= most) {
        copies = value;
        return true;
    }
    p.error(token.pos, text("there can be 1 to {0} {1}", "{1} 的个数可以是 1 到 {0}",
                            {std::to_string(most), what.en}));
    return false;
}

void read_every(Parser& p, ClientsDecl& c) {
    const SourcePos pos = p.peek().pos;
    const auto time = p.dist();
    if (time) c.every = *time;
    if (time && time->kind != Dist::Kind::exp && time->a == 0)
        p.error(pos, text("the time between two messages must be longer than 0", "两条消息之间的时间必须大于 0"));
}

}  // namespace

std::vector<Word> coroutine_words() { return words_of(kCoroutineRows); }

bool Parser::parse_coroutine(ProcessDecl& process) {
    CoroutineDecl c;
    const auto given = name(text("the name of the coroutine", "协程名"), &c.pos);
    if (given) c.name = *given;
    while (!at_end() && !peek().is("{") && !peek().is("}")) {
        if (is_copies()) {
            read_many(*this, c.copies, limits::coroutines, text("coroutines", "协程"));
            continue;
        }
        const Token& token = peek();
        const CoroutineRow* row =
            token.kind == Token::Kind::word ? find_row(kCoroutineRows, token.text) : nullptr;
        if (row == nullptr && starts_something(token)) break;
        if (row == nullptr && token.kind == Token::Kind::word) {
            std::vector<std::string_view> known;
            for (const CoroutineRow& each : kCoroutineRows) known.push_back(each.word.name);
            const std::string meant = unknown_word(token, text("setting of a coroutine", "协程设置"), known);
            row = find_row(kCoroutineRows, meant);
        } else if (row == nullptr) {
            expected(text("'{' or a setting such as shared", "“{” 或 shared 之类的设置"));
        }
        take();
        if (row != nullptr) row->read(*this, c);
    }
    if (!parse_block(c.body, Place::coroutine, nullptr,
                     text("what it does: '{' and statements", "它做什么：“{” 和语句")))
        return false;
    if (!given) return false;
    if (c.frame + 256 > c.stack) {
        error(c.pos, text("a frame of {0} bytes does not fit on a stack of {1}", "{0} 字节的栈帧放不进 {1} 字节的栈",
                          {std::to_string(c.frame), std::to_string(c.stack)}));
    }
    process.coroutines.push_back(std::move(c));
    return true;
}

void Parser::parse_clients() {
    ClientsDecl c;
    c.every.a = 10 * kMicro;
    const auto given = name(text("the name of the clients", "客户端的名字"), &c.pos);
    if (!given) return skip_item();
    c.name = *given;
    while (peek().kind == Token::Kind::word && !is_timed_line_next()) {
        if (peek().is_word("every")) {
            take();
            read_every(*this, c);
        } else if (starts_something(peek())) {
            break;
        } else if (is_copies()) {
            read_many(*this, c.copies, limits::coroutines, text("clients", "客户端"));
        } else if (take_word("on")) {
            const auto device = name(text("the name of a device", "设备名"), &c.device_pos);
            if (device) c.device = *device;
        } else if (take_word("messages")) {
            const auto count = integer({.first = 1,
                                        .last = 1'000'000,
                                        .what = text("how many messages each sends", "每个客户端发送多少条消息"),
                                        .limit = {}});
            if (count) c.messages = *count;
        } else if (take_word("from")) {
            const auto time = duration();
            if (time) c.from = *time;
        } else {
            unknown_word(peek(), text("setting of clients", "客户端设置"),
                         {"on", "every", "messages", "from"});
            take();
        }
    }
    if (c.device.empty()) {
        error(c.pos, text("clients send through a device of this machine; write: clients {0} on eth0",
                          "客户端通过本机的一个设备发送；请写：clients {0} on eth0", {c.name}));
    }
    out_.clients.push_back(std::move(c));
}

}  // namespace sy::scn
