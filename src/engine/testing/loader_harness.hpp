// What the tests of the loader share: a HybridLoader, a clock that the test moves, and a fake world around it (origin,
// tracker, peers) of which the test says every word.
//
// Time starts at 0 ms and moves only in advance()/advanceTo(), which tick exactly at the loader's deadlines. Tracker
// sockets open at once, offers and answers are made at once, channels drain at once, unless the test switches that off.
// Everything the loader says is watched by OutputChecker.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/encoding.hpp"
#include "engine/hybrid_loader.hpp"
#include "engine/peers/node_mark.hpp"
#include "engine/testing/output_checker.hpp"
#include "wire/peer_json.hpp"
#include "wire/tracker_message.hpp"

namespace p2pml::engine {

class LoaderHarness {
 public:
  /// The stream and master swarm of segment(): its segments are "m+1", "m+2", ... on every level.
  static constexpr const char* kStream = "m";

  /// The defaults, but one tracker, and no random HTTP downloads unless the test wants them.
  static Settings quietSettings() {
    Settings settings;
    settings.trackerAnnounce = {"wss://tracker"};
    settings.httpDownloadProbability = 0;
    return settings;
  }

  explicit LoaderHarness(Settings settings = quietSettings(), Capabilities capabilities = {}, std::uint64_t seed = 1)
      : checker_(settings) {
    auto created = HybridLoader::create({std::move(settings), capabilities, seed});
    if (created) loader_ = std::move(*created);
  }

  [[nodiscard]] HybridLoader& loader() { return *loader_; }
  [[nodiscard]] const Stats& stats() const { return loader_->stats(); }
  [[nodiscard]] const OutputChecker& open() const { return checker_; }

  // ------------------------------------------------------------------------------------------------------------ time

  [[nodiscard]] std::int64_t nowMs() const { return base::toMilliseconds(now_); }
  /// Ticks at every deadline on the way and stops at `ms`, where what is due is done too.
  void advanceTo(std::int64_t ms) {
    const base::TimePoint target(base::milliseconds(ms));
    ASSERT_GE(target, now_);
    while (loader_->deadline() <= target) {
      now_ = std::max(now_, loader_->deadline());
      input(input::Tick{});
    }
    now_ = target;
  }
  void advance(std::int64_t ms) { advanceTo(nowMs() + ms); }
  /// -1: nothing is timed.
  [[nodiscard]] std::int64_t deadlineMs() const {
    return loader_->deadline() == base::kNever ? -1 : base::toMilliseconds(loader_->deadline());
  }

  // ---------------------------------------------------------------------------------------------------------- inputs

  void input(const Input& what) {
    feed(what);
    answerAutomatically();
  }

  static Segment segment(int number, std::int64_t priority = 0) {
    Segment segment(id(number), "http://origin/" + std::to_string(number), std::nullopt, priority);
    segment.masterSwarmId = kStream;
    segment.sequence = std::to_string(number);
    return segment;
  }
  static std::string id(int number) { return std::string(kStream) + "+" + std::to_string(number); }
  /// Priorities 0, 1, 2, ... in the order given, beginning with `firstPriority`.
  void load(const std::vector<int>& numbers, std::int64_t firstPriority = 0) {
    std::vector<Segment> segments;
    for (const int number : numbers) segments.push_back(segment(number, firstPriority++));
    loadSegments(std::move(segments));
  }
  void loadSegments(std::vector<Segment> segments, const std::string& streamSwarmId = kStream) {
    input(input::Load{std::move(segments), streamSwarmId});
  }
  std::optional<Segment> getSegment(const std::string& segmentId) {
    const std::uint64_t token = ++lastToken_;
    input(input::GetSegment{segmentId, token});
    for (const auto& result : take<output::GetSegmentResult>()) {
      if (result.token == token) return result.segment;
    }
    ADD_FAILURE() << "getSegment(" << segmentId << ") was not answered at once";
    return std::nullopt;
  }

  // ------------------------------------------------------------------------------------------------------------ HTTP

