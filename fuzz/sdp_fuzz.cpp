// Session descriptions as a tracker relays them from anybody.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.hpp"
#include "wire/sdp.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto sdp = p2pml::wire::parseSdp(text)) {
    // What is understood can be written, and reads the same again.
    const auto again = p2pml::wire::parseSdp(p2pml::wire::writeSdp(*sdp, 1));
    P2PML_ASSERT(again.has_value());
    P2PML_ASSERT(again->iceUfrag == sdp->iceUfrag && again->icePwd == sdp->icePwd &&
                 again->fingerprints == sdp->fingerprints);
    P2PML_ASSERT(again->setup == sdp->setup && again->sctpPort == sdp->sctpPort);
    for (const auto& line : sdp->candidates) {
      [[maybe_unused]] const bool readable = p2pml::wire::parseCandidate(line).has_value();
    }
  }
  if (const auto candidate = p2pml::wire::parseCandidate(text);
      candidate && candidate->transport != p2pml::wire::CandidateTransport::other &&
      candidate->type != p2pml::wire::CandidateType::other) {
    P2PML_ASSERT(p2pml::wire::parseCandidate(p2pml::wire::writeCandidate(*candidate)) == candidate);
  }
  return 0;
}
