// Bytes: an immutable, reference-counted view of payload. Segments are big; storage, player and every upload share one buffer.
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

namespace p2pml::base {

class Bytes {
 public:
  Bytes() = default;

  static Bytes copyOf(std::span<const std::byte> source);
  static Bytes copyOf(std::string_view text) { return copyOf(std::as_bytes(std::span(text.data(), text.size()))); }
  static Bytes adopt(std::vector<std::byte>&& source);
  static Bytes adopt(std::string&& source);

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] const std::byte* data() const { return data_; }
  [[nodiscard]] std::span<const std::byte> span() const { return {data_, size_}; }
  [[nodiscard]] std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_}; }
  [[nodiscard]] std::byte operator[](std::size_t i) const { return data_[i]; }

  /// A view of the same buffer; offset and length are clamped to what there is.
  [[nodiscard]] Bytes slice(std::size_t offset, std::size_t length = static_cast<std::size_t>(-1)) const;

  /// True if `next` continues this view in the same buffer, so that both can be joined without a copy.
  [[nodiscard]] bool continuesInto(const Bytes& next) const;
  /// Precondition: continuesInto(next).
  [[nodiscard]] Bytes joinedWith(const Bytes& next) const;

  /// Equal content (not identity).
  friend bool operator==(const Bytes& a, const Bytes& b) {
    return a.size_ == b.size_ && (a.size_ == 0 || std::memcmp(a.data_, b.data_, a.size_) == 0);
  }

 private:
  friend class Buffer;
  Bytes(std::shared_ptr<const void> owner, const std::byte* data, std::size_t size)
      : owner_(std::move(owner)), data_(data), size_(size) {}

  std::shared_ptr<const void> owner_;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
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
/// copy (HTTP); others are copied once into one buffer of the expected size (P2P).
class BytesAssembler {
 public:
  BytesAssembler() = default;
  explicit BytesAssembler(std::size_t expectedSize) : expected_(expectedSize) {}

  /// 0 = not known.
  [[nodiscard]] std::size_t expectedSize() const { return expected_; }
  void setExpectedSize(std::size_t size) { expected_ = size; }
  [[nodiscard]] std::size_t size() const { return size_; }
  void append(const Bytes& piece);
  /// All pieces as one view. The assembler can go on after it.
  [[nodiscard]] Bytes finish();
  void clear();

 private:
  void moveToBuffer(std::size_t extra);

  std::size_t expected_ = 0;
  std::size_t size_ = 0;
  Bytes joined_;   // what is there while no copy was needed
  Buffer buffer_;  // used from the first piece that does not join
  bool copying_ = false;
};

}  // namespace p2pml::base
