// engine: bytes are read as a sequence of things that happen to one loader (loads, answers of origins, storage and
// validator, trackers' texts, messages good and bad of peers of one or several generations, time); whatever they are,
// OutputChecker's rules hold, the loader never spins, and the same bytes give the same outputs again.
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/assert.hpp"
#include "engine/hybrid_loader.hpp"
#include "engine/peers/node_mark.hpp"
#include "engine/testing/output_checker.hpp"
#include "wire/peer_binary.hpp"
#include "wire/peer_json.hpp"
#include "wire/tracker_message.hpp"

using namespace p2pml;
using namespace p2pml::engine;

namespace {

/// The fuzzer's bytes; zeros after their end.
class Script {
 public:
  Script(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
  [[nodiscard]] bool ended() const { return at_ >= size_; }
  std::uint8_t byte() { return at_ < size_ ? data_[at_++] : 0; }
  std::size_t below(std::size_t bound) { return byte() % bound; }
  bool flag() { return (byte() & 1U) != 0; }
  std::string text(std::size_t length) {
    std::string result;
    while (result.size() < length && !ended()) result.push_back(static_cast<char>(byte()));
    return result;
  }
  template <class T>
  const T& of(const std::vector<T>& items) {
    return items[below(items.size())];
  }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
  std::size_t at_ = 0;
};

constexpr std::size_t kMaxSteps = 400;

class World {
 public:
  explicit World(Script script) : script_(script), options_(makeOptions(script_)), checker_(options_.settings) {
    loader_ = std::move(*HybridLoader::create(options_));
  }

  [[nodiscard]] bool nodes() const { return options_.settings.schedulingPolicy == Scheduling::cooperative; }
  [[nodiscard]] bool severalProtocols() const { return options_.settings.peerProtocols.size() > 1; }

  /// A digest of all outputs.
  std::uint64_t run() {
    for (std::size_t i = 0; i < kMaxSteps && !script_.ended(); ++i) act();
    // What is left under way must come to its end by itself.
    for (int i = 0; i < 50 && loader_->deadline() != base::kNever; ++i) {
      now_ = std::max(now_, loader_->deadline());
      feed(input::Tick{});
    }
    feed(input::Destroy{});
    feed(input::Tick{});
    return digest_;
  }

 private:
  static Options makeOptions(Script& script) {
    Options options;
    const std::uint8_t bits = script.byte();
    options.capabilities.webRtc = (bits & 1U) == 0;
    options.capabilities.segmentValidator = (bits & 2U) != 0;
    options.capabilities.customStorage = (bits & 4U) != 0;
    Settings& settings = options.settings;
    settings.httpUseRanges = (bits & 8U) != 0;
    settings.consumeOnly = (bits & 16U) != 0;
    settings.useP2P = (bits & 32U) == 0;
    if ((bits & 64U) != 0) settings.httpDownloadInitialTimeout = 10'000;
    if ((bits & 128U) != 0) settings.requiredSegmentsPriority = -1;
    const std::uint8_t more = script.byte();
    settings.httpFailedSegmentTimeout = (more & 1U) != 0 ? 0 : 10'000;
    settings.httpDownloadProbability = (more & 2U) != 0 ? 1 : 0.1;
    settings.maxPeers = (more & 4U) != 0 ? 2 : 100;
    settings.webRtcMaxMessageSize = (more & 8U) != 0 ? 64 : 65'535;
    settings.cachedSegmentsCount = (more & 16U) != 0 ? 2 : 30;
    settings.simultaneousP2PDownloads = (more & 32U) != 0 ? 1 : 3;
    if ((more & 64U) != 0) settings.peerProtocols = {Generation::g0, Generation::g3};
    if ((more & 128U) != 0) settings.peerProtocols = {Generation::g4, Generation::g2, Generation::g0};
    if ((more & 192U) == 192U) {
      settings.peerProtocols = {Generation::g0, Generation::g3};
      settings.schedulingPolicy = Scheduling::cooperative;
    }
    settings.trackerAnnounce = {"wss://one", "wss://two"};
    settings.peerRequestsPerAnnounce = 3;
    options.seed = script.byte();
    return options;
  }

