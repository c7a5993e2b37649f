// An HTTP origin for tests that sends exactly the bytes it is told to, right or wrong. On the test's own loop, on
// 127.0.0.1.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "platform/native/testing/test_certificate.hpp"

namespace p2pml::native::testing {

struct Reply {
  enum class Then { keepAlive, close, hold };

  std::string bytes;  ///< head and body as they go on the wire
  Then then = Then::keepAlive;
};

/// A whole response with Content-Length.
inline Reply plainReply(const std::string& body, const std::string& status = "200 OK", const std::string& fields = "") {
  return {"HTTP/1.1 " + status + "\r\n" + fields + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body,
          Reply::Then::keepAlive};
}

class ScriptedOrigin {
 public:
  using Handler = std::function<Reply(const std::string& requestHead)>;

  /// With a certificate it speaks TLS.
  explicit ScriptedOrigin(boost::asio::io_context& loop, const TestCertificate* certificate = nullptr)
      : acceptor_(loop, Tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)),
        tls_(boost::asio::ssl::context::tls_server),
        secure_(certificate != nullptr) {
    if (certificate != nullptr) certificate->configureServer(tls_);
    accept();
  }
  ~ScriptedOrigin() { *alive_ = false; }
  ScriptedOrigin(const ScriptedOrigin&) = delete;
  ScriptedOrigin& operator=(const ScriptedOrigin&) = delete;

  void on(const std::string& path, Reply reply) {
    handlers_[path] = [reply = std::move(reply)](const std::string&) { return reply; };
  }
  void on(const std::string& path, Handler handler) { handlers_[path] = std::move(handler); }

  [[nodiscard]] unsigned short port() const { return acceptor_.local_endpoint().port(); }
  [[nodiscard]] std::string url(const std::string& path) const {
    return (secure_ ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port()) + path;
  }

  std::vector<std::string> requests;  ///< the heads, in order
  int connections = 0;

 private:
  using Tcp = boost::asio::ip::tcp;
  using TlsStream = boost::asio::ssl::stream<Tcp::socket>;

  template <class Stream>
  struct Session : std::enable_shared_from_this<Session<Stream>> {
    Session(ScriptedOrigin& theOrigin, Stream theStream)
        : origin(theOrigin), alive(theOrigin.alive_), stream(std::move(theStream)) {}

    void read() {
      boost::asio::async_read_until(
          stream, boost::asio::dynamic_buffer(input), "\r\n\r\n",
          [self = this->shared_from_this()](boost::system::error_code error, std::size_t length) {
            if (error || !*self->alive) return;
            const std::string head = self->input.substr(0, length);
            self->input.erase(0, length);
            self->answer(head);
          });
    }
    void answer(const std::string& head) {
      origin.requests.push_back(head);
      const std::size_t from = head.find(' ') + 1;
      const auto found = origin.handlers_.find(head.substr(from, head.find(' ', from) - from));
      reply = found != origin.handlers_.end() ? found->second(head) : plainReply("no such page", "404 Not Found");
      boost::asio::async_write(stream, boost::asio::buffer(reply.bytes),
                               [self = this->shared_from_this()](boost::system::error_code error, std::size_t) {
                                 if (error || !*self->alive || self->reply.then == Reply::Then::close) return;
                                 // A held connection reads too, so that it ends when the client closes it.
                                 self->read();
                               });
    }

    ScriptedOrigin& origin;
    std::shared_ptr<bool> alive;
    Stream stream;
    std::string input;
    Reply reply;
  };

  void accept() {
    acceptor_.async_accept([this, alive = alive_](boost::system::error_code error, Tcp::socket socket) {
      if (error || !*alive) return;
      ++connections;
      if (secure_) {
        auto session = std::make_shared<Session<TlsStream>>(*this, TlsStream(std::move(socket), tls_));
        session->stream.async_handshake(boost::asio::ssl::stream_base::server,
                                        [session](boost::system::error_code failed) {
                                          if (!failed && *session->alive) session->read();
                                        });
      } else {
        std::make_shared<Session<Tcp::socket>>(*this, std::move(socket))->read();
      }
      accept();
    });
  }

  Tcp::acceptor acceptor_;
  boost::asio::ssl::context tls_;
  bool secure_;
  std::map<std::string, Handler> handlers_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace p2pml::native::testing
