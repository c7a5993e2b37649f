// What the network part of the probe found, for programs and for people.
#pragma once

#include <string>
#include <vector>

#include "p2pml/probe/network_probe.hpp"
#include "p2pml/probe/verdict.hpp"

namespace p2pml::app {

/// docs/probe.md names the members. Times are milliseconds; what is absent has no member.
std::string networkJson(const NetworkProbe& probe, const std::vector<Finding>& findings);

/// The verdict comes last: that is where a terminal stands.
std::string networkText(const NetworkProbe& probe, const std::vector<Finding>& findings);

}  // namespace p2pml::app
