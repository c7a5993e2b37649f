// A small bounded JSON reader and writer (RFC 8259) for what travels in the engine: peer commands, tracker messages,
// settings.
//
// It exists because the browser build cannot carry a general library (12-23 KB gzip); native tools use nlohmann::json.
// The reader accepts exactly RFC 8259 within its limits and gives a value or an error; it never throws. Numbers are
// doubles, as in JavaScript. Strings come out as UTF-8; a lone surrogate escape becomes U+FFFD. Of repeated keys the
// last one counts, as in JavaScript.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.hpp"

namespace p2pml::base {

class Json {
 public:
  using Array = std::vector<Json>;
  using Member = std::pair<std::string, Json>;
  /// In the order written.
  using Object = std::vector<Member>;

  Json() = default;  // null
  Json(bool value) : value_(value) {}
  Json(double value) : value_(value) {}
  Json(std::int64_t value) : value_(static_cast<double>(value)) {}
  Json(int value) : value_(static_cast<double>(value)) {}
  Json(std::string value) : value_(std::move(value)) {}
  Json(std::string_view value) : value_(std::string(value)) {}
  Json(const char* value) : value_(std::string(value)) {}
  Json(Array value) : value_(std::move(value)) {}
  Json(Object value) : value_(std::move(value)) {}

  [[nodiscard]] bool isNull() const { return std::holds_alternative<std::monostate>(value_); }
  [[nodiscard]] const bool* boolean() const { return std::get_if<bool>(&value_); }
  [[nodiscard]] const double* number() const { return std::get_if<double>(&value_); }
  [[nodiscard]] const std::string* string() const { return std::get_if<std::string>(&value_); }
  [[nodiscard]] const Array* array() const { return std::get_if<Array>(&value_); }
  [[nodiscard]] const Object* object() const { return std::get_if<Object>(&value_); }

  /// The number if it is a whole one within +-(2^53 - 1).
  [[nodiscard]] std::optional<std::int64_t> integer() const;
  /// The member of that name, the last one if repeated; null pointer if this is no object or has none.
  [[nodiscard]] const Json* find(std::string_view key) const;

  /// "null", "boolean", "number", "string", "array" or "object": for error messages.
  [[nodiscard]] std::string_view typeName() const;

  friend bool operator==(const Json&, const Json&) = default;

 private:
  std::variant<std::monostate, bool, double, std::string, Array, Object> value_;
};

struct JsonLimits {
  std::size_t bytes = 1 << 20;   ///< of the whole text
  std::size_t depth = 16;        ///< nesting of arrays and objects
  std::size_t values = 100'000;  ///< of all kinds together
};

/// The whole text must be one value (white space around it is allowed).
/// Errors: malformed (with the byte offset), limitExceeded (naming the limit).
Result<Json> parseJson(std::string_view text, const JsonLimits& limits = {});

/// Appends `text` (UTF-8) as a JSON string in quotes, escaped as JavaScript's JSON.stringify escapes: `"`, `\`, \b \f
/// \n \r \t, other controls as \u00xx, nothing else. Broken UTF-8 is replaced by U+FFFD.
void appendJsonString(std::string& out, std::string_view text);
/// Appends the bytes as a JSON string of code points U+0000-U+00FF ("binary string").
void appendJsonBinaryString(std::string& out, std::string_view bytes);
/// Appends a number the shortest way that reads back the same; whole numbers within 2^53 without a fraction. NaN and
/// infinities become null.
void appendJsonNumber(std::string& out, double value);
/// Compact text of a value, members in their order.
std::string toJsonText(const Json& value);

}  // namespace p2pml::base
