// The protocol between p2pml nodes (docs/protocol/node.md): messages on a data channel <-> values.
//
// A message is either frames, one after the other, or payload: bytes of a segment and nothing else. Which of the two is
// told by what came before, never by what is in it: a `data` frame, always the last of its message, says how many bytes
// of payload the next messages bring. So payload is neither copied nor looked at.
//
// Pure functions, a reader that holds nothing of its own, and NodeMap, which is bounded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"

namespace p2pml::wire {

/// The newest version of the protocol that is spoken here.
inline constexpr std::uint32_t kNodeVersion = 1;
/// Largest magnitude of a number, as in JavaScript.
inline constexpr std::int64_t kMaxNodeInteger = (std::int64_t{1} << 53) - 1;
/// Longest message of frames that is taken.
inline constexpr std::size_t kMaxNodeMessageBytes = 65'535;
/// Longest message of frames that is sent: what is longer goes in several.
inline constexpr std::size_t kMaxNodeSentBytes = 16 * 1024;
/// Smallest limit for messages that leaves room for every frame.
inline constexpr std::size_t kMinNodeMessageBytes = 2048;
/// Longest name of a segment that is no number.
inline constexpr std::size_t kMaxNodeText = 1024;
/// Most payload that one `data` frame may announce.
inline constexpr std::uint64_t kMaxNodePayload = 256 * 1024;
/// Hops of a relay from a complete source.
inline constexpr std::uint32_t kMaxRelayDepth = 30;

/// What a node says of one segment.
struct NodeStatus {
  enum class State : std::uint8_t {
    gone,      ///< nothing
    loading,   ///< it is getting it and cannot be asked for it yet
    relaying,  ///< it is getting it and passes on what it has
    loaded,    ///< it has all of it
  };
  State state = State::gone;
  std::uint32_t depth = 0;  ///< while relaying: hops from a complete source, 0 to kMaxRelayDepth; else 0

  friend bool operator==(const NodeStatus&, const NodeStatus&) = default;
};

/// Segments of one status whose numbers follow each other.
struct NodeNumbers {
  std::int64_t first = 0;
  std::uint64_t count = 0;
  NodeStatus status;
  /// The number after the last.
  [[nodiscard]] std::int64_t end() const { return first + static_cast<std::int64_t>(count); }
  friend bool operator==(const NodeNumbers&, const NodeNumbers&) = default;
};
/// A segment that is named by text.
struct NodeNamed {
  std::string name;
  NodeStatus status;
  friend bool operator==(const NodeNamed&, const NodeNamed&) = default;
};
using NodeSegmentName = std::variant<std::int64_t, std::string>;

/// The first frame of either side.
struct NodeHello {
  static constexpr std::uint64_t kCooperative = 1;  ///< takes part in elections
  static constexpr std::uint64_t kUploads = 2;      ///< answers requests
  std::uint32_t version = kNodeVersion;
  std::uint64_t flags = 0;
  friend bool operator==(const NodeHello&, const NodeHello&) = default;
};
/// What has changed since the last one; with `reset` all that the sender has.
struct NodeHave {
  bool reset = false;
  std::vector<NodeNumbers> numbers;  ///< ascending, none twice
  std::vector<NodeNamed> named;
  bool trouble = false;  ///< the origin, or what a validator looked at, has failed the sender lately
  friend bool operator==(const NodeHave&, const NodeHave&) = default;
};
/// Bytes from `from` up to, not including, `to` are wanted. Numbers of requests are the requester's.
struct NodeRequest {
  std::uint64_t request = 0;
  NodeSegmentName segment;
  std::uint64_t from = 0;
  std::uint64_t to = 0;  ///< 0: to the end
  friend bool operator==(const NodeRequest&, const NodeRequest&) = default;
};
/// The next messages are payload, `length` bytes in all: those of the segment from `offset` on.
struct NodeData {
  std::uint64_t request = 0;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;  ///< 1 to kMaxNodePayload
  std::uint64_t total = 0;   ///< of the segment; 0: not known yet
  friend bool operator==(const NodeData&, const NodeData&) = default;
};
/// Nothing more comes for the request.
struct NodeEnd {
  enum class Status : std::uint8_t {
    complete,  ///< all that was asked for was sent
    absent,    ///< the segment is not here
    busy,      ///< too many requests at once, or one that makes a circle: ask somebody else, or later
    failed,    ///< what the sender relayed broke off
  };
  std::uint64_t request = 0;
  Status status = Status::complete;
  std::uint64_t total = 0;  ///< of the segment, where complete
  friend bool operator==(const NodeEnd&, const NodeEnd&) = default;
};
/// The requester wants nothing more from byte `from` on. Data that is on its way may still come.
struct NodeCancel {
  std::uint64_t request = 0;
  std::uint64_t from = 0;  ///< 0: nothing more at all, and no end either
  friend bool operator==(const NodeCancel&, const NodeCancel&) = default;
};

/// In the order of their type numbers, from 1.
using NodeFrame = std::variant<NodeHello, NodeHave, NodeRequest, NodeData, NodeEnd, NodeCancel>;

/// A message of this one frame.
/// Preconditions: no number above kMaxNodeInteger, no text longer than kMaxNodeText, what NodeHave says of order.
base::Bytes encode(const NodeFrame& frame);

/// The same as messages of at most `maxMessageSize` bytes: the first resets if `have` does, the others add. All tell of
/// trouble if it does.
/// Precondition: maxMessageSize >= kMinNodeMessageBytes.
std::vector<base::Bytes> encodeMessages(const NodeHave& have, std::size_t maxMessageSize = kMaxNodeSentBytes);

/// Takes the frames of one message, in order. Types that are not known are passed over, and what a frame has beyond the
/// fields that are known.
class NodeFrameReader {
 public:
  explicit NodeFrameReader(std::span<const std::byte> message) : rest_(message) {}

