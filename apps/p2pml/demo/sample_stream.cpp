#include "p2pml/demo/sample_stream.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

// Made by the build: one symbol pair a file (apps/p2pml/embed.cmake).
#include "embedded_samples.inc"

namespace p2pml::app {

std::optional<SampleFile> sampleFile(std::string_view path) {
  for (const EmbeddedFile& file : kEmbeddedFiles) {
    if (file.path != path) continue;
    const bool playlist = path.ends_with(".m3u8");
    const auto size = static_cast<std::size_t>(file.end - file.begin);
    return SampleFile{base::Bytes::copyOf(std::as_bytes(std::span(file.begin, size))),
                      playlist ? "application/vnd.apple.mpegurl" : "video/mp2t"};
  }
  return std::nullopt;
}

}  // namespace p2pml::app
