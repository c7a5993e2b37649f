// Watches a loader from outside and asserts what must hold whatever happens: nothing is said about things that are
// closed, ids are never used twice, and what is open stays within bounds.
//
// For tests and the fuzz target. Show it every input before step() and every output after it, in order. Uses
// P2PML_ASSERT, as the fuzz target has no test framework.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <variant>

#include "base/assert.hpp"
#include "engine/io.hpp"
#include "engine/own_availability.hpp"
#include "engine/peers/outbox.hpp"
#include "engine/peers/peer_manager.hpp"
#include "engine/settings.hpp"
#include "wire/peer_binary.hpp"
#include "wire/peer_json.hpp"
#include "wire/peer_node.hpp"
#include "wire/tracker_message.hpp"

namespace p2pml::engine {

class OutputChecker {
 public:
  explicit OutputChecker(const Settings& settings) : settings_(settings) {}

  void onInput(const Input& input) {
    if (const auto* done = std::get_if<input::HttpDone>(&input)) http_.erase(done->request);
    if (const auto* failed = std::get_if<input::HttpFailed>(&input)) http_.erase(failed->request);
    if (const auto* closed = std::get_if<input::SocketClosed>(&input)) sockets_.erase(closed->socket);
    if (const auto* closed = std::get_if<input::PeerClosed>(&input)) peers_.erase(closed->connection);
    if (const auto* created = std::get_if<input::AnswerCreated>(&input)) {
      const auto at = peers_.find(created->connection);
      if (at != peers_.end() && !at->second.offeredByUs) at->second.answered = true;
    }
    if (const auto* opened = std::get_if<input::PeerOpened>(&input)) {
      const auto at = peers_.find(opened->connection);
      if (at != peers_.end()) at->second.open = true;
    }
    if (const auto* drained = std::get_if<input::PeerDrained>(&input)) {
      const auto at = peers_.find(drained->connection);
      if (at != peers_.end()) at->second.drained = std::clamp(drained->drained, at->second.drained, at->second.sent);
    }
    if (const auto* message = std::get_if<input::PeerMessage>(&input)) {
      const auto at = peers_.find(message->connection);
      if (at != peers_.end() && at->second.open) onPeerMessage(at->second, message->data);
    }
    if (std::holds_alternative<input::Destroy>(input)) destroying_ = true;
  }

  void onOutput(const Output& output) {
    // The step of Destroy itself takes leave; after it only getSegment() is answered.
    if (destroyed_) P2PML_ASSERT(std::holds_alternative<output::GetSegmentResult>(output));
    std::visit([this](const auto& what) { on(what); }, output);
  }

  /// After all outputs of a step.
  void afterStep() {
    destroyed_ = destroying_;
    P2PML_ASSERT(static_cast<std::int64_t>(http_.size()) <= settings_.simultaneousHttpDownloads);
    if (destroyed_) P2PML_ASSERT(http_.empty() && sockets_.empty() && peers_.empty());
    std::int64_t open = 0;
    for (const auto& [id, peer] : peers_) open += peer.open ? 1 : 0;
    // Some of them may be the losing ones of two for a few seconds.
    P2PML_ASSERT(open <= settings_.maxPeers * static_cast<std::int64_t>(PeerManager::kMaxHandshakesPerPeer + 1));
    P2PML_ASSERT(peers_.size() <= kMaxConnections);
  }

  [[nodiscard]] const std::set<base::RequestId>& http() const { return http_; }
  [[nodiscard]] const std::set<base::SocketId>& sockets() const { return sockets_; }
  [[nodiscard]] std::size_t connections() const { return peers_.size(); }
  [[nodiscard]] bool exists(base::ConnectionId id) const { return peers_.contains(id); }
  /// Both descriptions have been exchanged, as far as the loader knows: the channel may open.
  [[nodiscard]] bool hasRemote(base::ConnectionId id) const {
    const auto at = peers_.find(id);
    return at != peers_.end() && at->second.answered;
  }
  [[nodiscard]] bool isOpen(base::ConnectionId id) const {
    const auto at = peers_.find(id);
    return at != peers_.end() && at->second.open;
  }

