// The answer to a player's request for one segment, given while the segment's bytes arrive.
//
// Owned by Streams. What always holds: what is promised in the head is kept, or the answer is cut; bytes leave in order
// and only what was asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "gateway/http_text.hpp"
#include "gateway/io.hpp"

namespace p2pml::gateway {

struct SegmentQuestion {
  ExchangeId exchange;
  bool headOnly = false;
  std::optional<RequestRange> range;
  std::string ifNoneMatch;
  std::string contentType;
  /// The segment is this part of a resource of `total` bytes, and the player asked for exactly that.
  struct Part {
    Span span;
    std::uint64_t total = 0;
  };
  std::optional<Part> part;
};

class SegmentAnswer {
 public:
  explicit SegmentAnswer(SegmentQuestion question) : question_(std::move(question)) {}

  /// The segment's first bytes are `known`; `total` is its size, 0 if that is not known; `whole`: that is all of it.
  /// `name` names the segment for its entity tag. Appends what can be said.
  void tell(Outputs& out, const base::Bytes& known, std::uint64_t total, bool whole, const std::string& name);
  /// Nothing more will come of it.
  void cut(Outputs& out);

  [[nodiscard]] ExchangeId exchange() const { return question_.exchange; }
  [[nodiscard]] bool begun() const { return begun_; }
  [[nodiscard]] bool done() const { return done_; }
  /// All of the segment was sent, not only a part of it or its head.
  [[nodiscard]] std::uint64_t sent() const { return sent_; }

 private:
  bool begin(Outputs& out, std::uint64_t size, const std::string& name);
  void plain(Outputs& out, int status, Headers headers);

  SegmentQuestion question_;
  bool begun_ = false;
  bool done_ = false;
  std::uint64_t from_ = 0;
  std::optional<std::uint64_t> end_;  // none: to the segment's end, wherever that is
  std::uint64_t sent_ = 0;
};

}  // namespace p2pml::gateway
