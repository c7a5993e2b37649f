#include "engine/following.hpp"

#include <utility>

namespace p2pml::engine {

namespace {

bool beginsWith(const base::Bytes& all, const base::Bytes& start) {
  if (start.empty()) return true;
  return all.size() >= start.size() && (all.data() == start.data() || all.slice(0, start.size()) == start);
}

}  // namespace

void Following::follow(const std::vector<std::string>& ids) {
  std::map<std::string, base::Bytes> next;
  for (const std::string& id : ids) {
    if (next.size() == kMaxFollowed) break;
    const auto known = told_.find(id);
    next.emplace(id, known == told_.end() ? base::Bytes() : std::move(known->second));
  }
  told_ = std::move(next);
}

void Following::tell(StepIo& io, const std::string& id, const PartialBody& received) {
  const auto at = told_.find(id);
  // Foreign payload is not in this program's memory: an application that has it waits for the end.
  if (at == told_.end() || received.data.isForeign() || received.data.size() <= at->second.size()) return;
  const std::size_t from = beginsWith(received.data, at->second) ? at->second.size() : 0;
  at->second = received.data;
  io.out.push_back(output::SegmentBytes{id, from, received.data.slice(from), received.total});
}

void Following::complete(StepIo& io, const std::string& id, const base::Bytes& data) {
  const auto at = told_.find(id);
  if (at == told_.end() || data.isForeign() || beginsWith(data, at->second)) return;
  at->second = data;
  io.out.push_back(output::SegmentBytes{id, 0, data, data.size()});
}

}  // namespace p2pml::engine
