// The gateway: any player plays any stream through the swarm, as if it used the stream's own URL. A deterministic state
// machine without I/O, like the engine.
//
//   /play?url=...          opens a stream: a redirect to its manifest on the gateway
//   /s/{session}/{n}/...   the path and query of the stream's nth host (urls.hpp)
//   /api/stats /api/events /metrics   what goes on (docs/gateway.md)
//   / /page/...           the same for people (page.hpp)
//
// What always holds: nothing is fetched but what a session's URLs name; other sites' pages open nothing and read
// nothing; whatever the engines do, a player gets at least what the plain URL would have given.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "gateway/http_text.hpp"
#include "gateway/io.hpp"
#include "gateway/manifests.hpp"
#include "gateway/page.hpp"
#include "gateway/passages.hpp"
#include "gateway/report.hpp"
#include "gateway/segment_indexes.hpp"
#include "gateway/server_clocks.hpp"
#include "gateway/streams.hpp"
#include "gateway/urls.hpp"

namespace p2pml::gateway {

struct Options {
  AccessRules access;
  /// Hosts that /play may open ("example.com", "*.example.com"); empty: any.
  std::vector<std::string> allowedHosts;
  StreamsOptions streams;
  std::string secret;  ///< makes session names that nobody can guess: 20 random bytes
  std::string version;
  std::vector<PageFile> page;
};

class Gateway {
 public:
  static constexpr std::size_t kMaxSessions = 256;
  static constexpr std::size_t kMaxSubscribers = 16;
  static constexpr std::size_t kMaxTarget = 16 * 1024;
  static constexpr base::Duration kEventInterval = base::seconds(1);
  /// Who waits so long for a manifest gets it as it was, if there is one.
  static constexpr base::Duration kManifestPatience = base::seconds(5);

  explicit Gateway(Options options);

  void step(base::TimePoint now, const Input& input, Outputs& outputs);
  /// When step(Tick) is due at the latest.
  [[nodiscard]] base::TimePoint deadline() const;

  [[nodiscard]] const Streams& streams() const { return streams_; }
  [[nodiscard]] std::size_t sessions() const { return sessions_.size(); }

 private:
  struct Session {
    std::string opened;
    UrlSpace space;
    base::TimePoint usedAt{};
  };
  /// A player that waits for a manifest.
  struct Waiting {
    ExchangeId exchange;
    std::string session;
    std::string target;
    std::string ifNoneMatch;
    std::string host;  // of ours, as the player wrote it
    base::TimePoint since{};
  };
  struct Exchange {
    bool media = false;  // answers of /s/...: any page that knows the session may read them
    bool headOnly = false;
    std::optional<PassageRequest> passage;  // how to fetch it if no engine answers
  };
  struct Subscriber {
    std::uint64_t sent = 0;
    std::uint64_t drained = 0;
  };
  /// What is remembered of an opened manifest.
  struct Opened {
    std::shared_ptr<const media::Mpd> growing;  // its last version, if time alone brings segments
    std::string url;                            // of that, after redirects
    base::TimePoint grownAt{};
    std::string trouble;  // last told
  };
  /// A stream kept for peers: its manifests are looked at again by ourselves.
  struct Seeded {
    std::map<std::string, base::TimePoint> next;  // by manifest
    std::map<std::string, std::string> names;     // of the streams of listed playlists, as last told
  };

  void on(const input::Tick&);
  void on(const input::WallClock& clock) { clocks_.setLocal(now_, clock.time); }
  void on(const input::Open& open);
  void on(const input::Seed& seed);
  void on(const input::Request& request);
  void on(const input::RequestDrained& drained);
  void on(const input::RequestGone& gone);
  void on(const input::FetchHead& head);
  void on(const input::FetchData& data);
  void on(const input::FetchDone& done);
  void on(const input::FetchFailed& failed);
  void on(const input::SegmentFound& found);
  void on(const input::SegmentBytes& bytes);
  void on(const input::SegmentLoaded& loaded);
  void on(const input::SegmentFailed& failed);
  void on(const input::LaneReport& report);
  void on(const input::LaneEvent& event);

  void route(const input::Request& request);
  void play(const input::Request& request);
  void media(const input::Request& request);
  void subscribe(ExchangeId exchange);
  void publish();
  void settle();
  void manifestArrived(const ManifestKey& key);
  void answerFromBefore();
  void takeStreams(const ManifestKey& key, const Manifest& manifest);
  void tell(const std::string& opened, std::vector<ManifestStream> streams);
  void grow(const std::string& opened, base::Duration atLeast);
  void fetchIndexes(const std::string& opened, std::string_view url);
  void forget(const std::string& opened);
  void answerManifest(const Waiting& waiting, const ManifestKey& key, const Manifest& manifest);
  void pass(PassageRequest request);
  void lookAgain();
  void finish(std::size_t from);
  base::Result<std::string> open(const std::string& url);
  ManifestContext contextOf(const ManifestKey& key) const;
  [[nodiscard]] bool publicOnly(const std::string& opened) const;
  void log(std::string text, bool trouble = false);
  [[nodiscard]] Report report() const;

  Options options_;
  std::uint64_t lastSession_ = 0;
  Streams streams_;
  Manifests manifests_;
  Passages passages_;
  SegmentIndexes indexes_;
  ServerClocks clocks_;
  std::map<std::string, Session> sessions_;
  std::map<std::string, Opened> opened_;
  std::map<ManifestKey, std::vector<Waiting>> waiting_;
  std::map<ExchangeId, Exchange> exchanges_;
  std::map<ExchangeId, Subscriber> subscribers_;
  std::map<std::string, Seeded> seeded_;
  Page page_;
  EventLog events_;
  Traffic total_;
  std::map<LaneId, input::LaneReport> reported_;  // the last of each lane
  std::uint64_t lastFetch_ = 0;
  base::TimePoint publishAt_ = base::kNever;
  base::TimePoint startedAt_ = base::TimePoint::min();
  base::TimePoint now_ = base::TimePoint::min();
  Outputs* out_ = nullptr;  // during a step
};

}  // namespace p2pml::gateway
