// What the tests of BinaryPeerSession share: one session, a clock that the test moves, and all it says in short.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/encoding.hpp"
#include "engine/peers/binary_peer_session.hpp"
#include "engine/testing/binary_peer.hpp"

namespace p2pml::engine {

/// Drives one BinaryPeerSession. `said()` tells in short: sent messages (as BinaryReader does), "down 5", "up 5",
/// "begin id 1", "have id 1 <text>", "failed id 1 <code>: <detail>[ +<bytes kept> of <total>]", "wants 1 r=2",
/// "changed".
class BinaryPeerSessionTest : public testing::Test {
 protected:
  BinaryPeerSessionTest() { make(); }
  void make(Generation generation = Generation::g3) {
    timers.clear();
    session = PeerSession::make({base::ConnectionId(5), peer, generation, "192.0.2.1"}, settings, timers, meter);
    EXPECT_TRUE(session->resumes());
  }
  /// Of a segment that is 1 in the playlist and 1001 by its sequence, and so on.
  static WireName name(std::int64_t number) {
    WireName result;
    result.stream.value = "m";
    result.entry = std::to_string(number + 1000);
    result.id.value = "m+" + result.entry;
    result.number = number;
    result.sequence = number + 1000;
    return result;
  }
  void request(std::int64_t number, const PartialBody* start = nullptr) {
    StepIo step = io();
    session->request(step, Segment("id " + std::to_string(number), "http://origin/"), name(number), start);
  }
  static PeerRequest wish(std::int64_t number, std::uint64_t request, std::uint64_t from = 0) {
    return {number, request, from};
  }
  void send(const PeerRequest& answerTo, const base::Bytes& data) {
    StepIo step = io();
    session->sendSegment(step, answerTo, data);
  }
  void sendAbsent(const PeerRequest& answerTo) {
    StepIo step = io();
    session->sendAbsent(step, answerTo);
  }
  void announce(std::vector<std::int64_t> loaded, std::vector<std::int64_t> loading = {}) {
    StepIo step = io();
    OwnAvailability own;
    own.externalIds = wire::encodeMessages(wire::SegmentsAnnouncement{std::move(loaded), std::move(loading)},
                                           static_cast<std::size_t>(settings.webRtcMaxMessageSize));
    session->sendAvailability(step, own);
  }
  void receive(const wire::BinaryCommand& command) {
    for (const base::Bytes& message : wire::encodeMessages(command)) receive(message);
  }
  /// Whatever changes what it has must be told: others remember that (availability_table.hpp).
  void receive(const base::Bytes& message) {
    const auto before = known();
    session->takeSaysChanged();
    StepIo step = io();
    session->onMessage(step, message);
    const bool told = session->takeSaysChanged();
    EXPECT_TRUE(told || known() == before);
  }
  [[nodiscard]] std::vector<Availability> known() const {
    std::vector<Availability> all;
    for (std::int64_t number = 0; number < 8; ++number) all.push_back(session->availability(name(number)));
    return all;
  }
  void bytes(std::string_view text) { receive(base::Bytes::copyOf(text)); }
  void header(std::int64_t number, std::uint64_t request, std::uint64_t size) {
    receive(wire::BinarySegmentData{number, size, request});
  }
  void completed(std::int64_t number, std::uint64_t request) { receive(wire::BinarySendingCompleted{number, request}); }
  void has(std::vector<std::int64_t> loaded, std::vector<std::int64_t> loading = {}) {
    receive(wire::SegmentsAnnouncement{std::move(loaded), std::move(loading)});
  }
  /// The peer wants it; said() of that is taken.
  void wanted(std::int64_t number, std::uint64_t request, std::uint64_t from = 0) {
    receive(wire::BinarySegmentRequest{number, request, from});
    said();
  }
  void drained(std::uint64_t total) {
    StepIo step = io();
    session->onDrained(step, total);
  }
  void runTo(std::int64_t ms) {
    const base::TimePoint target(base::milliseconds(ms));
    while (timers.next() <= target) {
      now = timers.next();
      const TimerKey key = *timers.takeDue(now);
      EXPECT_EQ(key.kind, TimerKind::peerDownload);
      StepIo step = io();
      session->onDownloadTimer(step);
    }
    now = target;
  }
  static base::Bytes hex(std::string_view digits) { return base::Bytes::copyOf(*base::fromHex(digits)); }
  static base::Bytes zeros(std::size_t size) { return base::Bytes::copyOf(std::string(size, '\0')); }
  static PartialBody partial(std::string_view text, std::uint64_t total) { return {base::Bytes::copyOf(text), total}; }

