// The stream of an HLS manifest, named as its viewers name it (media/stream_segments.hpp): one variant of a
// multivariant playlist, or a media playlist. Live ones are followed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "media/m3u8.hpp"
#include "media/stream_segments.hpp"
#include "p2pml/peer/stream.hpp"
#include "p2pml/viewer/fetch.hpp"
#include "platform/native/native_clock_port.hpp"

namespace p2pml::app {

class ManifestStream final : public PeerStream {
 public:
  ManifestStream(boost::asio::io_context& loop, const PeerConfig& config);

  void start() override { fetchManifest(); }
  void stop() override;
  [[nodiscard]] StreamWindow window() const override { return window_; }
  [[nodiscard]] std::string streamSwarmId() const override { return names_.streamSwarmId; }
  [[nodiscard]] StreamProperties properties() const override { return names_.properties; }
  [[nodiscard]] Segment segment(std::int64_t place) const override;
  [[nodiscard]] std::int64_t number(std::int64_t place) const override;
  [[nodiscard]] bool live() const override { return live_; }
  [[nodiscard]] std::vector<base::Duration> durations() const override;
  [[nodiscard]] base::Duration segmentDuration() const override { return meanDuration_; }
  [[nodiscard]] std::string digest(const Bytes& data) const override;

 private:
  void again(base::Duration after, void (ManifestStream::*what)());
  void trouble(const std::string& url, const Error& error, void (ManifestStream::*what)());
  void fetchManifest();
  void onManifest(const FetchedText& fetched);
  void fetchPlaylist();
  void onPlaylist(const FetchedText& fetched);
  void take(const media::MediaPlaylist& playlist);

  const PeerConfig& config_;
  std::unique_ptr<native::NativeClockPort> clock_;
  std::unique_ptr<TextFetcher> fetcher_;
  media::StreamNames names_;
  media::M3u8Options imports_;
  std::string playlistUrl_;                  // as requested
  std::vector<media::StreamSegment> known_;  // all that were ever listed, from place first_ on
  std::vector<std::uint64_t> sequences_;     // theirs, rising
  std::int64_t first_ = 0;
  StreamWindow window_;
  base::Duration meanDuration_{};
  bool live_ = false;
};

}  // namespace p2pml::app
