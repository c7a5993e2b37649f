// What the tag handlers of both kinds of playlist share while one text is read: the place for error messages,
// variables, URI resolution, and the budget of produced bytes. Internal to the playlist reader; lives for one parseM3u8
// call.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.hpp"
#include "media/m3u8.hpp"
#include "media/m3u8_lexer.hpp"
#include "media/uri.hpp"

namespace p2pml::media {

using M3u8Status = base::Result<void>;

class M3u8Context {
 public:
  /// `baseUrl` and `options` must outlive this.
  static base::Result<M3u8Context> make(std::string_view baseUrl, const M3u8Options& options);

  /// The line that is being read; `subject` is its tag's name or "URI".
  void enter(std::size_t line, std::string_view subject);
  [[nodiscard]] std::size_t line() const { return line_; }
  [[nodiscard]] const M3u8Options& options() const { return *options_; }

  [[nodiscard]] std::unexpected<base::Error> malformed(std::string_view what) const;
  [[nodiscard]] std::unexpected<base::Error> limitExceeded(std::string_view what) const;
  /// The same error, with line and tag in front.
  [[nodiscard]] std::unexpected<base::Error> inContext(const base::Error& error) const;

  /// Adds to the measure of cost.
  void count(std::size_t bytes);

  /// `text` with every `{$name}` replaced. What a value contains is not looked at again.
  base::Result<std::string> substitute(std::string_view text);
  /// Substitutes, then resolves against the playlist's URL.
  base::Result<std::string> resolve(std::string_view uri);

  /// EXT-X-DEFINE.
  M3u8Status define(const M3u8AttributeList& attributes);
  [[nodiscard]] PlaylistVariables takeVariables() { return std::move(variables_); }

 private:
  M3u8Context(UriResolver resolver, std::string_view baseUrl, const M3u8Options& options)
      : resolver_(std::move(resolver)), baseUrl_(baseUrl), options_(&options) {}

  M3u8Status produce(std::size_t bytes);

  UriResolver resolver_;
  std::string_view baseUrl_;
  const M3u8Options* options_;
  PlaylistVariables variables_;
  std::size_t line_ = 0;
  std::string_view subject_;
  std::size_t produced_ = 0;
};

/// Reads the attributes of one tag by type. The first thing wrong is kept and every later answer is empty: read all
/// that the tag has, then return status().
class M3u8AttributeReader {
 public:
  M3u8AttributeReader(M3u8Context& context, std::string_view value);

  [[nodiscard]] const M3u8Status& status() const { return status_; }

  /// Empty if absent.
  std::string text(std::string_view name);
  std::optional<std::string> optionalText(std::string_view name);
  std::string requiredText(std::string_view name, std::string_view expected = "a text that is not empty");
  std::optional<std::string> uri(std::string_view name);
  std::string requiredUri(std::string_view name);
  std::optional<std::uint64_t> integer(std::string_view name);
  std::uint64_t requiredInteger(std::string_view name);
  /// Units of 10^-decimals.
  std::optional<std::int64_t> decimal(std::string_view name, int decimals);
  std::optional<std::int64_t> signedDecimal(std::string_view name, int decimals);
  std::optional<Resolution> resolution(std::string_view name);
  std::optional<std::array<std::uint8_t, 16>> hex128(std::string_view name);
  std::optional<ByteRangeText> byteRange(std::string_view name);
  /// YES or NO; NO if absent.
  bool yes(std::string_view name);

  [[nodiscard]] const M3u8AttributeList& list() const { return list_; }
  /// Keeps "NAME is ..., expected ..." as the error if there is none yet.
  void refuse(std::string_view name, std::string_view expected);
  void keepError(base::Error error);

 private:
  const M3u8AttributeList::Attribute* find(std::string_view name) const;
  template <class Parse>
  auto parsed(std::string_view name, std::string_view expected, Parse parse) -> decltype(parse(std::string_view()));

  M3u8Context& context_;
  M3u8AttributeList list_;
  M3u8Status status_;
};

/// One row of a tag table: which method of Reader handles the tag's value.
template <class Reader>
struct M3u8TagRule {
  std::string_view name;
  M3u8Status (Reader::*handle)(std::string_view value);
};

/// The row of `name` in a table that is sorted by name; null if there is none.
template <class Reader, std::size_t size>
constexpr const M3u8TagRule<Reader>* findTagRule(const std::array<M3u8TagRule<Reader>, size>& table,
                                                 std::string_view name) {
  const auto found = std::ranges::lower_bound(table, name, {}, &M3u8TagRule<Reader>::name);
  return found != table.end() && found->name == name ? &*found : nullptr;
}

}  // namespace p2pml::media