 private:
  /// Far above what offers (10 an announce, 50 s each) and answers can be at a time with a few trackers.
  static constexpr std::size_t kMaxConnections = 2000;
  struct Peer {
    bool offeredByUs = false;
    bool answered = false;
    bool open = false;
    std::uint64_t sent = 0;
    std::uint64_t drained = 0;
    std::optional<Codec> codec;  // as the first message we send shows
    base::SegmentId body;        // the segment whose bytes we send
    std::uint64_t bodyLeft = 0;  // of it
    bool bodyCancelled = false;
    // Binary peers only.
    std::optional<wire::BinarySegmentData> binaryBody;  // until Completed
    std::optional<wire::BinarySegmentRequest> wish;     // the peer's newest
    wire::CommandAssembler heard;
    wire::CommandAssembler said;
    // p2pml nodes only.
    bool node = false;
    std::uint64_t payload = 0;  // announced and not sent yet
  };

  static void onPeerMessage(Peer& peer, const base::Bytes& data) {
    if (peer.node) return;
    const auto decoded = wire::decodePeerMessage(data.span());
    const auto* cancel = std::get_if<wire::CancelSegmentRequest>(&decoded);
    // It may, but need not, end the body at once: only part of it may be with the channel.
    if (cancel != nullptr && cancel->id == peer.body) peer.bodyCancelled = true;
    if (!wire::isCommandPart(data.span())) return;
    const auto command = peer.heard.add(data.span());
    if (!command || !*command) return;
    if (const auto* wish = std::get_if<wire::BinarySegmentRequest>(&**command)) {
      peer.wish = *wish;
      peer.binaryBody.reset();
    } else if (const auto* binaryCancel = std::get_if<wire::BinaryCancelRequest>(&**command)) {
      const auto& body = peer.binaryBody;
      if (body && body->segment == binaryCancel->segment && body->request == binaryCancel->request) {
        peer.binaryBody.reset();
      }
    }
  }

  /// Bytes only between SegmentData and Completed, as many as announced, and only what the newest request wants
  /// (docs/protocol/peer-binary.md 5b.6). Commands are whole and may come in between.
  void checkBinary(Peer& peer, const base::Bytes& data) const {
    P2PML_ASSERT(static_cast<std::int64_t>(data.size()) <= settings_.webRtcMaxMessageSize);
    if (!wire::isCommandPart(data.span())) {
      P2PML_ASSERT(peer.binaryBody.has_value() && peer.said.pendingBytes() == 0);
      P2PML_ASSERT(data.size() <= peer.bodyLeft);
      peer.bodyLeft -= data.size();
      return;
    }
    const auto command = peer.said.add(data.span());
    P2PML_ASSERT(command.has_value());
    if (!*command) return;
    if (const auto* header = std::get_if<wire::BinarySegmentData>(&**command)) {
      P2PML_ASSERT(!peer.binaryBody && isWish(peer, header->segment, header->request));
      peer.binaryBody = *header;
      peer.bodyLeft = header->size;
    } else if (const auto* completed = std::get_if<wire::BinarySendingCompleted>(&**command)) {
      P2PML_ASSERT(peer.binaryBody.has_value() && peer.bodyLeft == 0);
      P2PML_ASSERT(isWish(peer, completed->segment, completed->request));
      peer.binaryBody.reset();
    } else if (const auto* absent = std::get_if<wire::BinarySegmentAbsent>(&**command)) {
      P2PML_ASSERT(!peer.binaryBody && isWish(peer, absent->segment, absent->request));
    }
  }
  static bool isWish(const Peer& peer, std::int64_t segment, const std::optional<std::uint64_t>& request) {
    return peer.wish && peer.wish->segment == segment && peer.wish->request == request;
  }

  /// Header and bytes of a segment come as one piece (docs/protocol/peer-json.md 5a.4 clause 5).
  static void checkBody(Peer& peer, const base::Bytes& data) {
    const auto decoded = wire::decodePeerMessage(data.span());
    if (std::holds_alternative<wire::SegmentBytes>(decoded)) {
      P2PML_ASSERT(data.size() <= peer.bodyLeft);
      peer.bodyLeft -= data.size();
      return;
    }
    P2PML_ASSERT(peer.bodyLeft == 0 || peer.bodyCancelled);
    P2PML_ASSERT(!std::holds_alternative<wire::MalformedCommand>(decoded));
    peer.bodyLeft = 0;
    peer.bodyCancelled = false;
    if (const auto* header = std::get_if<wire::SegmentData>(&decoded)) {
      P2PML_ASSERT(header->size > 0);
      peer.body = header->id;
      peer.bodyLeft = header->size;
    }
  }

