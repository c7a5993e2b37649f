#include "wire/peer_binary.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "base/assert.hpp"
#include "base/sort.hpp"

namespace p2pml::wire {
namespace {

using base::ErrorCode;
using base::fail;

using Ids = std::vector<std::int64_t>;

// ------------------------------------------------------------------------------------------------- 5b.4: the values
//
//   integer    | 0000 n | n bytes: sign, magnitude big-endian |
//   id array   | 0001 0000 | groups | then each group: integer (id with its low byte cleared) OR count | low bytes |
//   text       | 0010 length high 4 bits | length low 8 bits | UTF-8 |

enum class ValueType : std::uint8_t { integer = 0, idArray = 1, text = 2 };

constexpr std::size_t kMaxIntegerBytes = 8;
/// A count shares its byte with the low byte of an id: 256 reads as 0, which peers up to 2.3 take literally (5b.7).
constexpr std::size_t kFullBlock = 256;
constexpr std::int64_t kLowByte = 0xff;

struct IndexedId {
  std::int64_t id;
  std::size_t index;  ///< where it first was in what was given
};

/// Each id once, ascending.
std::vector<IndexedId> sortedUnique(const Ids& ids) {
  std::vector<IndexedId> sorted;
  sorted.reserve(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) sorted.push_back({ids[i], i});
  const auto before = [](const IndexedId& a, const IndexedId& b) {
    return a.id != b.id ? a.id < b.id : a.index < b.index;
  };
  // The usual announcement is ascending already.
  if (!std::is_sorted(sorted.begin(), sorted.end(), before)) base::sort(sorted, before);
  const auto end =
      std::unique(sorted.begin(), sorted.end(), [](const IndexedId& a, const IndexedId& b) { return a.id == b.id; });
  sorted.erase(end, sorted.end());
  return sorted;
}

bool earlier(const IndexedId& a, const IndexedId& b) { return a.index < b.index; }

/// Leaves each id where it first is.
void removeRepeated(Ids& ids) {
  if (std::adjacent_find(ids.begin(), ids.end(), std::greater_equal<>()) == ids.end()) return;  // strictly ascending
  std::vector<IndexedId> unique = sortedUnique(ids);
  if (unique.size() == ids.size()) return;
  base::sort(unique, earlier);
  ids.clear();
  for (const IndexedId& entry : unique) ids.push_back(entry.id);
}

// ---------------------------------------------------------------------------------------------------------- writing

using Out = std::vector<std::byte>;

void append(Out& out, std::string_view text) {
  for (const char c : text) out.push_back(static_cast<std::byte>(c));
}

void append(Out& out, std::span<const std::byte> data) { out.insert(out.end(), data.begin(), data.end()); }

std::byte typeByte(ValueType type, std::size_t lowNibble) {
  return static_cast<std::byte>(static_cast<std::size_t>(type) << 4U | lowNibble);
}

void appendInteger(Out& out, std::int64_t value) {
  const std::uint64_t magnitude = value < 0 ? -static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
  // One bit more, for the sign.
  const std::size_t bytes = static_cast<std::size_t>(std::bit_width(magnitude)) / 8 + 1;
  out.push_back(typeByte(ValueType::integer, bytes));
  const std::size_t first = out.size();
  for (std::size_t i = bytes; i-- > 0;) out.push_back(static_cast<std::byte>(magnitude >> (8 * i) & 0xff));
  if (value < 0) out[first] |= std::byte{0x80};
}

/// Ids of one block, which is all that share `id >> 8`: the range of `ids` it takes.
struct IdBlock {
  std::size_t begin;
  std::size_t end;
};

/// The blocks that fit one array, those of the highest ids, in the order in which their first ids were given; inside a
/// block the given order too (5b.4). Reorders `ids`, which come sorted.
std::vector<IdBlock> blocksToSend(std::vector<IndexedId>& ids) {
  std::vector<IdBlock> blocks;
  std::size_t groupsLeft = kMaxIdGroups;
  for (std::size_t end = ids.size(); end > 0 && groupsLeft > 0;) {
    const std::int64_t high = ids[end - 1].id >> 8;
    std::size_t begin = end;
    while (begin > 0 && ids[begin - 1].id >> 8 == high) --begin;
    const std::size_t next = begin;
    if (end - begin == kFullBlock) {
      if (groupsLeft == 1) {
        ++begin;  // one group holds all but its lowest
      } else {
        --groupsLeft;
      }
    }
    --groupsLeft;
    blocks.push_back({begin, end});
    end = next;
  }
  for (const IdBlock& block : blocks) {
    base::sort(ids.begin() + static_cast<std::ptrdiff_t>(block.begin),
               static_cast<std::ptrdiff_t>(block.end - block.begin), earlier);
  }
  base::sort(blocks, [&](const IdBlock& a, const IdBlock& b) { return earlier(ids[a.begin], ids[b.begin]); });
  return blocks;
}

/// Nothing if no id can be said: the field is omitted then (5b.5).
void appendIdArray(Out& out, char name, const Ids& given) {
  Ids sayable;
  sayable.reserve(given.size());
  std::copy_if(given.begin(), given.end(), std::back_inserter(sayable), isBinarySegmentId);
  if (sayable.empty()) return;
  std::vector<IndexedId> ids = sortedUnique(sayable);
  const std::vector<IdBlock> blocks = blocksToSend(ids);

  out.push_back(static_cast<std::byte>(name));
  out.push_back(typeByte(ValueType::idArray, 0));
  const std::size_t groupCountAt = out.size();
  out.push_back({});
  std::size_t groups = 0;
  const auto appendGroup = [&](std::size_t begin, std::size_t end) {
    const std::int64_t count = static_cast<std::int64_t>(end - begin);
    appendInteger(out, (ids[begin].id & ~kLowByte) | count);
    for (std::size_t i = begin; i < end; ++i) out.push_back(static_cast<std::byte>(ids[i].id & kLowByte));
    ++groups;
  };
  for (const IdBlock& block : blocks) {
    if (block.end - block.begin < kFullBlock) {
      appendGroup(block.begin, block.end);
    } else {
      const std::size_t middle = block.begin + kFullBlock / 2;
      appendGroup(block.begin, middle);
      appendGroup(middle, block.end);
    }
  }
  P2PML_ASSERT(groups <= kMaxIdGroups);
  out[groupCountAt] = static_cast<std::byte>(groups);
}

void appendSegment(Out& out, std::int64_t segment) {
  P2PML_ASSERT(isBinarySegmentId(segment));
  append(out, "i");
  appendInteger(out, segment);
}

void appendNumber(Out& out, char name, std::uint64_t value) {
  P2PML_ASSERT(value <= static_cast<std::uint64_t>(kMaxBinaryInteger));
  out.push_back(static_cast<std::byte>(name));
  appendInteger(out, static_cast<std::int64_t>(value));
}

void appendRequest(Out& out, const std::optional<std::uint64_t>& request) {
  if (request) appendNumber(out, 'r', *request);
}

void appendFields(Out& out, const SegmentsAnnouncement& command) {
  appendIdArray(out, 'l', command.loaded);
  appendIdArray(out, 'p', command.loading);
}

void appendFields(Out& out, const BinarySegmentRequest& command) {
  appendSegment(out, command.segment);
  appendRequest(out, command.request);
  if (command.from != 0) appendNumber(out, 'b', command.from);
}

void appendFields(Out& out, const BinarySegmentData& command) {
  appendSegment(out, command.segment);
  appendNumber(out, 's', command.size);
  appendRequest(out, command.request);
}

/// Commands 3 to 5.
template <class Command>
void appendFields(Out& out, const Command& command) {
  appendSegment(out, command.segment);
  appendRequest(out, command.request);
}

// ---------------------------------------------------------------------------------------------------------- reading

/// Takes values off the front of a body. What gives nothing or false has met bytes that are no such value; the reader
/// is of no use then.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> data) : rest_(data) {}

