// One SCTP association over the DTLS of one connection (RFC 8831, RFC 8261): messages in, messages out, ordered and
// reliable. Wraps a usrsctp socket. Lives on the RtcThread, owned by its PeerConnection.
//
// usrsctp is never called from inside one of its own calls to us: those only ask the owner to come back (onSctpReady),
// and readMessages() is called from the loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "platform/native/rtc/rtc_options.hpp"

struct socket;

namespace p2pml::native {

class SctpRuntime;
/// usrsctp's, not the function of the same name.
using SctpSocket = struct ::socket;

class SctpAssociation {
 public:
  class Owner {
   public:
    /// A packet for the remote; to be copied. May come from inside any call to the association.
    virtual void onSctpSend(std::span<const std::byte> packet) = 0;
    /// There may be something to read or room to write.
    virtual void onSctpReady() = 0;

    // From readMessages() only.
    /// Both sides have agreed on the association.
    virtual void onSctpConnected() = 0;
    virtual void onSctpMessage(std::uint16_t stream, std::uint32_t ppid, base::Bytes message) = 0;
    /// The remote will send nothing more on that stream.
    virtual void onSctpStreamReset(std::uint16_t stream) = 0;
    /// Refused, lost, or ended by the remote. Once; nothing follows.
    virtual void onSctpClosed(base::Error reason) = 0;

   protected:
    ~Owner() = default;
  };

  enum class SendResult : std::uint8_t { sent, full, failed };

  /// `ownKind`: the remote is this very implementation, so that its ways of sending are known.
  SctpAssociation(SctpRuntime& runtime, Owner& owner, const RtcOptions& options, bool ownKind);
  /// Sends an ABORT through the owner if the association is alive.
  ~SctpAssociation();
  SctpAssociation(const SctpAssociation&) = delete;
  SctpAssociation& operator=(const SctpAssociation&) = delete;

  /// Both sides do this in the moment their DTLS is up; the protocol makes one association of it (RFC 9260
  /// section 5.2).
  [[nodiscard]] base::Result<void> connect(std::uint16_t remotePort);
  void input(std::span<const std::byte> packet);
  /// Reads what is there, some at a time: asks to come back if there is more. Does nothing while paused.
  void readMessages();
  /// While paused nothing is read, so that the remote's window closes.
  void setPaused(bool paused);
  /// All or nothing.
  [[nodiscard]] SendResult send(std::uint16_t stream, std::uint32_t ppid, std::span<const std::byte> message);
  /// Says that we will send nothing more on the stream (RFC 6525), after what is still on its way.
  void resetStream(std::uint16_t stream);

  /// Asks the remote for an answer at once (HEARTBEAT, RFC 9260 section 8.3).
  void probe();

  /// Smoothed (RFC 9260 section 6.3.1), in whole milliseconds; nothing while there is no association.
  [[nodiscard]] std::optional<base::Duration> roundTrip() const;

  /// For SctpRuntime: a packet that usrsctp wants to leave.
  void output(std::span<const std::byte> packet) { owner_.onSctpSend(packet); }

 private:
  static void upcall(SctpSocket* socket, void* address, int flags);
  [[nodiscard]] bool configure();
  bool setMinimumTimeout(std::uint32_t milliseconds);
  bool setSackFrequency(std::uint32_t packets);
  void connected();
  /// False: there is nothing (more) to read now.
  bool readOne();
  void notification(std::span<const std::byte> data);
  void close(base::Error reason);

  SctpRuntime& runtime_;
  Owner& owner_;
  const RtcOptions& options_;
  const bool ownKind_;
  void* address_;
  std::uint16_t remotePort_ = 0;
  SctpSocket* socket_ = nullptr;
  bool paused_ = false;
  bool closed_ = false;
  std::int64_t connectStart_ = 0;  // microseconds of the monotonic clock
  std::size_t sizeHint_;           // capacity of the next message's buffer
  base::Buffer partial_;           // a message of which not all was there yet
};

}  // namespace p2pml::native
