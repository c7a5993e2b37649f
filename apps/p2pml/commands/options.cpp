#include "p2pml/commands/options.hpp"

#include <CLI/Config.hpp>
#include <CLI/Error.hpp>
#include <CLI/Formatter.hpp>
#include <cmath>
#include <cstdlib>

#include "platform/native/http/http_fields.hpp"

namespace p2pml::app {

namespace {

constexpr double kWeek = 7.0 * 24 * 3600;

std::string secondsText(double seconds) {
  std::string text = std::to_string(seconds);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

}  // namespace

CLI::Option* addEndpoint(CLI::App& command, const std::string& name, native::Endpoint& endpoint,
                         const std::string& description) {
  const auto take = [&endpoint, name](const std::string& text) {
    auto parsed = native::parseEndpoint(text);
    if (!parsed) throw CLI::ValidationError(name, parsed.error().detail);
    endpoint = *std::move(parsed);
  };
  return command.add_option_function<std::string>(name, take, description)
      ->type_name("HOST:PORT")
      ->default_str(toString(endpoint));
}

CLI::Option* addSeconds(CLI::App& command, const std::string& name, base::Duration& duration, double atLeast,
                        const std::string& description) {
  const auto take = [&duration, name, atLeast](const std::string& text) {
    char* end = nullptr;
    const double seconds = std::strtod(text.c_str(), &end);
    if (text.empty() || *end != '\0' || !(seconds >= atLeast && seconds <= kWeek)) {
      throw CLI::ValidationError(
          name, "\"" + text + "\": expected seconds from " + secondsText(atLeast) + " to " + secondsText(kWeek));
    }
    duration = base::Duration(std::llround(seconds * 1e6));
  };
  return command.add_option_function<std::string>(name, take, description)
      ->type_name("SECONDS")
      ->default_str(secondsText(static_cast<double>(duration.count()) / 1e6));
}

base::Result<std::vector<driver::HttpHeader>> parseHeaders(const std::vector<std::string>& texts) {
  std::vector<driver::HttpHeader> headers;
  for (const std::string& text : texts) {
    const auto field = native::parseHeaderLine(text);
    if (!field || !native::isFieldName(field->name) || !native::isFieldValue(field->value)) {
      return base::fail(base::ErrorCode::invalidArgument, "--header: expected \"Name: value\"");
    }
    headers.push_back({std::string(field->name), std::string(field->value)});
  }
  return headers;
}

}  // namespace p2pml::app
