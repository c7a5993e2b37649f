#include "platform/native/rtc/stun.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>

namespace p2pml::native {

namespace {

constexpr std::array<std::uint8_t, 4> kMagicCookie{0x21, 0x12, 0xa4, 0x42};
constexpr std::size_t kHeaderBytes = 20;
constexpr unsigned kBindingSuccess = 0x0101;
constexpr unsigned kMappedAddress = 0x0001;
constexpr unsigned kXorMappedAddress = 0x0020;
constexpr std::uint8_t kIpv4 = 1;
constexpr std::uint8_t kIpv6 = 2;

unsigned number(std::span<const std::uint8_t> bytes, std::size_t at) { return bytes[at] * 256U + bytes[at + 1]; }

/// Of an attribute's value: a zero byte, the family, the port, the address (RFC 8489 section 14.1). `mask` is what the
/// address is hidden with (14.2), its first two bytes hide the port.
std::optional<StunAddress> addressOf(std::span<const std::uint8_t> value, std::span<const std::uint8_t> mask) {
  if (value.size() < 4) return std::nullopt;
  const std::size_t size = value[1] == kIpv4 ? 4 : value[1] == kIpv6 ? 16 : 0;
  if (size == 0 || value.size() != 4 + size) return std::nullopt;
  StunAddress address;
  address.port = static_cast<std::uint16_t>(number(value, 2) ^ number(mask, 0));
  const auto plain = [&](std::size_t i) { return static_cast<std::uint8_t>(value[4 + i] ^ mask[i]); };
  if (size == 4) {
    boost::asio::ip::address_v4::bytes_type bytes{};
    for (std::size_t i = 0; i < size; ++i) bytes[i] = plain(i);
    address.ip = boost::asio::ip::address_v4(bytes).to_string();
  } else {
    boost::asio::ip::address_v6::bytes_type bytes{};
    for (std::size_t i = 0; i < size; ++i) bytes[i] = plain(i);
    address.ip = boost::asio::ip::address_v6(bytes).to_string();
  }
  return address;
}

}  // namespace

StunRequest stunBindingRequest(const StunTransaction& transaction) {
  StunRequest request{0x00, 0x01, 0x00, 0x00};
  std::ranges::copy(kMagicCookie, request.begin() + 4);
  std::ranges::copy(transaction, request.begin() + 8);
  return request;
}

std::optional<StunAddress> stunMappedAddress(std::span<const std::uint8_t> message,
                                             const StunTransaction& transaction) {
  if (message.size() < kHeaderBytes || number(message, 0) != kBindingSuccess ||
      number(message, 2) != message.size() - kHeaderBytes || !std::ranges::equal(message.subspan(4, 4), kMagicCookie) ||
      !std::ranges::equal(message.subspan(8, 12), transaction)) {
    return std::nullopt;
  }
  const std::span<const std::uint8_t> mask = message.subspan(4, 16);
  constexpr std::array<std::uint8_t, 16> kNoMask{};
  std::optional<StunAddress> plain;
  std::span<const std::uint8_t> rest = message.subspan(kHeaderBytes);
  while (rest.size() >= 4) {
    const unsigned type = number(rest, 0);
    const std::size_t size = number(rest, 2);
    rest = rest.subspan(4);
    if (size > rest.size()) break;
    const auto value = rest.subspan(0, size);
    if (type == kXorMappedAddress) return addressOf(value, mask);
    if (type == kMappedAddress) plain = addressOf(value, kNoMask);
    rest = rest.subspan(std::min(rest.size(), (size + 3) / 4 * 4));
  }
  return plain;
}

}  // namespace p2pml::native
