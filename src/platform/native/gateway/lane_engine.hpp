// One lane of the gateway: an engine with its driver and adapters, that loads one stream.
//
// Lives on the gateway's loop and shares its HTTP connections. Looks for peers a moment after its first request is on
// its way. Tells the gateway through the sink what comes of it; nothing after close().
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "driver/driver.hpp"
#include "engine/settings.hpp"
#include "gateway/io.hpp"
#include "platform/native/http/http_hub.hpp"
#include "platform/native/native_clock_port.hpp"
#include "platform/native/rtc/limited_peer_port.hpp"
#include "platform/native/rtc/native_peer_port.hpp"
#include "platform/native/rtc/rtc_thread.hpp"
#include "platform/native/ws/socket_hub.hpp"

namespace p2pml::native {

struct LaneOptions {
  engine::Settings settings;
  RtcOptions rtc;
  NativeSocketOptions sockets;
  std::vector<driver::HttpHeader> headers;  ///< sent to origins with every request
  std::shared_ptr<ByteBudget> upload;       ///< of all lanes together; null: no limit
};

class LaneEngine final : public driver::Host {
 public:
  using Sink = std::function<void(gateway::Input)>;

  /// `options`, the hubs and the sink's owner outlive it. Precondition: options.settings are valid.
  LaneEngine(boost::asio::io_context& loop, HttpHub& http, SocketHub& sockets, const LaneOptions& options,
             const gateway::output::OpenLane& open, std::uint64_t seed, Sink sink);
  ~LaneEngine() override;
  LaneEngine(const LaneEngine&) = delete;
  LaneEngine& operator=(const LaneEngine&) = delete;

  void load(const gateway::output::Load& load);
  void follow(std::vector<std::string> segments);
  void lookup(const std::string& segment);
  /// Says goodbye to trackers and peers; destroy it a moment later.
  void close();
  [[nodiscard]] gateway::input::LaneReport report() const;

  void setupHttp(driver::HttpRequest& request, const engine::Segment& segment) override;
  void onEvent(const engine::Output& event) override;

 private:
  void note(std::string text, bool trouble);
  void noteTrouble(const base::PeerId& peer, const base::Error& error);

  gateway::LaneId id_;
  bool publicOnly_;
  const LaneOptions& options_;
  Sink sink_;
  driver::Inbox inbox_;
  std::shared_ptr<RtcThread> rtcThread_;
  NativeClockPort clock_;
  std::unique_ptr<driver::HttpPort> http_;
  std::unique_ptr<driver::SocketPort> sockets_;
  std::unique_ptr<driver::PeerPort> peers_;
  NativePeerPort* connections_ = nullptr;           // within peers_
  std::map<base::PeerId, std::string> lastErrors_;  // of connected peers
  std::unique_ptr<driver::Driver> driver_;
  bool closed_ = false;
};

}  // namespace p2pml::native
