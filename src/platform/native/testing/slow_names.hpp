// Names under slow.test hang in getaddrinfo() as long as a SlowNames lives, as they do with a name server that does not
// answer.
//
// The test program replaces getaddrinfo() for itself and for the libraries it loads (slow_names_test.cpp).
#pragma once

namespace p2pml::native::testing {

class SlowNames {
 public:
  SlowNames();
  /// Lets all waiting look-ups fail and waits until they have gone.
  ~SlowNames();
  SlowNames(const SlowNames&) = delete;
  SlowNames& operator=(const SlowNames&) = delete;

  /// Look-ups that hang now.
  [[nodiscard]] int waiting() const;
};

}  // namespace p2pml::native::testing
