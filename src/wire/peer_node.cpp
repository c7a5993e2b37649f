#include "wire/peer_node.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/assert.hpp"
#include "base/sort.hpp"

namespace p2pml::wire {
namespace {

constexpr std::uint64_t kHaveReset = 1;
constexpr std::uint64_t kHaveTrouble = 2;

using base::ErrorCode;
using base::fail;

using State = NodeStatus::State;

constexpr std::uint64_t kMaxUnsigned = static_cast<std::uint64_t>(kMaxNodeInteger);

// ---------------------------------------------------------------------------------------------------------- writing
//
// Numbers are varints: seven bits a byte, the lowest first, the top bit says that more follow. Signed ones are folded:
// 0, -1, 1, -2, ...

using Out = std::vector<std::byte>;

void put(Out& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<std::byte>(value | 0x80));
  out.push_back(static_cast<std::byte>(value));
}

void put(Out& out, std::string_view text) {
  for (const char c : text) out.push_back(static_cast<std::byte>(c));
}

std::uint64_t folded(std::int64_t value) {
  return value < 0 ? (static_cast<std::uint64_t>(-(value + 1)) << 1 | 1) : static_cast<std::uint64_t>(value) << 1;
}
std::int64_t unfolded(std::uint64_t value) {
  const auto half = static_cast<std::int64_t>(value >> 1);
  return (value & 1) != 0 ? -half - 1 : half;
}

void put(Out& out, const NodeStatus& status) {
  put(out, static_cast<std::uint64_t>(status.state) | std::uint64_t{status.depth} << 2);
}

/// `previousEnd`: none for the first of a frame.
void put(Out& out, const NodeNumbers& run, const std::optional<std::int64_t>& previousEnd) {
  P2PML_ASSERT(run.count > 0 && -kMaxNodeInteger <= run.first && run.end() - 1 <= kMaxNodeInteger);
  P2PML_ASSERT(!previousEnd || *previousEnd <= run.first);
  put(out, previousEnd ? static_cast<std::uint64_t>(run.first - *previousEnd) : folded(run.first));
  put(out, run.count - 1);
  put(out, run.status);
}

void put(Out& out, const NodeNamed& named) {
  P2PML_ASSERT(named.name.size() <= kMaxNodeText);
  put(out, named.name.size());
  put(out, named.name);
  put(out, named.status);
}

/// The name of a segment: a number is even, of a text it is its length.
void putName(Out& out, const NodeSegmentName& name) {
  if (const auto* number = std::get_if<std::int64_t>(&name)) {
    P2PML_ASSERT(-kMaxNodeInteger <= *number && *number <= kMaxNodeInteger);
    put(out, folded(*number) << 1);
    return;
  }
  const auto& text = std::get<std::string>(name);
  P2PML_ASSERT(text.size() <= kMaxNodeText);
  put(out, std::uint64_t{text.size()} << 1 | 1);
  put(out, text);
}

void putFields(Out& out, const NodeHello& hello) {
  put(out, hello.version);
  put(out, hello.flags);
}
void putFields(Out& out, const NodeHave& have) {
  put(out, (have.reset ? kHaveReset : 0) | (have.trouble ? kHaveTrouble : 0));
  put(out, have.numbers.size());
  std::optional<std::int64_t> end;
  for (const NodeNumbers& run : have.numbers) {
    put(out, run, end);
    end = run.end();
  }
  put(out, have.named.size());
  for (const NodeNamed& named : have.named) put(out, named);
}
void putFields(Out& out, const NodeRequest& request) {
  put(out, request.request);
  putName(out, request.segment);
  put(out, request.from);
  put(out, request.to);
}
void putFields(Out& out, const NodeData& data) {
  P2PML_ASSERT(data.length > 0 && data.length <= kMaxNodePayload);
  put(out, data.request);
  put(out, data.offset);
  put(out, data.length);
  put(out, data.total);
}
void putFields(Out& out, const NodeEnd& end) {
  put(out, end.request);
  put(out, static_cast<std::uint64_t>(end.status));
  put(out, end.total);
}
void putFields(Out& out, const NodeCancel& cancel) {
  put(out, cancel.request);
  put(out, cancel.from);
}

/// Most bytes of a frame's type and length and of the counts in `have`.
constexpr std::size_t kHaveOverhead = 16;
/// Most bytes of a run: three numbers.
constexpr std::size_t kMaxRunBytes = 8 + 8 + 2;
static_assert(kMinNodeMessageBytes >= kHaveOverhead + kMaxNodeText + kMaxRunBytes);

// ---------------------------------------------------------------------------------------------------------- reading

/// Takes values off the front of a frame. After the first that is not there, or not what it must be, every further one
/// is nothing, and failed() tells of which field it was.
class Fields {
 public:
  explicit Fields(std::span<const std::byte> body) : rest_(body) {}

