// engine/settings: settings that are accepted are valid, and written and read again they are the same.
#include <cstddef>
#include <cstdint>

#include "base/assert.hpp"
#include "engine/settings.hpp"

using namespace p2pml;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto settings = engine::settingsFromJsonText({reinterpret_cast<const char*>(data), size});
  if (!settings) {
    P2PML_ASSERT(settings.error().code == base::ErrorCode::invalidArgument);
    P2PML_ASSERT(!settings.error().detail.empty());
    return 0;
  }
  P2PML_ASSERT(engine::validate(*settings));
  const auto again = engine::settingsFromJson(engine::toJson(*settings));
  P2PML_ASSERT(again && *again == *settings);
  return 0;
}
