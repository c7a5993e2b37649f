// The generations of peers in the field (docs/protocol/README.md): each is a codec and an identity, chosen
// independently of each other. A new generation is a row here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace p2pml::engine {

enum class Generation : std::uint8_t {
  g0,  ///< p2p-media-loader 0.6.x, PeerTube's fork
  g2,  ///< 1.0.4 to 2.2.2
  g3,  ///< 2.3 to 4.x
  g4,  ///< 5.0
};
inline constexpr std::size_t kGenerations = 4;

/// How commands look.
enum class Codec : std::uint8_t {
  json,    ///< docs/protocol/peer-json.md 5a.2, 5a.3
  binary,  ///< docs/protocol/peer-binary.md 5b.3 to 5b.5
};
/// How a stream is named within its manifest (5a.1, 5b.1).
enum class StreamNaming : std::uint8_t { streamSwarmId, index, normalisedProperties, rawProperties };
/// What becomes the twenty bytes of the infohash.
enum class InfoHashRule : std::uint8_t {
  sha1,        ///< raw, over "2" + stream swarm id (5a.1)
  md5Base64,   ///< base64 of MD5's bytes 1 to 15 (5b.1)
  sha1Base64,  ///< base64 of SHA-1's bytes 0 to 14 (5b.1)
};
/// Which integer names a segment to binary peers.
enum class Numbering : std::uint8_t {
  externalId,  ///< Segment::externalId: live and VOD differ (5b.1)
  sequence,    ///< HLS: the media sequence number always; DASH: Segment::externalIdOfG4
};

/// Which URL of the manifest names its swarms where the application gives no name (5a.1, 5b.1).
enum class ManifestUrl : std::uint8_t { request, response };

struct GenerationInfo {
  std::string_view name;  ///< as in the setting peerProtocols
  Codec codec;
  StreamNaming streamNaming;
  InfoHashRule infoHash;
  Numbering numbering;
  ManifestUrl manifestUrl;
  std::string_view swarmPrefix;   ///< of the stream swarm id; none for G0
  std::string_view peerIdPrefix;  ///< 8 characters (5a.1, 5b.2)
};

/// A build for the seed's own generation alone (cmake/wasm.cmake) speaks no other: what they need is not reached then,
/// and the linker leaves it out.
#ifdef P2PML_G0_ONLY
inline constexpr bool kOnlyG0 = true;
#else
inline constexpr bool kOnlyG0 = false;
#endif
constexpr bool isBuilt(Generation generation) { return !kOnlyG0 || generation == Generation::g0; }

/// The row of a generation. Precondition: isBuilt(generation).
const GenerationInfo& infoOf(Generation generation);
constexpr std::array<Generation, kGenerations> allGenerations() {
  return {Generation::g0, Generation::g2, Generation::g3, Generation::g4};
}
/// None also for a generation that is not built.
std::optional<Generation> generationNamed(std::string_view name);

}  // namespace p2pml::engine
