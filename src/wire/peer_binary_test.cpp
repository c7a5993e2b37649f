#include "wire/peer_binary.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <limits>
#include <set>
#include <string>
#include <string_view>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/rng.hpp"
#include "wire/captures_testing.hpp"

namespace p2pml::wire {
namespace {

using base::Bytes;
using base::ErrorCode;
using Ids = std::vector<std::int64_t>;

/// Bytes of a hex text with spaces.
Bytes hex(std::string_view text) {
  std::string digits(text);
  std::erase(digits, ' ');
  auto raw = base::fromHex(digits);
  EXPECT_TRUE(raw) << text;
  return Bytes::adopt(raw ? *std::move(raw) : std::string());
}

std::string hexOf(const Bytes& bytes) { return base::toHex(bytes.text()); }

std::string plain(std::string_view spaced) {
  std::string text(spaced);
  std::erase(text, ' ');
  return text;
}

Ids range(std::int64_t from, std::int64_t to) {
  Ids ids;
  for (std::int64_t id = from; id < to; ++id) ids.push_back(id);
  return ids;
}

std::set<std::int64_t> setOf(const Ids& ids) { return {ids.begin(), ids.end()}; }

Bytes joined(std::initializer_list<Bytes> pieces) {
  std::string all;
  for (const Bytes& piece : pieces) all += piece.text();
  return Bytes::adopt(std::move(all));
}

Bytes filler(std::size_t size) { return Bytes::adopt(std::string(size, '\x05')); }

/// The command that a body is; fails the test if it is none.
BinaryCommand decoded(const Bytes& body) {
  const auto command = decodeBinaryCommand(body.span());
  EXPECT_TRUE(command) << hexOf(body) << " " << command.error().detail;
  if (!command) return {};
  EXPECT_TRUE(command->has_value()) << hexOf(body);
  return command->value_or(BinaryCommand());
}

SegmentsAnnouncement decodedAnnouncement(const Bytes& body) {
  const BinaryCommand command = decoded(body);
  const auto* announcement = std::get_if<SegmentsAnnouncement>(&command);
  EXPECT_NE(announcement, nullptr) << hexOf(body);
  return announcement != nullptr ? *announcement : SegmentsAnnouncement();
}

void expectWrong(const Bytes& body, std::string_view detail, ErrorCode code = ErrorCode::malformed) {
  const auto command = decodeBinaryCommand(body.span());
  ASSERT_FALSE(command) << hexOf(body.slice(0, 100));
  EXPECT_EQ(command.error().code, code) << command.error().detail;
  EXPECT_NE(command.error().detail.find(detail), std::string::npos) << command.error().detail;
}

void expectWrong(std::string_view body, std::string_view detail) { expectWrong(hex(body), detail); }

/// With arrays in ascending order, as their order means nothing.
BinaryCommand sorted(BinaryCommand command) {
  if (auto* announcement = std::get_if<SegmentsAnnouncement>(&command)) {
    std::sort(announcement->loaded.begin(), announcement->loaded.end());
    std::sort(announcement->loading.begin(), announcement->loading.end());
  }
  return command;
}

/// What a peer up to 2.3 makes of an array: a count of 0 is none (5b.7). Reads just what encode() writes of ids 0 to
/// 2^31, strictly; `groups` gets their number.
Ids readByAnOldPeer(const Bytes& body, std::size_t* groups = nullptr) {
  Ids ids;
  std::size_t at = 0;
  const auto next = [&] {
    EXPECT_LT(at, body.size());
    return at < body.size() ? std::to_integer<std::int64_t>(body[at++]) : 0;
  };
  EXPECT_EQ(next(), 0);
  EXPECT_EQ(next(), 'l');
  EXPECT_EQ(next(), 0x10);
  const std::int64_t groupCount = next();
  for (std::int64_t group = 0; group < groupCount; ++group) {
    std::int64_t head = 0;
    for (std::int64_t bytes = next(); bytes > 0; --bytes) head = head * 256 + next();
    for (std::int64_t i = 0; i < head % 256; ++i) ids.push_back(head / 256 * 256 + next());
  }
  EXPECT_EQ(at, body.size());
  if (groups != nullptr) *groups = static_cast<std::size_t>(groupCount);
  return ids;
}

// ------------------------------------------------------------------ the bytes of docs/protocol/peer-binary.md

struct GoldenMessage {
  std::string_view bytes;  ///< one whole message
  BinaryCommand command;
};

std::vector<GoldenMessage> goldenMessages() {
  return {
      // 5b.5, the table
      {"63 73 74 72 00 6c 10 02 01 03 01 02 03 02 01 01 2c 63 65 6e 64", SegmentsAnnouncement{{1, 2, 3, 300}, {}}},
      {"63 73 74 72 00 6c 10 02 01 03 01 02 03 02 01 01 2c 70 10 02 01 01 04 02 02 01 01 63 65 6e 64",
       SegmentsAnnouncement{{1, 2, 3, 300}, {4, 513}}},
      {"63 73 74 72 00 63 65 6e 64", SegmentsAnnouncement{}},
      {"63 73 74 72 00 6c 10 02 02 01 01 2c 01 03 01 02 03 63 65 6e 64", SegmentsAnnouncement{{300, 1, 2, 3}, {}}},
      {"63 73 74 72 01 69 02 01 2c 72 01 07 63 65 6e 64", BinarySegmentRequest{300, 7}},
      {"63 73 74 72 01 69 02 01 2c 72 02 03 e7 62 03 00 ff ff 63 65 6e 64", BinarySegmentRequest{300, 999, 65'535}},
      {"63 73 74 72 01 69 01 00 72 01 00 63 65 6e 64", BinarySegmentRequest{0, 0}},
      {"63 73 74 72 02 69 02 01 2c 73 03 10 00 00 72 01 07 63 65 6e 64", BinarySegmentData{300, 1'048'576, 7}},
      {"63 73 74 72 03 69 02 01 2c 72 01 07 63 65 6e 64", BinarySendingCompleted{300, 7}},
      {"63 73 74 72 04 69 02 01 2c 72 01 07 63 65 6e 64", BinarySegmentAbsent{300, 7}},
      {"63 73 74 72 05 69 02 01 2c 72 01 07 63 65 6e 64", BinaryCancelRequest{300, 7}},
      // 5b.5, the session
      {"63737472 00 6c 10 01 02 01 04 2a 2b 2c 2d 63656e64", SegmentsAnnouncement{{298, 299, 300, 301}, {}}},
      {"63737472 00 6c 10 01 02 01 01 2a 63656e64", SegmentsAnnouncement{{298}, {}}},
      {"63737472 01 69 02 01 2b 72 02 02 c4 63656e64", BinarySegmentRequest{299, 708}},
      {"63737472 02 69 02 01 2b 73 03 02 4b 1b 72 02 02 c4 63656e64", BinarySegmentData{299, 150'299, 708}},
      {"63737472 03 69 02 01 2b 72 02 02 c4 63656e64", BinarySendingCompleted{299, 708}},
      {"63737472 01 69 02 01 2c 72 02 03 59 63656e64", BinarySegmentRequest{300, 857}},
      {"63737472 00 6c 10 01 02 01 02 2a 2b 63656e64", SegmentsAnnouncement{{298, 299}, {}}},
      {"63737472 00 6c 10 01 02 01 04 2a 2b 2c 2d 70 10 01 02 01 01 2f 63656e64",
       SegmentsAnnouncement{{298, 299, 300, 301}, {303}}},
      // G1: the same without r
      {"63737472 01 69 02 01 2c 63656e64", BinarySegmentRequest{300, std::nullopt}},
      {"63737472 02 69 02 01 2c 73 03 10 00 00 63656e64", BinarySegmentData{300, 1'048'576, std::nullopt}},
      {"63737472 03 69 02 01 2c 63656e64", BinarySendingCompleted{300, std::nullopt}},
  };
}

TEST(PeerBinaryGolden, Commands) {
  for (const auto& [spaced, command] : goldenMessages()) {
    const Bytes message = hex(spaced);
    const auto messages = encodeMessages(command);
    ASSERT_EQ(messages.size(), 1U) << spaced;
    EXPECT_EQ(hexOf(messages[0]), plain(spaced));
    ASSERT_TRUE(isCommandPart(message.span())) << spaced;
    CommandAssembler assembler;
    const auto result = assembler.add(message.span());
    ASSERT_TRUE(result) << spaced << " " << result.error().detail;
    EXPECT_EQ(*result, std::optional(command)) << spaced;
  }
}

// 5b.4: an integer is written and read as the id of a segment.
TEST(PeerBinaryGolden, Integers) {
  struct Row {
    std::int64_t value;
    std::string_view bytes;
  };
  const Row rows[] = {
      {0, "01 00"},
      {1, "01 01"},
      {127, "01 7f"},
      {128, "02 00 80"},
      {255, "02 00 ff"},
      {256, "02 01 00"},
      {32'767, "02 7f ff"},
      {32'768, "03 00 80 00"},
      {65'535, "03 00 ff ff"},
      {1'048'576, "03 10 00 00"},
      {std::int64_t{1} << 31, "05 00 80 00 00 00"},
      {std::int64_t{1} << 32, "05 01 00 00 00 00"},
      {kMaxBinaryInteger, "07 1f ff ff ff ff ff ff"},
      {-1, "01 81"},
      {-127, "01 ff"},
      {-128, "02 80 80"},
      {-255, "02 80 ff"},
      {-256, "02 81 00"},
      {-kMaxBinaryInteger, "07 9f ff ff ff ff ff ff"},
  };
  for (const Row& row : rows) {
    const BinarySegmentAbsent absent{row.value, std::nullopt};
    const Bytes body = joined({hex("04 69"), hex(row.bytes)});
    EXPECT_EQ(hexOf(encode(absent)), hexOf(body)) << row.value;
    EXPECT_EQ(decoded(body), BinaryCommand(absent)) << row.value;
  }
}

TEST(PeerBinaryGolden, IdArrays) {
  struct Row {
    Ids ids;
    std::string_view bytes;
  };
  const Row rows[] = {
      {{0}, "10 01 01 01 00"},
      {{1, 2, 3, 300}, "10 02 01 03 01 02 03 02 01 01 2c"},
      {{255, 256, 257}, "10 02 01 01 ff 02 01 02 00 01"},
      {{65'535, 65'536}, "10 02 03 00 ff 01 ff 03 01 00 01 00"},
      {{1'700'000'000, 1'700'000'001}, "10 01 04 65 53 f1 02 00 01"},
      {{-300, 5}, "10 02 02 81 ff d4 01 01 05"},
      {{-1, -2}, "10 01 02 80 fe ff fe"},
  };
  for (const Row& row : rows) {
    const SegmentsAnnouncement loaded{row.ids, {}};
    const Bytes body = joined({hex("00 6c"), hex(row.bytes)});
    EXPECT_EQ(hexOf(encode(loaded)), hexOf(body));
    EXPECT_EQ(decoded(body), BinaryCommand(loaded));
    const SegmentsAnnouncement loading{{}, row.ids};
    const Bytes other = joined({hex("00 70"), hex(row.bytes)});
    EXPECT_EQ(hexOf(encode(loading)), hexOf(other));
    EXPECT_EQ(decoded(other), BinaryCommand(loading));
  }
}

TEST(PeerBinaryGolden, TextsAreSkipped) {
  const BinarySegmentAbsent absent{5, std::nullopt};
  EXPECT_EQ(decoded(hex("04 78 20 00 69 01 05")), BinaryCommand(absent));
  EXPECT_EQ(decoded(hex("04 78 20 03 61 62 63 69 01 05")), BinaryCommand(absent));
  EXPECT_EQ(decoded(joined({hex("04 78 2f ff"), filler(0xfff), hex("69 01 05")})), BinaryCommand(absent));
  expectWrong("04 69 01 05 78 20", "x: expected a text");
  expectWrong("04 69 01 05 78 20 03 61 62", "x: expected a text");
  expectWrong("04 69 01 05 78 21 00 61 62", "x: expected a text");
}

// 5b.3.
TEST(PeerBinaryGolden, Parts) {
  struct Row {
    BinaryCommand command;
    std::size_t maxMessageSize;
    std::vector<std::string_view> messages;
  };
  const Row rows[] = {
      {SegmentsAnnouncement{range(1, 21), {}},
       20,
       {"63737472 00 6c 10 01 01 14 01 02 03 64656e64", "64737472 04 05 06 07 08 09 0a 0b 0c 64656e64",
        "64737472 0d 0e 0f 10 11 12 13 14 63656e64"}},
      {BinarySegmentRequest{300, 7}, 16, {"63737472 01 69 02 01 2c 72 01 07 63656e64"}},
      {BinarySegmentRequest{300, 7}, 15, {"63737472 01 69 02 01 64656e64", "64737472 2c 72 01 07 63656e64"}},
  };
  for (const Row& row : rows) {
    const auto messages = encodeMessages(row.command, row.maxMessageSize);
    ASSERT_EQ(messages.size(), row.messages.size());
    CommandAssembler assembler;
    for (std::size_t i = 0; i < messages.size(); ++i) {
      EXPECT_EQ(hexOf(messages[i]), plain(row.messages[i]));
      ASSERT_TRUE(isCommandPart(messages[i].span()));
      const auto result = assembler.add(messages[i].span());
      ASSERT_TRUE(result);
      EXPECT_EQ(*result, i + 1 == messages.size() ? std::optional(row.command) : std::nullopt);
    }
  }
}

// 5b.7: what ids 0 to 255 are by the JavaScript library.
TEST(PeerBinaryGolden, CountOf256) {
  std::string lows;
  for (int i = 0; i < 256; ++i) lows.push_back(static_cast<char>(i));
  const Bytes body = joined({hex("00 6c 10 01 01 00"), Bytes::copyOf(lows)});
  EXPECT_EQ(decodedAnnouncement(body).loaded, range(0, 256));
  // 256 does not fit: none, and what follows is the next group or field.
  EXPECT_EQ(decodedAnnouncement(body.slice(0, 6)).loaded, Ids{});
  EXPECT_EQ(decodedAnnouncement(hex("00 6c 10 02 01 00 01 01 05 70 10 01 01 01 06")), (SegmentsAnnouncement{{5}, {6}}));
  expectWrong(body.slice(0, body.size() - 1), "SegmentsAnnouncement");
}

// Every message of a real session of two 2.3.1 peers is what that library's own decoder says, and comes out as the same
// bytes.
TEST(PeerBinaryGolden, CapturedSession) {
  std::array<int, std::variant_size_v<BinaryCommand> + 1> seen{};
  for (const CapturedLine& line : readCapture("23-datachannel.jsonl")) {
    const std::string direction = line.text("dir");
    if (direction != "in" && direction != "out") continue;
    const std::string raw = base::fromBase64(line.text("b64")).value_or("");
    ASSERT_FALSE(raw.empty()) << line.where;
    const Bytes message = Bytes::copyOf(raw);
    const base::Json* expected = line.json.find("decoded");
    ASSERT_EQ(isCommandPart(message.span()), expected != nullptr) << line.where;
    if (expected == nullptr) {
      ++seen.back();
      continue;
    }
    ASSERT_EQ(static_cast<std::int64_t>(raw.size()), line.json.find("len")->integer()) << line.where;
    CommandAssembler assembler;
    const auto result = assembler.add(message.span());
    ASSERT_TRUE(result && *result) << line.where;
    const BinaryCommand& command = **result;
    ++seen[command.index()];

    const auto number = [&](std::string_view key) {
      const base::Json* member = expected->find(key);
      return member != nullptr ? member->integer() : std::nullopt;
    };
    const auto ids = [&](std::string_view key) {
      Ids all;
      const base::Json* member = expected->find(key);
      if (member != nullptr && member->array() != nullptr) {
        for (const base::Json& id : *member->array()) all.push_back(id.integer().value_or(-1));
      }
      return all;
    };
    EXPECT_EQ(static_cast<std::int64_t>(command.index()), number("c")) << line.where;
    std::visit(
        [&](const auto& fields) {
          if constexpr (requires { fields.loaded; }) {
            EXPECT_EQ(fields.loaded, ids("l")) << line.where;
            EXPECT_EQ(fields.loading, ids("p")) << line.where;
          } else {
            EXPECT_EQ(fields.segment, number("i")) << line.where;
            EXPECT_EQ(fields.request, number("r")) << line.where;
          }
          if constexpr (requires { fields.size; }) {
            EXPECT_EQ(fields.size, number("s")) << line.where;
          }
          if constexpr (requires { fields.from; }) {
            EXPECT_EQ(fields.from, number("b").value_or(0)) << line.where;
          }
        },
        command);
    const auto again = encodeMessages(command);
    ASSERT_EQ(again.size(), 1U);
    EXPECT_EQ(hexOf(again[0]), hexOf(message)) << line.where;
  }
  EXPECT_EQ(seen, (std::array<int, std::variant_size_v<BinaryCommand> + 1>{20, 12, 10, 10, 2, 1, 28}));
}

// ------------------------------------------------------------------ decoding

TEST(PeerBinary, EmptyBody) { expectWrong("", "command code"); }

TEST(PeerBinary, UnknownCommandsAreNothing) {
  for (const std::string_view body : {"06", "ff", "06 69 01 05", "7f 78 f0 00", "06 69"}) {
    const auto command = decodeBinaryCommand(hex(body).span());
    ASSERT_TRUE(command) << body;
    EXPECT_FALSE(*command) << body;
  }
}

TEST(PeerBinary, UnknownFieldsAreIgnored) {
  const BinarySegmentRequest request{5, 7, 9};
  EXPECT_EQ(decoded(hex("01 69 01 05 72 01 07 62 01 09 7a 01 01")), BinaryCommand(request));
  EXPECT_EQ(decoded(hex("01 00 10 01 01 02 06 07 ff 20 01 61 69 01 05 72 01 07 62 01 09")), BinaryCommand(request));
  // What another command would know is unknown here, whatever its type: s and l of a request, b of data.
  EXPECT_EQ(decoded(hex("01 69 01 05 72 01 07 62 01 09 73 20 00 6c 01 01")), BinaryCommand(request));
  EXPECT_EQ(decoded(hex("02 69 01 05 73 01 08 62 20 00")), BinaryCommand(BinarySegmentData{5, 8, std::nullopt}));
  EXPECT_EQ(decoded(hex("03 69 01 05 62 20 00 73 01 81")), BinaryCommand(BinarySendingCompleted{5, std::nullopt}));
  // Of a size that no number of ours has, but well-formed.
  EXPECT_EQ(decoded(hex("01 69 01 05 72 01 07 62 01 09 7a 08 ff ff ff ff ff ff ff ff")), BinaryCommand(request));
}

TEST(PeerBinary, UnknownFieldsMustBeValues) {
  expectWrong("01 69 01 05 7a", "SegmentRequest: z: expected a value");
  expectWrong("01 69 01 05 7a 30", "SegmentRequest: z: expected a value of type 0 to 2, got type 3");
  expectWrong("01 69 01 05 7a f0", "type 15");
  expectWrong("01 69 01 05 80 f0", "field 128: ");
  expectWrong("01 69 01 05 7a 00", "z: expected an integer of 1 to 8 bytes");
  expectWrong("01 69 01 05 7a 10 01 01 05 00", "z: expected groups");
}

TEST(PeerBinary, AnyOrderOfFields) {
  const BinarySegmentData data{300, 1'048'576, 7};
  EXPECT_EQ(decoded(hex("02 72 01 07 73 03 10 00 00 69 02 01 2c")), BinaryCommand(data));
  EXPECT_EQ(decodedAnnouncement(hex("00 70 10 01 01 01 04 6c 10 01 01 01 03")), (SegmentsAnnouncement{{3}, {4}}));
}

TEST(PeerBinary, TheLastOfRepeatedFieldsCounts) {
  EXPECT_EQ(decoded(hex("04 69 01 05 72 01 01 69 01 06 72 01 02")), BinaryCommand(BinarySegmentAbsent{6, 2}));
  EXPECT_EQ(decodedAnnouncement(hex("00 6c 10 01 01 02 05 06 6c 10 01 01 01 07")), (SegmentsAnnouncement{{7}, {}}));
}

TEST(PeerBinary, MissingFields) {
  expectWrong("01", "SegmentRequest: i: ");
  expectWrong("01 72 01 07 62 01 01", "SegmentRequest: i: ");
  expectWrong("02 73 01 07", "SegmentData: i: ");
  expectWrong("02 69 01 07 72 01 01", "SegmentData: s: ");
  expectWrong("03", "SegmentDataSendingCompleted: i: ");
  expectWrong("04", "SegmentAbsent: i: ");
  expectWrong("05", "CancelSegmentRequest: i: ");
}

TEST(PeerBinary, FieldsOfAnotherType) {
  expectWrong("01 69 20 00", "SegmentRequest: i: expected an integer, got a value of type 2");
  expectWrong("01 69 10 00", "SegmentRequest: i: expected an integer");
  expectWrong("01 69 01 05 72 20 00", "SegmentRequest: r: expected an integer");
  expectWrong("01 69 01 05 62 10 00", "SegmentRequest: b: expected an integer");
  expectWrong("02 69 01 05 73 20 00", "SegmentData: s: expected an integer");
  expectWrong("00 6c 01 05", "SegmentsAnnouncement: l: expected an array of ids, got a value of type 0");
  expectWrong("00 70 20 00", "SegmentsAnnouncement: p: expected an array of ids, got a value of type 2");
  expectWrong("00 6c 40 00", "SegmentsAnnouncement: l: expected an array of ids, got a value of type 4");
}

// 5b.7.
TEST(PeerBinary, LengthsOfIntegers) {
  expectWrong("04 69 00", "SegmentAbsent: i: expected an integer of 1 to 8 bytes");
  expectWrong("04 69 09 00 00 00 00 00 00 00 00 01", "1 to 8 bytes");
  expectWrong("04 69 0f 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01", "1 to 8 bytes");
  expectWrong("04 69 08 00 00 00 00 00 00 01", "1 to 8 bytes");
  // Longer than it need be, and minus nothing.
  EXPECT_EQ(decoded(hex("04 69 08 00 00 00 00 00 00 00 05")), BinaryCommand(BinarySegmentAbsent{5, std::nullopt}));
  EXPECT_EQ(decoded(hex("04 69 02 80 00 72 01 80")), BinaryCommand(BinarySegmentAbsent{0, 0}));
}

TEST(PeerBinary, RangesOfNumbers) {
  const std::string tooBig = "07 20 00 00 00 00 00 00";
  expectWrong("04 69 " + tooBig, "SegmentAbsent: i: ");
  expectWrong("04 69 07 a0 00 00 00 00 00 00", "SegmentAbsent: i: ");
  expectWrong("04 69 08 7f ff ff ff ff ff ff ff", "SegmentAbsent: i: ");
  expectWrong("04 69 08 ff ff ff ff ff ff ff ff", "SegmentAbsent: i: ");
  expectWrong("04 69 01 05 72 " + tooBig, "SegmentAbsent: r: expected an integer from 0 to 2^53-1");
  expectWrong("04 69 01 05 72 01 81", "r: expected an integer from 0 to 2^53-1, got -1");
  expectWrong("01 69 01 05 62 01 81", "b: expected an integer from 0");
  expectWrong("02 69 01 05 73 01 81", "s: expected an integer from 0");
  expectWrong("02 69 01 05 73 " + tooBig, "s: expected an integer from 0");
  EXPECT_EQ(decoded(hex("02 69 01 81 73 07 1f ff ff ff ff ff ff 72 07 1f ff ff ff ff ff ff")),
            BinaryCommand(BinarySegmentData{-1, kMaxBinaryInteger, kMaxBinaryInteger}));
}

TEST(PeerBinary, RangeOfIds) {
  expectWrong("00 6c 10 01 07 20 00 00 00 00 00 01 00", "l: expected ids");
  expectWrong("00 6c 10 01 07 9f ff ff ff ff ff ff 00", "l: expected ids");  // -2^53 | 0
  // -2^53 | 1
  EXPECT_EQ(decodedAnnouncement(hex("00 6c 10 01 07 9f ff ff ff ff ff ff 01")).loaded, Ids{-kMaxBinaryInteger});
}

TEST(PeerBinary, BrokenArrays) {
  expectWrong("00 6c", "l: expected a value");
  expectWrong("00 6c 10", "l: expected groups");
  expectWrong("00 6c 10 01", "l: expected groups");
  expectWrong("00 6c 10 01 11 01 00", "l: expected groups");  // a group begins with an integer
  expectWrong("00 6c 10 01 01 02 00", "l: expected groups");
  expectWrong("00 6c 10 02 01 01 00", "l: expected groups");
  EXPECT_EQ(decodedAnnouncement(hex("00 6c 10 00")), SegmentsAnnouncement{});
}

TEST(PeerBinary, DecodedIdsAreNotRepeated) {
  EXPECT_EQ(decodedAnnouncement(hex("00 6c 10 03 01 03 05 05 04 02 01 01 00 01 02 04 03")).loaded, (Ids{5, 4, 256, 3}));
}

// Any field may be repeated, so that a body of the size limit could say millions of ids.
TEST(PeerBinary, LimitOfIds) {
  std::string full = "l\x10\xff";
  for (std::size_t group = 0; group < kMaxIdGroups; ++group) {
    full += std::string("\x02", 1) + static_cast<char>(group / 2) + std::string(1, '\0');
    for (int low = 0; low < 256; ++low) full.push_back(static_cast<char>(low));
  }
  const Bytes one = Bytes::copyOf(full);
  std::string other = full;
  other[0] = 'p';
  const Bytes both = joined({hex("00"), one, Bytes::copyOf(other)});
  // 255 groups of 256, but each high part (but 0 and that of the last) occurs twice.
  EXPECT_EQ(decodedAnnouncement(both).loading.size(), 128U * 256U);
  expectWrong(joined({both, hex("6c 10 01 01 01 00")}), "limit", ErrorCode::limitExceeded);
  expectWrong(joined({hex("00"), one, one, hex("6c 10 01 01 01 00")}), "limit", ErrorCode::limitExceeded);
  // Arrays that are not asked for are not kept.
  std::string unknown = full;
  unknown[0] = 'x';
  const Bytes ignored = Bytes::copyOf(unknown);
  EXPECT_EQ(decodedAnnouncement(joined({hex("00"), ignored, ignored, ignored, hex("6c 10 01 01 01 07")})),
            (SegmentsAnnouncement{{7}, {}}));
}

// Every beginning of a command is one with fewer fields, which is written as just those bytes, or an error.
TEST(PeerBinary, EveryPrefix) {
  for (const auto& [spaced, command] : goldenMessages()) {
    const Bytes message = hex(spaced);
    const Bytes body = message.slice(4, message.size() - 8);
    for (std::size_t length = 0; length < body.size(); ++length) {
      const Bytes prefix = body.slice(0, length);
      const auto result = decodeBinaryCommand(prefix.span());
      if (!result) continue;
      ASSERT_TRUE(*result);
      EXPECT_EQ(hexOf(encode(**result)), hexOf(prefix));
    }
    for (std::size_t length = 0; length < message.size(); ++length) {
      EXPECT_FALSE(isCommandPart(message.slice(0, length).span()));
    }
  }
}

TEST(PeerBinary, EveryBitFlip) {
  int same = 0;
  int wrong = 0;
  for (const auto& [spaced, command] : goldenMessages()) {
    const Bytes message = hex(spaced);
    const std::string body(message.slice(4, message.size() - 8).text());
    for (std::size_t bit = 0; bit < body.size() * 8; ++bit) {
      std::string flipped = body;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
      const auto result = decodeBinaryCommand(Bytes::copyOf(flipped).span());
      if (!result) {
        EXPECT_EQ(result.error().code, ErrorCode::malformed);
        ++wrong;
      } else if (*result) {
        EXPECT_EQ(sorted(decoded(encode(**result))), sorted(**result));
        ++same;
      }
    }
  }
  EXPECT_GT(same, 100);
  EXPECT_GT(wrong, 100);
}

// ------------------------------------------------------------------ encoding

TEST(PeerBinary, NoGroupOf256) {
  for (const std::int64_t count : {255, 256, 257, 512, 600}) {
    const SegmentsAnnouncement announcement{range(0, count), {}};
    const Bytes body = encode(announcement);
    EXPECT_EQ(decoded(body), BinaryCommand(announcement)) << count;
    EXPECT_EQ(readByAnOldPeer(body), announcement.loaded) << count;
  }
  EXPECT_EQ(hexOf(encode(SegmentsAnnouncement{range(0, 256), {}}).slice(0, 9)), plain("00 6c 10 02 02 00 80 00 01"));
  // Backwards and shuffled, too: the given order stays within a block.
  base::Rng rng(3);
  Ids ids = range(256, 256 + 600);
  rng.shuffle(ids);
  const Bytes body = encode(SegmentsAnnouncement{ids, {}});
  EXPECT_EQ(setOf(readByAnOldPeer(body)), setOf(ids));
  EXPECT_EQ(readByAnOldPeer(body).size(), ids.size());
}

TEST(PeerBinary, EncodedIdsAreNotRepeated) {
  EXPECT_EQ(hexOf(encode(SegmentsAnnouncement{{5, 4, 5, 300, 4, 300, 3}, {}})),
            plain("00 6c 10 02 01 03 05 04 03 02 01 01 2c"));
}

TEST(PeerBinary, IdsThatCannotBeSaidAreLeftOut) {
  constexpr std::int64_t kTooBig = kMaxBinaryInteger + 1;
  constexpr std::int64_t kSmallest = std::numeric_limits<std::int64_t>::min();
  EXPECT_EQ(hexOf(encode(SegmentsAnnouncement{{kTooBig, 5, -kTooBig, kSmallest}, {kTooBig}})),
            plain("00 6c 10 01 01 01 05"));
  const SegmentsAnnouncement ends{{kMaxBinaryInteger, -kMaxBinaryInteger}, {}};
  EXPECT_EQ(decoded(encode(ends)), BinaryCommand(ends));
}

TEST(PeerBinary, TheHighestIdsOfTooManyGroups) {
  Ids ids;
  for (std::int64_t block = 0; block < 257; ++block) ids.push_back(block * 256 + 7);
  std::size_t groups = 0;
  EXPECT_EQ(readByAnOldPeer(encode(SegmentsAnnouncement{ids, {}}), &groups), Ids(ids.begin() + 2, ids.end()));
  EXPECT_EQ(groups, kMaxIdGroups);

  std::reverse(ids.begin(), ids.end());
  EXPECT_EQ(readByAnOldPeer(encode(SegmentsAnnouncement{ids, {}})), Ids(ids.begin(), ids.end() - 2));

  // Two groups a block: 64 ids and 127 full blocks take them all.
  EXPECT_EQ(readByAnOldPeer(encode(SegmentsAnnouncement{range(0, 40'000), {}}), &groups),
            range(40'000 - 64 - 127 * 256, 40'000));
  EXPECT_EQ(groups, kMaxIdGroups);
  // 127 full blocks leave one group, which holds all of the next block but its lowest.
  EXPECT_EQ(readByAnOldPeer(encode(SegmentsAnnouncement{range(0, 200 * 256), {}}), &groups),
            range(200 * 256 - 127 * 256 - 255, 200 * 256));
  EXPECT_EQ(groups, kMaxIdGroups);
}

// What we send is within what we take.
TEST(PeerBinary, TheLongestAnnouncement) {
  SegmentsAnnouncement announcement;
  for (std::int64_t id = 0; id < 300 * 256; ++id) {
    if (id % 256 != 0) announcement.loaded.push_back(kMaxBinaryInteger - 300 * 256 + 1 + id);
  }
  announcement.loading = announcement.loaded;
  const auto messages = encodeMessages(announcement);
  EXPECT_EQ(messages.size(), 3U);
  CommandAssembler assembler;
  for (const Bytes& message : messages) {
    EXPECT_LE(message.size(), kDefaultMaxMessageSize);
    const auto result = assembler.add(message.span());
    ASSERT_TRUE(result) << result.error().detail;
    ASSERT_EQ(result->has_value(), &message == &messages.back());
    if (!*result) continue;
    const auto& got = std::get<SegmentsAnnouncement>(**result);
    EXPECT_EQ(got.loaded, Ids(announcement.loaded.end() - 255 * 255, announcement.loaded.end()));
    EXPECT_EQ(got.loading, got.loaded);
  }
}

Ids randomIds(base::Rng& rng) {
  Ids ids;
  const auto clusters = rng.below(6);
  for (std::uint64_t c = 0; c < clusters; ++c) {
    const int bits = static_cast<int>(rng.between(1, 53));
    const std::int64_t limit = (std::int64_t{1} << bits) - 1;
    const std::int64_t start = rng.between(-limit, limit);
    const auto count = rng.between(1, 300);
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t offset = rng.between(0, 400);
      ids.push_back(std::min(start + offset, kMaxBinaryInteger));
    }
  }
  return ids;
}

BinaryCommand randomCommand(base::Rng& rng) {
  const auto number = [&] {
    const int bits = static_cast<int>(rng.between(1, 53));
    return rng.below(std::uint64_t{1} << bits);
  };
  const auto code = rng.below(std::variant_size_v<BinaryCommand>);
  if (code == 0) {
    SegmentsAnnouncement announcement;
    announcement.loaded = randomIds(rng);
    announcement.loading = randomIds(rng);
    return announcement;
  }
  auto segment = static_cast<std::int64_t>(number());
  if (rng.below(4) == 0) segment = -segment;
  std::optional<std::uint64_t> request;
  if (rng.below(3) != 0) request = number();
  switch (code) {
    case 1: return BinarySegmentRequest{segment, request, rng.below(2) == 0 ? 0 : number()};
    case 2: return BinarySegmentData{segment, number(), request};
    case 3: return BinarySendingCompleted{segment, request};
    case 4: return BinarySegmentAbsent{segment, request};
    default: return BinaryCancelRequest{segment, request};
  }
}

TEST(PeerBinary, RandomCommandsComeBackInParts) {
  base::Rng rng(17);
  for (int round = 0; round < 2'000; ++round) {
    const BinaryCommand command = randomCommand(rng);
    const auto maxMessageSize = static_cast<std::size_t>(rng.between(kMinMaxMessageSize, 700));
    const auto messages = encodeMessages(command, maxMessageSize);
    CommandAssembler assembler;
    for (const Bytes& message : messages) {
      ASSERT_LE(message.size(), maxMessageSize);
      ASSERT_GT(message.size(), 8U);
      ASSERT_TRUE(isCommandPart(message.span()));
      const auto result = assembler.add(message.span());
      ASSERT_TRUE(result) << result.error().detail;
      ASSERT_EQ(result->has_value(), &message == &messages.back());
      if (!*result) continue;
      ASSERT_EQ((*result)->index(), command.index());
      if (const auto* sent = std::get_if<SegmentsAnnouncement>(&command)) {
        const auto& got = std::get<SegmentsAnnouncement>(**result);
        ASSERT_EQ(setOf(got.loaded), setOf(sent->loaded));
        ASSERT_EQ(setOf(got.loading), setOf(sent->loading));
        ASSERT_EQ(got.loaded.size(), setOf(got.loaded).size());
        // Once in the order of blocks it stays as it is.
        ASSERT_EQ(decoded(encode(got)), BinaryCommand(got));
      } else {
        ASSERT_EQ(**result, command);
      }
    }
    ASSERT_EQ(assembler.pendingBytes(), 0U);
  }
}

}  // namespace
}  // namespace p2pml::wire
