// What led to what, read from a log's records: who woke whom, which raise a softirq answers, who queued a work, who forked
// a task. Links go from one record to another; chains of them are the ancestors and descendants of a moment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/trace/record.h"

namespace sy {

struct FlowLink {
    enum class Kind : std::uint8_t { wakeup, raise, work, fork } kind = Kind::wakeup;
    std::uint32_t from = 0, to = 0;   // records: sched_waking to sched_switch, softirq_raise to softirq_entry,
                                      // workqueue_queue_work to workqueue_execute_start, sched_process_fork to sched_switch
    friend bool operator==(const FlowLink&, const FlowLink&) = default;
};
constexpr std::size_t kFlowReach = 200'000;   // records that are looked at on either side

// The link that begins, or ends, with this record; false: none within reach.
bool flow_from(const Log& log, std::size_t record, FlowLink& link);
bool flow_to(const Log& log, std::size_t record, FlowLink& link);
// Why the code that emitted this record ran at all (of a sched_switch: why who comes was runnable), link by link into the
// past, at most so many.
std::vector<FlowLink> flow_ancestors(const Log& log, std::size_t record, std::size_t most);
// What came of it: of a sched_switch what who comes starts while it runs, and what comes of that, generation by generation.
std::vector<FlowLink> flow_descendants(const Log& log, std::size_t record, std::size_t most);

}  // namespace sy
