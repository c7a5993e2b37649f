#include "platform/native/rtc/rtc_timer.hpp"

#include <glib.h>

#include <algorithm>

namespace p2pml::native {

void RtcTimer::start(base::Duration delay) {
  stop();
  const auto milliseconds = std::max<std::int64_t>(0, (delay.count() + 999) / 1000);
  source_ = g_timeout_source_new(static_cast<guint>(milliseconds));
  g_source_set_callback(source_, &RtcTimer::fired, this, nullptr);
  g_source_attach(source_, main_);
}

void RtcTimer::stop() {
  if (source_ == nullptr) return;
  g_source_destroy(source_);
  g_source_unref(source_);
  source_ = nullptr;
}

int RtcTimer::fired(void* self) {
  auto* timer = static_cast<RtcTimer*>(self);
  timer->stop();
  timer->onTime_();
  return G_SOURCE_REMOVE;
}

}  // namespace p2pml::native
