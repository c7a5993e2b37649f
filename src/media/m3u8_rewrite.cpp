#include "media/m3u8_rewrite.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "media/m3u8_context.hpp"

namespace p2pml::media {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

struct UriAttribute {
  std::string_view tag;
  std::string_view attribute;
  UriUse use;
  bool lowLatency = false;
};

constexpr std::array kUriAttributes = std::to_array<UriAttribute>({
    {"EXT-X-CONTENT-STEERING", "SERVER-URI", UriUse::steering},
    {"EXT-X-I-FRAME-STREAM-INF", "URI", UriUse::iFrameVariant},
    {"EXT-X-KEY", "URI", UriUse::key},
    {"EXT-X-MAP", "URI", UriUse::map},
    {"EXT-X-MEDIA", "URI", UriUse::rendition},
    {"EXT-X-PART", "URI", UriUse::part, true},
    {"EXT-X-PART-INF", {}, UriUse::part, true},
    {"EXT-X-PRELOAD-HINT", "URI", UriUse::preloadHint, true},
    {"EXT-X-RENDITION-REPORT", "URI", UriUse::renditionReport, true},
    {"EXT-X-SERVER-CONTROL", {}, UriUse::part, true},
    {"EXT-X-SESSION-DATA", "URI", UriUse::sessionData},
    {"EXT-X-SESSION-KEY", "URI", UriUse::key},
});
static_assert(std::ranges::is_sorted(kUriAttributes, {}, &UriAttribute::tag));

const UriAttribute* ruleOf(std::string_view tag) {
  const auto found = std::ranges::lower_bound(kUriAttributes, tag, {}, &UriAttribute::tag);
  return found != kUriAttributes.end() && found->tag == tag ? &*found : nullptr;
}

/// What may stand in a line or between quotes without changing what is around it.
bool isSafe(std::string_view uri) {
  if (uri.empty() || uri.front() == '#' || uri.find("{$") != std::string_view::npos) return false;
  return std::ranges::all_of(uri, [](char c) { return c > ' ' && c != '"' && c != 0x7f; });
}

class Rewriter {
 public:
  Rewriter(M3u8Context context, const UriRewriter& rewriter, const M3u8RewriteOptions& options)
      : context_(std::move(context)), rewriter_(rewriter), options_(options) {}

  /// `raw`: the line with the white space around it, `line` without.
  M3u8Status onLine(std::string_view raw, const M3u8Line& line, std::string& out) {
    context_.enter(line.number, "URI");
    switch (classify(line.text)) {
      case M3u8LineKind::blank:
      case M3u8LineKind::comment: break;
      case M3u8LineKind::tag: return onTag(raw, line.text, out);
      case M3u8LineKind::uri:
        return replace(afterStreamInf() ? UriUse::variant : UriUse::segment, raw, line.text, false, out);
    }
    out += raw;
    return {};
  }
  /// Whether the line last given is to be left out with its end.
  bool takeDropped() { return std::exchange(dropped_, false); }

 private:
  bool afterStreamInf() { return std::exchange(streamInf_, false); }

  M3u8Status onTag(std::string_view raw, std::string_view text, std::string& out) {
    const M3u8Tag tag = splitTag(text);
    context_.enter(context_.line(), tag.name);
    if (tag.name == "EXT-X-STREAM-INF") streamInf_ = true;
    if (tag.name == "EXT-X-DEFINE") {
      M3u8AttributeReader attributes(context_, tag.value);
      if (!attributes.status()) return attributes.status();
      if (const auto status = context_.define(attributes.list()); !status) return status;
    }
    const UriAttribute* rule = ruleOf(tag.name);
    const bool drop = rule != nullptr && ((rule->lowLatency && options_.withoutLowLatency) ||
                                          (rule->use == UriUse::steering && options_.withoutSteering));
    if (drop) {
      dropped_ = true;
      return {};
    }
    if (rule != nullptr && !rule->attribute.empty()) {
      M3u8AttributeReader attributes(context_, tag.value);
      if (!attributes.status()) return attributes.status();
      const auto* attribute = attributes.list().find(rule->attribute);
      if (attribute != nullptr && !attribute->value.empty()) {
        return replace(rule->use, raw, attribute->value, !attribute->quoted, out);
      }
    }
    out += raw;
    return {};
  }

  /// Appends `raw` with its part `uri` exchanged.
  M3u8Status replace(UriUse use, std::string_view raw, std::string_view uri, bool addQuotes, std::string& out) {
    const auto url = context_.resolve(uri);
    if (!url) return std::unexpected(url.error());
    const auto instead = rewriter_({use, *url});
    if (!instead) {
      out += raw;
      return {};
    }
    if (!isSafe(*instead)) {
      return fail(ErrorCode::invalidArgument,
                  "line " + std::to_string(context_.line()) + ": expected a URI to write instead");
    }
    const auto start = static_cast<std::size_t>(uri.data() - raw.data());
    out += raw.substr(0, start);
    if (addQuotes) out += '"';
    out += *instead;
    if (addQuotes) out += '"';
    out += raw.substr(start + uri.size());
    return {};
  }

  M3u8Context context_;
  const UriRewriter& rewriter_;
  const M3u8RewriteOptions& options_;
  bool streamInf_ = false;
  bool dropped_ = false;
};

}  // namespace

Result<std::string> rewriteUris(std::string_view text, std::string_view baseUrl, const UriRewriter& rewriter,
                                const M3u8RewriteOptions& options) {
  if (text.size() > kMaxPlaylistBytes) return fail(ErrorCode::limitExceeded, "playlist: longer than 8388608 bytes");
  M3u8Options reading;
  reading.imports = options.imports;
  auto context = M3u8Context::make(baseUrl, reading);
  if (!context) return std::unexpected(context.error());
  Rewriter lines(std::move(*context), rewriter, options);
  std::string out;
  out.reserve(text.size());
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const bool last = end == std::string_view::npos;
    std::string_view raw = text.substr(0, end);
    text.remove_prefix(last ? text.size() : end + 1);
    ++number;
    if (raw.size() > kMaxPlaylistLineBytes + 4) {
      return fail(ErrorCode::limitExceeded, "line " + std::to_string(number) + ": longer than 65536 bytes");
    }
    std::string_view line = raw;
    if (number == 1 && line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (const auto status = lines.onLine(raw, {number, trimLine(line)}, out); !status) {
      return std::unexpected(status.error());
    }
    if (!lines.takeDropped() && !last) out += '\n';
  }
  return out;
}

}  // namespace p2pml::media
