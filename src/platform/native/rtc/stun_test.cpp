#include "platform/native/rtc/stun.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace p2pml::native {
namespace {

using Message = std::vector<std::uint8_t>;

/// The transaction of the test vectors (RFC 5769).
constexpr StunTransaction kTransaction{0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae};

Message response(const Message& attributes) {
  Message message{0x01, 0x01, 0x00, static_cast<std::uint8_t>(attributes.size()), 0x21, 0x12, 0xa4, 0x42};
  message.insert(message.end(), kTransaction.begin(), kTransaction.end());
  message.insert(message.end(), attributes.begin(), attributes.end());
  return message;
}

TEST(Stun, ARequestIsAHeader) {
  const StunRequest request = stunBindingRequest(kTransaction);
  EXPECT_THAT(request, testing::ElementsAre(0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34,
                                            0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae));
}

// The XOR-MAPPED-ADDRESS attributes of RFC 5769 sections 2.2 and 2.3.
TEST(Stun, TheAddressesOfTheTestVectors) {
  EXPECT_EQ(stunMappedAddress(response({0x00, 0x20, 0x00, 0x08, 0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43}),
                              kTransaction),
            (StunAddress{"192.0.2.1", 32853}));
  EXPECT_EQ(stunMappedAddress(response({0x00, 0x20, 0x00, 0x14, 0x00, 0x02, 0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa,
                                        0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25, 0xf4, 0xb5, 0xbe, 0xd2, 0xb9, 0xd9}),
                              kTransaction),
            (StunAddress{"2001:db8:1234:5678:11:2233:4455:6677", 32853}));
}

TEST(Stun, OtherAttributesAndOldServersAreUnderstood) {
  EXPECT_EQ(stunMappedAddress(response({0x80, 0x22, 0x00, 0x03, 'a',  'b',  'c', 0, 0x00, 0x01,
                                        0x00, 0x08, 0x00, 0x01, 0x12, 0x34, 10,  0, 0,    7}),
                              kTransaction),
            (StunAddress{"10.0.0.7", 0x1234}));
}

TEST(Stun, WhatIsNoAnswerIsNothing) {
  const Message good = response({0x00, 0x20, 0x00, 0x08, 0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43});
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(stunMappedAddress(std::span(good).first(size), kTransaction), std::nullopt) << size;
  }
  for (const std::size_t place : {0, 1, 3, 4, 8, 19, 25}) {
    Message other = good;
    other[place] ^= 0x40;
    EXPECT_EQ(stunMappedAddress(other, kTransaction), std::nullopt) << place;
  }
  EXPECT_EQ(stunMappedAddress(response({}), kTransaction), std::nullopt);
  EXPECT_EQ(stunMappedAddress(response({0x00, 0x20, 0xff, 0xff, 0, 1, 2, 3}), kTransaction), std::nullopt);
}

}  // namespace
}  // namespace p2pml::native
