#include "gateway/manifests.hpp"

#include <algorithm>

#include "gateway/http_text.hpp"
#include "gateway/urls.hpp"

namespace p2pml::gateway {

const Manifest* Manifests::find(const ManifestKey& key) const {
  const auto known = manifests_.find(key);
  return known == manifests_.end() ? nullptr : &known->second;
}

std::vector<ManifestStream> Manifests::takeStreams(const ManifestKey& key) {
  const auto known = manifests_.find(key);
  return known == manifests_.end() ? std::vector<ManifestStream>() : std::exchange(known->second.read.streams, {});
}

const ManifestKey* Manifests::fetchedBy(FetchId fetch) const {
  const auto at = fetching_.find(fetch);
  return at == fetching_.end() ? nullptr : &at->second.key;
}

template <class Predicate>
bool Manifests::anyOf(const std::string& opened, Predicate predicate) const {
  for (auto at = manifests_.lower_bound({opened, ""}); at != manifests_.end() && at->first.opened == opened; ++at) {
    if (predicate(at->second.read)) return true;
  }
  return false;
}

bool Manifests::isLocation(const std::string& opened, const std::string& url) const {
  return anyOf(
      opened, [&](const ReadManifest& read) { return std::ranges::find(read.locations, url) != read.locations.end(); });
}

bool Manifests::isTiming(const std::string& opened, const std::string& url) const {
  return anyOf(opened, [&](const ReadManifest& read) {
    return std::ranges::any_of(read.timing, [&](const media::TimingSource& source) {
      return source.scheme.find(":http-") != std::string::npos && source.value.find(url) != std::string::npos;
    });
  });
}

const Manifest* Manifests::kept(base::TimePoint now, const ManifestKey& key) const {
  const Manifest* known = find(key);
  return known != nullptr && known->good() && now - known->fetchedAt < kStale ? known : nullptr;
}

bool Manifests::mayFetch(base::TimePoint now, Outputs& out, const ManifestKey& key) {
  std::size_t running = 0;
  auto oldest = fetching_.end();
  for (auto fetch = fetching_.begin(); fetch != fetching_.end(); ++fetch) {
    if (fetch->second.key != key) continue;
    const bool silent = fetch->second.manifest.status == 0 && now - fetch->second.startedAt >= kSilence;
    if (!silent) return false;
    ++running;
    if (oldest == fetching_.end() || fetch->second.startedAt < oldest->second.startedAt) oldest = fetch;
  }
  if (running < kMaxFetches) return true;
  if (now - oldest->second.startedAt < kGivenUp) return false;
  out.push_back(output::CancelFetch{oldest->first});
  fetching_.erase(oldest);
  return true;
}

void Manifests::ended(base::TimePoint now, Outputs& out, ManifestKey key, Manifest manifest) {
  const auto isBeside = [&](const auto& item) { return item.second.key == key; };
  // Another one may still bring it.
  if (manifest.status == 0 && std::ranges::any_of(fetching_, isBeside)) return;
  std::erase_if(fetching_, [&](const auto& item) {
    if (!isBeside(item)) return false;
    out.push_back(output::CancelFetch{item.first});
    return true;
  });
  arrived(now, std::move(key), std::move(manifest));
}

const Manifest* Manifests::get(base::TimePoint now, Outputs& out, const ManifestKey& key, bool publicOnly,
                               const Headers& headers, std::uint64_t& lastFetch) {
  if (const Manifest* known = find(key)) {
    const base::Duration shared = known->good() && !known->read.live ? kShared : kSharedLive;
    if (now - known->fetchedAt < shared) return known;
  }
  if (!mayFetch(now, out, key)) return nullptr;
  const FetchId id(++lastFetch);
  fetching_[id] = {key, {}, now};
  Headers sent;
  for (const char* name : {"Authorization", "Cookie"}) {
    const std::string_view value = headerValue(headers, name);
    if (!value.empty()) sent.push_back({name, std::string(value)});
  }
  // A playlist that is updated by parts needs the one before; every origin has whole ones.
  out.push_back(output::Fetch{id, withoutQueryParameter(key.url, "_HLS_skip"), std::move(sent), publicOnly});
  return nullptr;
}

bool Manifests::on(base::TimePoint, Outputs&, const input::FetchHead& head) {
  const auto at = fetching_.find(head.id);
  if (at == fetching_.end()) return false;
  Manifest& manifest = at->second.manifest;
  manifest.status = head.status;
  manifest.url = head.url;
  manifest.contentType = std::string(headerValue(head.headers, "Content-Type"));
  return true;
}

bool Manifests::on(base::TimePoint now, Outputs& out, const input::FetchData& data) {
  const auto at = fetching_.find(data.id);
  if (at == fetching_.end()) return false;
  Manifest& manifest = at->second.manifest;
  const std::size_t limit = manifest.status == 200 ? kMaxBytes : kMaxErrorBytes;
  const std::size_t room = limit - std::min(limit, manifest.text.size());
  manifest.text.append(data.data.text().substr(0, room));
  if (data.data.size() > room && manifest.status == 200) {
    manifest.error = base::Error{base::ErrorCode::limitExceeded,
                                 "not a manifest: longer than " + std::to_string(kMaxBytes) + " bytes"};
    manifest.text.clear();
    out.push_back(output::CancelFetch{data.id});
    Fetching fetched = std::move(at->second);
    fetching_.erase(at);
    ended(now, out, std::move(fetched.key), std::move(fetched.manifest));
  }
  return true;
}

bool Manifests::on(base::TimePoint now, Outputs& out, const input::FetchFailed& failed) {
  const auto at = fetching_.find(failed.id);
  if (at == fetching_.end()) return false;
  Fetching fetched = std::move(at->second);
  fetching_.erase(at);
  fetched.manifest.error = failed.error;
  fetched.manifest.status = 0;
  ended(now, out, std::move(fetched.key), std::move(fetched.manifest));
  return true;
}

void Manifests::arrived(base::TimePoint now, ManifestKey key, Manifest manifest) {
  manifest.fetchedAt = now;
  // The origin is in trouble, which is not the manifest's fault: what it said a moment ago helps more than an error.
  const bool trouble = manifest.status == 0 || manifest.status >= 500;
  const bool keepOld = trouble && kept(now, key) != nullptr;
  if (!keepOld) {
    if (manifests_.size() >= kMaxManifests && !manifests_.contains(key)) {
      manifests_.erase(std::ranges::min_element(
          manifests_, [](const auto& a, const auto& b) { return a.second.fetchedAt < b.second.fetchedAt; }));
    }
    manifests_[key] = std::move(manifest);
  }
  arrived_.push_back(std::move(key));
}

void Manifests::forget(Outputs& out, const std::string& opened) {
  std::erase_if(manifests_, [&](const auto& item) { return item.first.opened == opened; });
  std::erase_if(fetching_, [&](const auto& item) {
    if (item.second.key.opened != opened) return false;
    out.push_back(output::CancelFetch{item.first});
    return true;
  });
}

}  // namespace p2pml::gateway
