// wire/peer_node: limits hold, every frame that decodes is encoded and decodes to the same value, and maps follow their
// frames.
//
// The input is a script of messages: a byte with a message's length each, and the message.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>

#include "base/assert.hpp"
#include "wire/peer_node.hpp"

using namespace p2pml;

namespace {

void check(const wire::NodeFrame& frame) {
  const base::Bytes message = wire::encode(frame);
  wire::NodeFrameReader reader(message.span());
  const auto again = reader.next();
  P2PML_ASSERT(again && *again && **again == frame);
  const auto end = reader.next();
  P2PML_ASSERT(end && !*end);
}

void follow(wire::NodeMap& map, const wire::NodeHave& have) {
  const wire::NodeMap before = map;
  const auto changed = map.apply(have);
  if (!changed) {
    P2PML_ASSERT(!changed.error().detail.empty());
    P2PML_ASSERT(map == before);
    return;
  }
  P2PML_ASSERT(*changed == (map != before));
  wire::NodeMap other = before;
  P2PML_ASSERT(other.apply(wire::NodeMap::difference(before, map)).has_value());
  P2PML_ASSERT(other == map);
  wire::NodeMap fresh;
  for (const base::Bytes& message : wire::encodeMessages(map.all(), wire::kMinNodeMessageBytes)) {
    P2PML_ASSERT(message.size() <= wire::kMinNodeMessageBytes);
    wire::NodeFrameReader reader(message.span());
    const auto part = reader.next();
    P2PML_ASSERT(part && *part);
    P2PML_ASSERT(fresh.apply(std::get<wire::NodeHave>(**part)).has_value());
  }
  P2PML_ASSERT(fresh == map);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto input = std::as_bytes(std::span(data, size));
  wire::NodeMap map;
  while (!input.empty()) {
    const std::size_t length = std::min(std::to_integer<std::size_t>(input[0]), input.size() - 1);
    wire::NodeFrameReader reader(input.subspan(1, length));
    input = input.subspan(1 + length);
    for (;;) {
      const auto frame = reader.next();
      if (!frame) P2PML_ASSERT(!frame.error().detail.empty());
      if (!frame || !*frame) break;
      check(**frame);
      if (const auto* have = std::get_if<wire::NodeHave>(&**frame)) follow(map, *have);
    }
  }
  return 0;
}
