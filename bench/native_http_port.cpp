// CPU time a gigabyte costs through NativeHttpPort beside the curl program that downloads the same over loopback.
//
//   native_http_port [megabytes, default 1024] [megabytes a body, default 4] [requests at once, default 1]
//
// A forked server sends bodies from memory; both clients are measured by getrusage (user and system time), one after
// the other, three rounds. Prints the figures of each round and the ratio of the medians. Run it with jemalloc
// (LD_PRELOAD) as the shipped program is: with several requests at once glibc gives every freed body back to the kernel
// and faults its pages in again, which costs more than the transfer.
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "base/assert.hpp"
#include "platform/native/http/native_http_port.hpp"

namespace {

using namespace p2pml;

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double cpuSeconds(int who) {
  rusage usage{};
  getrusage(who, &usage);
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void sendAll(int socket, std::string_view data) {
  while (!data.empty()) {
    const ssize_t sent = ::send(socket, data.data(), data.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    data.remove_prefix(static_cast<std::size_t>(sent));
  }
}

/// Answers every request on one connection with the same body.
void serveConnection(int socket, const std::string& response) {
  std::array<char, 4096> input{};
  std::string head;
  for (;;) {
    const ssize_t got = ::recv(socket, input.data(), input.size(), 0);
    if (got <= 0) break;
    head.append(input.data(), static_cast<std::size_t>(got));
    const std::size_t end = head.find("\r\n\r\n");
    if (end == std::string::npos) continue;
    head.erase(0, end + 4);
    sendAll(socket, response);
  }
  ::close(socket);
}

[[noreturn]] void serve(int listener, std::size_t bodyBytes) {
  const std::string response =
      "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(bodyBytes) + "\r\n\r\n" + std::string(bodyBytes, 'x');
  for (;;) {
    const int socket = ::accept(listener, nullptr, nullptr);
    if (socket >= 0) std::thread(serveConnection, socket, std::cref(response)).detach();
  }
}

/// CPU seconds of `count` requests, `atOnce` of them under way at any time; the bodies are dropped as they come.
double throughPort(const std::string& url, std::uint64_t count, std::uint64_t atOnce, std::size_t bodyBytes) {
  const double before = cpuSeconds(RUSAGE_SELF);
  boost::asio::io_context loop;
  std::uint64_t started = 0;
  std::uint64_t bytes = 0;
  std::unique_ptr<native::NativeHttpPort> port;
  const auto next = [&] {
    if (started == count) return;
    driver::HttpRequest what;
    what.url = url;
    port->start(base::RequestId{++started}, what);
  };
  native::NativeHttpOptions options;
  options.proxy = "";
  port = std::make_unique<native::NativeHttpPort>(
      loop,
      [&](engine::Input input) {
        if (const auto* data = std::get_if<engine::input::HttpData>(&input)) bytes += data->data.size();
        if (std::holds_alternative<engine::input::HttpDone>(input)) next();
        P2PML_ASSERT(!std::holds_alternative<engine::input::HttpFailed>(input));
      },
      options);
  for (std::uint64_t i = 0; i < atOnce; ++i) next();
  while (bytes < count * bodyBytes) loop.run_one();
  port.reset();
  return cpuSeconds(RUSAGE_SELF) - before;
}

double throughCurl(const std::string& url, std::uint64_t count, std::uint64_t atOnce) {
  const double before = cpuSeconds(RUSAGE_CHILDREN);
  std::string command = "curl --silent --fail --noproxy '*' --output /dev/null ";
  if (atOnce > 1) command += "--parallel --parallel-max " + std::to_string(atOnce) + " ";
  command += "'" + url + "[1-" + std::to_string(count) + "]'";
  P2PML_ASSERT(std::system(command.c_str()) == 0);
  return cpuSeconds(RUSAGE_CHILDREN) - before;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const auto argument = [&](int index, std::uint64_t otherwise) {
    return argc > index ? std::strtoull(argv[index], nullptr, 10) : otherwise;
  };
  const std::uint64_t total = argument(1, 1024) << 20;
  const std::uint64_t body = argument(2, 4) << 20;
  const std::uint64_t atOnce = argument(3, 1);
  if (body == 0 || total < body || atOnce == 0) {
    std::fprintf(stderr, "usage: %s [megabytes] [megabytes a body] [requests at once]\n", argv[0]);
    return 2;
  }

  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  P2PML_ASSERT(::bind(listener, reinterpret_cast<sockaddr*>(&address), length) == 0 && ::listen(listener, 64) == 0);
  P2PML_ASSERT(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length) == 0);
  const pid_t server = ::fork();
  if (server == 0) serve(listener, body);
  ::close(listener);

  const std::string url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/";
  const double gigabytes = static_cast<double>(total / body * body) / 1e9;
  std::vector<double> port;
  std::vector<double> curl;
  for (int round = 0; round < 3; ++round) {
    port.push_back(throughPort(url, total / body, atOnce, body) / gigabytes);
    curl.push_back(throughCurl(url, total / body, atOnce) / gigabytes);
    std::printf("round %d: NativeHttpPort %.3f, curl %.3f CPU seconds a GB\n", round + 1, port.back(), curl.back());
  }
  std::printf("ratio of medians: %.2f\n", median(port) / median(curl));
  ::kill(server, SIGTERM);
  ::waitpid(server, nullptr, 0);
  return 0;
}