  [[nodiscard]] bool httpRunning(const std::string& segmentId) const { return http_.contains(segmentId); }
  /// Ids of the segments with an open request.
  [[nodiscard]] std::vector<std::string> httpRunning() const {
    std::vector<std::string> ids;
    for (const auto& [segmentId, request] : http_) ids.push_back(segmentId);
    return ids;
  }
  base::RequestId http(const std::string& segmentId) const {
    const auto at = http_.find(segmentId);
    EXPECT_NE(at, http_.end()) << "no HTTP request is open for " << segmentId;
    return at == http_.end() ? base::RequestId() : at->second;
  }
  void head(const std::string& segmentId, std::optional<std::uint64_t> length, int status = 200) {
    head(segmentId, {.status = status, .contentLength = length});
  }
  void head(const std::string& segmentId, input::HttpHead what) {
    what.request = http(segmentId);
    if (what.requestUrl.empty()) what.requestUrl = "http://origin/request";
    if (what.responseUrl.empty()) what.responseUrl = "http://origin/response";
    input(what);
  }
  void data(const std::string& segmentId, std::string_view bytes) {
    input(input::HttpData{http(segmentId), base::Bytes::copyOf(bytes)});
  }
  void done(const std::string& segmentId) {
    const base::RequestId request = http(segmentId);
    http_.erase(segmentId);
    input(input::HttpDone{request});
  }
  void fail(const std::string& segmentId) {
    const base::RequestId request = http(segmentId);
    http_.erase(segmentId);
    input(input::HttpFailed{request, {base::ErrorCode::unavailable, "connection refused"}});
  }
  void respond(const std::string& segmentId, std::string_view body) {
    head(segmentId, body.size());
    data(segmentId, body);
    done(segmentId);
  }

  // --------------------------------------------------------------------------------------------------------- tracker

  static base::PeerId peerId(const std::string& name, Generation generation = Generation::g0) {
    std::string raw = std::string(infoOf(generation).peerIdPrefix) + name;
    raw.resize(20, '.');
    return base::PeerId::fromRaw(raw);
  }
  static base::OfferId offerId(const std::string& name) {
    std::string raw = name;
    raw.resize(20, '.');
    return base::OfferId::fromRaw(raw);
  }
  /// The reverse of peerId().
  static std::string nameOf(const base::PeerId& peer) {
    std::string name(peer.view().substr(8));
    while (!name.empty() && name.back() == '.') name.pop_back();
    return name;
  }
  [[nodiscard]] SwarmDetails swarm(Generation generation = Generation::g0) const {
    for (const SwarmDetails& swarm : loader_->getDetails().swarms) {
      if (swarm.generation == generation) return swarm;
    }
    ADD_FAILURE() << "the loader is in no swarm of " << infoOf(generation).name;
    return {};
  }
  [[nodiscard]] base::PeerId ownId(Generation generation = Generation::g0) const { return swarm(generation).peerId; }
  [[nodiscard]] base::InfoHash infoHash(Generation generation = Generation::g0) const {
    return swarm(generation).infoHash;
  }
  /// The tracker says something on the first open socket.
  template <class Message>
  void tracker(const Message& message) {
    ASSERT_FALSE(checker_.sockets().empty());
    input(input::SocketMessage{*checker_.sockets().begin(), wire::encode(message)});
  }
  void trackerCounts(std::int64_t incomplete, std::int64_t interval = 120, Generation generation = Generation::g0) {
    wire::AnnounceResponse response;
    response.infoHash = infoHash(generation);
    response.complete = 0;
    response.incomplete = incomplete;
    response.interval = interval;
    tracker(response);
  }
  /// Requests the loader sent to trackers since the last call.
  std::vector<wire::TrackerRequest> takeTrackerRequests() { return std::exchange(trackerRequests_, {}); }
  /// Offers of the announces in that swarm among them.
  std::vector<wire::TrackerOffer> takeOffers(Generation generation = Generation::g0) {
    std::vector<wire::TrackerOffer> offers;
    const base::InfoHash swarm = infoHash(generation);
    for (const auto& request : takeTrackerRequests()) {
      const auto* announce = std::get_if<wire::AnnounceRequest>(&request);
      if (announce == nullptr || announce->infoHash != swarm) continue;
      offers.insert(offers.end(), announce->offers.begin(), announce->offers.end());
    }
    return offers;
  }
  /// The offer's connection, as the fake world named it in its SDP.
  static base::ConnectionId connectionOf(const wire::TrackerOffer& offer) {
    return base::ConnectionId(std::stoull(offer.sdp.substr(offer.sdp.find('#') + 1)));
  }
  /// A relayed offer; `node` is what withNodeMark() takes. The connection that answers it, if one does.
  std::optional<base::ConnectionId> relayOffer(const std::string& from, const std::string& offer,
                                               Generation generation = Generation::g0, std::string_view node = {}) {
    take<output::CreateAnswer>();
    std::string sdp = "sdp of " + offer;
    if (!node.empty()) sdp = withNodeMark(std::move(sdp), node);
    tracker(wire::RelayedOffer{infoHash(generation), peerId(from, generation), offerId(offer), std::move(sdp)});
    const auto answers = take<output::CreateAnswer>();
    return answers.empty() ? std::nullopt : std::optional(answers.back().connection);
  }
  void relayAnswer(const std::string& from, const base::OfferId& offer, Generation generation = Generation::g0,
                   std::string_view node = {}) {
    std::string sdp = "sdp of answer";
    if (!node.empty()) sdp = withNodeMark(std::move(sdp), node);
    tracker(wire::RelayedAnswer{infoHash(generation), peerId(from, generation), offer, std::move(sdp)});
  }
  void opened(base::ConnectionId connection) { input(input::PeerOpened{connection, "192.0.2.1"}); }
  void closed(base::ConnectionId connection) {
    input(input::PeerClosed{connection, {base::ErrorCode::unavailable, "connection lost"}});
  }

