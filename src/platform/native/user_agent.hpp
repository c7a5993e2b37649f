// What every native client of ours calls itself. The version is the build's (CMake's PROJECT_VERSION), so that it is
// written once.
#pragma once

#include <string>

namespace p2pml::native {

/// "p2pml/<version>", for the User-Agent header.
std::string defaultUserAgent();

}  // namespace p2pml::native