  void on(const output::StartHttp& start) {
    P2PML_ASSERT(start.request.value > lastRequest_);
    lastRequest_ = start.request.value;
    P2PML_ASSERT(!start.segment.data);
    http_.insert(start.request);
  }
  void on(const output::CancelHttp& cancel) { P2PML_ASSERT(http_.erase(cancel.request) == 1); }
  void on(const output::OpenSocket& open) {
    P2PML_ASSERT(open.socket.value > lastSocket_);
    lastSocket_ = open.socket.value;
    sockets_.insert(open.socket);
  }
  void on(const output::SendSocket& send) {
    P2PML_ASSERT(sockets_.contains(send.socket));
    P2PML_ASSERT(send.text.size() <= wire::kMaxTrackerMessageBytes);
  }
  void on(const output::CloseSocket& close) { P2PML_ASSERT(sockets_.erase(close.socket) == 1); }
  void on(const output::CreateOffer& create) { addPeer(create.connection, true); }
  void on(const output::CreateAnswer& create) { addPeer(create.connection, false); }
  void on(const output::SetAnswer& set) {
    const auto at = peers_.find(set.connection);
    P2PML_ASSERT(at != peers_.end() && at->second.offeredByUs && !at->second.open);
    at->second.answered = true;
  }
  /// docs/protocol/node.md: frames that decode, and payload as it was announced.
  void checkNode(Peer& peer, const base::Bytes& data) const {
    if (peer.payload > 0) {
      P2PML_ASSERT(data.size() <= peer.payload);
      P2PML_ASSERT(static_cast<std::int64_t>(data.size()) <= settings_.webRtcMaxMessageSize);
      peer.payload -= data.size();
      return;
    }
    P2PML_ASSERT(data.size() <= wire::kMaxNodeSentBytes);
    wire::NodeFrameReader reader(data.span());
    for (;;) {
      const auto frame = reader.next();
      P2PML_ASSERT(frame.has_value());
      if (!*frame) return;
      if (const auto* announced = std::get_if<wire::NodeData>(&**frame)) peer.payload = announced->length;
    }
  }
  void on(const output::SendToPeer& send) {
    const auto at = peers_.find(send.connection);
    P2PML_ASSERT(at != peers_.end() && at->second.open);
    Peer& peer = at->second;
    P2PML_ASSERT(!send.data.empty());
    // Beyond the high water nothing more is handed over, so no more than one message is above it.
    P2PML_ASSERT(peer.sent - peer.drained < Outbox::kHighWater);
    peer.sent += send.data.size();
    // A node's first frame is hello; JSON begins with `{`, binary with `c`.
    if (!peer.codec && !peer.node) peer.node = send.data.startsWith("\x01");
    if (peer.node) {
      checkNode(peer, send.data);
      return;
    }
    if (!peer.codec) peer.codec = wire::isCommandPart(send.data.span()) ? Codec::binary : Codec::json;
    if (*peer.codec == Codec::binary) {
      checkBinary(peer, send.data);
      return;
    }
    checkBody(peer, send.data);
    if (wire::looksLikePeerCommand(send.data.span())) {
      P2PML_ASSERT(send.data.size() <= kMaxMapBytes);
    } else {
      P2PML_ASSERT(static_cast<std::int64_t>(send.data.size()) <= settings_.webRtcMaxMessageSize);
    }
  }
  void on(const output::ClosePeer& close) { P2PML_ASSERT(peers_.erase(close.connection) == 1); }
  void on(const output::SegmentLoaded& loaded) {
    P2PML_ASSERT(loaded.segment.data.has_value());
    P2PML_ASSERT(!loaded.segment.data->empty());
  }
  template <class Other>
  void on(const Other&) {}

  void addPeer(base::ConnectionId id, bool offeredByUs) {
    P2PML_ASSERT(id.value > lastConnection_);
    lastConnection_ = id.value;
    peers_[id] = Peer{.offeredByUs = offeredByUs};
  }

  const Settings settings_;
  std::set<base::RequestId> http_;
  std::set<base::SocketId> sockets_;
  std::map<base::ConnectionId, Peer> peers_;
  std::uint64_t lastRequest_ = 0;
  std::uint64_t lastSocket_ = 0;
  std::uint64_t lastConnection_ = 0;
  bool destroying_ = false;
  bool destroyed_ = false;
};

}  // namespace p2pml::engine
