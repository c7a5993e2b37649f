// The MPEG-DASH manifest reader (ISO/IEC 23009-1): text in, media/mpd.hpp's values out. With pugixml, which the browser
// build does not have; the rest of media does without.
//
// Tolerant where nothing is lost (unknown elements and attributes, prefixes, an unknown @type is static); an error
// where a segment would get a wrong name, place or time. Elements behind xlink are not fetched: a note says so. Linear,
// with the limits of mpd_xml.hpp and below.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/error.hpp"
#include "media/mpd.hpp"

namespace p2pml::media::dash {

inline constexpr std::size_t kMaxMpdPeriods = 2'000;
/// Of all Periods together.
inline constexpr std::size_t kMaxMpdRepresentations = 2'000;

/// `baseUrl`: where the text came from, after redirects; an absolute URL. Errors: malformed ("MPD: Period 2:
/// AdaptationSet 1: Representation \"v1\": ..."), limitExceeded (naming the limit).
base::Result<Mpd> parseMpd(std::string_view text, std::string_view baseUrl);

}  // namespace p2pml::media::dash
