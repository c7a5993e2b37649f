// Answers of a STUN server, or of whoever else sends to the socket.
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/assert.hpp"
#include "platform/native/rtc/stun.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Whatever it says of itself, as the answer to a request of ours.
  p2pml::native::StunTransaction transaction{};
  for (std::size_t i = 0; i < transaction.size() && i + 8 < size; ++i) transaction[i] = data[i + 8];
  const auto address = p2pml::native::stunMappedAddress(std::span(data, size), transaction);
  if (address) P2PML_ASSERT(!address->ip.empty());
  return 0;
}
