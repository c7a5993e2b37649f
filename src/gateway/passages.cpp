#include "gateway/passages.hpp"

#include <algorithm>
#include <array>

#include "gateway/http_text.hpp"

namespace p2pml::gateway {

namespace {

constexpr std::array<std::string_view, 7> kToOrigin{
    "Range", "If-Range", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "Authorization", "Cookie"};
constexpr std::array<std::string_view, 11> kToPlayer{
    "Content-Type",  "Content-Range", "ETag",        "Last-Modified",       "Cache-Control", "Expires",
    "Accept-Ranges", "Age",           "Retry-After", "Content-Disposition", "Date"};

template <std::size_t size>
Headers only(const Headers& headers, const std::array<std::string_view, size>& names) {
  Headers kept;
  for (const std::string_view name : names) {
    const std::string_view value = headerValue(headers, name);
    if (!value.empty()) kept.push_back({std::string(name), std::string(value)});
  }
  return kept;
}

}  // namespace

void respondText(Outputs& out, ExchangeId exchange, int status, const std::string& text, Headers headers) {
  const std::string body = "p2pml: " + text + "\n";
  headers.push_back({"Content-Type", "text/plain; charset=utf-8"});
  headers.push_back({"Cache-Control", "no-store"});
  out.push_back(output::RespondHead{exchange, status, std::move(headers), body.size()});
  out.push_back(output::RespondBody{exchange, base::Bytes::copyOf(body)});
  out.push_back(output::RespondEnd{exchange});
}

int statusOf(const base::Error& error) { return error.code == base::ErrorCode::timeout ? 504 : 502; }

std::string Passages::keyOf(const PassageRequest& request) {
  return request.url + "\n" + std::string(headerValue(request.headers, "Range"));
}

void Passages::start(base::TimePoint now, Outputs& out, FetchId fetch, PassageRequest request) {
  const Headers forwarded = only(request.headers, kToOrigin);
  // What is asked under conditions or with credentials is between the player and the origin.
  const bool plain =
      !request.fresh && std::ranges::all_of(forwarded, [](const Header& header) { return header.name == "Range"; });
  const auto kept = cache_.find(keyOf(request));
  if (plain && kept != cache_.end() && kept->second.until > now) {
    const Kept& it = kept->second;
    out.push_back(output::RespondHead{request.exchange, it.status, it.headers, it.body.size()});
    if (!request.headOnly) out.push_back(output::RespondBody{request.exchange, it.body});
    out.push_back(output::RespondEnd{request.exchange});
    return;
  }
  out.push_back(output::Fetch{fetch, request.url, forwarded, request.publicOnly});
  Passage& passage = passages_[fetch];
  passage.request = std::move(request);
  passage.keep = plain && !passage.request.headOnly;
}

bool Passages::on(base::TimePoint now, Outputs& out, const input::FetchHead& head) {
  const auto at = passages_.find(head.id);
  if (at == passages_.end()) return false;
  Passage& passage = at->second;
  const bool complete = head.status == 200 || head.status == 206;
  if (head.status == 200 && head.length) totals_.emplace_back(passage.request.url, *head.length);
  if (head.status == 206 && head.total) totals_.emplace_back(passage.request.url, *head.total);
  Headers headers = only(head.headers, kToPlayer);
  if (headerValue(headers, "Content-Type").empty() && complete) {
    headers.push_back({"Content-Type", std::string(contentTypeOf(passage.request.url))});
  }
  const base::Duration fresh = freshness(head.headers, kUnsaidFreshness);
  passage.keep =
      passage.keep && complete && fresh > base::Duration::zero() && head.length.value_or(0) <= kMaxCachedBody;
  if (passage.keep) passage.kept = {head.status, headers, {}, now + fresh};
  passage.headSent = true;
  const bool bodyless = head.status == 204 || head.status == 304;
  out.push_back(output::RespondHead{passage.request.exchange, head.status, std::move(headers),
                                    bodyless ? std::nullopt : head.length});
  if (passage.request.headOnly) {
    out.push_back(output::RespondEnd{passage.request.exchange});
    out.push_back(output::CancelFetch{head.id});
    passages_.erase(at);
  }
  return true;
}

bool Passages::on(base::TimePoint, Outputs& out, const input::FetchData& data) {
  const auto at = passages_.find(data.id);
  if (at == passages_.end()) return false;
  Passage& passage = at->second;
  passage.sent += data.data.size();
  bytes_ += data.data.size();
  if (passage.sent - passage.drained > kMaxBacklog) {
    out.push_back(output::RespondCut{passage.request.exchange});
    out.push_back(output::CancelFetch{data.id});
    passages_.erase(at);
    return true;
  }
  out.push_back(output::RespondBody{passage.request.exchange, data.data});
  if (passage.keep && passage.sent <= kMaxCachedBody) {
    passage.body.append(data.data);
  } else {
    passage.keep = false;
    passage.body.clear();
  }
  return true;
}

bool Passages::on(base::TimePoint, Outputs& out, const input::FetchDone& done) {
  const auto at = passages_.find(done.id);
  if (at == passages_.end()) return false;
  out.push_back(output::RespondEnd{at->second.request.exchange});
  if (at->second.keep) keep(std::move(at->second));
  passages_.erase(at);
  return true;
}

void Passages::keep(Passage&& passage) {
  passage.kept.body = passage.body.finish();
  const std::size_t size = passage.kept.body.size();
  while (!cache_.empty() && cachedBytes_ + size > kMaxCacheBytes) {
    const auto first =
        std::ranges::min_element(cache_, [](const auto& a, const auto& b) { return a.second.until < b.second.until; });
    cachedBytes_ -= first->second.body.size();
    cache_.erase(first);
  }
  Kept& kept = cache_[keyOf(passage.request)];
  cachedBytes_ += size - kept.body.size();
  kept = std::move(passage.kept);
}

bool Passages::on(base::TimePoint, Outputs& out, const input::FetchFailed& failed) {
  const auto at = passages_.find(failed.id);
  if (at == passages_.end()) return false;
  if (at->second.headSent) {
    out.push_back(output::RespondCut{at->second.request.exchange});
  } else {
    respondText(out, at->second.request.exchange, statusOf(failed.error), failed.error.detail);
  }
  passages_.erase(at);
  return true;
}

void Passages::forgetKept() {
  cache_.clear();
  cachedBytes_ = 0;
}

void Passages::drained(ExchangeId exchange, std::uint64_t bytes) {
  for (auto& [fetch, passage] : passages_) {
    if (passage.request.exchange == exchange) passage.drained = bytes;
  }
}

void Passages::gone(Outputs& out, ExchangeId exchange) {
  std::erase_if(passages_, [&](const auto& item) {
    if (item.second.request.exchange != exchange) return false;
    out.push_back(output::CancelFetch{item.first});
    return true;
  });
}

}  // namespace p2pml::gateway
