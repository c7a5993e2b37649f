// What is to be sent to one peer, in order, with a segment's header and bytes as one piece that nothing interrupts.
//
// A G0 receiver drops its download, and the command, when any command arrives inside a body (docs/protocol/peer-json.md
// 5a.4 clause 5). So maps, answers and our own requests wait behind a body. Bodies are cut into messages only as fast
// as the channel drains: a slow peer costs a reference to the stored segment and at most kHighWater bytes of queued
// messages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"

namespace p2pml::engine {

class Outbox {
 public:
  /// Bytes handed to the channel and not drained yet, beyond which no further chunk goes out.
  static constexpr std::uint64_t kHighWater = 256 * 1024;
  /// Queued commands: more means the peer makes us answer faster than it reads.
  static constexpr std::size_t kMaxCommands = 64;
  /// Segments a peer may have asked for and not got yet. JavaScript peers ask for one at a time, and once more after a
  /// cancel they do not wait for.
  static constexpr std::size_t kMaxBodies = 4;

  explicit Outbox(std::size_t maxMessageSize) : maxMessageSize_(maxMessageSize) {}

  /// False if there are too many already.
  [[nodiscard]] bool addCommand(base::Bytes command);
  /// Replaces a map that has not gone out yet: only the last one counts.
  void setMap(base::Bytes map);
  /// Queues SegmentData and the segment's bytes. Precondition: data is not empty. False if there are too many already.
  [[nodiscard]] bool addBody(const base::SegmentId& id, base::Bytes data);
  /// Takes the segment out, also in the middle of its bytes. False if it is not here.
  bool cancelBody(const base::SegmentId& id);

  /// Of everything handed out by take(), how much the channel has passed on so far.
  void onDrained(std::uint64_t total);

  struct Message {
    base::Bytes data;
    std::uint64_t segmentBytes = 0;  ///< of a body; 0 for commands
  };
  /// The next message to send now, if there is one and the channel has room for it.
  std::optional<Message> take();

  [[nodiscard]] bool sendingBody() const;
  [[nodiscard]] std::size_t bodies() const { return bodies_; }

 private:
  struct Command {
    base::Bytes data;
  };
  struct Map {};  // the bytes are in map_: the newest
  struct Body {
    base::SegmentId id;
    base::Bytes data;
    std::size_t offset = 0;
    bool headerSent = false;
  };
  using Item = std::variant<Command, Map, Body>;

  [[nodiscard]] bool roomInChannel() const { return handedOver_ - drained_ < kHighWater; }
  base::Bytes nextChunk(Body& body) const;
  Message handOver(base::Bytes data, std::uint64_t segmentBytes);

  const std::size_t maxMessageSize_;
  std::deque<Item> items_;
  std::optional<base::Bytes> map_;
  std::size_t commands_ = 0;
  std::size_t bodies_ = 0;
  std::uint64_t handedOver_ = 0;
  std::uint64_t drained_ = 0;
};

}  // namespace p2pml::engine
