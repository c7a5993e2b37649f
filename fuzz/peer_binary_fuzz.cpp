// wire/peer_binary: limits hold, every command that decodes is encoded and decodes to the same value, in parts too, and
// segments are never cut so that they look like commands.
//
// The input is taken as a body, as a message, as a segment, and as a script of messages: a head byte each (bit 0: the
// first part, bit 1: the last part, then the length) and the bytes between the marks.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "base/assert.hpp"
#include "wire/peer_binary.hpp"

using namespace p2pml;

namespace {

using Ids = std::vector<std::int64_t>;
using Decoded = base::Result<std::optional<wire::BinaryCommand>>;

Ids sorted(Ids ids) {
  std::sort(ids.begin(), ids.end());
  return ids;
}

/// How many groups an array of these ids takes. Precondition: ascending, none twice.
std::size_t groupsOf(const Ids& ids) {
  std::size_t groups = 0;
  std::size_t inBlock = 0;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    inBlock = i > 0 && ids[i] >> 8 == ids[i - 1] >> 8 ? inBlock + 1 : 1;
    if (inBlock == 1 || inBlock == 256) ++groups;
  }
  return groups;
}

/// `sent` was encoded and came back as `got`.
void checkIds(const Ids& sent, const Ids& got) {
  const Ids all = sorted(sent);
  const Ids back = sorted(got);
  P2PML_ASSERT(std::adjacent_find(all.begin(), all.end()) == all.end());
  for (const std::int64_t id : all) P2PML_ASSERT(wire::isBinarySegmentId(id));
  if (groupsOf(all) <= wire::kMaxIdGroups) {
    P2PML_ASSERT(back == all);
  } else {
    P2PML_ASSERT(back.size() < all.size());
    P2PML_ASSERT(std::equal(back.rbegin(), back.rend(), all.rbegin()));
  }
}

void checkSame(const wire::BinaryCommand& sent, const wire::BinaryCommand& got) {
  const auto* announcement = std::get_if<wire::SegmentsAnnouncement>(&sent);
  if (announcement == nullptr) {
    P2PML_ASSERT(sent == got);
    return;
  }
  const auto* back = std::get_if<wire::SegmentsAnnouncement>(&got);
  P2PML_ASSERT(back != nullptr);
  P2PML_ASSERT(announcement->loaded.size() + announcement->loading.size() <= wire::kMaxAnnouncedIds);
  checkIds(announcement->loaded, back->loaded);
  checkIds(announcement->loading, back->loading);
}

wire::BinaryCommand throughParts(const wire::BinaryCommand& command, std::size_t maxMessageSize) {
  wire::CommandAssembler assembler;
  std::optional<wire::BinaryCommand> result;
  for (const base::Bytes& message : wire::encodeMessages(command, maxMessageSize)) {
    P2PML_ASSERT(!result);
    P2PML_ASSERT(message.size() <= maxMessageSize);
    P2PML_ASSERT(wire::isCommandPart(message.span()));
    Decoded decoded = assembler.add(message.span());
    P2PML_ASSERT(decoded.has_value());
    result = *std::move(decoded);
  }
  P2PML_ASSERT(result.has_value());
  P2PML_ASSERT(assembler.pendingBytes() == 0);
  return *std::move(result);
}

void check(const Decoded& decoded, std::size_t maxMessageSize) {
  if (!decoded) {
    P2PML_ASSERT(!decoded.error().detail.empty());
    return;
  }
  if (!*decoded) return;
  const base::Bytes body = wire::encode(**decoded);
  const Decoded again = wire::decodeBinaryCommand(body.span());
  P2PML_ASSERT(again && *again);
  checkSame(**decoded, **again);
  // From then on nothing changes, not even the order.
  P2PML_ASSERT(wire::encode(**again) == body);
  P2PML_ASSERT(throughParts(**again, maxMessageSize) == **again);
}

void append(std::vector<std::byte>& out, std::string_view text) {
  for (const char c : text) out.push_back(static_cast<std::byte>(c));
}

void runScript(std::span<const std::byte> script, std::size_t maxMessageSize) {
  wire::CommandAssembler assembler;
  std::size_t given = 0;
  while (!script.empty()) {
    const auto head = std::to_integer<std::size_t>(script[0]);
    const std::size_t length = std::min(head >> 2, script.size() - 1);
    std::vector<std::byte> message;
    append(message, (head & 1) != 0 ? "cstr" : "dstr");
    const auto part = script.subspan(1, length);
    message.insert(message.end(), part.begin(), part.end());
    append(message, (head & 2) != 0 ? "cend" : "dend");
    script = script.subspan(1 + length);

    P2PML_ASSERT(wire::isCommandPart(message));
    const Decoded decoded = assembler.add(message);
    given += length;
    P2PML_ASSERT(assembler.pendingBytes() <= given);
    if (!decoded || *decoded) P2PML_ASSERT(assembler.pendingBytes() == 0);
    check(decoded, maxMessageSize);
  }
}

void cut(std::span<const std::byte> segment, std::size_t maxMessageSize) {
  while (!segment.empty()) {
    const std::size_t length = wire::safeChunkLength(segment, maxMessageSize);
    P2PML_ASSERT(length > 0 && length <= maxMessageSize && length <= segment.size());
    P2PML_ASSERT(!wire::isCommandPart(segment.first(length)));
    segment = segment.subspan(length);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = std::as_bytes(std::span(data, size));
  const std::size_t maxMessageSize = wire::kMinMaxMessageSize + (size != 0 ? data[size - 1] : 0);
  check(wire::decodeBinaryCommand(input), maxMessageSize);
  if (wire::isCommandPart(input)) {
    wire::CommandAssembler assembler;
    check(assembler.add(input), maxMessageSize);
  }
  runScript(input, maxMessageSize);
  cut(input, maxMessageSize);
  cut(input, wire::kDefaultMaxMessageSize);
  return 0;
}