  std::uint64_t number(const char* field, std::uint64_t max = kMaxUnsigned) {
    std::uint64_t value = 0;
    // 2^53 - 1 takes eight bytes.
    for (unsigned shift = 0; shift < 63 && !rest_.empty() && failed_ == nullptr; shift += 7) {
      const auto byte = std::to_integer<std::uint64_t>(rest_[0]);
      rest_ = rest_.subspan(1);
      value |= (byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value <= max ? value : wrong(field);
    }
    return wrong(field);
  }
  std::string text(const char* field, std::uint64_t length) {
    if (length > kMaxNodeText || length > rest_.size()) {
      wrong(field);
      return {};
    }
    const auto size = static_cast<std::size_t>(length);
    std::string result(reinterpret_cast<const char*>(rest_.data()), size);
    rest_ = rest_.subspan(size);
    return result;
  }
  NodeStatus status(const char* field) {
    const std::uint64_t value = number(field, std::uint64_t{kMaxRelayDepth} << 2 | 3);
    const NodeStatus status{static_cast<State>(value & 3), static_cast<std::uint32_t>(value >> 2)};
    if (status.state != State::relaying && status.depth != 0) wrong(field);
    return status;
  }
  /// A repetition of things that take at least `least` bytes each.
  std::size_t count(const char* field, std::size_t least) {
    const std::uint64_t value = number(field);
    return value > rest_.size() / least ? static_cast<std::size_t>(wrong(field)) : static_cast<std::size_t>(value);
  }
  std::uint64_t wrong(const char* field) {
    if (failed_ == nullptr) failed_ = field;
    rest_ = {};
    return 0;
  }
  [[nodiscard]] const char* failed() const { return failed_; }
  [[nodiscard]] std::span<const std::byte> rest() const { return rest_; }

 private:
  std::span<const std::byte> rest_;
  const char* failed_ = nullptr;
};

void read(Fields& in, NodeHello& hello) {
  hello.version = static_cast<std::uint32_t>(in.number("version", std::numeric_limits<std::uint32_t>::max()));
  if (hello.version == 0) in.wrong("version");
  hello.flags = in.number("flags");
}

void read(Fields& in, NodeHave& have) {
  const std::uint64_t flags = in.number("flags");
  have.reset = (flags & kHaveReset) != 0;
  have.trouble = (flags & kHaveTrouble) != 0;
  const std::size_t runs = in.count("number of runs", 3);
  have.numbers.reserve(runs);
  std::int64_t end = 0;
  for (std::size_t i = 0; i < runs && in.failed() == nullptr; ++i) {
    NodeNumbers run;
    const std::uint64_t first = in.number("first number", kMaxUnsigned << 1);
    run.first = i == 0 ? unfolded(first) : end + static_cast<std::int64_t>(first);
    run.count = in.number("length of a run") + 1;
    run.status = in.status("status");
    if (run.first < -kMaxNodeInteger || run.first > kMaxNodeInteger ||
        run.count > static_cast<std::uint64_t>(kMaxNodeInteger - run.first) + 1) {
      in.wrong("run of numbers");
    }
    end = in.failed() == nullptr ? run.end() : 0;
    have.numbers.push_back(run);
  }
  const std::size_t names = in.count("number of names", 2);
  have.named.reserve(names);
  for (std::size_t i = 0; i < names && in.failed() == nullptr; ++i) {
    NodeNamed named;
    const std::uint64_t length = in.number("length of a name");
    named.name = in.text("name", length);
    named.status = in.status("status");
    have.named.push_back(std::move(named));
  }
}

void read(Fields& in, NodeRequest& request) {
  request.request = in.number("request");
  const std::uint64_t name = in.number("segment", kMaxUnsigned << 2 | 3);
  if ((name & 1) != 0) {
    request.segment = in.text("segment", name >> 1);
  } else {
    const std::int64_t number = unfolded(name >> 1);
    if (number < -kMaxNodeInteger) in.wrong("segment");
    request.segment = number;
  }
  request.from = in.number("from");
  request.to = in.number("to");
  if (request.to != 0 && request.to <= request.from) in.wrong("to");
}

void read(Fields& in, NodeData& data) {
  data.request = in.number("request");
  data.offset = in.number("offset");
  data.length = in.number("length", kMaxNodePayload);
  if (data.length == 0) in.wrong("length");
  data.total = in.number("total");
  if (data.total != 0 && (data.offset > data.total || data.length > data.total - data.offset)) in.wrong("total");
}

void read(Fields& in, NodeEnd& end) {
  end.request = in.number("request");
  // A status of a later version: whatever it says, nothing more comes.
  const std::uint64_t status = in.number("status");
  end.status = static_cast<NodeEnd::Status>(std::min(status, static_cast<std::uint64_t>(NodeEnd::Status::failed)));
  end.total = in.number("total");
}

void read(Fields& in, NodeCancel& cancel) {
  cancel.request = in.number("request");
  cancel.from = in.number("from");
}

template <class Frame>
base::Result<std::optional<NodeFrame>> frameOf(const char* name, std::span<const std::byte> body) {
  Fields in(body);
  Frame frame;
  read(in, frame);
  if (in.failed() != nullptr) {
    return fail(ErrorCode::malformed,
                "node frame " + std::string(name) + ": " + in.failed() + " is missing or not what it must be");
  }
  return NodeFrame(std::move(frame));
}

// -------------------------------------------------------------------------------------------------------------- maps

/// Appends a run to ascending ones.
void append(std::vector<NodeNumbers>& runs, std::int64_t first, std::int64_t end, const NodeStatus& status) {
  if (first >= end) return;
  if (!runs.empty() && runs.back().end() == first && runs.back().status == status) {
    runs.back().count += static_cast<std::uint64_t>(end - first);
  } else {
    runs.push_back({first, static_cast<std::uint64_t>(end - first), status});
  }
}

/// `top` over `base`; both ascending.
std::vector<NodeNumbers> overlaid(const std::vector<NodeNumbers>& base, const std::vector<NodeNumbers>& top) {
  std::vector<NodeNumbers> out;
  out.reserve(base.size() + top.size());
  std::size_t i = 0;
  std::int64_t covered = std::numeric_limits<std::int64_t>::min();
  const auto takeUpTo = [&](std::int64_t limit) {
    for (; i < base.size() && base[i].first < limit; ++i) {
      append(out, std::max(base[i].first, covered), std::min(base[i].end(), limit), base[i].status);
      if (base[i].end() > limit) return;
    }
  };
  for (const NodeNumbers& run : top) {
    takeUpTo(run.first);
    if (run.status.state != State::gone) append(out, run.first, run.end(), run.status);
    covered = run.end();
  }
  takeUpTo(std::numeric_limits<std::int64_t>::max());
  return out;
}

bool byName(const NodeNamed& a, const NodeNamed& b) { return a.name < b.name; }

/// Ascending, of equal names the last.
void sortNames(std::vector<NodeNamed>& names) {
  base::stableSort(names, byName);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i + 1 < names.size() && names[i + 1].name == names[i].name) continue;
    if (kept != i) names[kept] = std::move(names[i]);
    ++kept;
  }
  names.resize(kept);
}

