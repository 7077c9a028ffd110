// A 64-bit summary of a state or a log: two runs agree if and (but for one chance in 2^64) only if their
// fingerprints do. Only integers go in, in a stated order, so every compiler computes the same number.
#pragma once

#include <cstdint>
#include <string_view>

namespace sy {

class Fingerprint {
  public:
    // The mixing step is a multiply by an odd constant and a fold (the golden-ratio constant is Knuth's,
    // TAOCP 3, section 6.4).
    void mix(std::uint64_t v) {
        h_ = (h_ ^ v) * 0x9e37'79b9'7f4a'7c15ULL;
        h_ ^= h_ >> 29;
    }
    void mix_text(std::string_view text) {
        mix(text.size());
        for (char c : text) mix(static_cast<unsigned char>(c));
    }
    std::uint64_t value() const { return h_; }

  private:
    std::uint64_t h_ = 0x5179'7463'6879'6172ULL;
};

}  // namespace sy
