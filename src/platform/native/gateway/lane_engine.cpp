#include "platform/native/gateway/lane_engine.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/assert.hpp"
#include "base/encoding.hpp"
#include "gateway/urls.hpp"

namespace p2pml::native {

namespace gw = gateway;

namespace {

std::unique_ptr<driver::Engine> engineOf(const engine::Settings& settings, std::uint64_t seed) {
  engine::Options options;
  options.settings = settings;
  options.seed = seed;
  auto engine = driver::makeEngine(std::move(options));
  P2PML_ASSERT(engine.has_value());
  return *std::move(engine);
}

/// The first segment's request leaves first: a player waits for it, and preparing for peers takes the loop a while.
constexpr base::Duration kTrackerPatience = base::milliseconds(250);

/// For a line of the log.
std::string shortId(const base::PeerId& peer) { return base::toHex(peer.view()).substr(24); }

}  // namespace

LaneEngine::LaneEngine(boost::asio::io_context& loop, HttpHub& http, SocketHub& sockets, const LaneOptions& options,
                       const gw::output::OpenLane& open, std::uint64_t seed, Sink sink)
    : id_(open.lane),
      publicOnly_(open.publicOnly),
      options_(options),
      sink_(std::move(sink)),
      rtcThread_(RtcThread::shared()),
      clock_(loop),
      http_(http.client(inbox_.sink())),
      sockets_(sockets.client(inbox_.sink(), kTrackerPatience)) {
  auto connections =
      std::make_unique<NativePeerPort>(*rtcThread_, loop, options.settings.rtcConfig, options.rtc, inbox_.sink());
  connections_ = connections.get();
  peers_ = std::move(connections);
  if (options.upload) {
    peers_ =
        std::make_unique<LimitedPeerPort>(loop, std::move(peers_), options.upload, [this] { return clock_.now(); });
  }
  driver_ = std::make_unique<driver::Driver>(engineOf(options.settings, seed), inbox_,
                                             driver::Ports{*http_, *sockets_, *peers_, clock_}, *this);
}

LaneEngine::~LaneEngine() {
  closed_ = true;
  driver_.reset();
}

void LaneEngine::load(const gw::output::Load& load) {
  std::vector<engine::Segment> queue;
  queue.reserve(load.queue.size());
  for (const gw::QueuedSegment& next : load.queue) {
    engine::Segment segment(next.segment.id, next.segment.url, next.segment.range, next.priority);
    segment.masterSwarmId = next.segment.masterSwarmId;
    segment.masterManifestUri = load.manifestUrl;
    segment.streamId = next.segment.streamId;
    segment.sequence = next.segment.sequence;
    segment.externalId = next.segment.externalId;
    segment.externalIdOfG4 = next.segment.externalIdOfG4;
    segment.duration = base::toMilliseconds(next.segment.duration);
    segment.neededIn = base::toMilliseconds(next.neededIn);
    queue.push_back(std::move(segment));
  }
  driver_->load(std::move(queue), load.streamSwarmId, load.properties);
}

void LaneEngine::follow(std::vector<std::string> segments) { driver_->follow(std::move(segments)); }

void LaneEngine::lookup(const std::string& segment) {
  driver_->getSegment(segment, [this, segment](std::optional<engine::Segment> found) {
    sink_(gw::input::SegmentFound{id_, segment, found ? std::move(found->data) : std::nullopt});
  });
}

void LaneEngine::close() {
  closed_ = true;
  driver_->destroy();
}

gw::input::LaneReport LaneEngine::report() const {
  gw::input::LaneReport report{.lane = id_};
  const engine::Stats& stats = driver_->stats();
  report.httpBytes = stats.httpBytes;
  report.p2pBytes = stats.p2pBytes;
  report.uploadedBytes = stats.uploadedBytes;
  report.segmentsOverHttp = stats.segmentsOverHttp;
  report.segmentsOverP2p = stats.segmentsOverP2p;
  connections_->measureRoundTrips();  // for the next report
  const engine::Details details = driver_->getDetails();
  for (const engine::PeerDetails& peer : details.peers) {
    const auto error = lastErrors_.find(peer.id);
    report.peers.push_back({base::toHex(peer.id.view()), std::string(engine::infoOf(peer.generation).name),
                            peer.remoteAddress, peer.bytesDownloaded, peer.bytesUploaded, peer.segments,
                            connections_->roundTrip(peer.connection),
                            error == lastErrors_.end() ? std::string() : error->second});
  }
  for (const engine::SwarmDetails& swarm : details.swarms) {
    report.swarms.push_back(
        {std::string(engine::infoOf(swarm.generation).name), base::toHex(swarm.infoHash.view()), swarm.peers});
  }
  return report;
}

void LaneEngine::setupHttp(driver::HttpRequest& request, const engine::Segment&) {
  request.publicOnly = publicOnly_;
  request.headers.insert(request.headers.end(), options_.headers.begin(), options_.headers.end());
}

void LaneEngine::note(std::string text, bool trouble) { sink_(gw::input::LaneEvent{id_, std::move(text), trouble}); }

void LaneEngine::noteTrouble(const base::PeerId& peer, const base::Error& error) {
  // Those who never connected, or are gone, are in the log alone.
  const engine::Details details = driver_->getDetails();
  const bool connected = std::ranges::any_of(details.peers, [&](const auto& known) { return known.id == peer; });
  if (connected) lastErrors_[peer] = error.detail;
  note("peer " + shortId(peer) + ": " + error.detail, true);
}

void LaneEngine::onEvent(const engine::Output& event) {
  if (closed_) return;
  namespace out = engine::output;
  if (const auto* bytes = std::get_if<out::SegmentBytes>(&event)) {
    sink_(gw::input::SegmentBytes{id_, bytes->id, bytes->offset, bytes->data, bytes->total});
  } else if (const auto* loaded = std::get_if<out::SegmentLoaded>(&event)) {
    sink_(gw::input::SegmentLoaded{id_, loaded->segment.id, *loaded->segment.data, loaded->peerId.has_value()});
  } else if (const auto* failed = std::get_if<out::SegmentError>(&event)) {
    if (failed->peerId) {
      noteTrouble(*failed->peerId, failed->error);
    } else {
      sink_(gw::input::SegmentFailed{id_, failed->segment.id, failed->error, failed->elsewhere});
    }
  } else if (const auto* connected = std::get_if<out::PeerConnect>(&event)) {
    note("peer " + shortId(connected->id) + " (" + std::string(engine::infoOf(connected->generation).name) + ", " +
             connected->remoteAddress + ") connected",
         false);
  } else if (const auto* left = std::get_if<out::PeerClose>(&event)) {
    lastErrors_.erase(left->id);
    note("peer " + shortId(left->id) + " left", false);
  } else if (const auto* warned = std::get_if<out::TrackerWarning>(&event)) {
    note("tracker " + gw::redacted(warned->url) + ": " + warned->message, true);
  } else if (const auto* refused = std::get_if<out::TrackerError>(&event)) {
    note("tracker " + gw::redacted(refused->url) + ": " + refused->error.detail, true);
  } else if (const auto* trouble = std::get_if<out::PeerError>(&event)) {
    if (trouble->id) {
      noteTrouble(*trouble->id, trouble->error);
    } else {
      note("peer: " + trouble->error.detail, true);
    }
  }
}

}  // namespace p2pml::native
