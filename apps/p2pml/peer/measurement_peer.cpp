#include "p2pml/peer/measurement_peer.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "media/m3u8.hpp"
#include "media/synthetic.hpp"

namespace p2pml::app {

namespace {

using Json = nlohmann::ordered_json;

double tenth(double value) { return std::round(value * 10) / 10; }

Json bytesJson(const ViewerBytes& bytes) {
  return {{"http", bytes.http}, {"p2p", bytes.p2p}, {"up", bytes.uploaded}, {"delivered", bytes.delivered}};
}

/// {"06": 2, "23": 0}: how many are connected of each generation that this peer speaks.
Json peersByGen(const Settings& settings, const std::map<PeerId, std::string>& connected) {
  Json json = Json::object();
  for (const Generation generation : settings.peerProtocols) json[std::string(genName(generation))] = 0;
  for (const auto& [peer, protocol] : connected) {
    Json& count = json[std::string(genName(protocol))];
    count = count.is_null() ? 1 : count.get<int>() + 1;
  }
  return json;
}

Json swarmsJson(const HybridLoader& loader) {
  Json json = Json::array();
  for (const SwarmDetails& swarm : loader.getDetails().swarms) {
    json.push_back({{"gen", genName(swarm.protocol)}, {"infoHash", swarm.infoHash}, {"peerId", swarm.peerId}});
  }
  return json;
}

Json recordJson(const SegmentRecord& record) {
  Json json = {{"n", record.number},
               {"src", engine::toString(record.method)},
               {"ms", tenth(record.tookMs)},
               {"bytes", record.bytes},
               {"t", tenth(record.atMs)}};
  json["peer"] = record.peer ? Json(*record.peer) : Json(nullptr);
  if (record.bad) json["bad"] = true;
  return json;
}

}  // namespace

MeasurementPeer::MeasurementPeer(std::shared_ptr<Runtime> runtime, PeerConfig config)
    : runtime_(std::move(runtime)),
      config_(std::move(config)),
      clock_(std::make_unique<native::NativeClockPort>(runtime_->loop())),
      fetcher_(std::make_unique<TextFetcher>(runtime_->loop())),
      startedAt_(std::chrono::system_clock::now()),
      start_(clock_->now()) {
  have_.resize(static_cast<std::size_t>(config_.count));
}

MeasurementPeer::~MeasurementPeer() = default;

bool MeasurementPeer::isRight(std::int64_t number, const Bytes& data) const {
  return media::isSyntheticBody(data, config_.name, static_cast<std::uint64_t>(number), config_.size);
}

Result<HybridLoader> MeasurementPeer::makeLoader() {
  Settings settings = config_.settings;
  if (config_.validate) {
    settings.segmentValidator = [name = config_.name, size = config_.size](
                                    const Segment& segment, Method, const OptionalPeerId&,
                                    const std::function<void(Result<void>)>& done) {
      const std::uint64_t number = std::strtoull(segment.sequence.c_str(), nullptr, 10);
      if (media::isSyntheticBody(*segment.data, name, number, size)) return done({});
      done(base::fail(ErrorCode::malformed, "segment " + segment.sequence + " is not the synthetic body it should be"));
    };
  }
  return HybridLoader::create(std::move(settings), config_.native, runtime_);
}

Result<void> MeasurementPeer::start() {
  if (config_.role != PeerConfig::Role::viewer) {
    auto loader = makeLoader();
    if (!loader) return std::unexpected(loader.error());
    loader_ = std::make_unique<HybridLoader>(std::move(*loader));
    startTransfer();
    return {};
  }
  if (config_.live) {
    pollPlaylist();
    return {};
  }
  const auto started = startViewer(0);
  if (started) viewer_->setAvailable(config_.count, true);
  return started;
}

Result<void> MeasurementPeer::startViewer(std::int64_t first) {
  auto loader = makeLoader();
  if (!loader) return std::unexpected(loader.error());
  Viewer::Stream stream;
  stream.streamSwarmId = config_.streamSwarmId();
  stream.properties = config_.stream();
  stream.segment = [this](std::int64_t number) { return config_.segment(number); };
  stream.check = [this](std::int64_t number, const Bytes& data) { return isRight(number, data); };
  media::PlayerOptions player;
  player.first = first;
  player.ahead = config_.ahead;
  player.forward = config_.forward;
  player.segmentDuration = base::Duration(std::llround(config_.duration * 1e6));
  viewer_ = std::make_unique<Viewer>(config_.id, runtime_, std::move(*loader), std::move(stream), std::move(player));
  return {};
}

void MeasurementPeer::pollPlaylist() {
  fetcher_->fetch(config_.playlistUrl(), [this](const Result<FetchedText>& fetched) {
    if (fetched) onPlaylist(fetched->text);
  });
  clock_->wake = [this] { pollPlaylist(); };
  clock_->wakeAt(clock_->now() + base::Duration(std::llround(config_.duration * 1e6)));
}

void MeasurementPeer::onPlaylist(const std::string& text) {
  const auto playlist = media::parseM3u8(text, config_.playlistUrl());
  const auto* list = playlist ? std::get_if<media::MediaPlaylist>(&*playlist) : nullptr;
  if (list == nullptr || list->segments.empty()) {
    ++errors_;
    return;
  }
  const auto end = static_cast<std::int64_t>(list->segments.back().sequence) + 1;
  const auto begin = static_cast<std::int64_t>(list->segments.front().sequence);
  if (!viewer_ && !startViewer(std::max(begin, end - config_.liveBack))) return;
  viewer_->setAvailable(end, list->endList);
}

void MeasurementPeer::startTransfer() {
  const auto since = [this] { return static_cast<double>((clock_->now() - start_).count()) / 1000.0; };
  loader_->on(Events::SegmentLoaded, [this, since](const Segment& segment, const OptionalPeerId& peer) {
    const auto number = static_cast<std::size_t>(std::strtoull(segment.sequence.c_str(), nullptr, 10));
    if (number >= have_.size() || have_[number]) return;
    have_[number] = true;
    ++got_;
    lastAtMs_ = since();
    SegmentRecord record;
    record.number = static_cast<std::int64_t>(number);
    record.method = peer ? Method::p2p : Method::http;
    record.bytes = segment.data->size();
    record.atMs = lastAtMs_;
    record.peer = peer;
    record.bad = !isRight(record.number, *segment.data);
    if (record.bad) ++bad_;
    bytes_.delivered += record.bytes;
    loads_.push_back(std::move(record));
    // The seeder's queue keeps all its segments locked in the cache; the leecher drops what it has.
    if (config_.role == PeerConfig::Role::leech) loadRest();
  });
  loader_->on(Events::SegmentError, [this](const Segment&, const Error&, const OptionalPeerId&) { ++errors_; });
  loader_->on(Events::PieceBytesDownloaded,
              [this, since](const Method& method, const std::uint64_t& bytes, const OptionalPeerId&) {
                (method == Method::http ? bytes_.http : bytes_.p2p) += bytes;
                if (method == Method::p2p && firstP2pMs_ < 0) firstP2pMs_ = since();
              });
  loader_->on(Events::PieceBytesUploaded,
              [this](const Method&, const std::uint64_t& bytes, const OptionalPeerId&) { bytes_.uploaded += bytes; });
  loader_->on(Events::PeerConnect, [this](const Peer& peer) {
    peers_[peer.id] = peer.protocol;
    peersMax_ = std::max(peersMax_, peers_.size());
  });
  loader_->on(Events::PeerClose, [this](const PeerId& peer) { peers_.erase(peer); });
  loadRest();
}

void MeasurementPeer::loadRest() {
  std::vector<Segment> list;
  for (std::int64_t number = 0; number < config_.count; ++number) {
    const bool missing = !have_[static_cast<std::size_t>(number)];
    if (config_.role == PeerConfig::Role::leech &&
        (!missing || static_cast<std::int64_t>(list.size()) >= config_.forward)) {
      continue;
    }
    Segment segment = config_.segment(number);
    segment.priority = static_cast<std::int64_t>(list.size());
    list.push_back(std::move(segment));
  }
  loader_->load(std::move(list), config_.streamSwarmId(), config_.stream());
}

bool MeasurementPeer::done() const {
  return config_.role == PeerConfig::Role::viewer ? viewer_ && viewer_->done() : got_ == config_.count;
}

const HybridLoader* MeasurementPeer::loader() const { return viewer_ ? &viewer_->loader() : loader_.get(); }

const std::map<PeerId, std::string>& MeasurementPeer::connected() const {
  return viewer_ ? viewer_->connected() : peers_;
}

std::string MeasurementPeer::progressLine() const {
  Json progress;
  if (config_.role == PeerConfig::Role::viewer) {
    progress["done"] = done();
    progress["next"] = viewer_ ? viewer_->player().next() : 0;
    progress["pos"] = viewer_ ? std::round(viewer_->player().position(viewer_->now()) * 100) / 100 : 0.0;
    progress["peers"] = connected().size();
    progress["stalls"] = viewer_ ? viewer_->player().stalls().size() : 0;
    progress["bytes"] = bytesJson(viewer_ ? viewer_->bytes() : ViewerBytes{});
  } else {
    progress["done"] = done();
    progress["got"] = got_;
    progress["bad"] = bad_;
    progress["peers"] = connected().size();
    progress["bytes"] = bytesJson(bytes_);
    progress["firstP2P"] = firstP2pMs_ < 0 ? Json(nullptr) : Json(tenth(firstP2pMs_));
    progress["lastAt"] = lastAtMs_ < 0 ? Json(nullptr) : Json(tenth(lastAtMs_));
  }
  progress["gen"] = config_.gen;
  progress["peersByGen"] = peersByGen(config_.settings, connected());
  progress["swarms"] = loader() == nullptr ? Json::array() : swarmsJson(*loader());
  return Json{{"progress", progress}}.dump();
}

std::string MeasurementPeer::resultLine() const {
  Json result;
  result["id"] = config_.id;
  result["gen"] = config_.gen;
  result["kind"] = "native";
  result["startedAt"] = std::chrono::duration_cast<std::chrono::milliseconds>(startedAt_.time_since_epoch()).count();
  result["elapsedMs"] = tenth(static_cast<double>((clock_->now() - start_).count()) / 1000.0);
  if (viewer_) {
    const media::Player& player = viewer_->player();
    const double offset = static_cast<double>((viewer_->now() - start_).count()) / 1000.0 - viewer_->sinceStartMs();
    result["startupMs"] = tenth(static_cast<double>(player.startup().count()) / 1000.0);
    result["bytes"] = bytesJson(viewer_->bytes());
    result["segments"] = Json::array();
    for (SegmentRecord record : viewer_->delivered()) {
      record.atMs += offset;
      result["segments"].push_back(recordJson(record));
    }
    result["loads"] = Json::array();
    for (SegmentRecord record : viewer_->loads()) {
      record.atMs += offset;
      result["loads"].push_back(recordJson(record));
    }
    result["stalls"] = Json::array();
    for (const auto& stall : player.stalls()) {
      result["stalls"].push_back({{"t", tenth(static_cast<double>((stall.at - start_).count()) / 1000.0)},
                                  {"n", stall.segment},
                                  {"ms", tenth(static_cast<double>(stall.length.count()) / 1000.0)}});
    }
    result["events"] = Json::array();
    for (const ViewerEvent& event : viewer_->events()) {
      Json json = {{"t", tenth(event.atMs + offset)}, {"e", event.name}};
      if (event.peer) json["peer"] = *event.peer;
      if (!event.protocol.empty()) json["gen"] = genName(event.protocol);
      if (!event.detail.empty()) json[event.name == "peer_connect" ? "addr" : "detail"] = event.detail;
      result["events"].push_back(std::move(json));
    }
    result["peersMax"] = viewer_->peersMax();
    result["errors"] = viewer_->errors() + errors_;
    result["skipped"] = player.skipped();
  } else {
    result["startupMs"] = nullptr;
    result["bytes"] = bytesJson(bytes_);
    result["segments"] = Json::array();
    for (const SegmentRecord& record : loads_) result["segments"].push_back(recordJson(record));
    result["loads"] = result["segments"];
    result["stalls"] = Json::array();
    result["events"] = Json::array();
    result["peersMax"] = peersMax_;
    result["errors"] = errors_;
    result["got"] = got_;
    result["bad"] = bad_;
    result["firstP2P"] = firstP2pMs_ < 0 ? Json(nullptr) : Json(tenth(firstP2pMs_));
    result["lastAt"] = lastAtMs_ < 0 ? Json(nullptr) : Json(tenth(lastAtMs_));
  }
  result["peersByGen"] = peersByGen(config_.settings, connected());
  result["done"] = done();
  return Json{{"result", result}}.dump();
}

std::future<void> MeasurementPeer::leave() {
  clock_->wakeAt(base::kNever);
  if (viewer_) return viewer_->loader().destroy();
  if (loader_) return loader_->destroy();
  std::promise<void> nothing;
  nothing.set_value();
  return nothing.get_future();
}

}  // namespace p2pml::app
