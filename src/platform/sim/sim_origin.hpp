// A web server of the simulated world: what it has, how it behaves, and who asked it for what.
//
// Web is the name service: which host is where. Both belong to the world; SimHttpPort asks them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/rng.hpp"
#include "base/time.hpp"
#include "driver/ports.hpp"
#include "platform/sim/body_cache.hpp"
#include "platform/sim/network.hpp"

namespace p2pml::sim {

struct HttpAsk {
  std::string url;
  std::string path;  ///< of the url, with the query
  std::optional<std::string> range;
  std::vector<driver::HttpHeader> headers;
  NodeId client;
  base::TimePoint now;
};

struct HttpReply {
  int status = 200;
  base::Bytes body;
  bool tellLength = true;
  std::string contentRange;  ///< value of Content-Range, if not empty
  std::string redirectTo;    ///< value of Location, if not empty
  bool contentEncoded = false;
  bool acceptRanges = false;                ///< Accept-Ranges: bytes
  base::Duration thinking{};                ///< before the head goes out
  std::uint64_t bytesPerSecond = 0;         ///< of this body alone; 0: only the lines limit it
  bool silent = false;                      ///< takes the request and never answers
  bool refuse = false;                      ///< takes no connection
  std::optional<std::uint64_t> cutAfter;    ///< the connection breaks after so many body bytes
  std::optional<std::uint64_t> stallAfter;  ///< nothing more comes after so many body bytes
};

class SimOrigin {
 public:
  using Handler = std::function<HttpReply(const HttpAsk&)>;
  struct Count {
    std::uint64_t gets = 0;
    std::uint64_t bytes = 0;  ///< of bodies that left the server's line
    friend bool operator==(const Count&, const Count&) = default;
  };
  /// One way to misbehave. Rules are looked at in their order; the first that fits is used.
  struct Fault {
    std::string urlContains;                 ///< empty: every URL
    std::optional<NodeId> client;            ///< none: every client
    std::optional<std::uint64_t> times;      ///< none: for ever
    double share = 1;                        ///< of the requests that fit otherwise
    std::function<void(HttpReply&)> change;  ///< of the reply that was to be given
  };

  SimOrigin(BodyCache& bodies, NodeId node, std::uint64_t seed) : bodies_(bodies), node_(node), rng_(seed) {}
  SimOrigin(const SimOrigin&) = delete;
  SimOrigin& operator=(const SimOrigin&) = delete;

  /// Answers all whose path begins so; of several prefixes that fit, the longest counts. Without any: 404.
  void handle(std::string pathPrefix, Handler handler) { handlers_[std::move(pathPrefix)] = std::move(handler); }
  void serve(std::string path, base::Bytes body);
  /// `{prefix}{n}{suffix}` for every whole number n: the synthetic segment n of `name`. Bodies are made once and
  /// shared.
  void serveSegments(std::string prefix, std::string suffix, std::string name, std::size_t size);

  void addFault(Fault fault) { faults_.push_back(std::move(fault)); }
  void clearFaults() { faults_.clear(); }
  /// Takes no connections while false.
  bool up = true;
  /// Hooks for those who measure: every request that is answered, and body bytes that left the line.
  std::function<void(const HttpAsk&)> onAsk;
  std::function<void(const std::string& url, NodeId client, std::uint64_t bytes)> onBytes;
  /// May change what is answered, after the faults.
  std::function<void(const HttpAsk&, HttpReply&)> onReply;
  /// Answers "bytes=a-b" and "bytes=a-" of a 200 with a 206.
  bool supportsRanges = true;

  [[nodiscard]] NodeId node() const { return node_; }
  [[nodiscard]] Count total() const { return total_; }
  [[nodiscard]] Count of(const std::string& url) const;
  [[nodiscard]] Count of(NodeId client) const;
  [[nodiscard]] const std::map<std::string, Count>& byUrl() const { return byUrl_; }

 private:
  friend class SimHttpPort;
  HttpReply answer(const HttpAsk& ask);
  void countBytes(const std::string& url, NodeId client, std::uint64_t bytes);
  void applyRange(const std::string& range, HttpReply& reply) const;

  BodyCache& bodies_;
  NodeId node_;
  base::Rng rng_;
  std::map<std::string, Handler> handlers_;
  std::vector<Fault> faults_;
  Count total_;
  std::map<std::string, Count> byUrl_;
  std::map<NodeId, Count> byClient_;
};

class SimSocketServer;

/// Which server answers for which host ("host" or "host:port").
class Web {
 public:
  void add(std::string host, SimOrigin& origin) { origins_[std::move(host)] = &origin; }
  void add(std::string host, SimSocketServer& server) { socketServers_[std::move(host)] = &server; }
  /// Null if there is none.
  [[nodiscard]] SimOrigin* origin(std::string_view host) const;
  [[nodiscard]] SimSocketServer* socketServer(std::string_view host) const;

 private:
  std::map<std::string, SimOrigin*, std::less<>> origins_;
  std::map<std::string, SimSocketServer*, std::less<>> socketServers_;
};

/// Host and path of "{scheme}://host/path"; nothing for anything else. A missing path is "/".
struct UrlParts {
  std::string_view host;
  std::string_view path;
};
std::optional<UrlParts> splitUrl(std::string_view url, std::string_view scheme);

}  // namespace p2pml::sim
