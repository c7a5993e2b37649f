// Asks an origin for one URL as a player on a page of another site would, and keeps what the answer says.
#pragma once

#include <boost/asio/io_context.hpp>
#include <string>
#include <vector>

#include "driver/ports.hpp"
#include "p2pml/probe/facts.hpp"

namespace p2pml::app {

enum class HttpQuestion { manifest, segment };

/// A manifest is read whole (at most 16 MiB); of a segment the first KiB is asked for and read, to see whether parts
/// can be had. `headers` are sent besides. Returns within `limit`.
HttpFacts checkHttp(boost::asio::io_context& loop, const std::string& what, const std::string& url,
                    HttpQuestion question, const std::vector<driver::HttpHeader>& headers, base::Duration limit);

}  // namespace p2pml::app
