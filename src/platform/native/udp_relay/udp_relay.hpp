// A bad network on the loopback interface: datagrams between two WebRTC peers pass through here with delay, loss, a
// bottleneck and its queue. For tests and benchmarks, where the kernel's own emulation is not to be had.
//
// A description's candidates are rewritten to ports of the relay. Each real address is stood for by one such port, in
// both directions: the peers see each other at the relay's ports only. Own thread; loss is decided by the seed and the
// order of the datagrams in each direction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/error.hpp"
#include "base/time.hpp"

namespace p2pml::native {

class UdpRelay {
 public:
  struct Path {
    base::Duration delay{};            ///< each way
    double loss = 0;                   ///< of each datagram, 0 to 1
    std::uint64_t bitsPerSecond = 0;   ///< of each direction of each pair of addresses; 0: no limit
    std::size_t queueBytes = 500'000;  ///< before the bottleneck; what does not fit is lost
    std::uint64_t seed = 1;
    /// Datagrams for which this says true are lost as well, before chance is asked. Called on the relay's thread.
    std::function<bool(std::span<const std::byte> datagram)> drops = nullptr;
  };

  struct Counts {
    std::uint64_t forwarded = 0;
    std::uint64_t lost = 0;       ///< by chance, because of silence() or of Path::drops
    std::uint64_t overflows = 0;  ///< at the bottleneck's queue
  };

  explicit UdpRelay(Path path);
  ~UdpRelay();
  UdpRelay(const UdpRelay&) = delete;
  UdpRelay& operator=(const UdpRelay&) = delete;

  /// The description as the other end is to get it: only IPv4 UDP candidates, each at a port of the relay.
  /// Error: as wire::parseSdp; unavailable if a socket cannot be made.
  base::Result<std::string> rewrite(const std::string& sdp);

  /// While on, every datagram is lost: the peers are gone for each other.
  void silence(bool on);

  [[nodiscard]] Counts counts() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace p2pml::native
