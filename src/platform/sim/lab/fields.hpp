// A strict reader of JSON objects: every member is asked for by name with the range it must lie in, and what nobody
// asked for is an error. The first error stays; the rest of the reading goes on without harm.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/time.hpp"

namespace p2pml::sim::lab {

/// The first thing that was wrong with a document.
struct Findings {
  std::string first;
  void add(const std::string& path, const std::string& expected);
};

class Fields {
 public:
  /// `json` must be an object and outlive this.
  Fields(const base::Json& json, std::string path, Findings& findings);
  /// Whatever was not asked for is a finding.
  ~Fields();
  Fields(const Fields&) = delete;
  Fields& operator=(const Fields&) = delete;

  /// Null if it is not there.
  const base::Json* find(std::string_view name);
  [[nodiscard]] bool has(std::string_view name) { return find(name) != nullptr; }
  [[nodiscard]] std::string pathOf(std::string_view name) const;

  // Each leaves `value` as it is if the member is not there or is wrong.
  void text(std::string_view name, std::string& value);
  void flag(std::string_view name, bool& value);
  void number(std::string_view name, double& value, double from, double to);
  template <class Integer>
  void integer(std::string_view name, Integer& value, std::int64_t from, std::int64_t to) {
    std::int64_t read = 0;
    if (readInteger(name, read, from, to)) value = static_cast<Integer>(read);
  }
  /// The index in `names`.
  template <class Enum>
  void choice(std::string_view name, Enum& value, std::span<const char* const> names) {
    std::size_t read = 0;
    if (readChoice(name, read, names)) value = static_cast<Enum>(read);
  }
  /// Seconds, also broken ones.
  void seconds(std::string_view name, base::Duration& value, double from, double to);
  void milliseconds(std::string_view name, base::Duration& value, double from, double to);
  /// An object, kept as it is.
  void object(std::string_view name, base::Json::Object& value);
  /// The elements of an array of at most `most`; none if it is not there.
  std::span<const base::Json> array(std::string_view name, std::size_t most);
  void add(std::string_view name, const std::string& expected) { findings_.add(pathOf(name), expected); }

 private:
  bool readInteger(std::string_view name, std::int64_t& value, std::int64_t from, std::int64_t to);
  bool readChoice(std::string_view name, std::size_t& value, std::span<const char* const> names);

  const base::Json& json_;
  std::string path_;
  Findings& findings_;
  std::vector<std::string_view> known_;
};

/// "a", "b" or "c".
std::string oneOf(std::span<const char* const> names);

}  // namespace p2pml::sim::lab
