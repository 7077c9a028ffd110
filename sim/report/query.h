// Searching a log: expressions such as `cpu==1 && kind==softirq`, `task~web || pid==5`, `wait>2ms`, or plain words to
// find in a record's text. One small language for the window, `trace --filter` and `explain --filter`; its fields are the
// rows of one table (query_fields), from which the help, the completion and the messages are made.
//
//   or      := and  { ('||' | 'or')  and }
//   and     := not  { ['&&' | 'and'] not }           words side by side must all hold
//   not     := ('!' | 'not') not | '(' or ')' | term
//   term    := FIELD OP VALUE | WORD | "TEXT"         a word alone is looked for in the whole record
//   OP      := == = != < <= > >= ~ !~                 ~ contains, whatever the case
//
// A record that lacks a field (`wait` of a softirq) fails every comparison with it, `!=` and `!~` too.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/text.h"
#include "sim/kernel/kernel.h"
#include "sim/trace/record.h"

namespace sy {

constexpr std::size_t kQueryChars = 2'000;   // of one expression
constexpr int kQueryTerms = 128, kQueryDepth = 64;

struct QueryField {
    enum class Type : std::uint8_t { number, time, task, kind, text } type = Type::number;
    std::string_view name;
    std::string_view en, zh;   // what it is
};
std::span<const QueryField> query_fields();
// Names for several kinds at once, beside those of record_name: "wakeup", "irq"…
struct QueryKindGroup {
    std::string_view name, kinds;   // names of records, divided by spaces
};
std::span<const QueryKindGroup> query_kind_groups();

// What is wrong with an expression: the column (from 1) and length of what is meant by it.
struct QueryMistake {
    int column = 1, length = 1;
    Text message;
    std::string replacement;   // would mend it; empty: none known

    // `--filter:1:5: error: …`, the expression and a caret under it.
    std::string render(std::string_view what, std::string_view expression, Lang lang) const;
};

struct QueryNode;

// An expression that has been read. Copyable; knows nothing of a run.
class Query {
  public:
    static std::optional<Query> read(std::string_view expression, QueryMistake& mistake);
    const std::string& expression() const { return expression_; }
    bool empty() const { return !root_; }   // of a blank expression: everything matches

  private:
    std::string expression_;
    std::shared_ptr<const QueryNode> root_;
    friend class QueryRun;
};

// A query asked of a log, record by record in the log's order, from the first on: what a record is worth (how long had
// the task waited?) depends on those before it.
class QueryRun {
  public:
    // `end` knows all tasks of the log; both must outlive it.
    QueryRun(Query query, const Kernel& end, const Log& log);
    ~QueryRun();
    QueryRun(QueryRun&&) noexcept;

    // Looks at the next so many records; the numbers of those that match are appended to `matches`.
    // Returns whether there are more in the log now.
    bool advance(std::size_t most, std::vector<std::uint32_t>& matches);
    std::size_t seen() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace sy
