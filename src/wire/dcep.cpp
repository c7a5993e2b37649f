#include "wire/dcep.hpp"

#include <algorithm>
#include <string_view>

namespace p2pml::wire {
namespace {

constexpr std::uint8_t kTypeAck = 0x02;
constexpr std::uint8_t kTypeOpen = 0x03;
constexpr std::size_t kOpenHeader = 12;
constexpr std::size_t kMaxText = 0xffff;

void put(std::vector<std::byte>& out, std::uint64_t value, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
    out.push_back(static_cast<std::byte>(value >> shift & 0xff));
}

void put(std::vector<std::byte>& out, std::string_view text) {
  for (const char c : text) out.push_back(static_cast<std::byte>(c));
}

std::uint32_t get(std::span<const std::byte> data, std::size_t offset, std::size_t bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) value = value << 8 | std::to_integer<std::uint32_t>(data[offset + i]);
  return value;
}

std::string text(std::span<const std::byte> data) { return {reinterpret_cast<const char*>(data.data()), data.size()}; }

}  // namespace

std::vector<std::byte> encodeDcep(const DcepMessage& message) {
  std::vector<std::byte> out;
  if (std::holds_alternative<DataChannelAck>(message)) {
    put(out, kTypeAck, 1);
    return out;
  }
  const auto& open = std::get<DataChannelOpen>(message);
  const std::string_view label = std::string_view(open.label).substr(0, kMaxText);
  const std::string_view protocol = std::string_view(open.protocol).substr(0, kMaxText);
  out.reserve(kOpenHeader + label.size() + protocol.size());
  put(out, kTypeOpen, 1);
  put(out, open.channelType, 1);
  put(out, open.priority, 2);
  put(out, open.reliabilityParameter, 4);
  put(out, label.size(), 2);
  put(out, protocol.size(), 2);
  put(out, label);
  put(out, protocol);
  return out;
}

base::Result<DcepMessage> decodeDcep(std::span<const std::byte> message) {
  using base::ErrorCode;
  using base::fail;
  if (message.empty()) return fail(ErrorCode::malformed, "DCEP: empty message");
  const auto type = std::to_integer<std::uint8_t>(message[0]);
  if (type == kTypeAck) {
    if (message.size() != 1) return fail(ErrorCode::malformed, "DCEP: DATA_CHANNEL_ACK longer than its one byte");
    return DataChannelAck{};
  }
  if (type != kTypeOpen) return fail(ErrorCode::malformed, "DCEP: unknown message type " + std::to_string(type));
  if (message.size() < kOpenHeader) return fail(ErrorCode::malformed, "DCEP: DATA_CHANNEL_OPEN shorter than 12 bytes");
  DataChannelOpen open;
  open.channelType = std::to_integer<std::uint8_t>(message[1]);
  open.priority = static_cast<std::uint16_t>(get(message, 2, 2));
  open.reliabilityParameter = get(message, 4, 4);
  const std::size_t labelLength = get(message, 8, 2);
  const std::size_t protocolLength = get(message, 10, 2);
  if (message.size() != kOpenHeader + labelLength + protocolLength) {
    return fail(ErrorCode::malformed, "DCEP: DATA_CHANNEL_OPEN of " + std::to_string(message.size()) +
                                          " bytes does not match its label and protocol lengths");
  }
  open.label = text(message.subspan(kOpenHeader, labelLength));
  open.protocol = text(message.subspan(kOpenHeader + labelLength, protocolLength));
  return open;
}

}  // namespace p2pml::wire
