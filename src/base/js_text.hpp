// Text and numbers as JavaScript treats them (ECMA-262 2024): what peers hash after such treatment must come out the
// same here, byte for byte (docs/protocol/peer-binary.md 5b.1). Text is UTF-8; broken UTF-8 is read as a browser's
// TextDecoder would, one U+FFFD for each broken part.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace p2pml::base {

/// String.prototype.trim: white space and line terminators of Unicode, and U+FEFF.
std::string_view jsTrim(std::string_view text);

/// String.prototype.toLowerCase, by Unicode 17. Of the rule for a sigma at a word's end, what counts as a letter is
/// what has two cases, and what does not end a word is ASCII and Latin-1 punctuation, modifiers and combining marks up
/// to U+036F: enough for Greek.
std::string jsLowerCase(std::string_view text);

/// String.prototype.slice(0, units): the first UTF-16 code units. Half of a pair becomes U+FFFD, as in TextEncoder.
std::string jsPrefix(std::string_view text, std::size_t units);

/// Number(text): NaN if it is none. Blank text is 0; 0x, 0o and 0b are read; what no double can hold is infinite or 0.
double jsNumber(std::string_view text);

/// Number.prototype.toString(): the shortest digits that read back as the same number.
std::string jsNumberText(double value);

}  // namespace p2pml::base
