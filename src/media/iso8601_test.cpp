#include "media/iso8601.hpp"

#include <gtest/gtest.h>

namespace p2pml::media {
namespace {

std::int64_t microseconds(std::string_view text) {
  const auto time = parseDateTime(text);
  EXPECT_TRUE(time) << text;
  return time ? time->time_since_epoch().count() : -1;
}

TEST(Iso8601, DatesAreMicrosecondsSince1970) {
  EXPECT_EQ(microseconds("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(microseconds("1970-01-01T00:00:00.000001Z"), 1);
  EXPECT_EQ(microseconds("2000-02-29T12:00:00Z"), 951'825'600'000'000);
  EXPECT_EQ(microseconds("2026-11-22T22:56:17.25Z"), 1'795'388'177'250'000);
  EXPECT_EQ(microseconds("1969-12-31T23:59:59.5Z"), -500'000);
}

TEST(Iso8601, ZonesAndTheLooserForms) {
  const std::int64_t noon = microseconds("2024-05-01T12:00:00Z");
  for (const char* same :
       {"2024-05-01T14:00:00+02:00", "2024-05-01T14:00:00+0200", "2024-05-01T14:00:00+02", "2024-05-01T12:00:00",
        "2024-05-01 12:00:00z", "2024-05-01t07:00:00.000-05:00", "2024-05-01T12:00Z", "2024-05-01T12:00:00.0000009Z"}) {
    EXPECT_EQ(microseconds(same), noon) << same;
  }
  EXPECT_EQ(microseconds("2024-04-30T24:00:00Z"), microseconds("2024-05-01T00:00:00Z"));
  EXPECT_EQ(microseconds("2016-12-31T23:59:60Z"), microseconds("2017-01-01T00:00:00Z"));
}

TEST(Iso8601, WhatIsNoDate) {
  for (const char* wrong :
       {"", "2024", "2024-05-01", "2024-13-01T00:00:00Z", "2023-02-29T00:00:00Z", "2024-05-01T25:00:00Z",
        "2024-05-01T24:00:01Z", "2024-05-01T12:60:00Z", "2024-05-01T12:00:61Z", "2024-05-01T12:00:00.Z",
        "2024-05-01T12:00:00Zx", "2024-05-01T12:00:00+2", "-024-05-01T12:00:00Z", "2024-05-01T12:00:00+24:00",
        "2024-00-01T12:00:00Z", "2024-05-00T12:00:00Z"}) {
    EXPECT_FALSE(parseDateTime(wrong)) << wrong;
  }
}

TEST(Iso8601, TextReadsBackAsTheSameTime) {
  EXPECT_EQ(dateTimeText(WallTime()), "1970-01-01T00:00:00Z");
  for (const char* text : {"0001-01-01T00:00:00Z", "1969-12-31T23:59:59.5Z", "2000-02-29T23:59:59.999999Z",
                           "2026-11-22T22:56:17.25Z", "9999-12-31T23:59:59Z"}) {
    const auto time = parseDateTime(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(dateTimeText(*time), text);
  }
}

TEST(Iso8601, Durations) {
  EXPECT_EQ(parseIsoDuration("PT0S"), base::seconds(0));
  EXPECT_EQ(parseIsoDuration("PT1.5S"), base::milliseconds(1500));
  EXPECT_EQ(parseIsoDuration("PT1H2M3.004S"), base::milliseconds(3'723'004));
  EXPECT_EQ(parseIsoDuration("P1DT1S"), base::seconds(86'401));
  EXPECT_EQ(parseIsoDuration("P1Y1M1D"), base::seconds((365 + 30 + 1) * 86'400));
  EXPECT_EQ(parseIsoDuration("PT0.0000019S"), base::Duration(1)) << "beyond a microsecond is cut";
  EXPECT_EQ(parseIsoDuration("PT1700000000.033S"), base::Duration(1'700'000'000'033'000));
  EXPECT_EQ(parseIsoDuration("-PT2S"), base::seconds(-2));
  EXPECT_EQ(parseIsoDuration("PT90M"), base::seconds(5400));
}

TEST(Iso8601, WhatIsNoDuration) {
  for (const char* wrong : {"", "P", "PT", "1S", "PT1", "PTS", "PT1S2M", "PT1S1S", "P1S", "PT1D", "PT1.S", "PT-1S",
                            "PT1SX", "P1DT", "PT99999999999999999999S", "PT100000000001S", "P4000Y", "PTT1S"}) {
    EXPECT_FALSE(parseIsoDuration(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace p2pml::media
