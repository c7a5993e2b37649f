#include "platform/native/http/native_http_port.hpp"

#include <curl/curl.h>
#include <netdb.h>
#include <signal.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <map>
#include <new>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "gateway/urls.hpp"
#include "platform/native/http/curl_loop.hpp"
#include "platform/native/http/http_fields.hpp"

namespace p2pml::native {
namespace {

using base::Error;
using base::ErrorCode;

constexpr long kMaxRedirects = 10;
/// One read from a socket; curl's own default of 16 KiB costs a loop turn each.
constexpr long kReadBufferBytes = 256 * 1024;
/// With a limit, so that each of several transfers gets something before it counts as silent.
constexpr long kLimitedReadBufferBytes = 16 * 1024;
/// Where the length is not known, chunks are views of buffers of this size.
constexpr std::size_t kUnknownLengthBufferBytes = 64 * 1024;
/// All header bytes of one request, redirects and interim responses included.
constexpr std::size_t kMaxHeaderBytes = 256 * 1024;
constexpr std::size_t kMaxUrlBytes = 64 * 1024;

template <class T, auto Delete>
struct Deleter {
  void operator()(T* pointer) const { Delete(pointer); }
};
using EasyHandle = std::unique_ptr<CURL, Deleter<CURL, &curl_easy_cleanup>>;
using UrlHandle = std::unique_ptr<CURLU, Deleter<CURLU, &curl_url_cleanup>>;
using CurlText = std::unique_ptr<char, Deleter<char, static_cast<void (*)(void*)>(&curl_free)>>;

/// A list of header lines that grows at its end; curl's own list frees itself as a whole.
class HeaderList {
 public:
  HeaderList() = default;
  ~HeaderList() { curl_slist_free_all(list_); }
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;

  void append(const std::string& line) {
    curl_slist* longer = curl_slist_append(list_, line.c_str());
    P2PML_ASSERT(longer != nullptr);
    list_ = longer;
  }
  [[nodiscard]] curl_slist* get() const { return list_; }

