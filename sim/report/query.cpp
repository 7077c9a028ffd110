// Reading an expression. The tree it becomes is query_node.h; asking it of a log is query_run.cpp.
#include "sim/report/query.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "sim/report/query_node.h"
#include "sim/scenario/suggest.h"

namespace sy {

namespace {

using Type = QueryField::Type;

constexpr QueryField kFields[] = {
    {Type::kind, "kind", "what was recorded: sched_switch, softirq_entry…, or a group: wakeup, switch, irq, softirq, syscall, timer, signal, work, fork, exit, fault", "记录的种类：sched_switch、softirq_entry……或一组：wakeup、switch、irq、softirq、syscall、timer、signal、work、fork、exit、fault"},
    {Type::task, "task", "who runs there or whom the record is about, by name, path or pid", "当时运行的任务，或记录所涉及的任务：名字、路径或 pid"},
    {Type::task, "who", "who runs on the CPU as it happens", "发生时正在该 CPU 上运行的任务"},
    {Type::task, "about", "whom it is about: who is woken, forked, switched to", "记录所涉及的任务：被唤醒、被创建、将要运行的"},
    {Type::task, "prev", "sched_switch: who leaves", "sched_switch：离开的任务"},
    {Type::task, "next", "sched_switch: who comes", "sched_switch：到来的任务"},
    {Type::number, "pid", "pid of who runs there or whom the record is about", "当时运行的任务或记录所涉及任务的 pid"},
    {Type::number, "tgid", "process of who runs there", "当时运行的任务所属的进程"},
    {Type::number, "cpu", "on which CPU", "所在的 CPU"},
    {Type::time, "time", "when: 12ms, 300us", "时刻：12ms、300us"},
    {Type::time, "wait", "sched_switch: how long who comes had waited since it was woken", "sched_switch：到来的任务自被唤醒起等待了多久"},
    {Type::time, "ran", "sched_switch: how long who leaves had run", "sched_switch：离开的任务运行了多久"},
    {Type::time, "slept", "wakeups: how long the woken had slept", "唤醒：被唤醒者睡眠了多久"},
    {Type::number, "prio", "sched_switch, wakeups: priority of whom it is about", "sched_switch、唤醒：所涉及任务的优先级"},
    {Type::text, "state", "sched_switch: state of who leaves: R, S, D, T, Z, X", "sched_switch：离开者的状态：R、S、D、T、Z、X"},
    {Type::text, "call", "sys_enter, sys_exit: name of the system call", "sys_enter、sys_exit：系统调用的名字"},
    {Type::number, "ret", "sys_exit: the result", "sys_exit：返回值"},
    {Type::number, "irq", "interrupts: the line", "中断：中断线号"},
    {Type::text, "vec", "softirqs: TIMER, NET_RX, SCHED…", "软中断：TIMER、NET_RX、SCHED……"},
    {Type::number, "sig", "signals: the number", "信号：编号"},
    {Type::text, "text", "the record as `trace` prints it", "记录的文字，即 trace 所打印的"},
};
static_assert(std::size(kFields) == static_cast<std::size_t>(QueryFieldId::count));

constexpr QueryKindGroup kGroups[] = {
    {"switch", "sched_switch"},
    {"wakeup", "sched_wakeup sched_wakeup_new task_arrival"},
    {"waking", "sched_waking"},
    {"migrate", "sched_migrate_task"},
    {"fork", "sched_process_fork"},
    {"exec", "sched_process_exec"},
    {"exit", "sched_process_exit"},
    {"wait", "sched_process_wait"},
    {"syscall", "sys_enter sys_exit"},
    {"irq", "irq_handler_entry irq_handler_exit local_timer_entry local_timer_exit reschedule_entry reschedule_exit"},
    {"softirq", "softirq_raise softirq_entry softirq_exit tasklet_entry tasklet_exit napi_poll"},
    {"timer", "timer_start timer_cancel timer_expire_entry timer_expire_exit hrtimer_start hrtimer_cancel hrtimer_expire_entry hrtimer_expire_exit"},
    {"signal", "signal_generate signal_deliver"},
    {"work", "workqueue_queue_work workqueue_activate_work workqueue_execute_start workqueue_execute_end"},
    {"fault", "page_fault_user"},
    {"sched", "sched_switch sched_waking sched_wakeup sched_wakeup_new sched_migrate_task sched_process_fork sched_process_exit "
              "sched_process_free sched_process_exec sched_process_wait sched_pi_setprio sched_kthread_stop sched_kthread_stop_ret"},
};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '/' || c == '.' ||
           c == ':' || c == '[' || c == ']' || c == '-' || c == '+' || c == '@' || c == '*' || static_cast<unsigned char>(c) >= 0x80;
}
std::string lowered(std::string_view s) {
    std::string out(s);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

struct Token {
    enum class Kind : std::uint8_t { end, word, string, op, open, close, both, either, no } kind = Kind::end;
    std::string text;
    std::size_t at = 0, length = 1;
};

using Node = QueryNode;
using NodePtr = std::shared_ptr<Node>;

// Throws Wrong, which does not leave this file.
struct Wrong {
    QueryMistake mistake;
};

class Reader {
  public:
    explicit Reader(std::string_view source) : source_(source) { next(); }

    NodePtr all() {
        if (token_.kind == Token::Kind::end) return nullptr;
        NodePtr root = either(0);
        if (token_.kind == Token::Kind::close)
            fail(token_, text("this ) closes nothing", "这个 ) 没有对应的 ("));
        return root;
    }

  private:
    [[noreturn]] void fail(const Token& where, Text message, std::string replacement = {}) const {
        throw Wrong{{static_cast<int>(where.at) + 1, static_cast<int>(std::max<std::size_t>(where.length, 1)), std::move(message),
                     std::move(replacement)}};
    }

    void next() {
        while (at_ < source_.size() && is_space(source_[at_])) ++at_;
        token_ = {Token::Kind::end, {}, at_, 1};
        if (at_ == source_.size()) return;
        const char c = source_[at_];
        if (c == '"' || c == '\'') return quoted(c);
        for (const std::string_view op : {"==", "!=", "<=", ">=", "!~", "=~", "&&", "||"})
            if (source_.substr(at_, 2) == op) return sign(op);
        if (std::strchr("=<>~!&|()", c) != nullptr) return sign(source_.substr(at_, 1));
        const std::size_t begin = at_;
        while (at_ < source_.size() && is_word(source_[at_])) ++at_;
        if (at_ == begin) {
            token_.length = 1;
            ++at_;
            fail(token_, text("'{0}' means nothing here; quote it to look for it", "“{0}”在这里没有意义；要查找它请加引号", {std::string(1, c)}));
        }
        token_ = {Token::Kind::word, std::string(source_.substr(begin, at_ - begin)), begin, at_ - begin};
        const std::string word = lowered(token_.text);
        if (word == "and") token_.kind = Token::Kind::both;
        if (word == "or") token_.kind = Token::Kind::either;
        if (word == "not") token_.kind = Token::Kind::no;
    }
    void quoted(char mark) {
        const std::size_t begin = at_;
        const std::size_t end = source_.find(mark, begin + 1);
        token_ = {Token::Kind::string, {}, begin, source_.size() - begin};
        if (end == std::string_view::npos)
            fail(token_, text("the quotation mark is never closed", "引号没有闭合"));
        token_.text = std::string(source_.substr(begin + 1, end - begin - 1));
        token_.length = end + 1 - begin;
        at_ = end + 1;
    }
    void sign(std::string_view op) {
        using K = Token::Kind;
        const K kind = op == "("                    ? K::open
                       : op == ")"                  ? K::close
                       : op == "&&" || op == "&"    ? K::both
                       : op == "||" || op == "|"    ? K::either
                       : op == "!"                  ? K::no
                                                    : K::op;
        token_ = {kind, std::string(op == "=" ? "==" : op == "=~" ? "~" : op), at_, op.size()};
        at_ += op.size();
    }

    NodePtr join(Node::Kind kind, NodePtr a, NodePtr b) {
        if (a->kind == kind) {
            a->parts.push_back(std::move(b));
            return a;
        }
        auto node = std::make_shared<Node>();
        node->kind = kind;
        node->parts = {std::move(a), std::move(b)};
        return node;
    }
    NodePtr either(int depth) {
        NodePtr left = both(depth);
        while (token_.kind == Token::Kind::either) {
            next();
            left = join(Node::Kind::either, left, both(depth));
        }
        return left;
    }
    NodePtr both(int depth) {
        NodePtr left = no(depth);
        for (;;) {
            using K = Token::Kind;
            if (token_.kind == K::both)
                next();
            else if (token_.kind == K::end || token_.kind == K::close || token_.kind == K::either)
                return left;
            left = join(Node::Kind::both, left, no(depth));
        }
    }
    NodePtr no(int depth) {
        if (depth > kQueryDepth)
            fail(token_, text("more than {0} parentheses or ! inside one another", "括号或 ! 的嵌套超过 {0} 层", {std::to_string(kQueryDepth)}));
        if (token_.kind == Token::Kind::no) {
            next();
            auto node = std::make_shared<Node>();
            node->kind = Node::Kind::no;
            node->parts = {no(depth + 1)};
            return node;
        }
        if (token_.kind != Token::Kind::open) return term();
        const Token open = token_;
        next();
        NodePtr inside = either(depth + 1);
        if (token_.kind != Token::Kind::close) fail(open, text("this ( is never closed", "这个 ( 没有闭合"));
        next();
        // A group stays one part of what is around it.
        auto node = std::make_shared<Node>();
        node->kind = Node::Kind::both;
        node->parts = {std::move(inside)};
        return node;
    }

    NodePtr term() {
        const Token first = token_;
        if (first.kind == Token::Kind::end)
            fail(first, text("something is missing here: a field such as cpu==1, or a word to look for", "这里缺少内容：如 cpu==1 的条件，或要查找的词"));
        if (first.kind != Token::Kind::word && first.kind != Token::Kind::string)
            fail(first, text("expected a field or a word, not '{0}'", "此处应为字段或词，而不是“{0}”", {first.text}));
        if (++terms_ > kQueryTerms)
            fail(first, text("more than {0} conditions", "条件超过 {0} 个", {std::to_string(kQueryTerms)}));
        next();
        if (first.kind == Token::Kind::word && token_.kind == Token::Kind::op) return comparison(first);
        auto node = std::make_shared<Node>();
        node->kind = Node::Kind::anywhere;
        node->number_of_term = static_cast<std::size_t>(terms_);
        node->value = first.text;
        node->needle = lowered(first.text);
        if (node->needle.empty()) fail(first, text("nothing to look for", "没有要查找的内容"));
        return node;
    }

    NodePtr comparison(const Token& name) {
        const std::string wanted = lowered(name.text);
        const auto* field = std::find_if(std::begin(kFields), std::end(kFields), [&](const QueryField& f) { return f.name == wanted; });
        if (field == std::end(kFields)) unknown_field(name, wanted);
        const Token op = token_;
        next();
        const Token value = token_;
        if (value.kind != Token::Kind::word && value.kind != Token::Kind::string)
            fail(value, text("{0}{1} needs a value", "{0}{1} 需要一个值", {name.text, op.text}));
        next();
        auto node = std::make_shared<Node>();
        node->kind = Node::Kind::compare;
        node->number_of_term = static_cast<std::size_t>(terms_);
        node->field = static_cast<QueryFieldId>(field - std::begin(kFields));
        node->op = op_of(op.text);
        node->value = value.text;
        node->needle = lowered(value.text);
        const bool orders = node->op != QueryOp::same && node->op != QueryOp::other && node->op != QueryOp::has && node->op != QueryOp::lacks;
        if (orders && field->type != Type::number && field->type != Type::time)
            fail(op, text("'{0}' has no order; use ==, !=, ~ or !~", "“{0}”没有大小之分；请用 ==、!=、~ 或 !~", {name.text}), "==");
        switch (field->type) {
            case Type::number:
                read_number(*node, value, name.text);
                break;
            case Type::time:
                read_time(*node, value, name.text);
                break;
            case Type::kind:
                read_kind(*node, value);
                break;
            case Type::task:
            case Type::text:
                break;
        }
        return node;
    }

    static QueryOp op_of(std::string_view op) {
        constexpr std::string_view names[] = {"==", "!=", "<", "<=", ">", ">=", "~", "!~"};
        return static_cast<QueryOp>(std::find(std::begin(names), std::end(names), op) - std::begin(names));
    }

    [[noreturn]] void unknown_field(const Token& name, const std::string& wanted) const {
        std::vector<std::string_view> names;
        for (const QueryField& f : kFields) names.push_back(f.name);
        constexpr std::array<std::pair<std::string_view, std::string_view>, 8> meant = {{{"event", "kind"}, {"name", "task"}, {"comm", "task"},
            {"latency", "wait"}, {"at", "time"}, {"syscall", "call"}, {"signal", "sig"}, {"softirq", "vec"}}};
        std::string best;
        for (const auto& [other, ours] : meant)
            if (other == wanted) best = ours;
        if (best.empty()) best = scn::nearest(wanted, names);
        if (!best.empty()) fail(name, scn::did_you_mean({.en = "field", .zh = "字段"}, name.text, best), best);
        const std::string list = scn::listed(names, names.size());
        fail(name, text("unknown field '{0}'; there are {1}", "未知的字段“{0}”；可用：{1}", {name.text, list}));
    }

    void needs_equality(const Node& node, const Token& value, const std::string& name) const {
        if (node.op == QueryOp::has || node.op == QueryOp::lacks)
            fail(value, text("'{0}' is a number: ~ looks into words only", "“{0}”是数字：~ 只用于文字", {name}));
    }
    void read_number(Node& node, const Token& value, const std::string& name) const {
        needs_equality(node, value, name);
        std::string_view digits = value.text;
        const bool negative = !digits.empty() && digits.front() == '-';
        if (negative) digits.remove_prefix(1);
        std::int64_t n = 0;
        if (digits.empty() || digits.size() > 15 || digits.find_first_not_of("0123456789") != std::string_view::npos) {
            if (name == "pid")
                fail(value, text("a pid is a number; for a name write task=={0}", "pid 是数字；要写名字请用 task=={0}", {value.text}));
            fail(value, text("'{0}' is no number", "“{0}”不是数字", {value.text}));
        }
        for (const char c : digits) n = n * 10 + (c - '0');
        node.number = negative ? -n : n;
    }
    void read_time(Node& node, const Token& value, const std::string& name) const {
        needs_equality(node, value, name);
        std::size_t i = 0;
        std::int64_t whole = 0, fraction = 0, scale = 1;
        const std::string& t = value.text;
        for (; i < t.size() && t[i] >= '0' && t[i] <= '9' && i < 12; ++i) whole = whole * 10 + (t[i] - '0');
        const bool has_digits = i > 0;
        if (i < t.size() && t[i] == '.')
            for (++i; i < t.size() && t[i] >= '0' && t[i] <= '9' && scale < kSecond; ++i) {
                fraction = fraction * 10 + (t[i] - '0');
                scale *= 10;
            }
        const std::string unit = t.substr(i);
        const std::int64_t factor = unit == "ns" ? 1 : unit == "us" || unit == "µs" || unit == "μs" ? kMicro : unit == "ms" ? kMilli : unit == "s" ? kSecond : 0;
        if (has_digits && unit.empty() && whole == 0 && fraction == 0) {
            node.number = 0;
            return;
        }
        if (has_digits && unit.empty())
            fail(value, text("which unit? write {0}ms, {0}us or {0}ns", "单位是什么？请写 {0}ms、{0}us 或 {0}ns", {t}), t + "ms");
        if (!has_digits || factor == 0 || whole > 1'000'000'000'000 / factor * 1'000)
            fail(value, text("'{0}' is no time; write 2ms, 300us, 1.5s", "“{0}”不是时间；请写 2ms、300us、1.5s", {t}));
        node.number = whole * factor + fraction * factor / scale;
    }
    void read_kind(Node& node, const Token& value) const {
        const bool contains = node.op == QueryOp::has || node.op == QueryOp::lacks;
        std::vector<std::string_view> names;
        for (int k = 0; k < kRecordKinds; ++k) {
            const std::string_view name = record_name(static_cast<RecordKind>(k));
            names.push_back(name);
            if (contains ? name.find(node.needle) != std::string_view::npos : name == node.needle) node.kinds[static_cast<std::size_t>(k)] = true;
        }
        for (const QueryKindGroup& g : kGroups) {
            names.push_back(g.name);
            if (contains || g.name != node.needle) continue;
            const std::string all = " " + std::string(g.kinds) + " ";
            for (int k = 0; k < kRecordKinds; ++k)
                if (all.find(" " + std::string(record_name(static_cast<RecordKind>(k))) + " ") != std::string::npos) node.kinds[static_cast<std::size_t>(k)] = true;
        }
        if (node.kinds.any() || contains) return;
        const std::string best = scn::nearest(node.needle, names);
        if (!best.empty()) fail(value, scn::did_you_mean({.en = "kind of record", .zh = "记录种类"}, value.text, best), best);
        names.erase(names.begin(), names.begin() + kRecordKinds);
        const std::string list = scn::listed(names, names.size());
        fail(value, text("there is no kind of record '{0}'; groups are {1}", "没有“{0}”这种记录；可用的组：{1}", {value.text, list}));
    }

    std::string_view source_;
    std::size_t at_ = 0;
    int terms_ = 0;
    Token token_;
};

// What is quick to decide comes first.
void order_parts(Node& node) {
    node.cost = 1;
    for (const NodePtr& part : node.parts) {
        order_parts(*part);
        node.cost += part->cost;
    }
    if (node.kind == Node::Kind::anywhere || (node.kind == Node::Kind::compare && node.field == QueryFieldId::text)) node.cost = 1'000;
    std::stable_sort(node.parts.begin(), node.parts.end(), [](const NodePtr& a, const NodePtr& b) { return a->cost < b->cost; });
}

}  // namespace

std::span<const QueryField> query_fields() { return kFields; }
std::span<const QueryKindGroup> query_kind_groups() { return kGroups; }

std::optional<Query> Query::read(std::string_view expression, QueryMistake& mistake) {
    if (expression.size() > kQueryChars) {
        mistake = {1, 1, text("the expression is longer than {0} characters", "表达式超过 {0} 个字符", {std::to_string(kQueryChars)}), {}};
        return {};
    }
    try {
        Query query;
        query.expression_ = std::string(expression);
        NodePtr root = Reader(expression).all();
        if (root) order_parts(*root);
        query.root_ = std::move(root);
        return query;
    } catch (const Wrong& wrong) {
        mistake = wrong.mistake;
        return {};
    }
}

std::string QueryMistake::render(std::string_view what, std::string_view expression, Lang lang) const {
    std::string out(what);
    out += ":1:" + std::to_string(column) + (lang == Lang::zh ? ": 错误：" : ": error: ") + message.in(lang) + "\n";
    std::string line;
    for (const char c : expression.substr(0, std::min<std::size_t>(expression.size(), 200)))
        line += static_cast<unsigned char>(c) < 32 || c == 127 ? ' ' : c;
    if (column > 200) return out;
    out += "    " + line + "\n    ";
    for (int i = 1; i < column; ++i) {
        const auto c = static_cast<std::size_t>(i - 1) < line.size() ? static_cast<unsigned char>(line[static_cast<std::size_t>(i - 1)]) : ' ';
        if ((c & 0xc0) != 0x80) out += c >= 0xe0 ? "  " : " ";   // wide characters are two columns
    }
    out += "^" + std::string(static_cast<std::size_t>(std::clamp(length - 1, 0, 60)), '~') + "\n";
    if (!replacement.empty()) out += "    " + std::string(lang == Lang::zh ? "改为：" : "try: ") + replacement + "\n";
    return out;
}

}  // namespace sy
