#include "platform/sim/body_cache.hpp"

#include <utility>

#include "media/synthetic.hpp"

namespace p2pml::sim {

base::Bytes BodyCache::get(const std::string& name, std::uint64_t number, std::size_t size) {
  Key key(name, number, size);
  const auto found = bodies_.find(key);
  if (found != bodies_.end()) return found->second;
  base::Bytes body = media::syntheticBody(name, number, size);
  bodies_.emplace(key, body);
  order_.push_back(std::move(key));
  if (order_.size() > kMaxBodies) {
    bodies_.erase(order_.front());
    order_.pop_front();
  }
  return body;
}

bool BodyCache::matches(const base::Bytes& body, const std::string& name, std::uint64_t number, std::size_t size) {
  if (body.size() != size) return false;
  const base::Bytes expected = get(name, number, size);
  return body.data() == expected.data() || body == expected;
}

}  // namespace p2pml::sim
