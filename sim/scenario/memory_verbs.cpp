#include "sim/scenario/memory_verbs.h"

#include <algorithm>
#include <array>
#include <set>

#include "sim/scenario/suggest.h"
#include "sim/scenario/walk.h"

namespace sy::scn {
namespace {

using Kind = Stmt::Kind;

struct Right {
    std::string_view name;
    std::uint8_t prot;
};
constexpr std::array<Right, 4> kRights = {{{"none", 0}, {"ro", 1}, {"rw", 3}, {"rx", 5}}};
// What every program has without asking.
constexpr std::array<std::string_view, 6> kAreas = {"heap", "stack", "data", "text", "null", "kernel"};
// 1 GiB of pages: more than any statement maps.
constexpr std::int64_t kLastPage = (std::int64_t{1} << 30) / 4'096 - 1;

bool is_area(std::string_view name) { return std::find(kAreas.begin(), kAreas.end(), name) != kAreas.end(); }

bool read_area_name(Parser& p, Stmt& stmt) {
    const auto given = p.name(text("the name of a mapped area, or heap, stack, data, text, null, kernel",
                                   "已映射区域的名字，或 heap、stack、data、text、null、kernel"),
                              &stmt.name_pos);
    if (given) stmt.name = *given;
    return given.has_value();
}

bool read_mapping_name(Parser& p, Stmt& stmt) {
    const auto given = p.name(text("the name of the area", "区域的名字"), &stmt.name_pos);
    if (!given) return false;
    if (is_area(*given)) {
        p.error(stmt.name_pos, text("'{0}' is an area that every program has; give the new one another name",
                                    "“{0}” 是每个程序都有的区域；请给新区域另起名字", {*given}));
        return false;
    }
    stmt.name = *given;
    return true;
}

bool read_size(Parser& p, Stmt& stmt) {
    const auto size = p.bytes();
    if (size) stmt.count = *size;
    return size.has_value();
}

bool read_right(Parser& p, Stmt& stmt) {
    for (const Right& right : kRights) {
        if (!p.take_word(right.name)) continue;
        stmt.prot = right.prot;
        return true;
    }
    return false;
}

}  // namespace

std::string prot_word(std::uint8_t prot) {
    for (const Right& right : kRights)
        if (right.prot == prot) return std::string(right.name);
    return "rw";
}

bool read_mmap(Parser& p, Stmt& stmt, Place) {
    stmt.prot = 3;
    if (!read_mapping_name(p, stmt) || !read_size(p, stmt)) return false;
    while (true) {
        if (p.take_word("shared")) {
            stmt.shared = true;
        } else if (p.take_word("file")) {
            const auto given = p.name(text("the name of a block device", "块设备名"), &stmt.file_pos);
            if (!given) return false;
            stmt.file = *given;
        } else if (!read_right(p, stmt)) {
            return true;
        }
    }
}

bool read_munmap(Parser& p, Stmt& stmt, Place) { return read_mapping_name(p, stmt); }

bool read_mprotect(Parser& p, Stmt& stmt, Place) {
    if (!read_mapping_name(p, stmt)) return false;
    if (read_right(p, stmt)) return true;
    p.expected(text("the new rights: none, ro, rw or rx", "新的权限：none、ro、rw 或 rx"));
    return false;
}

bool read_brk(Parser& p, Stmt& stmt, Place) {
    const bool shrinks = p.take_sign("-");
    p.take_sign("+");
    if (!read_size(p, stmt)) return false;
    if (shrinks) stmt.count = -stmt.count;
    return true;
}

bool read_page(Parser& p, Stmt& stmt, Place) {
    if (!read_area_name(p, stmt)) return false;
    if (!p.is_number_next()) return true;
    const auto page = p.integer(
        {.first = 0, .last = kLastPage, .what = text("the number of a page of the area, from 0", "区域内的页号，从 0 开始"), .limit = {}});
    if (page) stmt.count = *page;
    return page.has_value();
}

bool read_touch(Parser& p, Stmt& stmt, Place) {
    if (!read_area_name(p, stmt)) return false;
    if (stmt.name == "stack") {
        p.error(stmt.name_pos, text("the stack grows by calls; write 'recurse SIZE'", "栈随调用增长；请写 “recurse 大小”"));
        return false;
    }
    return read_size(p, stmt);
}

bool read_recurse(Parser& p, Stmt& stmt, Place) { return read_size(p, stmt); }

void check_areas(const Scenario& scenario, const ProcessDecl& process, std::size_t index, Diagnostics& diags) {
    std::set<std::string_view> mapped;
    walk_process(scenario, index, [&](const Stmt& stmt, const Owner&) {
        if (stmt.kind == Kind::mmap) mapped.insert(stmt.name);
    });
    walk_process(scenario, index, [&](const Stmt& stmt, const Owner&) {
        if (stmt.kind == Kind::mmap && !stmt.file.empty()) {
            const auto device = std::find_if(scenario.devices.begin(), scenario.devices.end(),
                                             [&](const DeviceDecl& d) { return d.name == stmt.file; });
            if (device == scenario.devices.end() || !device->block) {
                diags.error(stmt.file_pos,
                            text("'{0}' is no block device; declare it at the top of the file: device {0} block latency 2ms",
                                 "“{0}” 不是块设备；请在文件顶层声明：device {0} block latency 2ms", {stmt.file}));
            }
        }
        const bool uses = stmt.kind == Kind::munmap || stmt.kind == Kind::mprotect || stmt.kind == Kind::load ||
                          stmt.kind == Kind::store || stmt.kind == Kind::touch;
        if (!uses || mapped.count(stmt.name) != 0) return;
        const bool may_be_built_in = stmt.kind != Kind::munmap && stmt.kind != Kind::mprotect;
        if (may_be_built_in && is_area(stmt.name)) return;
        std::vector<std::string_view> known(mapped.begin(), mapped.end());
        if (may_be_built_in) known.insert(known.end(), kAreas.begin(), kAreas.end());
        const std::string meant = nearest(stmt.name, known);
        if (!meant.empty()) {
            diags.error(stmt.name_pos, did_you_mean(text("area", "区域"), stmt.name, meant), meant);
            return;
        }
        diags.error(stmt.name_pos, text("process '{0}' maps no area '{1}'; map it first: mmap {1} 64KiB",
                                        "进程 “{0}” 没有映射区域 “{1}”；请先映射：mmap {1} 64KiB", {process.name, stmt.name}));
    });
}

}  // namespace sy::scn
