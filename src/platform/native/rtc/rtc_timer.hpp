// One single-shot timer on the RtcThread's main loop. Costs nothing while it is not running: the loop looks at every
// source there is on each turn, so an idle peer must have none.
#pragma once

#include <functional>

#include "base/time.hpp"

typedef struct _GMainContext GMainContext;
typedef struct _GSource GSource;

namespace p2pml::native {

class RtcTimer {
 public:
  RtcTimer(GMainContext* main, std::function<void()> onTime) : main_(main), onTime_(std::move(onTime)) {}
  ~RtcTimer() { stop(); }
  RtcTimer(const RtcTimer&) = delete;
  RtcTimer& operator=(const RtcTimer&) = delete;

  /// Replaces an earlier start. The timer may be started or stopped, but not destroyed, from its own call.
  void start(base::Duration delay);
  void stop();
  [[nodiscard]] bool running() const { return source_ != nullptr; }

 private:
  static int fired(void* self);

  GMainContext* main_;
  std::function<void()> onTime_;
  GSource* source_ = nullptr;
};

}  // namespace p2pml::native
