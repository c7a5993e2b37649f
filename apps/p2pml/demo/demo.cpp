#include "p2pml/demo/demo.hpp"

#include <algorithm>
#include <cstdint>
#include <random>
#include <string_view>
#include <utility>

#include "media/m3u8.hpp"
#include "p2pml/demo/sample_stream.hpp"
#include "p2pml/gateway/page_files.hpp"
#include "p2pml/version.hpp"

namespace p2pml::app {

namespace {

media::PlayerOptions playerFor(const std::vector<media::StreamSegment>& segments) {
  media::PlayerOptions options;
  for (const media::StreamSegment& segment : segments) options.durations.push_back(segment.duration);
  return options;
}

Segment toSegment(const media::StreamSegment& from) {
  Segment segment(from.id, from.url, from.range);
  segment.masterSwarmId = from.masterSwarmId;
  segment.masterManifestUri = from.masterSwarmId;
  segment.streamId = from.streamId;
  segment.sequence = from.sequence;
  segment.externalId = from.externalId;
  return segment;
}

/// The gateway's usual one; another if it is taken.
constexpr std::uint16_t kPagePort = 8090;

/// For the value of a query (RFC 3986 section 2.1).
std::string percentEncoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte | 0x20U) - 'a' < 26U || byte - '0' < 10U || c == '-' || c == '.' || c == '_' || c == '~') {
      result.push_back(c);
    } else {
      result += {'%', kHex[byte >> 4U], kHex[byte & 15U]};
    }
  }
  return result;
}

native::Endpoint anyLocalPort() {
  native::Endpoint endpoint;
  endpoint.host = "127.0.0.1";
  endpoint.port = 0;
  return endpoint;
}

}  // namespace

Demo::Demo(std::shared_ptr<Runtime> runtime, DemoOptions options, std::function<void(base::Result<void>)> finished)
    : runtime_(std::move(runtime)), options_(std::move(options)), finished_(std::move(finished)) {}

Demo::~Demo() = default;

void Demo::fail(base::Error error) {
  if (std::exchange(ended_, true)) return;
  finished_(std::unexpected(std::move(error)));
}

void Demo::start() {
  clock_ = std::make_unique<native::NativeClockPort>(runtime_->loop());
  fetcher_ = std::make_unique<TextFetcher>(runtime_->loop());
  if (options_.keep) options_.settings.cachedSegmentExpiration = INT32_MAX;  // as long as somebody may come
  startServers();
  if (!ended_ && options_.keep) startGateway();
  if (!ended_) loadPlaylist(streamUrl_);
}

void Demo::startServers() {
  if (options_.url.empty()) {
    const auto serve = [](const native::OriginRequest& request) {
      auto file = sampleFile(request.path);
      if (!file) return native::statusResponse(404);
      native::OriginResponse response;
      response.contentType = file->contentType;
      response.body = std::move(file->data);
      return response;
    };
    auto origin = native::OriginServer::start(runtime_->loop(), {.listen = anyLocalPort()}, serve);
    if (!origin) return fail(origin.error());
    origin_ = std::move(*origin);
    streamUrl_ = origin_->url() + std::string(kSampleMaster);
  } else {
    streamUrl_ = options_.url;
  }
  if (options_.trackerGiven || !options_.settings.useP2P) return;
  auto tracker = native::TrackerServer::start(runtime_->loop(), {.listen = anyLocalPort()});
  if (!tracker) return fail(tracker.error());
  tracker_ = std::move(*tracker);
  options_.settings.trackerAnnounce = {tracker_->url()};
}

void Demo::startGateway() {
  native::GatewayServerOptions options;
  options.listen = anyLocalPort();
  options.listen.port = kPagePort;
  options.gateway.page = pageFiles();
  options.gateway.version = std::string(version());
  options.lanes.settings = static_cast<const engine::Settings&>(options_.settings);
  options.lanes.rtc.localAddresses = {"127.0.0.1"};
  options.seed = std::random_device{}();
  auto gateway = native::GatewayServer::start(runtime_->loop(), options, {});
  if (!gateway) {
    options.listen.port = 0;
    gateway = native::GatewayServer::start(runtime_->loop(), std::move(options), {});
  }
  if (!gateway) return fail(gateway.error());
  gateway_ = *std::move(gateway);
  pageUrl_ = gateway_->url() + "/?play=" + percentEncoded(streamUrl_);
}

void Demo::loadPlaylist(const std::string& url) {
  fetcher_->fetch(url, [this, url](base::Result<FetchedText> fetched) {
    if (!fetched) return fail(fetched.error());
    auto playlist = media::parseM3u8(fetched->text, fetched->url);
    if (!playlist) return fail({playlist.error().code, url + ": " + playlist.error().detail});
    if (const auto* master = std::get_if<media::MultivariantPlaylist>(&*playlist)) {
      onMaster(*master, url);
    } else {
      onPlaylist(std::get<media::MediaPlaylist>(*playlist), media::streamNamesWithoutMaster(url));
    }
  });
}

