// For tests: whether a text is well-formed XML, as far as our SVG uses it.
#pragma once

#include <cctype>
#include <string>
#include <string_view>
#include <vector>

namespace p2pml::sim::lab {

/// "" if elements nest, attributes are quoted and & begins a known entity; else what is wrong.
inline std::string xmlFault(std::string_view text) {
  std::vector<std::string> open;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '&') {
      bool known = false;
      for (const std::string_view entity : {"&amp;", "&lt;", "&gt;", "&quot;"}) {
        known = known || text.substr(at).starts_with(entity);
      }
      if (!known) return "an & that begins no entity";
    }
    if (text[at] != '<') {
      ++at;
      continue;
    }
    std::size_t end = at + 1;
    bool quoted = false;
    while (end < text.size() && (quoted || text[end] != '>')) {
      if (text[end] == '"') quoted = !quoted;
      if (text[end] == '=' && !quoted && (end + 1 == text.size() || text[end + 1] != '"'))
        return "a value without quotes";
      if (text[end] == '<') return "a < within a tag";
      ++end;
    }
    if (end == text.size()) return "a tag without an end";
    std::string_view tag = text.substr(at + 1, end - at - 1);
    const bool closing = tag.starts_with('/');
    const bool alone = tag.ends_with('/');
    if (closing) tag.remove_prefix(1);
    std::size_t length = 0;
    while (length < tag.size() && std::isalnum(static_cast<unsigned char>(tag[length])) != 0) ++length;
    const std::string name(tag.substr(0, length));
    if (name.empty()) return "a tag without a name";
    if (closing) {
      if (open.empty() || open.back() != name) return "</" + name + "> closes nothing";
      open.pop_back();
    } else if (!alone) {
      open.push_back(name);
    }
    at = end + 1;
  }
  return open.empty() ? "" : "<" + open.back() + "> is not closed";
}

}  // namespace p2pml::sim::lab
