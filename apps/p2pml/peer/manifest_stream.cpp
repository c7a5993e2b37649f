#include "p2pml/peer/manifest_stream.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/encoding.hpp"

namespace p2pml::app {

namespace {

constexpr base::Duration kRetry = base::seconds(1);
constexpr base::Duration kShortestReload = base::milliseconds(500);

std::uint64_t sequenceOf(const media::StreamSegment& segment) {
  std::uint64_t value = 0;
  std::from_chars(segment.sequence.data(), segment.sequence.data() + segment.sequence.size(), value);
  return value;
}

}  // namespace

ManifestStream::ManifestStream(boost::asio::io_context& loop, const PeerConfig& config)
    : config_(config),
      clock_(std::make_unique<native::NativeClockPort>(loop)),
      fetcher_(std::make_unique<TextFetcher>(loop)) {}

void ManifestStream::stop() {
  clock_.reset();
  fetcher_.reset();
}

void ManifestStream::again(base::Duration after, void (ManifestStream::*what)()) {
  clock_->wake = [this, what] { (this->*what)(); };
  clock_->wakeAt(clock_->now() + after);
}

void ManifestStream::trouble(const std::string& url, const Error& error, void (ManifestStream::*what)()) {
  const bool named = error.detail.find(url) != std::string::npos;
  onTrouble({error.code, named ? error.detail : url + ": " + error.detail});
  again(kRetry, what);
}

void ManifestStream::fetchManifest() {
  fetcher_->fetch(config_.manifest, [this](const Result<FetchedText>& fetched) {
    if (fetched) return onManifest(*fetched);
    trouble(config_.manifest, fetched.error(), &ManifestStream::fetchManifest);
  });
}

void ManifestStream::onManifest(const FetchedText& fetched) {
  const auto playlist = media::parseM3u8(fetched.text, fetched.url);
  if (!playlist) return trouble(config_.manifest, playlist.error(), &ManifestStream::fetchManifest);
  const auto* master = std::get_if<media::MultivariantPlaylist>(&*playlist);
  if (master == nullptr) {
    if (config_.variant != 0) {
      return onFailure({ErrorCode::invalidArgument,
                        "\"variant\": expected 0 or nothing: " + config_.manifest + " is a media playlist"});
    }
    names_ = media::streamNamesWithoutMaster(config_.manifest, config_.manifestSwarm);
    playlistUrl_ = config_.manifest;
  } else {
    if (config_.variant >= master->variants.size()) {
      return onFailure({ErrorCode::invalidArgument, "\"variant\": expected less than " +
                                                        std::to_string(master->variants.size()) +
                                                        ", the number of variants in " + config_.manifest});
    }
    names_ = media::streamNamesOfVariant(config_.manifest, *master, config_.variant, config_.manifestSwarm);
    imports_.imports = master->variables;
    playlistUrl_ = master->variants[config_.variant].uri;
  }
  if (config_.manifestSwarm.empty()) names_.properties.redirectedSwarmId = media::masterSwarmIdOf(fetched.url);
  if (config_.streamKey) names_.properties.key = *config_.streamKey;
  if (master != nullptr) return fetchPlaylist();
  take(std::get<media::MediaPlaylist>(*playlist));
}

void ManifestStream::fetchPlaylist() {
  fetcher_->fetch(playlistUrl_, [this](const Result<FetchedText>& fetched) {
    if (fetched) return onPlaylist(*fetched);
    trouble(playlistUrl_, fetched.error(), &ManifestStream::fetchPlaylist);
  });
}

void ManifestStream::onPlaylist(const FetchedText& fetched) {
  const auto playlist = media::parseM3u8(fetched.text, fetched.url, imports_);
  if (!playlist) return trouble(playlistUrl_, playlist.error(), &ManifestStream::fetchPlaylist);
  const auto* list = std::get_if<media::MediaPlaylist>(&*playlist);
  if (list == nullptr) {
    return trouble(playlistUrl_, {ErrorCode::malformed, "expected a media playlist, is a multivariant one"},
                   &ManifestStream::fetchPlaylist);
  }
  take(*list);
}

void ManifestStream::take(const media::MediaPlaylist& playlist) {
  std::vector<media::StreamSegment> listed = media::streamSegments(playlist, names_);
  if (listed.empty() && known_.empty()) {
    return trouble(playlistUrl_, {ErrorCode::malformed, "expected at least one segment"},
                   &ManifestStream::fetchPlaylist);
  }
  if (known_.empty()) {
    first_ = listed.front().externalId;
    live_ = !playlist.endList;
    base::Duration sum{};
    for (const media::StreamSegment& segment : listed) sum += segment.duration;
    meanDuration_ = std::max(sum / static_cast<std::int64_t>(listed.size()), base::milliseconds(1));
  }
  const StreamWindow before = window_;
  std::optional<std::int64_t> begin;
  for (media::StreamSegment& segment : listed) {
    const std::uint64_t sequence = sequenceOf(segment);
    const auto at = std::ranges::lower_bound(sequences_, sequence);
    const auto index = at - sequences_.begin();
    if (at == sequences_.end()) {
      sequences_.push_back(sequence);
      known_.push_back(std::move(segment));
    } else if (*at == sequence) {
      // Its names stay as they were given to peers, its address may have a new token.
      known_[static_cast<std::size_t>(index)].url = std::move(segment.url);
    } else {
      continue;  // listed late, between others: its place is gone
    }
    if (!begin) begin = first_ + index;
  }
  window_.begin = begin.value_or(window_.begin);
  window_.end = first_ + static_cast<std::int64_t>(known_.size());
  window_.complete = playlist.endList;
  const bool changed = window_.end != before.end || window_.begin != before.begin;
  // RFC 8216 section 6.3.4: after a target duration, or half of one where nothing has changed.
  if (!window_.complete) {
    again(std::max(changed ? playlist.targetDuration : playlist.targetDuration / 2, kShortestReload),
          &ManifestStream::fetchPlaylist);
  }
  if (changed || window_.complete != before.complete) onChange();
}

Segment ManifestStream::segment(std::int64_t place) const {
  const media::StreamSegment& from = known_.at(static_cast<std::size_t>(place - first_));
  Segment segment(from.id, from.url, from.range);
  segment.masterSwarmId = from.masterSwarmId;
  segment.masterManifestUri = config_.manifest;
  segment.streamId = from.streamId;
  segment.sequence = from.sequence;
  segment.externalId = from.externalId;
  return segment;
}

std::int64_t ManifestStream::number(std::int64_t place) const {
  const auto index = static_cast<std::size_t>(place - first_);
  return index < known_.size() ? known_[index].externalId : place;
}

std::vector<base::Duration> ManifestStream::durations() const {
  if (live_ || first_ != 0) return {};
  std::vector<base::Duration> result;
  for (const media::StreamSegment& segment : known_) result.push_back(segment.duration);
  return result;
}

std::string ManifestStream::digest(const Bytes& data) const {
  std::array<std::uint8_t, 32> hash{};
  EVP_Digest(data.data(), data.size(), hash.data(), nullptr, EVP_sha256(), nullptr);
  return base::toHex(hash);
}

}  // namespace p2pml::app
