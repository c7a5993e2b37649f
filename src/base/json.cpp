#include "base/json.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/assert.hpp"
#include "base/number_text.hpp"
#include "base/sort.hpp"
#include "base/utf8.hpp"

namespace p2pml::base {
namespace {

constexpr std::int64_t kMaxSafeInteger = (std::int64_t{1} << 53) - 1;

/// Bytes that stand for themselves in a JSON string: ASCII but for controls, `"` and `\`. The rest needs a closer look.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (std::size_t c = 0x20; c < 0x80; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}();

/// Where the run of plain bytes from `position` ends.
std::size_t endOfPlain(std::string_view text, std::size_t position) {
  while (position < text.size() && kPlain[static_cast<std::uint8_t>(text[position])]) ++position;
  return position;
}

/// Objects up to this size find repeated keys by comparing each with each; larger ones sort, so that a hostile object
/// costs n log n.
constexpr std::size_t kFewMembers = 16;

/// JavaScript's rule for repeated keys: the first place, the last value.
void mergeRepeatedKeys(Json::Object& members) {
  std::vector<bool> drop;
  const auto merge = [&](std::size_t first, std::size_t later) {
    if (drop.empty()) drop.resize(members.size());
    members[first].second = std::move(members[later].second);
    drop[later] = true;
  };
  if (members.size() <= kFewMembers) {
    for (std::size_t i = 1; i < members.size(); ++i) {
      for (std::size_t first = 0; first < i; ++first) {
        if (members[first].first == members[i].first) {
          merge(first, i);
          break;
        }
      }
    }
  } else {
    std::vector<std::size_t> order(members.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    base::sort(order, [&](std::size_t a, std::size_t b) {
      const int compared = members[a].first.compare(members[b].first);
      return compared != 0 ? compared < 0 : a < b;
    });
    for (std::size_t i = 0; i < order.size();) {
      std::size_t end = i + 1;
      while (end < order.size() && members[order[end]].first == members[order[i]].first) ++end;
      if (end - i > 1) {
        for (std::size_t later = i + 1; later < end; ++later) merge(order[i], order[later]);
      }
      i = end;
    }
  }
  if (drop.empty()) return;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (drop[i]) continue;
    if (kept != i) members[kept] = std::move(members[i]);
    ++kept;
  }
  members.resize(kept);
}

/// Recursive descent; the depth limit bounds the stack. Each parse function gives false after having set error_.
class Parser {
 public:
  Parser(std::string_view text, const JsonLimits& limits) : text_(text), limits_(limits) {}

  Result<Json> run() {
    if (text_.size() > limits_.bytes) {
      return fail(ErrorCode::limitExceeded, "JSON: text of " + std::to_string(text_.size()) + " bytes, the limit is " +
                                                std::to_string(limits_.bytes));
    }
    Json value;
    skipSpace();
    if (!parseValue(value, 0)) return std::unexpected(std::move(error_));
    skipSpace();
    if (position_ != text_.size()) {
      malformed("the end of the text");
      return std::unexpected(std::move(error_));
    }
    return value;
  }

 private:
  bool malformed(std::string_view expected) {
    error_ = Error{ErrorCode::malformed,
                   "JSON: expected " + std::string(expected) + " at byte " + std::to_string(position_)};
    return false;
  }
  bool limitExceeded(std::string_view what, std::size_t limit) {
    error_ = Error{ErrorCode::limitExceeded, "JSON: more than " + std::to_string(limit) + " " + std::string(what) +
                                                 " at byte " + std::to_string(position_)};
    return false;
  }

  [[nodiscard]] bool atEnd() const { return position_ == text_.size(); }
  /// The byte at hand, 0 at the end; a real 0 is never accepted outside of an escape either.
  [[nodiscard]] char peek() const { return atEnd() ? '\0' : text_[position_]; }
  bool take(char c) {
    if (peek() != c || atEnd()) return false;
    ++position_;
    return true;
  }
  [[nodiscard]] bool atDigit() const { return peek() >= '0' && peek() <= '9'; }

  void skipSpace() {
    while (!atEnd() && (text_[position_] == ' ' || text_[position_] == '\t' || text_[position_] == '\n' ||
                        text_[position_] == '\r')) {
      ++position_;
    }
  }

  bool parseValue(Json& out, std::size_t depth) {
    if (++values_ > limits_.values) return limitExceeded("values", limits_.values);
    switch (peek()) {
      case '{': return parseObject(out, depth);
      case '[': return parseArray(out, depth);
      case '"': {
        std::string text;
        if (!parseString(text)) return false;
        out = Json(std::move(text));
        return true;
      }
      case 't': return parseWord("true", Json(true), out);
      case 'f': return parseWord("false", Json(false), out);
      case 'n': return parseWord("null", Json(), out);
      default: return parseNumber(out);
    }
  }

