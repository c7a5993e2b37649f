// What the native WebRTC stack can be told besides RtcConfig. The defaults are the measured ones and right for the
// internet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace p2pml::native {

struct RtcOptions {
  /// Local addresses to offer ("127.0.0.1", "::1", ...). Empty: those of all interfaces that are up, without loopback;
  /// loopback alone when there is no other. {"127.0.0.1"} keeps everything on this machine (demo, tests).
  std::vector<std::string> localAddresses;
  /// Offer the loopback addresses besides the interfaces' own. For a browser on the same machine that shows only
  /// loopback.
  bool includeLoopback = false;

  /// Candidate gathering ends after so long with what was found (data-channel.md 5d: simple-peer's 5 s).
  base::Duration gatheringTimeout = base::seconds(5);
  /// From the moment both descriptions are known to the open channel.
  base::Duration connectTimeout = base::seconds(30);

  /// An open connection of whose remote nothing was heard for so long has ended (see PeerConnection::watch). In half
  /// seconds.
  base::Duration silenceLimit = base::seconds(10);

  /// Bytes handed to send() that were not drained yet; one more ends the connection.
  std::size_t maxQueuedBytes = std::size_t{16} << 20;
  /// Received bytes waiting for the loop, per connection, above which reading stops so that the remote's window closes.
  std::size_t maxUndeliveredBytes = std::size_t{8} << 20;
  /// The longest message accepted, told to the remote as a=max-message-size.
  std::uint32_t maxMessageSize = 256 * 1024;

  /// SCTP send and receive buffer. The rate is at most buffer / round-trip time; must hold maxMessageSize and 64 KiB
  /// more.
  std::uint32_t sctpBuffer = 1 << 20;
  /// Packets sent in one go and packets per acknowledgement. Other values than these starve the window as soon as there
  /// is delay.
  std::uint32_t sctpMaxBurst = 10;
  std::uint32_t sctpSackFrequency = 2;
  /// The same between two of our own kind with a round trip below kLocalRoundTrip, where fewer acknowledgements are
  /// only cheaper. Other senders wait for each one: dcSCTP sends four packets for it, and would get one in 20 ms.
  std::uint32_t sctpLocalSackFrequency = 8;
  static constexpr base::Duration kLocalRoundTrip = base::milliseconds(2);
};

}  // namespace p2pml::native
