// MPDs as a timeline (timeline.hpp): streams through all Periods, and the segments that there are at a given time.
#pragma once

#include <optional>
#include <string_view>

#include "media/mpd.hpp"
#include "media/sidx.hpp"
#include "media/timeline.hpp"

namespace p2pml::media {

/// Segments of a live stream whose window is not limited by the MPD: that many, the newest.
inline constexpr std::size_t kMaxOpenWindow = 10'000;
/// Further keys, roles of a stream are left out.
inline constexpr std::size_t kMaxStreamKeys = 16;

/// `url`: after redirects, against which the MPD was read. `requestUrl`: as it was asked for; `swarmId` if the
/// application gives one. `now`: the server's time; a dynamic MPD needs it, a static one ignores it. Representations of
/// the same id and kind in several Periods are one stream. Errors: invalidArgument (dynamic without a time), malformed
/// (a template, a URL, an S without a place), limitExceeded. Linear in the segments produced and the MPD.
base::Result<Presentation> presentationOf(const Mpd& mpd, std::string_view url, std::string_view requestUrl,
                                          std::optional<WallTime> now, std::string_view swarmId = {});

/// The segments that the index box at stream.indexes[index] says there are, in their place on the stream. A reference
/// to a further index becomes a further IndexSource. Errors: invalidArgument (no such index), limitExceeded.
base::Result<void> applyIndex(TimelineStream& stream, std::size_t index, const SegmentIndexBox& box);

}  // namespace p2pml::media
