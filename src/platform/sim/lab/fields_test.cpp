#include "platform/sim/lab/fields.hpp"

#include <gtest/gtest.h>

namespace p2pml::sim::lab {
namespace {

base::Json json(const char* text) { return *base::parseJson(text); }

TEST(Fields, TheFirstFindingStays) {
  Findings findings;
  findings.add("a", "expected this");
  findings.add("b", "expected that");
  EXPECT_EQ(findings.first, "a: expected this");
  Findings whole;
  whole.add("", "expected an object");
  EXPECT_EQ(whole.first, "the file: expected an object");
}

TEST(Fields, ReadsWhatIsThereAndLeavesTheRest) {
  Findings findings;
  const auto document = json(R"({"n": 3, "s": 1.5, "t": "x", "f": true, "ms": 2.5})");
  int number = 0;
  int other = 9;
  std::string text;
  bool flag = false;
  base::Duration seconds{};
  base::Duration milliseconds{};
  {
    Fields fields(document, "p", findings);
    fields.integer("n", number, 0, 3);
    fields.integer("missing", other, 0, 3);
    fields.text("t", text);
    fields.flag("f", flag);
    fields.seconds("s", seconds, 0, 2);
    fields.milliseconds("ms", milliseconds, 0, 10);
  }
  EXPECT_EQ(findings.first, "");
  EXPECT_EQ(number, 3);
  EXPECT_EQ(other, 9);
  EXPECT_EQ(text, "x");
  EXPECT_TRUE(flag);
  EXPECT_EQ(seconds, base::milliseconds(1500));
  EXPECT_EQ(milliseconds, base::Duration(2500));
}

TEST(Fields, SaysWhatWasExpectedAndFound) {
  const auto document = json(R"({"n": 4, "t": 1, "k": "c"})");
  const auto finding = [&](auto read) {
    Findings findings;
    {
      Fields fields(document, "p", findings);
      for (const char* known : {"n", "t", "k"}) fields.find(known);
      read(fields);
    }
    return findings.first;
  };
  int number = 0;
  std::string text;
  constexpr const char* kNames[] = {"a", "b"};
  EXPECT_EQ(finding([&](Fields& f) { f.integer("n", number, 0, 3); }),
            "p.n: expected a whole number from 0 to 3, found 4");
  EXPECT_EQ(finding([&](Fields& f) { f.text("t", text); }), "p.t: expected a text, found 1");
  EXPECT_EQ(finding([&](Fields& f) { f.choice("k", number, kNames); }), "p.k: expected \"a\" or \"b\", found \"c\"");
  EXPECT_EQ(finding([&](Fields& f) { f.array("k", 3); }), "p.k: expected a list of at most 3, found \"c\"");
}

TEST(Fields, WhatNobodyAskedForIsAFinding) {
  Findings findings;
  const auto document = json(R"({"nmae": 1})");
  {
    Fields fields(document, "", findings);
    fields.find("name");
    fields.find("count");
  }
  EXPECT_EQ(findings.first, "nmae: unknown name, expected one of: count, name");
}

TEST(Fields, SomethingElseThanAnObject) {
  Findings findings;
  const auto document = json("[1]");
  { Fields fields(document, "groups[0]", findings); }
  EXPECT_EQ(findings.first, "groups[0]: expected an object, found [1]");
}

}  // namespace
}  // namespace p2pml::sim::lab
