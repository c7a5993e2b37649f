#include "gateway/page.hpp"

#include <utility>

#include "base/encoding.hpp"
#include "base/sha1.hpp"
#include "gateway/http_text.hpp"

namespace p2pml::gateway {

namespace {

constexpr std::string_view kPlainPage = R"(<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>p2pml gateway</title>
<h1>p2pml gateway</h1>
<p>Open <code>/play?url=URL</code> in any player; URL is the manifest's, percent-encoded.</p>
<p>What goes on: <a href="/api/stats">/api/stats</a>, <a href="/metrics">/metrics</a>.</p>
<p>This program was built without its page; <code>scripts/build_page.sh</code>, then building it again, puts it in.</p>
</html>
)";

/// Scripts and styles are files of ours, and so is all that is fetched. hls.js and dash.js play by way of blobs.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "media-src 'self' blob:; worker-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

std::string_view typeOf(std::string_view path) {
  if (path.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (path.ends_with(".css")) return "text/css; charset=utf-8";
  if (path.ends_with(".svg")) return "image/svg+xml";
  return "text/html; charset=utf-8";
}

/// RFC 9110 section 12.5.3, of which only whether gzip is refused by its weight matters.
bool acceptsGzip(std::string_view list) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    std::string item(list.substr(0, comma));
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    std::erase(item, ' ');
    const std::string_view coding = std::string_view(item).substr(0, item.find(';'));
    if (!equalsIgnoringCase(coding, "gzip")) continue;
    const std::size_t weight = item.find("q=");
    return weight == std::string::npos || item.find_first_not_of("0.", weight + 2) != std::string::npos;
  }
  return false;
}

}  // namespace

Page::Page(std::vector<PageFile> files) {
  for (PageFile& file : files) {
    const base::Bytes& content = file.plain.empty() ? file.gzip : file.plain;
    std::string tag = base::toHex(base::sha1(content.text())).substr(0, 20);
    std::string path = file.path;
    files_.insert_or_assign(std::move(path), File{std::move(file), std::move(tag)});
  }
  if (!files_.contains("/")) files_["/"] = {{"/", base::Bytes::copyOf(kPlainPage), {}}, "plain"};
}

std::optional<PageAnswer> Page::answer(std::string_view path, const Headers& request) const {
  const auto found = files_.find(path);
  if (found == files_.end()) return std::nullopt;
  const auto& [file, name] = found->second;
  // Who says nothing about codings accepts any (RFC 9110 section 12.5.3): so do those who get what exists packed only.
  const bool packed =
      !file.gzip.empty() && (file.plain.empty() || acceptsGzip(headerValue(request, "Accept-Encoding")));
  const std::string tag = "\"" + name + (packed ? "-gzip\"" : "\"");
  PageAnswer answer;
  answer.headers = {{"Content-Type", std::string(typeOf(path))},
                    {"Cache-Control", "no-cache"},
                    {"ETag", tag},
                    {"Vary", "Accept-Encoding"},
                    {"Content-Security-Policy", std::string(kPolicy)},
                    {"Referrer-Policy", "no-referrer"}};
  if (matchesEntityTag(headerValue(request, "If-None-Match"), tag)) {
    answer.status = 304;
    return answer;
  }
  if (packed) answer.headers.push_back({"Content-Encoding", "gzip"});
  answer.body = packed ? file.gzip : file.plain;
  return answer;
}

}  // namespace p2pml::gateway
