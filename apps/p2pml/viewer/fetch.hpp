// Fetches small texts, such as playlists, over the native HTTP adapter.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "base/ids.hpp"
#include "platform/native/http/native_http_port.hpp"

namespace p2pml::app {

struct FetchedText {
  std::string text;
  std::string url;  ///< after redirects
};

/// On one loop. Callbacks come later, once, and not after destruction.
class TextFetcher {
 public:
  using Callback = std::function<void(base::Result<FetchedText>)>;
  static constexpr std::size_t kMaxBytes = 16 << 20;

  explicit TextFetcher(boost::asio::io_context& loop);
  void fetch(const std::string& url, Callback callback);

 private:
  struct Request {
    std::string url;
    Callback callback;
    FetchedText result;
    int status = 0;
  };
  void onEvent(const engine::Input& input);
  void finish(base::RequestId id, base::Result<FetchedText> result);

  std::map<base::RequestId, Request> requests_;
  std::uint64_t lastRequest_ = 0;
  std::unique_ptr<native::NativeHttpPort> http_;
};

}  // namespace p2pml::app
