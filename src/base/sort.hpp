// Sorting in little code: std::sort brings 3 KB for each order into the browser's module. The same steps everywhere, so
// that elements that are equal to each other end in the same order under every standard library.
#pragma once

#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

namespace p2pml::base {

/// Heapsort of `count` elements at `first`: n log n whatever the input, not stable. `less` as for std::sort.
template <class Iterator, class Less>
void sort(Iterator first, std::ptrdiff_t count, Less less) {
  for (std::ptrdiff_t start = count / 2, end = count; end > 1;) {
    // First the heap is made, from its last parent on; then its greatest goes to the end, again and again.
    if (start > 0) {
      --start;
    } else {
      std::swap(first[0], first[--end]);
    }
    for (std::ptrdiff_t parent = start, child = 0; (child = 2 * parent + 1) < end; parent = child) {
      if (child + 1 < end && less(first[child], first[child + 1])) ++child;
      if (!less(first[parent], first[child])) break;
      std::swap(first[parent], first[child]);
    }
  }
}

template <class Container, class Less = std::less<>>
void sort(Container& container, Less less = {}) {
  sort(container.begin(), static_cast<std::ptrdiff_t>(container.size()), less);
}

/// Equal elements stay in their order.
template <class T, class Less>
void stableSort(std::vector<T>& values, Less less) {
  std::vector<std::size_t> order(values.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  sort(order, [&](std::size_t a, std::size_t b) {
    if (less(values[a], values[b])) return true;
    return a < b && !less(values[b], values[a]);
  });
  std::vector<T> sorted;
  sorted.reserve(values.size());
  for (const std::size_t i : order) sorted.push_back(std::move(values[i]));
  values = std::move(sorted);
}

}  // namespace p2pml::base
