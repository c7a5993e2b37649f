// What an event does: a function without arguments that is moved, called once and gone. Small ones, that is nearly all
// of a simulation's, are kept in place: no allocation an event.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace p2pml::sim {

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

  explicit operator bool() const { return operations_ != nullptr; }
  /// Precondition: there is a function.
  void operator()() { operations_->call(&place_); }

 private:
  struct Operations {
    void (*call)(void* place);
    void (*move)(void* from, void* to);  ///< null: the bytes may be copied, and nothing is to be destroyed
    void (*destroy)(void* place);
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
  static void callBoxed(void* place) {
    (**static_cast<std::unique_ptr<Stored>*>(place))();
  }
  template <class Stored>
  static constexpr Operations kInPlaceOperations{&callInPlace<Stored>, plain<Stored>() ? nullptr : &moveInPlace<Stored>,
                                                 plain<Stored>() ? nullptr : &destroyInPlace<Stored>};
  template <class Stored>
  static constexpr Operations kBoxedOperations{&callBoxed<Stored>, &moveInPlace<std::unique_ptr<Stored>>,
                                               &destroyInPlace<std::unique_ptr<Stored>>};

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