  bool parseWord(std::string_view word, Json value, Json& out) {
    if (text_.substr(position_, word.size()) != word) return malformed("a value");
    position_ += word.size();
    out = std::move(value);
    return true;
  }

  bool parseObject(Json& out, std::size_t depth) {
    if (depth >= limits_.depth) return limitExceeded("nested arrays and objects", limits_.depth);
    ++position_;
    Json::Object members;
    skipSpace();
    if (!take('}')) {
      for (;;) {
        if (peek() != '"') return malformed("a member name in quotes");
        Json::Member& member = members.emplace_back();
        if (!parseString(member.first)) return false;
        skipSpace();
        if (!take(':')) return malformed("':'");
        skipSpace();
        if (!parseValue(member.second, depth + 1)) return false;
        skipSpace();
        if (take('}')) break;
        if (!take(',')) return malformed("',' or '}'");
        skipSpace();
      }
    }
    mergeRepeatedKeys(members);
    out = Json(std::move(members));
    return true;
  }

  bool parseArray(Json& out, std::size_t depth) {
    if (depth >= limits_.depth) return limitExceeded("nested arrays and objects", limits_.depth);
    ++position_;
    Json::Array items;
    skipSpace();
    if (!take(']')) {
      for (;;) {
        if (!parseValue(items.emplace_back(), depth + 1)) return false;
        skipSpace();
        if (take(']')) break;
        if (!take(',')) return malformed("',' or ']'");
        skipSpace();
      }
    }
    out = Json(std::move(items));
    return true;
  }

  bool parseString(std::string& out) {
    ++position_;
    for (;;) {
      const std::size_t start = position_;
      for (;;) {
        position_ = endOfPlain(text_, position_);
        if (atEnd() || static_cast<std::uint8_t>(text_[position_]) < 0x80) break;
        const Utf8Unit unit = decodeUtf8(text_, position_);
        if (!unit.valid) return malformed("UTF-8");
        position_ += unit.length;
      }
      out.append(text_, start, position_ - start);
      if (atEnd()) return malformed("a closing quote");
      if (take('"')) return true;
      if (peek() != '\\') return malformed("an escape in place of a control character");
      if (!parseEscape(out)) return false;
    }
  }

  bool parseEscape(std::string& out) {
    ++position_;
    const char c = peek();
    if (c == 'u' && !atEnd()) return parseUnicodeEscape(out);
    switch (c) {
      case '"':
      case '\\':
      case '/': out.push_back(c); break;
      case 'b': out.push_back('\b'); break;
      case 'f': out.push_back('\f'); break;
      case 'n': out.push_back('\n'); break;
      case 'r': out.push_back('\r'); break;
      case 't': out.push_back('\t'); break;
      default: return malformed("an escape of RFC 8259 section 7");
    }
    ++position_;
    return true;
  }

  bool parseUnicodeEscape(std::string& out) {
    char32_t unit = 0;
    if (!parseHex4(unit)) return false;
    if (unit >= 0xd800 && unit <= 0xdbff && text_.substr(position_, 2) == "\\u") {
      const std::size_t second = position_;
      ++position_;
      char32_t low = 0;
      if (!parseHex4(low)) return false;
      if (low >= 0xdc00 && low <= 0xdfff) {
        appendUtf8(out, 0x10000 + ((unit - 0xd800) << 10U) + (low - 0xdc00));
        return true;
      }
      position_ = second;  // the second escape stands for itself
    }
    appendUtf8(out, unit >= 0xd800 && unit <= 0xdfff ? kReplacementCharacter : unit);
    return true;
  }

  /// At the `u`; leaves the position behind the four digits.
  bool parseHex4(char32_t& out) {
    ++position_;
    out = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = peek();
      char32_t digit = 0;
      if (c >= '0' && c <= '9') {
        digit = static_cast<char32_t>(c - '0');
      } else if (c >= 'a' && c <= 'f') {
        digit = static_cast<char32_t>(c - 'a' + 10);
      } else if (c >= 'A' && c <= 'F') {
        digit = static_cast<char32_t>(c - 'A' + 10);
      } else {
        return malformed("four hexadecimal digits");
      }
      out = (out << 4U) | digit;
      ++position_;
    }
    return true;
  }

