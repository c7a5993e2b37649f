// The segment index box of ISO base media files (ISO/IEC 14496-12 section 8.16.3): where the subsegments of a resource
// are. DASH's SegmentBase says where the box is; its bytes come in later and are read here.
//
// Bytes in, values out. Linear; the box itself limits the number of references to 65535.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/error.hpp"
#include "media/playlist.hpp"

namespace p2pml::media {

struct SidxReference {
  ByteRange range;             ///< in the resource
  std::uint64_t start = 0;     ///< earliest presentation time, in units of the timescale
  std::uint32_t duration = 0;  ///< in units of the timescale
  bool isIndex = false;        ///< a further index box is there, not media
  bool startsWithSap = false;  ///< playing can begin with it

  friend bool operator==(const SidxReference&, const SidxReference&) = default;
};

struct SegmentIndexBox {
  std::uint32_t referenceId = 0;
  std::uint32_t timescale = 0;  ///< units a second, at least 1
  std::vector<SidxReference> references;

  friend bool operator==(const SegmentIndexBox&, const SegmentIndexBox&) = default;
};

/// The first sidx box in `bytes`, which stand at `offset` of the resource; other boxes before it are skipped. Errors:
/// malformed (no such box, cut off, a size or time that cannot be).
base::Result<SegmentIndexBox> parseSidx(std::span<const std::uint8_t> bytes, std::uint64_t offset);

}  // namespace p2pml::media
