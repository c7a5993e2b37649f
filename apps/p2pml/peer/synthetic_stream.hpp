// The synthetic stream of docs/measurement-peer.md: made-up names, and bodies that everybody can compute.
#pragma once

#include <memory>
#include <string>

#include "p2pml/peer/stream.hpp"
#include "p2pml/viewer/fetch.hpp"
#include "platform/native/native_clock_port.hpp"

namespace p2pml::app {

class SyntheticStream final : public PeerStream {
 public:
  SyntheticStream(boost::asio::io_context& loop, const PeerConfig& config);

  void start() override;
  void stop() override;
  [[nodiscard]] StreamWindow window() const override { return window_; }
  [[nodiscard]] std::string streamSwarmId() const override { return config_.streamSwarmId(); }
  [[nodiscard]] StreamProperties properties() const override;
  [[nodiscard]] Segment segment(std::int64_t place) const override { return config_.segment(place); }
  [[nodiscard]] std::int64_t number(std::int64_t place) const override { return place; }
  [[nodiscard]] bool live() const override { return config_.live; }
  [[nodiscard]] base::Duration segmentDuration() const override;
  [[nodiscard]] bool isRight(std::int64_t place, const Bytes& data) const override;

 private:
  void poll();
  void onPlaylist(const std::string& text);

  const PeerConfig& config_;
  StreamWindow window_;
  std::unique_ptr<native::NativeClockPort> clock_;
  std::unique_ptr<TextFetcher> fetcher_;
};

}  // namespace p2pml::app
