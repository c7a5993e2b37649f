#include "gateway/segment_indexes.hpp"

#include <algorithm>
#include <span>

#include "gateway/urls.hpp"

namespace p2pml::gateway {

SegmentIndexes::Place SegmentIndexes::placeOf(const media::IndexSource& source) {
  return {source.url, source.range ? source.range->offset : 0, source.range ? source.range->length : 0};
}

void SegmentIndexes::want(Outputs& out, const std::string& stream, const media::IndexSource& source, bool publicOnly,
                          std::uint64_t& lastFetch) {
  std::set<Place>& asked = asked_[stream];
  if (fetching_.size() >= kMaxOpen || asked.size() >= kMaxAsked) return;
  if ((source.range && source.range->length > kMaxBytes) || !asked.insert(placeOf(source)).second) return;
  const FetchId id(++lastFetch);
  fetching_[id] = {stream, source, 0, {}};
  Headers headers;
  if (source.range) headers.push_back({"Range", media::rangeHeader(*source.range)});
  out.push_back(output::Fetch{id, source.url, std::move(headers), publicOnly});
}

/// It may be asked for again when a player asks for something of the resource.
void SegmentIndexes::failed(std::map<FetchId, Fetching>::iterator at) {
  asked_[at->second.stream].erase(placeOf(at->second.source));
  fetching_.erase(at);
}

bool SegmentIndexes::on(Outputs& out, const input::FetchHead& head) {
  const auto at = fetching_.find(head.id);
  if (at == fetching_.end()) return false;
  Fetching& it = at->second;
  const std::uint64_t offset = it.source.range ? it.source.range->offset : 0;
  const bool part = head.status == 206 && it.source.range.has_value();
  // A server that knows no ranges gives all from the beginning.
  const bool whole = head.status == 200 && offset + (it.source.range ? it.source.range->length : 0) <= kMaxBytes;
  if (!part && !whole) {
    out.push_back(output::CancelFetch{head.id});
    failed(at);
    return true;
  }
  it.offset = part ? offset : 0;
  const auto total = part ? head.total : head.length;
  if (const auto url = canonicalUrl(it.source.url); url && total) totals_.emplace_back(*url, *total);
  return true;
}

bool SegmentIndexes::on(Outputs& out, const input::FetchData& data) {
  const auto at = fetching_.find(data.id);
  if (at == fetching_.end()) return false;
  std::string& bytes = at->second.bytes;
  bytes.append(data.data.text().substr(0, kMaxBytes - bytes.size()));
  const auto& range = at->second.source.range;
  const std::uint64_t wanted = range ? range->offset + range->length - at->second.offset : kMaxBytes;
  if (bytes.size() >= wanted) {
    out.push_back(output::CancelFetch{data.id});
    on(input::FetchDone{data.id});
  }
  return true;
}

bool SegmentIndexes::on(const input::FetchDone& done) {
  const auto at = fetching_.find(done.id);
  if (at == fetching_.end()) return false;
  const Fetching& it = at->second;
  const std::uint64_t first = it.source.range ? it.source.range->offset - it.offset : 0;
  std::string_view text = std::string_view(it.bytes).substr(std::min<std::size_t>(first, it.bytes.size()));
  if (it.source.range) text = text.substr(0, static_cast<std::size_t>(it.source.range->length));
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  auto box = media::parseSidx(bytes, it.offset + first);
  // What cannot be read is not asked for again: it would be the same.
  if (box) read_.push_back({it.stream, it.source, *std::move(box)});
  fetching_.erase(at);
  return true;
}

bool SegmentIndexes::on(const input::FetchFailed& failure) {
  const auto at = fetching_.find(failure.id);
  if (at == fetching_.end()) return false;
  failed(at);
  return true;
}

void SegmentIndexes::forget(Outputs& out, const std::string& prefix) {
  std::erase_if(asked_, [&](const auto& item) { return item.first.starts_with(prefix); });
  std::erase_if(fetching_, [&](const auto& item) {
    if (!item.second.stream.starts_with(prefix)) return false;
    out.push_back(output::CancelFetch{item.first});
    return true;
  });
}

}  // namespace p2pml::gateway
