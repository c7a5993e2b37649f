#include "base/bytes.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/testing/foreign_store.hpp"

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

// ------------------------------------------------------------------------------- payload outside of this program's
// memory

TEST(ForeignBytes, AreSlicedAndJoinedWithoutBeingRead) {
  ForeignStore store;
  const Bytes whole = store.add("abcdefgh");
  EXPECT_TRUE(whole.isForeign());
  EXPECT_EQ(whole.size(), 8u);
  const Bytes part = whole.slice(2, 4).slice(1);
  EXPECT_EQ(part.size(), 3u);
  EXPECT_EQ(part.foreignOffset(), 3u);
  EXPECT_TRUE(whole.slice(8).empty());
  EXPECT_FALSE(whole.slice(8).isForeign());
  const Bytes next = whole.slice(6);
  EXPECT_TRUE(part.continuesInto(next));
  EXPECT_FALSE(next.continuesInto(part));
  EXPECT_FALSE(part.continuesInto(store.add("gh")));
  EXPECT_FALSE(part.continuesInto(Bytes::copyOf("gh")));
  EXPECT_EQ(part.joinedWith(next).size(), 5u);
  EXPECT_EQ(store.peekedBytes(), 0u);
  EXPECT_EQ(part.joinedWith(next).local().text(), "defgh");
}

TEST(ForeignBytes, OnlyTheBytesAskedForAreRead) {
  ForeignStore store;
  const Bytes message = store.add("{\"c\":0}");
  EXPECT_TRUE(message.startsWith("{\""));
  EXPECT_TRUE(message.endsWith("}"));
  EXPECT_FALSE(message.slice(1).startsWith("{"));
  EXPECT_FALSE(message.slice(0, 1).startsWith("{\""));
  EXPECT_LE(store.peekedBytes(), 4u);
  const Bytes here = Bytes::copyOf("{\"c\":0}");
  EXPECT_TRUE(here.startsWith("{\"") && here.endsWith("}") && !here.endsWith("{"));
  EXPECT_FALSE(Bytes().startsWith("a"));
  EXPECT_TRUE(Bytes().endsWith(""));
}

TEST(ForeignBytes, AreFreedWithTheirLastView) {
  ForeignStore store;
  Bytes part;
  {
    const Bytes whole = store.add("abc");
    part = whole.slice(1);
  }
  EXPECT_EQ(store.payloads(), 1u);
  part = Bytes();
  EXPECT_EQ(store.payloads(), 0u);
}

TEST(ForeignBytes, EqualByContent) {
  ForeignStore store;
  const Bytes a = store.add("xabc").slice(1);
  EXPECT_EQ(a, store.add("abc"));
  EXPECT_EQ(a, Bytes::copyOf("abc"));
  EXPECT_FALSE(a == store.add("abd"));
  const std::size_t peeked = store.peekedBytes();
  EXPECT_EQ(a, Bytes(a));
  EXPECT_EQ(store.peekedBytes(), peeked);
}

TEST(ForeignBytes, AreNotIntactOnceTheirBufferIsDetached) {
  ForeignStore store;
  const Bytes bytes = store.add("abc");
  const Bytes other = store.add("def");
  BytesAssembler assembler;
  assembler.append(bytes);
  assembler.append(other);
  EXPECT_TRUE(bytes.intact());
  EXPECT_TRUE(assembler.intact());
  store.detach(bytes);
  EXPECT_FALSE(bytes.intact());
  EXPECT_FALSE(bytes.slice(1).intact());
  EXPECT_FALSE(bytes.startsWith("a"));
  EXPECT_FALSE(assembler.intact());
  EXPECT_TRUE(Bytes().intact());
  EXPECT_TRUE(Bytes::copyOf("a").intact());
}

TEST(BytesAssembler, TakesPiecesOfOneForeignPayloadAsTheyAre) {
  ForeignStore store;
  const Bytes body = store.add("abcdef");
  BytesAssembler assembler(6);
  for (std::size_t i = 0; i < 6; ++i) assembler.append(body.slice(i, 1));
  EXPECT_EQ(assembler.size(), 6u);
  const Bytes whole = assembler.finish();
  EXPECT_EQ(whole.foreignPayload(), body.foreignPayload());
  EXPECT_EQ(whole.size(), 6u);
  EXPECT_EQ(store.joins(), 0);
}

TEST(BytesAssembler, JoinsForeignPiecesOnce) {
  ForeignStore store;
  BytesAssembler assembler(9);
  assembler.append(store.add("abc"));
  assembler.append(store.add("def"));
  assembler.append(Bytes());
  assembler.append(store.add("ghi"));
  EXPECT_EQ(store.joins(), 0);
  EXPECT_EQ(assembler.size(), 9u);
  const Bytes whole = assembler.finish();
  EXPECT_EQ(store.joins(), 1);
  EXPECT_EQ(store.payloads(), 1u);
  EXPECT_TRUE(whole.isForeign());
  EXPECT_EQ(whole.local().text(), "abcdefghi");
  assembler.append(store.add("j"));
  EXPECT_EQ(assembler.finish().local().text(), "abcdefghij");
  assembler.clear();
  EXPECT_EQ(assembler.size(), 0u);
  EXPECT_TRUE(assembler.finish().empty());
  EXPECT_EQ(whole.local().text(), "abcdefghi");
}

TEST(BytesAssembler, WhatHasAForeignPieceBecomesForeign) {
  ForeignStore store;
  BytesAssembler assembler;
  assembler.append(Bytes::copyOf("ab"));
  assembler.append(Bytes::copyOf("cd"));  // copied together by now
  assembler.append(store.add("ef"));
  assembler.append(Bytes::copyOf("gh"));
  const Bytes whole = assembler.finish();
  EXPECT_TRUE(whole.isForeign());
  EXPECT_EQ(whole.local().text(), "abcdefgh");

  BytesAssembler other;
  other.append(store.add("ab"));
  other.append(Bytes::copyOf("cd"));
  EXPECT_EQ(other.finish().local().text(), "abcd");
}

// A peer that sends a segment in single bytes: neither the pieces nor the copying may run away.
TEST(BytesAssembler, BoundsForeignPiecesAndTheirCopying) {
  ForeignStore store;
  constexpr std::size_t kSize = 100'000;
  std::string expected;
  BytesAssembler assembler(kSize);
  for (std::size_t i = 0; i < kSize; ++i) {
    expected.push_back(static_cast<char>('a' + i % 26));
    assembler.append(store.add(expected.substr(i)));
    ASSERT_LE(store.payloads(), BytesAssembler::kMaxPieces + 1);
  }
  EXPECT_EQ(assembler.size(), kSize);
  EXPECT_EQ(assembler.finish().local().text(), expected);
  EXPECT_LT(store.joinedBytes(), 20 * kSize);
}

}  // namespace
}  // namespace p2pml::base
