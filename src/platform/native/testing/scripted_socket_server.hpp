// A WebSocket server for tests that behaves as it is told, well or badly. On the test's own loop, on 127.0.0.1.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "platform/native/testing/test_certificate.hpp"

namespace p2pml::native::testing {

struct SocketScript {
  std::vector<std::string> greetings;
  bool binary = false;  ///< greetings and echoes go out as binary frames
  bool echo = true;
  bool silent = false;                    ///< reads the upgrade and never answers
  bool readsNothing = false;              ///< upgrades and then leaves everything in the kernel's buffers
  std::string rawAnswer;                  ///< instead of an upgrade
  std::string rawFrames;                  ///< bytes put on the wire right after the upgrade
  std::optional<std::size_t> closeAfter;  ///< so many received messages
  bool dropInsteadOfClose = false;
};

class ScriptedSocketServer {
 public:
  explicit ScriptedSocketServer(boost::asio::io_context& loop, const TestCertificate* certificate = nullptr)
      : acceptor_(loop, Tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)),
        tls_(boost::asio::ssl::context::tls_server),
        secure_(certificate != nullptr) {
    if (certificate != nullptr) certificate->configureServer(tls_);
    accept();
  }
  ~ScriptedSocketServer() { *alive_ = false; }
  ScriptedSocketServer(const ScriptedSocketServer&) = delete;
  ScriptedSocketServer& operator=(const ScriptedSocketServer&) = delete;

  void on(const std::string& path, SocketScript script) { scripts_[path] = std::move(script); }
  [[nodiscard]] unsigned short port() const { return acceptor_.local_endpoint().port(); }
  [[nodiscard]] std::string url(const std::string& path) const {
    return (secure_ ? "wss://127.0.0.1:" : "ws://127.0.0.1:") + std::to_string(port()) + path;
  }

  std::vector<boost::beast::http::request<boost::beast::http::string_body>> upgrades;
  std::vector<std::string> received;
  std::size_t ended = 0;  ///< WebSockets that were open and are not any more
  std::vector<std::uint16_t> closeCodes;
  int pings = 0;

 private:
  using Tcp = boost::asio::ip::tcp;
  using TlsStream = boost::asio::ssl::stream<Tcp::socket>;

  template <class Transport>
  struct Session : std::enable_shared_from_this<Session<Transport>> {
    template <class... Args>
    explicit Session(ScriptedSocketServer& theServer, Args&&... args)
        : server(theServer), alive(theServer.alive_), stream(std::forward<Args>(args)...) {}

    void readUpgrade() {
      boost::beast::http::async_read(stream.next_layer(), incoming, request,
                                     [self = this->shared_from_this()](boost::system::error_code error, std::size_t) {
                                       if (!error && *self->alive) self->answer();
                                     });
    }
    void answer() {
      server.upgrades.push_back(request);
      script = server.scripts_[std::string(request.target())];
      if (script.silent) {
        // Keeps the connection until the client ends it.
        boost::asio::async_read(stream.next_layer(), incoming.prepare(1),
                                [self = this->shared_from_this()](boost::system::error_code, std::size_t) {});
        return;
      }
      if (!script.rawAnswer.empty()) {
        boost::asio::async_write(stream.next_layer(), boost::asio::buffer(script.rawAnswer),
                                 [self = this->shared_from_this()](boost::system::error_code, std::size_t) {});
        return;
      }
      stream.control_callback([this](boost::beast::websocket::frame_type type, boost::beast::string_view) {
        if (type == boost::beast::websocket::frame_type::ping && *alive) ++server.pings;
      });
      stream.read_message_max(0);
      stream.async_accept(request, [self = this->shared_from_this()](boost::system::error_code error) {
        if (!error && *self->alive) self->opened();
      });
    }
    void opened() {
      if (script.readsNothing) {
        server.held_.push_back(this->shared_from_this());
        return;
      }
      if (!script.rawFrames.empty()) {
        boost::asio::async_write(stream.next_layer(), boost::asio::buffer(script.rawFrames),
                                 [self = this->shared_from_this()](boost::system::error_code, std::size_t) {});
      }
      for (const std::string& text : script.greetings) outgoing.push_back(text);
      write();
      closeIfDue();
      read();
    }
    void read() {
      stream.async_read(incoming, [self = this->shared_from_this()](boost::system::error_code error, std::size_t) {
        if (*self->alive) self->onRead(error);
      });
    }
    void onRead(boost::system::error_code error) {
      if (error) {
        ++server.ended;
        if (error == boost::beast::websocket::error::closed) server.closeCodes.push_back(stream.reason().code);
        return;
      }
      std::string text(static_cast<const char*>(incoming.data().data()), incoming.size());
      incoming.clear();
      ++count;
      server.received.push_back(text);
      if (script.echo) {
        outgoing.push_back(std::move(text));
        write();
      }
      closeIfDue();
      read();
    }
    void write() {
      if (writing || outgoing.empty()) {
        if (!writing) closeIfDue();
        return;
      }
      writing = true;
      stream.binary(script.binary);
      stream.async_write(boost::asio::buffer(outgoing.front()),
                         [self = this->shared_from_this()](boost::system::error_code error, std::size_t) {
                           self->writing = false;
                           if (error || !*self->alive) return;
                           self->outgoing.pop_front();
                           self->write();
                         });
    }
    void closeIfDue() {
      if (!script.closeAfter || count < *script.closeAfter || writing || !outgoing.empty()) return;
      script.closeAfter.reset();
      if (script.dropInsteadOfClose) {
        boost::system::error_code ignored;
        boost::beast::get_lowest_layer(stream).close(ignored);
        return;
      }
      stream.async_close({boost::beast::websocket::close_code::going_away, "maintenance"},
                         [self = this->shared_from_this()](boost::system::error_code) {});
    }

    ScriptedSocketServer& server;
    std::shared_ptr<bool> alive;
    boost::beast::websocket::stream<Transport> stream;
    boost::beast::flat_buffer incoming;
    boost::beast::http::request<boost::beast::http::string_body> request;
    SocketScript script;
    std::deque<std::string> outgoing;
    bool writing = false;
    std::size_t count = 0;
  };

  void accept() {
    acceptor_.async_accept([this, alive = alive_](boost::system::error_code error, Tcp::socket socket) {
      if (error || !*alive) return;
      if (secure_) {
        auto session = std::make_shared<Session<TlsStream>>(*this, std::move(socket), tls_);
        session->stream.next_layer().async_handshake(boost::asio::ssl::stream_base::server,
                                                     [session](boost::system::error_code failed) {
                                                       if (!failed && *session->alive) session->readUpgrade();
                                                     });
      } else {
        std::make_shared<Session<Tcp::socket>>(*this, std::move(socket))->readUpgrade();
      }
      accept();
    });
  }

  Tcp::acceptor acceptor_;
  boost::asio::ssl::context tls_;
  bool secure_;
  std::map<std::string, SocketScript> scripts_;
  std::vector<std::shared_ptr<void>> held_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace p2pml::native::testing
