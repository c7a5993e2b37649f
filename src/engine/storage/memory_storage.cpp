#include "engine/storage/memory_storage.hpp"

#include <algorithm>

#include "base/sort.hpp"

namespace p2pml::engine {

MemoryStorage::MemoryStorage(const Settings& settings)
    : expiration_(base::milliseconds(settings.cachedSegmentExpiration)),
      count_(static_cast<std::size_t>(std::max<std::int64_t>(settings.cachedSegmentsCount, 0))) {}

void MemoryStorage::touch(Segments::iterator at, base::TimePoint now) {
  Stored& stored = at->second;
  auto access = byAccess_.extract({stored.lastAccess, stored.number});
  stored.lastAccess = now;
  access.key() = {now, stored.number};
  byAccess_.insert(std::move(access));
}

void MemoryStorage::store(base::TimePoint now, Segment segment) {
  if (segment.data && segment.data->losable()) losable_ = true;
  const auto [at, created] = segments_.try_emplace({segment.masterSwarmId, segment.id});
  at->second.segment = std::move(segment);
  if (!created) {
    touch(at, now);
    return;
  }
  at->second.lastAccess = now;
  at->second.number = nextNumber_++;
  byAccess_.emplace(AccessKey{now, at->second.number}, at);
}

std::optional<Segment> MemoryStorage::get(base::TimePoint now, const std::string& id,
                                          const std::string& masterSwarmId) {
  const auto at = segments_.find({masterSwarmId, id});
  if (at == segments_.end()) return std::nullopt;
  touch(at, now);
  return at->second.segment;
}

std::vector<Segment> MemoryStorage::map(const std::string& masterSwarmId) const {
  std::vector<const Stored*> found;
  for (auto at = segments_.lower_bound({masterSwarmId, {}}); at != segments_.end() && at->first.first == masterSwarmId;
       ++at) {
    found.push_back(&at->second);
  }
  base::sort(found, [](const Stored* a, const Stored* b) { return a->number < b->number; });
  std::vector<Segment> result;
  result.reserve(found.size());
  for (const Stored* stored : found) result.push_back(stored->segment);
  return result;
}

std::vector<std::string> MemoryStorage::clean(base::TimePoint now, const std::string& masterSwarmId,
                                              const std::set<std::string>& locked) {
  std::vector<std::string> removed;
  for (auto access = byAccess_.begin(); access != byAccess_.end();) {
    const bool expired = now - access->first.first > expiration_;
    if (!expired && segments_.size() <= count_) break;
    const Segments::iterator at = access->second;
    const bool ours = at->first.first == masterSwarmId;
    if (ours && locked.contains(at->first.second)) {
      ++access;
      continue;
    }
    if (ours) removed.push_back(at->first.second);
    access = byAccess_.erase(access);
    segments_.erase(at);
  }
  return removed;
}

std::vector<std::string> MemoryStorage::lost(const std::string& masterSwarmId) const {
  std::vector<std::string> ids;
  if (!losable_) return ids;
  for (auto at = segments_.lower_bound({masterSwarmId, {}}); at != segments_.end() && at->first.first == masterSwarmId;
       ++at) {
    if (!at->second.segment.data->intact()) ids.push_back(at->first.second);
  }
  return ids;
}

bool MemoryStorage::remove(const std::string& id, const std::string& masterSwarmId) {
  const auto at = segments_.find({masterSwarmId, id});
  if (at == segments_.end()) return false;
  byAccess_.erase({at->second.lastAccess, at->second.number});
  segments_.erase(at);
  return true;
}

void MemoryStorage::clear() {
  byAccess_.clear();
  segments_.clear();
}

}  // namespace p2pml::engine
