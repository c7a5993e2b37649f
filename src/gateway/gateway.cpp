#include "gateway/gateway.hpp"

#include <algorithm>
#include <utility>

#include "base/encoding.hpp"
#include "base/sha1.hpp"

namespace p2pml::gateway {

namespace {

using base::Error;
using base::ErrorCode;

constexpr std::string_view kSessionPrefix = "/s/";
/// A live playlist that lists nothing new for so many target durations is stuck (RFC 8216 section 6.2.2 allows 1.5).
constexpr std::int64_t kStuckAfter = 3;
/// What time alone brings is reckoned anew so often while it is played, and sooner for what is not known.
constexpr base::Duration kGrowth = base::seconds(5);
constexpr base::Duration kUnknownGrowth = base::milliseconds(500);
/// A seed looks so often whether the playlists are listed in another order.
constexpr base::Duration kListAgain = base::seconds(60);

bool hostAllowed(const std::vector<std::string>& allowed, std::string_view host) {
  if (allowed.empty()) return true;
  return std::ranges::any_of(allowed, [&](std::string_view pattern) {
    if (!pattern.starts_with("*.")) return equalsIgnoringCase(pattern, host);
    const std::string_view ending = pattern.substr(1);
    return host.size() > ending.size() && equalsIgnoringCase(host.substr(host.size() - ending.size()), ending);
  });
}

std::string entityTag(std::string_view text) { return "\"" + base::toHex(base::sha1(text)).substr(0, 20) + "\""; }

/// Who asks: a player has several connections, but one name and session.
std::string playerOf(const std::string& session, const Headers& headers) {
  return session + "\n" + std::string(headerValue(headers, "User-Agent").substr(0, 200)) + "\n" +
         std::string(headerValue(headers, "X-Playback-Session-Id").substr(0, 100));
}

}  // namespace

Gateway::Gateway(Options options)
    : options_(std::move(options)), streams_(options_.streams), page_(std::move(options_.page)) {}

void Gateway::step(base::TimePoint now, const Input& input, Outputs& outputs) {
  now_ = std::max(now, now_);
  if (startedAt_ == base::TimePoint::min()) startedAt_ = now_;
  out_ = &outputs;
  const std::size_t from = outputs.size();
  std::visit([this](const auto& what) { on(what); }, input);
  settle();
  finish(from);
  out_ = nullptr;
}

base::TimePoint Gateway::deadline() const {
  base::TimePoint next = std::min(streams_.deadline(), publishAt_);
  for (const auto& [url, seeded] : seeded_) {
    for (const auto& [manifest, when] : seeded.next) next = std::min(next, when);
  }
  for (const auto& [key, players] : waiting_) {
    for (const Waiting& player : players) {
      const base::TimePoint when = player.since + kManifestPatience;
      if (manifests_.kept(std::max(when, now_), key) != nullptr) next = std::min(next, when);
    }
  }
  return next == base::kNever ? next : std::max(next, now_ + base::Duration(1));
}

void Gateway::log(std::string text, bool trouble) {
  events_.add(now_, text, trouble);
  for (auto& [exchange, subscriber] : subscribers_) {
    std::string event = serverSentEvent("log", eventJson(events_.all().back()));
    subscriber.sent += event.size();
    out_->push_back(output::RespondBody{exchange, base::Bytes::adopt(std::move(event))});
  }
  out_->push_back(output::Log{std::move(text), trouble});
}

/// What every step ends with: requests that no engine answers, sizes that became known, manifests that arrived.
void Gateway::settle() {
  for (;;) {
    for (auto& [url, total] : passages_.takeTotals()) streams_.learnTotal(url, total);
    for (auto& [url, total] : indexes_.takeTotals()) streams_.learnTotal(url, total);
    const auto arrived = manifests_.takeArrived();
    for (const ManifestKey& key : arrived) manifestArrived(key);
    for (const std::string& opened : clocks_.takeLearnt()) grow(opened, base::Duration::zero());
    const auto read = indexes_.takeRead();
    for (const SegmentIndexes::Read& index : read) {
      streams_.applyIndex(now_, *out_, index.stream, index.source, index.box);
      // One that names further ones.
      fetchIndexes(index.stream.substr(0, index.stream.find('\n')), index.source.url);
    }
    const auto fallbacks = streams_.takeFallbacks();
    for (const Fallback& fallback : fallbacks) {
      const auto exchange = exchanges_.find(fallback.exchange);
      if (exchange == exchanges_.end() || !exchange->second.passage) continue;
      PassageRequest passage = *std::exchange(exchange->second.passage, std::nullopt);
      log("asking the origin itself for " + redacted(passage.url) + ": " + fallback.reason, true);
      pass(std::move(passage));
    }
    if (arrived.empty() && read.empty() && fallbacks.empty()) break;
  }
  for (const std::string& label : streams_.takeBegun()) {
    passages_.forgetKept();
    log(label + ": began anew; what was loaded before is forgotten", true);
  }
  streams_.renewLanes(now_, *out_);
}

/// Makes answers complete: what browsers must be told, no body for HEAD, and forgets what has ended.
void Gateway::finish(std::size_t from) {
  const auto noBody = [this](const Output& output) {
    const auto* body = std::get_if<output::RespondBody>(&output);
    if (body == nullptr) return false;
    const auto exchange = exchanges_.find(body->id);
    return exchange == exchanges_.end() || exchange->second.headOnly;
  };
  out_->erase(std::remove_if(out_->begin() + static_cast<std::ptrdiff_t>(from), out_->end(), noBody), out_->end());
  for (std::size_t i = from; i < out_->size(); ++i) {
    Output& output = (*out_)[i];
    if (auto* head = std::get_if<output::RespondHead>(&output)) {
      const auto exchange = exchanges_.find(head->id);
      if (exchange == exchanges_.end()) continue;
      if (exchange->second.media) {
        head->headers.push_back({"Access-Control-Allow-Origin", "*"});
        head->headers.push_back({"Access-Control-Expose-Headers", "Content-Length, Content-Range, ETag"});
      }
      head->headers.push_back({"X-Content-Type-Options", "nosniff"});
    } else if (const auto* end = std::get_if<output::RespondEnd>(&output)) {
      exchanges_.erase(end->id);
    } else if (const auto* cut = std::get_if<output::RespondCut>(&output)) {
      exchanges_.erase(cut->id);
    }
  }
}

// ------------------------------------------------------------------------------------------------------------ opening

bool Gateway::publicOnly(const std::string& opened) const {
  const auto origin = originOf(opened);
  return origin && !isPrivateHost(hostOf(*origin));
}

base::Result<std::string> Gateway::open(const std::string& url) {
  const auto canonical = canonicalUrl(url);
  if (!canonical) {
    return base::fail(ErrorCode::invalidArgument,
                      redacted(url) + ": expected the URL of a manifest, with http or https and a host");
  }
  // Some players open it again whenever they look for a newer version: they are where they were.
  const auto known = std::ranges::find_if(sessions_, [&](const auto& it) { return it.second.opened == *canonical; });
  if (known != sessions_.end()) {
    known->second.usedAt = now_;
    return known->second.space.localPath(*canonical);
  }
  if (sessions_.size() >= kMaxSessions) {
    const auto oldest = std::ranges::min_element(
        sessions_, [](const auto& a, const auto& b) { return a.second.usedAt < b.second.usedAt; });
    const std::string opened = oldest->second.opened;
    sessions_.erase(oldest);
    if (!seeded_.contains(opened)) forget(opened);
  }
  const std::string name = base::toHex(base::sha1(options_.secret + std::to_string(++lastSession_))).substr(0, 24);
  Session session{*canonical, UrlSpace(std::string(kSessionPrefix) + name + "/", *canonical), now_};
  auto path = session.space.localPath(*canonical);
  if (!path) return path;
  sessions_.emplace(name, std::move(session));
  log("opened " + redacted(*canonical));
  return path;
}

void Gateway::forget(const std::string& opened) {
  streams_.forget(*out_, opened);
  manifests_.forget(*out_, opened);
  indexes_.forget(*out_, opened + "\n");
  clocks_.forget(*out_, opened);
  opened_.erase(opened);
}

void Gateway::on(const input::Open& what) {
  auto path = open(what.url);
  if (path) {
    out_->push_back(output::Opened{*std::move(path)});
  } else {
    log(path.error().detail, true);
  }
}

void Gateway::on(const input::Seed& seed) {
  const auto canonical = canonicalUrl(seed.url);
  if (!canonical)
    return log(redacted(seed.url) + ": expected the URL of a manifest, with http or https and a host", true);
  seeded_[*canonical].next[*canonical] = now_;
  lookAgain();
}

void Gateway::lookAgain() {
  for (auto& [opened, seeded] : seeded_) {
    std::vector<std::string> due;
    for (auto& [url, when] : seeded.next) {
      if (when > now_) continue;
      when = base::kNever;  // until it has arrived
      due.push_back(url);
    }
    for (const std::string& url : due) {
      if (manifests_.get(now_, *out_, {opened, url}, publicOnly(opened), {}, lastFetch_) != nullptr) {
        manifestArrived({opened, url});
      }
    }
  }
}

// ----------------------------------------------------------------------------------------------------------- manifests

ManifestContext Gateway::contextOf(const ManifestKey& key) const {
  ManifestContext context{key.opened, nullptr, nullptr, clocks_.atZero(key.opened), now_};
  const Manifest* master = manifests_.find({key.opened, key.opened});
  if (master == nullptr || key.url == key.opened) return context;
  context.variables = &master->read.variables;
  for (const media::TimelineStream& listed : master->read.listed) {
    if (canonicalUrl(listed.url) == key.url) context.listed = &listed;
  }
  return context;
}

void Gateway::tell(const std::string& opened, std::vector<ManifestStream> streams) {
  for (ManifestStream& stream : streams) {
    streams_.tell(now_, *out_, opened, publicOnly(opened), std::move(stream));
  }
}

/// A new version has come: what it says of streams and times.
void Gateway::takeStreams(const ManifestKey& key, const Manifest& manifest) {
  const ReadManifest& read = manifest.read;
  Opened& opened = opened_[key.opened];
  if (opened.trouble != read.trouble) {
    opened.trouble = read.trouble;
    if (!read.trouble.empty()) log(redacted(key.url) + " is not shared: " + read.trouble, true);
  }
  std::vector<ManifestStream> streams = manifests_.takeStreams(key);
  if (read.kind == media::PresentationKind::dash) {
    const auto before = clocks_.atZero(key.opened);
    if (read.live) clocks_.learn(now_, *out_, key.opened, read.timing, publicOnly(key.opened), lastFetch_);
    opened.growing = read.growing;
    opened.url = manifest.url;
    opened.grownAt = now_;
    if (read.live && clocks_.atZero(key.opened) != before) {
      // The manifest itself has told the time.
      for (ManifestStream& stream : streams) stream.wallAtZero = clocks_.atZero(key.opened);
      tell(key.opened, std::move(streams));
      return grow(key.opened, base::Duration::zero());
    }
  }
  tell(key.opened, std::move(streams));
}

/// Segments that are there by now, unless that was reckoned less than `atLeast` ago.
void Gateway::grow(const std::string& name, base::Duration atLeast) {
  const auto known = opened_.find(name);
  if (known == opened_.end() || !known->second.growing || now_ - known->second.grownAt < atLeast) return;
  known->second.grownAt = now_;
  auto grown = grownStreams(*known->second.growing, known->second.url, contextOf({name, name}));
  if (grown) tell(name, *std::move(grown));
}

/// Of streams whose segments are known by an index in the resource at `url`; in any if that is empty.
void Gateway::fetchIndexes(const std::string& opened, std::string_view url) {
  for (const auto& [stream, index] : streams_.indexesIn(opened, url)) {
    indexes_.want(*out_, stream, index, publicOnly(opened), lastFetch_);
  }
}

void Gateway::manifestArrived(const ManifestKey& key) {
  const Manifest* manifest = manifests_.find(key);
  if (manifest == nullptr) return;
  if (manifest->fetchedAt == now_) {
    if (manifest->error) {
      log(redacted(key.url) + ": " + manifest->error->detail, true);
    } else if (!manifest->good()) {
      log(redacted(key.url) + ": HTTP status " + std::to_string(manifest->status), true);
    }
    takeStreams(key, *manifest);
  }
  const auto seeded = seeded_.find(key.opened);
  if (seeded != seeded_.end()) {
    const bool live = !manifest->good() || manifest->read.live;
    const bool lists = manifest->good() && key.url == key.opened && !manifest->read.listed.empty();
    const base::TimePoint again = live ? now_ + manifest->read.refresh : lists ? now_ + kListAgain : base::kNever;
    // An MPD may say that its next version is elsewhere.
    const bool moved = manifest->good() && !manifest->read.locations.empty();
    if (moved) seeded->second.next.erase(key.url);
    seeded->second.next[moved ? manifest->read.locations.front() : key.url] = again;
    fetchIndexes(key.opened, "");
    // What a listed playlist lists in turn is no stream of this one: manifests could go on for ever.
    if (lists) {
      for (const media::TimelineStream& listed : manifest->read.listed) {
        const auto url = canonicalUrl(listed.url);
        const bool shared = listed.sharedInG0 || listed.sharedInBinary;
        auto& [next, names] = seeded->second;
        if (!shared || !url || (next.size() > options_.streams.maxLanes && !next.contains(*url))) continue;
        if (std::exchange(names[*url], listed.names.streamSwarmId) != listed.names.streamSwarmId) next[*url] = now_;
      }
    }
    streams_.seed(now_, *out_, key.opened);
    lookAgain();
  }
  const auto waiting = waiting_.extract(key);
  if (!waiting) return;
  for (const Waiting& player : waiting.mapped()) answerManifest(player, key, *manifest);
}

/// The origin is silent: the last version helps more than waiting for it.
void Gateway::answerFromBefore() {
  for (auto& [key, players] : waiting_) {
    const Manifest* before = manifests_.kept(now_, key);
    if (before == nullptr) continue;
    std::vector<Waiting> due;
    std::erase_if(players, [&](const Waiting& player) {
      if (now_ - player.since < kManifestPatience) return false;
      due.push_back(player);
      return true;
    });
    if (!due.empty()) log(redacted(key.url) + ": the origin is silent; players get what it said before", true);
    for (const Waiting& player : due) answerManifest(player, key, *before);
  }
}

void Gateway::answerManifest(const Waiting& waiting, const ManifestKey& key, const Manifest& manifest) {
  const auto session = sessions_.find(waiting.session);
  if (session == sessions_.end() || !exchanges_.contains(waiting.exchange)) return;
  if (manifest.error) {
    respondText(*out_, waiting.exchange, statusOf(*manifest.error), manifest.error->detail);
    return;
  }
  if (!manifest.good()) {
    // What the origin says to the plain URL.
    out_->push_back(output::RespondHead{
        waiting.exchange, manifest.status, {{"Content-Type", manifest.contentType}}, manifest.text.size()});
    out_->push_back(output::RespondBody{waiting.exchange, base::Bytes::copyOf(manifest.text)});
    out_->push_back(output::RespondEnd{waiting.exchange});
    return;
  }
  const ManifestContext context = contextOf(key);
  static const media::PlaylistVariables kNone;
  auto text = rewriteManifest(manifest.text, manifest.url, manifest.read.kind, {waiting.target, waiting.host},
                              context.variables != nullptr ? *context.variables : kNone, session->second.space);
  if (!text) {
    log(redacted(key.url) + ": " + text.error().detail, true);
    respondText(*out_, waiting.exchange, 502, "not a manifest to be played: " + text.error().detail);
    return;
  }
  const std::string tag = entityTag(*text);
  const bool dash = manifest.read.kind == media::PresentationKind::dash;
  Headers headers{
      {"Content-Type", std::string(dash ? kDashType : kHlsType)}, {"Cache-Control", "no-cache"}, {"ETag", tag}};
  if (!waiting.ifNoneMatch.empty() && matchesEntityTag(waiting.ifNoneMatch, tag)) {
    out_->push_back(output::RespondHead{waiting.exchange, 304, std::move(headers), std::nullopt});
  } else {
    out_->push_back(output::RespondHead{waiting.exchange, 200, std::move(headers), text->size()});
    out_->push_back(output::RespondBody{waiting.exchange, base::Bytes::adopt(*std::move(text))});
  }
  out_->push_back(output::RespondEnd{waiting.exchange});
}

// ------------------------------------------------------------------------------------------------------------ requests

void Gateway::on(const input::Request& request) {
  Exchange exchange;
  exchange.headOnly = request.method == "HEAD";
  exchange.media = request.target.starts_with(kSessionPrefix);
  exchanges_.insert_or_assign(request.id, std::move(exchange));
  route(request);
}

void Gateway::route(const input::Request& request) {
  const std::string_view path = std::string_view(request.target).substr(0, request.target.find('?'));
  const bool isMedia = path.starts_with(kSessionPrefix);
  if (request.target.size() > kMaxTarget) return respondText(*out_, request.id, 414, "the URL is too long");
  if (const auto refused = refusal(options_.access, request.headers, !isMedia)) {
    return respondText(*out_, request.id, 403, *refused);
  }
  if (request.method == "OPTIONS") {
    Headers headers{{"Allow", "GET, HEAD, OPTIONS"}};
    if (isMedia) {
      headers.push_back({"Access-Control-Allow-Methods", "GET, HEAD"});
      headers.push_back({"Access-Control-Allow-Headers", "*"});
      headers.push_back({"Access-Control-Allow-Private-Network", "true"});
      headers.push_back({"Access-Control-Max-Age", "600"});
    }
    out_->push_back(output::RespondHead{request.id, 204, std::move(headers), std::nullopt});
    out_->push_back(output::RespondEnd{request.id});
    return;
  }
  if (request.method != "GET" && request.method != "HEAD") {
    return respondText(*out_, request.id, 405, request.method.substr(0, 20) + ": expected GET or HEAD",
                       {{"Allow", "GET, HEAD, OPTIONS"}});
  }
  if (isMedia) return media(request);
  const auto text = [&](std::string body, const char* type) {
    out_->push_back(
        output::RespondHead{request.id, 200, {{"Content-Type", type}, {"Cache-Control", "no-store"}}, body.size()});
    out_->push_back(output::RespondBody{request.id, base::Bytes::adopt(std::move(body))});
    out_->push_back(output::RespondEnd{request.id});
  };
  if (auto page = page_.answer(path, request.headers)) {
    const bool whole = page->status == 200;
    out_->push_back(output::RespondHead{request.id, page->status, std::move(page->headers),
                                        whole ? std::optional<std::uint64_t>(page->body.size()) : std::nullopt});
    if (whole) out_->push_back(output::RespondBody{request.id, std::move(page->body)});
    out_->push_back(output::RespondEnd{request.id});
    return;
  }
  if (path == "/play") return play(request);
  if (path == "/api/stats") return text(statsJson(report(), events_), "application/json");
  if (path == "/metrics") return text(metricsText(report()), "text/plain; version=0.0.4; charset=utf-8");
  if (path == "/api/events") return subscribe(request.id);
  respondText(*out_, request.id, 404, "nothing is here; a stream is opened by /play?url=...");
}

void Gateway::play(const input::Request& request) {
  const auto url = queryParameter(request.target, "url");
  if (!url)
    return respondText(*out_, request.id, 400, "expected /play?url=URL with the manifest's URL percent-encoded");
  const auto origin = originOf(*url);
  if (origin && !hostAllowed(options_.allowedHosts, hostOf(*origin))) {
    return respondText(*out_, request.id, 403,
                       std::string(hostOf(*origin)) + " is not among the hosts that may be opened (--allow)");
  }
  const auto path = open(*url);
  if (!path) return respondText(*out_, request.id, 400, path.error().detail);
  out_->push_back(
      output::RespondHead{request.id, 302, {{"Location", *path}, {"Cache-Control", "no-store"}}, std::uint64_t{0}});
  out_->push_back(output::RespondEnd{request.id});
}

void Gateway::media(const input::Request& request) {
  const std::string_view target = std::string_view(request.target).substr(kSessionPrefix.size());
  const std::size_t slash = target.find('/');
  const std::string name(target.substr(0, slash));
  const auto session = sessions_.find(name);
  const auto url = session == sessions_.end() || slash == std::string_view::npos
                       ? std::nullopt
                       : session->second.space.upstream(target.substr(slash + 1));
  if (!url) {
    return respondText(*out_, request.id, 404,
                       "this address is not known (any more); open the stream by /play?url=...");
  }
  session->second.usedAt = now_;
  const std::string& opened = session->second.opened;
  const bool headOnly = request.method == "HEAD";
  const std::string_view range = headerValue(request.headers, "Range");
  PassageRequest passage{request.id, *url, headOnly, session->second.space.publicOnly(), request.headers};

  grow(opened, kGrowth);
  auto place = streams_.find(opened, *url, range);
  if (!place) {
    grow(opened, kUnknownGrowth);
    place = streams_.find(opened, *url, range);
  }
  if (place) {
    // If-Range needs a strong validator, and segments have weak ones: its condition is false (RFC 9110 13.1.5).
    const bool conditional = !headerValue(request.headers, "If-Range").empty();
    SegmentQuestion question{request.id,
                             headOnly,
                             conditional ? std::nullopt : parseRequestRange(range),
                             std::string(headerValue(request.headers, "If-None-Match")),
                             std::string(contentTypeOf(*url)),
                             std::nullopt};
    exchanges_[request.id].passage = passage;
    if (streams_.ask(now_, *out_, *place, playerOf(name, request.headers), std::move(question))) return;
    exchanges_[request.id].passage.reset();
    return pass(std::move(passage));
  }
  const ManifestKey key{opened, *url};
  const bool listed = contextOf(key).listed != nullptr;
  if (*url == opened || listed || looksLikeManifest(*url) || manifests_.isLocation(opened, *url)) {
    const Waiting waiting{request.id,
                          name,
                          request.target,
                          std::string(headerValue(request.headers, "If-None-Match")),
                          std::string(headerValue(request.headers, "Host")),
                          now_};
    const Manifest* manifest =
        manifests_.get(now_, *out_, key, session->second.space.publicOnly(), request.headers, lastFetch_);
    if (manifest != nullptr) return answerManifest(waiting, key, *manifest);
    waiting_[key].push_back(waiting);
    return;
  }
  fetchIndexes(opened, *url);
  passage.fresh = manifests_.isTiming(opened, *url);
  pass(std::move(passage));
}

void Gateway::pass(PassageRequest request) { passages_.start(now_, *out_, FetchId(++lastFetch_), std::move(request)); }

void Gateway::on(const input::RequestDrained& drained) {
  passages_.drained(drained.id, drained.bytes);
  const auto subscriber = subscribers_.find(drained.id);
  if (subscriber != subscribers_.end()) subscriber->second.drained = drained.bytes;
}

void Gateway::on(const input::RequestGone& gone) {
  exchanges_.erase(gone.id);
  subscribers_.erase(gone.id);
  if (subscribers_.empty()) publishAt_ = base::kNever;
  for (auto& [key, players] : waiting_) {
    std::erase_if(players, [&](const Waiting& player) { return player.exchange == gone.id; });
  }
  streams_.gone(now_, *out_, gone.id);
  passages_.gone(*out_, gone.id);
}

// ---------------------------------------------------------------------------------------------------- fetches, engines

void Gateway::on(const input::FetchHead& head) {
  if (const ManifestKey* key = manifests_.fetchedBy(head.id)) clocks_.arrived(now_, key->opened, head.headers);
  if (manifests_.on(now_, *out_, head) || indexes_.on(*out_, head) || clocks_.on(now_, *out_, head)) return;
  passages_.on(now_, *out_, head);
}
void Gateway::on(const input::FetchData& data) {
  if (manifests_.on(now_, *out_, data) || indexes_.on(*out_, data) || clocks_.on(*out_, data)) return;
  passages_.on(now_, *out_, data);
}
void Gateway::on(const input::FetchDone& done) {
  if (manifests_.on(now_, *out_, done, [this](const ManifestKey& key) { return contextOf(key); })) return;
  if (indexes_.on(done) || clocks_.on(now_, done)) return;
  passages_.on(now_, *out_, done);
}
void Gateway::on(const input::FetchFailed& failed) {
  if (manifests_.on(now_, *out_, failed) || indexes_.on(failed) || clocks_.on(failed)) return;
  passages_.on(now_, *out_, failed);
}

void Gateway::on(const input::SegmentFound& found) { streams_.on(now_, *out_, found); }
void Gateway::on(const input::SegmentBytes& bytes) { streams_.on(now_, *out_, bytes); }
void Gateway::on(const input::SegmentLoaded& loaded) { streams_.on(now_, *out_, loaded); }
void Gateway::on(const input::SegmentFailed& failed) { streams_.on(now_, *out_, failed); }
void Gateway::on(const input::LaneReport& report) {
  const auto [known, isNew] = reported_.try_emplace(report.lane);
  total_.add(known->second, report);
  known->second = report;
  if (streams_.byLane(report.lane) == nullptr) reported_.erase(known);
  streams_.on(report);
}
void Gateway::on(const input::LaneEvent& event) {
  streams_.on(now_, event);
  const Streams::Entry* entry = streams_.byLane(event.lane);
  if (entry != nullptr) log(entry->stream.label() + ": " + event.text, event.trouble);
}

// ---------------------------------------------------------------------------------------------------------------- time

void Gateway::on(const input::Tick&) {
  streams_.tick(now_, *out_);
  answerFromBefore();
  lookAgain();
  if (publishAt_ <= now_) publish();
}

void Gateway::subscribe(ExchangeId exchange) {
  if (subscribers_.size() >= kMaxSubscribers) {
    return respondText(*out_, exchange, 503, "more than " + std::to_string(kMaxSubscribers) + " listen already");
  }
  subscribers_[exchange] = {};
  out_->push_back(output::RespondHead{
      exchange, 200, {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}}, std::nullopt});
  publish();
}

