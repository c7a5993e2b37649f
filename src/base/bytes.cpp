#include "base/bytes.hpp"

#include <algorithm>
#include <array>

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

Bytes Bytes::foreign(std::shared_ptr<const ForeignPayload> payload, std::size_t offset, std::size_t size) {
  if (size == 0) return {};
  P2PML_ASSERT(payload != nullptr);
  Bytes bytes(std::move(payload), nullptr, size);
  bytes.foreignOffset_ = offset;
  return bytes;
}

Bytes Bytes::local() const {
  if (!isForeign()) return *this;
  Buffer buffer(size_);
  foreignPayload()->peek(foreignOffset_, buffer.tail());
  return buffer.commit(size_);
}

bool Bytes::hasAt(std::size_t offset, std::string_view text) const {
  if (text.empty()) return true;  // also of bytes that are nowhere
  if (!isForeign()) return std::memcmp(data_ + offset, text.data(), text.size()) == 0;
  std::array<std::byte, 16> there;
  P2PML_ASSERT(text.size() <= there.size());
  foreignPayload()->peek(foreignOffset_ + offset, std::span(there).first(text.size()));
  return std::memcmp(there.data(), text.data(), text.size()) == 0;
}

bool Bytes::sameContent(const Bytes& other) const {
  if (!isForeign() && !other.isForeign()) return std::memcmp(data_, other.data_, size_) == 0;
  if (sameOwner(other) && data_ == other.data_ && foreignOffset_ == other.foreignOffset_) return true;
  const Bytes a = local();
  const Bytes b = other.local();
  return std::memcmp(a.data_, b.data_, size_) == 0;
}

Bytes Bytes::slice(std::size_t offset, std::size_t length) const {
  offset = std::min(offset, size_);
  length = std::min(length, size_ - offset);
  if (length == 0) return {};
  if (isForeign()) {
    Bytes part(owner_, nullptr, length);
    part.foreignOffset_ = foreignOffset_ + offset;
    return part;
  }
  return {owner_, data_ + offset, length};
}

bool Bytes::continuesInto(const Bytes& next) const {
  if (empty() || next.empty() || isForeign() != next.isForeign() || !sameOwner(next)) return false;
  return isForeign() ? foreignOffset_ + size_ == next.foreignOffset_ : data_ + size_ == next.data_;
}

Bytes Bytes::joinedWith(const Bytes& next) const {
  P2PML_ASSERT(continuesInto(next));
  Bytes joined = *this;
  joined.size_ += next.size_;
  return joined;
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
  size_ += piece.size();
  if (!pieces_.empty()) {
    appendPiece(piece);
    return;
  }
  if (!copying_) {
    if (joined_.empty()) {
      // A first piece that is the whole segment, or the start of a shared buffer, is taken as it is.
      joined_ = piece;
      return;
    }
    if (joined_.continuesInto(piece)) {
      joined_ = joined_.joinedWith(piece);
      return;
    }
  }
  if (piece.isForeign() || joined_.isForeign()) {
    pieces_.push_back(copying_ ? buffer_.view() : std::move(joined_));
    joined_ = Bytes();
    buffer_ = Buffer();
    copying_ = false;
    appendPiece(piece);
    return;
  }
  moveToBuffer(piece.size());
  buffer_.append(piece.span());
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

void BytesAssembler::appendPiece(const Bytes& piece) {
  if (pieces_.back().continuesInto(piece)) {
    pieces_.back() = pieces_.back().joinedWith(piece);
    return;
  }
  pieces_.push_back(piece);
  if (pieces_.size() < kMaxPieces) return;
  // An earlier result goes in if it is not longer than what follows it: then a byte is copied at most once for each
  // doubling, and the sizes of results fall so steeply that there are few.
  std::size_t from = settled_;
  std::size_t size = 0;
  for (std::size_t i = from; i < pieces_.size(); ++i) size += pieces_[i].size();
  while (from > 0 && pieces_[from - 1].size() <= size) size += pieces_[--from].size();
  joinPieces(from);
}

/// Makes one of all from there on.
void BytesAssembler::joinPieces(std::size_t from) {
  const std::span<const Bytes> tail = std::span(pieces_).subspan(from);
  std::size_t size = 0;
  const ForeignPayload* keeper = nullptr;
  for (const Bytes& piece : pieces_) {
    if (piece.isForeign()) keeper = piece.foreignPayload();
  }
  for (const Bytes& piece : tail) size += piece.size();
  Bytes joined = keeper->join(tail, size);
  pieces_.resize(from);
  pieces_.push_back(std::move(joined));
  settled_ = from + 1;
}

Bytes BytesAssembler::finish() {
  if (pieces_.empty()) return copying_ ? buffer_.view() : joined_;
  if (pieces_.size() > 1) joinPieces(0);
  return pieces_.front();
}

Bytes BytesAssembler::at(std::size_t offset) const {
  P2PML_ASSERT(offset < size_);
  for (const Bytes& piece : pieces_) {
    if (offset < piece.size()) return piece.slice(offset);
    offset -= piece.size();
  }
  return (copying_ ? buffer_.view() : joined_).slice(offset);
}

bool BytesAssembler::intact() const {
  return joined_.intact() && std::all_of(pieces_.begin(), pieces_.end(), [](const Bytes& b) { return b.intact(); });
}

void BytesAssembler::clear() {
  size_ = 0;
  joined_ = Bytes();
  buffer_ = Buffer();
  copying_ = false;
  pieces_.clear();
  settled_ = 0;
}

}  // namespace p2pml::base
