#include "p2pml/probe/network_probe.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <random>
#include <set>
#include <utility>

#include "p2pml/probe/http_check.hpp"
#include "p2pml/probe/ice_check.hpp"
#include "p2pml/probe/report.hpp"
#include "p2pml/probe/tracker_check.hpp"

namespace p2pml::app {

namespace {

media::WallTime present() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return media::WallTime(std::chrono::duration_cast<base::Duration>(now));
}

bool isGood(const HttpFacts& facts) { return facts.error.empty() && facts.status >= 200 && facts.status <= 299; }

/// The first stream that any generation of peers shares.
const media::TimelineStream* sharedStream(const media::Presentation& presentation) {
  const auto at = std::ranges::find_if(presentation.streams, [](const media::TimelineStream& stream) {
    return stream.sharedInG0 || stream.sharedInBinary;
  });
  return at == presentation.streams.end() ? nullptr : &*at;
}

/// Of a live stream one that has been there for a moment: the first of the window may go while it is asked for.
const media::TimelineSegment* usualSegment(const media::TimelineStream& stream) {
  if (stream.segments.empty()) return nullptr;
  return stream.live.value_or(false) ? &stream.segments[stream.segments.size() / 2] : &stream.segments.front();
}

base::PeerId newPeerId() {
  constexpr std::string_view kLetters = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::random_device random;
  std::string text = "-PMP010-";
  while (text.size() < 20) text += kLetters[random() % kLetters.size()];
  return base::PeerId::fromRaw(text);
}

class Probe {
 public:
  explicit Probe(const NetworkProbeOptions& options) : options_(options) {}

  NetworkProbe run() {
    if (const auto* stream = readManifest()) {
      checkSegment(*stream);
      checkTrackers(*stream);
    }
    if (options_.withIce) {
      result_.facts.ice = checkIce(loop_, options_.settings.rtcConfig, options_.localAddresses, options_.limit);
    }
    return std::move(result_);
  }

 private:
  /// Null, and the facts say why, if nothing is shared.
  const media::TimelineStream* readManifest() {
    NetworkFacts& facts = result_.facts;
    const auto master = load("manifest", options_.url);
    if (!master) return nullptr;
    auto probed = probeManifest(*master, std::nullopt, present(), options_.swarmId);
    if (!probed) return notShared(probed.error().detail);
    const media::TimelineStream* stream = sharedStream(probed->presentation);
    if (stream == nullptr) return notShared("it names no stream that peers share");
    facts.stream = stream->id;
    if (stream->segments.empty() && stream->indexes.empty() && !stream->url.empty()) {
      const std::string url = stream->url;
      const auto playlist = load("playlist", url);
      if (!playlist) return keep(*std::move(probed));
      auto whole = probeManifest({playlist->text, playlist->url, url}, master, present(), options_.swarmId);
      if (!whole) return notShared(url + ": " + whole.error().detail);
      probed = std::move(whole);
    }
    return keep(*std::move(probed));
  }

  const media::TimelineStream* keep(ProbedManifest&& probed) {
    result_.manifest = std::move(probed);
    const auto& streams = result_.manifest->presentation.streams;
    const auto at = std::ranges::find(streams, result_.facts.stream, &media::TimelineStream::id);
    return at == streams.end() ? sharedStream(result_.manifest->presentation) : &*at;
  }

  const media::TimelineStream* notShared(std::string why) {
    result_.facts.notShared = std::move(why);
    return nullptr;
  }

  std::optional<ManifestSource> load(const std::string& what, const std::string& url) {
    HttpFacts facts = checkHttp(loop_, what, url, HttpQuestion::manifest, options_.headers, options_.limit);
    const bool good = isGood(facts);
    ManifestSource source{std::exchange(facts.body, {}), facts.finalUrl, url};
    result_.facts.http.push_back(std::move(facts));
    return good ? std::optional(std::move(source)) : std::nullopt;
  }

  void checkSegment(const media::TimelineStream& stream) {
    const auto* segment = usualSegment(stream);
    if (segment == nullptr) return;
    result_.facts.http.push_back(
        checkHttp(loop_, "segment", segment->url, HttpQuestion::segment, options_.headers, options_.limit));
  }

  void checkTrackers(const media::TimelineStream& stream) {
    std::vector<SwarmQuestion> questions;
    for (const ProbedSwarm& swarm : swarmsOf(stream)) {
      const auto known = std::ranges::find(questions, swarm.infoHash, &SwarmQuestion::infoHash);
      if (known != questions.end()) {
        known->facts.generation += ", " + std::string(swarm.generation);
        continue;
      }
      SwarmQuestion question{swarm.infoHash, {}};
      question.facts.generation = swarm.generation;
      question.facts.infoHash = swarm.infoHashText();
      questions.push_back(std::move(question));
    }
    std::set<std::string> asked;
    const base::PeerId self = newPeerId();
    for (const std::string& url : options_.settings.trackerAnnounce) {
      if (!asked.insert(url).second) continue;
      result_.facts.trackers.push_back(checkTracker(loop_, url, questions, self, options_.limit));
    }
  }

  const NetworkProbeOptions& options_;
  boost::asio::io_context loop_{1};
  NetworkProbe result_;
};

}  // namespace

NetworkProbe probeNetwork(const NetworkProbeOptions& options) { return Probe(options).run(); }

}  // namespace p2pml::app
