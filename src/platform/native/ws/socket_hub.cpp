#include "platform/native/ws/socket_hub.hpp"

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <utility>
#include <variant>

namespace p2pml::native {

class SocketHub::Client final : public driver::SocketPort {
 public:
  Client(SocketHub& hub, driver::EventSink sink, base::Duration patience)
      : hub_(hub), sink_(std::move(sink)), timer_(hub.loop_), waits_(patience > base::Duration::zero()) {
    if (!waits_) return;
    timer_.expires_after(std::chrono::microseconds(patience.count()));
    timer_.async_wait([this](const boost::system::error_code& stopped) {
      if (stopped) return;
      waits_ = false;
      for (auto& [socket, url] : std::exchange(waiting_, {})) openNow(socket, std::move(url));
    });
  }
  ~Client() override {
    for (const auto& [id, shared] : ids_) {
      hub_.port_.close(shared);
      hub_.sockets_.erase(shared);
    }
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void open(base::SocketId socket, std::string url) override {
    if (waits_) {
      waiting_.emplace(socket, std::move(url));
    } else {
      openNow(socket, std::move(url));
    }
  }
  void send(base::SocketId socket, std::string text) override {
    const auto found = ids_.find(socket);
    if (found != ids_.end()) hub_.port_.send(found->second, std::move(text));
  }
  void close(base::SocketId socket) override {
    waiting_.erase(socket);
    const auto found = ids_.find(socket);
    if (found == ids_.end()) return;
    hub_.port_.close(found->second);
    hub_.sockets_.erase(found->second);
    ids_.erase(found);
  }

 private:
  friend class SocketHub;

  void openNow(base::SocketId socket, std::string url) {
    const base::SocketId shared(++hub_.last_);
    ids_[socket] = shared;
    hub_.sockets_[shared] = {this, socket};
    hub_.port_.open(shared, std::move(url));
  }

  SocketHub& hub_;
  driver::EventSink sink_;
  boost::asio::steady_timer timer_;
  bool waits_;
  std::map<base::SocketId, std::string> waiting_;
  std::map<base::SocketId, base::SocketId> ids_;
};

SocketHub::SocketHub(boost::asio::io_context& loop, NativeSocketOptions options)
    : loop_(loop),
      port_(
          loop, [this](engine::Input event) { deliver(std::move(event)); }, std::move(options)) {}

std::unique_ptr<driver::SocketPort> SocketHub::client(driver::EventSink sink, base::Duration patience) {
  return std::make_unique<Client>(*this, std::move(sink), patience);
}

void SocketHub::deliver(engine::Input&& event) {
  const auto pass = [&](auto& what, bool last) {
    const auto found = sockets_.find(what.socket);
    if (found == sockets_.end()) return;
    const Socket socket = found->second;
    what.socket = socket.id;
    if (last) {
      sockets_.erase(found);
      socket.client->ids_.erase(socket.id);
    }
    socket.client->sink_(std::move(what));
  };
  if (auto* opened = std::get_if<engine::input::SocketOpened>(&event)) pass(*opened, false);
  if (auto* message = std::get_if<engine::input::SocketMessage>(&event)) pass(*message, false);
  if (auto* closed = std::get_if<engine::input::SocketClosed>(&event)) pass(*closed, true);
}

}  // namespace p2pml::native
