#include "platform/web/loader.hpp"

#include <algorithm>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "platform/web/records.hpp"

namespace p2pml::web {

using base::Error;
using base::ErrorCode;
using driver::Host;

// ------------------------------------------------------------------------------------------------------------- the
// clock

void Loader::Clock::set(double now) {
  // Beyond is no time that a page can live to; and not a number is none at all.
  constexpr double kLatest = 1e15;
  if (!(now >= 0)) return;
  const auto microseconds = static_cast<std::int64_t>(std::min(now, kLatest) * 1000);
  now_ = std::max(now_, base::TimePoint(base::Duration(microseconds)));
}

double Loader::Clock::deadline() const {
  const base::TimePoint when = soon_ ? now_ : when_;
  if (when == base::kNever) return std::numeric_limits<double>::infinity();
  return static_cast<double>(when.time_since_epoch().count()) / 1000;
}

void Loader::Clock::run(bool anyway) {
  if (!soon_ && !anyway) return;
  soon_ = false;
  if (wake) wake();
}

// ------------------------------------------------------------------------------------------------------------- the
// ports

class Loader::Http final : public driver::HttpPort {
 public:
  explicit Http(Effects& effects) : effects_(effects) {}

  /// Of the request that is started next. segmentUrlBuilder and xhrSetup are called in JavaScript.
  void setSegment(const engine::Segment& segment) { segment_ = segment; }
  void start(base::RequestId request, driver::HttpRequest what) override {
    std::optional<std::string> range;
    for (driver::HttpHeader& header : what.headers) range = std::move(header.value);  // it is the only one
    effects_.add(EffectKind::httpStart, request, segment_, range);
  }
  void cancel(base::RequestId request) override { effects_.add(EffectKind::httpCancel, request); }

 private:
  Effects& effects_;
  engine::Segment segment_;
};

class Loader::Sockets final : public driver::SocketPort {
 public:
  explicit Sockets(Effects& effects) : effects_(effects) {}
  void open(base::SocketId socket, std::string url) override { effects_.add(EffectKind::socketOpen, socket, url); }
  void send(base::SocketId socket, std::string text) override { effects_.add(EffectKind::socketSend, socket, text); }
  void close(base::SocketId socket) override { effects_.add(EffectKind::socketClose, socket); }

 private:
  Effects& effects_;
};

class Loader::Peers final : public driver::PeerPort {
 public:
  explicit Peers(Effects& effects) : effects_(effects) {}
  void createOffer(base::ConnectionId connection, std::string label) override {
    effects_.add(EffectKind::peerOffer, connection, label);
  }
  void createAnswer(base::ConnectionId connection, std::string offerSdp) override {
    effects_.add(EffectKind::peerAnswer, connection, offerSdp);
  }
  void setAnswer(base::ConnectionId connection, std::string sdp) override {
    effects_.add(EffectKind::peerSetAnswer, connection, sdp);
  }
  void send(base::ConnectionId connection, base::Bytes data) override {
    effects_.add(EffectKind::peerSend, connection, data);
  }
  void close(base::ConnectionId connection) override { effects_.add(EffectKind::peerClose, connection); }

 private:
  Effects& effects_;
};

// ----------------------------------------------------------------------------------------------------- hooks and
// events

class Loader::Hooks final : public Host {
 public:
  explicit Hooks(Loader& loader) : loader_(loader), effects_(loader.effects_) {}

  void setupHttp(driver::HttpRequest&, const engine::Segment& segment) override { loader_.http_->setSegment(segment); }

