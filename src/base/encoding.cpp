#include "base/encoding.hpp"

#include <array>

#include "base/utf8.hpp"

namespace p2pml::base {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNoDigit = 0xff;

constexpr std::array<std::uint8_t, 256> makeBase64Values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (std::size_t i = 0; i < kBase64Digits.size(); ++i) {
    values[static_cast<std::uint8_t>(kBase64Digits[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}
constexpr std::array<std::uint8_t, 256> kBase64Values = makeBase64Values();

std::span<const std::uint8_t> asOctets(std::string_view raw) {
  return {reinterpret_cast<const std::uint8_t*>(raw.data()), raw.size()};
}

std::uint8_t hexValue(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<std::uint8_t>(c - 'A' + 10);
  return kNoDigit;
}

}  // namespace

std::string toHex(std::span<const std::uint8_t> data) {
  std::string out;
  out.reserve(data.size() * 2);
  for (const std::uint8_t byte : data) {
    out.push_back(kHexDigits[byte >> 4U]);
    out.push_back(kHexDigits[byte & 0x0fU]);
  }
  return out;
}

std::string toHex(std::string_view raw) { return toHex(asOctets(raw)); }

std::optional<std::string> fromHex(std::string_view hex) {
  if (hex.size() % 2 != 0) return std::nullopt;
  std::string out;
  out.reserve(hex.size() / 2);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const std::uint8_t high = hexValue(hex[i]);
    const std::uint8_t low = hexValue(hex[i + 1]);
    if (high == kNoDigit || low == kNoDigit) return std::nullopt;
    out.push_back(static_cast<char>((high << 4U) | low));
  }
  return out;
}

std::string toBase64(std::span<const std::uint8_t> data) {
  std::string out;
  out.reserve((data.size() + 2) / 3 * 4);
  std::size_t i = 0;
  for (; i + 3 <= data.size(); i += 3) {
    const std::uint32_t bits = (std::uint32_t{data[i]} << 16U) | (std::uint32_t{data[i + 1]} << 8U) | data[i + 2];
    out.push_back(kBase64Digits[bits >> 18U]);
    out.push_back(kBase64Digits[(bits >> 12U) & 0x3fU]);
    out.push_back(kBase64Digits[(bits >> 6U) & 0x3fU]);
    out.push_back(kBase64Digits[bits & 0x3fU]);
  }
  const std::size_t rest = data.size() - i;
  if (rest != 0) {
    std::uint32_t bits = std::uint32_t{data[i]} << 16U;
    if (rest == 2) bits |= std::uint32_t{data[i + 1]} << 8U;
    out.push_back(kBase64Digits[bits >> 18U]);
    out.push_back(kBase64Digits[(bits >> 12U) & 0x3fU]);
    out.push_back(rest == 2 ? kBase64Digits[(bits >> 6U) & 0x3fU] : '=');
    out.push_back('=');
  }
  return out;
}

std::optional<std::string> fromBase64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;

  std::string out;
  out.reserve(text.size() / 4 * 3);
  std::uint32_t bits = 0;
  std::uint32_t have = 0;
  for (const char c : text.substr(0, text.size() - padding)) {
    const std::uint8_t value = kBase64Values[static_cast<std::uint8_t>(c)];
    if (value == kNoDigit) return std::nullopt;
    bits = (bits << 6U) | value;
    have += 6;
    if (have >= 8) {
      have -= 8;
      out.push_back(static_cast<char>(static_cast<std::uint8_t>(bits >> have)));
      bits &= (1U << have) - 1;
    }
  }
  // Section 3.5: the bits left over must be zero, else two texts would mean the same bytes.
  if (bits != 0) return std::nullopt;
  return out;
}

std::string latin1ToUtf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (const std::uint8_t byte : asOctets(bytes)) appendUtf8(out, byte);
  return out;
}

std::optional<std::string> utf8ToLatin1(std::string_view utf8) {
  std::string out;
  out.reserve(utf8.size());
  for (std::size_t i = 0; i < utf8.size();) {
    const Utf8Unit unit = decodeUtf8(utf8, i);
    if (!unit.valid || unit.codePoint > 0xff) return std::nullopt;
    out.push_back(static_cast<char>(static_cast<std::uint8_t>(unit.codePoint)));
    i += unit.length;
  }
  return out;
}

bool isUtf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const Utf8Unit unit = decodeUtf8(text, i);
    if (!unit.valid) return false;
    i += unit.length;
  }
  return true;
}

}  // namespace p2pml::base