  // ----------------------------------------------------------------------------------------------------------- peers

  class FakePeer {
   public:
    FakePeer(LoaderHarness& world, base::ConnectionId connection) : world_(&world), connection_(connection) {}
    [[nodiscard]] base::ConnectionId connection() const { return connection_; }

    template <class Command>
    void sends(const Command& command) {
      world_->input(input::PeerMessage{connection_, wire::encode(command)});
    }
    void sendsRaw(std::string_view bytes) {
      world_->input(input::PeerMessage{connection_, base::Bytes::copyOf(bytes)});
    }
    /// Its map: these segments of kStream are loaded.
    void has(const std::vector<int>& numbers, wire::SegmentStatus status = wire::SegmentStatus::loaded) {
      wire::SegmentsMap map;
      if (!numbers.empty()) map.streams.push_back({base::StreamSwarmId(kStream), {}});
      for (const int number : numbers) map.streams[0].segments.emplace_back(std::to_string(number), status);
      sends(map);
    }
    void requests(int number) { sends(wire::SegmentRequest{base::SegmentId(id(number))}); }
    void announces(int number, std::uint64_t size) { sends(wire::SegmentData{base::SegmentId(id(number)), size}); }
    void delivers(int number, std::string_view body) {
      announces(number, body.size());
      sendsRaw(body);
    }
    void close() { world_->closed(connection_); }
    [[nodiscard]] bool isOpen() const { return world_->checker_.isOpen(connection_); }

    /// What it got since the last call: commands as their JSON, bytes as "[n bytes]".
    std::vector<std::string> received() {
      std::vector<std::string> texts;
      for (const base::Bytes& message : takeMessages()) {
        const bool command = wire::looksLikePeerCommand(message.span());
        texts.push_back(command ? std::string(message.text()) : "[" + std::to_string(message.size()) + " bytes]");
      }
      return texts;
    }
    /// The same without maps.
    std::vector<std::string> receivedNoMaps() {
      std::vector<std::string> texts = received();
      std::erase_if(texts, [](const std::string& text) { return text.starts_with(R"({"c":2)"); });
      return texts;
    }
    /// The maps only.
    std::vector<std::string> receivedMaps() {
      std::vector<std::string> texts = received();
      std::erase_if(texts, [](const std::string& text) { return !text.starts_with(R"({"c":2)"); });
      return texts;
    }
    std::vector<base::Bytes> takeMessages() { return std::exchange(world_->inboxes_[connection_], {}); }

   private:
    LoaderHarness* world_;
    base::ConnectionId connection_;
  };

  /// Offers a connection through the tracker until the channel is open.
  FakePeer connectPeer(const std::string& name) {
    const auto connection = relayOffer(name, "offer of " + name);
    EXPECT_TRUE(connection.has_value()) << "the offer of " << name << " was not answered";
    if (!connection) return {*this, {}};
    opened(*connection);
    return {*this, *connection};
  }
  FakePeer peerAt(base::ConnectionId connection) { return {*this, connection}; }

