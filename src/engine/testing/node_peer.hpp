// A p2pml node that speaks the nodes' own protocol, for the tests of the loader: every frame of it is said by the test
// (docs/protocol/node.md).
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "engine/testing/loader_harness.hpp"
#include "wire/peer_node.hpp"

namespace p2pml::engine {

inline std::string describe(const wire::NodeStatus& status) {
  using State = wire::NodeStatus::State;
  switch (status.state) {
    case State::gone: return "gone";
    case State::loading: return "loading";
    case State::relaying: return "relaying" + std::to_string(status.depth);
    case State::loaded: return "loaded";
  }
  return "?";
}

/// "hello 1 3", "have! 1-3 loaded a.ts loading" (`!`: reset, `~`: trouble), "request 1 of 5 from 0 to 7", "data 1 at 0
/// of 10", "end 1 complete 10", "cancel 1 from 0".
inline std::string describe(const wire::NodeFrame& frame) {
  const auto text = [](std::uint64_t number) { return std::to_string(number); };
  if (const auto* hello = std::get_if<wire::NodeHello>(&frame)) {
    return "hello " + text(hello->version) + " " + text(hello->flags);
  }
  if (const auto* have = std::get_if<wire::NodeHave>(&frame)) {
    std::string all = have->reset ? "have!" : "have";
    if (have->trouble) all += "~";
    for (const auto& run : have->numbers) {
      all += " " + std::to_string(run.first) + (run.count > 1 ? "-" + std::to_string(run.end() - 1) : "");
      all += " " + describe(run.status);
    }
    for (const auto& named : have->named) all += " " + named.name + " " + describe(named.status);
    return all;
  }
  if (const auto* request = std::get_if<wire::NodeRequest>(&frame)) {
    const auto* number = std::get_if<std::int64_t>(&request->segment);
    return "request " + text(request->request) + " of " +
           (number != nullptr ? std::to_string(*number) : std::get<std::string>(request->segment)) + " from " +
           text(request->from) + " to " + text(request->to);
  }
  if (const auto* data = std::get_if<wire::NodeData>(&frame)) {
    return "data " + text(data->request) + " at " + text(data->offset) + " of " + text(data->total);
  }
  if (const auto* end = std::get_if<wire::NodeEnd>(&frame)) {
    constexpr const char* kNames[] = {"complete", "absent", "busy", "failed"};
    return "end " + text(end->request) + " " + kNames[static_cast<std::size_t>(end->status)] + " " + text(end->total);
  }
  const auto& cancel = std::get<wire::NodeCancel>(frame);
  return "cancel " + text(cancel.request) + " from " + text(cancel.from);
}

/// Reads one channel's messages: frames as describe() tells them, payload as "[n bytes]".
class NodeReader {
 public:
  std::vector<std::string> read(const std::vector<base::Bytes>& messages) {
    std::vector<std::string> texts;
    for (const base::Bytes& message : messages) {
      if (payload_ > 0) {
        EXPECT_LE(message.size(), payload_);
        payload_ -= message.size();
        texts.push_back("[" + std::to_string(message.size()) + " bytes]");
        continue;
      }
      wire::NodeFrameReader reader(message.span());
      for (auto frame = reader.next(); frame && *frame; frame = reader.next()) {
        texts.push_back(describe(**frame));
        if (const auto* data = std::get_if<wire::NodeData>(&**frame)) payload_ = data->length;
      }
    }
    return texts;
  }

 private:
  std::uint64_t payload_ = 0;
};

class NodePeer {
 public:
  static constexpr std::uint64_t kFlags = wire::NodeHello::kCooperative | wire::NodeHello::kUploads;

  /// Offers a connection until the channel is open, and greets.
  static NodePeer connect(LoaderHarness& world, const std::string& name, Generation generation = Generation::g0,
                          std::uint64_t flags = kFlags) {
    NodePeer peer = connectSilently(world, name, generation);
    peer.sends(wire::NodeHello{1, flags});
    return peer;
  }
  static NodePeer connectSilently(LoaderHarness& world, const std::string& name, Generation generation = Generation::g0,
                                  std::uint32_t version = 1) {
    std::string node = name;
    node.resize(kNodeNameLength, '0');
    world.take<output::CreateAnswer>();
    const std::string sdp = withExtension(withNodeMark("sdp of " + name, node), version);
    world.tracker(wire::RelayedOffer{world.infoHash(generation), LoaderHarness::peerId(name, generation),
                                     LoaderHarness::offerId(name), sdp});
    const auto answers = world.take<output::CreateAnswer>();
    EXPECT_EQ(answers.size(), 1U) << "the offer of " << name << " was not answered";
    const base::ConnectionId connection = answers.empty() ? base::ConnectionId() : answers.back().connection;
    world.opened(connection);
    return {world, connection};
  }
  NodePeer(LoaderHarness& world, base::ConnectionId connection) : world_(&world), connection_(connection) {}

  [[nodiscard]] base::ConnectionId connection() const { return connection_; }
  [[nodiscard]] bool isOpen() const { return world_->open().isOpen(connection_); }
  void close() { world_->closed(connection_); }

  void sends(const wire::NodeFrame& frame) { world_->input(input::PeerMessage{connection_, wire::encode(frame)}); }
  void sendsBytes(std::string_view bytes) {
    world_->input(input::PeerMessage{connection_, base::Bytes::copyOf(bytes)});
  }
  void has(std::int64_t number, wire::NodeStatus::State state = wire::NodeStatus::State::loaded,
           std::uint32_t depth = 0) {
    sends(wire::NodeHave{false, {{number, 1, {state, depth}}}, {}});
  }
  void relays(std::int64_t number, std::uint32_t depth) { has(number, wire::NodeStatus::State::relaying, depth); }
  void requests(std::uint64_t request, std::int64_t number, std::uint64_t from = 0, std::uint64_t to = 0) {
    sends(wire::NodeRequest{request, number, from, to});
  }
  void data(std::uint64_t request, std::uint64_t offset, std::string_view bytes, std::uint64_t total) {
    sends(wire::NodeData{request, offset, bytes.size(), total});
    sendsBytes(bytes);
  }
  void ends(std::uint64_t request, wire::NodeEnd::Status status, std::uint64_t total = 0) {
    sends(wire::NodeEnd{request, status, total});
  }

  /// What it got since the last call.
  std::vector<std::string> received() { return reader_.read(world_->peerAt(connection_).takeMessages()); }

 private:
  LoaderHarness* world_;
  base::ConnectionId connection_;
  NodeReader reader_;
};

}  // namespace p2pml::engine
