#include "base/bytes.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace p2pml::base {

Bytes Bytes::copyOf(std::span<const std::byte> source) {
  if (source.empty()) return {};
  Buffer buffer(source.size());
  return buffer.append(source);
}

Bytes Bytes::adopt(std::vector<std::byte>&& source) {
  auto owner = std::make_shared<const std::vector<std::byte>>(std::move(source));
  const std::byte* data = owner->data();
  const std::size_t size = owner->size();
  return {std::move(owner), data, size};
}

Bytes Bytes::adopt(std::string&& source) {
  auto owner = std::make_shared<const std::string>(std::move(source));
  const auto* data = reinterpret_cast<const std::byte*>(owner->data());
  const std::size_t size = owner->size();
  return {std::move(owner), data, size};
}

Bytes Bytes::slice(std::size_t offset, std::size_t length) const {
  offset = std::min(offset, size_);
  length = std::min(length, size_ - offset);
  if (length == 0) return {};
  return {owner_, data_ + offset, length};
}

bool Bytes::continuesInto(const Bytes& next) const {
  return !empty() && !next.empty() && data_ + size_ == next.data_ && !owner_.owner_before(next.owner_) &&
         !next.owner_.owner_before(owner_);
}

Bytes Bytes::joinedWith(const Bytes& next) const {
  P2PML_ASSERT(continuesInto(next));
  return {owner_, data_, size_ + next.size_};
}

Bytes Buffer::commit(std::size_t length) {
  P2PML_ASSERT(length <= free());
  if (length == 0) return {};
  const std::byte* start = storage_.get() + used_;
  used_ += length;
  return {storage_, start, length};
}

Bytes Buffer::append(std::span<const std::byte> source) {
  P2PML_ASSERT(source.size() <= free());
  if (!source.empty()) std::memcpy(storage_.get() + used_, source.data(), source.size());
  return commit(source.size());
}

Bytes Buffer::view() const {
  if (used_ == 0) return {};
  return {storage_, storage_.get(), used_};
}

void BytesAssembler::append(const Bytes& piece) {
  if (piece.empty()) return;
  if (!copying_) {
    if (joined_.empty()) {
      // A first piece that is the whole segment, or the start of a shared buffer, is taken as it is.
      joined_ = piece;
      size_ = piece.size();
      return;
    }
    if (joined_.continuesInto(piece)) {
      joined_ = joined_.joinedWith(piece);
      size_ += piece.size();
      return;
    }
  }
  moveToBuffer(piece.size());
  buffer_.append(piece.span());
  size_ += piece.size();
}

void BytesAssembler::moveToBuffer(std::size_t extra) {
  if (copying_ && buffer_.free() >= extra) return;
  const Bytes sofar = copying_ ? buffer_.view() : joined_;
  // Grows by half where the size is not known, so that appending stays linear.
  const std::size_t needed = sofar.size() + extra;
  const std::size_t capacity = needed <= expected_ ? expected_ : (copying_ ? needed + needed / 2 : needed * 2);
  Buffer next(capacity);
  next.append(sofar.span());
  buffer_ = std::move(next);
  joined_ = Bytes();
  copying_ = true;
}

Bytes BytesAssembler::finish() { return copying_ ? buffer_.view() : joined_; }

void BytesAssembler::clear() {
  size_ = 0;
  joined_ = Bytes();
  buffer_ = Buffer();
  copying_ = false;
}

}  // namespace p2pml::base
