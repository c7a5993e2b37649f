#include "media/sidx.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace p2pml::media {
namespace {

using base::ErrorCode;
using base::fail;

constexpr std::uint64_t kMaxEnd = ~std::uint64_t{0} >> 1;

/// Big-endian numbers off the front of bytes.
class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> bytes) : rest_(bytes) {}

  [[nodiscard]] std::size_t left() const { return rest_.size(); }
  std::optional<std::uint64_t> number(std::size_t size) {
    if (rest_.size() < size) return std::nullopt;
    std::uint64_t value = 0;
    for (const std::uint8_t byte : rest_.first(size)) value = value << 8 | byte;
    rest_ = rest_.subspan(size);
    return value;
  }
  /// False if there are fewer.
  bool skip(std::uint64_t size) {
    if (rest_.size() < size) return false;
    rest_ = rest_.subspan(static_cast<std::size_t>(size));
    return true;
  }
  std::span<const std::uint8_t> take(std::size_t size) {
    const auto taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }

 private:
  std::span<const std::uint8_t> rest_;
};

std::unexpected<base::Error> malformed(const std::string& what) {
  return fail(ErrorCode::malformed, "segment index: " + what);
}

/// `anchor`: the resource's byte after the box, from which the references count.
base::Result<SegmentIndexBox> readBody(Reader box, std::uint64_t anchor) {
  const auto versionAndFlags = box.number(4);
  if (!versionAndFlags) return malformed("the sidx box is cut off");
  const std::uint64_t version = *versionAndFlags >> 24;
  if (version > 1) return malformed("version " + std::to_string(version) + ", expected 0 or 1");
  const std::size_t width = version == 0 ? 4 : 8;
  const auto id = box.number(4);
  const auto timescale = box.number(4);
  const auto earliest = box.number(width);
  const auto firstOffset = box.number(width);
  const auto reserved = box.number(2);
  const auto count = box.number(2);
  if (!id || !timescale || !earliest || !firstOffset || !reserved || !count)
    return malformed("the sidx box is cut off");
  if (*timescale == 0) return malformed("timescale 0, expected at least 1");
  if (box.left() < *count * 12) {
    return malformed("the sidx box is cut off: expected " + std::to_string(*count) + " references");
  }
  if (*earliest > kMaxEnd || *firstOffset > kMaxEnd - anchor) return malformed("a time or place beyond 2^63 - 1");

  SegmentIndexBox index;
  index.referenceId = static_cast<std::uint32_t>(*id);
  index.timescale = static_cast<std::uint32_t>(*timescale);
  index.references.reserve(static_cast<std::size_t>(*count));
  std::uint64_t place = anchor + *firstOffset;
  std::uint64_t time = *earliest;
  for (std::uint64_t i = 0; i < *count; ++i) {
    const std::uint64_t typeAndSize = *box.number(4);
    const std::uint64_t duration = *box.number(4);
    const std::uint64_t sap = *box.number(4);
    const std::uint64_t size = typeAndSize & 0x7fff'ffff;
    if (size == 0) return malformed("reference " + std::to_string(i) + " has no bytes");
    if (place > kMaxEnd - size || time > kMaxEnd - duration) return malformed("a time or place beyond 2^63 - 1");
    SidxReference reference;
    reference.range = {place, size};
    reference.start = time;
    reference.duration = static_cast<std::uint32_t>(duration);
    reference.isIndex = (typeAndSize >> 31) != 0;
    reference.startsWithSap = (sap >> 31) != 0;
    index.references.push_back(reference);
    place += size;
    time += duration;
  }
  return index;
}

}  // namespace

base::Result<SegmentIndexBox> parseSidx(std::span<const std::uint8_t> bytes, std::uint64_t offset) {
  if (offset > kMaxEnd - bytes.size()) return malformed("a place beyond 2^63 - 1");
  Reader reader(bytes);
  while (reader.left() > 0) {
    const std::size_t start = bytes.size() - reader.left();
    const auto shortSize = reader.number(4);
    const auto type = reader.number(4);
    if (!shortSize || !type) return malformed("a box is cut off");
    std::uint64_t header = 8;
    std::uint64_t size = *shortSize;
    if (size == 1) {
      const auto longSize = reader.number(8);
      if (!longSize) return malformed("a box is cut off");
      size = *longSize;
      header = 16;
    } else if (size == 0) {
      size = bytes.size() - start;  // up to the end
    }
    if (size < header) return malformed("a box of " + std::to_string(size) + " bytes");
    constexpr std::uint64_t kSidx = 0x73696478;
    if (*type == kSidx) {
      if (reader.left() < size - header) return malformed("the sidx box is cut off");
      const auto body = reader.take(static_cast<std::size_t>(size - header));
      return readBody(Reader(body), offset + start + size);
    }
    if (!reader.skip(size - header)) break;
  }
  return malformed("expected a sidx box, found none");
}

}  // namespace p2pml::media
