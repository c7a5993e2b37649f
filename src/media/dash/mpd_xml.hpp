// XML into pugixml's tree, behind limits: the only way in which a manifest's text reaches that library.
//
// A text is scanned before it is parsed, so that its size, depth and number of elements and attributes are known to be
// within the limits; document type declarations are refused, so there are no entities to expand (pugixml would not
// expand them either). Nothing outside the text is ever read. Linear.
#pragma once

#include <cstddef>
#include <pugixml.hpp>
#include <string_view>

#include "base/error.hpp"

namespace p2pml::media::dash {

inline constexpr std::size_t kMaxMpdBytes = 8 * 1024 * 1024;
inline constexpr std::size_t kMaxMpdElements = 400'000;
inline constexpr std::size_t kMaxMpdAttributes = 1'500'000;
inline constexpr std::size_t kMaxMpdDepth = 64;
/// What an element says can be inherited by many.
inline constexpr std::size_t kMaxMpdAttributeBytes = 8 * 1024;

/// Parses `text` into `document`; `keepAll` also keeps comments, processing instructions and white space, to write it
/// again. Errors: limitExceeded (naming the limit), malformed (no XML, not UTF-8, a document type, no MPD element).
base::Result<void> loadMpd(std::string_view text, pugi::xml_document& document, bool keepAll = false);

/// An element's or attribute's name without its prefix: MPDs may have one on every name.
std::string_view localName(std::string_view name);

/// The attribute of that name, whatever its prefix; empty text if there is none.
std::string_view attributeOf(const pugi::xml_node& element, std::string_view name);
bool hasAttribute(const pugi::xml_node& element, std::string_view name);

}  // namespace p2pml::media::dash
