#include "platform/native/user_agent.hpp"

#include <gtest/gtest.h>

namespace p2pml::native {
namespace {

// RFC 9110 section 10.1.5: product = token ["/" product-version].
TEST(UserAgentTest, IsAProductWithTheBuildsVersion) {
  const std::string agent = defaultUserAgent();
  ASSERT_TRUE(agent.starts_with("p2pml/")) << agent;
  const std::string version = agent.substr(6);
  EXPECT_EQ(version.find_first_not_of("0123456789."), std::string::npos) << agent;
  EXPECT_GE(version.size(), 5u) << agent;
}

}  // namespace
}  // namespace p2pml::native
