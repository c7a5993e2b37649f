// Bytes: an immutable, reference-counted view of payload. Segments are big; storage, player and every upload share one
// buffer.
//
// The payload may lie outside this program's memory (ForeignPayload): in a page it is an ArrayBuffer, and WebAssembly
// memory never shrinks. Such Bytes are passed on, sliced and put together like any others; only who needs their content
// asks for it by startsWith(), endsWith() or local().
//
// Bytes may be handed between threads (the count is atomic); what it shows never changes after it was made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/assert.hpp"

namespace p2pml::base {

class Bytes;

/// Payload that is kept elsewhere. Whoever keeps it derives from this; its destructor runs when the last view is gone.
class ForeignPayload {
 public:
  virtual ~ForeignPayload() = default;
  /// Copies target.size() bytes from `offset` on. What cannot be read (any more) is zeros.
  virtual void peek(std::size_t offset, std::span<std::byte> target) const = 0;
  /// False if its bytes cannot be read: they are still to come, or somebody has taken them away.
  [[nodiscard]] virtual bool intact() const = 0;
  /// False if intact() will always be true.
  [[nodiscard]] virtual bool losable() const { return true; }
  /// A view of a new payload at the same keeper that holds these pieces, of whatever kind, in order. The one copy of a
  /// segment's bytes. `pieces` are not empty and of the total size `size`.
  [[nodiscard]] virtual Bytes join(std::span<const Bytes> pieces, std::size_t size) const = 0;
};

class Bytes {
 public:
  Bytes() = default;

  static Bytes copyOf(std::span<const std::byte> source);
  static Bytes copyOf(std::string_view text) { return copyOf(std::as_bytes(std::span(text.data(), text.size()))); }
  static Bytes adopt(std::vector<std::byte>&& source);
  static Bytes adopt(std::string&& source);
  /// `size` bytes from `offset` on of a payload that is kept elsewhere.
  static Bytes foreign(std::shared_ptr<const ForeignPayload> payload, std::size_t offset, std::size_t size);

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  // The content. Preconditions: not foreign.
  [[nodiscard]] const std::byte* data() const {
    P2PML_ASSERT(!isForeign());
    return data_;
  }
  [[nodiscard]] std::span<const std::byte> span() const { return {data(), size_}; }
  [[nodiscard]] std::string_view text() const { return {reinterpret_cast<const char*>(data()), size_}; }
  [[nodiscard]] std::byte operator[](std::size_t i) const { return data()[i]; }

  [[nodiscard]] bool isForeign() const { return data_ == nullptr && size_ != 0; }
  /// Of foreign Bytes; else null.
  [[nodiscard]] const ForeignPayload* foreignPayload() const {
    return isForeign() ? static_cast<const ForeignPayload*>(owner_.get()) : nullptr;
  }
  /// Where this view begins in foreignPayload().
  [[nodiscard]] std::size_t foreignOffset() const { return foreignOffset_; }
  /// False if the content cannot be read: only of foreign Bytes.
  [[nodiscard]] bool intact() const { return !isForeign() || foreignPayload()->intact(); }
  /// False if intact() will always be true.
  [[nodiscard]] bool losable() const { return isForeign() && foreignPayload()->losable(); }
  /// These Bytes, or a copy in this program's memory of foreign ones.
  [[nodiscard]] Bytes local() const;

  // Of foreign Bytes these read the few bytes they need.
  [[nodiscard]] bool startsWith(std::string_view text) const { return size_ >= text.size() && hasAt(0, text); }
  [[nodiscard]] bool endsWith(std::string_view text) const {
    return size_ >= text.size() && hasAt(size_ - text.size(), text);
  }

  /// A view of the same buffer; offset and length are clamped to what there is.
  [[nodiscard]] Bytes slice(std::size_t offset, std::size_t length = static_cast<std::size_t>(-1)) const;

  /// True if `next` continues this view in the same buffer, so that both can be joined without a copy.
  [[nodiscard]] bool continuesInto(const Bytes& next) const;
  /// Precondition: continuesInto(next).
  [[nodiscard]] Bytes joinedWith(const Bytes& next) const;

