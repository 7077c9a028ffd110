#include "sim/sched/picture.h"

namespace sy {

std::string_view shape_word(QueuePicture::Shape shape) {
    static constexpr std::string_view kWords[] = {"line",   "tree",   "levels",    "drum",
                                                  "passes", "bitmap", "deadlines", "groups"};
    return kWords[static_cast<std::size_t>(shape)];
}

std::int64_t number_of(const NamedNumbers& numbers, std::string_view name, std::int64_t otherwise) {
    for (const NamedNumber& n : numbers)
        if (n.name == name) return n.value;
    return otherwise;
}

}  // namespace sy
