// Names of ICE servers -> numeric addresses, without ever holding up a connection.
//
// Look-ups run on GLib's workers. A tracker announce makes ten connections at once that all ask for the same two names:
// they share one look-up, and its outcome is kept for a while, failure included. Who waits gets an answer after
// kPatience at the latest.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/time.hpp"
#include "platform/native/rtc/rtc_timer.hpp"

namespace p2pml::native {

class HostLookup {
 public:
  static constexpr base::Duration kPatience = base::milliseconds(1500);
  static constexpr base::Duration kKeepFound = base::seconds(300);
  static constexpr base::Duration kKeepMissing = base::seconds(10);

  /// A numeric address, or nothing.
  using Answer = std::function<void(std::optional<std::string>)>;

  explicit HostLookup(GMainContext* main);
  ~HostLookup();
  HostLookup(const HostLookup&) = delete;
  HostLookup& operator=(const HostLookup&) = delete;

  /// May answer at once. `owner` names who asks, for cancel().
  void find(const std::string& host, const void* owner, Answer answer);
  /// None of `owner`'s answers will be called any more.
  void cancel(const void* owner);

 private:
  struct Host;
  struct Query;

  void settle(Host& host, std::optional<std::string> address, bool final);

  GMainContext* main_;
  std::map<std::string, std::unique_ptr<Host>> hosts_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace p2pml::native
