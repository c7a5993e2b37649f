#include "p2pml/version.hpp"

namespace p2pml {

std::string_view version() { return P2PML_VERSION; }

}  // namespace p2pml
