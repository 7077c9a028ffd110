// The list of scheduling policies, and what they share: the weights of nice levels and how a setting is read.
#include <algorithm>
#include <array>

#include "sim/sched/class.h"

namespace sy {

extern const PolicyInfo cfs_policy;
extern const PolicyInfo fcfs_policy;
extern const PolicyInfo sjf_policy;
extern const PolicyInfo srtf_policy;
extern const PolicyInfo eevdf_policy;
extern const PolicyInfo rr_policy;
extern const PolicyInfo priority_policy;
extern const PolicyInfo mlfq_policy;
extern const PolicyInfo lottery_policy;
extern const PolicyInfo stride_policy;
extern const PolicyInfo hrrn_policy;
extern const PolicyInfo guaranteed_policy;
extern const PolicyInfo hand_policy;

std::span<const PolicyInfo* const> policies() {
    // The list is explicit on purpose: one row for each policy, in the order of the documentation.
    static constexpr std::array all = {&cfs_policy,  &eevdf_policy,    &rr_policy,   &fcfs_policy,    &sjf_policy,   &srtf_policy,
                                       &hrrn_policy, &priority_policy, &mlfq_policy, &lottery_policy, &stride_policy,
                                       &guaranteed_policy, &hand_policy};
    return all;
}

QueuePicture SchedClass::picture(const TaskTable& tasks, CpuId cpu, std::size_t most) const {
    QueuePicture out;
    out.shape = is_tree() ? QueuePicture::Shape::tree : QueuePicture::Shape::line;
    QueueBand band{.name = "cpu " + std::to_string(cpu), .tree = is_tree()};
    for (const QueueRow& row : tree_rows(tasks, cpu, most))
        band.entries.push_back({.row = row, .numbers = entry_numbers(tasks, cpu, row)});
    out.bands.push_back(std::move(band));
    return out;
}

const PolicyInfo* find_policy(std::string_view name) {
    for (const PolicyInfo* p : policies())
        if (p->name == name) return p;
    return nullptr;
}

Weight weight_of_nice(int nice) {
    // sched_prio_to_weight and sched_prio_to_wmult, linux.md 6.4.1.
    static constexpr Weight table[40] = {
        {88761, 48388},     {71755, 59856},     {56483, 76040},     {46273, 92818},
        {36291, 118348},    {29154, 147320},    {23254, 184698},    {18705, 229616},
        {14949, 287308},    {11916, 360437},    {9548, 449829},     {7620, 563644},
        {6100, 704093},     {4904, 875809},     {3906, 1099582},    {3121, 1376151},
        {2501, 1717300},    {1991, 2157191},    {1586, 2708050},    {1277, 3363326},
        {1024, 4194304},    {820, 5237765},     {655, 6557202},     {526, 8165337},
        {423, 10153587},    {335, 12820798},    {272, 15790321},    {215, 19976592},
        {172, 24970740},    {137, 31350126},    {110, 39045157},    {87, 49367440},
        {70, 61356676},     {56, 76695844},     {45, 95443717},     {36, 119304647},
        {29, 148102320},    {23, 186737708},    {18, 238609294},    {15, 286331153}};
    return table[std::clamp(nice, -20, 19) + 20];
}

Weight weight_of(const Task& task) {
    if (task.policy == Policy::idle) return {3, 1'431'655'765};
    return weight_of_nice(task.nice);
}

Nanos parse_duration_setting(std::string_view text) {
    Nanos value = 0;
    std::size_t i = 0;
    while (i < text.size() && text[i] >= '0' && text[i] <= '9') {
        if (value > kSecond * 1000) return -1;
        value = value * 10 + (text[i++] - '0');
    }
    if (i == 0) return -1;
    const std::string_view unit = text.substr(i);
    const Nanos factor = unit == "ns" ? 1 : unit == "us" ? kMicro : unit == "ms" ? kMilli
                         : unit == "s" ? kSecond : 0;
    if (factor == 0 || value > 1000 * kSecond / factor) return -1;
    return value * factor;
}

int cpu_factor(const SchedOptions& o) {
    const int n = std::min(o.cpus, 8);
    int log = 1;
    for (int m = n; m > 1; m /= 2) ++log;
    int factor = log;
    for (const auto& [key, value] : o.settings) {
        if (key != "tunable_scaling") continue;
        if (value == "none" || value == "0") factor = 1;
        else if (value == "log" || value == "1") factor = log;
        else if (value == "linear" || value == "2") factor = n;
        else return 0;
    }
    return factor;
}

Nanos parse_duration_setting(std::string_view text, std::string_view name) {
    if (const Nanos time = parse_duration_setting(text); time >= 0) return time;
    for (const std::string_view unit : {"ns", "us", "ms"})
        if (name.ends_with(std::string("_").append(unit))) return parse_duration_setting(std::string(text).append(unit));
    return -1;
}

}  // namespace sy
