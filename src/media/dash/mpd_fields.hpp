// Single attributes and elements of an MPD by type. Internal to the reader. Every error names the attribute, what it is
// and what was expected.
#pragma once

#include <cstdint>
#include <optional>
#include <pugixml.hpp>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "media/mpd.hpp"

namespace p2pml::media::dash {

/// Of one SegmentTimeline and of one SegmentList.
inline constexpr std::size_t kMaxMpdEntries = 200'000;

/// Nothing if the attribute is absent.
base::Result<std::optional<std::uint64_t>> integerField(const pugi::xml_node& element, std::string_view name,
                                                        std::uint64_t max);
/// xs:duration, not negative.
base::Result<std::optional<base::Duration>> durationField(const pugi::xml_node& element, std::string_view name);
base::Result<std::optional<WallTime>> dateTimeField(const pugi::xml_node& element, std::string_view name);
/// `first-last` in bytes (RFC 9110 section 14.1.2). Nothing if it is absent.
base::Result<std::optional<ByteRange>> rangeField(const pugi::xml_node& element, std::string_view name);
/// @availabilityTimeOffset in seconds; nothing for "INF". 0 if it is absent.
base::Result<std::optional<base::Duration>> offsetField(const pugi::xml_node& element);

/// The text in an element, without white space around it.
std::string_view trimmedText(const pugi::xml_node& element);

/// SegmentBase, SegmentList or SegmentTemplate: what it says goes over what `segments` has already.
base::Result<void> readSegments(const pugi::xml_node& element, MpdSegments& segments);

}  // namespace p2pml::media::dash
