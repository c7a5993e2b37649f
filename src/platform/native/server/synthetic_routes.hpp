// Synthetic streams as routes of an OriginServer: any number of segments of any size, none of them stored.
//
//   /synth/{name}/{size}/{n}.bin                         segment n of a VOD (media/synthetic.hpp)
//   /synth/{name}/{size}/{ms}/index.m3u8?count=C         its playlist: C segments of ms milliseconds
//   /synthlive/{name}/{size}/{ms}/{n}.bin                segment n of a live stream: 404 until it exists
//   /synthlive/{name}/{size}/{ms}/index.m3u8?window=W    its playlist: the newest W segments (8 unless said)
//
// A live stream has kLiveHistory segments when the routes are made and one more every ms milliseconds. Old segments
// stay. Use within one handler, on its loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "platform/native/server/origin_server.hpp"

namespace p2pml::native {

class SyntheticRoutes {
 public:
  static constexpr std::uint64_t kLiveHistory = 8;
  static constexpr std::size_t kMaxSegmentBytes = 64 << 20;
  static constexpr std::uint64_t kMaxSegments = 1'000'000;
  static constexpr std::uint64_t kMaxPlaylistEntries = 10'000;

  /// `now` tells monotonic time. Bodies are kept up to `cacheBytes`, those used longest ago go first.
  explicit SyntheticRoutes(std::function<base::TimePoint()> now, std::size_t cacheBytes = 64 << 20);

  /// Nothing if the path is none of these routes.
  std::optional<OriginResponse> handle(const OriginRequest& request);

 private:
  using Key = std::tuple<std::string, std::uint64_t, std::size_t>;
  struct Cached {
    base::Bytes body;
    std::list<Key>::iterator place;
  };

  [[nodiscard]] std::uint64_t liveCount(base::Duration segmentDuration) const;
  base::Bytes body(std::string_view name, std::uint64_t number, std::size_t size);

  std::function<base::TimePoint()> now_;
  base::TimePoint start_;
  std::size_t cacheBytes_;
  std::size_t cachedBytes_ = 0;
  std::map<Key, Cached> cache_;
  std::list<Key> byUse_;  // used longest ago first
};

}  // namespace p2pml::native
