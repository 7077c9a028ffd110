// Which CPUs share what, and the scheduling domains that the kernel builds from it (linux.md 6.9): from the hardware
// threads of a core (SMT) over the cores behind one last-level cache (MC) and the caches of a node (PKG) to all nodes
// (NUMA). A level with a single group is left out, as in Linux. Constant after boot.
//
// A domain belongs to one CPU: its groups stand in Linux's circular order, the CPU's own group first.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/model/scenario.h"

namespace sy {

enum class DomainKind : std::uint8_t { smt, mc, pkg, numa };
constexpr std::size_t kDomainLevels = 4;
const char* domain_name(DomainKind kind);   // SMT, MC, PKG, NUMA

struct SchedDomain {
    DomainKind kind = DomainKind::mc;
    std::uint64_t span = 0;                  // CPUs, a bit for each
    std::vector<std::uint64_t> groups;       // partition of the span, this CPU's own first
    std::uint32_t imbalance_pct = 117;       // 110 for SMT
    std::uint32_t min_interval = 1;          // ms: number of CPUs; max_interval is twice that
    std::uint32_t busy_factor = 16;
    std::uint32_t cache_nice_tries = 1;      // failed attempts before cache-hot tasks are taken
    bool prefer_sibling = false;             // spread tasks over the groups: they are cores or caches
    std::uint32_t max_interval() const { return 2 * min_interval; }
};

struct CpuPlace {
    std::uint16_t node = 0, llc = 0, core = 0, thread = 0;   // numbers of the whole machine; thread within its core
    std::uint64_t smt_mask = 0, llc_mask = 0, node_mask = 0;
    std::vector<SchedDomain> domains;        // bottom-up
};

struct Topology {
    std::vector<CpuPlace> cpus;
    bool has_smt = false;
    bool is_described = false;               // false: `cpus N` alone, one cache, N cores
    bool share_cache(CpuId a, CpuId b) const { return cpus[a].llc == cpus[b].llc; }
};

Topology make_topology(const MachineDecl& machine);
// CPUs that a description has; 0 if it is empty.
std::int64_t described_cpus(const TopologyDecl& t);

}  // namespace sy
