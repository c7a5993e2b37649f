// The servers' time, which says what of a live MPD is there. It comes, from the best to the least: from a UTCTiming
// element that has it in it ("direct"), from one that names a server, which is asked once for each opened manifest,
// from the clock of this machine; unless the Date of the manifest's answer shows that to be wrong, then from that.
//
// Owned by the Gateway. Half a round trip is neglected: a segment is expected by so much too late. Times are given as
// the server's time when the gateway's own clock was at zero.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/io.hpp"
#include "media/timeline.hpp"

namespace p2pml::gateway {

class ServerClocks {
 public:
  /// Of the text that a time server answers.
  static constexpr std::size_t kMaxAnswer = 256;

  /// This machine's clock, told by the host now and then.
  void setLocal(base::TimePoint now, media::WallTime wall) { local_ = wall - now.time_since_epoch(); }
  /// A manifest that was opened as `opened` has come with these headers.
  void arrived(base::TimePoint now, const std::string& opened, const Headers& headers);
  /// It says how to learn the time.
  void learn(base::TimePoint now, Outputs& out, const std::string& opened,
             const std::vector<media::TimingSource>& timing, bool publicOnly, std::uint64_t& lastFetch);
  // Each answers false for a fetch that is not one of these.
  bool on(base::TimePoint now, Outputs& out, const input::FetchHead& head);
  bool on(Outputs& out, const input::FetchData& data);
  bool on(base::TimePoint now, const input::FetchDone& done);
  bool on(const input::FetchFailed& failed);

  /// Nothing if nobody has told a time.
  [[nodiscard]] std::optional<media::WallTime> atZero(const std::string& opened) const;
  /// Manifests whose time a server has told since the last call.
  [[nodiscard]] std::vector<std::string> takeLearnt() { return std::exchange(learnt_, {}); }
  void forget(Outputs& out, const std::string& opened);

 private:
  enum class Source : std::uint8_t { none, date, server, direct };
  struct Clock {
    Source source = Source::none;
    media::WallTime atZero{};
    bool asked = false;
  };
  struct Asking {
    std::string opened;
    bool byHead = false;  // the answer's Date is the time
    std::string text;
    base::TimePoint at{};
  };

  void set(const std::string& opened, Source source, media::WallTime atZero);

  std::optional<media::WallTime> local_;
  std::map<std::string, Clock> clocks_;  // by opened URL
  std::map<FetchId, Asking> asking_;
  std::vector<std::string> learnt_;
};

}  // namespace p2pml::gateway
