#include "p2pml/viewer/fetch.hpp"

#include <utility>

namespace p2pml::app {

namespace input = engine::input;
using base::ErrorCode;

TextFetcher::TextFetcher(boost::asio::io_context& loop)
    : http_(std::make_unique<native::NativeHttpPort>(loop, [this](const engine::Input& event) { onEvent(event); })) {}

void TextFetcher::fetch(const std::string& url, Callback callback) {
  const base::RequestId id(++lastRequest_);
  requests_[id] = {url, std::move(callback), {}, 0};
  driver::HttpRequest request;
  request.url = url;
  request.timeout = base::seconds(30);
  http_->start(id, std::move(request));
}

void TextFetcher::finish(base::RequestId id, base::Result<FetchedText> result) {
  auto request = requests_.extract(id);
  if (request) request.mapped().callback(std::move(result));
}

void TextFetcher::onEvent(const engine::Input& event) {
  if (const auto* head = std::get_if<input::HttpHead>(&event)) {
    const auto request = requests_.find(head->request);
    if (request == requests_.end()) return;
    request->second.status = head->status;
    request->second.result.url = head->responseUrl;
  } else if (const auto* data = std::get_if<input::HttpData>(&event)) {
    const auto request = requests_.find(data->request);
    if (request == requests_.end()) return;
    request->second.result.text += data->data.text();
    if (request->second.result.text.size() <= kMaxBytes) return;
    http_->cancel(data->request);
    finish(data->request, base::fail(ErrorCode::limitExceeded, request->second.url + " is longer than 16 MiB"));
  } else if (const auto* done = std::get_if<input::HttpDone>(&event)) {
    const auto request = requests_.find(done->request);
    if (request == requests_.end()) return;
    const int status = request->second.status;
    if (status < 200 || status > 299) {
      finish(done->request,
             base::fail(ErrorCode::unavailable, request->second.url + ": HTTP status " + std::to_string(status)));
    } else {
      finish(done->request, std::move(request->second.result));
    }
  } else if (const auto* failed = std::get_if<input::HttpFailed>(&event)) {
    finish(failed->request, std::unexpected(failed->error));
  }
}

}  // namespace p2pml::app
