#include "base/utf8.hpp"

#include "base/assert.hpp"

namespace p2pml::base {

Utf8Unit decodeUtf8(std::string_view text, std::size_t position) {
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = at(position);
  if (lead < 0x80) return {lead, 1, true};

  // RFC 3629 section 4: the second byte's range depends on the first; this is what forbids overlong forms and
  // surrogates.
  std::uint8_t tail = 0;
  std::uint8_t low = 0x80;
  std::uint8_t high = 0xbf;
  char32_t codePoint = 0;
  if (lead >= 0xc2 && lead <= 0xdf) {
    tail = 1;
    codePoint = lead & 0x1fU;
  } else if (lead >= 0xe0 && lead <= 0xef) {
    tail = 2;
    codePoint = lead & 0x0fU;
    if (lead == 0xe0) low = 0xa0;
    if (lead == 0xed) high = 0x9f;
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    tail = 3;
    codePoint = lead & 0x07U;
    if (lead == 0xf0) low = 0x90;
    if (lead == 0xf4) high = 0x8f;
  } else {
    return {};
  }
  for (std::uint8_t i = 1; i <= tail; ++i) {
    if (position + i >= text.size() || at(position + i) < low || at(position + i) > high) {
      return {kReplacementCharacter, i, false};
    }
    codePoint = (codePoint << 6U) | (at(position + i) & 0x3fU);
    low = 0x80;
    high = 0xbf;
  }
  return {codePoint, static_cast<std::uint8_t>(tail + 1), true};
}

void appendUtf8(std::string& out, char32_t codePoint) {
  P2PML_ASSERT(codePoint <= 0x10ffff && (codePoint < 0xd800 || codePoint > 0xdfff));
  const auto put = [&](char32_t byte) { out.push_back(static_cast<char>(static_cast<std::uint8_t>(byte))); };
  if (codePoint < 0x80) {
    put(codePoint);
  } else if (codePoint < 0x800) {
    put(0xc0U | (codePoint >> 6U));
    put(0x80U | (codePoint & 0x3fU));
  } else if (codePoint < 0x10000) {
    put(0xe0U | (codePoint >> 12U));
    put(0x80U | ((codePoint >> 6U) & 0x3fU));
    put(0x80U | (codePoint & 0x3fU));
  } else {
    put(0xf0U | (codePoint >> 18U));
    put(0x80U | ((codePoint >> 12U) & 0x3fU));
    put(0x80U | ((codePoint >> 6U) & 0x3fU));
    put(0x80U | (codePoint & 0x3fU));
  }
}

}  // namespace p2pml::base
