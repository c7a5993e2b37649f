#include "wire/dcep.hpp"

#include <gtest/gtest.h>

#include "base/encoding.hpp"

namespace p2pml::wire {
namespace {

std::string hex(const std::vector<std::byte>& data) {
  return base::toHex(std::string_view(reinterpret_cast<const char*>(data.data()), data.size()));
}

std::vector<std::byte> bytes(std::initializer_list<int> values) {
  std::vector<std::byte> out;
  for (const int value : values) out.push_back(static_cast<std::byte>(value));
  return out;
}

TEST(Dcep, OpenHasTheLayoutOfTheRfc) {
  DataChannelOpen open;
  open.label = "ab";
  open.protocol = "p";
  open.priority = 0x0102;
  open.reliabilityParameter = 0x03040506;
  open.channelType = 0x82;
  EXPECT_EQ(hex(encodeDcep(open)),
            "0382010203040506000200016162"
            "70");
  const auto decoded = decodeDcep(encodeDcep(open));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(std::get<DataChannelOpen>(*decoded), open);
}

TEST(Dcep, AckIsOneByte) {
  EXPECT_EQ(hex(encodeDcep(DataChannelAck{})), "02");
  const auto decoded = decodeDcep(bytes({2}));
  ASSERT_TRUE(decoded);
  EXPECT_TRUE(std::holds_alternative<DataChannelAck>(*decoded));
}

TEST(Dcep, LongestTextsRoundTrip) {
  DataChannelOpen open;
  open.label = std::string(0xffff, 'l');
  open.protocol = std::string(0xffff, 'p');
  const auto decoded = decodeDcep(encodeDcep(open));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(std::get<DataChannelOpen>(*decoded), open);
  open.label += 'x';
  const auto cut = decodeDcep(encodeDcep(open));
  ASSERT_TRUE(cut);
  EXPECT_EQ(std::get<DataChannelOpen>(*cut).label.size(), 0xffffU);
}

TEST(Dcep, RefusesWhatIsNotOfTheProtocol) {
  EXPECT_FALSE(decodeDcep({}));
  EXPECT_FALSE(decodeDcep(bytes({0})));
  EXPECT_FALSE(decodeDcep(bytes({2, 0})));
  EXPECT_FALSE(decodeDcep(bytes({3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})));
  EXPECT_TRUE(decodeDcep(bytes({3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})));
  EXPECT_FALSE(decodeDcep(bytes({3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})));
  EXPECT_FALSE(decodeDcep(bytes({3, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 'a'})));
  EXPECT_FALSE(decodeDcep(bytes({3, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 'a'})));
}

}  // namespace
}  // namespace p2pml::wire
