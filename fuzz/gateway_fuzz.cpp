// A gateway with a script of what the outside says: players' requests, an origin's answers, an engine's bytes. Nothing
// is said to a request that is over, nothing is promised that is not kept, and nothing is fetched but http and https.
//
// Playlists and MPDs, segment indexes, clocks. Each line of the input is one event: its first character says which, the
// rest is its text.
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/assert.hpp"
#include "base/encoding.hpp"
#include "gateway/gateway.hpp"

using namespace p2pml;
using namespace p2pml::gateway;

namespace {

struct Answer {
  std::optional<std::uint64_t> left;  // of a promised body
  bool head = false;
  bool over = false;
};

class World {
 public:
  World() : gateway_(options()) {}

  void line(std::string_view text) {
    const char kind = text.empty() ? ' ' : text.front();
    const std::string rest(text.substr(text.empty() ? 0 : 1));
    switch (kind) {
      case 'g': return request("GET", rest, {});
      case 'h': return request("HEAD", rest, {});
      case 'r': return request("GET", last_, {{"Range", rest}});
      case 'c': return request("GET", last_, {{"If-None-Match", rest}, {"If-Range", rest}});
      case 'l': return request("GET", last_.substr(0, last_.rfind('/') + 1) + rest, {});
      case 'm': return answerFetch(unescaped(rest), 200);
      case 'e': return answerFetch(rest, 503);
      case 'p': return answerFetch(rest, 206);
      case 'f': return failFetch();
      case 'b': return segment(rest, false);
      case 'w': return segment(rest, true);
      case 'x':
        if (lane_ && !lane_->queue.empty()) {
          feed(input::SegmentFailed{lane_->lane, lane_->queue[0].segment.id, {base::ErrorCode::timeout, rest}});
        }
        return;
      case 'o': return hangUp();
      case 's': return feed(input::Seed{rest});
      case 'i': return answerIndex(rest);
      case 'k': return feed(input::WallClock{media::parseDateTime(rest).value_or(media::WallTime())});
      default: return pass(base::milliseconds(static_cast<std::int64_t>(rest.size()) * 1'000 + 1));
    }
  }

 private:
  static Options options() {
    Options options;
    options.access.hosts = {"h"};
    options.secret = "fuzz";
    options.streams.maxLanes = 2;
    return options;
  }
  /// A manifest on one line: '|' ends its lines.
  static std::string unescaped(std::string text) {
    for (char& c : text) c = c == '|' ? '\n' : c;
    return text;
  }

  void request(const std::string& method, const std::string& target, Headers headers) {
    headers.push_back({"Host", "h"});
    const ExchangeId id(++exchanges_);
    answers_[id];
    if (target.starts_with("/s/")) last_ = target;
    feed(input::Request{id, method, target, std::move(headers)});
  }
  void answerFetch(const std::string& body, int status) {
    if (fetches_.empty()) return;
    const auto [id, url] = *fetches_.begin();
    input::FetchHead head{id, status, body.size(), {}, {{"Content-Type", "video/mp4"}}, url};
    if (status == 206) head.total = body.size() + 7;
    feed(head);
    if (!fetches_.contains(id)) return;
    if (!body.empty()) feed(input::FetchData{id, base::Bytes::copyOf(body)});
    if (fetches_.erase(id) > 0) feed(input::FetchDone{id});
  }
  /// The fetch that was begun last gets these bytes, in hexadecimal, as a part of something.
  void answerIndex(std::string_view hex) {
    if (fetches_.empty()) return;
    const FetchId id = fetches_.rbegin()->first;
    const auto bytes = base::fromHex(hex);
    const std::string body = bytes.value_or(std::string(hex));
    feed(input::FetchHead{id, 206, body.size(), 1'000'000, {}, "https://example.com/"});
    if (fetches_.contains(id) && !body.empty()) feed(input::FetchData{id, base::Bytes::copyOf(body)});
    if (fetches_.erase(id) > 0) feed(input::FetchDone{id});
  }
  void failFetch() {
    if (fetches_.empty()) return;
    const FetchId id = fetches_.begin()->first;
    fetches_.erase(id);
    feed(input::FetchFailed{id, {base::ErrorCode::unavailable, "refused"}});
  }
  void segment(const std::string& body, bool whole) {
    if (!lane_ || lane_->queue.empty() || body.empty()) return;
    const std::string id = lane_->queue[0].segment.id;
    const LaneId lane = lane_->lane;
    if (whole) {
      feed(input::SegmentLoaded{lane, id, base::Bytes::copyOf(body), false});
    } else {
      feed(input::SegmentBytes{lane, id, 0, base::Bytes::copyOf(body), body.size() + 3});
    }
  }
  void hangUp() {
    if (answers_.empty()) return;
    const ExchangeId id = answers_.begin()->first;
    answers_.erase(id);
    feed(input::RequestGone{id});
  }
  void pass(base::Duration time) {
    const base::TimePoint target = now_ + time;
    for (int ticks = 0; gateway_.deadline() <= target; ++ticks) {
      P2PML_ASSERT(ticks < 10'000);
      now_ = gateway_.deadline();
      feed(input::Tick{});
    }
    now_ = target;
  }

  void feed(const Input& what) {
    Outputs outputs;
    gateway_.step(now_, what, outputs);
    for (Output& output : outputs) std::visit([this](auto& said) { on(said); }, output);
    P2PML_ASSERT(gateway_.deadline() > now_);
  }

  Answer& open(ExchangeId id) {
    P2PML_ASSERT(answers_.contains(id) && !answers_[id].over);
    return answers_[id];
  }
  void on(output::RespondHead& head) {
    Answer& answer = open(head.id);
    P2PML_ASSERT(!answer.head);
    answer.head = true;
    answer.left = head.length;
    if (head.status == 302) {
      for (const Header& header : head.headers) last_ = header.name == "Location" ? header.value : last_;
    }
  }
  void on(output::RespondBody& body) {
    Answer& answer = open(body.id);
    P2PML_ASSERT(answer.head);
    if (answer.left) {
      P2PML_ASSERT(body.data.size() <= *answer.left);
      *answer.left -= body.data.size();
    }
  }
  void on(output::RespondEnd& end) { open(end.id).over = true; }
  void on(output::RespondCut& cut) { open(cut.id).over = true; }
  void on(output::Fetch& fetch) {
    P2PML_ASSERT(fetch.url.starts_with("http://") || fetch.url.starts_with("https://"));
    fetches_[fetch.id] = fetch.url;
  }
  void on(output::CancelFetch& cancel) { P2PML_ASSERT(fetches_.erase(cancel.id) == 1); }
  void on(output::Load& load) { lane_ = load; }
  void on(output::CloseLane& close) {
    if (lane_ && lane_->lane == close.lane) lane_.reset();
  }
  template <class Other>
  void on(Other&) {}

  Gateway gateway_;
  base::TimePoint now_{base::seconds(1)};
  std::uint64_t exchanges_ = 0;
  std::map<ExchangeId, Answer> answers_;
  std::map<FetchId, std::string> fetches_;
  std::optional<output::Load> lane_;
  std::string last_ = "/s/none/0/a";
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  World world;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    world.line(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return 0;
}
