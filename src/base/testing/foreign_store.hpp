// A keeper of foreign payloads for tests: as a page's JavaScript keeps them, and it counts what is asked of it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.hpp"

namespace p2pml::base {

class ForeignStore {
 public:
  /// A new payload and the view of all of it.
  Bytes add(std::string_view content) {
    const int handle = ++lastHandle_;
    contents_[handle] = content;
    return Bytes::foreign(std::make_shared<Payload>(*this, handle), 0, content.size());
  }
  /// A player takes the payload's buffer away.
  void detach(const Bytes& of) { detached_[static_cast<const Payload*>(of.foreignPayload())->handle] = true; }

  [[nodiscard]] std::size_t payloads() const { return contents_.size(); }
  [[nodiscard]] int joins() const { return joins_; }
  [[nodiscard]] std::size_t peekedBytes() const { return peekedBytes_; }
  [[nodiscard]] std::size_t joinedBytes() const { return joinedBytes_; }

 private:
  struct Payload final : ForeignPayload {
    Payload(ForeignStore& keeper, int number) : store(keeper), handle(number) {}
    Payload(const Payload&) = delete;
    Payload& operator=(const Payload&) = delete;
    ~Payload() override { store.contents_.erase(handle); }
    void peek(std::size_t offset, std::span<std::byte> target) const override {
      store.peekedBytes_ += target.size();
      std::fill(target.begin(), target.end(), std::byte{0});
      if (intact()) std::memcpy(target.data(), store.contents_.at(handle).data() + offset, target.size());
    }
    [[nodiscard]] bool intact() const override { return !store.detached_.contains(handle); }
    [[nodiscard]] Bytes join(std::span<const Bytes> pieces, std::size_t size) const override {
      ++store.joins_;
      store.joinedBytes_ += size;
      std::string content;
      for (const Bytes& piece : pieces) {
        const auto* foreign = static_cast<const Payload*>(piece.foreignPayload());
        content += foreign != nullptr ? store.contents_.at(foreign->handle).substr(piece.foreignOffset(), piece.size())
                                      : std::string(piece.text());
      }
      P2PML_ASSERT(content.size() == size);
      return store.add(content);
    }

    ForeignStore& store;
    const int handle;
  };

  int lastHandle_ = 0;
  std::map<int, std::string> contents_;
  std::map<int, bool> detached_;
  int joins_ = 0;
  std::size_t peekedBytes_ = 0;
  std::size_t joinedBytes_ = 0;
};

}  // namespace p2pml::base
