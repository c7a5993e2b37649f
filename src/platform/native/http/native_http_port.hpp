// HTTP to origins for the native platform: libcurl on the asio loop. HTTP/1.1 and HTTP/2, TLS, proxies, connection
// reuse.
//
// Lives on one loop (io_context run by one thread) and may only be used there. Always holds: events are delivered from
// the loop by themselves, never from inside start(), cancel() or curl; after cancel() or destruction nothing more comes
// for that request; name look-up runs on threads of curl's and is not waited for.
//
// SIGPIPE: OpenSSL may raise it when the remote goes away. Where the calling thread neither blocks nor ignores it
// (LoopThread blocks it), curl is left to ignore it process-wide during its calls.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/time.hpp"
#include "driver/ports.hpp"
#include "platform/native/byte_budget.hpp"
#include "platform/native/user_agent.hpp"

namespace boost::asio {
class io_context;
}

namespace p2pml::native {

struct NativeHttpOptions {
  std::string userAgent = defaultUserAgent();
  base::Duration connectTimeout = base::seconds(10);   ///< name look-up, TCP and TLS together
  std::string caBundle;                                ///< PEM file; empty: the system's
  bool insecureTls = false;                            ///< accept any certificate; for tests and closed networks
  std::optional<std::string> proxy;                    ///< none: http_proxy, https_proxy, no_proxy; empty: no proxy
  bool tellHeaders = false;                            ///< HttpHead::headers has all fields of the response
  std::uint64_t bodyLimit = std::uint64_t{512} << 20;  ///< bytes of one body; one above fails the request
  /// Of all bodies together; null: no limit. What may not be taken yet stays with the origin: nothing is held here.
  std::shared_ptr<ByteBudget> budget;
};

/// What a request may send and get: GET by http or https (also after a redirect, of which there may be 10), asked for
/// unencoded
/// ("Accept-Encoding: identity") unless the caller's headers say otherwise. A body whose Content-Length is known is
/// received into one buffer and HttpData are views of it that join without a copy.
///
/// HttpFailed codes: invalidArgument (URL, header), unavailable (name, connection, TLS, body cut short), timeout,
/// malformed (not HTTP), limitExceeded (body, header or redirect limit). The detail names the URL without its query.
class NativeHttpPort final : public driver::HttpPort {
 public:
  NativeHttpPort(boost::asio::io_context& loop, driver::EventSink sink, NativeHttpOptions options = {});
  ~NativeHttpPort() override;
  NativeHttpPort(const NativeHttpPort&) = delete;
  NativeHttpPort& operator=(const NativeHttpPort&) = delete;

  /// Precondition: `request` is not under way.
  void start(base::RequestId request, driver::HttpRequest what) override;
  /// Unknown and finished requests are fine.
  void cancel(base::RequestId request) override;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace p2pml::native
