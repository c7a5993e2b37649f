#include "gateway/manifest.hpp"

#include <algorithm>
#include <charconv>

#include "gateway/http_text.hpp"
#include "media/m3u8.hpp"
#include "media/m3u8_lexer.hpp"
#include "media/uri.hpp"

namespace p2pml::gateway {

namespace {

using base::ErrorCode;
using media::M3u8LineKind;

std::string labelOf(const media::Variant& variant) {
  std::string label = variant.resolution ? std::to_string(variant.resolution->height) + "p " : "";
  return label + std::to_string(variant.bandwidth / 1000) + " kbit/s";
}

/// The names of an audio rendition: G0 viewers do not share them, so only p2pml nodes meet by the swarm id.
media::StreamNames audioNames(std::string_view openedUrl, const media::MultivariantPlaylist& master, std::size_t at) {
  media::StreamNames names;
  names.properties = media::audioStreamProperties(master, at);
  names.masterSwarmId = media::masterSwarmIdOf(openedUrl);
  names.streamId = "A" + std::to_string(names.properties.index);
  names.streamSwarmId = names.masterSwarmId + "+" + *names.streamId;
  return names;
}

void tellRedirect(media::StreamNames& names, std::string_view openedUrl, std::string_view url) {
  if (openedUrl != url) names.properties.redirectedSwarmId = media::masterSwarmIdOf(url);
}

ReadManifest readMultivariant(const media::MultivariantPlaylist& master, std::string_view url,
                              const ManifestContext& context) {
  ReadManifest read;
  read.multivariant = true;
  read.variables = master.variables;
  const auto add = [&](std::string uri, media::StreamNames names, std::string label, bool shared) {
    const bool known = std::ranges::find(read.listed, uri, &ListedStream::url) != read.listed.end();
    if (known) return;  // one playlist is one stream, whatever lists it again
    tellRedirect(names, context.openedUrl, url);
    read.listed.push_back({std::move(uri), std::move(names), std::move(label), shared});
  };
  for (std::size_t i = 0; i < master.variants.size(); ++i) {
    add(master.variants[i].uri, media::streamNamesOfVariant(context.openedUrl, master, i), labelOf(master.variants[i]),
        true);
  }
  for (std::size_t i = 0; i < master.renditions.size(); ++i) {
    const media::Rendition& rendition = master.renditions[i];
    if (!rendition.uri) continue;
    const bool audio = rendition.type == media::RenditionType::audio;
    add(*rendition.uri, audio ? audioNames(context.openedUrl, master, i) : media::StreamNames{},
        (audio ? "audio " : "") + (rendition.language.empty() ? rendition.name : rendition.language), audio);
  }
  for (const media::Variant& variant : master.iFrameVariants) add(variant.uri, {}, "i-frames", false);
  return read;
}

ReadManifest readMedia(const media::MediaPlaylist& playlist, std::string_view url, const ManifestContext& context) {
  ReadManifest read;
  read.variables = playlist.variables;
  if (playlist.iFramesOnly || (context.listed != nullptr && !context.listed->shared)) return read;
  ManifestStream stream;
  if (context.listed != nullptr) {
    stream.names = context.listed->names;
    stream.label = context.listed->label;
  } else {
    stream.names = media::streamNamesWithoutMaster(context.openedUrl);
    stream.label = "single stream";
    tellRedirect(stream.names, context.openedUrl, url);
  }
  stream.segments = media::streamSegments(playlist, stream.names);
  stream.live = !playlist.endList;
  stream.targetDuration = playlist.targetDuration;
  read.streams.push_back(std::move(stream));
  return read;
}

/// Schemes that mean something to players and lead nowhere near an HTTP server.
bool isOpaqueScheme(std::string_view scheme) {
  return equalsIgnoringCase(scheme, "data") || equalsIgnoringCase(scheme, "skd") || equalsIgnoringCase(scheme, "urn") ||
         equalsIgnoringCase(scheme, "uuid");
}

/// Puts the gateway's URLs into one playlist.
class Rewriter {
 public:
  Rewriter(media::UriResolver upstream, media::UriResolver local, const media::PlaylistVariables& variables,
           UrlSpace& space)
      : upstream_(std::move(upstream)), local_(std::move(local)), variables_(variables), space_(space) {}

  base::Result<std::string> uri(std::string_view written) {
    const std::string reference = substituted(written);
    const auto target = upstream_.resolve(reference);
    if (!target) return std::unexpected(target.error());
    const std::string_view scheme = media::splitUri(*target).scheme.value_or("");
    if (isOpaqueScheme(scheme)) return std::string(written);
    const auto path = space_.localPath(*target);
    if (!path) return std::unexpected(path.error());
    // Where the player gets by itself needs no word.
    const auto byItself = local_.resolve(reference);
    if (byItself && *byItself == kLocalHost + *path) return std::string(written);
    return *path;
  }

