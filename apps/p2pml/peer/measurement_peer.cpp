#include "p2pml/peer/measurement_peer.hpp"

#include <algorithm>
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>
#include <utility>

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

Json recordJson(const SegmentRecord& record, const PeerStream& stream) {
  Json json = {{"n", stream.number(record.number)},
               {"src", engine::toString(record.method)},
               {"ms", tenth(record.tookMs)},
               {"bytes", record.bytes},
               {"t", tenth(record.atMs)}};
  json["peer"] = record.peer ? Json(*record.peer) : Json(nullptr);
  if (record.bad) json["bad"] = true;
  if (!record.digest.empty()) json["sha256"] = record.digest;
  return json;
}

Json eventJson(const ViewerEvent& event, double offset) {
  Json json = {{"t", tenth(event.atMs + offset)}, {"e", event.name}};
  if (event.peer) json["peer"] = *event.peer;
  if (!event.protocol.empty()) json["gen"] = genName(event.protocol);
  if (!event.detail.empty()) json[event.name == "peer_connect" ? "addr" : "detail"] = event.detail;
  return json;
}

Json timeJson(double ms) { return ms < 0 ? Json(nullptr) : Json(tenth(ms)); }

}  // namespace

MeasurementPeer::MeasurementPeer(std::shared_ptr<Runtime> runtime, PeerConfig config)
    : runtime_(std::move(runtime)),
      config_(std::move(config)),
      clock_(std::make_unique<native::NativeClockPort>(runtime_->loop())),
      startedAt_(std::chrono::system_clock::now()),
      start_(clock_->now()),
      stream_(PeerStream::create(runtime_->loop(), config_)) {}

MeasurementPeer::~MeasurementPeer() = default;

double MeasurementPeer::sinceStartMs() const { return static_cast<double>((clock_->now() - start_).count()) / 1000.0; }

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

void MeasurementPeer::fail(Error error) {
  if (!failure_) failure_ = std::move(error);
}

Result<void> MeasurementPeer::start() {
  stream_->onChange = [this] { onStreamChange(); };
  stream_->onFailure = [this](const Error& error) { fail(error); };
  stream_->onTrouble = [this](const Error& error) {
    ++troubles_;
    if (error.detail == lastTrouble_) return;
    lastTrouble_ = error.detail;
    std::cerr << "p2pml peer: " << error.detail << std::endl;
  };
  stream_->start();
  if (failure_) return std::unexpected(*failure_);
  return {};
}

void MeasurementPeer::onStreamChange() {
  if (!viewer_ && !transfer_) {
    auto loader = makeLoader();
    if (!loader) return fail(loader.error());
    start(std::move(*loader));
  }
  const StreamWindow window = stream_->window();
  if (viewer_) viewer_->setAvailable(window.end, window.complete);
  if (transfer_) transfer_->reload();
}

void MeasurementPeer::start(HybridLoader loader) {
  if (config_.role != PeerConfig::Role::viewer) {
    transfer_ = std::make_unique<Transfer>(std::move(loader), config_, *stream_, [this] { return sinceStartMs(); });
    return;
  }
  Viewer::Stream stream;
  stream.streamSwarmId = stream_->streamSwarmId();
  stream.properties = stream_->properties();
  stream.segment = [this](std::int64_t place) { return stream_->segment(place); };
  stream.check = [this](std::int64_t place, const Bytes& data) { return stream_->isRight(place, data); };
  stream.digest = [this](const Bytes& data) { return stream_->digest(data); };
  const StreamWindow window = stream_->window();
  media::PlayerOptions player;
  player.first = stream_->live() ? std::max(window.begin, window.end - config_.liveBack) : window.begin;
  player.ahead = config_.ahead;
  player.forward = config_.forward;
  player.segmentDuration = stream_->segmentDuration();
  player.durations = stream_->durations();
  viewer_ = std::make_unique<Viewer>(config_.id, runtime_, std::move(loader), std::move(stream), std::move(player));
}

bool MeasurementPeer::done() const { return viewer_ ? viewer_->done() : transfer_ && transfer_->done(); }

const HybridLoader* MeasurementPeer::loader() const {
  if (viewer_) return &viewer_->loader();
  return transfer_ ? &transfer_->loader() : nullptr;
}

