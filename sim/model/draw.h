// Drawing a length of time: the one place where a Dist becomes a number.
#pragma once

#include "sim/base/random.h"
#include "sim/model/scenario.h"

namespace sy {

// A fixed length takes nothing from the stream; the others take one draw.
inline Nanos draw(Random& rng, const Dist& d) {
    switch (d.kind) {
        case Dist::Kind::fixed: return d.a;
        case Dist::Kind::uniform: return rng.uniform(d.a, d.b);
        case Dist::Kind::exp: return rng.exponential(d.a);
    }
    return d.a;
}

}  // namespace sy
