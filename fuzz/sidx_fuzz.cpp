// Any bytes are a segment index or an error; references follow each other, and on a stream they stay within its limits.
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/assert.hpp"
#include "media/dash_timeline.hpp"
#include "media/sidx.hpp"

using namespace p2pml;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto box = media::parseSidx(std::span(data, size), 1000);
  if (!box) {
    P2PML_ASSERT(box.error().code == base::ErrorCode::malformed && !box.error().detail.empty());
    return 0;
  }
  P2PML_ASSERT(box->timescale > 0 && box->references.size() <= 65'535);
  std::uint64_t end = 0;
  for (const media::SidxReference& reference : box->references) {
    P2PML_ASSERT(reference.range.length > 0 && reference.range.offset >= 1000);
    P2PML_ASSERT(end == 0 || reference.range.offset == end);
    end = reference.range.offset + reference.range.length;
    P2PML_ASSERT(end <= ~std::uint64_t{0} >> 1);
  }
  media::TimelineStream stream;
  media::IndexSource index;
  index.url = "https://e/x";
  index.timescale = 90'000;
  index.presentationTimeOffset = 77;
  stream.indexes.push_back(index);
  P2PML_ASSERT(media::applyIndex(stream, 0, *box));
  for (std::size_t i = 1; i < stream.segments.size(); ++i) {
    P2PML_ASSERT(stream.segments[i - 1].start <= stream.segments[i].start);
  }
  return 0;
}
