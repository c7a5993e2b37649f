// One HTTP adapter for several users, so that they share its connections: whoever fetched the manifest has opened the
// connection that the first segment comes through.
//
// Lives on one loop. Clients must not outlive the hub; a client that is destroyed ends its requests.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "driver/ports.hpp"
#include "platform/native/http/native_http_port.hpp"

namespace p2pml::native {

class HttpHub {
 public:
  HttpHub(boost::asio::io_context& loop, NativeHttpOptions options);
  HttpHub(const HttpHub&) = delete;
  HttpHub& operator=(const HttpHub&) = delete;

  /// An adapter of its own for one user, with request ids of its own.
  std::unique_ptr<driver::HttpPort> client(driver::EventSink sink);

 private:
  class Client;
  struct Request {
    Client* client = nullptr;
    base::RequestId id;  // as the client names it
  };

  void deliver(engine::Input&& event);

  std::map<base::RequestId, Request> requests_;
  std::uint64_t last_ = 0;
  NativeHttpPort port_;
};

}  // namespace p2pml::native
