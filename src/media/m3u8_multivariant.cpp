#include "media/m3u8_multivariant.hpp"

#include <limits>

#include "media/m3u8_media.hpp"

namespace p2pml::media {
namespace {

using base::Result;

/// The attributes that EXT-X-STREAM-INF and EXT-X-I-FRAME-STREAM-INF share (section 4.3.4.2, 4.3.4.3).
Variant readVariant(M3u8AttributeReader& attributes) {
  Variant variant;
  variant.bandwidth = attributes.requiredInteger("BANDWIDTH");
  variant.averageBandwidth = attributes.integer("AVERAGE-BANDWIDTH");
  variant.codecs = attributes.text("CODECS");
  variant.supplementalCodecs = attributes.text("SUPPLEMENTAL-CODECS");
  variant.resolution = attributes.resolution("RESOLUTION");
  if (const auto milliHertz = attributes.decimal("FRAME-RATE", 3)) {
    if (*milliHertz > std::numeric_limits<std::int32_t>::max()) {
      attributes.refuse("FRAME-RATE", "at most 2147483");
    } else {
      variant.frameRateMilliHertz = static_cast<std::uint32_t>(*milliHertz);
      variant.frameRate = attributes.text("FRAME-RATE");
    }
  }
  variant.hdcpLevel = attributes.text("HDCP-LEVEL");
  variant.videoRange = attributes.text("VIDEO-RANGE");
  variant.stableVariantId = attributes.text("STABLE-VARIANT-ID");
  variant.pathwayId = attributes.text("PATHWAY-ID");
  variant.name = attributes.text("NAME");
  variant.videoGroup = attributes.text("VIDEO");
  return variant;
}

std::optional<RenditionType> renditionTypeOf(std::string_view text) {
  if (text == "AUDIO") return RenditionType::audio;
  if (text == "VIDEO") return RenditionType::video;
  if (text == "SUBTITLES") return RenditionType::subtitles;
  if (text == "CLOSED-CAPTIONS") return RenditionType::closedCaptions;
  return std::nullopt;
}

}  // namespace

struct MultivariantPlaylistReader::Rules {
  using R = MultivariantPlaylistReader;
  static constexpr std::array kTable = std::to_array<Rule>({
      {"EXT-X-CONTENT-STEERING", &R::onContentSteering},
      {"EXT-X-I-FRAME-STREAM-INF", &R::onIFrameStreamInf},
      {"EXT-X-MEDIA", &R::onMedia},
      {"EXT-X-SESSION-DATA", &R::onSessionData},
      {"EXT-X-SESSION-KEY", &R::onSessionKey},
      {"EXT-X-STREAM-INF", &R::onStreamInf},
  });
  static_assert(std::ranges::is_sorted(kTable, {}, &Rule::name));
};

const MultivariantPlaylistReader::Rule* MultivariantPlaylistReader::ruleOf(std::string_view tagName) {
  return findTagRule(Rules::kTable, tagName);
}

M3u8Status MultivariantPlaylistReader::onStreamInf(std::string_view value) {
  if (pending_) {
    return context_.malformed("expected the URI line of the EXT-X-STREAM-INF in line " + std::to_string(pendingLine_) +
                              " before it");
  }
  M3u8AttributeReader attributes(context_, value);
  Variant variant = readVariant(attributes);
  variant.audioGroup = attributes.text("AUDIO");
  variant.subtitlesGroup = attributes.text("SUBTITLES");
  // "The value can be either a quoted-string or an enumerated-string with the value NONE."
  const auto* captions = attributes.list().find("CLOSED-CAPTIONS");
  if (captions != nullptr && !captions->quoted && captions->value == "NONE") {
    variant.closedCaptionsNone = true;
  } else {
    variant.closedCaptionsGroup = attributes.text("CLOSED-CAPTIONS");
  }
  if (!attributes.status()) return attributes.status();
  pending_ = std::move(variant);
  pendingLine_ = context_.line();
  return {};
}

M3u8Status MultivariantPlaylistReader::onIFrameStreamInf(std::string_view value) {
  if (playlist_.iFrameVariants.size() == kMaxPlaylistVariants)
    return context_.limitExceeded("more than 1000 I-frame variants");
  M3u8AttributeReader attributes(context_, value);
  Variant variant = readVariant(attributes);
  variant.uri = attributes.requiredUri("URI");
  if (!attributes.status()) return attributes.status();
  playlist_.iFrameVariants.push_back(std::move(variant));
  return {};
}

M3u8Status MultivariantPlaylistReader::onMedia(std::string_view value) {
  if (playlist_.renditions.size() == kMaxPlaylistVariants) return context_.limitExceeded("more than 1000 renditions");
  M3u8AttributeReader attributes(context_, value);
  Rendition rendition;
  const auto type = renditionTypeOf(attributes.text("TYPE"));
  if (!type) attributes.refuse("TYPE", "AUDIO, VIDEO, SUBTITLES or CLOSED-CAPTIONS");
  rendition.type = type.value_or(RenditionType::audio);
  rendition.groupId = attributes.requiredText("GROUP-ID");
  rendition.name = attributes.requiredText("NAME");
  rendition.uri = attributes.uri("URI");
  // Section 4.3.4.1: nothing else says where subtitles are.
  if (rendition.type == RenditionType::subtitles && !rendition.uri)
    attributes.refuse("URI", "a URI, as TYPE is SUBTITLES");
  rendition.language = attributes.text("LANGUAGE");
  rendition.associatedLanguage = attributes.text("ASSOC-LANGUAGE");
  rendition.channels = attributes.text("CHANNELS");
  rendition.characteristics = attributes.text("CHARACTERISTICS");
  rendition.instreamId = attributes.text("INSTREAM-ID");
  rendition.stableRenditionId = attributes.text("STABLE-RENDITION-ID");
  rendition.isDefault = attributes.yes("DEFAULT");
  rendition.autoselect = attributes.yes("AUTOSELECT");
  rendition.forced = attributes.yes("FORCED");
  if (!attributes.status()) return attributes.status();
  playlist_.renditions.push_back(std::move(rendition));
  return {};
}

M3u8Status MultivariantPlaylistReader::onContentSteering(std::string_view value) {
  M3u8AttributeReader attributes(context_, value);
  ContentSteering steering;
  steering.serverUri = attributes.requiredUri("SERVER-URI");
  steering.pathwayId = attributes.text("PATHWAY-ID");
  if (!attributes.status()) return attributes.status();
  playlist_.contentSteering = std::move(steering);
  return {};
}

M3u8Status MultivariantPlaylistReader::onSessionData(std::string_view value) {
  if (playlist_.sessionData.size() == kMaxPlaylistExtras) return context_.limitExceeded("more than 1000 of them");
  M3u8AttributeReader attributes(context_, value);
  SessionData data;
  data.id = attributes.text("DATA-ID");
  data.value = attributes.text("VALUE");
  data.uri = attributes.uri("URI");
  data.format = attributes.text("FORMAT");
  data.language = attributes.text("LANGUAGE");
  if (!attributes.status()) return attributes.status();
  playlist_.sessionData.push_back(std::move(data));
  return {};
}

M3u8Status MultivariantPlaylistReader::onSessionKey(std::string_view value) {
  if (playlist_.sessionKeys.size() == kMaxPlaylistExtras) return context_.limitExceeded("more than 1000 of them");
  auto key = readSegmentKey(context_, value);
  if (!key) return std::unexpected(key.error());
  // METHOD=NONE is against section 4.3.4.5 and says nothing.
  if (*key) playlist_.sessionKeys.push_back(std::move(**key));
  return {};
}

M3u8Status MultivariantPlaylistReader::onUri(std::string_view uri) {
  if (!pending_) return context_.malformed("expected an EXT-X-STREAM-INF before the variant's URI line");
  if (playlist_.variants.size() == kMaxPlaylistVariants) return context_.limitExceeded("more than 1000 variants");
  auto resolved = context_.resolve(uri);
  if (!resolved) return std::unexpected(resolved.error());
  pending_->uri = std::move(*resolved);
  playlist_.variants.push_back(std::move(*pending_));
  pending_.reset();
  return {};
}

Result<MultivariantPlaylist> MultivariantPlaylistReader::finish(PlaylistHeader header) {
  if (pending_) {
    return context_.malformed("expected a URI line after the EXT-X-STREAM-INF in line " + std::to_string(pendingLine_) +
                              ", found the end: the playlist is cut off");
  }
  static_cast<PlaylistHeader&>(playlist_) = std::move(header);
  return std::move(playlist_);
}

}  // namespace p2pml::media