  void feed(const Input& what) {
    checker_.onInput(what);
    Outputs outputs;
    loader_->step(now_, what, outputs);
    for (const Output& output : outputs) {
      checker_.onOutput(output);
      note(output);
    }
    checker_.afterStep();
    P2PML_ASSERT(loader_->deadline() > now_);
    const Details details = loader_->getDetails();
    P2PML_ASSERT(static_cast<std::int64_t>(details.peers.size()) <= options_.settings.maxPeers);
  }

  void mix(std::uint64_t value) { digest_ = (digest_ ^ value) * 0x100000001b3ULL; }
  void mix(std::string_view text) {
    for (const char c : text) mix(static_cast<std::uint64_t>(static_cast<unsigned char>(c)));
  }

  void note(const Output& output) {
    mix(output.index());
    if (const auto* o = std::get_if<output::OpenSocket>(&output)) sockets_.push_back(o->socket);
    if (const auto* o = std::get_if<output::CreateOffer>(&output)) connections_.push_back(o->connection);
    if (const auto* o = std::get_if<output::CreateAnswer>(&output)) connections_.push_back(o->connection);
    if (const auto* o = std::get_if<output::StartHttp>(&output)) {
      requests_.push_back(o->request);
      mix(o->segment.id);
    }
    if (const auto* o = std::get_if<output::ValidateSegment>(&output)) validations_.push_back(o->request);
    if (const auto* o = std::get_if<output::StorageStore>(&output)) stores_.push_back(o->request);
    if (const auto* o = std::get_if<output::StorageMap>(&output)) maps_.push_back(o->request);
    if (const auto* o = std::get_if<output::StorageGet>(&output)) gets_.push_back(o->request);
    if (const auto* o = std::get_if<output::StorageClean>(&output)) cleans_.push_back(o->request);
    if (const auto* o = std::get_if<output::SendToPeer>(&output)) {
      mix(o->connection.value);
      mix(o->data.size());
    }
    if (const auto* o = std::get_if<output::SegmentError>(&output)) mix(o->error.detail);
    if (const auto* o = std::get_if<output::SendSocket>(&output)) {
      mix(o->text);
      const auto request = wire::decodeTrackerRequest(o->text);
      P2PML_ASSERT(request.has_value());
      if (const auto* announce = std::get_if<wire::AnnounceRequest>(&*request)) {
        for (const auto& offer : announce->offers) {
          offers_.push_back(offer.offerId);
          ownSdp_ = offer.sdp;
        }
      }
    }
  }

  static base::PeerId peer(std::size_t number) {
    std::string raw(20, static_cast<char>('!' + number));
    return base::PeerId::fromRaw(raw);
  }
  static std::string id(std::size_t number) { return "m+" + std::to_string(number); }
  base::Bytes body(std::size_t kind) {
    static constexpr std::array<std::size_t, 6> kSizes = {0, 1, 3, 10, 70'000, 400'000};
    return base::Bytes::copyOf(std::string(kSizes[kind % kSizes.size()], 'x'));
  }
  Segment segment(std::size_t number, std::int64_t priority) {
    Segment s(id(number), "http://origin/" + std::to_string(number), std::nullopt, priority);
    s.masterSwarmId = "m";
    s.sequence = std::to_string(number);
    return s;
  }

  void act() {
    switch (script_.below(18)) {
      case 0: pass(); break;
      case 1: load(); break;
      case 2: head(); break;
      case 3: httpData(); break;
      case 4: httpEnd(); break;
      case 5: socket(); break;
      case 6:
      case 7: trackerText(); break;
      case 8:
      case 9: handshake(); break;
      case 10:
      case 11: peerCommand(); break;
      case 12: peerBytes(); break;
      case 13: drained(); break;
      case 14: peerClosed(); break;
      case 15: validated(); break;
      case 16: storage(); break;
      default: other(); break;
    }
  }

