// A run queue's picture (sim/sched/picture.h) in words and as JSON: what `explain` prints of the queue from which a task
// was picked, and what the window's panel and its dump read.
#pragma once

#include <string>
#include <vector>

#include "sim/base/text.h"
#include "sim/kernel/kernel.h"
#include "sim/sched/picture.h"

namespace sy {

// A number's name for people: turn_left_ns -> "left of the turn".
std::string number_label(std::string_view name, Lang lang);
// And its value: times in ms, thousandths with a point.
std::string number_value(const NamedNumber& number);
// "tickets 75, quantum 10.000 ms".
std::string numbers_as_text(const NamedNumbers& numbers, Lang lang);

// What the structure is, in a few words.
std::string shape_text(QueuePicture::Shape shape, Lang lang);
// "level 0" in the language.
std::string band_title(const QueueBand& band, QueuePicture::Shape shape, Lang lang);

// A line for each band, then the numbers of the whole.
std::vector<std::string> picture_as_lines(const QueuePicture& picture, const Kernel& k, Lang lang);
// One object, as text.
std::string picture_as_json(const QueuePicture& picture, const Kernel& k);

}  // namespace sy
