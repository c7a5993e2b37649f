// wire/peer_json: every command that decodes is encoded and decodes to the same value, and is told from data both
// times.
#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>

#include "base/assert.hpp"
#include "wire/peer_json.hpp"

using namespace p2pml;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto message = std::as_bytes(std::span(data, size));
  const wire::PeerMessage decoded = wire::decodePeerMessage(message);
  if (!wire::looksLikePeerCommand(message)) P2PML_ASSERT(std::holds_alternative<wire::SegmentBytes>(decoded));
  std::visit(
      [&](const auto& command) {
        if constexpr (requires { wire::encode(command); }) {
          const base::Bytes text = wire::encode(command);
          if (text.size() > wire::kMaxPeerCommandBytes)
            return;  // a size written in exponent form may grow by some digits
          P2PML_ASSERT(wire::looksLikePeerCommand(text.span()));
          P2PML_ASSERT(wire::decodePeerMessage(text.span()) == decoded);
        }
      },
      decoded);
  return 0;
}
