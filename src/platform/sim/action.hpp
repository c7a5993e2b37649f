// What an event does: a function without arguments that is moved, called once and gone. Small ones, that is nearly all
// of a simulation's, are kept in place: no allocation an event.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace p2pml::sim {

/// Asks for so many cache lines from `at` on.
inline void prefetchLines(const void* at, int lines) {
  constexpr std::size_t kLineBytes = 64;
  for (int i = 0; i < lines; ++i)
    __builtin_prefetch(static_cast<const char*>(at) + kLineBytes * static_cast<std::size_t>(i));
}

class Action {
 public:
  /// What a function may capture without costing an allocation.
  static constexpr std::size_t kInPlace = 48;

  Action() = default;
  Action(std::nullptr_t) {}  // NOLINT(google-explicit-constructor): as std::function
  template <class Function>
  requires(!std::is_same_v<std::remove_cvref_t<Function>, Action> && std::is_invocable_v<std::decay_t<Function>&>)
      Action(Function&& function) {  // NOLINT(google-explicit-constructor): as std::function
    using Stored = std::decay_t<Function>;
    if constexpr (fits<Stored>()) {
      ::new (static_cast<void*>(&place_)) Stored(std::forward<Function>(function));
      operations_ = &kInPlaceOperations<Stored>;
    } else {
      ::new (static_cast<void*>(&place_)) std::unique_ptr<Stored>(new Stored(std::forward<Function>(function)));
      operations_ = &kBoxedOperations<Stored>;
    }
  }
  Action(Action&& other) noexcept { take(other); }
  Action& operator=(Action&& other) noexcept {
    if (this != &other) {
      clear();
      take(other);
    }
    return *this;
  }
  Action(const Action&) = delete;
  Action& operator=(const Action&) = delete;
  ~Action() { clear(); }

  /// Has the memory bring what the function will need first, by its own prefetch(stage) if it has one: stage 0 is what
  /// its captures point to, stage 1, a few events later, what that points to. Else what its first capture points to.
  void prefetch(int stage) const {
    if (operations_ != nullptr) operations_->prefetch(&place_, stage);
  }

  explicit operator bool() const { return operations_ != nullptr; }
  /// Precondition: there is a function.
  void operator()() { operations_->call(&place_); }

 private:
  static constexpr int kLines = 5;  ///< of what a capture points to

  struct Operations {
    void (*call)(void* place);
    void (*move)(void* from, void* to);  ///< null: the bytes may be copied, and nothing is to be destroyed
    void (*destroy)(void* place);
    void (*prefetch)(const void* place, int stage);
  };
  struct alignas(void*) Place {
    std::byte bytes[kInPlace];
  };

  template <class Stored>
  static constexpr bool fits() {
    return sizeof(Stored) <= kInPlace && alignof(Stored) <= alignof(void*) &&
           std::is_nothrow_move_constructible_v<Stored>;
  }
  template <class Stored>
  static constexpr bool plain() {
    return std::is_trivially_copyable_v<Stored> && std::is_trivially_destructible_v<Stored>;
  }
  template <class Stored>
  static void callInPlace(void* place) {
    (*static_cast<Stored*>(place))();
  }
  template <class Stored>
  static void moveInPlace(void* from, void* to) {
    ::new (to) Stored(std::move(*static_cast<Stored*>(from)));
    static_cast<Stored*>(from)->~Stored();
  }
  template <class Stored>
  static void destroyInPlace(void* place) {
    static_cast<Stored*>(place)->~Stored();
  }
  template <class Stored>
  static void prefetchInPlace(const void* place, int stage) {
    if constexpr (requires(const Stored& stored) { stored.prefetch(stage); }) {
      static_cast<const Stored*>(place)->prefetch(stage);
    } else if constexpr (sizeof(Stored) >= sizeof(void*)) {
      if (stage != 0) return;
      const char* first = nullptr;
      std::memcpy(&first, place, sizeof(first));  // whatever it is: a request for no memory at all does no harm
      prefetchLines(first, kLines);
    }
  }
  template <class Stored>
  static void callBoxed(void* place) {
    (**static_cast<std::unique_ptr<Stored>*>(place))();
  }
  template <class Stored>
  static constexpr Operations kInPlaceOperations{&callInPlace<Stored>, plain<Stored>() ? nullptr : &moveInPlace<Stored>,
                                                 plain<Stored>() ? nullptr : &destroyInPlace<Stored>,
                                                 &prefetchInPlace<Stored>};
  template <class Stored>
  static constexpr Operations kBoxedOperations{&callBoxed<Stored>, &moveInPlace<std::unique_ptr<Stored>>,
                                               &destroyInPlace<std::unique_ptr<Stored>>,
                                               &prefetchInPlace<std::unique_ptr<Stored>>};

  void take(Action& other) {
    operations_ = std::exchange(other.operations_, nullptr);
    if (operations_ == nullptr) return;
    if (operations_->move == nullptr) {
      place_ = other.place_;
    } else {
      operations_->move(&other.place_, &place_);
    }
  }
  void clear() {
    if (operations_ != nullptr && operations_->destroy != nullptr) operations_->destroy(&place_);
    operations_ = nullptr;
  }

  const Operations* operations_ = nullptr;
  Place place_;
};

}  // namespace p2pml::sim