std::vector<NodeNamed> overlaid(const std::vector<NodeNamed>& base, const std::vector<NodeNamed>& top) {
  std::vector<NodeNamed> out;
  out.reserve(base.size() + top.size());
  auto under = base.begin();
  for (const NodeNamed& named : top) {
    for (; under != base.end() && under->name < named.name; ++under) out.push_back(*under);
    if (under != base.end() && under->name == named.name) ++under;
    if (named.status.state != State::gone) out.push_back(named);
  }
  out.insert(out.end(), under, base.end());
  return out;
}

}  // namespace

// ------------------------------------------------------------------------------------------------------------ frames

base::Bytes encode(const NodeFrame& frame) {
  Out body;
  std::visit([&](const auto& fields) { putFields(body, fields); }, frame);
  Out out;
  out.reserve(body.size() + 4);
  put(out, frame.index() + 1);
  put(out, body.size());
  out.insert(out.end(), body.begin(), body.end());
  return base::Bytes::adopt(std::move(out));
}

std::vector<base::Bytes> encodeMessages(const NodeHave& have, std::size_t maxMessageSize) {
  P2PML_ASSERT(maxMessageSize >= kMinNodeMessageBytes);
  std::vector<base::Bytes> messages;
  const std::size_t room = maxMessageSize - kHaveOverhead;
  NodeHave part{have.reset, {}, {}, have.trouble};
  std::size_t size = 0;
  const auto makeRoom = [&](std::size_t wanted) {
    if (size + wanted > room) {
      messages.push_back(encode(part));
      part = {false, {}, {}, have.trouble};
      size = 0;
    }
    size += wanted;
  };
  for (const NodeNumbers& run : have.numbers) {
    makeRoom(kMaxRunBytes);
    part.numbers.push_back(run);
  }
  for (const NodeNamed& named : have.named) {
    makeRoom(named.name.size() + 4);
    part.named.push_back(named);
  }
  if (messages.empty() || size > 0) messages.push_back(encode(part));
  return messages;
}