void Demo::onMaster(const media::MultivariantPlaylist& master, const std::string& requested) {
  if (options_.rendition >= master.variants.size()) {
    return fail({ErrorCode::invalidArgument, "--rendition: is " + std::to_string(options_.rendition) + ", but " +
                                                 requested + " has renditions 0 to " +
                                                 std::to_string(master.variants.size() - 1)});
  }
  const std::string url = master.variants[options_.rendition].uri;
  const media::StreamNames names = media::streamNamesOfVariant(requested, master, options_.rendition);
  media::M3u8Options imports;
  imports.imports = master.variables;
  fetcher_->fetch(url, [this, url, names, imports](base::Result<FetchedText> fetched) {
    if (!fetched) return fail(fetched.error());
    auto playlist = media::parseM3u8(fetched->text, fetched->url, imports);
    if (!playlist) return fail({playlist.error().code, url + ": " + playlist.error().detail});
    const auto* media = std::get_if<media::MediaPlaylist>(&*playlist);
    if (media == nullptr) return fail({ErrorCode::malformed, url + ": is a master playlist inside a master playlist"});
    onPlaylist(*media, names);
  });
}

void Demo::onPlaylist(const media::MediaPlaylist& playlist, const media::StreamNames& names) {
  if (!playlist.endList) {
    return fail({ErrorCode::invalidArgument, streamUrl_ + ": is a live stream; the demo plays VOD (#EXT-X-ENDLIST)"});
  }
  segments_ = media::streamSegments(playlist, names);
  properties_ = names.properties;
  if (segments_.empty()) return fail({ErrorCode::malformed, streamUrl_ + ": has no segments"});
  expected_.resize(segments_.size());
  if (origin_) {
    const std::size_t root = origin_->url().size();
    for (std::size_t i = 0; i < segments_.size(); ++i) {
      if (auto file = sampleFile(segments_[i].url.substr(root))) expected_[i] = std::move(file->data);
    }
  }
  startViewer();
}

bool Demo::check(std::int64_t number, const Bytes& data) {
  Bytes& expected = expected_[static_cast<std::size_t>(number)];
  if (expected.empty()) expected = data;
  return expected == data;
}

void Demo::startViewer() {
  NativeOptions native;
  native.localAddresses = {"127.0.0.1"};
  auto loader = HybridLoader::create(options_.settings, native, runtime_);
  if (!loader) return fail(loader.error());
  Viewer::Stream stream;
  stream.streamSwarmId = segments_.front().streamSwarmId;
  stream.properties = properties_;
  stream.segment = [this](std::int64_t n) { return toSegment(segments_[static_cast<std::size_t>(n)]); };
  stream.check = [this](std::int64_t n, const Bytes& data) { return check(n, data); };
  auto viewer = std::make_unique<Viewer>(std::to_string(viewers_.size() + 1), runtime_, std::move(*loader),
                                         std::move(stream), playerFor(segments_));
  viewer->onProgress = [this] { onProgress(); };
  viewers_.push_back(std::move(viewer));
  if (viewers_.size() < options_.viewers) {
    clock_->wake = [this] { startViewer(); };
    clock_->wakeAt(clock_->now() + options_.apart);
  }
  viewers_.back()->setAvailable(static_cast<std::int64_t>(segments_.size()), true);
}

void Demo::onProgress() {
  if (ended_ || viewers_.size() < options_.viewers) return;
  if (!std::all_of(viewers_.begin(), viewers_.end(), [](const auto& viewer) { return viewer->done(); })) return;
  ended_ = true;
  finished_({});
}

std::vector<std::future<void>> Demo::leave() {
  ended_ = true;
  if (clock_) clock_->wakeAt(base::kNever);
  std::vector<std::future<void>> left;
  for (const auto& viewer : viewers_) left.push_back(viewer->loader().destroy());
  if (gateway_) gateway_->leave();
  return left;
}

DemoReport Demo::report() const {
  DemoReport report;
  report.stream = streamUrl_;
  report.segmentCount = segments_.size();
  for (const media::StreamSegment& segment : segments_) {
    report.durationMs += static_cast<double>(base::toMilliseconds(segment.duration));
  }
  for (const Bytes& bytes : expected_) report.segmentBytes += bytes.size();
  for (const auto& viewer : viewers_) {
    const media::Player& player = viewer->player();
    ViewerReport& v = report.viewers.emplace_back();
    v.name = viewer->name();
    v.started = player.playing() || player.done() || !player.stalls().empty();
    v.done = player.done();
    v.position = player.position(viewer->now());
    v.bufferedMs = static_cast<double>(base::toMilliseconds(player.buffered(viewer->now())));
    v.peers = viewer->peers();
    v.peersMax = viewer->peersMax();
    v.http = viewer->bytes().http;
    v.p2p = viewer->bytes().p2p;
    v.uploaded = viewer->bytes().uploaded;
    v.delivered = viewer->bytes().delivered;
    v.segments = viewer->delivered().size();
    v.startupMs = static_cast<double>(player.startup().count()) / 1000.0;
    v.stalls = player.stalls().size();
    for (const auto& stall : player.stalls()) v.stalledMs += static_cast<double>(base::toMilliseconds(stall.length));
    v.bad = viewer->badSegments();
    v.skipped = player.skipped();
    v.errors = viewer->errors();
  }
  for (std::size_t i = viewers_.size(); i < options_.viewers; ++i) {
    report.viewers.emplace_back().name = std::to_string(i + 1);
  }
  return report;
}

}  // namespace p2pml::app
