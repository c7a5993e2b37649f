// The data channel establishment protocol: the two messages that open a data channel (RFC 8832 section 5).
//
// Pure bytes <-> values. They travel on the channel's own SCTP stream with PPID 50 (RFC 8831 section 8).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/error.hpp"

namespace p2pml::wire {

/// SCTP payload protocol identifiers of data channels (RFC 8831 section 8). Empty messages carry one zero byte, as SCTP
/// has none of length zero.
enum class Ppid : std::uint32_t {
  dcep = 50,
  string = 51,
  binaryPartial = 52,  ///< deprecated there; a piece of a binary message
  binary = 53,
  stringPartial = 54,  ///< deprecated there
  stringEmpty = 56,
  binaryEmpty = 57,
};

/// DATA_CHANNEL_OPEN:
///
///   0      type 0x03 | channel type | priority (2)
///   4      reliability parameter (4)
///   8      label length (2) | protocol length (2)
///   12     label, then protocol
struct DataChannelOpen {
  static constexpr std::uint8_t kReliable = 0x00;  ///< ordered, every message arrives

  std::uint8_t channelType = kReliable;
  std::uint16_t priority = 0;
  std::uint32_t reliabilityParameter = 0;
  std::string label;     ///< at most 65535 bytes
  std::string protocol;  ///< at most 65535 bytes

  friend bool operator==(const DataChannelOpen&, const DataChannelOpen&) = default;
};

/// DATA_CHANNEL_ACK: the one byte 0x02.
struct DataChannelAck {
  friend bool operator==(const DataChannelAck&, const DataChannelAck&) = default;
};

using DcepMessage = std::variant<DataChannelOpen, DataChannelAck>;

/// Label and protocol are cut at 65535 bytes.
std::vector<std::byte> encodeDcep(const DcepMessage& message);

/// Error: malformed, for an unknown type, a length that does not match, or trailing bytes.
base::Result<DcepMessage> decodeDcep(std::span<const std::byte> message);

}  // namespace p2pml::wire
