// platform/sim/lab/trace: what is refused says why; what is accepted is written and read again as it was.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/assert.hpp"
#include "platform/sim/lab/scenario.hpp"
#include "platform/sim/lab/trace.hpp"

using namespace p2pml;
using namespace p2pml::sim;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto trace = lab::readTrace({reinterpret_cast<const char*>(data), size});
  if (!trace) {
    P2PML_ASSERT(!trace.error().detail.empty());
    return 0;
  }
  P2PML_ASSERT(!trace->scenario.empty() && trace->viewers <= lab::kMaxViewers);
  const std::string text = lab::toText(*trace);
  const auto again = lab::readTrace(text);
  P2PML_ASSERT(again.has_value());
  P2PML_ASSERT(lab::toText(*again) == text);
  return 0;
}
