// The sample HLS stream that is part of the program (samples/hls, made by scripts/make_sample.sh).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace p2pml::app {

/// Path of the master playlist below the origin's root.
inline constexpr std::string_view kSampleMaster = "/hls/master.m3u8";

struct SampleFile {
  base::Bytes data;
  std::string contentType;
};

/// `path` as in "/hls/360p/000.ts".
std::optional<SampleFile> sampleFile(std::string_view path);

}  // namespace p2pml::app