  void validate(engine::output::ValidateSegment what, Done done) override {
    effects_.add(EffectKind::validate, loader_.ask(std::move(done)), what.segment, what.method, what.peerId);
  }
  void storeSegment(engine::Segment segment, Done done) override {
    effects_.add(EffectKind::storageStore, loader_.ask(std::move(done)), segment);
  }
  void getSegmentsMap(std::string masterSwarmId, SegmentsDone done) override {
    effects_.add(EffectKind::storageMap, loader_.ask(std::move(done)), masterSwarmId);
  }
  void getSegment(std::string id, std::string masterSwarmId, SegmentDone done) override {
    effects_.add(EffectKind::storageGet, loader_.ask(std::move(done)), id, masterSwarmId);
  }
  void clean(std::string masterSwarmId, std::shared_ptr<const std::set<std::string>> locked, CleanDone done) override {
    effects_.add(EffectKind::storageClean, loader_.ask(std::move(done)), masterSwarmId, *locked);
  }
  void destroyStorage() override { effects_.add(EffectKind::storageDestroy); }

  void onEvent(const engine::Output& event) override {
    std::visit(
        [this]<class Event>(const Event& what) {
          if constexpr (std::is_invocable_v<Hooks&, const Event&>) (*this)(what);
        },
        event);
  }

  void operator()(const engine::output::SegmentLoaded& e) {
    effects_.add(EffectKind::segmentLoaded, e.segment, e.peerId);
  }
  void operator()(const engine::output::SegmentError& e) {
    effects_.add(EffectKind::segmentError, e.segment, e.error, e.peerId);
  }
  void operator()(const engine::output::SegmentAbort& e) { effects_.add(EffectKind::segmentAbort, e.segment); }
  void operator()(const engine::output::PeerConnect& e) {
    effects_.add(EffectKind::peerConnect, e.id, e.remoteAddress, e.generation);
  }
  void operator()(const engine::output::PeerClose& e) { effects_.add(EffectKind::peerClosed, e.id); }
  void operator()(const engine::output::PieceBytesDownloaded& e) {
    effects_.add(EffectKind::pieceBytesDownloaded, e.method, e.bytes, e.peerId);
  }
  void operator()(const engine::output::PieceBytesUploaded& e) {
    effects_.add(EffectKind::pieceBytesUploaded, e.method, e.bytes, e.peerId);
  }
  void operator()(const engine::output::SegmentStart& e) {
    effects_.add(EffectKind::segmentStart, e.segment, e.method, e.peerId);
  }
  void operator()(const engine::output::TrackerUpdate& e) {
    effects_.add(EffectKind::trackerUpdate, e.url, e.complete, e.incomplete, e.interval);
  }
  void operator()(const engine::output::TrackerWarning& e) {
    effects_.add(EffectKind::trackerWarning, e.url, e.message);
  }
  void operator()(const engine::output::TrackerError& e) { effects_.add(EffectKind::trackerError, e.url, e.error); }
  void operator()(const engine::output::PeerError& e) { effects_.add(EffectKind::peerError, e.id, e.error); }
  void operator()(const engine::output::StorageError& e) { effects_.add(EffectKind::storageError, e.error); }

