// How viewers name the streams and segments of an MPD: what the Shaka integrations of 0.6.2 and 2.2.2 (G0, G2) answer
// (tests/golden/identity/mpds.json), what the source of 2.3 (G3) and of core 5.0 (G4) say; docs/protocol/peer-json.md
// 5a.1, docs/protocol/peer-binary.md 5b.1.
//
// JavaScript reckons with doubles and these names are what comes out of it, so this is done with doubles too: only
// additions, subtractions, multiplications and divisions in the same order, which give the same everywhere as long as
// the compiler does not fuse them (CMakeLists.txt forbids it for this file).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "media/mpd.hpp"
#include "media/timeline.hpp"

namespace p2pml::media {

/// Where a segment is, as the manifest has it.
struct DashTime {
  base::Duration periodStart{};
  std::int64_t units = 0;  ///< from the Period's start, in 1/timescale seconds
  std::uint32_t timescale = 1;
  /// Segments of @duration: units are `index` times this; 0 for those of a SegmentTimeline or an index.
  std::uint64_t segmentUnits = 0;
  std::uint64_t index = 0;
};

/// Number.prototype.toFixed(3) of a number whose absolute value is below 10^12.
std::string toFixed3(double value);

/// Sets sequence, externalId and externalIdOfG4.
void nameSegment(TimelineSegment& segment, const DashTime& time);

/// Video, audio, subtitles, ... of one Representation. Trick modes are iFrames.
TrackKind kindOf(const MpdAdaptationSet& set, const MpdRepresentation& representation);

/// Whether G0's player takes the set at all: it leaves out what has an EssentialProperty other than a trick mode's.
bool isPlayedByShaka2(const MpdAdaptationSet& set);

/// "25", "30000/1001" as JavaScript prints the quotient; empty if it is none.
std::string frameRateNumber(std::string_view frameRate);

/// Sets names and sharing of all streams, whose properties come from the Representations they were made of: `sources`,
/// one for each stream. A stream's index is its place among those of its type, which is their order in the manifest;
/// where there is no video, audio is main. The stream ids of G0 are set already, as the Representations are counted
/// there.
void nameStreams(Presentation& presentation,
                 const std::vector<std::pair<const MpdAdaptationSet*, const MpdRepresentation*>>& sources,
                 std::string_view requestUrl, std::string_view swarmId);

}  // namespace p2pml::media