const std::map<PeerId, std::string>& MeasurementPeer::connected() const {
  static const std::map<PeerId, std::string> kNobody;
  if (viewer_) return viewer_->connected();
  return transfer_ ? transfer_->connected() : kNobody;
}

std::string MeasurementPeer::progressLine() const {
  Json progress;
  progress["done"] = done();
  if (config_.role == PeerConfig::Role::viewer) {
    progress["next"] = viewer_ ? viewer_->player().next() : 0;
    progress["pos"] = viewer_ ? std::round(viewer_->player().position(viewer_->now()) * 100) / 100 : 0.0;
    progress["peers"] = connected().size();
    progress["stalls"] = viewer_ ? viewer_->player().stalls().size() : 0;
    progress["bytes"] = bytesJson(viewer_ ? viewer_->bytes() : ViewerBytes{});
  } else {
    progress["got"] = transfer_ ? transfer_->got() : 0;
    progress["bad"] = transfer_ ? transfer_->badSegments() : 0;
    progress["peers"] = connected().size();
    progress["bytes"] = bytesJson(transfer_ ? transfer_->bytes() : ViewerBytes{});
    progress["firstP2P"] = timeJson(transfer_ ? transfer_->firstP2pMs() : -1);
    progress["lastAt"] = timeJson(transfer_ ? transfer_->lastAtMs() : -1);
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
  result["elapsedMs"] = tenth(sinceStartMs());
  result["startupMs"] = nullptr;
  result["bytes"] = bytesJson({});
  for (const char* list : {"segments", "loads", "stalls", "events"}) result[list] = Json::array();
  const auto records = [this](const std::vector<SegmentRecord>& from, double offset) {
    Json list = Json::array();
    for (SegmentRecord record : from) {
      record.atMs += offset;
      list.push_back(recordJson(record, *stream_));
    }
    return list;
  };
  if (viewer_) {
    const media::Player& player = viewer_->player();
    const double offset = static_cast<double>((viewer_->now() - start_).count()) / 1000.0 - viewer_->sinceStartMs();
    result["startupMs"] = tenth(static_cast<double>(player.startup().count()) / 1000.0);
    result["bytes"] = bytesJson(viewer_->bytes());
    result["segments"] = records(viewer_->delivered(), offset);
    result["loads"] = records(viewer_->loads(), offset);
    for (const auto& stall : player.stalls()) {
      result["stalls"].push_back({{"t", tenth(static_cast<double>((stall.at - start_).count()) / 1000.0)},
                                  {"n", stream_->number(stall.segment)},
                                  {"ms", tenth(static_cast<double>(stall.length.count()) / 1000.0)}});
    }
    for (const ViewerEvent& event : viewer_->events()) result["events"].push_back(eventJson(event, offset));
    result["peersMax"] = viewer_->peersMax();
    result["errors"] = viewer_->errors() + troubles_;
    result["skipped"] = player.skipped();
  } else if (transfer_) {
    result["bytes"] = bytesJson(transfer_->bytes());
    result["segments"] = records(transfer_->loads(), 0);
    result["loads"] = result["segments"];
    for (const ViewerEvent& event : transfer_->events()) result["events"].push_back(eventJson(event, 0));
    result["peersMax"] = transfer_->peersMax();
    result["errors"] = transfer_->errors() + troubles_;
    result["got"] = transfer_->got();
    result["bad"] = transfer_->badSegments();
    result["firstP2P"] = timeJson(transfer_->firstP2pMs());
    result["lastAt"] = timeJson(transfer_->lastAtMs());
  } else {
    result["peersMax"] = 0;
    result["errors"] = troubles_;
  }
  result["peersByGen"] = peersByGen(config_.settings, connected());
  result["done"] = done();
  return Json{{"result", result}}.dump();
}

std::future<void> MeasurementPeer::leave() {
  stream_->stop();
  if (viewer_) return viewer_->loader().destroy();
  if (transfer_) return transfer_->loader().destroy();
  std::promise<void> nothing;
  nothing.set_value();
  return nothing.get_future();
}

}  // namespace p2pml::app
