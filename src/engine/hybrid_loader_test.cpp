#include "engine/hybrid_loader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/testing/loader_harness.hpp"

namespace p2pml::engine {
namespace {

using testing::HasSubstr;

TEST(HybridLoader, RefusesBadSettingsByName) {
  Options options;
  options.settings.simultaneousHttpDownloads = -1;
  const auto created = HybridLoader::create(options);
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().code, base::ErrorCode::invalidArgument);
  EXPECT_THAT(created.error().detail, HasSubstr("simultaneousHttpDownloads"));
  options = {};
  options.settings.trackerAnnounce = {"http://not-a-tracker"};
  const auto other = HybridLoader::create(options);
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().detail, HasSubstr("trackerAnnounce"));
}

TEST(HybridLoader, DefaultsAreAccepted) {
  const auto created = HybridLoader::create({});
  ASSERT_TRUE(created);
  EXPECT_EQ((*created)->getSettings(), Settings());
  EXPECT_FALSE((*created)->destroyed());
  EXPECT_EQ((*created)->deadline(), base::kNever);
}

TEST(HybridLoader, UnknownAnswersAreDroppedAndCounted) {
  LoaderHarness world;
  world.load({1});
  const std::vector<Input> strays = {
      input::HttpHead{.request = base::RequestId(99)},
      input::HttpData{base::RequestId(99), base::Bytes::copyOf("x")},
      input::HttpDone{base::RequestId(99)},
      input::HttpFailed{base::RequestId(99), {}},
      input::SocketOpened{base::SocketId(99)},
      input::SocketMessage{base::SocketId(99), "{}"},
      input::SocketClosed{base::SocketId(99), {}},
      input::OfferCreated{base::ConnectionId(99), "sdp"},
      input::AnswerCreated{base::ConnectionId(99), "sdp"},
      input::PeerOpened{base::ConnectionId(99), ""},
      input::PeerMessage{base::ConnectionId(99), base::Bytes::copyOf("x")},
      input::PeerDrained{base::ConnectionId(99), 5},
      input::PeerClosed{base::ConnectionId(99), {}},
      input::SegmentValidated{base::RequestId(99), {}},
      input::StorageStored{base::RequestId(99), {}},
      input::StorageMapResult{base::RequestId(99), {}, {}},
      input::StorageSegmentResult{base::RequestId(99), {}, {}},
      input::StorageCleaned{base::RequestId(99), true, {}},
  };
  const std::uint64_t before = world.outputCount();
  for (const Input& stray : strays) world.input(stray);
  EXPECT_EQ(world.stats().staleInputs, strays.size());
  EXPECT_EQ(world.outputCount(), before);
}

/// A busy minute; every output as a line of text, payload included.
std::vector<std::string> record(std::uint64_t seed) {
  Settings settings = LoaderHarness::quietSettings();
  settings.httpDownloadProbability = 0.3;
  LoaderHarness world(settings, {}, seed);
  std::vector<std::string> lines;
  std::vector<FakePeer> peers;
  const auto note = [&] {
    const std::string at = std::to_string(world.nowMs()) + " ";
    for (const std::string& text : world.takeEvents()) lines.push_back(at + text);
    for (const auto& start : world.take<output::StartHttp>()) {
      lines.push_back(at + "http " + std::to_string(start.request.value) + " " + start.segment.id);
    }
    for (const auto& send : world.take<output::SendSocket>()) lines.push_back(at + send.text);
    for (const auto& offer : world.take<output::CreateOffer>()) lines.push_back(at + offer.label);
    for (FakePeer& peer : peers) {
      for (const base::Bytes& message : peer.takeMessages()) {
        lines.push_back(at + std::to_string(peer.connection().value) + " " + std::string(message.text()));
        const auto decoded = wire::decodePeerMessage(message.span());
        if (const auto* request = std::get_if<wire::SegmentRequest>(&decoded)) {
          peer.delivers(std::stoi(request->id.value.substr(2)), "from a peer");
        }
      }
    }
  };
  for (int step = 0; step < 15; ++step) {
    world.load({step, step + 1, step + 2, step + 3, step + 4, step + 5, step + 6});
    if (step < 4) peers.push_back(world.connectPeer("peer " + std::to_string(step)));
    for (std::size_t i = 0; i < peers.size(); ++i) peers[i].has({step + static_cast<int>(i), step + 4});
    note();
    for (const std::string& running : world.httpRunning()) world.respond(running, "from the origin");
    peers[0].requests(step);
    note();
    world.advance(4000);
    note();
  }
  return lines;
}

TEST(HybridLoader, SameSeedAndInputsGiveTheSameOutputs) {
  const auto first = record(7);
  EXPECT_GT(first.size(), 200U);
  EXPECT_EQ(first, record(7));
  EXPECT_NE(first, record(8));
}

}  // namespace
}  // namespace p2pml::engine
