#include "engine/http/http_downloads.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "engine/generation.hpp"
#include "engine/scheduling/policy.hpp"
#include "engine/scheduling/segment_key.hpp"

namespace p2pml::engine {

namespace {

using base::Error;
using base::ErrorCode;

/// A server may take its time to answer (transcoding, cold cache); only a body that has begun is held to
/// httpNotReceivingBytesTimeout.
constexpr int kHeadPatience = 10;
/// Requests in a row without a new byte before the download counts as failed.
constexpr int kMaxFruitless = 3;
/// All requests for one segment: ends even a server that hands out a few bytes per request.
constexpr int kMaxRequests = 64;

/// From a failure to the first new request for what cannot wait.
constexpr base::Duration kFirstRetry = base::milliseconds(250);
constexpr int kMostDoublings = 7;

/// Longest resource a Content-Range may tell of: 2^53 - 1, as far as JavaScript counts.
constexpr std::uint64_t kMaxRangeTotal = (1ULL << 53) - 1;

Error error(ErrorCode code, std::string detail) { return {code, std::move(detail)}; }
/// The server means it: asked again soon it would say the same. (408, 425 and 429 ask to come back, 416 is about
/// ranges.)
bool saysNo(int status) {
  return status >= 400 && status <= 499 && status != 408 && status != 416 && status != 425 && status != 429;
}
Error tooLarge() {
  return error(ErrorCode::limitExceeded,
               "HTTP body is larger than " + std::to_string(HttpDownloads::kMaxBodyBytes) + " bytes");
}

}  // namespace

HttpDownloads::HttpDownloads(const Settings& settings, Timers& timers, IdCounters& ids, TransferMeter& meter)
    : settings_(settings), timers_(timers), ids_(ids), meter_(meter) {}

void HttpDownloads::start(StepIo& io, const Segment& segment, const PartialBody* partial) {
  P2PML_ASSERT(!active(segment.id));
  const base::RequestId request = ids_.nextRequest();
  Download& download = downloads_[request];
  byId_[segment.id] = request;
  download.segment = segment;
  download.segment.data.reset();
  if (!kOnlyG0) download.sign = hashOf(segment.id);
  if (segment.range) download.wanted = parseByteRange(*segment.range);
  if (partial != nullptr && canContinue(download, *partial)) {
    download.body.append(partial->data);
    download.begunByPeers = partial->fromPeers;
    download.furthest = partial->data.size();
    if (partial->total > 0) {
      download.expected = partial->total;
      download.body.setExpectedSize(partial->total);
      // Nothing is left to ask for: "bytes=N-" with N == size is a 416 (field notes, item 13).
      if (partial->data.size() == partial->total) {
        complete(io, downloads_.find(request));
        return;
      }
    }
  }
  io.out.push_back(output::SegmentStart{download.segment, Method::http, std::nullopt});
  send(io, request, download);
}

bool HttpDownloads::canContinue(const Download& download, const PartialBody& partial) const {
  if (!resumesOverHttp(settings_) || partial.data.empty() || partial.data.size() > kMaxBodyBytes) return false;
  if (!download.segment.range) return true;
  if (!download.wanted) return false;
  // A peer that has another size than the range is not at the same segment.
  const auto length = download.wanted->length();
  return !length || *length == partial.total;
}

void HttpDownloads::send(StepIo& io, base::RequestId request, Download& download) {
  std::optional<std::string> range = download.segment.range;
  const std::uint64_t have = download.body.size();
  if (have > 0) {
    const std::uint64_t base = download.wanted ? download.wanted->first : 0;
    const std::optional<std::uint64_t> last = download.wanted ? download.wanted->last : std::nullopt;
    range = ByteRange{base + have, last}.text();
  }
  download.headSeen = false;
  download.sliceFullBody = false;
  download.sentAt = io.now;
  download.running.start(io.now);
  io.out.push_back(output::StartHttp{request, download.segment, std::move(range),
                                     base::milliseconds(settings_.httpNotReceivingBytesTimeout)});
  armSilence(io.now, request, download);
}

void HttpDownloads::armSilence(base::TimePoint now, base::RequestId request, const Download& download) {
  if (settings_.httpNotReceivingBytesTimeout <= 0) return;
  const std::int64_t patience = download.headSeen ? 1 : kHeadPatience;
  timers_.set({TimerKind::httpSilence, request.value},
              now + base::milliseconds(settings_.httpNotReceivingBytesTimeout * patience));
}

bool HttpDownloads::abort(StepIo& io, const std::string& id) {
  const auto named = byId_.find(id);
  if (named == byId_.end()) return false;
  const base::RequestId request = named->second;
  const auto at = downloads_.find(request);
  if (!at->second.complete) io.out.push_back(output::CancelHttp{request});
  timers_.cancel({TimerKind::httpSilence, request.value});
  downloads_.erase(at);
  byId_.erase(named);
  return true;
}

std::optional<PartialBody> HttpDownloads::usable(std::optional<PartialBody> partial) {
  // What waits for its validation was taken out of the download and counts as not loaded.
  if (partial && (partial->total == 0 || !partial->data.intact())) partial.reset();
  return partial;
}

std::optional<PartialBody> HttpDownloads::pause(StepIo& io, const std::string& id) {
  std::optional<PartialBody> partial = usable(received(id));
  abort(io, id);
  return partial;
}

Progress HttpDownloads::progress(base::TimePoint now, const std::string& id) const {
  const auto named = byId_.find(id);
  P2PML_ASSERT(named != byId_.end());
  const Download& download = downloads_.find(named->second)->second;
  return {.received = download.body.size(),
          .total = download.expected.value_or(0),
          .bytesPerSecond = download.running.bytesPerSecond(now),
          .startedAt = download.sentAt,
          .byteAt = std::max(download.sentAt, download.byteAt)};
}

void HttpDownloads::abortAll(StepIo& io) {
  while (!byId_.empty()) abort(io, std::string(byId_.begin()->first));
}

const Segment* HttpDownloads::find(const std::string& id) const {
  const auto named = byId_.find(id);
  return named == byId_.end() ? nullptr : &downloads_.find(named->second)->second.segment;
}

std::optional<PartialBody> HttpDownloads::received(const std::string& id) {
  const auto named = byId_.find(id);
  if (named == byId_.end()) return std::nullopt;
  Download& download = downloads_.find(named->second)->second;
  // Of the full body that came instead of a range nobody knows yet whether it reaches the range.
  if (download.sliceFullBody || download.body.size() == 0) return std::nullopt;
  return PartialBody{download.body.finish(), download.expected.value_or(0), download.begunByPeers};
}

base::Bytes HttpDownloads::receivedAt(const std::string& id, std::uint64_t offset) const {
  const auto named = byId_.find(id);
  if (named == byId_.end()) return {};
  return downloads_.find(named->second)->second.at(offset);
}

base::Bytes HttpDownloads::Download::at(std::uint64_t offset) const {
  if (sliceFullBody || offset >= body.size()) return {};
  base::Bytes bytes = body.at(static_cast<std::size_t>(offset));
  return bytes.intact() ? bytes : base::Bytes();
}

std::uint64_t HttpDownloads::total(const std::string& id) const {
  return downloads_.find(byId_.find(id)->second)->second.expected.value_or(0);
}

void HttpDownloads::release(const std::string& id) {
  const auto named = byId_.find(id);
  if (named == byId_.end()) return;
  failures_.erase(id);
  downloads_.erase(named->second);
  byId_.erase(named);
}

void HttpDownloads::refuse(base::TimePoint now, const std::string& id) {
  const auto named = byId_.find(id);
  if (named == byId_.end()) return;
  const auto at = downloads_.find(named->second);
  const base::TimePoint asked = at->second.sentAt;
  downloads_.erase(at);
  byId_.erase(named);
  markFailed(now, id, asked);
}

void HttpDownloads::markFailed(base::TimePoint now, const std::string& id, base::TimePoint since) {
  const base::Duration blocked = base::milliseconds(settings_.httpFailedSegmentTimeout);
  Failure& failure = failures_[id];
  failure.until = now + blocked;
  failure.retryAt =
      since + std::min(kFirstRetry * (std::int64_t{1} << std::min(failure.count, kMostDoublings)), blocked);
  ++failure.count;
  failedAt_ = now;
  ++failuresInRow_;
  armRetry();
}

bool HttpDownloads::failedRecently(base::TimePoint now, const std::string& id) const {
  const auto found = failures_.find(id);
  return found != failures_.end() && now < found->second.until;
}

base::TimePoint HttpDownloads::retryAt(const std::string& id) const {
  const auto found = failures_.find(id);
  return found == failures_.end() ? base::TimePoint() : found->second.retryAt;
}

void HttpDownloads::forgetOldFailures(base::TimePoint now) {
  std::erase_if(failures_, [now](const auto& entry) { return entry.second.until <= now; });
  armRetry();
}

void HttpDownloads::armRetry() {
  if (failures_.empty()) {
    timers_.cancel({TimerKind::httpRetry, 0});
    return;
  }
  const auto earliest = std::min_element(failures_.begin(), failures_.end(),
                                         [](const auto& a, const auto& b) { return a.second.until < b.second.until; });
  timers_.set({TimerKind::httpRetry, 0}, earliest->second.until);
}

HttpDownloads::Downloads::iterator HttpDownloads::find(base::RequestId request) {
  const auto at = downloads_.find(request);
  return at == downloads_.end() || at->second.complete ? downloads_.end() : at;
}

bool HttpDownloads::onHead(StepIo& io, const input::HttpHead& head) {
  const auto at = find(head.request);
  if (at == downloads_.end()) return false;
  Download& download = at->second;
  download.headSeen = true;
  download.headAt = io.now;
  // From the head on: what a server takes to think is told apart from what the line takes.
  download.running.start(io.now);
  latency_.add(static_cast<std::uint64_t>(std::max((io.now - download.sentAt).count(), std::int64_t{1})));
  download.segment.requestUrl = head.requestUrl;
  download.segment.responseUrl = head.responseUrl;
  download.rangesWork = download.rangesWork || head.acceptsRanges || head.status == 206;
  if (head.status == 206) {
    acceptPartialContent(io, at, head);
    return true;
  }
  if (head.status < 200 || head.status > 299) {
    // 416 for the rest of a body: what we have is not the start of what is there now.
    const Error why = error(saysNo(head.status) ? ErrorCode::notFound : ErrorCode::unavailable,
                            "HTTP status " + std::to_string(head.status));
    if (head.status == 416 && download.body.size() > 0) {
      startOver(io, at, why);
    } else {
      fail(io, at, why, /*stillOpen=*/true, received(download.segment.id));
    }
    return true;
  }
  if (head.contentLength.value_or(0) > kMaxBodyBytes) {
    fail(io, at, tooLarge(), /*stillOpen=*/true);
    return true;
  }
  if (download.segment.range && !download.wanted) {
    fail(io, at,
         error(ErrorCode::unavailable,
               "HTTP 200 to a request for " + *download.segment.range + ", which cannot be cut out of the full body"),
         /*stillOpen=*/true);
    return true;
  }
  // A 200 to a range request is the full body (RFC 9110 section 14.2).
  download.body.clear();
  download.begunByPeers = false;
  download.expected = head.contentLength;
  download.body.setExpectedSize(head.contentLength.value_or(0));
  download.sliceFullBody = download.wanted.has_value();
  armSilence(io.now, head.request, download);
  return true;
}

void HttpDownloads::acceptPartialContent(StepIo& io, Downloads::iterator at, const input::HttpHead& head) {
  Download& download = at->second;
  const std::uint64_t have = download.body.size();
  const std::uint64_t base = download.wanted ? download.wanted->first : 0;
  const bool wrongStart = head.rangeStart && *head.rangeStart != base + have;
  if (head.contentLength.value_or(0) > kMaxBodyBytes || head.rangeTotal.value_or(0) > kMaxRangeTotal) {
    fail(io, at, tooLarge(), /*stillOpen=*/true);
    return;
  }
  // The complete length says more than that of this answer, which may cover less than was asked for.
  std::optional<std::uint64_t> total = download.expected;
  if (head.rangeTotal && (!download.segment.range || download.wanted)) {
    const std::uint64_t last = download.wanted ? download.wanted->last.value_or(UINT64_MAX) : UINT64_MAX;
    const std::uint64_t end = last < *head.rangeTotal ? last + 1 : *head.rangeTotal;
    total = std::max(end, base) - base;
  } else if (head.contentLength) {
    total = have + *head.contentLength;
  }
  // The resource has changed since the first part was taken, or the server answers another question.
  const bool otherSize = have > 0 && download.expected && total != download.expected;
  if (wrongStart || otherSize) {
    Error why = error(ErrorCode::unavailable, "HTTP 206 with another range than asked for");
    if (have > 0) {
      startOver(io, at, std::move(why));
    } else {
      fail(io, at, std::move(why), /*stillOpen=*/true);
    }
    return;
  }
  if (total.value_or(0) > kMaxBodyBytes) {
    fail(io, at, tooLarge(), /*stillOpen=*/true);
    return;
  }
  download.expected = total;
  if (total) download.body.setExpectedSize(*total);
  armSilence(io.now, at->first, download);
}

bool HttpDownloads::onData(StepIo& io, const input::HttpData& data) {
  const auto at = find(data.request);
  if (at == downloads_.end()) return false;
  Download& download = at->second;
  if (!download.headSeen || data.data.empty()) return true;
  download.body.append(data.data);
  failuresInRow_ = 0;
  download.running.add(io.now, data.data.size());
  download.byteAt = io.now;
  meter_.downloaded(io, Method::http, data.data.size(), std::nullopt);
  if (download.expected && download.body.size() > *download.expected) {
    fail(io, at, error(ErrorCode::unavailable, "HTTP body longer than announced"), /*stillOpen=*/true);
    return true;
  }
  if (download.body.size() > kMaxBodyBytes) {
    fail(io, at, tooLarge(), /*stillOpen=*/true);
    return true;
  }
  armSilence(io.now, data.request, download);
  return true;
}

bool HttpDownloads::onDone(StepIo& io, base::RequestId request) {
  const auto at = find(request);
  if (at == downloads_.end()) return false;
  Download& download = at->second;
  if (download.expected && download.body.size() < *download.expected) {
    interrupted(io, at,
                error(ErrorCode::unavailable, "HTTP body truncated: " + std::to_string(download.body.size()) + " of " +
                                                  std::to_string(*download.expected) + " bytes"),
                /*stillOpen=*/false);
    return true;
  }
  if (download.body.size() == 0) {
    fail(io, at, error(ErrorCode::unavailable, "HTTP body is empty"), /*stillOpen=*/false);
    return true;
  }
  complete(io, at);
  return true;
}

bool HttpDownloads::onFailed(StepIo& io, const input::HttpFailed& failed) {
  const auto at = find(failed.request);
  if (at == downloads_.end()) return false;
  if (at->second.headSeen) {
    interrupted(io, at, failed.error, /*stillOpen=*/false);
  } else {
    fail(io, at, failed.error, /*stillOpen=*/false, received(at->second.segment.id));
  }
  return true;
}

void HttpDownloads::onSilence(StepIo& io, base::RequestId request) {
  const auto at = find(request);
  if (at == downloads_.end()) return;
  const char* where = at->second.headSeen ? "HTTP body stalled: no bytes for " : "HTTP request not answered for ";
  const std::int64_t patience = at->second.headSeen ? 1 : kHeadPatience;
  interrupted(
      io, at,
      error(ErrorCode::timeout, where + std::to_string(settings_.httpNotReceivingBytesTimeout * patience) + " ms"),
      /*stillOpen=*/true);
}

void HttpDownloads::interrupted(StepIo& io, Downloads::iterator at, base::Error why, bool stillOpen) {
  Download& download = at->second;
  if (hasAll(download)) {
    // Only the end of the answer is missing, and the rest of the body would be the empty range.
    if (stillOpen) io.out.push_back(output::CancelHttp{at->first});
    complete(io, at);
    return;
  }
  // Not intact: progress of a request in a page, which gives its bytes only when all are there.
  const bool canResume = (resumesOverHttp(settings_) || download.rangesWork) && download.body.size() > 0 &&
                         download.body.intact() && !download.sliceFullBody &&
                         (!download.segment.range || download.wanted);
  // What was there before and had to be fetched again is no progress.
  const bool progress = canResume && download.body.size() > download.furthest;
  download.furthest = std::max<std::uint64_t>(download.furthest, download.body.size());
  download.fruitless = progress ? 0 : download.fruitless + 1;
  if (download.fruitless >= kMaxFruitless || download.requests >= kMaxRequests) {
    fail(io, at, std::move(why), stillOpen);
    return;
  }
  failedAt_ = io.now;
  ++failuresInRow_;
  if (stillOpen) io.out.push_back(output::CancelHttp{at->first});
  restart(io, at, !canResume);
}

bool HttpDownloads::hasAll(const Download& download) {
  if (download.body.size() == 0 || !download.body.intact()) return false;
  if (download.expected) return download.body.size() == *download.expected;
  return !download.sliceFullBody && download.wanted && download.wanted->length() == download.body.size();
}

void HttpDownloads::startOver(StepIo& io, Downloads::iterator at, base::Error why) {
  if (++at->second.fruitless >= kMaxFruitless || at->second.requests >= kMaxRequests) {
    fail(io, at, std::move(why), /*stillOpen=*/true);
    return;
  }
  io.out.push_back(output::CancelHttp{at->first});
  restart(io, at, /*fromScratch=*/true);
}

void HttpDownloads::restart(StepIo& io, Downloads::iterator at, bool fromScratch) {
  timers_.cancel({TimerKind::httpSilence, at->first.value});
  Download download = std::move(at->second);
  downloads_.erase(at);
  if (fromScratch) {
    download.body.clear();
    download.expected.reset();
    download.begunByPeers = false;
  }
  ++download.requests;
  const base::RequestId request = ids_.nextRequest();
  byId_[download.segment.id] = request;
  Download& moved = downloads_.emplace(request, std::move(download)).first->second;
  send(io, request, moved);
}

void HttpDownloads::fail(StepIo& io, Downloads::iterator at, base::Error why, bool stillOpen,
                         std::optional<PartialBody> kept) {
  if (stillOpen) io.out.push_back(output::CancelHttp{at->first});
  timers_.cancel({TimerKind::httpSilence, at->first.value});
  Segment segment = std::move(at->second.segment);
  byId_.erase(segment.id);
  downloads_.erase(at);
  markFailed(io.now, segment.id, io.now);
  io.events.push_back(
      event::DownloadFailed{std::move(segment), Method::http, std::move(why), std::nullopt, usable(std::move(kept))});
}

void HttpDownloads::complete(StepIo& io, Downloads::iterator at) {
  Download& download = at->second;
  timers_.cancel({TimerKind::httpSilence, at->first.value});
  if (const std::uint64_t rate = rateOf(download.running.total(), io.now - download.headAt)) rate_.add(rate);
  base::Bytes body = download.body.finish();
  if (download.sliceFullBody) {
    const std::uint64_t first = download.wanted->first;
    const std::uint64_t length =
        download.wanted->length().value_or(body.size() - std::min<std::uint64_t>(first, body.size()));
    if (first >= body.size() || body.size() - first < length) {
      fail(io, at, error(ErrorCode::unavailable, "HTTP 200 with fewer bytes than the asked range"),
           /*stillOpen=*/false);
      return;
    }
    body = body.slice(first, length);
  } else if (download.wanted && download.wanted->length() && body.size() != *download.wanted->length()) {
    fail(io, at, error(ErrorCode::unavailable, "HTTP 206 with another length than the asked range"),
         /*stillOpen=*/false);
    return;
  }
  download.complete = true;
  download.body.clear();
  Segment segment = download.segment;
  segment.data = std::move(body);
  io.events.push_back(event::Downloaded{std::move(segment), Method::http, std::nullopt, {}});
}

}  // namespace p2pml::engine