void Gateway::publish() {
  constexpr std::uint64_t kMaxBehind = 1 << 20;
  const std::string event = serverSentEvent("stats", statsJson(report(), EventLog{}));
  for (auto it = subscribers_.begin(); it != subscribers_.end();) {
    if (it->second.sent - it->second.drained > kMaxBehind) {
      out_->push_back(output::RespondCut{it->first});
      it = subscribers_.erase(it);
      continue;
    }
    it->second.sent += event.size();
    out_->push_back(output::RespondBody{it->first, base::Bytes::copyOf(event)});
    ++it;
  }
  publishAt_ = subscribers_.empty() ? base::kNever : now_ + kEventInterval;
}

Report Gateway::report() const {
  Report report;
  report.version = options_.version;
  report.now = now_;
  report.uptime = now_ - startedAt_;
  report.sessions = sessions_.size();
  report.openRequests = exchanges_.size();
  report.passedThrough = passages_.bytes();
  report.total = total_;
  for (const auto& [key, entry] : streams_.all()) {
    StreamRow row;
    row.manifest = redacted(entry.openedUrl);
    row.label = entry.stream.label();
    row.type = toString(entry.stream.names().properties.type);
    row.live = entry.stream.live();
    row.seeded = entry.seeded;
    row.segments = entry.stream.segments().size();
    row.targetDuration = entry.stream.targetDuration();
    const base::Duration still = now_ - entry.stream.changedAt();
    if (row.live && still > entry.stream.targetDuration() * kStuckAfter) row.stuckFor = still;
    row.delivered = entry.delivered;
    row.failures = entry.failures;
    row.lastError = entry.lastError;
    for (const auto& [name, player] : entry.stream.players().all()) {
      row.players.push_back(
          {entry.stream.numberAt(player.at), player.waiting, player.active(now_), player.buffer(now_)});
    }
    if (entry.lane) row.lane = entry.lane->report;
    report.streams.push_back(std::move(row));
  }
  return report;
}

}  // namespace p2pml::gateway
