// Data channel establishment messages, the first thing a remote sends on a connection.
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/assert.hpp"
#include "wire/dcep.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto message = std::as_bytes(std::span(data, size));
  if (const auto decoded = p2pml::wire::decodeDcep(message)) {
    const std::vector<std::byte> again = p2pml::wire::encodeDcep(*decoded);
    P2PML_ASSERT(again == std::vector<std::byte>(message.begin(), message.end()));
  }
  return 0;
}
