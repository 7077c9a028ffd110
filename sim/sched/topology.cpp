#include "sim/sched/topology.h"

#include <bit>

namespace sy {

namespace {

using Mask = std::uint64_t;

Mask range(int first, int count) {
    const Mask ones = count >= 64 ? ~Mask{0} : (Mask{1} << count) - 1;
    return ones << first;
}

// The parts of `span`, each `size` CPUs, beginning with the one `cpu` is in and going round.
std::vector<Mask> parts(Mask span, int size, int cpu) {
    const int first = std::countr_zero(span), count = std::popcount(span) / size;
    const int own = (cpu - first) / size;
    std::vector<Mask> out;
    for (int i = 0; i < count; ++i) out.push_back(range(first + (own + i) % count * size, size));
    return out;
}

}  // namespace

const char* domain_name(DomainKind kind) {
    static constexpr const char* names[] = {"SMT", "MC", "PKG", "NUMA"};
    return names[static_cast<std::size_t>(kind)];
}

std::int64_t described_cpus(const TopologyDecl& t) {
    return std::int64_t{t.nodes} * t.llc * t.cores * t.smt;
}

Topology make_topology(const MachineDecl& machine) {
    TopologyDecl d = machine.topology;
    Topology out;
    out.is_described = d.cores > 0;
    if (!out.is_described) d = {.nodes = 1, .llc = 1, .cores = machine.cpus, .smt = 1, .pos = {}};
    out.has_smt = d.smt > 1;
    const int llc_size = d.cores * d.smt, node_size = d.llc * llc_size;
    for (int c = 0; c < machine.cpus; ++c) {
        CpuPlace place;
        place.core = static_cast<std::uint16_t>(c / d.smt);
        place.thread = static_cast<std::uint16_t>(c % d.smt);
        place.llc = static_cast<std::uint16_t>(c / llc_size);
        place.node = static_cast<std::uint16_t>(c / node_size);
        place.smt_mask = range(place.core * d.smt, d.smt);
        place.llc_mask = range(place.llc * llc_size, llc_size);
        place.node_mask = range(place.node * node_size, node_size);
        const auto add = [&](DomainKind kind, Mask span, int group_size) {
            if (std::popcount(span) == group_size) return;   // one group: nothing to balance
            SchedDomain sd;
            sd.kind = kind;
            sd.span = span;
            sd.groups = parts(span, group_size, c);
            sd.min_interval = static_cast<std::uint32_t>(std::popcount(span));
            sd.imbalance_pct = kind == DomainKind::smt ? 110 : 117;
            sd.cache_nice_tries = kind == DomainKind::smt ? 0 : kind == DomainKind::numa ? 2 : 1;
            // SD_PREFER_SIBLING of the domain below: its CPUs share something that two tasks would fight for.
            sd.prefer_sibling = !place.domains.empty();
            place.domains.push_back(std::move(sd));
        };
        if (d.smt > 1) add(DomainKind::smt, place.smt_mask, 1);
        add(DomainKind::mc, place.llc_mask, d.smt);
        add(DomainKind::pkg, place.node_mask, llc_size);
        add(DomainKind::numa, range(0, machine.cpus), node_size);
        out.cpus.push_back(std::move(place));
    }
    return out;
}

}  // namespace sy
