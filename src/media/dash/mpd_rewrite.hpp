// The URIs in an MPD, exchanged for others: what a gateway hands on to a player must lead back to the gateway.
//
// Every URI becomes absolute on the way, so base URLs are gone afterwards but for one on each Representation: what has
// no URL of its own has that. Templates keep their identifiers and move to the Representations that they are for.
// Everything else stays, comments too, but for ContentSteering, which has nothing to choose from any more. SegmentURLs
// that stand above a Representation are resolved where they stand.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "media/m3u8_rewrite.hpp"

namespace p2pml::media::dash {

struct MpdRewriteOptions {
  /// Leaves PatchLocation out: every update is a whole MPD.
  bool withoutPatches = false;
};

/// `baseUrl` as for parseMpd(). What `rewriter` leaves is written as the absolute URL. Errors: malformed,
/// limitExceeded; invalidArgument if `rewriter` gives an empty text or one with characters that no URI has.
base::Result<std::string> rewriteUris(std::string_view text, std::string_view baseUrl, const UriRewriter& rewriter,
                                      const MpdRewriteOptions& options = {});

}  // namespace p2pml::media::dash