base::Result<std::optional<NodeFrame>> NodeFrameReader::next() {
  while (!rest_.empty()) {
    Fields in(rest_);
    const std::uint64_t type = in.number("type");
    const std::uint64_t length = in.number("length");
    if (in.failed() != nullptr || length > in.rest().size()) {
      rest_ = {};
      return fail(ErrorCode::malformed, "node message: expected a frame's type, its length and as many bytes");
    }
    const auto body = in.rest().first(static_cast<std::size_t>(length));
    rest_ = in.rest().subspan(body.size());
    base::Result<std::optional<NodeFrame>> frame = std::nullopt;
    switch (type) {
      case 1: frame = frameOf<NodeHello>("hello", body); break;
      case 2: frame = frameOf<NodeHave>("have", body); break;
      case 3: frame = frameOf<NodeRequest>("request", body); break;
      case 4: frame = frameOf<NodeData>("data", body); break;
      case 5: frame = frameOf<NodeEnd>("end", body); break;
      case 6: frame = frameOf<NodeCancel>("cancel", body); break;
      default: continue;
    }
    if (frame && std::holds_alternative<NodeData>(**frame) && !rest_.empty()) {
      frame = fail(ErrorCode::malformed, "node frame data: expected to be the last of its message");
    }
    if (!frame) rest_ = {};
    return frame;
  }
  return std::nullopt;
}

// -------------------------------------------------------------------------------------------------------------- maps

NodeMap::NodeMap(std::vector<NodeNumbers> numbers, std::vector<NodeNamed> named) {
  const auto byFirst = [](const NodeNumbers& a, const NodeNumbers& b) { return a.first < b.first; };
  const auto apart = [](const NodeNumbers& a, const NodeNumbers& b) { return a.end() > b.first; };
  if (std::is_sorted(numbers.begin(), numbers.end(), byFirst) &&
      std::adjacent_find(numbers.begin(), numbers.end(), apart) == numbers.end()) {
    numbers_ = overlaid(numbers_, numbers);
  } else {
    // Each may cover parts of those before: rare, and few.
    for (const NodeNumbers& run : numbers) numbers_ = overlaid(numbers_, {run});
  }
  if (numbers_.size() > kMaxRuns) numbers_.erase(numbers_.begin(), numbers_.end() - kMaxRuns);
  std::erase_if(named, [](const NodeNamed& n) { return n.name.size() > kMaxNodeText; });
  sortNames(named);
  std::erase_if(named, [](const NodeNamed& n) { return n.status.state == State::gone; });
  std::size_t bytes = 0;
  std::size_t kept = 0;
  while (kept < named.size() && kept < kMaxNamed && bytes + named[kept].name.size() <= kMaxNamedBytes) {
    bytes += named[kept++].name.size();
  }
  named.resize(kept);
  named_ = std::move(named);
}

