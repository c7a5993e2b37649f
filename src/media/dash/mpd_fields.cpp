#include "media/dash/mpd_fields.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "media/dash/mpd_xml.hpp"
#include "media/m3u8_lexer.hpp"

namespace p2pml::media::dash {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using Node = pugi::xml_node;

constexpr std::uint64_t kMaxInteger = std::numeric_limits<std::int64_t>::max();

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::unexpected<base::Error> wrong(std::string_view name, std::string_view value, std::string_view expected) {
  return fail(ErrorCode::malformed, std::string(name) + " is \"" + std::string(value.substr(0, 60)) + "\", expected " +
                                        std::string(expected));
}

Result<std::shared_ptr<const std::vector<MpdTimelineEntry>>> readTimeline(const Node& element) {
  auto entries = std::make_shared<std::vector<MpdTimelineEntry>>();
  for (const Node child : element.children()) {
    if (localName(child.name()) != "S") continue;
    if (entries->size() == kMaxMpdEntries) return fail(ErrorCode::limitExceeded, "more than 200000 entries S");
    MpdTimelineEntry entry;
    const auto time = integerField(child, "t", kMaxInteger);
    const auto number = integerField(child, "n", kMaxInteger);
    const auto duration = integerField(child, "d", std::numeric_limits<std::uint32_t>::max());
    if (!time) return std::unexpected(time.error());
    if (!number) return std::unexpected(number.error());
    if (!duration) return std::unexpected(duration.error());
    if (!*duration || **duration == 0) return wrong("S@d", attributeOf(child, "d"), "a whole number from 1");
    entry.time = *time;
    entry.number = *number;
    entry.duration = **duration;
    if (const std::string_view repeat = trimmed(attributeOf(child, "r")); !repeat.empty()) {
      const auto value = parseDecimalInteger(repeat.starts_with('-') ? repeat.substr(1) : repeat);
      if (!value || *value > std::numeric_limits<std::uint32_t>::max()) {
        return wrong("S@r", repeat, "a whole number up to 4294967295");
      }
      // "A negative value ... indicates that the duration ... repeats until ...": -1 by the standard; all are.
      entry.repeat = repeat.starts_with('-') ? -1 : static_cast<std::int64_t>(*value);
    }
    entries->push_back(entry);
  }
  return std::shared_ptr<const std::vector<MpdTimelineEntry>>(std::move(entries));
}

Result<void> readChildren(const Node& element, MpdSegments& segments) {
  std::shared_ptr<std::vector<MpdSegmentUrl>> urls;
  for (const Node child : element.children()) {
    const std::string_view name = localName(child.name());
    if (name == "Initialization" || name == "Initialisation") {
      segments.initialization = std::string(attributeOf(child, "sourceURL"));
      const auto range = rangeField(child, "range");
      if (!range) return std::unexpected(range.error());
      segments.initializationRange = *range;
    } else if (name == "RepresentationIndex") {
      segments.indexUrl = attributeOf(child, "sourceURL");
      const auto range = rangeField(child, "range");
      if (!range) return std::unexpected(range.error());
      if (*range) segments.indexRange = *range;
    } else if (name == "SegmentTimeline") {
      auto timeline = readTimeline(child);
      if (!timeline) return std::unexpected(timeline.error());
      segments.timeline = std::move(*timeline);
    } else if (name == "SegmentURL") {
      if (!urls) urls = std::make_shared<std::vector<MpdSegmentUrl>>();
      if (urls->size() == kMaxMpdEntries) return fail(ErrorCode::limitExceeded, "more than 200000 SegmentURLs");
      const auto range = rangeField(child, "mediaRange");
      if (!range) return std::unexpected(range.error());
      urls->push_back({std::string(attributeOf(child, "media")), *range});
    }
  }
  if (urls) segments.urls = std::move(urls);
  return {};
}

}  // namespace

