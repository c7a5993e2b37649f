#include "platform/sim/lab/fields.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace p2pml::sim::lab {

namespace {

std::string numberText(double value) {
  std::string text;
  base::appendJsonNumber(text, value);
  return text;
}

std::string found(const base::Json& json) {
  std::string text = base::toJsonText(json);
  if (text.size() > 60) text = text.substr(0, 57) + "...";
  return text;
}

std::string range(double from, double to) { return numberText(from) + " to " + numberText(to); }

}  // namespace

void Findings::add(const std::string& path, const std::string& expected) {
  if (first.empty()) first = (path.empty() ? "the file" : path) + ": " + expected;
}

std::string oneOf(std::span<const char* const> names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " or " : ", ";
    text += '"' + std::string(names[i]) + '"';
  }
  return text;
}

Fields::Fields(const base::Json& json, std::string path, Findings& findings)
    : json_(json), path_(std::move(path)), findings_(findings) {
  if (json.object() == nullptr) findings_.add(path_, "expected an object, found " + found(json));
}

Fields::~Fields() {
  const auto* members = json_.object();
  if (members == nullptr) return;
  for (const auto& [name, value] : *members) {
    if (std::ranges::find(known_, name) != known_.end()) continue;
    std::vector<std::string_view> names = known_;
    std::ranges::sort(names);
    std::string list;
    for (const auto known : names) list += (list.empty() ? "" : ", ") + std::string(known);
    findings_.add(pathOf(name), "unknown name, expected one of: " + list);
  }
}

std::string Fields::pathOf(std::string_view name) const {
  return path_.empty() ? std::string(name) : path_ + "." + std::string(name);
}

const base::Json* Fields::find(std::string_view name) {
  if (std::ranges::find(known_, name) == known_.end()) known_.push_back(name);
  return json_.find(name);
}

void Fields::text(std::string_view name, std::string& value) {
  const base::Json* json = find(name);
  if (json == nullptr) return;
  if (json->string() == nullptr) {
    add(name, "expected a text, found " + found(*json));
  } else {
    value = *json->string();
  }
}

void Fields::flag(std::string_view name, bool& value) {
  const base::Json* json = find(name);
  if (json == nullptr) return;
  if (json->boolean() == nullptr) {
    add(name, "expected true or false, found " + found(*json));
  } else {
    value = *json->boolean();
  }
}

void Fields::number(std::string_view name, double& value, double from, double to) {
  const base::Json* json = find(name);
  if (json == nullptr) return;
  const double* read = json->number();
  if (read == nullptr || !(*read >= from && *read <= to)) {
    add(name, "expected a number from " + range(from, to) + ", found " + found(*json));
  } else {
    value = *read;
  }
}

bool Fields::readInteger(std::string_view name, std::int64_t& value, std::int64_t from, std::int64_t to) {
  const base::Json* json = find(name);
  if (json == nullptr) return false;
  const auto read = json->integer();
  if (!read || *read < from || *read > to) {
    add(name, "expected a whole number from " + std::to_string(from) + " to " + std::to_string(to) + ", found " +
                  found(*json));
    return false;
  }
  value = *read;
  return true;
}

bool Fields::readChoice(std::string_view name, std::size_t& value, std::span<const char* const> names) {
  const base::Json* json = find(name);
  if (json == nullptr) return false;
  const std::string* read = json->string();
  const auto at = read == nullptr ? names.end() : std::ranges::find(names, std::string_view(*read));
  if (at == names.end()) {
    add(name, "expected " + oneOf(names) + ", found " + found(*json));
    return false;
  }
  value = static_cast<std::size_t>(at - names.begin());
  return true;
}

void Fields::seconds(std::string_view name, base::Duration& value, double from, double to) {
  double read = -1;
  number(name, read, from, to);
  if (read >= from) value = base::Duration(std::llround(read * 1e6));
}

void Fields::milliseconds(std::string_view name, base::Duration& value, double from, double to) {
  double read = -1;
  number(name, read, from, to);
  if (read >= from) value = base::Duration(std::llround(read * 1e3));
}

void Fields::object(std::string_view name, base::Json::Object& value) {
  const base::Json* json = find(name);
  if (json == nullptr) return;
  if (json->object() == nullptr) {
    add(name, "expected an object, found " + found(*json));
  } else {
    value = *json->object();
  }
}

std::span<const base::Json> Fields::array(std::string_view name, std::size_t most) {
  const base::Json* json = find(name);
  if (json == nullptr) return {};
  if (json->array() == nullptr || json->array()->size() > most) {
    add(name, "expected a list of at most " + std::to_string(most) + ", found " + found(*json));
    return {};
  }
  return *json->array();
}

}  // namespace p2pml::sim::lab
