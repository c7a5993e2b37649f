#include "media/playlist.hpp"

namespace p2pml::media {

std::string rangeHeader(const ByteRange& range) {
  return "bytes=" + std::to_string(range.offset) + "-" + std::to_string(range.offset + range.length - 1);
}

base::Duration MediaPlaylist::duration() const {
  base::Duration sum{};
  for (const MediaSegment& segment : segments) sum += segment.duration;
  return sum;
}

}  // namespace p2pml::media
