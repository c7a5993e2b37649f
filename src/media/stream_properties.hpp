// What a manifest says of one stream: the properties by which viewers of the later JavaScript generations name its
// swarm (docs/protocol/peer-binary.md 5b.1). Data and how to read it off an HLS multivariant playlist; hashing it is
// the engine's (engine/identity.hpp).
//
// Read as hls.js 1.6 and the integrations of 2.2 and 2.3 read a playlist (tests/golden/identity has their answers), and
// as core 5.0 does where that differs. A media playlist has one identity, however many variants and renditions have its
// URI: that of the first variant, else of the first audio rendition.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "media/playlist.hpp"

namespace p2pml::media {

/// main: what EXT-X-STREAM-INF lists (or the only playlist); secondary: alternative audio with its own playlist.
enum class StreamType : std::uint8_t { main, secondary };
constexpr const char* toString(StreamType type) { return type == StreamType::main ? "main" : "secondary"; }

/// Text is as written in the manifest; what is absent there is empty or 0.
struct StreamProperties {
  StreamType type = StreamType::main;
  /// 0-based place among the streams of its type, in manifest order.
  std::uint32_t index = 0;
  /// Bits a second: AVERAGE-BANDWIDTH is not what counts, BANDWIDTH is (hls.js: maxBitrate, else bitrate). 0 for audio.
  std::uint64_t bitrate = 0;
  /// Of a main stream only the video codecs, of a secondary one only the audio codecs, by commas.
  std::string codecs;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::string language;
  std::string channels;
  std::string name;
  /// Hertz. Of a playlist: the number as JavaScript prints it, "29.97" for 29.970.
  std::string frameRate;
  std::string videoRange;
  /// What G2 and G3 call the whole manifest, where that is not the master swarm id: they go by its URL after redirects,
  /// without the query, the others by the URL asked for (5b.1).
  std::string redirectedSwarmId;
  /// Where an application names its streams itself: stands in for the index and for the hash of all of the above.
  std::string key;

  /// G4 only: whether another stream of this type in the manifest has all the rest in common, so that the bitrate must
  /// tell them apart.
  bool bitrateDistinguishes = false;
  /// G4 only: the codecs as core 5.0 lists them, if that differs from `codecs`: it knows fewer by name.
  std::optional<std::string> codecsOfG4;
  /// G4 only, of an MPD: core 5.0 reads it by itself and not through a player, so that more differs.
  struct DashOfG4 {
    std::uint64_t bitrate = 0;
    std::string codecs;
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    std::string language;
    std::string channels;
    std::string name;
    std::string frameRate;

    friend bool operator==(const DashOfG4&, const DashOfG4&) = default;
  };
  std::optional<DashOfG4> dashOfG4;

  friend bool operator==(const StreamProperties&, const StreamProperties&) = default;
};

/// The main stream that the variant's playlist is. `index` counts as hls.js does: all variants, also those of one URI,
/// but none with codecs that hls.js does not know while there are others; those come after all others here.
/// Precondition: variant < master.variants.size().
StreamProperties streamPropertiesOf(const MultivariantPlaylist& master, std::size_t variant);

/// The stream that an audio rendition's playlist is: a secondary one, or a variant's main one if that has the same URI.
/// `index` counts all audio renditions, also those without a URI, in manifest order whatever their group; where hls.js
/// puts a track for the first variant's own audio before them, from 1.
/// Precondition: the rendition is of type audio and has a URI.
StreamProperties audioStreamProperties(const MultivariantPlaylist& master, std::size_t rendition);

/// The video codecs of a list as core 5.0 picks them out.
std::string videoCodecsOfG4(std::string_view codecs);

/// A media playlist without a multivariant one says nothing of itself: main, index 0, everything else empty.
StreamProperties streamPropertiesWithoutMaster();

}  // namespace p2pml::media
