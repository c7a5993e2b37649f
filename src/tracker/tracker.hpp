// The WebTorrent tracker over WebSocket (docs/protocol/tracker-websocket.md 5c) as a state machine without I/O. A
// server (native: platform/native/server; simulator: platform/sim) owns one, feeds it what sockets do and carries out
// its outputs.
//
// Always: every registration belongs to one open socket; a swarm exists while it has a peer; nothing a remote sends
// makes it keep more than the limits of Options. `now` must not go back between calls. Outputs are appended in the
// order in which they are to be carried out. Same options and calls, same outputs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/ids.hpp"
#include "base/rng.hpp"
#include "base/time.hpp"
#include "tracker/options.hpp"
#include "tracker/statistics.hpp"
#include "tracker/swarm.hpp"
#include "wire/tracker_message.hpp"

namespace p2pml::tracker {

struct SendText {
  base::SocketId socket;
  std::string text;
  friend bool operator==(const SendText&, const SendText&) = default;
};

enum class CloseReason : std::uint8_t {
  idle,            ///< no valid request for Options::socketTimeout
  messageTooBig,   ///< above Options::maxMessageBytes
  tooManyMessages  ///< above Options::messageRate
};

/// The tracker has forgotten the socket already; onClose for it is allowed and does nothing.
struct CloseSocket {
  base::SocketId socket;
  CloseReason reason;
  friend bool operator==(const CloseSocket&, const CloseSocket&) = default;
};

using Output = std::variant<SendText, CloseSocket>;
using Outputs = std::vector<Output>;

enum class Admission : std::uint8_t { admitted, originNotAllowed, tooManySockets, tooManySocketsFromAddress };

/// For close frames, HTTP answers and logs.
std::string_view toString(CloseReason reason);
std::string_view toString(Admission admission);

class Tracker {
 public:
  explicit Tracker(Options options);
  ~Tracker();
  Tracker(const Tracker&) = delete;
  Tracker& operator=(const Tracker&) = delete;

  /// A socket asks to come in. Anything but `admitted`: refuse it, it is not known here. `socket` was never used
  /// before. `remoteAddress` is the host without port, `origin` the Origin header or empty.
  Admission onOpen(base::TimePoint now, base::SocketId socket, std::string_view remoteAddress, std::string_view origin);
  /// One whole message. Of an unknown socket (closed meanwhile): ignored.
  void onMessage(base::TimePoint now, base::SocketId socket, std::string_view text, Outputs& outputs);
  /// The socket is gone, and with it all it registered.
  void onClose(base::TimePoint now, base::SocketId socket);
  /// Forgets silent peers and closes idle sockets. Costs O(what is forgotten).
  void onTick(base::TimePoint now, Outputs& outputs);
  /// When onTick has something to do next; kNever if nothing waits.
  [[nodiscard]] base::TimePoint deadline() const;

  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] Statistics statistics() const;
  /// In the order of infohashes, at most `limit`.
  [[nodiscard]] std::vector<SwarmStatistics> swarms(std::size_t limit) const;

 private:
  struct Socket {
    base::SocketId id;
    std::string remoteAddress;
    std::vector<Peer*> registrations;
    base::TimePoint lastHeard;  ///< the last valid request, or the opening
    std::list<Socket*>::iterator placeInSilence;
    std::uint64_t tokens = 0;  ///< of messageRate, in millionths of a message
    base::TimePoint tokensAt;
  };

  void onAnnounce(base::TimePoint now, Socket& socket, const wire::AnnounceRequest& request, Outputs& outputs);
  void onAnswer(base::TimePoint now, Socket& socket, const wire::AnswerRequest& request, Outputs& outputs);
  void onScrape(const Socket& socket, const wire::ScrapeRequest& request, Outputs& outputs);
  void relayOffers(const Peer& from, const wire::AnnounceRequest& request, Outputs& outputs);
  void respond(const Socket& socket, const base::InfoHash& infoHash, const Swarm* swarm, Outputs& outputs);
  void refuse(const Socket& socket, const wire::TrackerFailure& failure, Outputs& outputs);
  void refuseAnnounce(const Socket& socket, const base::InfoHash& infoHash, std::string reason, Outputs& outputs);

  [[nodiscard]] bool takeToken(base::TimePoint now, Socket& socket) const;
  [[nodiscard]] Swarm* findSwarm(const base::InfoHash& infoHash);
  /// The peer registered on this socket: found, moved here from another socket, or added. An error is the failure
  /// reason.
  base::Result<Peer*> registerPeer(base::TimePoint now, Socket& socket, const wire::AnnounceRequest& request);
  void attach(Peer& peer, Socket& socket);
  void detach(Peer& peer);
  void removePeer(Peer& peer);
  void heardFrom(base::TimePoint now, Peer& peer);
  void heardFrom(base::TimePoint now, Socket& socket);
  void removeSocket(Socket& socket);

  Options options_;
  base::Duration peerTimeout_;
  base::Duration socketTimeout_;
  std::set<base::InfoHash> allowedInfoHashes_;
  base::Rng rng_;

  std::map<base::InfoHash, std::unique_ptr<Swarm>> swarms_;              // ordered: full scrapes list it
  std::unordered_map<base::SocketId, std::unique_ptr<Socket>> sockets_;  // ids are the server's; never iterated
  std::map<std::string, std::size_t, std::less<>> socketsByAddress_;     // kept only if there is a limit
  std::list<Peer*> peersBySilence_;                                      // longest silent first
  std::list<Socket*> socketsBySilence_;                                  // longest silent first
  std::vector<Peer*> picked_;                                            // scratch of relayOffers
  Statistics counts_;
};

}  // namespace p2pml::tracker