  // --------------------------------------------------------------------------------------------------------- outputs

  /// All outputs of that type since the last take of them.
  template <class T>
  std::vector<T> take() {
    std::vector<T> result;
    std::erase_if(outputs_, [&](const Output& output) {
      const T* wanted = std::get_if<T>(&output);
      if (wanted != nullptr) result.push_back(*wanted);
      return wanted != nullptr;
    });
    return result;
  }
  /// The seed's seven events since the last call, in order, in short:
  /// "loaded m+1 5 http", "loaded m+1 5 p2p alice", "error m+1 <detail>[ alice]", "abort m+1", "connect alice
  /// 192.0.2.1", "close alice", "down http 5", "down p2p 5 alice", "up p2p 5 alice".
  std::vector<std::string> takeEvents() {
    std::vector<std::string> texts;
    for (const Output& output : outputs_) {
      if (auto text = describe(output)) texts.push_back(std::move(*text));
    }
    std::erase_if(outputs_, [](const Output& output) { return describe(output).has_value(); });
    return texts;
  }
  /// The same without the bytes.
  std::vector<std::string> takeNews() {
    std::vector<std::string> texts = takeEvents();
    std::erase_if(texts, [](const std::string& t) { return t.starts_with("down ") || t.starts_with("up "); });
    return texts;
  }
  /// Number of all outputs so far.
  [[nodiscard]] std::uint64_t outputCount() const { return outputCount_; }
  void clear() { outputs_.clear(); }

  /// Called for each SendToPeer instead of putting the message in an inbox: for two loaders that talk to each other.
  void routeTo(base::ConnectionId from, LoaderHarness& other, base::ConnectionId to) { routes_[from] = {&other, to}; }
  /// Hands over what waits for a routed channel. True if there was anything.
  bool pump() {
    bool any = false;
    while (!onTheWay_.empty()) {
      const auto [from, data] = std::move(onTheWay_.front());
      onTheWay_.pop_front();
      const auto [other, to] = routes_.at(from);
      other->input(input::PeerMessage{to, data});
      any = true;
    }
    return any;
  }

  // What the world does by itself.
  bool opensSockets = true;
  bool makesOffers = true;
  bool makesAnswers = true;
  bool drains = true;

 private:
  static std::optional<std::string> describe(const Output& output) {
    const auto from = [](const std::optional<base::PeerId>& peer) { return peer ? " " + nameOf(*peer) : ""; };
    if (const auto* e = std::get_if<output::SegmentLoaded>(&output)) {
      return "loaded " + e->segment.id + " " + std::to_string(e->segment.data ? e->segment.data->size() : 0) +
             (e->peerId ? " p2p" : " http") + from(e->peerId);
    }
    if (const auto* e = std::get_if<output::SegmentError>(&output)) {
      return "error " + e->segment.id + " " + e->error.detail + from(e->peerId);
    }
    if (const auto* e = std::get_if<output::SegmentAbort>(&output)) return "abort " + e->segment.id;
    if (const auto* e = std::get_if<output::PeerConnect>(&output)) {
      return "connect " + nameOf(e->id) + " " + e->remoteAddress;
    }
    if (const auto* e = std::get_if<output::PeerClose>(&output)) return "close " + nameOf(e->id);
    if (const auto* e = std::get_if<output::PieceBytesDownloaded>(&output)) {
      return "down " + std::string(toString(e->method)) + " " + std::to_string(e->bytes) + from(e->peerId);
    }
    if (const auto* e = std::get_if<output::PieceBytesUploaded>(&output)) {
      return "up " + std::string(toString(e->method)) + " " + std::to_string(e->bytes) + from(e->peerId);
    }
    return std::nullopt;
  }

  void feed(const Input& what) {
    checker_.onInput(what);
    Outputs outputs;
    loader_->step(now_, what, outputs);
    outputCount_ += outputs.size();
    for (Output& output : outputs) {
      checker_.onOutput(output);
      note(output);
      outputs_.push_back(std::move(output));
    }
    checker_.afterStep();
    EXPECT_GT(loader_->deadline(), now_) << "the loader spins";
  }

