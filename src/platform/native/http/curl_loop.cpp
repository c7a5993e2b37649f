#include "platform/native/http/curl_loop.hpp"

#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <mutex>
#include <utility>
#include <vector>

#include "base/assert.hpp"

namespace p2pml::native {
namespace {

/// Idle connections kept for reuse: a player talks to few hosts.
constexpr long kIdleConnections = 16;

void initialiseCurlOnce() {
  static std::once_flag once;
  std::call_once(once, [] { P2PML_ASSERT(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK); });
}

}  // namespace

struct CurlLoop::Watch {
  explicit Watch(boost::asio::io_context& loop) : descriptor(loop) {}

  boost::asio::posix::stream_descriptor descriptor;
  int wanted = CURL_POLL_NONE;
  bool reading = false;
  bool writing = false;
  bool open = true;
};

CurlLoop::CurlLoop(boost::asio::io_context& loop, std::function<void(CURL*, CURLcode)> onDone,
                   std::function<void()> afterAction)
    : loop_(loop), timer_(loop), onDone_(std::move(onDone)), afterAction_(std::move(afterAction)) {
  initialiseCurlOnce();
  share_ = curl_share_init();
  multi_ = curl_multi_init();
  P2PML_ASSERT(share_ != nullptr && multi_ != nullptr);
  // Every request has its own easy handle, which would begin with no TLS session to resume.
  curl_share_setopt(share_, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlLoop::onSocket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlLoop::onTimer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_MULTIPLEX));
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, kIdleConnections);
}

CurlLoop::~CurlLoop() { close(); }

void CurlLoop::close() {
  if (multi_ == nullptr) return;
  onDone_ = nullptr;
  afterAction_ = nullptr;
  ++timerGeneration_;
  timer_.cancel();
  // Closes the idle connections, through onCloseSocket.
  curl_multi_cleanup(std::exchange(multi_, nullptr));
  while (!watches_.empty()) unwatch(watches_.begin()->first);
  curl_share_cleanup(std::exchange(share_, nullptr));
}

CURLMcode CurlLoop::add(CURL* easy) {
  curl_easy_setopt(easy, CURLOPT_SHARE, share_);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &CurlLoop::onCloseSocket);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, this);
  return curl_multi_add_handle(multi_, easy);
}

void CurlLoop::remove(CURL* easy) { curl_multi_remove_handle(multi_, easy); }

int CurlLoop::onSocket(CURL*, curl_socket_t socket, int what, void* self, void*) {
  auto* loop = static_cast<CurlLoop*>(self);
  if (what == CURL_POLL_REMOVE) {
    loop->unwatch(socket);
  } else {
    loop->watch(socket, what);
  }
  return 0;
}

int CurlLoop::onTimer(CURLM*, long timeoutMs, void* self) {
  static_cast<CurlLoop*>(self)->setTimer(timeoutMs);
  return 0;
}

int CurlLoop::onCloseSocket(void* self, curl_socket_t socket) {
  // curl has asked to stop watching before; a watch left over would sit on whatever gets this number next.
  static_cast<CurlLoop*>(self)->unwatch(socket);
  return ::close(socket);
}

void CurlLoop::watch(curl_socket_t socket, int what) {
  auto& watch = watches_[socket];
  if (!watch) {
    auto made = std::make_shared<Watch>(loop_);
    boost::system::error_code error;
    made->descriptor.assign(socket, error);
    if (error) {
      // Out of kernel memory for epoll: the transfer stays unwatched and ends by its connect or silence timeout.
      watches_.erase(socket);
      return;
    }
    watch = std::move(made);
  }
  watch->wanted = what;
  arm(socket, watch);
}

void CurlLoop::unwatch(curl_socket_t socket) {
  const auto found = watches_.find(socket);
  if (found == watches_.end()) return;
  const std::shared_ptr<Watch> watch = std::move(found->second);
  watches_.erase(found);
  watch->open = false;
  // Ends the waits and takes the descriptor out of epoll without closing it: it is curl's.
  watch->descriptor.release();
}

void CurlLoop::arm(curl_socket_t socket, const std::shared_ptr<Watch>& watch) {
  const auto wait = [&](boost::asio::posix::descriptor_base::wait_type type, bool Watch::*waiting, int event) {
    (*watch).*waiting = true;
    watch->descriptor.async_wait(
        type, [weak = weak_from_this(), watch, socket, waiting, event](boost::system::error_code error) {
          (*watch).*waiting = false;
          const auto self = weak.lock();
          if (!self || !watch->open) return;
          self->act(socket, error ? CURL_CSELECT_ERR : event);
          if (watch->open && self->multi_ != nullptr) self->arm(socket, watch);
        });
  };
  if ((watch->wanted & CURL_POLL_IN) != 0 && !watch->reading) {
    wait(boost::asio::posix::descriptor_base::wait_read, &Watch::reading, CURL_CSELECT_IN);
  }
  if ((watch->wanted & CURL_POLL_OUT) != 0 && !watch->writing) {
    wait(boost::asio::posix::descriptor_base::wait_write, &Watch::writing, CURL_CSELECT_OUT);
  }
}

void CurlLoop::setTimer(long timeoutMs) {
  const std::uint64_t generation = ++timerGeneration_;
  if (timeoutMs < 0) {
    timer_.cancel();
    return;
  }
  timer_.expires_after(std::chrono::milliseconds(timeoutMs));
  timer_.async_wait([weak = weak_from_this(), generation](boost::system::error_code error) {
    const auto self = weak.lock();
    if (!self || error || generation != self->timerGeneration_) return;
    self->act(CURL_SOCKET_TIMEOUT, 0);
  });
}

void CurlLoop::act(curl_socket_t socket, int events) {
  int running = 0;
  curl_multi_socket_action(multi_, socket, events, &running);
  std::vector<std::pair<CURL*, CURLcode>> done;
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg == CURLMSG_DONE) done.emplace_back(message->easy_handle, message->data.result);
  }
  for (const auto& [easy, code] : done) onDone_(easy, code);
  afterAction_();
}

}  // namespace p2pml::native
