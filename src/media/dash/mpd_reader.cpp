#include "media/dash/mpd_reader.hpp"

#include <limits>
#include <string>
#include <utility>

#include "media/dash/mpd_fields.hpp"
#include "media/dash/mpd_xml.hpp"
#include "media/uri.hpp"

namespace p2pml::media::dash {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using Node = pugi::xml_node;

/// What an element hands down to those in it.
struct Inherited {
  std::string baseUrl;
  std::optional<base::Duration> baseOffset = base::Duration();  ///< BaseURL@availabilityTimeOffset; none for "INF"
  MpdSegments base;
  MpdSegments list;
  MpdSegments byTemplate;
  MpdAddressing addressing = MpdAddressing::none;
};

std::vector<MpdDescriptor> descriptorsOf(const Node& element, std::string_view name) {
  std::vector<MpdDescriptor> list;
  for (const Node child : element.children()) {
    if (localName(child.name()) != name || list.size() == kMaxMpdDescriptors) continue;
    list.push_back({std::string(attributeOf(child, "schemeIdUri")), std::string(attributeOf(child, "value"))});
  }
  return list;
}

class Reader {
 public:
  explicit Reader(std::string_view baseUrl) : url_(baseUrl) {}

  Result<Mpd> read(const Node& root) {
    Inherited inherited;
    inherited.baseUrl = url_;
    readHead(root);
    takeBaseUrl(root, inherited);
    takeSegments(root, inherited);
    std::size_t number = 0;
    for (const Node child : root.children()) {
      if (localName(child.name()) != "Period") continue;
      ++number;
      where_ = "Period " + std::to_string(number);
      if (isToResolve(child)) continue;
      if (mpd_.periods.size() == kMaxMpdPeriods) refuse(ErrorCode::limitExceeded, "more than 2000 Periods");
      if (!error_) readPeriod(child, inherited);
      if (error_) break;
    }
    where_.clear();
    if (error_) return std::unexpected(std::move(*error_));
    if (mpd_.periods.empty()) return fail(ErrorCode::malformed, "MPD: expected at least one Period");
    setPeriodTimes();
    if (error_) return std::unexpected(std::move(*error_));
    return std::move(mpd_);
  }

 private:
  void refuse(ErrorCode code, const std::string& what) {
    if (!error_) error_ = base::Error{code, "MPD: " + (where_.empty() ? "" : where_ + ": ") + what};
  }
  /// The value of a field; its error is kept.
  template <class Value>
  Value take(Result<Value> value) {
    if (value) return std::move(*value);
    refuse(value.error().code, value.error().detail);
    return Value();
  }
  void note(const std::string& what) {
    constexpr std::size_t kMaxNotes = 100;
    if (mpd_.notes.size() < kMaxNotes) mpd_.notes.push_back((where_.empty() ? "" : where_ + ": ") + what);
  }

  /// Elements behind xlink are not fetched; one that says that it is nothing is none (section 5.5.3).
  bool isToResolve(const Node& element) {
    const std::string_view href = attributeOf(element, "href");
    if (href.empty()) return false;
    if (href == "urn:mpeg:dash:resolve-to-zero:2013") return true;
    note("xlink:href is not followed; what stands in the element counts");
    return false;
  }

  void readHead(const Node& root) {
    mpd_.dynamic = attributeOf(root, "type") == "dynamic";
    mpd_.profiles = attributeOf(root, "profiles");
    mpd_.availabilityStart = take(dateTimeField(root, "availabilityStartTime"));
    mpd_.availabilityEnd = take(dateTimeField(root, "availabilityEndTime"));
    mpd_.publishTime = take(dateTimeField(root, "publishTime"));
    mpd_.duration = take(durationField(root, "mediaPresentationDuration"));
    mpd_.minimumUpdatePeriod = take(durationField(root, "minimumUpdatePeriod"));
    mpd_.timeShiftBufferDepth = take(durationField(root, "timeShiftBufferDepth"));
    mpd_.suggestedPresentationDelay = take(durationField(root, "suggestedPresentationDelay"));
    mpd_.maxSegmentDuration = take(durationField(root, "maxSegmentDuration"));
    mpd_.timing = descriptorsOf(root, "UTCTiming");
    // "shall be present" for dynamic (section 5.3.1.2); without it the first segments begin with the epoch.
    if (mpd_.dynamic && !mpd_.availabilityStart) {
      note("no availabilityStartTime: 1970-01-01T00:00:00Z counts");
      mpd_.availabilityStart = WallTime();
    }
    for (const Node child : root.children()) {
      if (localName(child.name()) != "Location" || mpd_.locations.size() == kMaxLocations) continue;
      auto url = resolveUri(trimmedText(child), url_);
      if (url) {
        mpd_.locations.push_back(std::move(*url));
      } else {
        note("Location: " + url.error().detail);
      }
    }
  }

