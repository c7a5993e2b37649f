// Text forms of bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace p2pml::base {

/// Lower-case hex.
std::string toHex(std::span<const std::uint8_t> data);
std::string toHex(std::string_view raw);
/// Any case; nothing if the length is odd or a digit is wrong.
std::optional<std::string> fromHex(std::string_view hex);

/// RFC 4648 section 4, with padding.
std::string toBase64(std::span<const std::uint8_t> data);
std::optional<std::string> fromBase64(std::string_view text);

/// One byte -> one code point U+0000-U+00FF, as UTF-8 ("binary string", tracker-websocket.md 5c.1).
std::string latin1ToUtf8(std::string_view bytes);
/// The inverse; nothing if a code point is above U+00FF or the UTF-8 is broken.
std::optional<std::string> utf8ToLatin1(std::string_view utf8);

/// True if `text` is well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF).
bool isUtf8(std::string_view text);

}  // namespace p2pml::base
