#include "sim/program/names.h"

#include "sim/program/program.h"

namespace sy {

int syscall_number(std::string_view name) {
    for (int n = 0; n <= nr::epoll_pwait2; ++n)
        if (name != "unknown" && name == syscall_name(static_cast<std::uint64_t>(n))) return n;
    return -1;
}

// include/uapi/asm-generic/errno-base.h, errno.h, include/linux/errno.h.
int error_number(std::string_view name) {
    struct Row {
        std::string_view name;
        int number;
    };
    constexpr Row kErrors[] = {{"EPERM", 1},         {"ENOENT", 2},           {"ESRCH", 3},
                               {"EINTR", 4},         {"EBADF", 9},            {"ECHILD", 10},
                               {"EAGAIN", 11},       {"ENOMEM", 12},          {"EACCES", 13},
                               {"EFAULT", 14},       {"EEXIST", 17},          {"EINVAL", 22},
                               {"ENOTTY", 25},       {"EPIPE", 32},           {"ENOSYS", 38},
                               {"ERESTARTSYS", 512}, {"ERESTARTNOINTR", 513}, {"ERESTARTNOHAND", 514},
                               {"ERESTART_RESTARTBLOCK", 516}};
    for (const Row& row : kErrors)
        if (row.name == name) return row.number;
    return 0;
}

}  // namespace sy
