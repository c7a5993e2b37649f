#include "api/event_emitter.hpp"

#include <algorithm>
#include <cstdio>
#include <type_traits>

#include "base/encoding.hpp"

namespace p2pml::api {

namespace {

OptionalPeerId hexOf(const std::optional<base::PeerId>& id) {
  if (!id) return std::nullopt;
  return base::toHex(id->view());
}

}  // namespace

void reportThrown(std::string_view what, const char* message) {
  std::fprintf(stderr, "p2pml: %.*s threw: %s\n", static_cast<int>(what.size()), what.data(), message);
}

std::uint64_t EventEmitter::add(std::uint8_t event, std::shared_ptr<void> listener, bool once) {
  const std::lock_guard lock(mutex_);
  listeners_.at(event).push_back({++lastId_, std::move(listener), once});
  return lastId_;
}

void EventEmitter::remove(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  for (auto& list : listeners_) std::erase_if(list, [id](const Listener& listener) { return listener.id == id; });
}

template <class... Args>
void EventEmitter::call(const Event<Args...>& event, const std::type_identity_t<Args>&... args) {
  std::vector<Listener> now;
  {
    const std::lock_guard lock(mutex_);
    now = listeners_[event.index];
    std::erase_if(listeners_[event.index], [](const Listener& listener) { return listener.once; });
  }
  for (const Listener& listener : now) {
    if (silent_) return;
    if (!listener.once) {
      // A listener before this one may have removed it.
      const std::lock_guard lock(mutex_);
      const auto& list = listeners_[event.index];
      const bool there = std::any_of(list.begin(), list.end(), [&](const Listener& l) { return l.id == listener.id; });
      if (!there) continue;
    }
    const auto& function = *static_cast<const std::function<void(const Args&...)>*>(listener.function.get());
    guarded(event.name, [&] { function(args...); });
  }
}

void EventEmitter::emit(const engine::Output& output) {
  namespace out = engine::output;
  std::visit(
      [this](const auto& event) {
        using T = std::decay_t<decltype(event)>;
        if constexpr (std::is_same_v<T, out::SegmentLoaded>) {
          call(Events::SegmentLoaded, event.segment, hexOf(event.peerId));
        } else if constexpr (std::is_same_v<T, out::SegmentError>) {
          call(Events::SegmentError, event.segment, event.error, hexOf(event.peerId));
        } else if constexpr (std::is_same_v<T, out::SegmentAbort>) {
          call(Events::SegmentAbort, event.segment);
        } else if constexpr (std::is_same_v<T, out::PeerConnect>) {
          call(Events::PeerConnect, Peer{base::toHex(event.id.view()), event.remoteAddress,
                                         std::string(engine::infoOf(event.generation).name)});
        } else if constexpr (std::is_same_v<T, out::PeerClose>) {
          call(Events::PeerClose, base::toHex(event.id.view()));
        } else if constexpr (std::is_same_v<T, out::PieceBytesDownloaded>) {
          call(Events::PieceBytesDownloaded, event.method, event.bytes, hexOf(event.peerId));
        } else if constexpr (std::is_same_v<T, out::PieceBytesUploaded>) {
          call(Events::PieceBytesUploaded, event.method, event.bytes, hexOf(event.peerId));
        } else if constexpr (std::is_same_v<T, out::SegmentStart>) {
          call(Events::SegmentStart, event.segment, event.method, hexOf(event.peerId));
        } else if constexpr (std::is_same_v<T, out::TrackerUpdate>) {
          call(Events::TrackerUpdate,
               TrackerStatus{event.url, event.complete, event.incomplete, base::toMilliseconds(event.interval)});
        } else if constexpr (std::is_same_v<T, out::TrackerWarning>) {
          call(Events::TrackerWarning, event.url, event.message);
        } else if constexpr (std::is_same_v<T, out::TrackerError>) {
          call(Events::TrackerError, event.url, event.error);
        } else if constexpr (std::is_same_v<T, out::PeerError>) {
          call(Events::PeerError, hexOf(event.id), event.error);
        } else if constexpr (std::is_same_v<T, out::StorageError>) {
          call(Events::StorageError, event.error);
        }
      },
      output);
}

}  // namespace p2pml::api