  void pass() {
    static constexpr std::array<std::int64_t, 8> kMs = {0, 1, 50, 250, 1000, 2000, 5000, 20'000};
    if (script_.flag() && loader_->deadline() != base::kNever) {
      now_ = std::max(now_, loader_->deadline());
    } else {
      now_ += base::milliseconds(kMs[script_.below(kMs.size())]);
    }
    feed(input::Tick{});
  }

  void load() {
    input::Load load;
    const std::size_t kind = script_.byte();
    load.streamSwarmId = kind % 16 == 0 ? "other" : "m";
    const std::size_t first = script_.below(8);
    const std::size_t count = script_.below(7);
    std::int64_t priority = static_cast<std::int64_t>(script_.below(4));
    for (std::size_t i = 0; i < count; ++i) {
      Segment s = segment(first + i, priority++);
      if (kind / 16 == 1) s.range = "bytes=2-5";
      if (kind / 16 == 2) s.masterSwarmId = i % 2 == 0 ? "" : "n";
      if (kind / 16 == 3) s.sequence = "a|b";
      if (kind / 16 == 4) s.id = script_.text(3);
      if (kind / 16 == 5) s.range = script_.text(12);
      if (kind / 16 == 6) s.priority = -1;
      if (kind / 16 == 7) s.sequence = "same";
      if (kind / 16 == 8) s.id += "'";
      if (kind / 16 == 9) s.externalId = static_cast<std::int64_t>(first + i) - 1;
      if (kind / 16 == 10) s.streamId = i % 2 == 0 ? "V0" : "A1";
      load.segments.push_back(std::move(s));
    }
    if (severalProtocols() && kind / 16 != 11) {
      load.stream.emplace();
      load.stream->bitrate = kind % 16 == 1 ? 2 : 1;
    }
    feed(load);
  }

  base::RequestId request() { return requests_.empty() ? base::RequestId(1) : script_.of(requests_); }

  void head() {
    static constexpr std::array<int, 8> kStatus = {200, 200, 206, 206, 404, 416, 204, 0};
    static constexpr std::array<std::uint64_t, 8> kNumbers = {0, 1, 3, 6, 10, 70'000, 1ULL << 40, UINT64_MAX};
    input::HttpHead head;
    head.request = request();
    head.status = kStatus[script_.below(kStatus.size())];
    const std::uint8_t has = script_.byte();
    if ((has & 1U) != 0) head.contentLength = kNumbers[script_.below(kNumbers.size())];
    if ((has & 2U) != 0) head.rangeStart = kNumbers[script_.below(kNumbers.size())];
    if ((has & 4U) != 0) head.rangeTotal = kNumbers[script_.below(kNumbers.size())];
    head.acceptsRanges = (has & 8U) != 0;
    if (checker_.http().contains(head.request) || (has & 128U) != 0) feed(head);
  }
  void httpData() { feed(input::HttpData{request(), body(script_.byte())}); }
  void httpEnd() {
    const base::RequestId id = request();
    if (script_.flag()) {
      feed(input::HttpDone{id});
    } else {
      feed(input::HttpFailed{id, {base::ErrorCode::unavailable, "reset"}});
    }
  }

  void socket() {
    if (sockets_.empty()) return;
    const base::SocketId id = script_.of(sockets_);
    if (script_.byte() % 8 != 0) {
      feed(input::SocketOpened{id});
    } else {
      feed(input::SocketClosed{id, {base::ErrorCode::unavailable, "gone"}});
    }
  }

  void trackerText() {
    if (sockets_.empty()) return;
    const base::SocketId id = script_.of(sockets_);
    const Details details = loader_->getDetails();
    base::InfoHash infoHash;
    if (!details.swarms.empty()) {
      infoHash = details.swarms[severalProtocols() ? script_.below(details.swarms.size()) : 0].infoHash;
    }
    std::string sdp = "sdp";
    if (severalProtocols() && script_.flag()) sdp = mark();
    std::string text;
    switch (script_.below(5)) {
      case 0: {
        wire::AnnounceResponse response;
        response.infoHash = infoHash;
        response.complete = 0;
        response.incomplete = static_cast<std::int64_t>(script_.below(3));
        response.interval = static_cast<std::int64_t>(script_.byte());
        text = wire::encode(response);
        break;
      }
      case 1:
      case 2: {
        base::OfferId offer;
        offer.value[0] = script_.byte();
        text = wire::encode(wire::RelayedOffer{infoHash, peer(script_.below(5)), offer, sdp});
        break;
      }
      case 3: {
        base::OfferId offer;
        if (!offers_.empty()) offer = script_.of(offers_);
        text = wire::encode(wire::RelayedAnswer{infoHash, peer(script_.below(5)), offer, sdp});
        break;
      }
      default: text = script_.text(script_.byte()); break;
    }
    feed(input::SocketMessage{id, std::move(text)});
  }

  /// A description of another p2pml node, or of this loader.
  std::string mark() {
    const std::size_t node = script_.below(4);
    if (node == 3 && !ownSdp_.empty()) return ownSdp_;
    std::string sdp = withNodeMark("sdp", std::string(kNodeNameLength, static_cast<char>('a' + node)));
    return nodes() && script_.byte() % 4 != 0 ? withExtension(std::move(sdp), 1) : sdp;
  }

  base::ConnectionId connection() {
    // The newest ones are the interesting ones.
    if (connections_.empty()) return base::ConnectionId(1);
    const std::size_t back = script_.below(std::min<std::size_t>(connections_.size(), 12));
    return connections_[connections_.size() - 1 - back];
  }

  void handshake() {
    const base::ConnectionId id = connection();
    switch (script_.below(4)) {
      case 0: feed(input::OfferCreated{id, "offer"}); break;
      case 1: feed(input::AnswerCreated{id, "answer"}); break;
      default:
        if (checker_.exists(id) && !checker_.isOpen(id) && checker_.hasRemote(id)) {
          feed(input::PeerOpened{id, "192.0.2.1"});
          if (nodes()) feed(input::PeerMessage{id, wire::encode(wire::NodeHello{1, 3})});
        }
    }
  }

  /// To any connection, also one that speaks something else.
  void nodeFrame() {
    static constexpr std::array<std::uint64_t, 6> kOffsets = {0, 0, 1, 3, 70'000, 1ULL << 50};
    static constexpr std::array<std::uint64_t, 6> kTotals = {0, 3, 10, 10, 70'000, 1ULL << 50};
    const base::ConnectionId to = connection();
    const auto number = static_cast<std::int64_t>(script_.below(10));
    const std::uint64_t request = script_.below(6);
    wire::NodeFrame frame;
    switch (script_.below(8)) {
      case 0:
      case 1: {
        wire::NodeHave have;
        have.reset = script_.flag();
        for (std::int64_t i = 0; i < 8; ++i) {
          const auto state = static_cast<wire::NodeStatus::State>(script_.below(4));
          const bool relaying = state == wire::NodeStatus::State::relaying;
          have.numbers.push_back({i, 1, {state, relaying ? static_cast<std::uint32_t>(script_.below(3)) : 0}});
        }
        frame = std::move(have);
        break;
      }
      case 2: {
        const std::uint64_t from = kOffsets[script_.below(kOffsets.size())];
        frame = wire::NodeRequest{request, number, from, script_.flag() ? 0 : from + 1 + script_.byte()};
        break;
      }
      case 3:
      case 4: {
        const std::size_t size = script_.below(12) + 1;
        std::uint64_t total = kTotals[script_.below(kTotals.size())];
        const std::uint64_t offset = kOffsets[script_.below(kOffsets.size())];
        if (total != 0 && offset + size > total) total = offset + size;
        feed(input::PeerMessage{to, wire::encode(wire::NodeData{request, offset, size, total})});
        if (script_.byte() % 8 != 0) feed(input::PeerMessage{to, base::Bytes::copyOf(std::string(size, 'x'))});
        return;
      }
      case 5:
        frame = wire::NodeEnd{request, static_cast<wire::NodeEnd::Status>(script_.below(4)),
                              kTotals[script_.below(kTotals.size())]};
        break;
      case 6: frame = wire::NodeCancel{request, kOffsets[script_.below(kOffsets.size())]}; break;
      default: feed(input::PeerMessage{to, base::Bytes::copyOf(script_.text(script_.below(32)))}); return;
    }
    feed(input::PeerMessage{to, wire::encode(frame)});
  }

  void peerCommand() {
    if (nodes() && script_.byte() % 8 != 0) {
      nodeFrame();
      return;
    }
    if (severalProtocols() && script_.flag()) {
      binaryCommand();
      return;
    }
    const base::ConnectionId to = connection();
    const base::SegmentId wireId(id(script_.below(10)));
    base::Bytes message;
    switch (script_.below(7)) {
      case 0:
      case 1: {
        wire::SegmentsMap map;
        map.streams.push_back({base::StreamSwarmId("m"), {}});
        const std::uint8_t bits = script_.byte();
        for (std::size_t i = 0; i < 8; ++i) {
          if ((bits >> i & 1U) != 0) {
            map.streams[0].segments.emplace_back(std::to_string(i), wire::SegmentStatus::loaded);
          }
        }
        message = wire::encode(map);
        break;
      }
      case 2: message = wire::encode(wire::SegmentRequest{wireId}); break;
      case 3: message = wire::encode(wire::CancelSegmentRequest{wireId}); break;
      case 4: message = wire::encode(wire::SegmentAbsent{wireId}); break;
      case 5: {
        static constexpr std::array<std::uint64_t, 6> kSizes = {0, 1, 3, 10, 70'000, 1ULL << 50};
        message = wire::encode(wire::SegmentData{wireId, kSizes[script_.below(kSizes.size())]});
        break;
      }
      default: message = base::Bytes::copyOf(R"({"c":)" + script_.text(script_.below(32)) + "}"); break;
    }
    feed(input::PeerMessage{to, std::move(message)});
  }
  /// To any connection, also one that speaks JSON. Parts may be left out.
  void binaryCommand() {
    const base::ConnectionId to = connection();
    const auto number = static_cast<std::int64_t>(script_.below(10));
    const std::uint64_t request = script_.below(6);
    wire::BinaryCommand command;
    switch (script_.below(8)) {
      case 0:
      case 1: {
        wire::SegmentsAnnouncement announcement;
        const std::uint8_t loaded = script_.byte();
        const std::uint8_t loading = script_.byte();
        for (std::int64_t i = 0; i < 8; ++i) {
          if ((loaded >> i & 1) != 0) announcement.loaded.push_back(i);
          if ((loading >> i & 1) != 0) announcement.loading.push_back(i);
        }
        command = std::move(announcement);
        break;
      }
      case 2: {
        static constexpr std::array<std::uint64_t, 6> kFrom = {0, 0, 1, 3, 70'000, 1ULL << 50};
        command = wire::BinarySegmentRequest{number, request, kFrom[script_.below(kFrom.size())]};
        break;
      }
      case 3: {
        static constexpr std::array<std::uint64_t, 6> kSizes = {0, 1, 3, 10, 70'000, 1ULL << 50};
        command = wire::BinarySegmentData{number, kSizes[script_.below(kSizes.size())], request};
        break;
      }
      case 4: command = wire::BinarySendingCompleted{number, request}; break;
      case 5: command = wire::BinarySegmentAbsent{number, request}; break;
      case 6: command = wire::BinaryCancelRequest{number, request}; break;
      default:
        feed(input::PeerMessage{to, base::Bytes::copyOf("cstr" + script_.text(script_.below(32)) + "cend")});
        return;
    }
    const bool small = script_.flag();
    for (const base::Bytes& message : wire::encodeMessages(command, small ? 12 : 65'535)) {
      if (small && script_.byte() == 255) continue;
      feed(input::PeerMessage{to, message});
    }
  }
  void peerBytes() {
    const base::ConnectionId to = connection();
    const std::size_t kind = script_.byte();
    feed(input::PeerMessage{to, kind > 128 ? base::Bytes::copyOf(script_.text(kind - 128)) : body(kind)});
  }
  void drained() {
    static constexpr std::array<std::uint64_t, 4> kTotals = {0, 100'000, 1'000'000, UINT64_MAX};
    feed(input::PeerDrained{connection(), kTotals[script_.below(kTotals.size())]});
  }
  void peerClosed() { feed(input::PeerClosed{connection(), {base::ErrorCode::unavailable, "gone"}}); }

  std::optional<base::Error> maybeError() {
    if (script_.byte() % 4 != 0) return std::nullopt;
    return base::Error{base::ErrorCode::malformed, "refused"};
  }
  static std::optional<base::RequestId> takeFirst(std::vector<base::RequestId>& from) {
    if (from.empty()) return std::nullopt;
    const base::RequestId id = from.front();
    from.erase(from.begin());
    return id;
  }
  void validated() {
    if (const auto id = takeFirst(validations_)) feed(input::SegmentValidated{*id, maybeError()});
  }
  void storage() {
    switch (script_.below(4)) {
      case 0:
        if (const auto id = takeFirst(stores_)) feed(input::StorageStored{*id, maybeError()});
        break;
      case 1:
        if (const auto id = takeFirst(maps_)) {
          input::StorageMapResult result{*id, {}, maybeError()};
          const std::size_t count = script_.below(4);
          for (std::size_t i = 0; i < count; ++i) result.segments.push_back(segment(script_.below(10), 0));
          feed(result);
        }
        break;
      case 2:
        if (const auto id = takeFirst(gets_)) {
          input::StorageSegmentResult result{*id, {}, maybeError()};
          if (script_.flag()) {
            result.segment = segment(script_.below(10), 0);
            result.segment->data = body(script_.byte());
          }
          feed(result);
        }
        break;
      default:
        if (const auto id = takeFirst(cleans_)) feed(input::StorageCleaned{*id, script_.flag(), maybeError()});
    }
  }
  void other() {
    const std::uint8_t kind = script_.byte();
    if (kind == 255) {
      feed(input::Destroy{});
    } else if (kind > 250) {
      feed(input::Follow{{id(kind % 10U), id(script_.below(10))}});
    } else {
      feed(input::GetSegment{id(kind % 10U), kind});
    }
  }

  Script script_;
  Options options_;
  OutputChecker checker_;
  std::unique_ptr<HybridLoader> loader_;
  base::TimePoint now_{};
  std::uint64_t digest_ = 0xcbf29ce484222325ULL;
  std::vector<base::RequestId> requests_;
  std::vector<base::SocketId> sockets_;
  std::vector<base::ConnectionId> connections_;
  std::vector<base::OfferId> offers_;
  std::string ownSdp_;  // of the last offer announced
  std::vector<base::RequestId> validations_;
  std::vector<base::RequestId> stores_;
  std::vector<base::RequestId> maps_;
  std::vector<base::RequestId> gets_;
  std::vector<base::RequestId> cleans_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const std::uint64_t first = World(Script(data, size)).run();
  const std::uint64_t second = World(Script(data, size)).run();
  P2PML_ASSERT(first == second);
  return 0;
}