 private:
  curl_slist* list_ = nullptr;
};

/// True if a write to a broken connection on this thread cannot end the process.
bool sigpipeIsHarmless() {
  sigset_t blocked;
  if (pthread_sigmask(SIG_BLOCK, nullptr, &blocked) == 0 && sigismember(&blocked, SIGPIPE) == 1) return true;
  struct sigaction action {};
  return sigaction(SIGPIPE, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

struct ParsedUrl {
  std::string url;  ///< with blanks and non-ASCII characters percent-encoded, without fragment
  bool tls = false;
};

base::Result<ParsedUrl> parseUrl(const std::string& url) {
  const auto wrong = [&url](std::string_view what) {
    return base::fail(ErrorCode::invalidArgument, "GET " + redactedUrl(url) + ": " + std::string(what));
  };
  if (url.size() > kMaxUrlBytes) return wrong("the URL is longer than " + std::to_string(kMaxUrlBytes) + " bytes");
  if (url.find('\0') != std::string::npos) return wrong("the URL has a NUL character");
  const UrlHandle parts(curl_url());
  P2PML_ASSERT(parts != nullptr);
  const CURLUcode code =
      curl_url_set(parts.get(), CURLUPART_URL, url.c_str(), CURLU_NON_SUPPORT_SCHEME | CURLU_URLENCODE);
  if (code != CURLUE_OK) return wrong(std::string("not an absolute URL (") + curl_url_strerror(code) + ")");
  const auto part = [&parts](CURLUPart which) {
    char* text = nullptr;
    return curl_url_get(parts.get(), which, &text, 0) == CURLUE_OK ? CurlText(text) : CurlText();
  };
  const CurlText scheme = part(CURLUPART_SCHEME);
  const bool tls = scheme && equalsIgnoringCase(scheme.get(), "https");
  if (!tls && !(scheme && equalsIgnoringCase(scheme.get(), "http"))) {
    return wrong("the scheme is not http or https");
  }
  curl_url_set(parts.get(), CURLUPART_FRAGMENT, nullptr, 0);
  const CurlText whole = part(CURLUPART_URL);
  if (!whole) return wrong("not an absolute URL");
  return ParsedUrl{whole.get(), tls};
}

struct Reaction {
  ErrorCode code;
  std::string_view what;
};

Reaction reactionTo(CURLcode code) {
  switch (code) {
    case CURLE_URL_MALFORMAT: return {ErrorCode::invalidArgument, "not a URL"};
    case CURLE_UNSUPPORTED_PROTOCOL: return {ErrorCode::invalidArgument, "the scheme is not http or https"};
    case CURLE_COULDNT_RESOLVE_HOST: return {ErrorCode::unavailable, "the host's name was not found"};
    case CURLE_COULDNT_RESOLVE_PROXY: return {ErrorCode::unavailable, "the proxy's name was not found"};
    case CURLE_COULDNT_CONNECT: return {ErrorCode::unavailable, "no connection"};
    case CURLE_OPERATION_TIMEDOUT: return {ErrorCode::timeout, "timed out"};
    case CURLE_TOO_MANY_REDIRECTS: return {ErrorCode::limitExceeded, "too many redirects"};
    case CURLE_PARTIAL_FILE: return {ErrorCode::unavailable, "the body was cut short"};
    case CURLE_GOT_NOTHING: return {ErrorCode::unavailable, "the connection closed without a response"};
    case CURLE_PEER_FAILED_VERIFICATION: return {ErrorCode::unavailable, "the certificate was not accepted"};
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER: return {ErrorCode::unavailable, "no TLS connection"};
    case CURLE_SSL_CACERT_BADFILE: return {ErrorCode::invalidArgument, "the CA bundle cannot be read"};
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_HTTP2: return {ErrorCode::malformed, "the response is not HTTP as expected"};
    case CURLE_HTTP2_STREAM: return {ErrorCode::unavailable, "the server gave the response up"};
    case CURLE_OUT_OF_MEMORY: return {ErrorCode::limitExceeded, "out of memory"};
    default: return {ErrorCode::unavailable, "the transfer failed"};
  }
}

Error privateAddress(const std::string& url, const char* address) {
  return {ErrorCode::invalidArgument, "GET " + redactedUrl(url) + ": leads to " + address +
                                          ", an address of a private network, from a public stream"};
}

}  // namespace

class NativeHttpPort::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(boost::asio::io_context& loop, driver::EventSink sink, NativeHttpOptions options)
      : loop_(loop),
        sink_(std::move(sink)),
        options_(std::move(options)),
        curl_(std::make_shared<CurlLoop>(
            loop, [this](CURL* easy, CURLcode code) { onDone(easy, code); }, [this] { flushAll(); })),
        budgetTimer_(loop) {}

  void start(base::RequestId request, driver::HttpRequest what);
  void cancel(base::RequestId request);
  void close();

 private:
  /// The header block that is being read. Interim responses, redirects and challenges each have their own.
  struct Response {
    bool complete = false;  ///< the blank line was seen
    int status = 0;
    std::optional<std::uint64_t> contentLength;
    std::optional<ContentRange> range;
    bool transferCoded = false;
    bool contentCoded = false;
    bool hasLocation = false;
    std::vector<std::pair<std::string, std::string>> fields;  ///< all, if the options ask for them
  };

  struct Transfer : std::enable_shared_from_this<Transfer> {
    Impl* owner = nullptr;
    base::RequestId id;
    EasyHandle easy;
    HeaderList headers;
    std::array<char, CURL_ERROR_SIZE> curlDetail{};
    std::string url;
    bool followRedirects = true;
    bool hasCredentials = false;
    Response response;
    std::size_t headerBytes = 0;
    bool headGiven = false;
    std::uint64_t received = 0;
    base::Buffer buffer;
    base::Bytes pending;           ///< received since the last flush
    std::optional<Error> failure;  ///< why we, not curl, ended it
    std::optional<Error> refused;  ///< an address that was not connected to; the name may have others
    bool cancelled = false;
  };
  using TransferPtr = std::shared_ptr<Transfer>;

  struct Event {
    TransferPtr transfer;
    engine::Input input;
    bool final = false;
  };

  [[nodiscard]] bool behindProxy() const;
  static curl_socket_t onAddress(void* transfer, curlsocktype purpose, curl_sockaddr* address);
  static int onConnected(void* transfer, char* address, char* local, int port, int localPort);
  static std::size_t onHeader(char* data, std::size_t one, std::size_t length, void* transfer);
  static std::size_t onBody(char* data, std::size_t one, std::size_t length, void* transfer);

  std::optional<Error> prepare(Transfer& transfer, const driver::HttpRequest& what);
  std::size_t takeHeader(Transfer& transfer, std::string_view line);
  std::size_t takeBody(const TransferPtr& transfer, std::span<const std::byte> data);
  bool mustWait(const TransferPtr& transfer, std::size_t size);
  void goOn();
  void giveHead(const TransferPtr& transfer);
  bool isInterim(const Transfer& transfer) const;
  void flush(const TransferPtr& transfer);
  void flushAll();
  void onDone(CURL* easy, CURLcode code);
  Error describe(const Transfer& transfer, CURLcode code) const;
  void give(const TransferPtr& transfer, engine::Input input, bool final = false);
  void deliver();

  boost::asio::io_context& loop_;
  driver::EventSink sink_;
  NativeHttpOptions options_;
  std::shared_ptr<CurlLoop> curl_;
  std::map<base::RequestId, TransferPtr> transfers_;  // until the final event is delivered
  std::vector<TransferPtr> dirty_;                    // with bytes pending
  boost::asio::steady_timer budgetTimer_;
  std::vector<TransferPtr> waiting_;  // for the budget, which the timer waits for; who waited longest is first
  std::deque<Event> events_;
  bool deliveryPosted_ = false;
  bool closed_ = false;
};

void NativeHttpPort::Impl::start(base::RequestId request, driver::HttpRequest what) {
  P2PML_ASSERT(!transfers_.contains(request));
  auto transfer = std::make_shared<Transfer>();
  transfer->owner = this;
  transfer->id = request;
  transfer->url = what.url.substr(0, what.url.find('#'));
  transfers_.emplace(request, transfer);
  if (auto error = prepare(*transfer, what)) {
    transfer->easy.reset();
    give(transfer, engine::input::HttpFailed{request, std::move(*error)}, true);
    return;
  }
  const CURLMcode code = curl_->add(transfer->easy.get());
  if (code != CURLM_OK) {
    transfer->easy.reset();
    Error error{ErrorCode::internal, "GET " + redactedUrl(what.url) + ": " + curl_multi_strerror(code)};
    give(transfer, engine::input::HttpFailed{request, std::move(error)}, true);
  }
}

std::optional<Error> NativeHttpPort::Impl::prepare(Transfer& transfer, const driver::HttpRequest& what) {
  const auto parsed = parseUrl(what.url);
  if (!parsed) return parsed.error();
  bool encodingChosen = false;
  for (const auto& [name, value] : what.headers) {
    if (!isFieldName(name) || !isFieldValue(value)) {
      return Error{ErrorCode::invalidArgument, "GET " + redactedUrl(what.url) +
                                                   ": a header has characters that cannot be sent in its " +
                                                   (isFieldName(name) ? "value (" + name + ")" : "name")};
    }
    // "Name:" would remove curl's own header of that name; "Name;" sends an empty one.
    transfer.headers.append(value.empty() ? name + ";" : name + ": " + value);
    encodingChosen = encodingChosen || equalsIgnoringCase(name, "Accept-Encoding");
  }
  // Media is compressed already, and only an unencoded body's length is the length of what arrives.
  if (!encodingChosen) transfer.headers.append("Accept-Encoding: identity");

  transfer.easy.reset(curl_easy_init());
  CURL* easy = transfer.easy.get();
  if (easy == nullptr) return Error{ErrorCode::limitExceeded, "GET " + redactedUrl(what.url) + ": out of memory"};
  transfer.followRedirects = what.followRedirects;
  transfer.hasCredentials = !what.username.empty() || !what.password.empty();

  curl_easy_setopt(easy, CURLOPT_URL, parsed->url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, what.followRedirects ? 1L : 0L);
  curl_easy_setopt(easy, CURLOPT_MAXREDIRS, kMaxRedirects);
  // With plain http curl would ask the first response whether the server multiplexes before it starts a second request.
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                   static_cast<long>(parsed->tls ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_PIPEWAIT, parsed->tls ? 1L : 0L);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer.headers.get());
  curl_easy_setopt(easy, CURLOPT_USERAGENT, options_.userAgent.c_str());
  if (transfer.hasCredentials) {
    curl_easy_setopt(easy, CURLOPT_USERNAME, what.username.c_str());
    curl_easy_setopt(easy, CURLOPT_PASSWORD, what.password.c_str());
    curl_easy_setopt(easy, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC | CURLAUTH_DIGEST));
  }
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(std::max<std::int64_t>(1, base::toMilliseconds(options_.connectTimeout))));
  if (what.timeout) {
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
                     static_cast<long>(std::max<std::int64_t>(1, base::toMilliseconds(*what.timeout))));
  }
  if (options_.proxy) curl_easy_setopt(easy, CURLOPT_PROXY, options_.proxy->c_str());
  if (what.publicOnly && !behindProxy()) {
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &Impl::onAddress);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, &transfer);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, &Impl::onConnected);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, &transfer);
  }
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  if (!options_.caBundle.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, options_.caBundle.c_str());
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, options_.insecureTls ? 0L : 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, options_.insecureTls ? 0L : 2L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, options_.budget ? kLimitedReadBufferBytes : kReadBufferBytes);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, sigpipeIsHarmless() ? 1L : 0L);
  // A look-up under way is left to its thread; otherwise cancelling would wait for it.
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer.curlDetail.data());
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Impl::onHeader);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Impl::onBody);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, &transfer);
  return std::nullopt;
}