 private:
  Loader& loader_;
  Effects& effects_;
};

// ------------------------------------------------------------------------------------------------------------ the
// loader

Loader::Loader(Payloads& payloads)
    : payloads_(payloads),
      http_(std::make_unique<Http>(effects_)),
      sockets_(std::make_unique<Sockets>(effects_)),
      peers_(std::make_unique<Peers>(effects_)),
      hooks_(std::make_unique<Hooks>(*this)),
      sink_(inbox_.sink()) {}

Loader::~Loader() = default;

base::Result<std::unique_ptr<Loader>> Loader::create(double now, std::string_view settings, std::uint32_t flags,
                                                     std::uint64_t seed, Payloads& payloads) {
  auto read = engine::settingsFromJsonText(settings);
  if (!read) return std::unexpected(read.error());
  auto engine = driver::makeEngine({.settings = *std::move(read),
                                    .capabilities = {.webRtc = (flags & kWebRtc) != 0,
                                                     .segmentValidator = (flags & kSegmentValidator) != 0,
                                                     .customStorage = (flags & kCustomStorage) != 0},
                                    .seed = seed});
  if (!engine) return std::unexpected(engine.error());
  auto loader = std::unique_ptr<Loader>(new Loader(payloads));
  loader->setTime(now);
  loader->driver_ = std::make_unique<driver::Driver>(
      *std::move(engine), loader->inbox_,
      driver::Ports{*loader->http_, *loader->sockets_, *loader->peers_, loader->clock_}, *loader->hooks_);
  return loader;
}

void Loader::put(engine::Input input) {
  sink_(std::move(input));
  clock_.run(false);
}

void Loader::tick() { clock_.run(true); }

base::Result<void> Loader::load(std::string_view segments, std::string_view streamSwarmId, std::string_view stream) {
  auto queue = readSegments(segments);
  if (!queue) return std::unexpected(queue.error());
  std::optional<media::StreamProperties> properties;
  // Only the names of later generations are made of what the stream is.
  if (!engine::kOnlyG0 && !stream.empty()) {
    auto read = readStream(stream);
    if (!read) return std::unexpected(read.error());
    properties = *std::move(read);
  }
  driver_->load(*std::move(queue), std::string(streamSwarmId), std::move(properties));
  clock_.run(false);
  return {};
}

void Loader::getSegment(std::string_view id, Token token) {
  driver_->getSegment(std::string(id), [this, token](std::optional<engine::Segment> segment) {
    effects_.add(EffectKind::segmentResult, token, segment);
  });
  clock_.run(false);
}

void Loader::destroy() {
  answers_.clear();
  driver_->destroy();
  clock_.run(false);
}

Token Loader::ask(Answer answer) {
  answers_.emplace(++lastToken_, std::move(answer));
  return lastToken_;
}

template <class Kind>
std::optional<Kind> Loader::take(Token token) {
  const auto found = answers_.find(token);
  if (found == answers_.end() || !std::holds_alternative<Kind>(found->second)) return std::nullopt;
  Kind answer = std::move(std::get<Kind>(found->second));
  answers_.erase(found);
  return answer;
}

void Loader::hookDone(Token token) {
  if (const auto answer = take<Host::Done>(token)) (*answer)(std::nullopt);
  clock_.run(false);
}

void Loader::hookFailed(Token token, std::string_view detail) {
  const auto found = answers_.find(token);
  if (found == answers_.end()) return;
  const Answer answer = std::move(found->second);
  answers_.erase(found);
  Error error{ErrorCode::unavailable, std::string(detail)};
  std::visit(
      [&]<class Kind>(const Kind& done) {
        if constexpr (std::is_same_v<Kind, Host::Done>) {
          done(std::move(error));
        } else {
          done(std::unexpected(std::move(error)));
        }
      },
      answer);
  clock_.run(false);
}

void Loader::hookSegments(Token token, std::string_view segments) {
  if (const auto answer = take<Host::SegmentsDone>(token)) (*answer)(readSegments(segments));
  clock_.run(false);
}

void Loader::hookSegment(Token token, std::string_view segment, Handle handle, std::size_t length) {
  // Made in any case: it is ours to free.
  const base::Bytes data = payloads_.view(handle, 0, length);
  if (const auto answer = take<Host::SegmentDone>(token)) {
    base::Result<std::optional<engine::Segment>> result;
    if (!segment.empty()) {
      auto read = readSegment(segment);
      if (read) {
        if (!data.empty()) read->data = data;
        result = *std::move(read);
      } else {
        result = std::unexpected(read.error());
      }
    }
    (*answer)(std::move(result));
  }
  clock_.run(false);
}

void Loader::hookCleaned(Token token, bool removed) {
  if (const auto answer = take<Host::CleanDone>(token)) (*answer)(removed);
  clock_.run(false);
}

std::string Loader::getSettings() const { return toJsonText(toJson(driver_->getSettings())); }
std::string Loader::getDetails() const { return toText(driver_->getDetails()); }
std::string Loader::getStats() const { return toText(driver_->stats()); }

}  // namespace p2pml::web