  [[nodiscard]] bool atEnd() const { return rest_.empty(); }

  /// Precondition: !atEnd().
  std::uint8_t byte() {
    const auto value = std::to_integer<std::uint8_t>(rest_[0]);
    rest_ = rest_.subspan(1);
    return value;
  }

  std::optional<std::int64_t> integer() {
    if (atEnd()) return std::nullopt;
    const std::uint8_t head = byte();
    const std::size_t bytes = head & 0x0fU;
    if (head >> 4U != static_cast<int>(ValueType::integer) || bytes == 0 || bytes > kMaxIntegerBytes ||
        bytes > rest_.size()) {
      return std::nullopt;
    }
    const bool negative = (rest_[0] & std::byte{0x80}) != std::byte{};
    std::int64_t magnitude = std::to_integer<std::int64_t>(rest_[0] & std::byte{0x7f});
    for (std::size_t i = 1; i < bytes; ++i) magnitude = magnitude << 8 | std::to_integer<std::int64_t>(rest_[i]);
    rest_ = rest_.subspan(bytes);
    return negative ? -magnitude : magnitude;
  }

  /// Gives each group's high part and low bytes to `take(high, lows)`, which says whether to go on.
  template <class Take>
  bool idArray(const Take& take) {
    if (rest_.size() < 2) return false;
    byte();  // the type, which brought us here
    const std::uint8_t groups = byte();
    for (std::uint8_t i = 0; i < groups; ++i) {
      const auto head = integer();
      if (!head) return false;
      auto count = static_cast<std::size_t>(*head & kLowByte);
      // 5b.7: peers up to 2.3 write 256 as 0. Nobody writes a group of none, but were it one, it is followed by less.
      if (count == 0 && rest_.size() >= kFullBlock) count = kFullBlock;
      if (count > rest_.size()) return false;
      const auto lows = rest_.first(count);
      rest_ = rest_.subspan(count);
      if (!take(*head & ~kLowByte, lows)) return false;
    }
    return true;
  }