Result<std::optional<std::uint64_t>> integerField(const Node& element, std::string_view name, std::uint64_t max) {
  if (!hasAttribute(element, name)) return std::optional<std::uint64_t>();
  const std::string_view text = trimmed(attributeOf(element, name));
  const auto value = parseDecimalInteger(text);
  if (!value || *value > max) return wrong(name, text, "a whole number from 0 to " + std::to_string(max));
  return value;
}

Result<std::optional<base::Duration>> durationField(const Node& element, std::string_view name) {
  if (!hasAttribute(element, name)) return std::optional<base::Duration>();
  const std::string_view text = trimmed(attributeOf(element, name));
  const auto value = parseIsoDuration(text);
  if (!value || *value < base::Duration()) return wrong(name, text, "a duration such as PT1H2M3.5S, not negative");
  return value;
}

Result<std::optional<WallTime>> dateTimeField(const Node& element, std::string_view name) {
  if (!hasAttribute(element, name)) return std::optional<WallTime>();
  const std::string_view text = trimmed(attributeOf(element, name));
  const auto value = parseDateTime(text);
  if (!value) return wrong(name, text, "a date and time such as 2026-11-22T22:56:17Z");
  return value;
}

Result<std::optional<ByteRange>> rangeField(const Node& element, std::string_view name) {
  if (!hasAttribute(element, name)) return std::optional<ByteRange>();
  const std::string_view text = trimmed(attributeOf(element, name));
  const std::size_t dash = std::min(text.find('-'), text.size());
  const auto first = parseDecimalInteger(text.substr(0, dash));
  const auto last = parseDecimalInteger(text.substr(std::min(dash + 1, text.size())));
  if (!first || !last || *last < *first || *last >= kMaxInteger) return wrong(name, text, "a range such as 0-1023");
  return std::optional(ByteRange{*first, *last - *first + 1});
}

Result<std::optional<base::Duration>> offsetField(const Node& element) {
  constexpr std::string_view kName = "availabilityTimeOffset";
  const std::string_view text = trimmed(attributeOf(element, kName));
  if (text.empty()) return std::optional(base::Duration());
  if (text == "INF") return std::optional<base::Duration>();
  const auto microseconds = parseDecimal(text, 6);
  if (!microseconds) return wrong(kName, text, "a number of seconds or INF");
  return std::optional(base::Duration(*microseconds));
}

std::string_view trimmedText(const Node& element) { return trimmed(element.child_value()); }

Result<void> readSegments(const Node& element, MpdSegments& segments) {
  const auto timescale = integerField(element, "timescale", std::numeric_limits<std::uint32_t>::max());
  const auto offset = integerField(element, "presentationTimeOffset", kMaxInteger);
  const auto duration = integerField(element, "duration", kMaxInteger);
  const auto startNumber = integerField(element, "startNumber", kMaxInteger / 2);
  const auto endNumber = integerField(element, "endNumber", kMaxInteger / 2);
  const auto indexRange = rangeField(element, "indexRange");
  const auto availability = offsetField(element);
  for (const auto* field : {&timescale, &offset, &duration, &startNumber, &endNumber}) {
    if (!*field) return std::unexpected(field->error());
  }
  if (!indexRange) return std::unexpected(indexRange.error());
  if (!availability) return std::unexpected(availability.error());
  if (*timescale == std::uint64_t{0}) return wrong("timescale", "0", "at least 1");
  if (*duration == std::uint64_t{0}) return wrong("duration", "0", "at least 1");

  if (*timescale) segments.timescale = static_cast<std::uint32_t>(**timescale);
  if (*offset) segments.presentationTimeOffset = **offset;
  if (*duration) segments.duration = *duration;
  if (*startNumber) segments.startNumber = **startNumber;
  if (*endNumber) segments.endNumber = *endNumber;
  if (*indexRange) segments.indexRange = *indexRange;
  if (hasAttribute(element, "availabilityTimeOffset")) segments.availabilityTimeOffset = *availability;
  if (hasAttribute(element, "media")) segments.media = attributeOf(element, "media");
  if (hasAttribute(element, "initialization")) {
    segments.initialization = std::string(attributeOf(element, "initialization"));
  }
  return readChildren(element, segments);
}

}  // namespace p2pml::media::dash
