// The API version, the one of the build.
#pragma once

#include <string_view>

namespace p2pml {

/// API version, e.g. "0.1.0".
std::string_view version();

}  // namespace p2pml
