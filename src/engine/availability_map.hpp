// The map a loader tells its peers: what it has stored and what it is loading over HTTP (docs/protocol/peer-json.md
// 5a.3).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "engine/http/http_downloads.hpp"
#include "engine/storage/segment_store.hpp"

namespace p2pml::engine {

/// Longest map we send: every peer takes a message of that size (data-channel.md: a=max-message-size:262144). What was
/// stored first is left out.
inline constexpr std::size_t kMaxMapBytes = 240 * 1024;

/// The encoded command. Linear in what it tells of; made once for all peers.
base::Bytes makeAvailabilityMap(const SegmentStore& store, const HttpDownloads& http);

}  // namespace p2pml::engine
