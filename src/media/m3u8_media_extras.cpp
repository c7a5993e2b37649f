// The tags of a media playlist that are not of a whole segment: dates, low latency, delta updates (RFC 8216 second
// edition, section 4.4.3.7, 4.4.3.8, 4.4.4.9 and 4.4.5).
#include <limits>

#include "media/m3u8_media.hpp"

namespace p2pml::media {
namespace {

constexpr std::string_view kDurationExpected = "a number of seconds from 0 to 1000000";

std::optional<base::Duration> durationAttribute(M3u8AttributeReader& attributes, std::string_view name) {
  const auto microseconds = attributes.decimal(name, 6);
  if (!microseconds) return std::nullopt;
  if (base::Duration(*microseconds) > kMaxSegmentDuration) attributes.refuse(name, kDurationExpected);
  return base::Duration(*microseconds);
}

bool isKnownDateRangeAttribute(std::string_view name) {
  constexpr auto kKnown =
      std::to_array<std::string_view>({"CLASS", "CUE", "DURATION", "END-DATE", "END-ON-NEXT", "ID", "PLANNED-DURATION",
                                       "SCTE35-CMD", "SCTE35-IN", "SCTE35-OUT", "START-DATE"});
  static_assert(std::ranges::is_sorted(kKnown));
  return std::ranges::binary_search(kKnown, name);
}

}  // namespace

M3u8Status MediaPlaylistReader::onDateRange(std::string_view value) {
  if (playlist_.dateRanges.size() == kMaxDateRanges) return context_.limitExceeded("more than 10000 of them");
  M3u8AttributeReader attributes(context_, value);
  DateRange range;
  range.id = attributes.requiredText("ID");
  range.className = attributes.text("CLASS");
  range.startDate = attributes.text("START-DATE");
  range.start = parseDateTime(range.startDate);
  range.endDate = attributes.text("END-DATE");
  range.duration = durationAttribute(attributes, "DURATION");
  range.plannedDuration = durationAttribute(attributes, "PLANNED-DURATION");
  range.cue = attributes.text("CUE");
  range.scte35Command = attributes.text("SCTE35-CMD");
  range.scte35Out = attributes.text("SCTE35-OUT");
  range.scte35In = attributes.text("SCTE35-IN");
  range.endOnNext = attributes.yes("END-ON-NEXT");
  for (const auto& attribute : attributes.list().all()) {
    if (isKnownDateRangeAttribute(attribute.name)) continue;
    range.otherAttributes.emplace_back(std::string(attribute.name), attributes.text(attribute.name));
  }
  if (!attributes.status()) return attributes.status();
  playlist_.dateRanges.push_back(std::move(range));
  return {};
}

M3u8Status MediaPlaylistReader::onPartInf(std::string_view value) {
  M3u8AttributeReader attributes(context_, value);
  playlist_.partTarget = durationAttribute(attributes, "PART-TARGET");
  if (!playlist_.partTarget) attributes.refuse("PART-TARGET", kDurationExpected);
  return attributes.status();
}

M3u8Status MediaPlaylistReader::onServerControl(std::string_view value) {
  M3u8AttributeReader attributes(context_, value);
  ServerControl control;
  control.canBlockReload = attributes.yes("CAN-BLOCK-RELOAD");
  control.canSkipDateRanges = attributes.yes("CAN-SKIP-DATERANGES");
  control.canSkipUntil = durationAttribute(attributes, "CAN-SKIP-UNTIL");
  control.holdBack = durationAttribute(attributes, "HOLD-BACK");
  control.partHoldBack = durationAttribute(attributes, "PART-HOLD-BACK");
  if (!attributes.status()) return attributes.status();
  playlist_.serverControl = control;
  return {};
}

M3u8Status MediaPlaylistReader::onPart(std::string_view value) {
  M3u8AttributeReader attributes(context_, value);
  PartialSegment part;
  part.uri = attributes.requiredUri("URI");
  const auto duration = durationAttribute(attributes, "DURATION");
  if (!duration) attributes.refuse("DURATION", kDurationExpected);
  part.duration = duration.value_or(base::Duration());
  part.independent = attributes.yes("INDEPENDENT");
  part.gap = attributes.yes("GAP");
  if (const auto range = attributes.byteRange("BYTERANGE")) {
    part.byteRange = ByteRange{range->offset.value_or(0), range->length};
    if (!range->offset) {
      // As for segments: it goes on where the part before it ends, if that is of the same resource.
      const PartialSegment* previous = pending_.parts.empty() ? nullptr : &pending_.parts.back();
      if (previous == nullptr && !playlist_.segments.empty() && !playlist_.segments.back().parts.empty()) {
        previous = &playlist_.segments.back().parts.back();
      }
      if (previous != nullptr && previous->byteRange && previous->uri == part.uri) {
        part.byteRange->offset = previous->byteRange->offset + previous->byteRange->length;
        constexpr auto kMaxEnd = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
        if (part.byteRange->offset > kMaxEnd - part.byteRange->length) {
          attributes.refuse("BYTERANGE", "an end of at most 2^63 - 1");
        }
      }
    }
  }
  if (!attributes.status()) return attributes.status();
  pending_.parts.push_back(std::move(part));
  return {};
}

M3u8Status MediaPlaylistReader::onPreloadHint(std::string_view value) {
  if (playlist_.preloadHints.size() == kMaxPlaylistExtras) return context_.limitExceeded("more than 1000 of them");
  M3u8AttributeReader attributes(context_, value);
  PreloadHint hint;
  hint.type = attributes.requiredText("TYPE", "PART or MAP");
  hint.uri = attributes.requiredUri("URI");
  hint.start = attributes.integer("BYTERANGE-START").value_or(0);
  hint.length = attributes.integer("BYTERANGE-LENGTH");
  if (!attributes.status()) return attributes.status();
  playlist_.preloadHints.push_back(std::move(hint));
  return {};
}

M3u8Status MediaPlaylistReader::onRenditionReport(std::string_view value) {
  if (playlist_.renditionReports.size() == kMaxPlaylistExtras) return context_.limitExceeded("more than 1000 of them");
  M3u8AttributeReader attributes(context_, value);
  RenditionReport report;
  report.uri = attributes.requiredUri("URI");
  report.lastSequence = attributes.integer("LAST-MSN");
  report.lastPart = attributes.integer("LAST-PART");
  if (!attributes.status()) return attributes.status();
  playlist_.renditionReports.push_back(std::move(report));
  return {};
}

M3u8Status MediaPlaylistReader::onSkip(std::string_view value) {
  // A delta update leaves segments out, so that those here would get wrong numbers. Servers send one only on request.
  if (!context_.options().allowDelta) return context_.malformed("this is a delta update, expected a whole playlist");
  if (playlist_.skipped) return context_.malformed("appears twice, expected once");
  if (!playlist_.segments.empty()) return context_.malformed("expected before the first segment");
  M3u8AttributeReader attributes(context_, value);
  SkippedSegments skipped;
  skipped.count = attributes.requiredInteger("SKIPPED-SEGMENTS");
  if (skipped.count > kMaxPlaylistSegments) attributes.refuse("SKIPPED-SEGMENTS", "at most 200000");
  // "a tab-delimited list of EXT-X-DATERANGE IDs"
  const std::string removed = attributes.text("RECENTLY-REMOVED-DATERANGES");
  if (!attributes.status()) return attributes.status();
  for (std::string_view rest = removed; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\t'), rest.size());
    if (end > 0) skipped.removedDateRanges.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  playlist_.skipped = std::move(skipped);
  return {};
}

}  // namespace p2pml::media