void NativeHttpPort::Impl::cancel(base::RequestId request) {
  const auto found = transfers_.find(request);
  if (found == transfers_.end()) return;
  const TransferPtr transfer = std::move(found->second);
  transfers_.erase(found);
  transfer->cancelled = true;
  if (transfer->easy) {
    curl_->remove(transfer->easy.get());
    transfer->easy.reset();
  }
}

void NativeHttpPort::Impl::close() {
  closed_ = true;
  for (auto& [id, transfer] : transfers_) {
    transfer->cancelled = true;
    if (!transfer->easy) continue;
    curl_->remove(transfer->easy.get());
    transfer->easy.reset();
  }
  transfers_.clear();
  dirty_.clear();
  waiting_.clear();
  budgetTimer_.cancel();
  curl_->close();
}

/// The address that counts is then the proxy's to connect to, and its business.
bool NativeHttpPort::Impl::behindProxy() const {
  if (options_.proxy) return !options_.proxy->empty();
  return std::ranges::any_of(std::array{"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"},
                             [](const char* name) { return std::getenv(name) != nullptr; });
}

/// Whatever name led to the address, also after a redirect: asked before it is connected to.
curl_socket_t NativeHttpPort::Impl::onAddress(void* transfer, curlsocktype, curl_sockaddr* address) {
  auto& self = *static_cast<Transfer*>(transfer);
  std::array<char, NI_MAXHOST> text{};
  const int failed =
      getnameinfo(&address->addr, address->addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST);
  if (failed != 0 || gateway::isPrivateHost(text.data())) {
    self.refused = privateAddress(self.url, text.data());
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/// The same of a connection that another request has opened: asked before a request goes out over it.
int NativeHttpPort::Impl::onConnected(void* transfer, char* address, char*, int, int) {
  auto& self = *static_cast<Transfer*>(transfer);
  if (!gateway::isPrivateHost(address)) return CURL_PREREQFUNC_OK;
  self.failure = privateAddress(self.url, address);
  return CURL_PREREQFUNC_ABORT;
}

std::size_t NativeHttpPort::Impl::onHeader(char* data, std::size_t one, std::size_t length, void* transfer) {
  auto& self = *static_cast<Transfer*>(transfer);
  return self.owner->takeHeader(self, std::string_view(data, one * length));
}

std::size_t NativeHttpPort::Impl::onBody(char* data, std::size_t one, std::size_t length, void* transfer) {
  auto& self = *static_cast<Transfer*>(transfer);
  if (self.owner->mustWait(self.shared_from_this(), one * length)) return CURL_WRITEFUNC_PAUSE;
  return self.owner->takeBody(self.shared_from_this(), std::as_bytes(std::span(data, one * length)));
}

bool NativeHttpPort::Impl::mustWait(const TransferPtr& transfer, std::size_t size) {
  if (!options_.budget) return false;
  const auto now =
      base::TimePoint(std::chrono::duration_cast<base::Duration>(std::chrono::steady_clock::now().time_since_epoch()));
  if (options_.budget->take(now, size)) return false;
  if (waiting_.empty()) {
    budgetTimer_.expires_after(options_.budget->ready() - now);
    budgetTimer_.async_wait([weak = weak_from_this()](const boost::system::error_code& failed) {
      const auto self = weak.lock();
      if (self && !failed && !self->closed_) self->goOn();
    });
  }
  waiting_.push_back(transfer);
  return true;
}

/// curl hands out at once what it has kept; who must wait again is last.
void NativeHttpPort::Impl::goOn() {
  const std::vector<TransferPtr> waiting = std::exchange(waiting_, {});
  for (const TransferPtr& transfer : waiting) {
    if (!transfer->cancelled && transfer->easy) curl_easy_pause(transfer->easy.get(), CURLPAUSE_CONT);
  }
  flushAll();
}

/// Answers what curl wants: the length if all is well, anything else ends the transfer.
std::size_t NativeHttpPort::Impl::takeHeader(Transfer& transfer, std::string_view line) {
  const auto refuse = [&transfer](ErrorCode code, std::string_view what) {
    transfer.failure = Error{code, "GET " + redactedUrl(transfer.url) + ": " + std::string(what)};
    return std::size_t{0};
  };
  transfer.headerBytes += line.size();
  if (transfer.headerBytes > kMaxHeaderBytes) {
    return refuse(ErrorCode::limitExceeded,
                  "the response has more than " + std::to_string(kMaxHeaderBytes) + " bytes of headers");
  }
  // What comes after the head is trailers.
  if (transfer.headGiven) return line.size();
  if (transfer.response.complete) transfer.response = Response{};
  Response& response = transfer.response;

  if (line == "\r\n" || line == "\n") {
    long status = 0;
    curl_easy_getinfo(transfer.easy.get(), CURLINFO_RESPONSE_CODE, &status);
    response.status = static_cast<int>(status);
    response.complete = true;
    if (isInterim(transfer)) return line.size();
    if (response.contentLength && *response.contentLength > options_.bodyLimit) {
      return refuse(ErrorCode::limitExceeded, "the body has " + std::to_string(*response.contentLength) +
                                                  " bytes, expected at most " + std::to_string(options_.bodyLimit));
    }
    giveHead(transfer.shared_from_this());
    return line.size();
  }
  const auto field = parseHeaderLine(line);
  if (!field) return line.size();
  if (options_.tellHeaders) response.fields.emplace_back(field->name, field->value);
  if (equalsIgnoringCase(field->name, "Content-Length")) {
    const auto length = parseContentLength(field->value);
    // RFC 9112 section 6.3: "If a message is received without Transfer-Encoding and with an invalid Content-Length
    // header field, then the message framing is invalid and the recipient MUST treat it as an unrecoverable error".
    if (!length || (response.contentLength && *response.contentLength != *length)) {
      return refuse(ErrorCode::malformed, "Content-Length is not one number");
    }
    response.contentLength = length;
  } else if (equalsIgnoringCase(field->name, "Transfer-Encoding")) {
    response.transferCoded = true;
  } else if (equalsIgnoringCase(field->name, "Content-Encoding")) {
    response.contentCoded = response.contentCoded || !equalsIgnoringCase(field->value, "identity");
  } else if (equalsIgnoringCase(field->name, "Content-Range")) {
    response.range = parseContentRange(field->value);
  } else if (equalsIgnoringCase(field->name, "Location")) {
    response.hasLocation = true;
  }
  return line.size();
}

/// True if curl may go on to another response: then this one is not for the loader. (If curl does not, as with wrong
/// credentials, the head is given with the first bytes of the body or at the end.)
bool NativeHttpPort::Impl::isInterim(const Transfer& transfer) const {
  const Response& response = transfer.response;
  if (response.status < 200) return true;
  if (response.status >= 300 && response.status < 400) return transfer.followRedirects && response.hasLocation;
  return response.status == 401 && transfer.hasCredentials;
}

void NativeHttpPort::Impl::giveHead(const TransferPtr& transfer) {
  transfer->headGiven = true;
  const Response& response = transfer->response;
  engine::input::HttpHead head;
  head.request = transfer->id;
  head.status = response.status;
  // RFC 9110 section 8.6: with 304 it is the length that a 200 would have had; 204 has none.
  const bool bodyless = response.status == 204 || response.status == 304;
  if (!response.transferCoded && !response.contentCoded && !bodyless) head.contentLength = response.contentLength;
  if (response.range && (response.status == 206 || response.status == 416)) {
    if (response.status == 206) head.rangeStart = response.range->first;
    head.rangeTotal = response.range->total;
  }
  head.headers = response.fields;
  head.requestUrl = transfer->url;
  head.responseUrl = transfer->url;
  long redirects = 0;
  char* effective = nullptr;
  curl_easy_getinfo(transfer->easy.get(), CURLINFO_REDIRECT_COUNT, &redirects);
  curl_easy_getinfo(transfer->easy.get(), CURLINFO_EFFECTIVE_URL, &effective);
  if (redirects > 0 && effective != nullptr) head.responseUrl = effective;
  give(transfer, std::move(head));
}

std::size_t NativeHttpPort::Impl::takeBody(const TransferPtr& transfer, std::span<const std::byte> data) {
  const auto refuse = [&](std::string what) {
    transfer->failure = Error{ErrorCode::limitExceeded, "GET " + redactedUrl(transfer->url) + ": " + std::move(what)};
    return std::size_t{0};
  };
  if (!transfer->headGiven) giveHead(transfer);
  if (data.size() > options_.bodyLimit - transfer->received) {
    return refuse("the body has more than " + std::to_string(options_.bodyLimit) + " bytes");
  }
  const std::size_t taken = data.size();
  if (transfer->pending.empty() && taken > 0) dirty_.push_back(transfer);
  while (!data.empty()) {
    if (transfer->buffer.free() == 0) {
      const Response& response = transfer->response;
      const bool known =
          response.contentLength && !response.transferCoded && transfer->received < *response.contentLength;
      try {
        transfer->buffer = base::Buffer(known ? static_cast<std::size_t>(*response.contentLength - transfer->received)
                                              : kUnknownLengthBufferBytes);
      } catch (const std::bad_alloc&) {
        return refuse("no memory for the body");
      }
    }
    const base::Bytes piece = transfer->buffer.append(data.first(std::min(data.size(), transfer->buffer.free())));
    data = data.subspan(piece.size());
    transfer->received += piece.size();
    if (transfer->pending.empty()) {
      transfer->pending = piece;
    } else if (transfer->pending.continuesInto(piece)) {
      transfer->pending = transfer->pending.joinedWith(piece);
    } else {
      flush(transfer);
      transfer->pending = piece;
    }
  }
  return taken;
}

/// curl hands out at most 16 KiB a call; what came in one turn of the loop goes out as one event.
void NativeHttpPort::Impl::flush(const TransferPtr& transfer) {
  if (transfer->pending.empty()) return;
  give(transfer, engine::input::HttpData{transfer->id, std::exchange(transfer->pending, base::Bytes())});
}

void NativeHttpPort::Impl::flushAll() {
  for (const auto& transfer : dirty_) {
    if (!transfer->cancelled) flush(transfer);
  }
  dirty_.clear();
}

void NativeHttpPort::Impl::onDone(CURL* easy, CURLcode code) {
  char* pointer = nullptr;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &pointer);
  const TransferPtr transfer = static_cast<Transfer*>(static_cast<void*>(pointer))->shared_from_this();
  if (code == CURLE_OK && !transfer->headGiven) giveHead(transfer);
  flush(transfer);
  engine::Input last;
  if (code == CURLE_OK) {
    last = engine::input::HttpDone{transfer->id};
  } else {
    last = engine::input::HttpFailed{transfer->id, describe(*transfer, code)};
  }
  curl_->remove(easy);
  transfer->easy.reset();
  give(transfer, std::move(last), true);
}

Error NativeHttpPort::Impl::describe(const Transfer& transfer, CURLcode code) const {
  if (transfer.failure) return *transfer.failure;
  if (transfer.refused && code == CURLE_COULDNT_CONNECT) return *transfer.refused;
  const Reaction reaction = reactionTo(code);
  std::string detail = "GET " + redactedUrl(transfer.url) + ": " + std::string(reaction.what);
  const char* more = transfer.curlDetail.front() != '\0' ? transfer.curlDetail.data() : curl_easy_strerror(code);
  detail += std::string(" (") + more + ")";
  long redirects = 0;
  char* effective = nullptr;
  curl_easy_getinfo(transfer.easy.get(), CURLINFO_REDIRECT_COUNT, &redirects);
  curl_easy_getinfo(transfer.easy.get(), CURLINFO_EFFECTIVE_URL, &effective);
  if (redirects > 0 && effective != nullptr) detail += ", redirected to " + redactedUrl(effective);
  return Error{reaction.code, std::move(detail)};
}

void NativeHttpPort::Impl::give(const TransferPtr& transfer, engine::Input input, bool final) {
  events_.push_back(Event{transfer, std::move(input), final});
  if (std::exchange(deliveryPosted_, true)) return;
  boost::asio::post(loop_, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->deliver();
  });
}

void NativeHttpPort::Impl::deliver() {
  deliveryPosted_ = false;
  // The sink may start, cancel and even destroy the port; this call's caller keeps us alive until it returns.
  std::deque<Event> events = std::exchange(events_, {});
  for (Event& event : events) {
    if (closed_) return;
    if (event.transfer->cancelled) continue;
    if (event.final) transfers_.erase(event.transfer->id);
    sink_(std::move(event.input));
  }
}

NativeHttpPort::NativeHttpPort(boost::asio::io_context& loop, driver::EventSink sink, NativeHttpOptions options)
    : impl_(std::make_shared<Impl>(loop, std::move(sink), std::move(options))) {}

NativeHttpPort::~NativeHttpPort() { impl_->close(); }

void NativeHttpPort::start(base::RequestId request, driver::HttpRequest what) {
  impl_->start(request, std::move(what));
}

void NativeHttpPort::cancel(base::RequestId request) { impl_->cancel(request); }

}  // namespace p2pml::native
