// WebRTC data channels for an engine, native: the PeerPort over libnice, OpenSSL and usrsctp.
//
// One per engine, owned by whoever owns the loop's adapters, used on that loop only. The work is done on the RtcThread;
// what happens there comes back as Inputs, posted to the loop in bursts. After close(id) or destruction nothing more is
// delivered. Neither close() nor the destructor waits; open connections are closed politely in the background.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "driver/ports.hpp"
#include "engine/settings.hpp"
#include "platform/native/rtc/rtc_options.hpp"
#include "platform/native/rtc/rtc_thread.hpp"

namespace boost::asio {
class io_context;
}

namespace p2pml::native {

class NativePeerPort final : public driver::PeerPort {
 public:
  /// `thread` and `loop` must outlive the port. `sink` is called on the loop. An ICE server URL that cannot be
  /// understood or whose name cannot be found is left out; it never keeps a connection from being tried with the
  /// candidates there are.
  NativePeerPort(RtcThread& thread, boost::asio::io_context& loop, engine::RtcConfig config, RtcOptions options,
                 driver::EventSink sink);
  ~NativePeerPort() override;
  NativePeerPort(const NativePeerPort&) = delete;
  NativePeerPort& operator=(const NativePeerPort&) = delete;

  void createOffer(base::ConnectionId connection, std::string label) override;
  void createAnswer(base::ConnectionId connection, std::string offerSdp) override;
  void setAnswer(base::ConnectionId connection, std::string sdp) override;
  /// Before PeerOpened the message is kept and sent first thing. A message larger than the remote accepts, or more than
  /// RtcOptions::maxQueuedBytes not yet drained, ends the connection (limitExceeded).
  void send(base::ConnectionId connection, base::Bytes data) override;
  void close(base::ConnectionId connection) override;

  /// Asks all open connections for their round trips; roundTrip() has the answers a moment later.
  void measureRoundTrips();
  /// As last measured; nothing if it never was.
  [[nodiscard]] std::optional<base::Duration> roundTrip(base::ConnectionId connection) const;

  /// What cannot be seen from events.
  struct Stats {
    std::uint64_t connections = 0;       ///< alive now, on the loop's side
    std::uint64_t undeliveredBytes = 0;  ///< received and waiting for the loop
    std::uint64_t queuedBytes = 0;       ///< handed to send() and not yet drained
    std::uint64_t droppedCalls = 0;      ///< calls for connections that are unknown or closed
  };
  [[nodiscard]] Stats stats() const;

 private:
  struct Core;
  std::shared_ptr<Core> core_;
};

}  // namespace p2pml::native
