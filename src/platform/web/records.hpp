// Segments, streams and details as the JSON of interface.hpp (RECORDS).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "engine/hybrid_loader.hpp"
#include "engine/segment.hpp"
#include "media/stream_properties.hpp"
#include "platform/web/payloads.hpp"

namespace p2pml::web {

/// [handle, offset, length]
void appendPart(std::string& out, const PayloadPart& part);
/// The segment's object; its data, if it has any, as a payload.
void appendSegment(std::string& out, const engine::Segment& segment);

// Readers. Errors: malformed, naming the member and what was expected.

/// A JSON array of segments, without data.
base::Result<std::vector<engine::Segment>> readSegments(std::string_view text);
/// One of them.
base::Result<engine::Segment> readSegment(std::string_view text);
base::Result<media::StreamProperties> readStream(std::string_view text);

/// What getDetails() answers.
std::string toText(const engine::Details& details);
/// What getStats() answers.
std::string toText(const engine::Stats& stats);

}  // namespace p2pml::web
