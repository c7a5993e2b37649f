// WebRTC connections of the simulated world.
//
// PeerFabric is what lies between the browsers: it knows both ends of every connection. SimPeerPort is one node's view
// of it, the PeerPort its driver uses. Offers and answers are texts in the form of SDP that carry node, connection and
// fingerprint, so that they travel over the simulated tracker as real ones do, and can be spoilt on the way.
//
// A message finds the other end without a search, and a change of paths costs only what the nodes it is about have.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"
#include "driver/ports.hpp"
#include "platform/sim/network.hpp"

namespace p2pml::sim {

class SimPeerPort;

struct PeerFabricOptions {
  /// From createOffer or createAnswer to the text with all candidates.
  base::Duration gathering = base::milliseconds(20);
  /// Round trips from the answer's arrival to the open channel: ICE 1, DTLS 2, SCTP and channel 1.
  int handshakeRoundTrips = 4;
  /// After which a handshake that cannot succeed is given up.
  base::Duration handshakeTimeout = base::seconds(15);
  /// After which a peer that vanished without a goodbye is noticed (RtcOptions::silenceLimit of the native platform).
  base::Duration silenceLimit = base::seconds(10);
  /// Whether a hole can be punched between two nodes' NATs; empty: always. Asked at the end of a handshake.
  std::function<bool(NodeId, NodeId)> connects;
};

class PeerFabric {
 public:
  PeerFabric(Network& network, PeerFabricOptions options = {});

  /// What a node's messages become on the way. An empty one: the connection stays open, but nothing of that node comes
  /// through it any more (no single message of an ordered, reliable channel can be lost).
  using Tamper = std::function<base::Bytes(const base::Bytes&)>;
  /// For all that `from` sends from now on; an empty function ends it.
  void tamper(NodeId from, Tamper change);

  [[nodiscard]] std::size_t openConnections() const { return openConnections_; }
  [[nodiscard]] const PeerFabricOptions& options() const { return options_; }

 private:
  friend class SimPeerPort;

  using Key = std::pair<NodeId, base::ConnectionId>;
  /// A place in ends_, and which of the ends that were there.
  struct Place {
    std::uint32_t index = 0;
    std::uint32_t use = 0;
  };
  struct End {
    Key key;
    std::uint32_t use = 0;  ///< how often this place was taken
    SimPeerPort* port = nullptr;
    std::uint64_t fingerprint = 0;
    std::optional<Key> remote;
    std::uint64_t remoteFingerprint = 0;  ///< as our side was told
    bool offerer = false;
    bool answered = false;  ///< the offerer has taken an answer
    bool open = false;
    bool silent = false;  ///< a tamper said so
    bool losing = false;  ///< the path is broken; the silence limit runs
    std::shared_ptr<Pipe> out;
    std::uint64_t tampered = 0;  ///< bytes handed over that never enter the pipe, or less than 0 (modulo 2^64)
    std::uint64_t told = 0;      ///< drained, as last told
    EventQueue::Handle timer;
  };

  void createOffer(SimPeerPort& port, base::ConnectionId id);
  void createAnswer(SimPeerPort& port, base::ConnectionId id, std::string_view offerSdp);
  void setAnswer(NodeId node, base::ConnectionId id, std::string_view sdp);
  void send(NodeId node, base::ConnectionId id, base::Bytes data);
  void close(NodeId node, base::ConnectionId id);
  void closeAll(NodeId node);

  End& add(SimPeerPort& port, base::ConnectionId id);
  [[nodiscard]] End* find(const Key& key);
  void finishHandshake(const Key& offerer);
  void open(const Key& key, const Key& remote);
  void failLater(const Key& key, base::Duration delay, base::Error error);
  /// Removes the end and tells its port.
  void lose(const Key& key, base::Error error);
  void remove(const Key& key);
  void onPathsChanged(NodeId node, std::optional<NodeId> other);
  [[nodiscard]] End* at(Place place);
  void arrived(Place receiver, base::Bytes data);
  void drained(Place sender, std::uint64_t total);

  /// What the fabric knows by a node.
  struct NodeEnds {
    std::vector<std::pair<base::ConnectionId, std::uint32_t>> own;  ///< by connection: indices in ends_
    std::vector<std::uint32_t> facing;                              ///< open ends of others whose remote is here
  };
  [[nodiscard]] NodeEnds& nodeEnds(NodeId node);

  Network& network_;
  PeerFabricOptions options_;
  std::uint64_t drainedStep_;
  std::deque<End> ends_;
  std::vector<std::uint32_t> freeEnds_;
  std::vector<NodeEnds> byNode_;  // by NodeId - 1
  std::map<NodeId, Tamper> tampers_;
  std::uint64_t lastFingerprint_ = 0;
  std::size_t openConnections_ = 0;
};

class SimPeerPort final : public driver::PeerPort {
 public:
  SimPeerPort(PeerFabric& fabric, NodeId node, driver::EventSink sink);
  ~SimPeerPort() override;
  SimPeerPort(const SimPeerPort&) = delete;
  SimPeerPort& operator=(const SimPeerPort&) = delete;

  void createOffer(base::ConnectionId connection, std::string label) override;
  void createAnswer(base::ConnectionId connection, std::string offerSdp) override;
  void setAnswer(base::ConnectionId connection, std::string sdp) override;
  void send(base::ConnectionId connection, base::Bytes data) override;
  void close(base::ConnectionId connection) override;

 private:
  friend class PeerFabric;
  /// The sink may destroy this port, so nothing follows a call of it.
  void deliver(engine::Input input) {
    const auto sink = sink_;
    (*sink)(std::move(input));
  }

  PeerFabric& fabric_;
  NodeId node_;
  std::shared_ptr<const driver::EventSink> sink_;
};

}  // namespace p2pml::sim
