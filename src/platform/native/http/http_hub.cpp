#include "platform/native/http/http_hub.hpp"

#include <type_traits>
#include <utility>
#include <variant>

namespace p2pml::native {

class HttpHub::Client final : public driver::HttpPort {
 public:
  Client(HttpHub& hub, driver::EventSink sink) : hub_(hub), sink_(std::move(sink)) {}
  ~Client() override {
    for (const auto& [id, shared] : ids_) {
      hub_.port_.cancel(shared);
      hub_.requests_.erase(shared);
    }
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void start(base::RequestId request, driver::HttpRequest what) override {
    const base::RequestId shared(++hub_.last_);
    ids_[request] = shared;
    hub_.requests_[shared] = {this, request};
    hub_.port_.start(shared, std::move(what));
  }
  void cancel(base::RequestId request) override {
    const auto found = ids_.find(request);
    if (found == ids_.end()) return;
    hub_.port_.cancel(found->second);
    hub_.requests_.erase(found->second);
    ids_.erase(found);
  }

 private:
  friend class HttpHub;
  HttpHub& hub_;
  driver::EventSink sink_;
  std::map<base::RequestId, base::RequestId> ids_;
};

HttpHub::HttpHub(boost::asio::io_context& loop, NativeHttpOptions options)
    : port_(
          loop, [this](engine::Input event) { deliver(std::move(event)); }, std::move(options)) {}

std::unique_ptr<driver::HttpPort> HttpHub::client(driver::EventSink sink) {
  return std::make_unique<Client>(*this, std::move(sink));
}

void HttpHub::deliver(engine::Input&& event) {
  const auto pass = [&](auto& what, bool last) {
    const auto found = requests_.find(what.request);
    if (found == requests_.end()) return;
    const Request request = found->second;
    what.request = request.id;
    if (last) {
      requests_.erase(found);
      request.client->ids_.erase(request.id);
    }
    request.client->sink_(std::move(what));
  };
  if (auto* head = std::get_if<engine::input::HttpHead>(&event)) pass(*head, false);
  if (auto* data = std::get_if<engine::input::HttpData>(&event)) pass(*data, false);
  if (auto* done = std::get_if<engine::input::HttpDone>(&event)) pass(*done, true);
  if (auto* failed = std::get_if<engine::input::HttpFailed>(&event)) pass(*failed, true);
}

}  // namespace p2pml::native
