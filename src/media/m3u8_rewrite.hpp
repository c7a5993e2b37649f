// The URIs in an HLS playlist's text, exchanged for others: what a gateway hands on to a player must lead back to the
// gateway. Everything else stays as it is written, byte for byte.
//
// Text in, text out; linear, with the limits of parseM3u8 (m3u8.hpp). It does not check what parseM3u8 checks: give it
// texts that were read.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "media/m3u8.hpp"

namespace p2pml::media {

/// What a URI in a manifest leads to.
enum class UriUse : std::uint8_t {
  // HLS
  segment,
  part,
  preloadHint,
  map,
  key,
  variant,
  iFrameVariant,
  rendition,
  renditionReport,
  sessionData,
  steering,
  // DASH
  base,           ///< BaseURL of a Representation
  mediaTemplate,  ///< may hold $Identifiers$
  media,
  initialization,  ///< may hold $Identifiers$
  index,           ///< may hold $Identifiers$
  location,        ///< where the next version of the manifest is
  patchLocation,
  timing,  ///< UTCTiming of a scheme that asks a server
  xlink,   ///< an element that is elsewhere
};

struct ManifestUri {
  UriUse use = UriUse::segment;
  /// Resolved against the manifest's URL, its variables substituted.
  std::string_view url;
};

/// What to write instead; nothing: leave it as it is. It must be a text of RFC 3986's characters.
using UriRewriter = std::function<std::optional<std::string>(const ManifestUri&)>;

struct M3u8RewriteOptions {
  /// As M3u8Options::imports.
  PlaylistVariables imports;
  /// Leaves all tags of low latency out: parts, hints, reports, server control. What remains is a playlist of whole
  /// segments that is consistent by itself.
  bool withoutLowLatency = false;
  /// Leaves EXT-X-CONTENT-STEERING out: nobody tells the player to go elsewhere.
  bool withoutSteering = false;
};

/// `baseUrl` as for parseM3u8. Errors: malformed, limitExceeded as there; invalidArgument if `rewriter` gives what is
/// no URI.
base::Result<std::string> rewriteUris(std::string_view text, std::string_view baseUrl, const UriRewriter& rewriter,
                                      const M3u8RewriteOptions& options = {});

}  // namespace p2pml::media