  /// Of several BaseURLs the first counts: the others are mirrors.
  void takeBaseUrl(const Node& element, Inherited& inherited) {
    for (const Node child : element.children()) {
      if (localName(child.name()) != "BaseURL") continue;
      auto url = resolveUri(trimmedText(child), inherited.baseUrl);
      if (!url) return refuse(url.error().code, "BaseURL: " + url.error().detail);
      // What is no HTTP URL stays as it is, for whoever loads it to refuse.
      if (url->size() > kMaxBaseUriBytes) return refuse(ErrorCode::limitExceeded, "BaseURL: longer than 8192 bytes");
      inherited.baseUrl = std::move(*url);
      if (hasAttribute(child, "availabilityTimeOffset")) inherited.baseOffset = take(offsetField(child));
      return;
    }
  }

  void takeSegments(const Node& element, Inherited& inherited) {
    for (const Node child : element.children()) {
      const std::string_view name = localName(child.name());
      MpdAddressing addressing = MpdAddressing::none;
      if (name == "SegmentBase") addressing = MpdAddressing::base;
      if (name == "SegmentList") addressing = MpdAddressing::list;
      if (name == "SegmentTemplate") addressing = MpdAddressing::byTemplate;
      if (addressing == MpdAddressing::none) continue;
      if (name == "SegmentList") isToResolve(child);
      inherited.addressing = addressing;
      MpdSegments& segments = addressing == MpdAddressing::base   ? inherited.base
                              : addressing == MpdAddressing::list ? inherited.list
                                                                  : inherited.byTemplate;
      segments.addressing = addressing;
      if (const auto status = readSegments(child, segments); !status) {
        return refuse(status.error().code, std::string(name) + ": " + status.error().detail);
      }
    }
  }

  void readPeriod(const Node& element, Inherited inherited) {
    MpdPeriod period;
    period.id = attributeOf(element, "id");
    const auto start = take(durationField(element, "start"));
    starts_.push_back(start);
    period.duration = take(durationField(element, "duration"));
    takeBaseUrl(element, inherited);
    takeSegments(element, inherited);
    const std::string where = where_;
    std::size_t number = 0;
    for (const Node child : element.children()) {
      if (localName(child.name()) != "AdaptationSet") continue;
      ++number;
      where_ = where + ": AdaptationSet " + std::to_string(number);
      if (isToResolve(child)) continue;
      period.adaptationSets.push_back(readAdaptationSet(child, inherited));
      if (error_) return;
    }
    where_ = where;
    mpd_.periods.push_back(std::move(period));
  }

  MpdAdaptationSet readAdaptationSet(const Node& element, Inherited inherited) {
    MpdAdaptationSet set;
    set.id = attributeOf(element, "id");
    set.contentType = attributeOf(element, "contentType");
    set.mimeType = attributeOf(element, "mimeType");
    set.language = attributeOf(element, "lang");
    set.roles = descriptorsOf(element, "Role");
    for (const Node child : element.children()) {
      if (localName(child.name()) == "Label") {
        set.label = trimmedText(child);
        break;
      }
      // ContentComponent says what the set leaves out (section 5.3.4).
      if (localName(child.name()) == "ContentComponent") {
        if (set.contentType.empty()) set.contentType = attributeOf(child, "contentType");
        if (set.language.empty()) set.language = attributeOf(child, "lang");
      }
    }
    takeBaseUrl(element, inherited);
    takeSegments(element, inherited);
    set.own = readDescriptors(element);
    MpdRepresentation common;
    readCommon(element, common);
    for (const Node child : element.children()) {
      if (localName(child.name()) != "Representation") continue;
      if (representations_ == kMaxMpdRepresentations)
        refuse(ErrorCode::limitExceeded, "more than 2000 Representations");
      if (error_) break;
      ++representations_;
      set.representations.push_back(readRepresentation(child, common, inherited));
    }
    return set;
  }