  base::Result<std::string> line(std::string_view text) {
    switch (media::classify(text)) {
      case M3u8LineKind::uri: return uri(text);
      case M3u8LineKind::tag: return tag(text);
      default: return std::string(text);
    }
  }

  static constexpr const char* kLocalHost = "http://localhost";

 private:
  [[nodiscard]] std::string substituted(std::string_view text) const {
    std::string result;
    for (;;) {
      const std::size_t open = text.find("{$");
      const std::size_t close = open == std::string_view::npos ? open : text.find('}', open);
      if (close == std::string_view::npos) return result.append(text);
      const auto found = variables_.find(text.substr(open + 2, close - open - 2));
      result.append(text.substr(0, open));
      result.append(found == variables_.end() ? text.substr(open, close + 1 - open) : std::string_view(found->second));
      text.remove_prefix(close + 1);
    }
  }

  base::Result<std::string> tag(std::string_view text) {
    // Where players are sent to ask for another host by name: they stay with the one that was opened.
    if (media::splitTag(text).name == "EXT-X-CONTENT-STEERING") return std::string();
    std::string result;
    std::size_t done = 0;
    for (std::size_t open = text.find('"'); open != std::string_view::npos;) {
      const std::size_t end = text.find('"', open + 1);
      if (end == std::string_view::npos) break;
      const std::string_view before = text.substr(0, open);
      const bool isUri = before.ends_with(":URI=") || before.ends_with(",URI=") || before.ends_with(" URI=") ||
                         before.ends_with("X-ASSET-URI=") || before.ends_with("X-ASSET-LIST=");
      if (isUri) {
        const auto replaced = uri(text.substr(open + 1, end - open - 1));
        if (!replaced) return std::unexpected(replaced.error());
        result.append(text.substr(done, open + 1 - done)).append(*replaced);
        done = end;
      }
      open = text.find('"', end + 1);
    }
    return result.append(text.substr(done));
  }

  media::UriResolver upstream_;
  media::UriResolver local_;
  const media::PlaylistVariables& variables_;
  UrlSpace& space_;
};

}  // namespace

bool looksLikeMpd(std::string_view text) {
  constexpr std::size_t kProlog = 4096;
  const std::string_view start = text.substr(0, kProlog);
  const std::size_t first = start.find('<');
  const bool xml = first != std::string_view::npos &&
                   (start.substr(first).starts_with("<?xml") || start.substr(first).starts_with("<MPD"));
  return xml && start.find("<MPD") != std::string_view::npos;
}

bool ReadManifest::live() const {
  return std::ranges::any_of(streams, [](const ManifestStream& stream) { return stream.live; });
}

std::int64_t position(const media::StreamSegment& segment) {
  std::int64_t value = 0;
  std::from_chars(segment.sequence.data(), segment.sequence.data() + segment.sequence.size(), value);
  return value;
}

bool looksLikeManifest(std::string_view url) {
  const std::string_view type = contentTypeOf(url);
  return type == kHlsType || type == kDashType;
}

base::Result<ReadManifest> readManifest(std::string_view text, std::string_view url, const ManifestContext& context) {
  // Its relative URLs lead to the gateway by themselves; nothing of it is shared yet.
  if (looksLikeMpd(text)) return ReadManifest{.dash = true};
  media::M3u8Options options;
  if (context.variables != nullptr) options.imports = *context.variables;
  const auto playlist = media::parseM3u8(text, url, options);
  if (!playlist) {
    return base::fail(playlist.error().code, "not an HLS or DASH manifest: " + playlist.error().detail);
  }
  if (const auto* master = std::get_if<media::MultivariantPlaylist>(&*playlist)) {
    return readMultivariant(*master, url, context);
  }
  return readMedia(std::get<media::MediaPlaylist>(*playlist), url, context);
}

base::Result<std::string> rewriteManifest(std::string_view text, std::string_view url, std::string_view localUrl,
                                          const media::PlaylistVariables& variables, UrlSpace& space) {
  auto upstream = media::UriResolver::forBase(url);
  auto local = media::UriResolver::forBase(Rewriter::kLocalHost + std::string(localUrl));
  if (!upstream) return std::unexpected(upstream.error());
  if (!local) return std::unexpected(local.error());
  Rewriter rewriter(*std::move(upstream), *std::move(local), variables, space);
  std::string result;
  result.reserve(text.size() + text.size() / 4);
  media::M3u8LineReader lines(text);
  while (const auto line = lines.next()) {
    const auto rewritten = rewriter.line(line->text);
    if (!rewritten) {
      return base::fail(rewritten.error().code,
                        "line " + std::to_string(line->number) + ": " + rewritten.error().detail);
    }
    result.append(*rewritten).push_back('\n');
  }
  return result;
}

}  // namespace p2pml::gateway
