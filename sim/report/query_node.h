// An expression of the search as a tree. Only for query*.cpp.
#pragma once

#include <bitset>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/report/query.h"

namespace sy {

// In the order of the table of fields.
enum class QueryFieldId : std::uint8_t {
    kind, task, who, about, prev, next, pid, tgid, cpu, time, wait, ran, slept, prio, state, call, ret, irq, vec, sig, text, count,
};
enum class QueryOp : std::uint8_t { same, other, less, at_most, more, at_least, has, lacks };

struct QueryNode {
    enum class Kind : std::uint8_t { both, either, no, anywhere, compare } kind = Kind::compare;
    std::vector<std::shared_ptr<QueryNode>> parts;
    QueryFieldId field = QueryFieldId::kind;
    QueryOp op = QueryOp::same;
    std::string value;    // as it was written
    std::string needle;   // the value in lower case
    std::int64_t number = 0;
    std::bitset<kRecordKinds> kinds;
    int cost = 1;
    std::size_t number_of_term = 0;   // its place among the terms of the expression
};

}  // namespace sy
