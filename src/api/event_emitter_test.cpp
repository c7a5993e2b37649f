#include "api/event_emitter.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <type_traits>

namespace p2pml::api {
namespace {

namespace out = engine::output;

base::PeerId somePeer() { return base::PeerId::fromRaw("-WW0006-aaaaaaaaaaaa"); }
constexpr const char* kSomePeerHex = "2d5757303030362d616161616161616161616161";

template <class... Args>
std::uint64_t listen(EventEmitter& emitter, const Event<Args...>& event,
                     std::type_identity_t<std::function<void(const Args&...)>> listener, bool once = false) {
  return emitter.add(event.index, std::make_shared<std::function<void(const Args&...)>>(std::move(listener)), once);
}

TEST(EventEmitter, GivesTheDocumentedArguments) {
  EventEmitter emitter;
  std::string log;
  listen(emitter, Events::SegmentLoaded,
         [&](const Segment& s, const OptionalPeerId& p) { log += "loaded " + s.id + (p ? " " + *p : "") + ";"; });
  listen(emitter, Events::SegmentError, [&](const Segment& s, const Error& e, const OptionalPeerId&) {
    log += "error " + s.id + " " + e.detail + ";";
  });
  listen(emitter, Events::SegmentAbort, [&](const Segment& s) { log += "abort " + s.id + ";"; });
  listen(emitter, Events::PeerConnect,
         [&](const Peer& p) { log += "connect " + p.id + "@" + p.remoteAddress + " " + p.protocol + ";"; });
  listen(emitter, Events::PeerClose, [&](const PeerId& p) { log += "close " + p + ";"; });
  listen(emitter, Events::PieceBytesDownloaded, [&](const Method& m, const std::uint64_t& n, const OptionalPeerId&) {
    log += std::string(engine::toString(m)) + " " + std::to_string(n) + ";";
  });
  listen(emitter, Events::PieceBytesUploaded, [&](const Method&, const std::uint64_t& n, const OptionalPeerId& p) {
    log += "up " + std::to_string(n) + " " + *p;
  });

  const Segment segment("s", "http://o/s");
  emitter.emit(out::SegmentLoaded{segment, somePeer()});
  emitter.emit(out::SegmentError{segment, {ErrorCode::timeout, "late"}, std::nullopt});
  emitter.emit(out::SegmentAbort{segment});
  emitter.emit(out::PeerConnect{somePeer(), "10.0.0.1", Generation::g3});
  emitter.emit(out::PeerClose{somePeer()});
  emitter.emit(out::PieceBytesDownloaded{Method::http, 5, std::nullopt});
  emitter.emit(out::PieceBytesUploaded{Method::p2p, 6, somePeer()});
  const std::string peer = kSomePeerHex;
  EXPECT_EQ(log, "loaded s " + peer + ";error s late;abort s;connect " + peer + "@10.0.0.1 G3;close " + peer +
                     ";http 5;up 6 " + peer);
}

TEST(EventEmitter, NamesAreJavaScripts) {
  EXPECT_EQ(Events::SegmentLoaded.name, "segment_loaded");
  EXPECT_EQ(Events::PieceBytesUploaded.name, "piece_bytes_uploaded");
}

TEST(EventEmitter, OnceOffAndSilence) {
  EventEmitter emitter;
  int once = 0;
  int always = 0;
  listen(
      emitter, Events::SegmentAbort, [&](const Segment&) { ++once; }, true);
  const auto id = listen(emitter, Events::SegmentAbort, [&](const Segment&) { ++always; });
  emitter.emit(out::SegmentAbort{});
  emitter.emit(out::SegmentAbort{});
  EXPECT_EQ(once, 1);
  EXPECT_EQ(always, 2);
  emitter.remove(id);
  emitter.emit(out::SegmentAbort{});
  EXPECT_EQ(always, 2);
  listen(emitter, Events::SegmentAbort, [&](const Segment&) { ++always; });
  emitter.silence();
  emitter.emit(out::SegmentAbort{});
  EXPECT_EQ(always, 2);
}

TEST(EventEmitter, AListenerRemovedByAnEarlierOneIsNotCalled) {
  EventEmitter emitter;
  std::uint64_t second = 0;
  bool called = false;
  listen(emitter, Events::SegmentAbort, [&](const Segment&) { emitter.remove(second); });
  second = listen(emitter, Events::SegmentAbort, [&](const Segment&) { called = true; });
  emitter.emit(out::SegmentAbort{});
  EXPECT_FALSE(called);
}

}  // namespace
}  // namespace p2pml::api
