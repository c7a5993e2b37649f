#include "platform/sim/body_cache.hpp"

#include <cstring>
#include <span>
#include <utility>

#include "media/synthetic.hpp"

namespace p2pml::sim {

namespace {

/// Pieces of named and other bodies that are no body together: somebody has changed something on the way.
class MixedPayload final : public base::ForeignPayload {
 public:
  explicit MixedPayload(base::Bytes bytes) : bytes_(std::move(bytes)) {}

  static base::Bytes of(std::span<const base::Bytes> pieces, std::size_t size) {
    base::Buffer buffer(size);
    for (const base::Bytes& piece : pieces) buffer.append(piece.local().span());
    return base::Bytes::foreign(std::make_shared<const MixedPayload>(buffer.view()), 0, size);
  }

  void peek(std::size_t offset, std::span<std::byte> target) const override {
    std::memcpy(target.data(), bytes_.slice(offset, target.size()).data(), target.size());
  }
  [[nodiscard]] bool intact() const override { return true; }
  [[nodiscard]] bool losable() const override { return false; }
  [[nodiscard]] base::Bytes join(std::span<const base::Bytes> pieces, std::size_t size) const override {
    return of(pieces, size);
  }

 private:
  base::Bytes bytes_;
};

class NamedPayload final : public base::ForeignPayload {
 public:
  NamedPayload(std::string name, std::uint64_t number) : name_(std::move(name)), number_(number) {}

  void peek(std::size_t offset, std::span<std::byte> target) const override {
    media::syntheticPart(name_, number_, offset, target);
  }
  [[nodiscard]] bool intact() const override { return true; }
  [[nodiscard]] bool losable() const override { return false; }
  [[nodiscard]] base::Bytes join(std::span<const base::Bytes> pieces, std::size_t size) const override {
    return MixedPayload::of(pieces, size);
  }

 private:
  std::string name_;
  std::uint64_t number_;
};

}  // namespace

base::Bytes BodyCache::make(const Key& key) const {
  const auto& [name, number, size] = key;
  if (kind_ == Bodies::real) return media::syntheticBody(name, number, size);
  return base::Bytes::foreign(std::make_shared<const NamedPayload>(name, number), 0, size);
}

base::Bytes BodyCache::get(const std::string& name, std::uint64_t number, std::size_t size) {
  Key key(name, number, size);
  const auto found = bodies_.find(key);
  if (found != bodies_.end()) return found->second;
  base::Bytes body = make(key);
  bodies_.emplace(key, body);
  if (kind_ == Bodies::named) return body;
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
  if (!body.isForeign() && !expected.isForeign() && body.data() == expected.data()) return true;
  return body == expected;  // costs nothing for two views of one foreign payload
}

}  // namespace p2pml::sim
