// One loader of a page: the driver with ports and hooks that record what is to be done, and an entry for each export of
// interface.hpp, where everything is documented.
//
// Owned by the module (wasm/exports.cpp). What always holds: nothing but a PayloadKeeper is called from inside.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/error.hpp"
#include "base/time.hpp"
#include "driver/driver.hpp"
#include "platform/web/effects.hpp"
#include "platform/web/payloads.hpp"

namespace p2pml::web {

class Loader {
 public:
  /// `flags`: kWebRtc and so on. `now`: see setTime(). Error: invalidArgument, naming the setting; malformed for no
  /// JSON. `payloads` must outlive the loader.
  static base::Result<std::unique_ptr<Loader>> create(double now, std::string_view settings, std::uint32_t flags,
                                                      std::uint64_t seed, Payloads& payloads);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  /// Milliseconds of the page's clock: to be told before every input.
  void setTime(double now) { clock_.set(now); }

  base::Result<void> load(std::string_view segments, std::string_view streamSwarmId, std::string_view stream);
  void getSegment(std::string_view id, Token token);
  void destroy();
  void tick();
  /// Something happened.
  void put(engine::Input input);

  // Answers of hooks; those to other tokens, or of another hook, are dropped.
  void hookDone(Token token);
  void hookFailed(Token token, std::string_view detail);
  void hookSegments(Token token, std::string_view segments);
  void hookSegment(Token token, std::string_view segment, Handle handle, std::size_t length);
  void hookCleaned(Token token, bool removed);

  [[nodiscard]] Payloads& payloads() { return payloads_; }
  [[nodiscard]] Effects& effects() { return effects_; }
  /// Milliseconds on the page's clock; infinity: nothing is timed.
  [[nodiscard]] double deadline() const { return clock_.deadline(); }
  [[nodiscard]] std::string getSettings() const;
  [[nodiscard]] std::string getDetails() const;
  [[nodiscard]] std::string getStats() const;

 private:
  class Clock final : public driver::ClockPort {
   public:
    void set(double now);
    [[nodiscard]] double deadline() const;
    /// Wakes the driver if it has asked for that, or if `anyway`.
    void run(bool anyway);
    [[nodiscard]] base::TimePoint now() const override { return now_; }
    void wakeAt(base::TimePoint when) override { when_ = when; }
    void wakeSoon() override { soon_ = true; }

   private:
    base::TimePoint now_{};
    base::TimePoint when_ = base::kNever;
    bool soon_ = false;
  };
  class Http;
  class Sockets;
  class Peers;
  class Hooks;
  using Answer =
      std::variant<driver::Host::Done, driver::Host::SegmentsDone, driver::Host::SegmentDone, driver::Host::CleanDone>;

  explicit Loader(Payloads& payloads);
  Token ask(Answer answer);
  /// The hook that waits for that token, if it is of that kind.
  template <class Kind>
  std::optional<Kind> take(Token token);

  Payloads& payloads_;
  Effects effects_;
  Clock clock_;
  std::unique_ptr<Http> http_;
  std::unique_ptr<Sockets> sockets_;
  std::unique_ptr<Peers> peers_;
  std::unique_ptr<Hooks> hooks_;
  driver::Inbox inbox_;
  driver::EventSink sink_;
  std::map<Token, Answer> answers_;
  Token lastToken_ = 0;
  std::unique_ptr<driver::Driver> driver_;
};

}  // namespace p2pml::web
