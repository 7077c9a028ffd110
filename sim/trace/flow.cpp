#include "sim/trace/flow.h"

#include <algorithm>

namespace sy {

namespace {

using K = RecordKind;

std::size_t ahead(const Log& log, std::size_t i) { return std::min(log.size(), i + kFlowReach); }
std::size_t behind(std::size_t i) { return i > kFlowReach ? i - kFlowReach : 0; }

bool is_source(K kind) {
    return kind == K::sched_waking || kind == K::softirq_raise || kind == K::workqueue_queue_work || kind == K::sched_process_fork;
}

// Where the task of this record got the CPU that it is on; log.size(): out of reach.
std::size_t switched_in(const Log& log, std::size_t record) {
    const Record& r = log[record];
    if (r.kind == K::sched_switch) return record;   // asked for who comes
    for (std::size_t i = record; i-- > behind(record);)
        if (log[i].kind == K::sched_switch && log[i].cpu == r.cpu) return log[i].a == r.task ? i : log.size();
    return log.size();
}

// The record that began the innermost thing this record's code is part of: a softirq, a work, or the task's turn on the CPU.
std::size_t beginning(const Log& log, std::size_t record) {
    const Record& r = log[record];
    if (r.kind == K::softirq_entry || r.kind == K::workqueue_execute_start || r.kind == K::sched_switch) return record;
    const bool in_hardirq = (r.flags & record_flag::hardirq) != 0;
    if (in_hardirq) return log.size();   // a device or a timer: nothing in the log came before it
    const bool in_softirq = (r.flags & record_flag::softirq) != 0;
    for (std::size_t i = record; i-- > behind(record);) {
        const Record& b = log[i];
        if (b.cpu != r.cpu) continue;
        if (in_softirq && b.kind == K::softirq_entry) return i;
        if (b.task == r.task && b.kind == K::workqueue_execute_end) break;
        if (b.task == r.task && b.kind == K::workqueue_execute_start) return i;
        if (b.kind == K::sched_switch) break;
    }
    return in_softirq ? log.size() : switched_in(log, record);
}

// Where what began there ends.
std::size_t ending(const Log& log, std::size_t begin) {
    const Record& b = log[begin];
    for (std::size_t i = begin + 1; i < ahead(log, begin); ++i) {
        if (log[i].cpu != b.cpu) continue;
        if (log[i].kind == K::sched_switch) return i;
        if (b.kind == K::softirq_entry && log[i].kind == K::softirq_exit) return i;
        if (b.kind == K::workqueue_execute_start && log[i].kind == K::workqueue_execute_end) return i;
    }
    return ahead(log, begin);
}

}  // namespace

bool flow_from(const Log& log, std::size_t record, FlowLink& link) {
    const Record& r = log[record];
    if (!is_source(r.kind)) return false;
    link.from = static_cast<std::uint32_t>(record);
    for (std::size_t i = record + 1; i < ahead(log, record); ++i) {
        const Record& t = log[i];
        link.to = static_cast<std::uint32_t>(i);
        switch (r.kind) {
            case K::sched_waking:
                link.kind = FlowLink::Kind::wakeup;
                if (t.kind == K::sched_switch && t.a == r.a) return true;
                if (t.kind == K::sched_waking && t.a == r.a) return false;   // it was running, or had not left yet
                break;
            case K::sched_process_fork:
                link.kind = FlowLink::Kind::fork;
                if (t.kind == K::sched_switch && t.a == r.a) return true;
                break;
            case K::softirq_raise:
                link.kind = FlowLink::Kind::raise;
                if (t.kind == K::softirq_entry && t.a == r.a && t.cpu == r.cpu) return true;
                break;
            default:
                link.kind = FlowLink::Kind::work;
                if (t.kind == K::workqueue_execute_start && t.a == r.a) return true;
                break;
        }
    }
    return false;
}

bool flow_to(const Log& log, std::size_t record, FlowLink& link) {
    const Record& t = log[record];
    link.to = static_cast<std::uint32_t>(record);
    const bool runs = t.kind == K::sched_switch;
    if (!runs && t.kind != K::softirq_entry && t.kind != K::workqueue_execute_start) return false;
    bool found = false;
    FlowLink first;
    for (std::size_t i = record; i-- > behind(record);) {
        const Record& r = log[i];
        link.from = static_cast<std::uint32_t>(i);
        if (runs) {
            if (r.kind == K::sched_waking && r.a == t.a) {
                link.kind = FlowLink::Kind::wakeup;
                return true;
            }
            if (r.kind == K::sched_process_fork && r.a == t.a) {
                link.kind = FlowLink::Kind::fork;
                return true;
            }
            if (r.kind == K::sched_switch && r.a == t.a) return false;   // it was preempted, and goes on
        } else if (t.kind == K::softirq_entry) {
            if (r.cpu != t.cpu || r.a != t.a) continue;
            if (r.kind == K::softirq_entry) break;
            if (r.kind != K::softirq_raise) continue;
            first = link;   // the first raise since it last ran is why it runs
            first.kind = FlowLink::Kind::raise;
            found = true;
        } else if (r.a == t.a && r.kind == K::workqueue_queue_work) {
            link.kind = FlowLink::Kind::work;
            return true;
        } else if (r.a == t.a && r.kind == K::workqueue_execute_start) {
            return false;
        }
    }
    if (found) link = first;
    return found;
}

std::vector<FlowLink> flow_ancestors(const Log& log, std::size_t record, std::size_t most) {
    std::vector<FlowLink> links;
    while (links.size() < most && record < log.size()) {
        std::size_t begin = beginning(log, record);
        FlowLink link;
        if (begin >= log.size()) break;
        // Whoever was preempted goes back to the turn before it.
        while (!flow_to(log, begin, link)) {
            if (log[begin].kind != K::sched_switch) return links;
            std::size_t before = begin;
            bool found = false;
            while (!found && before > behind(begin)) {
                --before;
                found = log[before].kind == K::sched_switch && log[before].a == log[begin].a;
            }
            if (!found) return links;
            begin = before;
        }
        links.push_back(link);
        record = link.from;
    }
    return links;
}

std::vector<FlowLink> flow_descendants(const Log& log, std::size_t record, std::size_t most) {
    std::vector<FlowLink> links;
    if (record >= log.size()) return links;
    FlowLink link;
    std::size_t next = 0;
    if (flow_from(log, record, link)) {
        links.push_back(link);
        record = log.size();
    } else if (beginning(log, record) != record) {
        return links;
    }
    // Breadth first: what the code that begins at `record` starts, then what comes of each.
    while (links.size() < most) {
        if (record < log.size())
            for (std::size_t i = record + 1, end = ending(log, record); i < end && links.size() < most; ++i) {
                const Record& r = log[i];
                const bool of_it = r.cpu == log[record].cpu && is_source(r.kind) &&
                                   ((r.flags & record_flag::hardirq) == 0 || log[record].kind != K::sched_switch);
                if (of_it && flow_from(log, i, link) && std::find(links.begin(), links.end(), link) == links.end()) links.push_back(link);
            }
        if (next == links.size()) break;
        record = links[next++].to;
    }
    return links;
}

}  // namespace sy
