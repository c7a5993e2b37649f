#include "p2pml/gateway/page_files.hpp"

#include <array>
#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>

// Made by the build: one symbol pair a file (apps/p2pml/embed.cmake).
#include "embedded_page.inc"

namespace p2pml::app {

namespace {

constexpr std::string_view kFolder = "/dist";
constexpr std::string_view kPacked = ".gz";

}  // namespace

std::vector<gateway::PageFile> pageFiles() {
  std::map<std::string, gateway::PageFile> files;
  for (const EmbeddedFile& embedded : kEmbeddedFiles) {
    std::string_view path = embedded.path.substr(kFolder.size());
    const bool packed = path.ends_with(kPacked);
    if (packed) path.remove_suffix(kPacked.size());
    if (path == "/index.html") path = "/";
    gateway::PageFile& file = files[std::string(path)];
    file.path = path;
    const auto size = static_cast<std::size_t>(embedded.end - embedded.begin);
    (packed ? file.gzip : file.plain) = base::Bytes::copyOf(std::as_bytes(std::span(embedded.begin, size)));
  }
  std::vector<gateway::PageFile> result;
  for (auto& [path, file] : files) result.push_back(std::move(file));
  return result;
}

}  // namespace p2pml::app
