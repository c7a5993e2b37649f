// Whether this machine can have peers: how STUN servers see it, which addresses it offers, and whether two peers in
// this process reach each other over a real data channel.
#pragma once

#include <boost/asio/io_context.hpp>
#include <string>
#include <vector>

#include "engine/settings.hpp"
#include "p2pml/probe/facts.hpp"

namespace p2pml::app {

/// Returns within three times `limit`. `localAddresses` as in RtcOptions.
IceFacts checkIce(boost::asio::io_context& loop, const engine::RtcConfig& config,
                  const std::vector<std::string>& localAddresses, base::Duration limit);

/// What the servers' answers say of the NAT. `local`: our own addresses.
Nat natOf(const std::vector<StunFacts>& stun, const std::vector<std::string>& local);

}  // namespace p2pml::app
