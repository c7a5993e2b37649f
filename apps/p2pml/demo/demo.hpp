// The main job: N viewers of one real stream in one process, each with its own engine, sharing segments over real
// WebRTC.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <p2pml/p2pml.hpp>
#include <string>
#include <vector>

#include "media/playlist.hpp"
#include "media/stream_segments.hpp"
#include "p2pml/demo/report.hpp"
#include "p2pml/viewer/fetch.hpp"
#include "p2pml/viewer/viewer.hpp"
#include "platform/native/gateway/gateway_server.hpp"
#include "platform/native/server/origin_server.hpp"
#include "platform/native/server/tracker_server.hpp"

namespace p2pml::app {

struct DemoOptions {
  std::size_t viewers = 4;
  base::Duration apart = base::seconds(3);  ///< between one viewer's start and the next one's
  std::string url;                          ///< HLS VOD playlist; empty: the sample
  std::size_t rendition = 0;                ///< place in the master playlist
  Settings settings;
  bool keep = false;          ///< a gateway joins the swarm; its page is there as long as the demo
  bool trackerGiven = false;  ///< settings name trackers of their own; else the embedded one is used
};

/// On one runtime's thread. Calls `finished` once.
class Demo {
 public:
  Demo(std::shared_ptr<Runtime> runtime, DemoOptions options, std::function<void(base::Result<void>)> finished);
  ~Demo();

  void start();
  [[nodiscard]] DemoReport report() const;
  /// Of the page that plays the stream in the viewers' swarm; empty until it is there, and without DemoOptions::keep.
  [[nodiscard]] const std::string& pageUrl() const { return pageUrl_; }
  /// All viewers leave; ready when their goodbyes are on their way.
  std::vector<std::future<void>> leave();

 private:
  void startServers();
  void startGateway();
  void loadPlaylist(const std::string& url);
  void onMaster(const media::MultivariantPlaylist& master, const std::string& requested);
  void onPlaylist(const media::MediaPlaylist& playlist, const media::StreamNames& names);
  void startViewer();
  void onProgress();
  void fail(base::Error error);
  /// The bytes are those that the origin (sample) or the first viewer that got the segment (url) has.
  bool check(std::int64_t number, const Bytes& data);

  std::shared_ptr<Runtime> runtime_;
  DemoOptions options_;
  std::function<void(base::Result<void>)> finished_;
  std::unique_ptr<native::OriginServer> origin_;
  std::unique_ptr<native::TrackerServer> tracker_;
  std::unique_ptr<native::GatewayServer> gateway_;
  std::string pageUrl_;
  std::unique_ptr<TextFetcher> fetcher_;
  std::unique_ptr<native::NativeClockPort> clock_;
  std::string streamUrl_;
  std::vector<media::StreamSegment> segments_;
  StreamProperties properties_;
  std::vector<Bytes> expected_;  // by segment; empty: not known yet
  std::vector<std::unique_ptr<Viewer>> viewers_;
  bool ended_ = false;
};

}  // namespace p2pml::app
