// Asks a tracker who is in some swarms: joins each without an offer, reads the answer, and leaves.
#pragma once

#include <boost/asio/io_context.hpp>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "p2pml/probe/facts.hpp"

namespace p2pml::app {

/// A swarm to ask for; of `facts` the generation and the infohash are filled in.
struct SwarmQuestion {
  base::InfoHash infoHash;
  SwarmFacts facts;
};

/// Returns when all swarms are answered, the tracker has failed, or `limit` is over.
TrackerFacts checkTracker(boost::asio::io_context& loop, const std::string& url,
                          const std::vector<SwarmQuestion>& swarms, const base::PeerId& self, base::Duration limit);

}  // namespace p2pml::app
