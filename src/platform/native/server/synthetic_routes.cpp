#include "platform/native/server/synthetic_routes.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>
#include <vector>

#include "media/synthetic.hpp"

namespace p2pml::native {

namespace {

constexpr std::uint64_t kDefaultWindow = 8;
constexpr std::size_t kMaxNameBytes = 100;
constexpr std::string_view kSegmentSuffix = ".bin";
constexpr std::string_view kPlaylist = "index.m3u8";

std::optional<std::uint64_t> digits(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> segmentNumber(std::string_view file) {
  if (!file.ends_with(kSegmentSuffix)) return std::nullopt;
  const auto number = digits(file.substr(0, file.size() - kSegmentSuffix.size()));
  return number && *number < SyntheticRoutes::kMaxSegments ? number : std::nullopt;
}

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> parts;
  path.remove_prefix(1);
  for (;;) {
    const std::size_t slash = path.find('/');
    parts.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return parts;
    path.remove_prefix(slash + 1);
  }
}

/// Seconds with the millisecond digits they have: 4000 -> "4", 1500 -> "1.5".
std::string secondsText(std::uint64_t milliseconds) {
  std::string text = std::to_string(milliseconds / 1000) + "." + std::to_string(1000 + milliseconds % 1000).substr(1);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

/// A media playlist (RFC 8216 section 4.3.3) of the segments first..end-1.
OriginResponse playlist(std::uint64_t first, std::uint64_t end, std::uint64_t milliseconds, bool isLive,
                        std::string_view folder) {
  std::string text = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:" + std::to_string((milliseconds + 999) / 1000) +
                     "\n#EXT-X-MEDIA-SEQUENCE:" + std::to_string(first) + "\n";
  if (!isLive) text += "#EXT-X-PLAYLIST-TYPE:VOD\n";
  for (std::uint64_t number = first; number < end; ++number) {
    text += "#EXTINF:" + secondsText(milliseconds) + ",\n" + std::string(folder) + std::to_string(number) + ".bin\n";
  }
  if (!isLive) text += "#EXT-X-ENDLIST\n";
  OriginResponse response;
  response.contentType = "application/vnd.apple.mpegurl";
  if (isLive) response.headers.emplace_back("Cache-Control", "no-store");
  response.body = base::Bytes::adopt(std::move(text));
  return response;
}

OriginResponse segment(base::Bytes body) {
  OriginResponse response;
  response.body = std::move(body);
  return response;
}

}  // namespace

SyntheticRoutes::SyntheticRoutes(std::function<base::TimePoint()> now, std::size_t cacheBytes)
    : now_(std::move(now)), start_(now_()), cacheBytes_(cacheBytes) {}

std::optional<OriginResponse> SyntheticRoutes::handle(const OriginRequest& request) {
  if (!request.path.starts_with("/synth/") && !request.path.starts_with("/synthlive/")) return std::nullopt;
  const std::vector<std::string_view> parts = split(request.path);
  const bool isLive = parts[0] == "synthlive";
  if (parts.size() < 4 || parts.size() > 5 || (isLive && parts.size() != 5)) return statusResponse(404);
  const std::string_view name = parts[1];
  const auto size = digits(parts[2]);
  if (name.empty() || name.size() > kMaxNameBytes || !size || *size > kMaxSegmentBytes) return statusResponse(404);
  const std::string_view file = parts.back();
  const auto bytes = static_cast<std::size_t>(*size);

  if (parts.size() == 4) {
    const auto number = segmentNumber(file);
    return number ? segment(body(name, *number, bytes)) : statusResponse(404);
  }
  const auto duration = digits(parts[3]);
  if (!duration || *duration == 0 || *duration > 3'600'000) return statusResponse(404);
  if (!isLive) {
    const auto count = digits(request.parameter("count").value_or(""));
    if (file != kPlaylist || !count || *count > kMaxPlaylistEntries) return statusResponse(404);
    return playlist(0, *count, *duration, false, "../");
  }
  const std::uint64_t existing = liveCount(base::milliseconds(static_cast<std::int64_t>(*duration)));
  if (file == kPlaylist) {
    const auto asked = request.parameter("window");
    const auto window = asked ? digits(*asked) : kDefaultWindow;
    if (!window || *window == 0 || *window > kMaxPlaylistEntries) return statusResponse(404);
    return playlist(existing - std::min(existing, *window), existing, *duration, true, "");
  }
  const auto number = segmentNumber(file);
  if (!number || *number >= existing) return statusResponse(404);
  return segment(body(name, *number, bytes));
}

std::uint64_t SyntheticRoutes::liveCount(base::Duration segmentDuration) const {
  return kLiveHistory + static_cast<std::uint64_t>((now_() - start_) / segmentDuration);
}

base::Bytes SyntheticRoutes::body(std::string_view name, std::uint64_t number, std::size_t size) {
  Key key(std::string(name), number, size);
  if (const auto found = cache_.find(key); found != cache_.end()) {
    byUse_.splice(byUse_.end(), byUse_, found->second.place);
    return found->second.body;
  }
  base::Bytes made = media::syntheticBody(name, number, size);
  if (size == 0 || size > cacheBytes_) return made;
  while (cachedBytes_ + size > cacheBytes_) {
    const auto oldest = cache_.find(byUse_.front());
    cachedBytes_ -= oldest->second.body.size();
    cache_.erase(oldest);
    byUse_.pop_front();
  }
  cachedBytes_ += size;
  const auto place = byUse_.insert(byUse_.end(), key);
  cache_.emplace(std::move(key), Cached{made, place});
  return made;
}

}  // namespace p2pml::native
