// Streams that xz has written with its own parameters, lc=3 and pb=0.

#include "platform/web/lzma.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/rng.hpp"

namespace p2pml::web {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes fromHex(std::string_view hex) {
  const auto digit = [](char c) { return static_cast<std::uint8_t>(c <= '9' ? c - '0' : c - 'a' + 10); };
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(digit(hex[i]) << 4 | digit(hex[i + 1])));
  }
  return bytes;
}

Bytes read(const Bytes& stream, std::size_t size, bool& good) {
  Bytes out(size, 0x55);
  good = std::make_unique<LzmaReader>()->read(stream, out, {.lc = 3, .pb = 0});
  return out;
}

Bytes read(std::string_view hex, std::size_t size) {
  bool good = false;
  Bytes out = read(fromHex(hex), size, good);
  EXPECT_TRUE(good);
  return out;
}

TEST(LzmaReader, ReadsLiteralsAndMatches) {
  const Bytes out =
      read("003b9ad972ffeeaa0f8d453cabb6bc98614db29c3a17344e82ee65f37d4ac48906b39e087bf4e956d693b0fff5ac4000", 131);
  EXPECT_EQ(std::string(out.begin(), out.end()),
            "what is read is what was written, what is read is what was written, what is read is what was written, and "
            "what was written is read.");
}

TEST(LzmaReader, ReadsAlmostNothing) {
  EXPECT_EQ(read("0083fffbffffc0000000", 0), Bytes());
  EXPECT_EQ(read("0030c3ebffffffe1000000", 1), Bytes{'a'});
  EXPECT_EQ(read("0000707dfdffae8ff7cb5aaeffff9a1a0000", 1000), Bytes(1000, 0));
}

TEST(LzmaReader, ReadsLongMatchesFromFarAway) {
  Bytes noise;
  std::uint64_t x = 1;
  for (int i = 0; i < 200; ++i) {
    x = x * 16807 % 2147483647;
    noise.push_back(static_cast<std::uint8_t>(x));
  }
  Bytes expected = noise;
  expected.resize(40200);
  expected.insert(expected.end(), noise.begin(), noise.end());
  EXPECT_EQ(read("0053be3bb4b7e5becae439826be7b8ebe5df90ddb03321d4b8dcc4f54308a22ae28e9e70ec7784befb545a15d559535ab8e9"
                 "9eccf91df12bee9be205bb51a9224ed00dd6c325abb6d566bc40a870866597b48a21ee17e95caa05924584c551e3c668a956"
                 "07b46ca18f6b6151e7e830cf14241f47ec74e897be64f7ac6215a986ea811e7280856dba0d6346e4a839384ec068199560d9"
                 "6cdd701c56fac1d900938e2275d8a019c4ddd297f0122a7870191d7782b7cedf5418eb45f73598c473a56930ba23b1df3449"
                 "e3291c2f96b03b8c65618f3066054532ae0eeb9da0069f0a44751e9dd659b5c7432a2e6d57062d94a7093fbc047d3d3da0e0"
                 "6df3a79d3aed29901dd8924d662e11cbffffc52d3020",
                 40400),
            expected);
}

TEST(LzmaReader, RefusesAMatchFromBeforeTheBeginning) {
  bool good = true;
  read(Bytes{0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 100, good);
  EXPECT_FALSE(good);
}

TEST(LzmaReader, StaysWithinItsBuffersWhateverTheStreamHolds) {
  base::Rng rng(11);
  int good = 0;
  for (int i = 0; i < 300; ++i) {
    Bytes stream(static_cast<std::size_t>(rng.below(400)));
    for (std::uint8_t& byte : stream) byte = static_cast<std::uint8_t>(rng.below(256));
    if (!stream.empty()) stream[0] = 0;
    bool isGood = false;
    read(stream, static_cast<std::size_t>(rng.below(3000 >> rng.below(9))), isGood);
    good += isGood ? 1 : 0;
  }
  // Both ends are met.
  EXPECT_GT(good, 0);
  EXPECT_LT(good, 300);
}

}  // namespace
}  // namespace p2pml::web
