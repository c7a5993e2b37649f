// base/encoding: every text that decodes is the one its bytes encode to (hex: but for case), and all bytes survive each
// form.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/assert.hpp"
#include "base/encoding.hpp"

using namespace p2pml::base;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::span<const std::uint8_t> bytes(data, size);

  P2PML_ASSERT(fromHex(toHex(bytes)) == input);
  P2PML_ASSERT(fromBase64(toBase64(bytes)) == input);
  P2PML_ASSERT(utf8ToLatin1(latin1ToUtf8(input)) == input);

  if (const auto raw = fromHex(input)) {
    std::string lower(input);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; });
    P2PML_ASSERT(toHex(*raw) == lower);
  }
  if (const auto raw = fromBase64(input)) {
    P2PML_ASSERT(toBase64(std::span(reinterpret_cast<const std::uint8_t*>(raw->data()), raw->size())) == input);
  }
  if (const auto raw = utf8ToLatin1(input)) {
    P2PML_ASSERT(isUtf8(input));
    P2PML_ASSERT(latin1ToUtf8(*raw) == input);
  }
  return 0;
}
