#include "base/bytes.hpp"

#include <gtest/gtest.h>

namespace p2pml::base {
namespace {

TEST(Bytes, SliceSharesAndClamps) {
  const Bytes whole = Bytes::copyOf("abcdef");
  const Bytes part = whole.slice(2, 3);
  EXPECT_EQ(part.text(), "cde");
  EXPECT_EQ(part.data(), whole.data() + 2);
  EXPECT_EQ(whole.slice(4, 100).text(), "ef");
  EXPECT_TRUE(whole.slice(6).empty());
  EXPECT_TRUE(whole.slice(100).empty());
}

TEST(Bytes, ViewsOutliveTheirSource) {
  Bytes part;
  {
    const Bytes whole = Bytes::adopt(std::string("hello world"));
    part = whole.slice(6);
  }
  EXPECT_EQ(part.text(), "world");
}

TEST(BytesAssembler, JoinsViewsOfOneBufferWithoutCopy) {
  Buffer buffer(6);
  const Bytes first = buffer.append(std::as_bytes(std::span("abc", 3)));
  const Bytes second = buffer.append(std::as_bytes(std::span("def", 3)));
  BytesAssembler assembler(6);
  assembler.append(first);
  assembler.append(second);
  const Bytes all = assembler.finish();
  EXPECT_EQ(all.text(), "abcdef");
  EXPECT_EQ(all.data(), first.data());
}

TEST(BytesAssembler, CopiesForeignPiecesOnceIntoOneBufferOfTheKnownSize) {
  BytesAssembler assembler(9);
  assembler.append(Bytes::copyOf("abc"));
  assembler.append(Bytes::copyOf("def"));
  const std::byte* where = assembler.finish().data();
  assembler.append(Bytes::copyOf("ghi"));
  EXPECT_EQ(assembler.finish().text(), "abcdefghi");
  EXPECT_EQ(assembler.finish().data(), where);
  EXPECT_EQ(assembler.size(), 9U);
}

TEST(BytesAssembler, GrowsWithoutAKnownSize) {
  BytesAssembler assembler;
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    const std::string piece = std::to_string(i);
    expected += piece;
    assembler.append(Bytes::copyOf(piece));
  }
  EXPECT_EQ(assembler.finish().text(), expected);
}

TEST(BytesAssembler, EarlierViewStaysAfterFurtherPieces) {
  BytesAssembler assembler;
  assembler.append(Bytes::copyOf("abc"));
  assembler.append(Bytes::copyOf("def"));
  const Bytes early = assembler.finish();
  assembler.append(Bytes::copyOf(std::string(1000, 'x')));
  EXPECT_EQ(early.text(), "abcdef");
  EXPECT_EQ(assembler.finish().size(), 1006U);
}

}  // namespace
}  // namespace p2pml::base
