// The manifests that are being fetched and those that were: one fetch for all players that ask at the same time.
//
// Owned by the Gateway. What always holds: at most one fetch of a manifest is under way, unless the origin is silent,
// and then kMaxFetches; texts are bounded; a manifest that cannot be fetched just now is served as it was, for kStale
// at most, so that a short outage of the origin is not seen.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "gateway/io.hpp"
#include "gateway/manifest.hpp"

namespace p2pml::gateway {

struct ManifestKey {
  std::string opened;  ///< the URL that the user opened
  std::string url;     ///< of this manifest, canonical
  friend auto operator<=>(const ManifestKey&, const ManifestKey&) = default;
};

struct Manifest {
  /// What the last fetch gave: 200 and a manifest, or the origin's own answer, or an error of ours.
  int status = 0;
  std::string text;  ///< the manifest, or the origin's error page
  std::string contentType;
  std::string url;  ///< after redirects
  std::optional<base::Error> error;
  ReadManifest read;
  base::TimePoint fetchedAt{};
  [[nodiscard]] bool good() const { return !error && status == 200; }
};

class Manifests {
 public:
  static constexpr std::size_t kMaxBytes = 16 << 20;
  static constexpr std::size_t kMaxErrorBytes = 64 << 10;
  static constexpr std::size_t kMaxManifests = 500;
  static constexpr base::Duration kStale = base::seconds(60);
  /// A fetch that is silent for so long may be on a connection that is dead: who asks then is the reason for another
  /// one beside it, on a connection of its own. The first that brings something ends the others. With kMaxFetches under
  /// way the oldest makes room once it has been silent for kGivenUp.
  static constexpr base::Duration kSilence = base::seconds(4);
  static constexpr base::Duration kGivenUp = base::seconds(10);
  static constexpr std::size_t kMaxFetches = 3;
  /// Players that ask within this time after each other get the same text.
  static constexpr base::Duration kSharedLive = base::milliseconds(500);
  static constexpr base::Duration kShared = base::seconds(5);

  /// The manifest if it is fresh; else null: it is being fetched, and takeArrived() will name it.
  const Manifest* get(base::TimePoint now, Outputs& out, const ManifestKey& key, bool publicOnly,
                      const Headers& headers, std::uint64_t& lastFetch);
  /// As it is, also if it is old; null if it was never fetched.
  [[nodiscard]] const Manifest* find(const ManifestKey& key) const;
  /// The manifest as it was, if it may still be served while the origin is in trouble; else null.
  [[nodiscard]] const Manifest* kept(base::TimePoint now, const ManifestKey& key) const;
  /// The streams that the last fetch of it told of, once.
  [[nodiscard]] std::vector<ManifestStream> takeStreams(const ManifestKey& key);
  /// The manifest that this fetch brings; null for other fetches.
  [[nodiscard]] const ManifestKey* fetchedBy(FetchId fetch) const;
  /// Whether a manifest of that presentation says that its next version is at `url` (canonical).
  [[nodiscard]] bool isLocation(const std::string& opened, const std::string& url) const;
  /// Whether one says that it is there where the time is told.
  [[nodiscard]] bool isTiming(const std::string& opened, const std::string& url) const;

  /// Whoever needs names and variables to read it gives them: called once for each text.
  template <class Context>
  bool on(base::TimePoint now, Outputs& out, const input::FetchDone& done, Context contextOf);
  bool on(base::TimePoint now, Outputs& out, const input::FetchHead& head);
  bool on(base::TimePoint now, Outputs& out, const input::FetchData& data);
  bool on(base::TimePoint now, Outputs& out, const input::FetchFailed& failed);

  /// Whose fetch has ended since the last call, well or not.
  [[nodiscard]] std::vector<ManifestKey> takeArrived() { return std::exchange(arrived_, {}); }
  void forget(Outputs& out, const std::string& opened);

 private:
  struct Fetching {
    ManifestKey key;
    Manifest manifest;
    base::TimePoint startedAt{};
  };

  /// Makes room for one more fetch of it, if there may be one.
  [[nodiscard]] bool mayFetch(base::TimePoint now, Outputs& out, const ManifestKey& key);
  /// Its fetch has ended: well or not, as the only one or not.
  void ended(base::TimePoint now, Outputs& out, ManifestKey key, Manifest manifest);
  void arrived(base::TimePoint now, ManifestKey key, Manifest manifest);
  template <class Predicate>
  [[nodiscard]] bool anyOf(const std::string& opened, Predicate predicate) const;

  std::map<ManifestKey, Manifest> manifests_;
  std::map<FetchId, Fetching> fetching_;
  std::vector<ManifestKey> arrived_;
};

template <class Context>
bool Manifests::on(base::TimePoint now, Outputs& out, const input::FetchDone& done, Context contextOf) {
  const auto at = fetching_.find(done.id);
  if (at == fetching_.end()) return false;
  Fetching fetched = std::move(at->second);
  fetching_.erase(at);
  if (fetched.manifest.status == 200) {
    auto read = readManifest(fetched.manifest.text, fetched.manifest.url, contextOf(fetched.key));
    if (read) {
      fetched.manifest.read = *std::move(read);
    } else {
      fetched.manifest.error = read.error();
    }
  }
  ended(now, out, std::move(fetched.key), std::move(fetched.manifest));
  return true;
}

}  // namespace p2pml::gateway