  /// The next frame; nothing at the end of the message. Errors: malformed, naming frame and field; then nothing more
  /// can be read.
  base::Result<std::optional<NodeFrame>> next();

 private:
  std::span<const std::byte> rest_;
};

/// What one node has, as its `have` frames told.
///
/// What always holds: at most kMaxRuns runs, kMaxNamed names and kMaxNamedBytes bytes of them.
class NodeMap {
 public:
  static constexpr std::size_t kMaxRuns = 4096;
  static constexpr std::size_t kMaxNamed = 4096;
  static constexpr std::size_t kMaxNamedBytes = 256 * 1024;

  NodeMap() = default;
  /// Of any order; of what is said twice the last counts. Beyond the limits the lowest numbers and the last names are
  /// left out; names longer than kMaxNodeText always.
  NodeMap(std::vector<NodeNumbers> numbers, std::vector<NodeNamed> named);

  [[nodiscard]] NodeStatus find(std::int64_t number) const;
  [[nodiscard]] NodeStatus find(std::string_view name) const;
  [[nodiscard]] NodeStatus find(const NodeSegmentName& name) const;
  /// Segments that it says anything of.
  [[nodiscard]] std::uint64_t count() const;
  [[nodiscard]] bool empty() const { return numbers_.empty() && named_.empty(); }

  /// True if anything changed. Error: limitExceeded; then nothing has changed. Linear in both.
  base::Result<bool> apply(const NodeHave& have);
  void set(const NodeSegmentName& name, NodeStatus status);
  /// What, applied to `from`, makes `to` of it.
  static NodeHave difference(const NodeMap& from, const NodeMap& to);
  /// All of it.
  [[nodiscard]] NodeHave all() const { return {true, numbers_, named_}; }

  friend bool operator==(const NodeMap&, const NodeMap&) = default;

 private:
  std::vector<NodeNumbers> numbers_;  // ascending, disjoint; neighbours that touch differ
  std::vector<NodeNamed> named_;      // ascending
};

}  // namespace p2pml::wire
