// The files of the page at the gateway's address, as apps/p2pml/page was built; none if it was not.
#pragma once

#include <vector>

#include "gateway/page.hpp"

namespace p2pml::app {

std::vector<gateway::PageFile> pageFiles();

}  // namespace p2pml::app
