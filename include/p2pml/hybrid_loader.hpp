// HybridLoader for C++ applications: the seed's API, native.
//
// Every method may be called from any thread, also from inside a listener. Listeners and the callbacks of the settings
// run on the runtime's thread, in the order of the events, never while engine code is on the stack. After destroy() (or
// the destructor) nothing new is delivered; a listener that is running on the runtime's thread at that moment may
// finish. Neither waits.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "engine/hybrid_loader.hpp"
#include "p2pml/events.hpp"
#include "p2pml/runtime.hpp"
#include "p2pml/settings.hpp"

namespace p2pml {

using engine::Stats;

/// A connected peer as getDetails() tells it.
struct PeerDetails {
  PeerId id;
  std::string remoteAddress;
  std::uint64_t bytesDownloaded = 0;
  std::uint64_t bytesUploaded = 0;
  std::size_t segments = 0;  ///< that it says it has
  std::string protocol;      ///< as Peer::protocol
};
/// One swarm that this loader announces itself in: one for each of the setting peerProtocols.
struct SwarmDetails {
  std::string streamSwarmId;  ///< as peers of that generation name it
  std::string infoHash;       ///< 40 hex digits
  PeerId peerId;              ///< ours in this swarm
  std::string protocol;       ///< as Peer::protocol
  std::size_t peers = 0;      ///< connected
};
struct Details {
  PeerId peerId;  ///< ours in the current stream's first swarm, from construction on; empty without P2P
  std::vector<PeerDetails> peers;
  std::vector<SwarmDetails> swarms;
};

/// What only the native platform has.
struct NativeOptions {
  /// Local addresses for WebRTC, e.g. {"127.0.0.1"}. Empty: those of all interfaces.
  std::vector<std::string> localAddresses;
  /// Offer loopback addresses besides the interfaces' own, for a browser on the same machine.
  bool includeLoopback = false;
  std::string userAgent;      ///< empty: p2pml/<version>
  std::string caBundle;       ///< PEM file; empty: the system's
  std::string trackerOrigin;  ///< Origin header for trackers; empty: derived from the tracker's URL
  /// Of everything random; none: from the system. Equal seeds are only for tests: two loaders with one seed have one
  /// peer id.
  std::optional<std::uint64_t> seed;
};

/// Names a listener for off().
enum class ListenerId : std::uint64_t {};

class HybridLoader {
 public:
  /// True: this platform has WebRTC data channels.
  static bool isSupported() { return true; }

  /// Error: invalidArgument, naming the setting, its value and the accepted range; nothing has been started then.
  static Result<HybridLoader> create(Settings settings = {}, NativeOptions options = {},
                                     std::shared_ptr<Runtime> runtime = nullptr);
  ~HybridLoader();
  HybridLoader(HybridLoader&&) noexcept;
  HybridLoader& operator=(HybridLoader&&) noexcept;

  /// Creates a new queue of segments to download. What is being downloaded and not in it is aborted, and told by
  /// Events::SegmentAbort.
  ///
  /// `stream` is what the manifest says of the stream. Among the setting peerProtocols "G0" does without it and goes by
  /// streamSwarmId alone; "G3" and "G4" have no swarm without it; "G2" needs its type and index, and takes a segment's
  /// streamId ("V2", "A0") for these where it is missing.
  void load(std::vector<Segment> segments, std::string streamSwarmId,
            std::optional<StreamProperties> stream = std::nullopt);

  /// The segment with its data from the cache, or nothing. The callback runs on the runtime's thread.
  void getSegment(std::string id, std::function<void(std::optional<Segment>)> callback);
  /// The same as a future. Do not wait for it on the runtime's thread.
  std::future<std::optional<Segment>> getSegment(std::string id);

  [[nodiscard]] const Settings& getSettings() const;
  /// Asks the runtime's thread and waits for its answer, unless called on it.
  [[nodiscard]] Details getDetails() const;
  [[nodiscard]] Stats getStats() const;

  /// Ends all downloads and connections, says goodbye to the trackers, clears the cache. The future is ready when all
  /// of it has left; nobody needs to wait for it.
  std::future<void> destroy();

  /// `listener` gets the arguments that the event documents.
  template <class... Args>
  ListenerId on(const Event<Args...>& event, std::type_identity_t<std::function<void(const Args&...)>> listener) {
    return add(event.index, std::make_shared<std::function<void(const Args&...)>>(std::move(listener)), false);
  }
  /// As on(), for the next event only.
  template <class... Args>
  ListenerId once(const Event<Args...>& event, std::type_identity_t<std::function<void(const Args&...)>> listener) {
    return add(event.index, std::make_shared<std::function<void(const Args&...)>>(std::move(listener)), true);
  }
  void off(ListenerId listener);

 private:
  class State;
  explicit HybridLoader(std::shared_ptr<State> state);
  ListenerId add(std::uint8_t event, std::shared_ptr<void> listener, bool once);

  std::shared_ptr<State> state_;
};

}  // namespace p2pml