  MpdRepresentation readRepresentation(const Node& element, const MpdRepresentation& common, Inherited inherited) {
    MpdRepresentation representation = common;
    const std::string where = where_;
    representation.id = attributeOf(element, "id");
    where_ += ": Representation \"" + representation.id.substr(0, 60) + "\"";
    representation.bandwidth = take(integerField(element, "bandwidth", kMaxInteger)).value_or(0);
    readCommon(element, representation);
    representation.own = readDescriptors(element);
    takeBaseUrl(element, inherited);
    takeSegments(element, inherited);
    representation.baseUrl = inherited.baseUrl;
    switch (inherited.addressing) {
      case MpdAddressing::none: break;
      case MpdAddressing::base: representation.segments = inherited.base; break;
      case MpdAddressing::list: representation.segments = inherited.list; break;
      case MpdAddressing::byTemplate: representation.segments = inherited.byTemplate; break;
    }
    // Section 5.3.9.5.3: those of BaseURL and of the segments add up.
    auto& offset = representation.segments.availabilityTimeOffset;
    offset = offset && inherited.baseOffset ? std::optional(*offset + *inherited.baseOffset) : std::nullopt;
    where_ = where;
    return representation;
  }

  /// Attributes that a Representation takes from its AdaptationSet where it has none (section 5.3.7).
  void readCommon(const Node& element, MpdRepresentation& to) {
    constexpr std::size_t kMaxText = 1024;
    const auto text = [&](std::string_view name, std::string& value) {
      if (!hasAttribute(element, name)) return;
      value = attributeOf(element, name);
      if (value.size() > kMaxText) refuse(ErrorCode::limitExceeded, std::string(name) + ": longer than 1024 bytes");
    };
    text("mimeType", to.mimeType);
    text("codecs", to.codecs);
    text("frameRate", to.frameRate);
    constexpr std::uint64_t kMaxSide = 1'000'000;
    if (const auto width = take(integerField(element, "width", kMaxSide)))
      to.width = static_cast<std::uint32_t>(*width);
    if (const auto height = take(integerField(element, "height", kMaxSide))) {
      to.height = static_cast<std::uint32_t>(*height);
    }
  }

  static MpdDescriptors readDescriptors(const Node& element) {
    MpdDescriptors descriptors;
    descriptors.channels = descriptorsOf(element, "AudioChannelConfiguration");
    descriptors.essential = descriptorsOf(element, "EssentialProperty");
    descriptors.supplemental = descriptorsOf(element, "SupplementalProperty");
    for (const Node child : element.children()) {
      if (localName(child.name()) != "ContentProtection") continue;
      if (descriptors.protections.size() == kMaxMpdDescriptors) break;
      descriptors.protections.push_back({std::string(attributeOf(child, "schemeIdUri")),
                                         std::string(attributeOf(child, "value")),
                                         std::string(attributeOf(child, "default_KID"))});
    }
    return descriptors;
  }

  /// Section 5.3.2.1: where a Period begins and ends if it does not say so.
  void setPeriodTimes() {
    std::vector<MpdPeriod>& periods = mpd_.periods;
    for (std::size_t i = 0; i < periods.size(); ++i) {
      where_ = "Period " + std::to_string(i + 1);
      if (starts_[i]) {
        periods[i].start = *starts_[i];
      } else if (i > 0 && periods[i - 1].duration) {
        periods[i].start = periods[i - 1].start + *periods[i - 1].duration;
      } else if (i > 0) {
        note("it has no start and the one before it no duration: it begins where that does");
        periods[i].start = periods[i - 1].start;
      }
      if (i > 0 && periods[i].start < periods[i - 1].start) {
        return refuse(ErrorCode::malformed, "it starts before the Period before it, expected them in order");
      }
      if (i > 0) {
        const base::Duration gap = periods[i].start - periods[i - 1].start;
        if (!periods[i - 1].duration || *periods[i - 1].duration > gap) periods[i - 1].duration = gap;
      }
    }
    MpdPeriod& last = periods.back();
    if (!last.duration && mpd_.duration && *mpd_.duration >= last.start) last.duration = *mpd_.duration - last.start;
  }

  static constexpr std::size_t kMaxLocations = 10;
  static constexpr std::uint64_t kMaxInteger = std::numeric_limits<std::int64_t>::max();

  std::string url_;
  Mpd mpd_;
  std::vector<std::optional<base::Duration>> starts_;  // Period@start
  std::size_t representations_ = 0;
  std::string where_;
  std::optional<base::Error> error_;
};

}  // namespace

Result<Mpd> parseMpd(std::string_view text, std::string_view baseUrl) {
  if (const auto resolver = UriResolver::forBase(baseUrl); !resolver) return std::unexpected(resolver.error());
  pugi::xml_document document;
  if (const auto loaded = loadMpd(text, document); !loaded) return std::unexpected(loaded.error());
  return Reader(baseUrl).read(document.document_element());
}

}  // namespace p2pml::media::dash