  void note(const Output& output) {
    if (const auto* start = std::get_if<output::StartHttp>(&output)) http_[start->segment.id] = start->request;
    if (const auto* cancel = std::get_if<output::CancelHttp>(&output)) {
      std::erase_if(http_, [&](const auto& entry) { return entry.second == cancel->request; });
    }
    if (const auto* send = std::get_if<output::SendSocket>(&output)) {
      auto request = wire::decodeTrackerRequest(send->text);
      EXPECT_TRUE(request.has_value()) << send->text;
      if (request) trackerRequests_.push_back(std::move(*request));
    }
    if (const auto* socket = std::get_if<output::OpenSocket>(&output); socket != nullptr && opensSockets) {
      answers_.push_back(input::SocketOpened{socket->socket});
    }
    if (const auto* offer = std::get_if<output::CreateOffer>(&output); offer != nullptr && makesOffers) {
      answers_.push_back(input::OfferCreated{offer->connection, "offer #" + std::to_string(offer->connection.value)});
    }
    if (const auto* answer = std::get_if<output::CreateAnswer>(&output); answer != nullptr && makesAnswers) {
      answers_.push_back(
          input::AnswerCreated{answer->connection, "answer #" + std::to_string(answer->connection.value)});
    }
    if (const auto* send = std::get_if<output::SendToPeer>(&output)) {
      if (routes_.contains(send->connection)) {
        onTheWay_.emplace_back(send->connection, send->data);
      } else {
        inboxes_[send->connection].push_back(send->data);
      }
      sent_[send->connection] += send->data.size();
      if (drains) answers_.push_back(input::PeerDrained{send->connection, sent_[send->connection]});
    }
  }

  void answerAutomatically() {
    while (!answers_.empty()) {
      const Input next = std::move(answers_.front());
      answers_.pop_front();
      // What was closed meanwhile says nothing any more.
      if (const auto* drained = std::get_if<input::PeerDrained>(&next)) {
        if (!checker_.isOpen(drained->connection)) continue;
      }
      feed(next);
    }
  }

  std::unique_ptr<HybridLoader> loader_;
  OutputChecker checker_;
  base::TimePoint now_{};
  Outputs outputs_;
  std::uint64_t outputCount_ = 0;
  std::uint64_t lastToken_ = 0;
  std::map<std::string, base::RequestId> http_;
  std::deque<Input> answers_;
  std::vector<wire::TrackerRequest> trackerRequests_;
  std::map<base::ConnectionId, std::vector<base::Bytes>> inboxes_;
  std::map<base::ConnectionId, std::uint64_t> sent_;
  std::map<base::ConnectionId, std::pair<LoaderHarness*, base::ConnectionId>> routes_;
  std::deque<std::pair<base::ConnectionId, base::Bytes>> onTheWay_;
};

using FakePeer = LoaderHarness::FakePeer;

/// Connects two loaders of one stream: `offerer` has announced its offers, `answerer` takes the first of them.
inline void link(LoaderHarness& offerer, LoaderHarness& answerer) {
  const auto offers = offerer.takeOffers();
  ASSERT_FALSE(offers.empty());
  answerer.takeTrackerRequests();
  answerer.take<output::CreateAnswer>();
  answerer.tracker(wire::RelayedOffer{answerer.infoHash(), offerer.ownId(), offers[0].offerId, offers[0].sdp});
  const auto created = answerer.take<output::CreateAnswer>();
  ASSERT_EQ(created.size(), 1U);
  for (const auto& request : answerer.takeTrackerRequests()) {
    const auto* answer = std::get_if<wire::AnswerRequest>(&request);
    if (answer == nullptr) continue;
    offerer.tracker(wire::RelayedAnswer{offerer.infoHash(), answerer.ownId(), answer->offerId, answer->sdp});
  }
  const base::ConnectionId left = LoaderHarness::connectionOf(offers[0]);
  const base::ConnectionId right = created[0].connection;
  offerer.routeTo(left, answerer, right);
  answerer.routeTo(right, offerer, left);
  offerer.opened(left);
  answerer.opened(right);
}

/// Until nothing is on its way between them.
inline void pumpAll(LoaderHarness& a, LoaderHarness& b) {
  bool any = true;
  while (any) {
    any = a.pump();
    any = b.pump() || any;
  }
}

}  // namespace p2pml::engine
