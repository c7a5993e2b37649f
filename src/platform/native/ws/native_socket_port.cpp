#include "platform/native/ws/native_socket_port.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <map>
#include <optional>
#include <utility>

#include "base/assert.hpp"
#include "platform/native/http/http_fields.hpp"
#include "platform/native/ws/name_lookup.hpp"
#include "platform/native/ws/socket_session.hpp"
#include "platform/native/ws/ws_url.hpp"

namespace p2pml::native {
namespace {

using base::Error;
using base::ErrorCode;

/// A client that verifies what it connects to by the options' certificates.
base::Result<std::shared_ptr<boost::asio::ssl::context>> makeTls(const NativeSocketOptions& options) {
  namespace ssl = boost::asio::ssl;
  auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  // A server that prefers HTTP/2 must not choose it: the upgrade is of HTTP/1.1.
  constexpr unsigned char kHttp11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  SSL_CTX_set_alpn_protos(context->native_handle(), kHttp11, sizeof kHttp11);
  boost::system::error_code error;
  if (options.insecureTls) {
    context->set_verify_mode(ssl::verify_none, error);
    return context;
  }
  context->set_verify_mode(ssl::verify_peer, error);
  if (options.caBundle.empty()) {
    context->set_default_verify_paths(error);
  } else {
    context->load_verify_file(options.caBundle, error);
  }
  if (error) {
    return base::fail(ErrorCode::invalidArgument, "the certificates to verify trackers by cannot be read from \"" +
                                                      options.caBundle + "\" (" + error.message() + ")");
  }
  return context;
}

}  // namespace

class NativeSocketPort::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(boost::asio::io_context& loop, driver::EventSink sink, NativeSocketOptions options)
      : loop_(loop), sink_(std::move(sink)), options_(std::move(options)), names_(loop) {}

  void open(base::SocketId socket, const std::string& url) {
    P2PML_ASSERT(!sessions_.contains(socket));
    auto session = makeSession(socket, url);
    if (session) {
      sessions_.emplace(socket, *session);
      (*session)->start(names_);
      return;
    }
    // Stands for a socket that can only be closed, so that close() also silences this answer.
    sessions_.emplace(socket, nullptr);
    boost::asio::post(loop_, [weak = weak_from_this(), socket, error = session.error()] {
      if (const auto self = weak.lock()) self->onClosed(socket, error);
    });
  }

  void send(base::SocketId socket, std::string text) {
    const auto found = sessions_.find(socket);
    if (found != sessions_.end() && found->second) found->second->send(std::move(text));
  }

  void close(base::SocketId socket) {
    const auto found = sessions_.find(socket);
    if (found == sessions_.end()) return;
    const auto session = std::move(found->second);
    sessions_.erase(found);
    if (session) session->close();
  }

  void closeAll() {
    for (const auto& [socket, session] : std::exchange(sessions_, {})) {
      if (session) session->close();
    }
  }

 private:
  base::Result<std::shared_ptr<SocketSession>> makeSession(base::SocketId socket, const std::string& url) {
    auto parsed = parseWsUrl(url);
    if (!parsed) return std::unexpected(parsed.error());
    if (!isFieldValue(options_.userAgent) || !isFieldValue(options_.origin.value_or(""))) {
      return base::fail(ErrorCode::invalidArgument, "User-Agent and Origin must not have line ends");
    }
    std::shared_ptr<boost::asio::ssl::context> tls;
    if (parsed->tls) {
      if (!tls_) tls_ = makeTls(options_);
      if (!*tls_) return std::unexpected(tls_->error());
      tls = **tls_;
    }
    SessionSetup setup;
    setup.name = redactedUrl(url);
    setup.url = std::move(*parsed);
    setup.options = options_;
    const auto deliver = [weak = weak_from_this(), socket](auto make) {
      return [weak, socket, make](auto&&... what) {
        if (const auto self = weak.lock()) make(*self, socket, std::forward<decltype(what)>(what)...);
      };
    };
    setup.listener.onOpened =
        deliver([](Impl& self, base::SocketId id) { self.sink_(engine::input::SocketOpened{id}); });
    setup.listener.onMessage = deliver([](Impl& self, base::SocketId id, std::string text) {
      self.sink_(engine::input::SocketMessage{id, std::move(text)});
    });
    setup.listener.onClosed =
        deliver([](Impl& self, base::SocketId id, Error reason) { self.onClosed(id, std::move(reason)); });
    return makeSocketSession(loop_, std::move(setup), std::move(tls));
  }

  void onClosed(base::SocketId socket, Error reason) {
    if (sessions_.erase(socket) == 0) return;
    sink_(engine::input::SocketClosed{socket, std::move(reason)});
  }

  boost::asio::io_context& loop_;
  driver::EventSink sink_;
  NativeSocketOptions options_;
  NameLookup names_;
  std::optional<base::Result<std::shared_ptr<boost::asio::ssl::context>>> tls_;  // made for the first wss:// URL
  std::map<base::SocketId, std::shared_ptr<SocketSession>> sessions_;  // null: refused, the answer is on its way
};

NativeSocketPort::NativeSocketPort(boost::asio::io_context& loop, driver::EventSink sink, NativeSocketOptions options)
    : impl_(std::make_shared<Impl>(loop, std::move(sink), std::move(options))) {}

NativeSocketPort::~NativeSocketPort() { impl_->closeAll(); }

void NativeSocketPort::open(base::SocketId socket, std::string url) { impl_->open(socket, url); }

void NativeSocketPort::send(base::SocketId socket, std::string text) { impl_->send(socket, std::move(text)); }

void NativeSocketPort::close(base::SocketId socket) { impl_->close(socket); }

}  // namespace p2pml::native
