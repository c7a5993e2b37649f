#include "media/dash/mpd_rewrite.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>

#include "media/dash/mpd_fields.hpp"
#include "media/dash/mpd_xml.hpp"
#include "media/uri.hpp"

namespace p2pml::media::dash {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using Node = pugi::xml_node;

constexpr std::size_t kMaxProducedBytes = 64 * 1024 * 1024;

class Text : public pugi::xml_writer {
 public:
  void write(const void* data, std::size_t size) override { text.append(static_cast<const char*>(data), size); }
  std::string text;
};

struct Attribute {
  const char* name;
  UriUse use;
};

/// The attributes of a SegmentTemplate that are URLs.
constexpr std::array kTemplateUrls = std::to_array<Attribute>({{"media", UriUse::mediaTemplate},
                                                               {"initialization", UriUse::initialization},
                                                               {"index", UriUse::index},
                                                               {"bitstreamSwitching", UriUse::initialization}});
using TemplateUrls = std::array<std::optional<std::string>, kTemplateUrls.size()>;

class Rewriter {
 public:
  Rewriter(const UriRewriter& rewriter, const MpdRewriteOptions& options) : rewriter_(rewriter), options_(options) {}

  /// `base`: the base URL around `element`; `inherited`: what the SegmentTemplates around it say. The depth is limited
  /// by loadMpd().
  Result<void> visit(Node element, std::string base, TemplateUrls inherited = {}) {
    const std::string_view name = localName(element.name());
    if (const auto status = takeBase(element, base); !status) return status;
    if (attributeOf(element, "href") != kNothing) {
      if (const auto status = all(element, base, {{"href", UriUse::xlink}}); !status) return status;
    }
    // A template counts for a Representation with the base URL there: so it is moved there.
    Node own;
    for (Node child : element.children()) {
      if (localName(child.name()) == "SegmentTemplate") own = child;
    }
    if (own) take(own, inherited);
    for (Node child = element.first_child(); child;) {
      const Node next = child.next_sibling();
      if (isLeftOut(localName(child.name()))) {
        element.remove_child(child);
      } else if (child.type() == pugi::node_element && child != own) {
        if (const auto status = visit(child, base, inherited); !status) return status;
      }
      child = next;
    }
    if (own) {
      for (Node child : own.children()) {
        if (const auto status = visit(child, base); !status) return status;
      }
    }
    if (name != "Representation") return rewrite(element, name, base);
    if (const auto status = putTemplate(element, own, inherited, base); !status) return status;
    return keepBase(element, base);
  }

 private:
  /// Of xlink:href: there is nothing at all (section 5.5.3).
  static constexpr std::string_view kNothing = "urn:mpeg:dash:resolve-to-zero:2013";

  [[nodiscard]] bool isLeftOut(std::string_view name) const {
    return name == "ContentSteering" || (options_.withoutPatches && name == "PatchLocation");
  }

  Result<void> rewrite(Node element, std::string_view name, const std::string& base) {
    if (name == "SegmentTemplate") {
      return all(element, base,
                 {{"media", UriUse::mediaTemplate},
                  {"initialization", UriUse::initialization},
                  {"index", UriUse::index},
                  {"bitstreamSwitching", UriUse::initialization}});
    }
    if (name == "SegmentURL") return all(element, base, {{"media", UriUse::media}, {"index", UriUse::index}});
    if (name == "Initialization" || name == "Initialisation" || name == "BitstreamSwitching") {
      return all(element, base, {{"sourceURL", UriUse::initialization}});
    }
    if (name == "RepresentationIndex") return all(element, base, {{"sourceURL", UriUse::index}});
    if (name == "Location") return text(element, base, UriUse::location);
    if (name == "PatchLocation") return text(element, base, UriUse::patchLocation);
    if (name == "UTCTiming") {
      // Only some schemes ask a server; the value of "direct" is a time.
      const bool asks = attributeOf(element, "schemeIdUri").find(":http-") != std::string_view::npos;
      return asks ? timing(element, base) : Result<void>();
    }
    return {};
  }

  /// Goes on with the first BaseURL in `element` and takes them all out.
  static Result<void> takeBase(Node element, std::string& base) {
    bool first = true;
    for (Node child = element.first_child(); child;) {
      const Node next = child.next_sibling();
      if (localName(child.name()) == "BaseURL") {
        if (first) {
          auto url = resolveUri(trimmedText(child), base);
          if (!url) return std::unexpected(url.error());
          base = std::move(*url);
          first = false;
        }
        element.remove_child(child);
      }
      child = next;
    }
    return {};
  }

  /// Takes the URLs off a SegmentTemplate; they go over those of `urls`.
  static void take(Node element, TemplateUrls& urls) {
    for (std::size_t i = 0; i < kTemplateUrls.size(); ++i) {
      if (const pugi::xml_attribute attribute = element.attribute(kTemplateUrls[i].name)) {
        urls[i] = attribute.value();
        element.remove_attribute(attribute);
      }
    }
  }

