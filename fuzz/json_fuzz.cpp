// base/json: what parses is written and parses again to the same value; any bytes are written as a string that parses.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.hpp"
#include "base/encoding.hpp"
#include "base/json.hpp"

using namespace p2pml::base;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  constexpr JsonLimits kWide{.bytes = std::size_t{1} << 28, .depth = 16, .values = 1'000'000};

  if (const Result<Json> value = parseJson(input)) {
    P2PML_ASSERT(isUtf8(input));
    const std::string text = toJsonText(*value);
    const Result<Json> again = parseJson(text, kWide);
    P2PML_ASSERT(again && *again == *value);
    P2PML_ASSERT(toJsonText(*again) == text);
    if (const Json::Object* members = value->object()) {
      for (const Json::Member& member : *members) P2PML_ASSERT(value->find(member.first) == &member.second);
    }
  } else {
    P2PML_ASSERT(value.error().code == ErrorCode::malformed || value.error().code == ErrorCode::limitExceeded);
    P2PML_ASSERT(!value.error().detail.empty());
  }

  std::string quoted;
  appendJsonString(quoted, input);
  const Result<Json> text = parseJson(quoted, kWide);
  P2PML_ASSERT(text && text->string() != nullptr);
  P2PML_ASSERT(!isUtf8(input) || *text->string() == input);

  std::string binary;
  appendJsonBinaryString(binary, input);
  const Result<Json> codePoints = parseJson(binary, kWide);
  P2PML_ASSERT(codePoints && codePoints->string() != nullptr && utf8ToLatin1(*codePoints->string()) == input);
  return 0;
}