  bool skipText() {
    if (rest_.size() < 2) return false;
    const std::size_t high = byte() & 0x0fU;
    const std::size_t length = high << 8U | byte();
    if (length > rest_.size()) return false;
    rest_ = rest_.subspan(length);
    return true;
  }

  /// Precondition: !atEnd().
  [[nodiscard]] std::uint8_t nextType() const { return std::to_integer<std::uint8_t>(rest_[0]) >> 4U; }

 private:
  std::span<const std::byte> rest_;
};

struct NumberField {
  char name;
  std::int64_t min = 0;
  std::optional<std::int64_t> value;
};

struct IdsField {
  char name;
  Ids* ids;
};

/// Reads a command's fields after its code; those that are not asked for are checked to be values and ignored.
class FieldReader {
 public:
  FieldReader(std::string_view command, std::span<const std::byte> body) : command_(command), reader_(body) {}

  /// What is wrong, if anything.
  std::optional<base::Error> read(std::span<NumberField> numbers, std::span<const IdsField> arrays) {
    while (!reader_.atEnd()) {
      const auto name = static_cast<char>(reader_.byte());
      if (reader_.atEnd()) return wrong(name, "expected a value, the command ends");
      const std::uint8_t type = reader_.nextType();
      const auto number = std::find_if(numbers.begin(), numbers.end(), [&](const auto& f) { return f.name == name; });
      const auto array = std::find_if(arrays.begin(), arrays.end(), [&](const auto& f) { return f.name == name; });
      if (number != numbers.end() && type != static_cast<int>(ValueType::integer)) {
        return wrong(name, "expected an integer, got a value of type " + std::to_string(type));
      }
      if (array != arrays.end() && type != static_cast<int>(ValueType::idArray)) {
        return wrong(name, "expected an array of ids, got a value of type " + std::to_string(type));
      }
      std::optional<base::Error> error;
      switch (type) {
        case static_cast<int>(ValueType::integer):
          error = readInteger(name, number != numbers.end() ? &*number : nullptr);
          break;
        case static_cast<int>(ValueType::idArray):
          error = readIds(name, array != arrays.end() ? array->ids : nullptr);
          break;
        case static_cast<int>(ValueType::text):
          if (!reader_.skipText()) error = wrong(name, "expected a text of the length it says");
          break;
        default: error = wrong(name, "expected a value of type 0 to 2, got type " + std::to_string(type));
      }
      if (error) return error;
    }
    return std::nullopt;
  }

  [[nodiscard]] base::Error wrong(char name, std::string_view detail) const {
    return {ErrorCode::malformed, label(name) + std::string(detail)};
  }

 private:
  [[nodiscard]] std::string label(char name) const {
    std::string text(command_);
    text += ": ";
    if (name > ' ' && name <= '~') {
      text.push_back(name);
    } else {
      text += "field " + std::to_string(static_cast<unsigned char>(name));
    }
    return text + ": ";
  }

  std::optional<base::Error> readInteger(char name, NumberField* field) {
    const auto value = reader_.integer();
    if (!value) return wrong(name, "expected an integer of 1 to 8 bytes");
    if (field == nullptr) return std::nullopt;
    if (*value < field->min || *value > kMaxBinaryInteger) {
      return wrong(
          name, "expected an integer from " + std::to_string(field->min) + " to 2^53-1, got " + std::to_string(*value));
    }
    field->value = value;
    return std::nullopt;
  }

