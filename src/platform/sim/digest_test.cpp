#include "platform/sim/digest.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>

namespace p2pml::sim {
namespace {

namespace in = engine::input;
namespace out = engine::output;

constexpr base::TimePoint kNow{base::seconds(1)};

template <class T>
std::string digestOf(base::TimePoint now, T what) {
  Digest digest;
  digest.add(now, engine::Input(std::move(what)));
  return digest.text();
}

TEST(Digest, IsFnv1aOfItsWords) {
  // The published FNV-1a of "a" is af63dc4c8601ec8c; here a text's length goes in before it.
  Digest digest;
  digest.add(std::uint64_t{'a'});
  EXPECT_EQ(digest.text(), "af63dc4c8601ec8c");
}

TEST(Digest, EveryFieldThatMattersChangesIt) {
  std::set<std::string> seen;
  const auto fresh = [&](const std::string& text) { return seen.insert(text).second; };
  EXPECT_TRUE(fresh(digestOf(kNow, in::HttpDone{base::RequestId{1}})));
  EXPECT_TRUE(fresh(digestOf(kNow, in::HttpDone{base::RequestId{2}})));
  EXPECT_TRUE(fresh(digestOf(kNow + base::Duration(1), in::HttpDone{base::RequestId{1}})));
  EXPECT_TRUE(fresh(digestOf(kNow, in::HttpData{base::RequestId{1}, base::Bytes::copyOf("ab")})));
  EXPECT_TRUE(fresh(digestOf(kNow, in::HttpData{base::RequestId{1}, base::Bytes::copyOf("abc")})));
  EXPECT_TRUE(fresh(digestOf(kNow, in::SocketMessage{base::SocketId{1}, "x"})));
  EXPECT_TRUE(fresh(digestOf(kNow, in::SocketMessage{base::SocketId{1}, "y"})));
  EXPECT_TRUE(fresh(digestOf(kNow, in::OfferCreated{base::ConnectionId{1}, "sdp"})));
  EXPECT_TRUE(fresh(digestOf(kNow, in::OfferCreated{base::ConnectionId{1}, "sdq"})));
  EXPECT_FALSE(fresh(digestOf(kNow, in::HttpDone{base::RequestId{1}})));
}

TEST(Digest, TheOrderOfOutputsChangesIt) {
  const engine::Output one = out::CancelHttp{base::RequestId{1}};
  const engine::Output two = out::SegmentAbort{{"id", "url"}};
  Digest forward;
  forward.add(kNow, one);
  forward.add(kNow, two);
  Digest backward;
  backward.add(kNow, two);
  backward.add(kNow, one);
  EXPECT_NE(forward.value(), backward.value());
}

}  // namespace
}  // namespace p2pml::sim
