#include "media/synthetic.hpp"

#include <array>
#include <cstring>

namespace p2pml::media {

namespace {

class Words {
 public:
  Words(std::string_view name, std::uint64_t number)
      : state_(fnv1a32(name) ^ (static_cast<std::uint32_t>(number + 1) * 0x9e3779b1U)) {
    if (state_ == 0) state_ = 1;
  }

  std::array<std::byte, 4> next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 17;
    state_ ^= state_ << 5;
    return {static_cast<std::byte>(state_), static_cast<std::byte>(state_ >> 8), static_cast<std::byte>(state_ >> 16),
            static_cast<std::byte>(state_ >> 24)};
  }

 private:
  std::uint32_t state_;
};

}  // namespace

std::uint32_t fnv1a32(std::string_view text) {
  std::uint32_t hash = 0x811c9dc5U;
  for (const char c : text) {
    hash ^= static_cast<std::uint8_t>(c);
    hash *= 0x01000193U;
  }
  return hash;
}

base::Bytes syntheticBody(std::string_view name, std::uint64_t number, std::size_t size) {
  base::Buffer buffer(size);
  std::byte* out = buffer.tail().data();
  Words words(name, number);
  std::size_t done = 0;
  for (; done + 4 <= size; done += 4) {
    const auto word = words.next();
    std::memcpy(out + done, word.data(), 4);
  }
  if (done < size) {
    const auto word = words.next();
    std::memcpy(out + done, word.data(), size - done);
  }
  return buffer.commit(size);
}

bool isSyntheticBody(const base::Bytes& body, std::string_view name, std::uint64_t number, std::size_t size) {
  if (body.size() != size) return false;
  Words words(name, number);
  std::size_t done = 0;
  for (; done + 4 <= size; done += 4) {
    const auto word = words.next();
    if (std::memcmp(body.data() + done, word.data(), 4) != 0) return false;
  }
  if (done == size) return true;
  const auto word = words.next();
  return std::memcmp(body.data() + done, word.data(), size - done) == 0;
}

}  // namespace p2pml::media
