#include "media/playlist.hpp"

#include <gtest/gtest.h>

namespace p2pml::media {
namespace {

TEST(Playlist, RangeHeaderEndsAtTheLastByte) {
  EXPECT_EQ(rangeHeader({0, 1024}), "bytes=0-1023");
  EXPECT_EQ(rangeHeader({500, 1}), "bytes=500-500");
  EXPECT_EQ(rangeHeader({1, 9223372036854775806}), "bytes=1-9223372036854775806");
}

TEST(Playlist, DurationIsTheExactSum) {
  MediaPlaylist playlist;
  EXPECT_EQ(playlist.duration(), base::Duration(0));
  for (int i = 0; i < 3; ++i) {
    MediaSegment segment;
    segment.duration = base::Duration(333'333);
    playlist.segments.push_back(segment);
  }
  EXPECT_EQ(playlist.duration(), base::Duration(999'999));
}

}  // namespace
}  // namespace p2pml::media
