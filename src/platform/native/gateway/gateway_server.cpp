#include "platform/native/gateway/gateway_server.hpp"

#include <chrono>
#include <random>
#include <utility>
#include <variant>

namespace p2pml::native {

namespace gw = gateway;

namespace {

constexpr std::chrono::seconds kReportInterval{1};
/// What a lane that ends still says to trackers and peers.
constexpr std::chrono::milliseconds kFarewell{300};
/// Of a manifest, or of what is passed through until its first byte; then only of silence.
constexpr base::Duration kFetchTimeout = base::seconds(120);

void addAccess(gw::AccessRules& rules, const Endpoint& endpoint) {
  rules.port = endpoint.port;
  for (const char* name : {"localhost", "127.0.0.1", "[::1]"}) rules.hosts.emplace_back(name);
  const std::string written = toString(endpoint);
  rules.hosts.push_back(written.substr(0, written.rfind(':')));
}

}  // namespace

/// Carries one output out. Nothing here calls the gateway back before it returns.
class GatewayServer::CarryOut {
 public:
  explicit CarryOut(GatewayServer& self) : self_(self) {}

  void operator()(gw::output::Opened& opened) {
    if (self_.listeners_.onOpened) self_.listeners_.onOpened(self_.url() + opened.path);
  }
  void operator()(gw::output::RespondHead& head) {
    HttpFieldList fields;
    for (gw::Header& header : head.headers) fields.emplace_back(std::move(header.name), std::move(header.value));
    self_.server_->head(head.id.value, head.status, fields, head.length);
  }
  void operator()(gw::output::RespondBody& body) { self_.server_->body(body.id.value, std::move(body.data)); }
  void operator()(gw::output::RespondEnd& end) { self_.server_->end(end.id.value); }
  void operator()(gw::output::RespondCut& cut) { self_.server_->cut(cut.id.value); }

  void operator()(gw::output::Fetch& fetch) {
    driver::HttpRequest request;
    request.url = std::move(fetch.url);
    for (gw::Header& header : fetch.headers)
      request.headers.push_back({std::move(header.name), std::move(header.value)});
    request.headers.insert(request.headers.end(), self_.options_.lanes.headers.begin(),
                           self_.options_.lanes.headers.end());
    request.timeout = kFetchTimeout;
    request.publicOnly = fetch.publicOnly;
    self_.fetches_->start(base::RequestId(fetch.id.value), std::move(request));
  }
  void operator()(gw::output::CancelFetch& cancel) { self_.fetches_->cancel(base::RequestId(cancel.id.value)); }

  void operator()(gw::output::OpenLane& open) {
    self_.lanes_[open.lane] = std::make_unique<LaneEngine>(
        self_.loop_, self_.hub_, self_.sockets_, self_.options_.lanes, open, self_.rng_.next(),
        [&self = self_](gw::Input input) { self.put(std::move(input)); });
  }
  void operator()(gw::output::Load& load) {
    if (LaneEngine* lane = find(load.lane)) lane->load(load);
  }
  void operator()(gw::output::Follow& follow) {
    if (LaneEngine* lane = find(follow.lane)) lane->follow(std::move(follow.segments));
  }
  void operator()(gw::output::Lookup& lookup) {
    if (LaneEngine* lane = find(lookup.lane)) lane->lookup(lookup.segment);
  }
  void operator()(gw::output::CloseLane& close) {
    auto lane = self_.lanes_.extract(close.lane);
    if (!lane) return;
    self_.put(lane.mapped()->report());  // what it has moved since the last one
    lane.mapped()->close();
    self_.leaving_.push_back(std::move(lane.mapped()));
    auto timer = std::make_shared<boost::asio::steady_timer>(self_.loop_, kFarewell);
    timer->async_wait([timer, weak = std::weak_ptr(self_.life_)](const boost::system::error_code&) {
      const auto life = weak.lock();
      if (life && *life != nullptr) (*life)->leaving_.pop_front();
    });
  }
  void operator()(gw::output::Log& log) {
    if (self_.listeners_.onLog) self_.listeners_.onLog(log.text, log.trouble);
  }

 private:
  LaneEngine* find(gw::LaneId lane) {
    const auto found = self_.lanes_.find(lane);
    return found == self_.lanes_.end() ? nullptr : found->second.get();
  }

