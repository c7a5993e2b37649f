#include "p2pml/probe/http_check.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "p2pml/probe/plain.hpp"
#include "p2pml/probe/pump.hpp"
#include "platform/native/http/native_http_port.hpp"

namespace p2pml::app {

namespace {

namespace input = engine::input;

constexpr std::size_t kMaxManifestBytes = 16 << 20;
constexpr std::size_t kPartBytes = 1024;
/// Of a site that is nobody's (RFC 2606).
constexpr const char* kOtherSite = "https://viewer.example";

std::string fieldOf(const input::HttpHead& head, std::string_view name) {
  const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  for (const auto& [key, value] : head.headers) {
    if (std::ranges::equal(key, name, same)) return plain(value);
  }
  return {};
}

}  // namespace

HttpFacts checkHttp(boost::asio::io_context& loop, const std::string& what, const std::string& url,
                    HttpQuestion question, const std::vector<driver::HttpHeader>& headers, base::Duration limit) {
  HttpFacts facts;
  facts.what = what;
  facts.url = url;
  const auto start = ProbeClock::now();
  bool done = false;
  const auto onEvent = [&](const engine::Input& event) {
    if (const auto* head = std::get_if<input::HttpHead>(&event)) {
      facts.status = head->status;
      facts.finalUrl = head->responseUrl;
      facts.length = head->status == 206 ? head->rangeTotal : head->contentLength;
      facts.contentType = fieldOf(*head, "content-type");
      facts.allowOrigin = fieldOf(*head, "access-control-allow-origin");
      facts.cacheControl = fieldOf(*head, "cache-control");
      facts.age = fieldOf(*head, "age");
      if (question == HttpQuestion::segment && (head->status == 200 || head->status == 206)) {
        facts.ranges = head->status == 206;
      }
    } else if (const auto* data = std::get_if<input::HttpData>(&event)) {
      if (!facts.firstByte) facts.firstByte = since(start);
      if (question == HttpQuestion::segment) {
        // All of it comes, though a part was asked for: that much is known now.
        done = done || facts.ranges == false;
        return;
      }
      facts.body += data->data.text();
      if (facts.body.size() > kMaxManifestBytes) {
        facts.error = "longer than 16 MiB, expected a manifest";
        done = true;
      }
    } else if (const auto* failed = std::get_if<input::HttpFailed>(&event)) {
      facts.error = plain(failed->error.detail);
      done = true;
    } else if (std::get_if<input::HttpDone>(&event) != nullptr) {
      done = true;
    }
  };
  native::NativeHttpOptions options;
  options.tellHeaders = true;
  native::NativeHttpPort http(loop, onEvent, std::move(options));
  driver::HttpRequest request;
  request.url = url;
  request.headers = headers;
  request.headers.push_back({"Origin", kOtherSite});
  if (question == HttpQuestion::segment) {
    request.headers.push_back({"Range", "bytes=0-" + std::to_string(kPartBytes - 1)});
  }
  http.start(base::RequestId(1), std::move(request));
  if (!pump(loop, limit, [&] { return done; })) {
    facts.error = "no whole answer within " + std::to_string(base::toMilliseconds(limit)) + " ms";
  }
  return facts;
}

}  // namespace p2pml::app
