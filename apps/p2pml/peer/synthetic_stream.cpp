#include "p2pml/peer/synthetic_stream.hpp"

#include <cmath>

#include "media/m3u8.hpp"
#include "media/synthetic.hpp"

namespace p2pml::app {

SyntheticStream::SyntheticStream(boost::asio::io_context& loop, const PeerConfig& config)
    : config_(config),
      clock_(std::make_unique<native::NativeClockPort>(loop)),
      fetcher_(std::make_unique<TextFetcher>(loop)) {}

StreamProperties SyntheticStream::properties() const {
  StreamProperties properties;
  properties.key = config_.streamKey.value_or("0");
  return properties;
}

base::Duration SyntheticStream::segmentDuration() const { return base::Duration(std::llround(config_.duration * 1e6)); }

bool SyntheticStream::isRight(std::int64_t place, const Bytes& data) const {
  return media::isSyntheticBody(data, config_.name, static_cast<std::uint64_t>(place), config_.size);
}

void SyntheticStream::start() {
  if (config_.live) {
    clock_->wake = [this] { poll(); };
    return poll();
  }
  window_ = {0, config_.count, true};
  onChange();
}

void SyntheticStream::stop() {
  clock_.reset();
  fetcher_.reset();
}

void SyntheticStream::poll() {
  fetcher_->fetch(config_.playlistUrl(), [this](const Result<FetchedText>& fetched) {
    if (fetched) return onPlaylist(fetched->text);
    onTrouble(fetched.error());
  });
  clock_->wakeAt(clock_->now() + segmentDuration());
}

void SyntheticStream::onPlaylist(const std::string& text) {
  const auto playlist = media::parseM3u8(text, config_.playlistUrl());
  const auto* list = playlist ? std::get_if<media::MediaPlaylist>(&*playlist) : nullptr;
  if (list == nullptr || list->segments.empty()) {
    return onTrouble({ErrorCode::malformed, config_.playlistUrl() + ": expected a media playlist with segments"});
  }
  window_.begin = static_cast<std::int64_t>(list->segments.front().sequence);
  window_.end = static_cast<std::int64_t>(list->segments.back().sequence) + 1;
  window_.complete = list->endList;
  onChange();
}

}  // namespace p2pml::app
