#include "engine/peers/segment_body.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"

namespace p2pml::engine {

bool SegmentBody::setTotal(std::uint64_t total) {
  P2PML_ASSERT(total != 0);
  if (total_ != 0) return total_ == total;
  if (!runs_.empty() && runs_.back().to() > total) return false;
  total_ = total;
  // Copied in one go where the first run is all there will be.
  if (runs_.size() == 1 && runs_.front().from == 0) {
    runs_.front().bytes.setExpectedSize(static_cast<std::size_t>(total));
  }
  return true;
}

std::vector<SegmentBody::Run>::const_iterator SegmentBody::after(std::uint64_t offset) const {
  return std::find_if(runs_.begin(), runs_.end(), [&](const Run& run) { return run.to() > offset; });
}

std::uint64_t SegmentBody::add(std::uint64_t offset, const base::Bytes& bytes) {
  P2PML_ASSERT(total_ == 0 || (offset <= total_ && bytes.size() <= total_ - offset));
  const std::uint64_t before = size_;
  const std::uint64_t end = offset + bytes.size();
  std::uint64_t at = offset;
  while (at < end) {
    const auto next = after(at);
    if (next != runs_.end() && next->from <= at) {
      at = std::min(next->to(), end);  // here already
      continue;
    }
    const std::uint64_t to = next == runs_.end() ? end : std::min(next->from, end);
    put(at, bytes.slice(static_cast<std::size_t>(at - offset), static_cast<std::size_t>(to - at)));
    at = to;
  }
  return size_ - before;
}

/// Precondition: none of it is here.
void SegmentBody::put(std::uint64_t offset, const base::Bytes& bytes) {
  size_ += bytes.size();
  const auto found = std::find_if(runs_.begin(), runs_.end(), [&](const Run& run) { return run.to() >= offset; });
  if (found != runs_.end() && found->to() == offset) {
    found->bytes.append(bytes);
    return;
  }
  Run run{offset, base::BytesAssembler(offset == 0 ? static_cast<std::size_t>(total_) : 0)};
  run.bytes.append(bytes);
  runs_.insert(found, std::move(run));
}

std::uint64_t SegmentBody::prefix() const {
  std::uint64_t end = 0;
  for (const Run& run : runs_) {
    if (run.from != end) break;
    end = run.to();
  }
  return end;
}

std::optional<BodyRange> SegmentBody::hole(std::uint64_t from) const {
  for (const Run& run : runs_) {
    if (run.to() <= from) continue;
    if (run.from > from) return BodyRange{from, run.from};
    from = run.to();
  }
  if (total_ != 0 && from >= total_) return std::nullopt;
  return BodyRange{from, total_};
}

base::Bytes SegmentBody::at(std::uint64_t offset) const {
  const auto run = after(offset);
  if (run == runs_.end() || run->from > offset) return {};
  return run->bytes.at(static_cast<std::size_t>(offset - run->from));
}

base::Bytes SegmentBody::joined(std::size_t runs) {
  if (runs == 1) return runs_.front().bytes.finish();
  base::BytesAssembler whole(static_cast<std::size_t>(total_));
  for (std::size_t i = 0; i < runs; ++i) {
    for (std::size_t at = 0; at < runs_[i].bytes.size();) {
      const base::Bytes piece = runs_[i].bytes.at(at);
      whole.append(piece);
      at += piece.size();
    }
  }
  return whole.finish();
}

base::Bytes SegmentBody::finish() {
  P2PML_ASSERT(complete());
  return joined(runs_.size());
}

std::optional<PartialBody> SegmentBody::beginning() {
  const std::uint64_t end = prefix();
  if (end == 0 || total_ == 0) return std::nullopt;
  const auto runs = static_cast<std::size_t>(
      std::count_if(runs_.begin(), runs_.end(), [end](const Run& run) { return run.to() <= end; }));
  return PartialBody{joined(runs), total_};
}

}  // namespace p2pml::engine