  /// Equal content (not identity).
  friend bool operator==(const Bytes& a, const Bytes& b) {
    return a.size_ == b.size_ && (a.size_ == 0 || a.sameContent(b));
  }

 private:
  friend class Buffer;
  Bytes(std::shared_ptr<const void> owner, const std::byte* data, std::size_t size)
      : owner_(std::move(owner)), data_(data), size_(size) {}

  /// Precondition: the text fits there.
  [[nodiscard]] bool hasAt(std::size_t offset, std::string_view text) const;
  /// Precondition: equal sizes, not 0.
  [[nodiscard]] bool sameContent(const Bytes& other) const;
  [[nodiscard]] bool sameOwner(const Bytes& other) const {
    return !owner_.owner_before(other.owner_) && !other.owner_.owner_before(owner_);
  }

  std::shared_ptr<const void> owner_;  // of foreign Bytes: a ForeignPayload
  const std::byte* data_ = nullptr;    // null: empty or foreign
  std::size_t size_ = 0;
  std::size_t foreignOffset_ = 0;
};

/// A buffer being filled. Views of the filled part may be taken while the rest is still written: an HTTP adapter that
/// knows the length receives into one Buffer and hands out one view a chunk, which later join without a copy.
class Buffer {
 public:
  Buffer() = default;
  /// Not initialised.
  explicit Buffer(std::size_t capacity)
      : storage_(std::make_shared_for_overwrite<std::byte[]>(capacity)), capacity_(capacity) {}

  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  [[nodiscard]] std::size_t used() const { return used_; }
  [[nodiscard]] std::size_t free() const { return capacity_ - used_; }
  /// Where the next bytes go.
  [[nodiscard]] std::span<std::byte> tail() { return {storage_.get() + used_, capacity_ - used_}; }
  /// Declares `length` bytes of tail() written and returns the view of them. Precondition: length <= free().
  Bytes commit(std::size_t length);
  /// Copies `source` into the tail. Precondition: source.size() <= free().
  Bytes append(std::span<const std::byte> source);
  /// The view of all that is committed.
  [[nodiscard]] Bytes view() const;

 private:
  std::shared_ptr<std::byte[]> storage_;
  std::size_t capacity_ = 0;
  std::size_t used_ = 0;
};

/// Puts a segment together from pieces that arrive in order. Pieces that are views of one buffer are joined without a
/// copy (HTTP); others are copied once into one buffer of the expected size (P2P). Foreign pieces are kept and joined
/// by their keeper when all are there; if any piece is foreign, so is the result.
class BytesAssembler {
 public:
  /// Foreign pieces that wait to be joined: a peer that sends single bytes must not cost more than them.
  static constexpr std::size_t kMaxPieces = 512;

  BytesAssembler() = default;
  explicit BytesAssembler(std::size_t expectedSize) : expected_(expectedSize) {}

  /// 0 = not known.
  [[nodiscard]] std::size_t expectedSize() const { return expected_; }
  void setExpectedSize(std::size_t size) { expected_ = size; }
  [[nodiscard]] std::size_t size() const { return size_; }
  void append(const Bytes& piece);
  /// What is there from `offset` on, as far as it is in one piece: at least one byte. Nothing is copied.
  /// Precondition: offset < size().
  [[nodiscard]] Bytes at(std::size_t offset) const;
  /// All pieces as one view. The assembler can go on after it.
  [[nodiscard]] Bytes finish();
  /// False if any piece's content cannot be read: only of foreign pieces.
  [[nodiscard]] bool intact() const;
  void clear();

 private:
  void moveToBuffer(std::size_t extra);
  void appendPiece(const Bytes& piece);
  void joinPieces(std::size_t from);

  std::size_t expected_ = 0;
  std::size_t size_ = 0;
  Bytes joined_;   // what is there while no copy was needed
  Buffer buffer_;  // used from the first piece that does not join
  bool copying_ = false;
  std::vector<Bytes> pieces_;  // all that is there, from the first foreign piece that does not join
  std::size_t settled_ = 0;    // of these, results of joinPieces()
};

}  // namespace p2pml::base
