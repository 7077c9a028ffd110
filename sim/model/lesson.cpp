#include "sim/model/lesson.h"

namespace sy {

namespace {

constexpr std::string_view kPlaces[] = {
    "tasks",     "stage",  "timeline", "run_queue", "registers", "kernel_stack", "memory", "objects",  "interrupts", "workqueues",
    "plots",     "compare", "placement", "groups",  "locks",     "breakage",     "terminal", "quiz",   "hand",       "chapters",
    "store_buffers", "editor", "source", "coroutines", "races", "records", "find", "orders", "explore", "glossary",
};
constexpr std::string_view kKinds[] = {"next", "cr3", "pushed", "registers", "ps", "between", "wait", "switches", "finish", "teacher"};

}  // namespace

std::span<const std::string_view> lesson_places() { return kPlaces; }
std::span<const std::string_view> quiz_kind_names() { return kKinds; }

}  // namespace sy
