// What is to be sent to one peer, in order, at the speed at which its channel drains.
//
// A JSON receiver drops its download, and the command, when any command arrives inside a body
// (docs/protocol/peer-json.md 5a.4 clause 5): there maps, answers and our own requests wait behind a body. Binary
// receivers take commands between chunks (docs/protocol/peer-binary.md 5b.6): there they overtake. Bodies are cut into
// messages only as fast as the channel drains: a slow peer costs a reference to the stored segment and at most
// kHighWater bytes of queued messages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "engine/internal_events.hpp"

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

  enum class Order : std::uint8_t {
    atomicBodies,      ///< nothing between a body's first and last message
    commandsOvertake,  ///< commands go out between a body's chunks
  };
  /// How many of the remaining bytes to send as one message of at most that size, so that the receiver does not take
  /// them for a command; at least 1.
  using Cut = std::size_t (*)(const base::Bytes& remaining, std::size_t maxMessageSize);
  /// One command, in as many messages as it needs.
  using Messages = std::vector<base::Bytes>;

  Outbox(std::size_t maxMessageSize, Order order, Cut cut)
      : maxMessageSize_(maxMessageSize), order_(order), cut_(cut) {}

  /// False if there are too many already.
  [[nodiscard]] bool addCommand(Messages command);
  [[nodiscard]] bool addCommand(base::Bytes command) { return addCommand(Messages{std::move(command)}); }
  /// Replaces an announcement that has not begun to go out: only the last one counts.
  void setAnnouncement(Messages announcement);
  /// Queues what comes before the segment's bytes, these, and what comes after them. False if there are too many
  /// already.
  [[nodiscard]] bool addBody(const PeerRequest& answerTo, Messages header, base::Bytes data, Messages trailer = {});
  /// Takes the answer to that request out, also in the middle of its bytes. False if it is not here.
  bool cancelBody(const PeerRequest& request);
  /// Takes all bodies out.
  void cancelBodies();

  /// Of everything handed out by take(), how much the channel has passed on so far.
  void onDrained(std::uint64_t total);

  struct Message {
    base::Bytes data;
    std::uint64_t segmentBytes = 0;  ///< of a body; 0 for commands
  };
  /// The next message to send now, if there is one and the channel has room for it. Without `bodies` none whose turn it
  /// is to bring bytes of a segment.
  std::optional<Message> take(bool bodies = true);

  [[nodiscard]] std::size_t bodies() const { return bodies_; }

 private:
  struct Command {
    Messages messages;
    std::size_t next = 0;
  };
  struct Announcement {};  // the newest is in announcement_ until it goes out
  struct Body {
    PeerRequest request;
    Messages header;
    base::Bytes data;
    Messages trailer;
    std::size_t headerNext = 0;
    std::size_t offset = 0;
    std::size_t trailerNext = 0;
    [[nodiscard]] bool finished() const { return offset == data.size() && trailerNext == trailer.size(); }
  };
  using Item = std::variant<Command, Announcement, Body>;
  using Items = std::vector<Item>;  // few, and mostly none: an empty one costs nothing

  [[nodiscard]] bool roomInChannel() const { return handedOver_ - drained_ < kHighWater; }
  Items::iterator nextItem();
  Message takeFrom(Items::iterator at, Command& command);
  Message takeFrom(Items::iterator at, Body& body);
  Message handOver(base::Bytes data, std::uint64_t segmentBytes);

  const std::size_t maxMessageSize_;
  const Order order_;
  const Cut cut_;
  Items items_;
  std::optional<Messages> announcement_;
  std::size_t commands_ = 0;
  std::size_t bodies_ = 0;
  std::uint64_t handedOver_ = 0;
  std::uint64_t drained_ = 0;
};

}  // namespace p2pml::engine
