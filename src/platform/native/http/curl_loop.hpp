// libcurl's multi handle driven by an asio loop: curl says which sockets and which timeout it wants watched, asio
// watches them.
//
// Owned by one NativeHttpPort. Always holds: curl owns its descriptors, the loop only borrows them (they are released,
// never closed, from here); no callback of ours runs while curl is on the stack except those that only note things
// down.
#pragma once

#include <curl/curl.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>

namespace p2pml::native {

class CurlLoop : public std::enable_shared_from_this<CurlLoop> {
 public:
  /// `onDone(easy, code)`: curl has finished with that handle; it is still added. `afterAction`: curl has worked a
  /// while and is off the stack. Both are called from the loop, never from inside a call to this class.
  CurlLoop(boost::asio::io_context& loop, std::function<void(CURL*, CURLcode)> onDone,
           std::function<void()> afterAction);
  ~CurlLoop();
  CurlLoop(const CurlLoop&) = delete;
  CurlLoop& operator=(const CurlLoop&) = delete;

  /// Takes the handle into work; also makes it share connections, TLS sessions and this loop's way to close sockets.
  CURLMcode add(CURL* easy);
  /// Takes the handle out; a transfer under way is ended.
  void remove(CURL* easy);
  /// Ends everything; no callback comes afterwards. All handles must have been removed.
  void close();

 private:
  struct Watch;

  static int onSocket(CURL* easy, curl_socket_t socket, int what, void* self, void* watch);
  static int onTimer(CURLM* multi, long timeoutMs, void* self);
  static int onCloseSocket(void* self, curl_socket_t socket);

  void watch(curl_socket_t socket, int what);
  void unwatch(curl_socket_t socket);
  void arm(curl_socket_t socket, const std::shared_ptr<Watch>& watch);
  void setTimer(long timeoutMs);
  void act(curl_socket_t socket, int events);

  boost::asio::io_context& loop_;
  boost::asio::steady_timer timer_;
  std::uint64_t timerGeneration_ = 0;
  std::function<void(CURL*, CURLcode)> onDone_;
  std::function<void()> afterAction_;
  CURLSH* share_ = nullptr;
  CURLM* multi_ = nullptr;
  std::map<curl_socket_t, std::shared_ptr<Watch>> watches_;
};

}  // namespace p2pml::native
