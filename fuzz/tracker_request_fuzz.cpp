// wire/tracker_message: every request that decodes is encoded and decodes to the same value.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/assert.hpp"
#include "wire/tracker_message.hpp"

using namespace p2pml;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto decoded = wire::decodeTrackerRequest({reinterpret_cast<const char*>(data), size});
  if (!decoded) {
    P2PML_ASSERT(!decoded.error().detail.empty());
    return 0;
  }
  const std::string text = std::visit([](const auto& message) { return wire::encode(message); }, *decoded);
  if (text.size() > wire::kMaxTrackerMessageBytes) return 0;  // keys that were left out are written
  const auto again = wire::decodeTrackerRequest(text);
  P2PML_ASSERT(again && *again == *decoded);
  return 0;
}