NodeStatus NodeMap::find(std::int64_t number) const {
  const auto after = std::upper_bound(numbers_.begin(), numbers_.end(), number,
                                      [](std::int64_t n, const NodeNumbers& run) { return n < run.first; });
  if (after == numbers_.begin() || std::prev(after)->end() <= number) return {};
  return std::prev(after)->status;
}

NodeStatus NodeMap::find(std::string_view name) const {
  const auto at = std::lower_bound(named_.begin(), named_.end(), name,
                                   [](const NodeNamed& n, std::string_view wanted) { return n.name < wanted; });
  return at == named_.end() || at->name != name ? NodeStatus{} : at->status;
}

NodeStatus NodeMap::find(const NodeSegmentName& name) const {
  if (const auto* number = std::get_if<std::int64_t>(&name)) return find(*number);
  return find(std::string_view(std::get<std::string>(name)));
}

std::uint64_t NodeMap::count() const {
  std::uint64_t total = named_.size();
  for (const NodeNumbers& run : numbers_) total += run.count;
  return total;
}

base::Result<bool> NodeMap::apply(const NodeHave& have) {
  static const std::vector<NodeNumbers> kNoNumbers;
  static const std::vector<NodeNamed> kNoNames;
  std::vector<NodeNumbers> numbers = overlaid(have.reset ? kNoNumbers : numbers_, have.numbers);
  std::vector<NodeNamed> changes = have.named;
  sortNames(changes);
  std::vector<NodeNamed> named = overlaid(have.reset ? kNoNames : named_, changes);
  std::size_t bytes = 0;
  for (const NodeNamed& n : named) bytes += n.name.size();
  if (numbers.size() > kMaxRuns || named.size() > kMaxNamed || bytes > kMaxNamedBytes) {
    return fail(ErrorCode::limitExceeded, "node frame have: tells of " + std::to_string(numbers.size()) + " runs and " +
                                              std::to_string(named.size()) + " names (" + std::to_string(bytes) +
                                              " bytes), expected at most " + std::to_string(kMaxRuns) + ", " +
                                              std::to_string(kMaxNamed) + " and " + std::to_string(kMaxNamedBytes));
  }
  if (numbers == numbers_ && named == named_) return false;
  numbers_ = std::move(numbers);
  named_ = std::move(named);
  return true;
}

void NodeMap::set(const NodeSegmentName& name, NodeStatus status) {
  NodeHave change;
  if (const auto* number = std::get_if<std::int64_t>(&name)) {
    change.numbers.push_back({*number, 1, status});
  } else {
    change.named.push_back({std::get<std::string>(name), status});
  }
  // One more than the limit at most is refused and stays as it was.
  (void)apply(change);
}

NodeHave NodeMap::difference(const NodeMap& from, const NodeMap& to) {
  NodeHave have;
  const auto& a = from.numbers_;
  const auto& b = to.numbers_;
  std::size_t i = 0;
  std::size_t j = 0;
  std::int64_t at = std::numeric_limits<std::int64_t>::min();
  while (i < a.size() || j < b.size()) {
    std::int64_t next = std::numeric_limits<std::int64_t>::max();
    const auto statusAt = [&](const std::vector<NodeNumbers>& runs, std::size_t k) {
      if (k == runs.size()) return NodeStatus{};
      const bool inside = runs[k].first <= at;
      next = std::min(next, inside ? runs[k].end() : runs[k].first);
      return inside ? runs[k].status : NodeStatus{};
    };
    const NodeStatus before = statusAt(a, i);
    const NodeStatus after = statusAt(b, j);
    if (before != after) append(have.numbers, at, next, after);
    at = next;
    if (i < a.size() && a[i].end() <= at) ++i;
    if (j < b.size() && b[j].end() <= at) ++j;
  }
  auto old = from.named_.begin();
  for (const NodeNamed& named : to.named_) {
    for (; old != from.named_.end() && old->name < named.name; ++old) have.named.push_back({old->name, {}});
    const bool known = old != from.named_.end() && old->name == named.name;
    if (!known || old->status != named.status) have.named.push_back(named);
    if (known) ++old;
  }
  for (; old != from.named_.end(); ++old) have.named.push_back({old->name, {}});
  return have;
}

}  // namespace p2pml::wire
