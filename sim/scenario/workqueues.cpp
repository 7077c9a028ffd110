// `workqueue` and `work`: queues of the kernel and what kworkers do.
#include "sim/base/limits.h"
#include "sim/scenario/parser.h"
#include "sim/scenario/suggest.h"

namespace sy::scn {

void Parser::parse_workqueue() {
    WorkqueueDecl queue;
    const auto given = name(text("the name of the workqueue", "工作队列的名字"), &queue.pos);
    if (!given) return skip_item();
    queue.name = *given;
    while (peek().kind == Token::Kind::word && !starts_something(peek())) {
        const Token& token = take();
        if (token.text == "unbound") {
            queue.unbound = true;
        } else if (token.text == "percpu") {
            queue.unbound = false;
        } else if (token.text == "highpri") {
            queue.highpri = true;
        } else if (token.text == "reclaim") {
            queue.reclaim = true;
        } else if (token.text == "max_active") {
            const auto value =
                integer({.first = 1,
                         .last = 512,
                         .what = text("a number of work items", "工作项的个数"),
                         .limit = text("WQ_MAX_ACTIVE of Linux", "Linux 的 WQ_MAX_ACTIVE")});
            if (!value) return skip_item();
            queue.max_active = static_cast<std::int32_t>(*value);
        } else {
            unknown_word(token, text("setting of a workqueue", "工作队列设置"),
                         {"percpu", "unbound", "highpri", "reclaim", "max_active"});
        }
    }
    if (out_.workqueues.size() == static_cast<std::size_t>(limits::workqueues)) {
        error(queue.pos, text("more than the limit of {0} workqueues", "工作队列超过了上限 {0} 个",
                              {std::to_string(limits::workqueues)}));
    }
    out_.workqueues.push_back(std::move(queue));
}

void Parser::parse_work() {
    WorkDecl work;
    const auto given = name(text("the name of the work item", "工作项的名字"), &work.pos);
    if (!given) return skip_item();
    work.name = *given;
    if (take_word("on")) {
        const auto queue = name(text("the name of a workqueue", "工作队列的名字"), &work.queue_pos);
        if (!queue) return skip_item();
        work.queue = *queue;
    }
    const Text what =
        text("what the kworker does: '{' and statements", "kworker 做什么：“{” 和语句");
    if (!parse_block(work.body, Place::work, nullptr, what)) return;
    if (out_.works.size() == static_cast<std::size_t>(limits::works)) {
        error(work.pos, text("more than the limit of {0} work items", "工作项超过了上限 {0} 个",
                             {std::to_string(limits::works)}));
    }
    out_.works.push_back(std::move(work));
}

}  // namespace sy::scn
