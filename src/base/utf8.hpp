// UTF-8, one code point at a time: what the JSON reader and writer and the text encodings have in common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace p2pml::base {

inline constexpr char32_t kReplacementCharacter = 0xfffd;

struct Utf8Unit {
  char32_t codePoint = kReplacementCharacter;
  /// Bytes it takes. For broken text: of the maximal subpart that one U+FFFD replaces (Unicode 15 section 3.9, as
  /// browsers' TextDecoder does), at least 1.
  std::uint8_t length = 1;
  bool valid = false;
};

/// The code point at `position` of `text` by RFC 3629. Precondition: position < text.size().
Utf8Unit decodeUtf8(std::string_view text, std::size_t position);

/// Appends a code point. Precondition: at most U+10FFFF and no surrogate.
void appendUtf8(std::string& out, char32_t codePoint);

}  // namespace p2pml::base