  std::optional<base::Error> readIds(char name, Ids* ids) {
    if (ids == nullptr) {
      if (!reader_.idArray([](std::int64_t, std::span<const std::byte>) { return true; })) return wrongArray(name);
      return std::nullopt;
    }
    ids->clear();
    std::optional<base::Error> error;
    const bool whole = reader_.idArray([&](std::int64_t high, std::span<const std::byte> lows) {
      idsRead_ += lows.size();
      if (idsRead_ > kMaxAnnouncedIds) {
        error = base::Error{ErrorCode::limitExceeded,
                            label(name) + "more ids than the limit of " + std::to_string(kMaxAnnouncedIds)};
        return false;
      }
      for (const std::byte low : lows) {
        const std::int64_t id = high | std::to_integer<std::int64_t>(low);
        if (!isBinarySegmentId(id)) {
          error = wrong(name, "expected ids from -(2^53-1) to 2^53-1, got " + std::to_string(id));
          return false;
        }
        ids->push_back(id);
      }
      return true;
    });
    if (error) return error;
    if (!whole) return wrongArray(name);
    return std::nullopt;
  }

  [[nodiscard]] base::Error wrongArray(char name) const {
    return wrong(name, "expected groups of ids, each an integer and as many bytes as its low byte says");
  }

  std::string_view command_;
  Reader reader_;
  std::size_t idsRead_ = 0;
};

using Decoded = base::Result<std::optional<BinaryCommand>>;

Decoded readAnnouncement(FieldReader reader) {
  SegmentsAnnouncement command;
  const std::array arrays{IdsField{'l', &command.loaded}, IdsField{'p', &command.loading}};
  if (auto error = reader.read({}, arrays)) return std::unexpected(*std::move(error));
  removeRepeated(command.loaded);
  removeRepeated(command.loading);
  return command;
}

std::optional<std::uint64_t> unsignedValue(const NumberField& field) {
  if (!field.value) return std::nullopt;
  return static_cast<std::uint64_t>(*field.value);
}

/// Commands 1 to 5.
template <class Command>
Decoded readSegmentCommand(FieldReader reader) {
  constexpr bool hasSize = requires(Command c) { c.size; };
  constexpr bool hasFrom = requires(Command c) { c.from; };
  NumberField segment{.name = 'i', .min = -kMaxBinaryInteger};
  // The third is asked for only where the command has one; elsewhere it is a field like any unknown one.
  std::array numbers{segment, NumberField{'r'}, NumberField{hasSize ? 's' : 'b'}};
  const std::size_t known = hasSize || hasFrom ? 3 : 2;
  if (auto error = reader.read(std::span(numbers).first(known), {})) return std::unexpected(*std::move(error));

  const auto& [i, r, third] = numbers;
  if (!i.value) return std::unexpected(reader.wrong('i', "expected the segment's id, it is missing"));
  Command command;
  command.segment = *i.value;
  command.request = unsignedValue(r);
  if constexpr (hasSize) {
    if (!third.value) return std::unexpected(reader.wrong('s', "expected the number of bytes, it is missing"));
    command.size = *unsignedValue(third);
  }
  if constexpr (hasFrom) command.from = unsignedValue(third).value_or(0);
  return command;
}

// ---------------------------------------------------------------------------------------------------- 5b.3: the marks

constexpr std::string_view kCommandStart = "cstr";
constexpr std::string_view kCommandEnd = "cend";
constexpr std::string_view kDataStart = "dstr";
constexpr std::string_view kDataEnd = "dend";
constexpr std::size_t kMarkBytes = 4;
constexpr std::size_t kMarksBytes = 2 * kMarkBytes;

std::string_view asText(std::span<const std::byte> data) {
  return {reinterpret_cast<const char*>(data.data()), data.size()};
}

std::size_t divideUp(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

/// 5b.3: the length of all parts but the last.
std::size_t partLength(std::size_t length, std::size_t maxMessageSize) {
  const std::size_t parts = divideUp(length, maxMessageSize);
  std::size_t part = divideUp(length, parts);
  if (part + kMarksBytes > maxMessageSize) part = divideUp(length, parts + 1);
  // The library does not look again and sends messages above the maximum where one more part is not enough: never at
  // its own maximum, where that takes a body of 500 MB.
  return std::min(part, maxMessageSize - kMarksBytes);
}

base::Bytes marked(std::string_view start, std::span<const std::byte> part, std::string_view end) {
  Out out;
  out.reserve(part.size() + kMarksBytes);
  append(out, start);
  append(out, part);
  append(out, end);
  return base::Bytes::adopt(std::move(out));
}

}  // namespace

base::Bytes encode(const BinaryCommand& command) {
  Out out;
  out.push_back(static_cast<std::byte>(command.index()));
  std::visit([&](const auto& fields) { appendFields(out, fields); }, command);
  return base::Bytes::adopt(std::move(out));
}

std::vector<base::Bytes> frame(const base::Bytes& body, std::size_t maxMessageSize) {
  P2PML_ASSERT(!body.empty());
  P2PML_ASSERT(maxMessageSize >= kMinMaxMessageSize);
  std::vector<base::Bytes> messages;
  if (body.size() + kMarksBytes <= maxMessageSize) {
    messages.push_back(marked(kCommandStart, body.span(), kCommandEnd));
    return messages;
  }
  const std::size_t length = partLength(body.size(), maxMessageSize);
  for (std::size_t at = 0; at < body.size(); at += length) {
    const std::size_t end = std::min(at + length, body.size());
    messages.push_back(marked(at == 0 ? kCommandStart : kDataStart, body.span().subspan(at, end - at),
                              end == body.size() ? kCommandEnd : kDataEnd));
  }
  return messages;
}

std::vector<base::Bytes> encodeMessages(const BinaryCommand& command, std::size_t maxMessageSize) {
  return frame(encode(command), maxMessageSize);
}

base::Result<std::optional<BinaryCommand>> decodeBinaryCommand(std::span<const std::byte> body) {
  if (body.empty()) return fail(ErrorCode::malformed, "peer command: expected a command code, the body is empty");
  const auto fields = body.subspan(1);
  switch (std::to_integer<std::uint8_t>(body[0])) {
    case 0: return readAnnouncement(FieldReader("SegmentsAnnouncement", fields));
    case 1: return readSegmentCommand<BinarySegmentRequest>(FieldReader("SegmentRequest", fields));
    case 2: return readSegmentCommand<BinarySegmentData>(FieldReader("SegmentData", fields));
    case 3: return readSegmentCommand<BinarySendingCompleted>(FieldReader("SegmentDataSendingCompleted", fields));
    case 4: return readSegmentCommand<BinarySegmentAbsent>(FieldReader("SegmentAbsent", fields));
    case 5: return readSegmentCommand<BinaryCancelRequest>(FieldReader("CancelSegmentRequest", fields));
    default: return std::nullopt;
  }
}

bool isCommandPart(std::span<const std::byte> message) {
  const std::string_view text = asText(message);
  return (text.starts_with(kCommandStart) || text.starts_with(kDataStart)) &&
         (text.ends_with(kCommandEnd) || text.ends_with(kDataEnd));
}

bool isCommandPart(const base::Bytes& message) {
  return (message.startsWith(kCommandStart) || message.startsWith(kDataStart)) &&
         (message.endsWith(kCommandEnd) || message.endsWith(kDataEnd));
}

std::size_t safeChunkLength(std::span<const std::byte> remaining, std::size_t maxMessageSize) {
  P2PML_ASSERT(maxMessageSize > 0);
  const std::size_t length = std::min(remaining.size(), maxMessageSize);
  // One less is enough: what ends with a mark does not end with one a byte earlier.
  return isCommandPart(remaining.first(length)) ? length - 1 : length;
}

std::size_t safeChunkLength(const base::Bytes& remaining, std::size_t maxMessageSize) {
  P2PML_ASSERT(maxMessageSize > 0);
  const base::Bytes chunk = remaining.slice(0, maxMessageSize);
  return isCommandPart(chunk) ? chunk.size() - 1 : chunk.size();
}

base::Result<std::optional<BinaryCommand>> CommandAssembler::add(std::span<const std::byte> message) {
  P2PML_ASSERT(isCommandPart(message));
  const bool starts = asText(message).starts_with(kCommandStart);
  const bool ends = asText(message).ends_with(kCommandEnd);
  const auto part = message.subspan(kMarkBytes, message.size() - kMarksBytes);

  const bool wasPending = std::exchange(pending_, false);
  Out body = std::exchange(body_, {});
  if (starts && wasPending) {
    return fail(ErrorCode::malformed, "peer command: expected the rest of a command, another one begins");
  }
  if (!starts && !wasPending) {
    return fail(ErrorCode::malformed, "peer command: expected the beginning of a command, got the rest of one");
  }
  if (part.size() > kMaxBinaryCommandBytes - body.size()) {
    return fail(ErrorCode::limitExceeded,
                "peer command: longer than the limit of " + std::to_string(kMaxBinaryCommandBytes) + " bytes");
  }
  if (starts && ends) return decodeBinaryCommand(part);
  append(body, part);
  if (ends) return decodeBinaryCommand(body);
  body_ = std::move(body);
  pending_ = true;
  return std::nullopt;
}

}  // namespace p2pml::wire
