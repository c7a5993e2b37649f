#include "platform/native/udp_relay/udp_relay.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <queue>
#include <thread>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "base/rng.hpp"
#include "wire/sdp.hpp"

namespace p2pml::native {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxDatagram = 2048;
constexpr std::size_t kMaxPorts = 4096;
constexpr int kReadBudget = 64;
constexpr int kSocketBuffer = 4 << 20;

/// IPv4 address and port, in host order: all that a loopback relay meets.
struct Endpoint {
  std::uint32_t address = 0;
  std::uint16_t port = 0;
  auto operator<=>(const Endpoint&) const = default;
};

Endpoint endpointOf(const sockaddr_in& address) { return {ntohl(address.sin_addr.s_addr), ntohs(address.sin_port)}; }

sockaddr_in socketAddress(const Endpoint& endpoint) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_addr.s_addr = htonl(endpoint.address);
  out.sin_port = htons(endpoint.port);
  return out;
}

}  // namespace

struct UdpRelay::State {
  /// The relay's port that stands for one real address.
  struct Port {
    int descriptor = -1;
    Endpoint real;
    std::uint16_t number = 0;
  };
  struct Direction {
    explicit Direction(std::uint64_t seed) : random(seed) {}
    base::Rng random;
    Clock::time_point busyUntil{};
  };
  struct Datagram {
    Clock::time_point due;
    std::uint64_t order = 0;  // keeps equal times in the order of arrival
    int from = -1;
    Endpoint to;
    std::vector<char> data;
    bool operator>(const Datagram& other) const { return std::pair(due, order) > std::pair(other.due, other.order); }
  };

  Path path;
  int poller = -1;
  int stopEvent = -1;
  std::mutex mutex;
  std::map<Endpoint, Port> ports;  // guarded: by real address
  std::map<std::pair<Endpoint, Endpoint>, Direction> directions;
  std::priority_queue<Datagram, std::vector<Datagram>, std::greater<>> waiting;
  std::uint64_t order = 0;
  std::atomic<bool> silent{false};
  std::atomic<std::uint64_t> forwarded{0};
  std::atomic<std::uint64_t> lost{0};
  std::atomic<std::uint64_t> overflows{0};
  std::thread thread;

  std::optional<Port> portFor(const Endpoint& real);
  void run();
  void read(int descriptor);
  void accept(int descriptor, const Endpoint& from, std::vector<char> data);
  void sendDue();
};

std::optional<UdpRelay::State::Port> UdpRelay::State::portFor(const Endpoint& real) {
  const std::scoped_lock lock(mutex);
  if (const auto found = ports.find(real); found != ports.end()) return found->second;
  if (ports.size() == kMaxPorts) return std::nullopt;
  Port port;
  port.real = real;
  port.descriptor = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (port.descriptor < 0) return std::nullopt;
  setsockopt(port.descriptor, SOL_SOCKET, SO_RCVBUF, &kSocketBuffer, sizeof kSocketBuffer);
  setsockopt(port.descriptor, SOL_SOCKET, SO_SNDBUF, &kSocketBuffer, sizeof kSocketBuffer);
  sockaddr_in address = socketAddress({INADDR_LOOPBACK, 0});
  socklen_t length = sizeof address;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = port.descriptor;
  if (::bind(port.descriptor, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      ::getsockname(port.descriptor, reinterpret_cast<sockaddr*>(&address), &length) != 0 ||
      ::epoll_ctl(poller, EPOLL_CTL_ADD, port.descriptor, &event) != 0) {
    ::close(port.descriptor);
    return std::nullopt;
  }
  port.number = endpointOf(address).port;
  ports.emplace(real, port);
  return port;
}

void UdpRelay::State::run() {
  std::array<epoll_event, 64> events{};
  while (true) {
    timespec wait{};
    timespec* timeout = nullptr;
    if (!waiting.empty()) {
      const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(waiting.top().due - Clock::now()).count();
      wait.tv_sec = std::max<std::int64_t>(0, left) / 1'000'000'000;
      wait.tv_nsec = std::max<std::int64_t>(0, left) % 1'000'000'000;
      timeout = &wait;
    }
    const int count = ::epoll_pwait2(poller, events.data(), static_cast<int>(events.size()), timeout, nullptr);
    for (int i = 0; i < count; ++i) {
      const int descriptor = events[static_cast<std::size_t>(i)].data.fd;
      if (descriptor == stopEvent) return;
      read(descriptor);
    }
    sendDue();
  }
}

void UdpRelay::State::read(int descriptor) {
  std::array<char, kMaxDatagram> buffer{};
  for (int i = 0; i < kReadBudget; ++i) {
    sockaddr_in from{};
    socklen_t length = sizeof from;
    const ssize_t size =
        ::recvfrom(descriptor, buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&from), &length);
    if (size < 0) return;
    accept(descriptor, endpointOf(from), {buffer.begin(), buffer.begin() + size});
  }
}

