#include "platform/native/testing/slow_names.hpp"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <netdb.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>

namespace {

struct Hanging {
  std::mutex mutex;
  std::condition_variable changed;
  bool active = false;
  int waiting = 0;
};

// Never destroyed: look-up threads may outlive main().
Hanging& hanging() {
  static Hanging& instance = *new Hanging;
  return instance;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int getaddrinfo(const char* node, const char* service,
                                                                  const addrinfo* hints, addrinfo** result) {
  if (node != nullptr && std::string_view(node).ends_with(".slow.test")) {
    Hanging& state = hanging();
    std::unique_lock lock(state.mutex);
    if (state.active) {
      ++state.waiting;
      state.changed.wait(lock, [&] { return !state.active; });
      --state.waiting;
      state.changed.notify_all();
    }
    return EAI_AGAIN;
  }
  using Function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto real = reinterpret_cast<Function>(dlsym(RTLD_NEXT, "getaddrinfo"));
  return real(node, service, hints, result);
}

namespace p2pml::native::testing {

SlowNames::SlowNames() {
  const std::scoped_lock lock(hanging().mutex);
  hanging().active = true;
}

SlowNames::~SlowNames() {
  std::unique_lock lock(hanging().mutex);
  hanging().active = false;
  hanging().changed.notify_all();
  hanging().changed.wait(lock, [] { return hanging().waiting == 0; });
}

int SlowNames::waiting() const {
  const std::scoped_lock lock(hanging().mutex);
  return hanging().waiting;
}

namespace {

TEST(SlowNamesTest, OnlyTheirOwnNamesHang) {
  auto slow = std::make_unique<SlowNames>();
  addrinfo* result = nullptr;
  EXPECT_EQ(getaddrinfo("127.0.0.1", "80", nullptr, &result), 0);
  freeaddrinfo(result);
  std::thread look([] {
    addrinfo* none = nullptr;
    EXPECT_EQ(getaddrinfo("x.slow.test", "80", nullptr, &none), EAI_AGAIN);
  });
  while (slow->waiting() == 0) std::this_thread::yield();
  slow.reset();
  look.join();
}

}  // namespace
}  // namespace p2pml::native::testing
