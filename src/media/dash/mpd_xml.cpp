#include "media/dash/mpd_xml.hpp"

#include <algorithm>
#include <string>

#include "base/encoding.hpp"

namespace p2pml::media::dash {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

/// Counts what a parser would make of the text. It is generous where XML is strict: what it lets pass the parser still
/// refuses.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  Result<void> scan() {
    for (std::size_t open = rest_.find('<'); open != std::string_view::npos; open = rest_.find('<')) {
      rest_.remove_prefix(open + 1);
      if (const auto status = markup(); !status) return status;
    }
    return {};
  }

 private:
  Result<void> markup() {
    if (rest_.starts_with("!--")) return skipPast("-->");
    if (rest_.starts_with("![CDATA[")) return skipPast("]]>");
    if (rest_.starts_with("?")) return skipPast("?>");
    if (rest_.starts_with("!")) return fail(ErrorCode::malformed, "MPD: a document type, expected none");
    if (rest_.starts_with("/")) {
      if (depth_ > 0) --depth_;
      return skipPast(">");
    }
    return element();
  }

  Result<void> element() {
    if (++elements_ > kMaxMpdElements) return fail(ErrorCode::limitExceeded, "MPD: more than 400000 elements");
    if (++depth_ > kMaxMpdDepth) return fail(ErrorCode::limitExceeded, "MPD: elements more than 64 deep");
    bool slash = false;
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '>') {
        if (slash) --depth_;
        return {};
      }
      slash = c == '/';
      if (c == '=' && ++attributes_ > kMaxMpdAttributes) {
        return fail(ErrorCode::limitExceeded, "MPD: more than 1500000 attributes");
      }
      if (c == '"' || c == '\'') {
        const std::size_t close = rest_.find(c);
        if (close == std::string_view::npos) return fail(ErrorCode::malformed, "MPD: an open quote");
        if (close > kMaxMpdAttributeBytes) {
          return fail(ErrorCode::limitExceeded, "MPD: an attribute longer than 8192 bytes");
        }
        rest_.remove_prefix(close + 1);
      }
    }
    return fail(ErrorCode::malformed, "MPD: cut off within a tag");
  }

  Result<void> skipPast(std::string_view end) {
    const std::size_t found = rest_.find(end);
    if (found == std::string_view::npos) {
      return fail(ErrorCode::malformed, "MPD: expected \"" + std::string(end) + "\", found the end");
    }
    rest_.remove_prefix(found + end.size());
    return {};
  }

  std::string_view rest_;
  std::size_t elements_ = 0;
  std::size_t attributes_ = 0;
  std::size_t depth_ = 0;
};

pugi::xml_attribute findAttribute(const pugi::xml_node& element, std::string_view name) {
  for (const pugi::xml_attribute attribute : element.attributes()) {
    if (localName(attribute.name()) == name) return attribute;
  }
  return {};
}

}  // namespace

Result<void> loadMpd(std::string_view text, pugi::xml_document& document, bool keepAll) {
  if (text.size() > kMaxMpdBytes) return fail(ErrorCode::limitExceeded, "MPD: longer than 8388608 bytes");
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  if (!base::isUtf8(text)) return fail(ErrorCode::malformed, "MPD: expected UTF-8");
  if (const auto status = Scanner(text).scan(); !status) return status;
  const unsigned int flags =
      keepAll ? pugi::parse_full & ~static_cast<unsigned int>(pugi::parse_doctype) : pugi::parse_default;
  const pugi::xml_parse_result result = document.load_buffer(text.data(), text.size(), flags, pugi::encoding_utf8);
  if (!result) {
    return fail(ErrorCode::malformed, "MPD: byte " + std::to_string(std::max<std::ptrdiff_t>(result.offset, 0)) + ": " +
                                          result.description());
  }
  const std::string_view root = localName(document.document_element().name());
  if (root != "MPD") {
    return fail(ErrorCode::malformed, "MPD: the root element is \"" + std::string(root.substr(0, 60)) +
                                          "\", expected \"MPD\": this is no DASH manifest");
  }
  return {};
}

std::string_view localName(std::string_view name) {
  const std::size_t colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

std::string_view attributeOf(const pugi::xml_node& element, std::string_view name) {
  return findAttribute(element, name).value();
}

bool hasAttribute(const pugi::xml_node& element, std::string_view name) {
  return static_cast<bool>(findAttribute(element, name));
}

}  // namespace p2pml::media::dash