void UdpRelay::State::accept(int descriptor, const Endpoint& from, std::vector<char> data) {
  std::optional<Endpoint> to;
  {
    const std::scoped_lock lock(mutex);
    for (const auto& [real, port] : ports) {
      if (port.descriptor == descriptor) to = real;
    }
  }
  const auto sender = portFor(from);
  if (!to || !sender) return;
  auto& direction = directions.try_emplace({from, *to}, path.seed * 1'000'003 + directions.size()).first->second;
  const bool unwanted = path.drops && path.drops(std::as_bytes(std::span(data)));
  const bool unlucky = !unwanted && direction.random.unit() < path.loss;
  if (unwanted || unlucky || silent) {
    ++lost;
    return;
  }
  const auto now = Clock::now();
  auto departure = now;
  if (path.bitsPerSecond != 0) {
    const auto transmission = std::chrono::nanoseconds(data.size() * 8 * 1'000'000'000 / path.bitsPerSecond);
    const auto start = std::max(now, direction.busyUntil);
    const double queued =
        std::chrono::duration<double>(start - now).count() * static_cast<double>(path.bitsPerSecond) / 8;
    if (queued > static_cast<double>(path.queueBytes)) {
      ++overflows;
      return;
    }
    departure = direction.busyUntil = start + transmission;
  }
  waiting.push({departure + path.delay, order++, sender->descriptor, *to, std::move(data)});
}

void UdpRelay::State::sendDue() {
  const auto now = Clock::now();
  while (!waiting.empty() && waiting.top().due <= now) {
    const Datagram& datagram = waiting.top();
    const sockaddr_in address = socketAddress(datagram.to);
    if (::sendto(datagram.from, datagram.data.data(), datagram.data.size(), 0,
                 reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) {
      ++overflows;
    } else {
      ++forwarded;
    }
    waiting.pop();
  }
}

UdpRelay::UdpRelay(Path path) : state_(std::make_unique<State>()) {
  state_->path = std::move(path);
  state_->poller = ::epoll_create1(EPOLL_CLOEXEC);
  state_->stopEvent = ::eventfd(0, EFD_CLOEXEC);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = state_->stopEvent;
  P2PML_ASSERT(::epoll_ctl(state_->poller, EPOLL_CTL_ADD, state_->stopEvent, &event) == 0);
  state_->thread = std::thread([state = state_.get()] { state->run(); });
}

UdpRelay::~UdpRelay() {
  const std::uint64_t one = 1;
  static_cast<void>(!::write(state_->stopEvent, &one, sizeof one));
  state_->thread.join();
  for (const auto& [real, port] : state_->ports) ::close(port.descriptor);
  ::close(state_->stopEvent);
  ::close(state_->poller);
}

base::Result<std::string> UdpRelay::rewrite(const std::string& sdp) {
  auto description = wire::parseSdp(sdp);
  if (!description) return std::unexpected(description.error());
  std::vector<std::string> candidates;
  for (const std::string& line : description->candidates) {
    auto candidate = wire::parseCandidate(line);
    in_addr address{};
    if (!candidate || candidate->transport != wire::CandidateTransport::udp ||
        ::inet_pton(AF_INET, candidate->address.c_str(), &address) != 1) {
      continue;
    }
    const auto port = state_->portFor({ntohl(address.s_addr), candidate->port});
    if (!port)
      return base::fail(base::ErrorCode::unavailable, "UDP relay: no socket: " + std::string(std::strerror(errno)));
    candidate->address = "127.0.0.1";
    candidate->port = port->number;
    candidates.push_back(wire::writeCandidate(*candidate));
  }
  description->candidates = std::move(candidates);
  return wire::writeSdp(*description, 1);
}

void UdpRelay::silence(bool on) { state_->silent = on; }

UdpRelay::Counts UdpRelay::counts() const { return {state_->forwarded, state_->lost, state_->overflows}; }

}  // namespace p2pml::native
