#include "gateway/server_clocks.hpp"

#include <algorithm>

#include "gateway/http_text.hpp"
#include "gateway/urls.hpp"

namespace p2pml::gateway {

namespace {

/// Dates have whole seconds, cut: of several that are as near as this the latest is the nearest to the truth.
constexpr base::Duration kDateJitter = base::seconds(5);
/// A cache's answer may be older than it says, and this machine's clock is finer.
constexpr base::Duration kDateTolerance = base::seconds(30);

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") + 1 - first);
}

}  // namespace

void ServerClocks::set(const std::string& opened, Source source, media::WallTime atZero) {
  Clock& clock = clocks_[opened];
  if (source < clock.source) return;
  if (source == Source::date && clock.source == Source::date) {
    const base::Duration later = atZero - clock.atZero;
    if (later <= base::Duration::zero() && later >= -kDateJitter) return;
  }
  clock.source = source;
  clock.atZero = atZero;
}

void ServerClocks::arrived(base::TimePoint now, const std::string& opened, const Headers& headers) {
  if (const auto date = dateOf(headers)) set(opened, Source::date, *date - now.time_since_epoch());
}

void ServerClocks::learn(base::TimePoint now, Outputs& out, const std::string& opened,
                         const std::vector<media::TimingSource>& timing, bool publicOnly, std::uint64_t& lastFetch) {
  for (const media::TimingSource& source : timing) {
    const std::string_view scheme = source.scheme;
    const std::string_view value = trimmed(source.value);
    if (scheme.starts_with("urn:mpeg:dash:utc:direct:")) {
      const auto time = media::parseDateTime(value);
      if (!time) continue;
      return set(opened, Source::direct, *time - now.time_since_epoch());
    }
    const bool byHead = scheme.starts_with("urn:mpeg:dash:utc:http-head:");
    const bool byText =
        scheme.starts_with("urn:mpeg:dash:utc:http-xsdate:") || scheme.starts_with("urn:mpeg:dash:utc:http-iso:");
    const auto url = canonicalUrl(value.substr(0, value.find_first_of(" \t\r\n")));
    if ((!byHead && !byText) || !url) continue;
    if (std::exchange(clocks_[opened].asked, true)) return;
    const FetchId id(++lastFetch);
    asking_[id] = {opened, byHead, {}, now};
    out.push_back(output::Fetch{id, *url, {}, publicOnly});
    return;
  }
}

bool ServerClocks::on(base::TimePoint now, Outputs& out, const input::FetchHead& head) {
  const auto at = asking_.find(head.id);
  if (at == asking_.end()) return false;
  at->second.at = now;
  const auto date = at->second.byHead ? dateOf(head.headers) : std::nullopt;
  if (date) {
    set(at->second.opened, Source::server, *date - now.time_since_epoch());
    learnt_.push_back(at->second.opened);
  }
  if (at->second.byHead || head.status != 200) {
    out.push_back(output::CancelFetch{head.id});
    asking_.erase(at);
  }
  return true;
}

bool ServerClocks::on(Outputs& out, const input::FetchData& data) {
  const auto at = asking_.find(data.id);
  if (at == asking_.end()) return false;
  at->second.text.append(data.data.text().substr(0, kMaxAnswer + 1 - at->second.text.size()));
  if (at->second.text.size() > kMaxAnswer) {
    out.push_back(output::CancelFetch{data.id});
    asking_.erase(at);
  }
  return true;
}

bool ServerClocks::on(base::TimePoint, const input::FetchDone& done) {
  const auto at = asking_.find(done.id);
  if (at == asking_.end()) return false;
  if (const auto time = media::parseDateTime(trimmed(at->second.text))) {
    set(at->second.opened, Source::server, *time - at->second.at.time_since_epoch());
    learnt_.push_back(at->second.opened);
  }
  asking_.erase(at);
  return true;
}

bool ServerClocks::on(const input::FetchFailed& failed) { return asking_.erase(failed.id) > 0; }

std::optional<media::WallTime> ServerClocks::atZero(const std::string& opened) const {
  const auto known = clocks_.find(opened);
  if (known == clocks_.end() || known->second.source == Source::none) return local_;
  const media::WallTime told = known->second.atZero;
  if (known->second.source != Source::date || !local_) return told;
  const base::Duration apart = told > *local_ ? told - *local_ : *local_ - told;
  return apart <= kDateTolerance ? *local_ : told;
}

void ServerClocks::forget(Outputs& out, const std::string& opened) {
  clocks_.erase(opened);
  std::erase_if(asking_, [&](const auto& item) {
    if (item.second.opened != opened) return false;
    out.push_back(output::CancelFetch{item.first});
    return true;
  });
}

}  // namespace p2pml::gateway
