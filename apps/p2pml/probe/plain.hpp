// What others say is shown on a terminal: nothing in it may move the cursor or look like a line of ours.
#pragma once

#include <algorithm>
#include <string>

namespace p2pml::app {

/// Without control characters, and no longer than a few lines.
inline std::string plain(std::string text) {
  constexpr std::size_t kMaxBytes = 400;
  text.resize(std::min(text.size(), kMaxBytes));
  std::ranges::replace_if(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return text;
}

}  // namespace p2pml::app
