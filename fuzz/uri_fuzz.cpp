// Any reference against any base, as "base LF reference": a target or an error; a target resolves to itself.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.hpp"
#include "media/uri.hpp"

using namespace p2pml;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view base = text.substr(0, end);
  const std::string_view reference = text.substr(std::min(end + 1, text.size()));

  static_cast<void>(media::uriQueryParameter(reference, base));
  static_cast<void>(media::isHttpUrl(reference));
  const auto relative = media::UriResolver().resolve(reference);
  const auto resolved = media::resolveUri(reference, base);
  if (!resolved) return 0;
  P2PML_ASSERT(relative);
  P2PML_ASSERT(resolved->size() <= 3 * text.size() + 4);
  P2PML_ASSERT(std::ranges::all_of(*resolved, [](char c) { return c > 0x20 && c < 0x7f; }));
  const media::UriParts parts = media::splitUri(*resolved);
  P2PML_ASSERT(parts.scheme);
  const auto again = media::resolveUri(*resolved, base);
  if (resolved->size() <= media::kMaxUriBytes && !reference.empty() && reference.front() != '?' &&
      reference.front() != '#') {
    P2PML_ASSERT(again && *again == *resolved);
  }
  return 0;
}
