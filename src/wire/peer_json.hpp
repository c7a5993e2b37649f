// The JSON peer protocol of generation G0 (docs/protocol/peer-json.md): messages on a data channel <-> values.
//
// A message is a command iff its first two bytes are `{"`, its last is `}` and the whole parses as JSON (5a.2);
// everything else is segment bytes. Commands are sent as binary messages, key order as the JavaScript library writes
// it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"

namespace p2pml::wire {

/// Values of the integers in a map (5a.3).
enum class SegmentStatus : std::uint8_t { loaded = 0, loadingByHttp = 1 };

/// One stream's line of a map: sequences with their status, in the order written.
struct StreamAvailability {
  base::StreamSwarmId stream;
  std::vector<std::pair<std::string, SegmentStatus>> segments;

  friend bool operator==(const StreamAvailability&, const StreamAvailability&) = default;
};

/// Command 0: `size` bytes of the segment follow at once. size 0 is never sent and an error when received (5a.4 clause
/// 9).
struct SegmentData {
  base::SegmentId id;
  std::uint64_t size = 0;
  friend bool operator==(const SegmentData&, const SegmentData&) = default;
};
/// Command 1.
struct SegmentAbsent {
  base::SegmentId id;
  friend bool operator==(const SegmentAbsent&, const SegmentAbsent&) = default;
};
/// Command 2: replaces all that is known of the sender. Anything wrong anywhere in it makes the whole map empty (5a.3):
/// that is no malformed command but an empty map.
struct SegmentsMap {
  std::vector<StreamAvailability> streams;
  friend bool operator==(const SegmentsMap&, const SegmentsMap&) = default;
};
/// Command 3.
struct SegmentRequest {
  base::SegmentId id;
  friend bool operator==(const SegmentRequest&, const SegmentRequest&) = default;
};
/// Command 4: JavaScript receivers ignore it, ours stop sending.
struct CancelSegmentRequest {
  base::SegmentId id;
  friend bool operator==(const CancelSegmentRequest&, const CancelSegmentRequest&) = default;
};

/// Not a command: bytes of the segment that is being received.
struct SegmentBytes {
  friend bool operator==(const SegmentBytes&, const SegmentBytes&) = default;
};
/// JSON of a command's form whose code is unknown: ignored (5a.4 clause 10).
struct UnknownCommand {
  friend bool operator==(const UnknownCommand&, const UnknownCommand&) = default;
};
/// A known command with a missing or wrong field: the peer's fault.
struct MalformedCommand {
  base::Error error;
  friend bool operator==(const MalformedCommand&, const MalformedCommand&) = default;
};

using PeerMessage = std::variant<SegmentBytes, SegmentData, SegmentAbsent, SegmentsMap, SegmentRequest,
                                 CancelSegmentRequest, UnknownCommand, MalformedCommand>;

/// Longest text that is looked at as a command; longer messages are segment bytes.
inline constexpr std::size_t kMaxPeerCommandBytes = 1 << 20;
/// Entries of one map; a map with more is taken as empty.
inline constexpr std::size_t kMaxMapEntries = 65'536;
/// Room for a swarm named by a URL of 8 KiB, which servers and browsers still take, and what 5a.1 puts behind it.
inline constexpr std::size_t kMaxSegmentIdBytes = 16'384;
/// All segment ids that one map stands for, put together; a map with more is taken as empty. A long stream id before
/// many short sequences would otherwise grow a thousandfold where ids are written out.
inline constexpr std::size_t kMaxMapIdBytes = std::size_t{1} << 20;

/// True if the first two bytes are `{"` and the last is `}`: all that can be told without parsing.
bool looksLikePeerCommand(std::span<const std::byte> message);
/// Reads three bytes of a foreign message.
bool looksLikePeerCommand(const base::Bytes& message);

PeerMessage decodePeerMessage(std::span<const std::byte> message);
/// The same; of a foreign message only what looks like a command is copied into this program's memory.
PeerMessage decodePeerMessage(const base::Bytes& message);

base::Bytes encode(const SegmentData& command);
base::Bytes encode(const SegmentAbsent& command);
/// Streams without segments are left out (`["",[]]` would be taken as an error, 5a.3), and so are sequences with a `|`,
/// which a map cannot say. Precondition: every stream occurs once.
base::Bytes encode(const SegmentsMap& command);
base::Bytes encode(const SegmentRequest& command);
base::Bytes encode(const CancelSegmentRequest& command);

}  // namespace p2pml::wire