  Result<void> putTemplate(Node element, Node own, const TemplateUrls& urls, const std::string& base) {
    if (std::ranges::all_of(urls, [](const auto& url) { return !url; })) return {};
    for (const Node child : element.children()) {
      // It is addressed another way: the templates around it say nothing for it.
      const std::string_view name = localName(child.name());
      if (name == "SegmentBase" || name == "SegmentList") return {};
    }
    if (!own) own = element.append_child((prefixOf(element) + "SegmentTemplate").c_str());
    for (std::size_t i = 0; i < kTemplateUrls.size(); ++i) {
      if (!urls[i]) continue;
      // The identifiers of a template are of a URI's characters, the percent sign of a width too.
      auto absolute = resolveUri(*urls[i], base);
      if (!absolute) return std::unexpected(absolute.error());
      auto url = instead(kTemplateUrls[i].use, *absolute);
      if (!url) return std::unexpected(url.error());
      own.append_attribute(kTemplateUrls[i].name).set_value(url->c_str());
    }
    return {};
  }

  /// For what has no URL but that of its base.
  Result<void> keepBase(Node element, const std::string& base) {
    auto url = instead(UriUse::base, base);
    if (!url) return std::unexpected(url.error());
    const std::string prefix = prefixOf(element);
    Node added = element.prepend_child((prefix + "BaseURL").c_str());
    added.text().set(url->c_str());
    return {};
  }

  Result<void> all(Node element, const std::string& base, std::initializer_list<Attribute> attributes) {
    for (const Attribute& wanted : attributes) {
      for (pugi::xml_attribute attribute : element.attributes()) {
        if (localName(attribute.name()) != wanted.name || attribute.empty() || *attribute.value() == '\0') continue;
        auto absolute = resolveUri(attribute.value(), base);
        if (!absolute) return std::unexpected(absolute.error());
        auto url = instead(wanted.use, *absolute);
        if (!url) return std::unexpected(url.error());
        attribute.set_value(url->c_str());
      }
    }
    return {};
  }

  /// Its value is a list of URLs.
  Result<void> timing(Node element, const std::string& base) {
    std::string list;
    std::string_view rest = attributeOf(element, "value");
    while (!(rest = rest.substr(std::min(rest.find_first_not_of(" \t\r\n"), rest.size()))).empty()) {
      const std::size_t end = std::min(rest.find_first_of(" \t\r\n"), rest.size());
      auto absolute = resolveUri(rest.substr(0, end), base);
      if (!absolute) return std::unexpected(absolute.error());
      auto url = instead(UriUse::timing, *absolute);
      if (!url) return std::unexpected(url.error());
      list += (list.empty() ? "" : " ") + *url;
      rest.remove_prefix(end);
    }
    element.attribute("value").set_value(list.c_str());
    return {};
  }

  Result<void> text(Node element, const std::string& base, UriUse use) {
    auto absolute = resolveUri(trimmedText(element), base);
    if (!absolute) return std::unexpected(absolute.error());
    auto url = instead(use, *absolute);
    if (!url) return std::unexpected(url.error());
    element.text().set(url->c_str());
    return {};
  }

  Result<std::string> instead(UriUse use, const std::string& url) {
    auto given = rewriter_({use, url});
    std::string result = given ? std::move(*given) : url;
    const bool safe = !result.empty() && std::ranges::all_of(result, [](char c) { return c > ' ' && c != 0x7f; });
    if (!safe) return fail(ErrorCode::invalidArgument, "MPD: expected a URI to write instead");
    produced_ += result.size();
    if (produced_ > kMaxProducedBytes) {
      return fail(ErrorCode::limitExceeded, "MPD: its URIs are longer than 67108864 bytes together");
    }
    return result;
  }

  static std::string prefixOf(const Node& element) {
    const std::string_view name = element.name();
    return std::string(name.substr(0, name.size() - localName(name).size()));
  }

  const UriRewriter& rewriter_;
  const MpdRewriteOptions& options_;
  std::size_t produced_ = 0;
};

}  // namespace

Result<std::string> rewriteUris(std::string_view text, std::string_view baseUrl, const UriRewriter& rewriter,
                                const MpdRewriteOptions& options) {
  if (const auto resolver = UriResolver::forBase(baseUrl); !resolver) return std::unexpected(resolver.error());
  pugi::xml_document document;
  if (const auto loaded = loadMpd(text, document, true); !loaded) return std::unexpected(loaded.error());
  Rewriter visitor(rewriter, options);
  if (const auto status = visitor.visit(document.document_element(), std::string(baseUrl)); !status) {
    return std::unexpected(status.error());
  }
  Text out;
  document.save(out, "", pugi::format_raw | pugi::format_no_declaration, pugi::encoding_utf8);
  return std::move(out.text);
}

}  // namespace p2pml::media::dash
