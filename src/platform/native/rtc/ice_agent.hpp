// ICE for one connection: finds a path to the remote, keeps it open, answers the remote's checks, carries datagrams
// (RFC 8445). Wraps a NiceAgent with one stream of one component. Lives on the RtcThread, owned by its PeerConnection.
//
// Whether the remote is still there is watched by PeerConnection and not here. libnice's consent freshness gives up
// 10 s after the last answer instead of RFC 7675's 30 s and asks every 4 to 6 s with a single datagram, so that half of
// all lost datagrams of that kind end a healthy connection; and it forgets no unanswered check, so that after 200 of
// them it asks no more and gives up.
//
// The owner is called from the main loop, and for gathering possibly from inside gather(). It must not destroy the
// agent from such a call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "platform/native/rtc/ice_config.hpp"
#include "platform/native/rtc/rtc_timer.hpp"
#include "wire/sdp.hpp"

typedef struct _NiceAgent NiceAgent;

namespace p2pml::native {

class RtcContext;

class IceAgent {
 public:
  class Owner {
   public:
    /// Gathering is over; local() is complete. Once.
    virtual void onIceGathered() = 0;
    /// There is a path: datagrams can be sent. Once.
    virtual void onIceConnected() = 0;
    /// No path was found, or its socket has broken. Once; nothing follows.
    virtual void onIceFailed(base::Error reason) = 0;
    /// A datagram that is not STUN.
    virtual void onIceDatagram(std::span<const std::byte> datagram) = 0;

   protected:
    ~Owner() = default;
  };

  struct Credentials {
    std::string ufrag;
    std::string pwd;
  };

  IceAgent(RtcContext& context, Owner& owner, std::shared_ptr<const IceConfig> config, bool controlling);
  ~IceAgent();
  IceAgent(const IceAgent&) = delete;
  IceAgent& operator=(const IceAgent&) = delete;

  /// Starts gathering. False: libnice refused (no socket could be made).
  [[nodiscard]] bool gather();
  [[nodiscard]] Credentials localCredentials() const;
  /// UDP candidates to offer, as lines for the SDP.
  [[nodiscard]] std::vector<std::string> localCandidates() const;

  /// Starts looking for a path. Lines that cannot be used (TCP, multicast DNS names, broken) are passed over: with none
  /// left, the remote's own checks still make the path.
  [[nodiscard]] base::Result<void> setRemote(const Credentials& credentials,
                                             const std::vector<std::string>& candidates);

  /// Unreliable: what does not fit into the socket is lost.
  void send(std::span<const std::span<const std::byte>> datagrams);
  /// Numeric address of the remote end of the path, or empty.
  [[nodiscard]] std::string remoteAddress() const;

  /// Number of agents that still say goodbye to their TURN servers.
  static int closing();

 private:
  struct Glue;

  void addLocalAddresses();
  void lookUpServers();
  void gatherNow();
  void gathered();
  void stateChanged(unsigned state);
  void connectedIfPaired();
  void enlargeSocketBuffers();

  RtcContext& context_;
  Owner& owner_;
  std::shared_ptr<const IceConfig> config_;
  NiceAgent* agent_ = nullptr;
  unsigned stream_ = 0;
  RtcTimer gatheringTimer_;
  int lookUpsLeft_ = 0;
  std::vector<std::optional<std::string>> serverAddresses_;  // like config_->servers
  bool usesRelays_ = false;
  bool gatheringStarted_ = false;
  bool gathered_ = false;
  bool connected_ = false;
  bool failed_ = false;
};

}  // namespace p2pml::native
