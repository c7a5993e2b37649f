// P2P Media Loader Core in C++: everything an application needs.
#pragma once

#include "p2pml/events.hpp"
#include "p2pml/hybrid_loader.hpp"
#include "p2pml/runtime.hpp"
#include "p2pml/settings.hpp"
#include "p2pml/version.hpp"