  bool parseNumber(Json& out) {
    const std::size_t start = position_;
    const bool negative = take('-');
    if (!atDigit()) return malformed(negative ? "a digit" : "a value");
    if (!take('0')) skipDigits();
    if (take('.')) {
      if (!atDigit()) return malformed("a digit");
      skipDigits();
    }
    if (peek() == 'e' || peek() == 'E') {
      ++position_;
      if (!take('+')) static_cast<void>(take('-'));
      if (!atDigit()) return malformed("a digit");
      skipDigits();
    }

    const std::string_view digits = text_.substr(start, position_ - start).substr(negative ? 1 : 0);
    double value = readNumber(digits);
    if (std::isinf(value)) {
      position_ = start;
      return malformed("a number within the range of a double");
    }
    if (negative) value = -value;
    out = Json(value);
    return true;
  }

  void skipDigits() {
    while (atDigit()) ++position_;
  }

  std::string_view text_;
  const JsonLimits& limits_;
  std::size_t position_ = 0;
  std::size_t values_ = 0;
  Error error_;
};

/// Appends the escape of an ASCII character that is not plain.
void appendEscaped(std::string& out, char c) {
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  constexpr std::string_view kHexDigits = "0123456789abcdef";
  out += "\\u00";
  out.push_back(kHexDigits[static_cast<std::uint8_t>(c) >> 4U]);
  out.push_back(kHexDigits[static_cast<std::uint8_t>(c) & 0x0fU]);
}

void appendValue(std::string& out, const Json& value) {
  if (value.isNull()) {
    out += "null";
  } else if (const bool* flag = value.boolean()) {
    out += *flag ? "true" : "false";
  } else if (const double* number = value.number()) {
    appendJsonNumber(out, *number);
  } else if (const std::string* text = value.string()) {
    appendJsonString(out, *text);
  } else if (const Json::Array* items = value.array()) {
    out.push_back('[');
    for (std::size_t i = 0; i < items->size(); ++i) {
      if (i != 0) out.push_back(',');
      appendValue(out, (*items)[i]);
    }
    out.push_back(']');
  } else if (const Json::Object* members = value.object()) {
    out.push_back('{');
    for (std::size_t i = 0; i < members->size(); ++i) {
      if (i != 0) out.push_back(',');
      appendJsonString(out, (*members)[i].first);
      out.push_back(':');
      appendValue(out, (*members)[i].second);
    }
    out.push_back('}');
  }
}

}  // namespace

std::optional<std::int64_t> Json::integer() const {
  const double* value = number();
  if (value == nullptr || !(std::fabs(*value) <= static_cast<double>(kMaxSafeInteger)) ||
      std::trunc(*value) != *value) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(*value);
}

const Json* Json::find(std::string_view key) const {
  const Object* members = object();
  if (members == nullptr) return nullptr;
  for (auto member = members->rbegin(); member != members->rend(); ++member) {
    if (member->first == key) return &member->second;
  }
  return nullptr;
}

std::string_view Json::typeName() const {
  constexpr std::string_view kNames[] = {"null", "boolean", "number", "string", "array", "object"};
  return kNames[value_.index()];
}

Result<Json> parseJson(std::string_view text, const JsonLimits& limits) { return Parser(text, limits).run(); }

void appendJsonString(std::string& out, std::string_view text) {
  out.push_back('"');
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t end = endOfPlain(text, i);
    out.append(text, i, end - i);
    i = end;
    if (i == text.size()) break;
    if (static_cast<std::uint8_t>(text[i]) < 0x80) {
      appendEscaped(out, text[i++]);
      continue;
    }
    const Utf8Unit unit = decodeUtf8(text, i);
    appendUtf8(out, unit.codePoint);
    i += unit.length;
  }
  out.push_back('"');
}

void appendJsonBinaryString(std::string& out, std::string_view bytes) {
  out.push_back('"');
  for (const char byte : bytes) {
    const auto c = static_cast<std::uint8_t>(byte);
    if (c >= 0x80 || kPlain[c]) {
      appendUtf8(out, c);
    } else {
      appendEscaped(out, byte);
    }
  }
  out.push_back('"');
}

void appendJsonNumber(std::string& out, double value) {
  if (std::isnan(value) || std::isinf(value)) {
    out += "null";
    return;
  }
  // Most are whole: their digits are the same either way.
  if (std::trunc(value) == value && std::fabs(value) <= static_cast<double>(kMaxSafeInteger)) {
    out += std::to_string(static_cast<std::int64_t>(value));  // -0 as 0, like JavaScript
  } else {
    appendNumber(out, value);
  }
}

std::string toJsonText(const Json& value) {
  std::string out;
  appendValue(out, value);
  return out;
}

}  // namespace p2pml::base
