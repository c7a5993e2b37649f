// What the tests of the gateway share: a Gateway, a clock that the test moves, and a fake world around it (players, an
// origin, engines) of which the test says every word.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "gateway/gateway.hpp"

namespace p2pml::gateway {

inline constexpr const char* kUrl = "https://example.com/a/index.m3u8";

inline std::string vod(int count, const std::string& end = "#EXT-X-ENDLIST\n") {
  std::string text = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n";
  for (int i = 0; i < count; ++i) text += "#EXTINF:4,\n" + std::to_string(i) + ".ts\n";
  return text + end;
}
inline std::string live(int first, int count) {
  std::string text = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:" + std::to_string(first) + "\n";
  for (int i = first; i < first + count; ++i) text += "#EXTINF:4,\n" + std::to_string(i) + ".ts\n";
  return text;
}
/// The segment's name in the swarm of kUrl.
inline std::string id(int number, const std::string& url = kUrl) { return url + "+" + std::to_string(number); }
inline std::string besides(const std::string& path, const std::string& name) {
  return path.substr(0, path.rfind('/') + 1) + name;
}

class GatewayHarness {
 public:
  struct Answer {
    int status = 0;
    Headers headers;
    std::optional<std::uint64_t> length;
    std::string body;
    bool ended = false;
    bool cut = false;
    [[nodiscard]] std::string header(std::string_view name) const { return std::string(headerValue(headers, name)); }
  };
  struct Lane {
    std::string name;
    std::vector<QueuedSegment> queue;
    std::vector<std::string> followed;
    int loads = 0;
    /// Sequence numbers in the queue's order.
    [[nodiscard]] std::vector<std::string> sequences() const {
      std::vector<std::string> result;
      for (const QueuedSegment& next : queue) result.push_back(next.segment.sequence);
      return result;
    }
  };

  static Options defaultOptions() {
    Options options;
    options.access.hosts = {"localhost", "127.0.0.1"};
    options.access.port = 8090;
    options.secret = "secret";
    options.version = "1.2.3";
    return options;
  }
  explicit GatewayHarness(Options options = defaultOptions()) : gateway(std::move(options)) {}

  // ------------------------------------------------------------------------------------------------------------- time