  std::vector<std::string> said() {
    std::vector<std::string> texts;
    for (const Output& output : out) {
      if (const auto* s = std::get_if<output::SendToPeer>(&output)) {
        EXPECT_EQ(s->connection, base::ConnectionId(5));
        EXPECT_LE(s->data.size(), static_cast<std::size_t>(settings.webRtcMaxMessageSize));
        if (auto text = reader.read(s->data)) texts.push_back(std::move(*text));
      } else if (const auto* d = std::get_if<output::PieceBytesDownloaded>(&output)) {
        EXPECT_EQ(d->peerId, peer);
        texts.push_back("down " + std::to_string(d->bytes));
      } else if (const auto* u = std::get_if<output::PieceBytesUploaded>(&output)) {
        EXPECT_EQ(u->peerId, peer);
        texts.push_back("up " + std::to_string(u->bytes));
      } else if (const auto* b = std::get_if<output::SegmentStart>(&output)) {
        texts.push_back("begin " + b->segment.id);
      }
    }
    for (const InternalEvent& event : events) {
      if (const auto* d = std::get_if<event::Downloaded>(&event)) {
        EXPECT_EQ(d->connection, base::ConnectionId(5));
        EXPECT_EQ(d->peerId, peer);
        EXPECT_EQ(d->method, Method::p2p);
        texts.push_back("have " + d->segment.id + " " + std::string(d->segment.data->text()));
      } else if (const auto* f = std::get_if<event::DownloadFailed>(&event)) {
        EXPECT_EQ(f->peerId, peer);
        std::string text =
            "failed " + f->segment.id + " " + std::string(toString(f->error.code)) + ": " + f->error.detail;
        if (f->partial) {
          text += " +" + std::string(f->partial->data.text()) + " of " + std::to_string(f->partial->total);
        }
        texts.push_back(std::move(text));
      } else if (const auto* r = std::get_if<event::SegmentRequested>(&event)) {
        EXPECT_EQ(r->generation, session->generation());
        texts.push_back("wants " + std::to_string(std::get<std::int64_t>(r->request.segment)) +
                        (r->request.request ? " r=" + std::to_string(*r->request.request) : std::string()) +
                        (r->request.from == 0 ? std::string() : " b=" + std::to_string(r->request.from)));
      } else if (std::holds_alternative<event::PeersChanged>(event)) {
        texts.emplace_back("changed");
      }
    }
    out.clear();
    events.clear();
    return texts;
  }
  /// Only what was sent, as hex.
  std::vector<std::string> sentHex() {
    std::vector<std::string> texts;
    for (const Output& output : out) {
      const auto* s = std::get_if<output::SendToPeer>(&output);
      if (s != nullptr) texts.push_back(base::toHex(s->data.text()));
    }
    out.clear();
    events.clear();
    return texts;
  }
  StepIo io() { return {now, out, events}; }

  const base::PeerId peer = base::PeerId::fromRaw("-PM0203-bob.........");
  Settings settings;
  Timers timers;
  Stats stats;
  TransferMeter meter{stats};
  std::unique_ptr<PeerSession> session;
  base::TimePoint now{};
  Outputs out;
  std::vector<InternalEvent> events;
  BinaryReader reader;
};

}  // namespace p2pml::engine
