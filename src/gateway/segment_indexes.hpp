// Segment indexes (sidx) of MPDs that say only where those are: fetched once each, as soon as a player asks for
// anything of the resource, so that the segments behind them are known by the time it asks for those.
//
// Owned by the Gateway. What always holds: an index is asked for once at a time and not again after it was read; sizes
// and counts are bounded, also of indexes that name further ones.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "gateway/io.hpp"
#include "media/sidx.hpp"
#include "media/timeline.hpp"

namespace p2pml::gateway {

class SegmentIndexes {
 public:
  static constexpr std::size_t kMaxBytes = 4 << 20;
  static constexpr std::size_t kMaxOpen = 32;
  /// Of one stream.
  static constexpr std::size_t kMaxAsked = 100;

  /// What has been read of an index.
  struct Read {
    std::string stream;
    media::IndexSource source;
    media::SegmentIndexBox box;
  };

  /// Fetches the index of a stream unless that is done or under way.
  void want(Outputs& out, const std::string& stream, const media::IndexSource& source, bool publicOnly,
            std::uint64_t& lastFetch);
  // Each answers false for a fetch that is not one of these.
  bool on(Outputs& out, const input::FetchHead& head);
  bool on(Outputs& out, const input::FetchData& data);
  bool on(const input::FetchDone& done);
  bool on(const input::FetchFailed& failed);

  [[nodiscard]] std::vector<Read> takeRead() { return std::exchange(read_, {}); }
  /// Sizes of resources that came to be known, by URL.
  [[nodiscard]] std::vector<std::pair<std::string, std::uint64_t>> takeTotals() { return std::exchange(totals_, {}); }
  /// Forgets streams whose key begins so.
  void forget(Outputs& out, const std::string& prefix);

 private:
  /// URL, offset, length.
  using Place = std::tuple<std::string, std::uint64_t, std::uint64_t>;
  struct Fetching {
    std::string stream;
    media::IndexSource source;
    std::uint64_t offset = 0;  // of the first byte that comes
    std::string bytes;
  };

  static Place placeOf(const media::IndexSource& source);
  void failed(std::map<FetchId, Fetching>::iterator at);

  std::map<FetchId, Fetching> fetching_;
  std::map<std::string, std::set<Place>> asked_;  // by stream
  std::vector<Read> read_;
  std::vector<std::pair<std::string, std::uint64_t>> totals_;
};

}  // namespace p2pml::gateway
