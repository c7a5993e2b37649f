// What is not shared among viewers (init sections, keys, subtitles, low-latency parts) and what no engine could
// deliver: passed through from the origin as it comes, status and all.
//
// Small answers that may be kept are kept for a while, for the other players. Owned by the Gateway. What always holds:
// the cache is bounded; a player that does not read is cut before its backlog grows beyond kMaxBacklog.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "gateway/io.hpp"

namespace p2pml::gateway {

struct PassageRequest {
  ExchangeId exchange;
  std::string url;  ///< canonical
  bool headOnly = false;
  bool publicOnly = true;
  Headers headers;     ///< of the player: conditions, Range and credentials go on to the origin
  bool fresh = false;  ///< it is neither answered from what is kept nor kept: it says what time it is
};

class Passages {
 public:
  static constexpr std::size_t kMaxCacheBytes = 32 << 20;
  static constexpr std::size_t kMaxCachedBody = 4 << 20;
  static constexpr std::uint64_t kMaxBacklog = 64 << 20;
  /// Of what says nothing about itself.
  static constexpr base::Duration kUnsaidFreshness = base::seconds(10);

  void start(base::TimePoint now, Outputs& out, FetchId fetch, PassageRequest request);
  // Each answers false for a fetch that is not one of these.
  bool on(base::TimePoint now, Outputs& out, const input::FetchHead& head);
  bool on(base::TimePoint now, Outputs& out, const input::FetchData& data);
  bool on(base::TimePoint now, Outputs& out, const input::FetchDone& done);
  bool on(base::TimePoint now, Outputs& out, const input::FetchFailed& failed);
  void drained(ExchangeId exchange, std::uint64_t bytes);
  void gone(Outputs& out, ExchangeId exchange);

  /// Other things may be there under the same names.
  void forgetKept();

  /// Sizes of resources that came to be known, by canonical URL.
  [[nodiscard]] std::vector<std::pair<std::string, std::uint64_t>> takeTotals() { return std::exchange(totals_, {}); }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::size_t open() const { return passages_.size(); }
  [[nodiscard]] std::size_t cachedBytes() const { return cachedBytes_; }

 private:
  /// An answer that is kept.
  struct Kept {
    int status = 200;
    Headers headers;
    base::Bytes body;
    base::TimePoint until{};
  };
  struct Passage {
    PassageRequest request;
    bool headSent = false;
    std::uint64_t sent = 0;
    std::uint64_t drained = 0;
    bool keep = false;
    Kept kept;
    base::BytesAssembler body;
  };
  using Open = std::map<FetchId, Passage>;

  static std::string keyOf(const PassageRequest& request);
  void keep(Passage&& passage);

  Open passages_;
  std::map<std::string, Kept> cache_;
  std::size_t cachedBytes_ = 0;
  std::vector<std::pair<std::string, std::uint64_t>> totals_;
  std::uint64_t bytes_ = 0;
};

/// What a player gets to read when something went wrong on the way: `status` and a line of text.
void respondText(Outputs& out, ExchangeId exchange, int status, const std::string& text, Headers headers = {});
/// 504 for a timeout, 502 for all else.
int statusOf(const base::Error& error);

}  // namespace p2pml::gateway
