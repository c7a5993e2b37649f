// The binary peer protocol of generations G1 to G4 (docs/protocol/peer-binary.md): messages on a data channel <->
// values.
//
// A command is encoded as a body (5b.4, 5b.5), which travels in one message `cstr` body `cend` or, if it is too long
// for one, in several (5b.3). A message without such marks is bytes of the segment that is being received. So a
// receiver asks isCommandPart() of every message and gives those to its CommandAssembler, one per channel; a sender
// gives commands to encodeMessages() and cuts segments with safeChunkLength().
//
// Pure functions, and an assembler that holds at most kMaxBinaryCommandBytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"

namespace p2pml::wire {

/// Largest magnitude of a number: beyond it a JavaScript number may be another one (5b.4).
inline constexpr std::int64_t kMaxBinaryInteger = (std::int64_t{1} << 53) - 1;
/// Longest body that is put together from parts.
inline constexpr std::size_t kMaxBinaryCommandBytes = std::size_t{4} << 20;
/// Groups of one array, whose number is a byte. Each is of ids that differ in their low byte only.
inline constexpr std::size_t kMaxIdGroups = 255;
/// Ids of one announcement: what its two arrays can hold. Only one that repeats a field has more.
inline constexpr std::size_t kMaxAnnouncedIds = 2 * kMaxIdGroups * 256;
/// webRtcMaxMessageSize of the JavaScript library.
inline constexpr std::size_t kDefaultMaxMessageSize = 65'535;
/// The two marks and a byte between them.
inline constexpr std::size_t kMinMaxMessageSize = 9;

/// True if a segment id can be said in this protocol. Negative ids can.
constexpr bool isBinarySegmentId(std::int64_t id) { return -kMaxBinaryInteger <= id && id <= kMaxBinaryInteger; }

/// Command 0: replaces all that is known of the sender. Order has no meaning; a decoded one has no id twice in an
/// array.
struct SegmentsAnnouncement {
  std::vector<std::int64_t> loaded;
  std::vector<std::int64_t> loading;  ///< being loaded by HTTP
  friend bool operator==(const SegmentsAnnouncement&, const SegmentsAnnouncement&) = default;
};
/// Command 1: the segment's bytes from `from` to its end are wanted.
struct BinarySegmentRequest {
  std::int64_t segment = 0;
  std::optional<std::uint64_t> request;  ///< the requester's number, which the answers repeat; none in G1
  std::uint64_t from = 0;
  friend bool operator==(const BinarySegmentRequest&, const BinarySegmentRequest&) = default;
};
/// Command 2: `size` bytes follow, which is what is left after `from` of the request.
struct BinarySegmentData {
  std::int64_t segment = 0;
  std::uint64_t size = 0;
  std::optional<std::uint64_t> request;
  friend bool operator==(const BinarySegmentData&, const BinarySegmentData&) = default;
};
/// Command 3: all bytes were sent.
struct BinarySendingCompleted {
  std::int64_t segment = 0;
  std::optional<std::uint64_t> request;
  friend bool operator==(const BinarySendingCompleted&, const BinarySendingCompleted&) = default;
};
/// Command 4.
struct BinarySegmentAbsent {
  std::int64_t segment = 0;
  std::optional<std::uint64_t> request;
  friend bool operator==(const BinarySegmentAbsent&, const BinarySegmentAbsent&) = default;
};
/// Command 5.
struct BinaryCancelRequest {
  std::int64_t segment = 0;
  std::optional<std::uint64_t> request;
  friend bool operator==(const BinaryCancelRequest&, const BinaryCancelRequest&) = default;
};

/// In the order of the command codes.
using BinaryCommand = std::variant<SegmentsAnnouncement, BinarySegmentRequest, BinarySegmentData,
                                   BinarySendingCompleted, BinarySegmentAbsent, BinaryCancelRequest>;

/// The body, fields in the order the JavaScript library writes them (5b.5).
///
/// Of an announcement, ids that are not isBinarySegmentId() and repeated ones are left out. An array is of at most
/// kMaxIdGroups groups: if its ids need more, those with the highest ids are kept, as peers want what is ahead of them.
/// A group of 256 ids, which peers up to 2.3 cannot read, is written as two (5b.7).
///
/// Precondition of the other commands: isBinarySegmentId(segment), and no number above kMaxBinaryInteger.
base::Bytes encode(const BinaryCommand& command);

/// A body as messages of at most `maxMessageSize` bytes, cut where the JavaScript library cuts it (5b.3).
/// Preconditions: the body is not empty; maxMessageSize >= kMinMaxMessageSize.
std::vector<base::Bytes> frame(const base::Bytes& body, std::size_t maxMessageSize = kDefaultMaxMessageSize);

/// frame(encode(command)).
std::vector<base::Bytes> encodeMessages(const BinaryCommand& command,
                                        std::size_t maxMessageSize = kDefaultMaxMessageSize);

/// The command a body stands for, nothing if its code is unknown (whatever follows the code). Unknown fields are
/// ignored; of repeated ones the last counts. Errors: malformed, naming command and field; limitExceeded for more than
/// kMaxAnnouncedIds.
base::Result<std::optional<BinaryCommand>> decodeBinaryCommand(std::span<const std::byte> body);

/// True if the message is a command or part of one, by its first four and last four bytes (5b.3). All else is bytes of
/// a segment.
bool isCommandPart(std::span<const std::byte> message);
/// Reads these eight bytes of a foreign message.
bool isCommandPart(const base::Bytes& message);

/// How many of a segment's `remaining` bytes to send as the next message: min(remaining, maxMessageSize), or one less
/// where the receiver would take that for a part of a command (5b.7). 0 only if nothing remains.
/// Precondition: maxMessageSize > 0.
std::size_t safeChunkLength(std::span<const std::byte> remaining, std::size_t maxMessageSize = kDefaultMaxMessageSize);
std::size_t safeChunkLength(const base::Bytes& remaining, std::size_t maxMessageSize);

/// Puts the parts of commands together that came on one channel, in order (5b.3).
class CommandAssembler {
 public:
  /// The command that this message completes; nothing if more parts are to come or if its code is unknown.
  ///
  /// An error says why the message, and all that was pending, was dropped: a part in the wrong place or a body as in
  /// decodeBinaryCommand() (malformed), one longer than kMaxBinaryCommandBytes (limitExceeded). JavaScript peers keep
  /// the connection then, as segment bytes may look like a part; the assembler starts afresh with the next message.
  /// Precondition: isCommandPart(message).
  base::Result<std::optional<BinaryCommand>> add(std::span<const std::byte> message);

  /// Bytes of the body of which parts are still to come.
  [[nodiscard]] std::size_t pendingBytes() const { return body_.size(); }

 private:
  std::vector<std::byte> body_;
  bool pending_ = false;
};

}  // namespace p2pml::wire