  [[nodiscard]] std::int64_t nowMs() const { return base::toMilliseconds(now_); }
  void advance(std::int64_t ms) {
    const base::TimePoint target = now_ + base::milliseconds(ms);
    int ticks = 0;
    while (gateway.deadline() <= target) {
      ASSERT_LT(++ticks, 10'000) << "the gateway spins";
      now_ = std::max(now_, gateway.deadline());
      input(input::Tick{});
    }
    now_ = target;
  }

  // ---------------------------------------------------------------------------------------------------------- players

  /// Answers what the gateway has said so far; look again with answer().
  ExchangeId request(const std::string& target, Headers headers = {}, const std::string& method = "GET") {
    const ExchangeId id(++lastExchange_);
    if (headerValue(headers, "Host").empty()) headers.push_back({"Host", "127.0.0.1:8090"});
    answers[id];
    input(input::Request{id, method, target, std::move(headers)});
    return id;
  }
  Answer& answer(ExchangeId id) { return answers[id]; }
  Answer get(const std::string& target, Headers headers = {}, const std::string& method = "GET") {
    return answers[request(target, std::move(headers), method)];
  }
  void hangUp(ExchangeId id) {
    answers.erase(id);
    input(input::RequestGone{id});
  }
  /// Opens `url` by /play; the path of its manifest.
  std::string play(const std::string& url) {
    std::string escaped;
    for (const char c : url) {
      const bool plain =
          (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '/' || c == ':' || c == '-';
      constexpr const char* kHex = "0123456789ABCDEF";
      const auto byte = static_cast<unsigned char>(c);
      escaped += plain ? std::string(1, c) : std::string("%") + kHex[byte / 16] + kHex[byte % 16];
    }
    const Answer answer = get("/play?url=" + escaped);
    EXPECT_EQ(answer.status, 302) << answer.body;
    return answer.header("Location");
  }

  // ----------------------------------------------------------------------------------------------------------- origin

  [[nodiscard]] std::vector<std::string> fetching() const {
    std::vector<std::string> urls;
    for (const auto& [id, fetch] : fetches) urls.push_back(fetch.url);
    return urls;
  }
  FetchId fetchOf(const std::string& url) const {
    for (const auto& [id, fetch] : fetches) {
      if (fetch.url == url) return id;
    }
    ADD_FAILURE() << url << " is not being fetched";
    return {};
  }
  void respond(const std::string& url, const std::string& body, int status = 200, Headers headers = {},
               std::string finalUrl = {}) {
    const FetchId id = fetchOf(url);
    input::FetchHead head{id, status, body.size(), {}, std::move(headers), finalUrl.empty() ? url : finalUrl};
    if (const auto range = headerValue(head.headers, "Content-Range"); !range.empty()) {
      head.total = std::stoull(std::string(range.substr(range.find('/') + 1)));
    }
    input(head);
    if (!fetches.contains(id)) return;
    if (!body.empty()) input(input::FetchData{id, base::Bytes::copyOf(body)});
    fetches.erase(id);
    input(input::FetchDone{id});
  }
  void fail(const std::string& url, base::ErrorCode code = base::ErrorCode::unavailable) {
    const FetchId id = fetchOf(url);
    fetches.erase(id);
    input(input::FetchFailed{id, {code, "connection refused"}});
  }
  /// Plays `url`, answers the manifest with `text`, and gives its path.
  std::string playManifest(const std::string& url, const std::string& text) {
    std::string path = play(url);
    const ExchangeId manifest = request(path);
    respond(url, text);
    EXPECT_EQ(answer(manifest).status, 200) << answer(manifest).body;
    return path;
  }

  // ---------------------------------------------------------------------------------------------------------- engines

  Lane& lane(std::uint64_t id = 1) { return lanes.at(LaneId(id)); }
  void bytes(const std::string& segment, std::uint64_t offset, const std::string& data, std::uint64_t total,
             std::uint64_t id = 1) {
    input(input::SegmentBytes{LaneId(id), segment, offset, base::Bytes::copyOf(data), total});
  }
  void loaded(const std::string& segment, const std::string& data, std::uint64_t id = 1) {
    input(input::SegmentLoaded{LaneId(id), segment, base::Bytes::copyOf(data), false});
  }
  void failed(const std::string& segment, std::uint64_t id = 1, bool elsewhere = false) {
    input(input::SegmentFailed{LaneId(id), segment, {base::ErrorCode::notFound, "HTTP status 404"}, elsewhere});
  }
  void unreachable(const std::string& segment, std::uint64_t id = 1) {
    input(input::SegmentFailed{LaneId(id), segment, {base::ErrorCode::unavailable, "no connection"}, false});
  }

  void input(const Input& what) {
    Outputs outputs;
    gateway.step(now_, what, outputs);
    for (Output& output : outputs) std::visit([this](auto& said) { on(said); }, output);
    EXPECT_GT(gateway.deadline(), now_);
  }

  Gateway gateway;
  std::map<ExchangeId, Answer> answers;
  std::map<FetchId, output::Fetch> fetches;
  std::map<LaneId, Lane> lanes;
  std::vector<std::pair<LaneId, std::string>> lookups;
  std::vector<std::string> logs;
  std::vector<std::string> opened;

 private:
  void on(output::Opened& said) { opened.push_back(said.path); }
  void on(output::RespondHead& said) {
    Answer& answer = openAnswer(said.id);
    EXPECT_EQ(answer.status, 0) << "two heads";
    answer.status = said.status;
    answer.headers = std::move(said.headers);
    answer.length = said.length;
  }
  void on(output::RespondBody& said) {
    Answer& answer = openAnswer(said.id);
    EXPECT_NE(answer.status, 0) << "body before head";
    answer.body += said.data.text();
    EXPECT_LE(answer.body.size(), answer.length.value_or(UINT64_MAX));
  }
  void on(output::RespondEnd& said) { openAnswer(said.id).ended = true; }
  void on(output::RespondCut& said) { openAnswer(said.id).cut = true; }
  Answer& openAnswer(ExchangeId id) {
    EXPECT_TRUE(answers.contains(id)) << "something is said to a player that is gone";
    Answer& answer = answers[id];
    EXPECT_FALSE(answer.ended || answer.cut) << "something is said after the end";
    return answer;
  }
  void on(output::Fetch& said) { fetches[said.id] = std::move(said); }
  void on(output::CancelFetch& said) { EXPECT_EQ(fetches.erase(said.id), 1U); }
  void on(output::OpenLane& said) { lanes[said.lane].name = said.name; }
  void on(output::Load& said) {
    Lane& lane = lanes.at(said.lane);
    lane.queue = std::move(said.queue);
    ++lane.loads;
  }
  void on(output::Follow& said) { lanes.at(said.lane).followed = std::move(said.segments); }
  void on(output::Lookup& said) { lookups.emplace_back(said.lane, said.segment); }
  void on(output::CloseLane& said) { EXPECT_EQ(lanes.erase(said.lane), 1U); }
  void on(output::Log& said) { logs.push_back(std::move(said.text)); }

  base::TimePoint now_{base::seconds(1'000)};
  std::uint64_t lastExchange_ = 0;
};

}  // namespace p2pml::gateway