  GatewayServer& self_;
};

base::Result<std::unique_ptr<GatewayServer>> GatewayServer::start(boost::asio::io_context& loop,
                                                                  GatewayServerOptions options, Listeners listeners) {
  if (const auto valid = engine::validate(options.lanes.settings); !valid) return std::unexpected(valid.error());
  // The core must know the port before the first request; the server tells it once it listens.
  auto self = std::unique_ptr<GatewayServer>(new GatewayServer(loop, std::move(options), std::move(listeners)));
  auto server = HttpServer::start(loop, {.listen = self->options_.listen}, *self);
  if (!server) return std::unexpected(server.error());
  self->server_ = *std::move(server);
  gw::Options core = self->options_.gateway;
  addAccess(core.access, self->server_->endpoint());
  if (core.secret.empty()) {
    std::random_device device;
    for (int i = 0; i < 8; ++i) core.secret += std::to_string(device()) + ",";
  }
  self->gateway_ = std::make_unique<gw::Gateway>(std::move(core));
  self->clock_.wake = [raw = self.get()] { raw->put(gw::input::Tick{}); };
  self->tellTime();
  self->reportSoon();
  return self;
}

GatewayServer::GatewayServer(boost::asio::io_context& loop, GatewayServerOptions options, Listeners listeners)
    : loop_(loop),
      options_(std::move(options)),
      listeners_(std::move(listeners)),
      rng_(options_.seed),
      clock_(loop),
      hub_(loop,
           [this] {
             NativeHttpOptions http = options_.http;
             http.tellHeaders = true;
             return http;
           }()),
      sockets_(loop, options_.lanes.sockets),
      fetches_(hub_.client([this](engine::Input event) { onFetch(std::move(event)); })),
      reports_(loop) {}

GatewayServer::~GatewayServer() {
  *life_ = nullptr;
  clock_.wake = nullptr;
  server_.reset();
  lanes_.clear();
  leaving_.clear();
}

std::string GatewayServer::url() const { return "http://" + toString(server_->endpoint()); }

void GatewayServer::leave() {
  for (const auto& [id, lane] : lanes_) lane->close();
}

void GatewayServer::put(gw::Input input) {
  queue_.push_back(std::move(input));
  if (std::exchange(busy_, true)) return;
  while (!queue_.empty()) {
    const gw::Input next = std::move(queue_.front());
    queue_.pop_front();
    gw::Outputs outputs;
    gateway_->step(clock_.now(), next, outputs);
    CarryOut carryOut(*this);
    for (gw::Output& output : outputs) std::visit(carryOut, output);
  }
  busy_ = false;
  clock_.wakeAt(gateway_->deadline());
}

void GatewayServer::onRequest(HttpServerRequest request) {
  // Whoever asks for figures gets those of this moment.
  if (request.target.starts_with("/api/") || request.target == "/metrics") reportLanes();
  gw::input::Request input{gw::ExchangeId(request.exchange), std::move(request.method), std::move(request.target), {}};
  for (auto& [name, value] : request.headers) input.headers.push_back({std::move(name), std::move(value)});
  put(std::move(input));
}

void GatewayServer::onDrained(std::uint64_t exchange, std::uint64_t bytes) {
  if (bytes > 0) put(gw::input::RequestDrained{gw::ExchangeId(exchange), bytes});
}

void GatewayServer::onGone(std::uint64_t exchange) { put(gw::input::RequestGone{gw::ExchangeId(exchange)}); }

void GatewayServer::onFetch(engine::Input&& event) {
  namespace in = engine::input;
  const auto id = [](base::RequestId request) { return gw::FetchId(request.value); };
  if (auto* head = std::get_if<in::HttpHead>(&event)) {
    gw::input::FetchHead told{id(head->request), head->status, head->contentLength,
                              head->rangeTotal,  {},           std::move(head->responseUrl)};
    for (auto& [name, value] : head->headers) told.headers.push_back({std::move(name), std::move(value)});
    put(std::move(told));
  } else if (auto* data = std::get_if<in::HttpData>(&event)) {
    put(gw::input::FetchData{id(data->request), std::move(data->data)});
  } else if (const auto* done = std::get_if<in::HttpDone>(&event)) {
    put(gw::input::FetchDone{id(done->request)});
  } else if (auto* failed = std::get_if<in::HttpFailed>(&event)) {
    put(gw::input::FetchFailed{id(failed->request), std::move(failed->error)});
  }
}

void GatewayServer::reportLanes() {
  for (const auto& [id, lane] : lanes_) put(lane->report());
}

void GatewayServer::tellTime() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  put(gw::input::WallClock{media::WallTime(std::chrono::duration_cast<base::Duration>(now))});
}

void GatewayServer::reportSoon() {
  reports_.expires_after(kReportInterval);
  reports_.async_wait([weak = std::weak_ptr(life_)](const boost::system::error_code& stopped) {
    const auto life = weak.lock();
    if (stopped || !life || *life == nullptr) return;
    (*life)->tellTime();
    (*life)->reportLanes();
    (*life)->reportSoon();
  });
}

}  // namespace p2pml::native
