// A map by ids that are handed out in rising order: one short, sorted piece of memory says where each entry lies. To
// find one costs a look or two at memory, where a tree costs one for each of its levels.
//
// What always holds: entries come in the order of their ids and stay where they are until they are erased, also when
// others come and go.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

namespace p2pml::base {

template <class Id, class T>
class IdMap {
 public:
  using Entry = std::pair<const Id, T>;

 private:
  struct Place {
    Id id;
    std::unique_ptr<Entry> entry;
  };

 public:
  template <class Shown>
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Shown;
    using difference_type = std::ptrdiff_t;
    using pointer = Shown*;
    using reference = Shown&;

    Iterator(const Place* place) : place_(place) {}  // NOLINT(google-explicit-constructor)
    Shown& operator*() const { return *place_->entry; }
    Iterator& operator++() {
      ++place_;
      return *this;
    }
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    const Place* place_;
  };

  /// Null if there is none. O(log n).
  [[nodiscard]] Entry* find(Id id) {
    const auto place = placeOf(*this, id);
    return place != places_.end() && place->id == id ? place->entry.get() : nullptr;
  }
  [[nodiscard]] const Entry* find(Id id) const {
    const auto place = placeOf(*this, id);
    return place != places_.end() && place->id == id ? place->entry.get() : nullptr;
  }
  [[nodiscard]] bool contains(Id id) const { return find(id) != nullptr; }
  /// Makes one if there is none. O(1) for an id above all others, else O(n).
  T& operator[](Id id) {
    auto place = placeOf(*this, id);
    if (place == places_.end() || place->id != id) {
      place = places_.insert(place, Place{id, std::make_unique<Entry>(id, T())});
    }
    return place->entry->second;
  }
  /// Precondition: it is one of these. O(n).
  void erase(Entry* entry) { places_.erase(placeOf(*this, entry->first)); }

  // In the order of ids. Nothing may be erased or made meanwhile.
  [[nodiscard]] Iterator<Entry> begin() { return {places_.data()}; }
  [[nodiscard]] Iterator<Entry> end() { return {places_.data() + places_.size()}; }
  [[nodiscard]] Iterator<const Entry> begin() const { return {places_.data()}; }
  [[nodiscard]] Iterator<const Entry> end() const { return {places_.data() + places_.size()}; }
  [[nodiscard]] std::size_t size() const { return places_.size(); }

 private:
  template <class Self>
  static auto placeOf(Self& self, Id id) {
    return std::lower_bound(self.places_.begin(), self.places_.end(), id,
                            [](const Place& place, Id wanted) { return place.id < wanted; });
  }

  std::vector<Place> places_;
};

}  // namespace p2pml::base
