#include "platform/native/user_agent.hpp"

namespace p2pml::native {

std::string defaultUserAgent() { return "p2pml/" P2PML_VERSION; }

}  // namespace p2pml::native
