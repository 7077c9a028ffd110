// A field that is almost always at its default: eight bytes in place of the whole value, which exists only once it is
// written. Copies are deep; reading an unwritten one gives the default.
#pragma once

#include <memory>
#include <utility>

namespace sy {

template <typename T>
class Rare {
  public:
    Rare() = default;
    Rare(const Rare& other) : value_(other.value_ ? std::make_unique<T>(*other.value_) : nullptr) {}
    Rare(Rare&&) noexcept = default;
    Rare(T value) { *this = std::move(value); }
    Rare& operator=(const Rare& other) {
        if (this != &other) value_ = other.value_ ? std::make_unique<T>(*other.value_) : nullptr;
        return *this;
    }
    Rare& operator=(Rare&&) noexcept = default;
    Rare& operator=(T value) {
        value_ = value == T{} ? nullptr : std::make_unique<T>(std::move(value));
        return *this;
    }
    ~Rare() = default;

    const T& get() const {
        static const T kDefault{};
        return value_ ? *value_ : kDefault;
    }
    operator const T&() const { return get(); }
    // For writing a part of it.
    T& mut() {
        if (!value_) value_ = std::make_unique<T>();
        return *value_;
    }

  private:
    std::unique_ptr<T> value_;
};

}  // namespace sy
