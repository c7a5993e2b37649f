// The loader's running HTTP downloads, and the segments HTTP has recently failed for.
//
// Owned by the loader. What always holds: at most one download per segment id; a body that is shorter than announced,
// empty, or not the range that was asked for never becomes a segment; nobody is ever asked for the empty range at the
// end of a resource.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"
#include "engine/http/byte_range.hpp"
#include "engine/internal_events.hpp"
#include "engine/settings.hpp"
#include "engine/timers.hpp"
#include "engine/transfer_meter.hpp"
#include "engine/transfer_rate.hpp"

namespace p2pml::engine {

class HttpDownloads {
 public:
  /// Longest body that is taken; also of the 200 that a segment.range is cut out of.
  static constexpr std::uint64_t kMaxBodyBytes = 1ULL << 30;

  HttpDownloads(const Settings& settings, Timers& timers, IdCounters& ids, TransferMeter& meter);

  /// Starts a GET. With httpUseRanges a partial body is continued by a Range request.
  /// Precondition: !active(segment.id).
  void start(StepIo& io, const Segment& segment, const PartialBody* partial = nullptr);
  /// False if there was none.
  bool abort(StepIo& io, const std::string& id);
  /// As abort(), but another source may go on with what has come.
  std::optional<PartialBody> pause(StepIo& io, const std::string& id);
  /// The origin let somebody wait too long: that is a failure of it, but no reason to let it rest.
  void noteSilence(base::TimePoint now) {
    failedAt_ = now;
    ++failuresInRow_;
  }
  void abortAll(StepIo& io);

  [[nodiscard]] bool active(const std::string& id) const { return byId_.contains(id); }
  [[nodiscard]] std::size_t count() const { return byId_.size(); }
  /// Ids of what is being downloaded, in order.
  [[nodiscard]] const std::map<std::string, base::RequestId>& all() const { return byId_; }
  [[nodiscard]] const Segment* find(const std::string& id) const;
  /// visit(hashOf(id), first byte is here) of each.
  template <class Visit>
  void forEachSign(Visit visit) const {
    for (const auto& [request, download] : downloads_) visit(download.sign, !download.at(0).empty());
  }
  /// Of a running download. Precondition: active(id).
  [[nodiscard]] Progress progress(base::TimePoint now, const std::string& id) const;
  /// Of whole bodies lately; 0: none yet.
  [[nodiscard]] std::uint64_t bytesPerSecond() const { return rate_.get(); }
  /// From a request to its head, lately.
  [[nodiscard]] base::Duration latency() const { return base::Duration(static_cast<std::int64_t>(latency_.get())); }

  /// When a request last failed, broke off or brought what a validator refused.
  [[nodiscard]] base::TimePoint failedAt() const { return failedAt_; }
  /// How often since bytes of a body last came.
  [[nodiscard]] std::int64_t failures() const { return failuresInRow_; }

  /// The segment's first bytes, as far as they are there; nothing if that is none, or if where they begin is not known.
  [[nodiscard]] std::optional<PartialBody> received(const std::string& id);

  /// Of these bytes those from `offset` on, as far as they are there in one piece and can be read.
  [[nodiscard]] base::Bytes receivedAt(const std::string& id, std::uint64_t offset) const;
  /// Bytes of the whole segment; 0: not known. Precondition: active(id).
  [[nodiscard]] std::uint64_t total(const std::string& id) const;

  /// The loader has taken what event::Downloaded brought; the slot is free again.
  void release(const std::string& id);
  /// The loader has refused it: as after a failed download there is no HTTP for this segment during
  /// httpFailedSegmentTimeout. But a wrong answer is no sign of an origin that needs a rest: retryAt() counts from the
  /// request.
  void refuse(base::TimePoint now, const std::string& id);
  [[nodiscard]] bool failedRecently(base::TimePoint now, const std::string& id) const;
  /// visit(id) for all those and maybe some of which the time is over.
  template <class Visit>
  void forEachFailed(Visit visit) const {
    for (const auto& [id, failure] : failures_) visit(id);
  }
  /// When a segment may be asked for again that cannot wait for the end of that time: a pause after the failure that
  /// doubles with each one. None of these: it has not failed recently.
  [[nodiscard]] base::TimePoint retryAt(const std::string& id) const;
  /// Forgets failures that are over.
  void forgetOldFailures(base::TimePoint now);

  // Each answers false for a request that is not open.
  bool onHead(StepIo& io, const input::HttpHead& head);
  bool onData(StepIo& io, const input::HttpData& data);
  bool onDone(StepIo& io, base::RequestId request);
  bool onFailed(StepIo& io, const input::HttpFailed& failed);
  /// A TimerKind::httpSilence timer fired.
  void onSilence(StepIo& io, base::RequestId request);

 private:
  struct Download {
    Segment segment;
    std::optional<ByteRange> wanted;  // of segment.range where it is one plain range
    base::BytesAssembler body;
    std::optional<std::uint64_t> expected;  // bytes of the whole body, what was there before included
    std::uint64_t furthest = 0;             // the most bytes the body ever had
    bool headSeen = false;
    bool sliceFullBody = false;  // a 200 came for segment.range: cut it out at the end
    bool rangesWork = false;     // the server has shown that it can resume
    bool begunByPeers = false;   // the first bytes may be from a peer
    bool complete = false;
    base::TimePoint sentAt{};
    base::TimePoint headAt{};
    base::TimePoint byteAt{};  // the latest of the body
    RunningRate running;
    int fruitless = 0;  // requests in a row that brought nothing new
    int requests = 1;
    std::uint64_t sign = 0;  // hashOf(segment.id)

    /// As receivedAt().
    [[nodiscard]] base::Bytes at(std::uint64_t offset) const;
  };
  using Downloads = std::map<base::RequestId, Download>;

  Downloads::iterator find(base::RequestId request);
  void send(StepIo& io, base::RequestId request, Download& download);
  void acceptPartialContent(StepIo& io, Downloads::iterator at, const input::HttpHead& head);
  /// The request ended too early for a reason that a new request may not meet: ask again at once, for the rest where
  /// that works.
  void interrupted(StepIo& io, Downloads::iterator at, base::Error why, bool stillOpen);
  [[nodiscard]] bool canContinue(const Download& download, const PartialBody& partial) const;
  /// Every byte is here, though the request has not ended.
  static bool hasAll(const Download& download);
  /// What is here is not the start of what the server has now.
  void startOver(StepIo& io, Downloads::iterator at, base::Error why);
  void restart(StepIo& io, Downloads::iterator at, bool fromScratch);
  /// `kept`: what another source may go on with.
  void fail(StepIo& io, Downloads::iterator at, base::Error why, bool stillOpen,
            std::optional<PartialBody> kept = std::nullopt);
  static std::optional<PartialBody> usable(std::optional<PartialBody> partial);
  void complete(StepIo& io, Downloads::iterator at);
  void armSilence(base::TimePoint now, base::RequestId request, const Download& download);
  void markFailed(base::TimePoint now, const std::string& id, base::TimePoint since);
  void armRetry();

  const Settings& settings_;
  Timers& timers_;
  IdCounters& ids_;
  TransferMeter& meter_;
  Downloads downloads_;
  std::map<std::string, base::RequestId> byId_;
  struct Failure {
    base::TimePoint until;
    base::TimePoint retryAt;
    int count = 0;  // since it was loaded or the last one was forgotten
  };
  std::map<std::string, Failure> failures_;
  base::TimePoint failedAt_ = base::TimePoint::min();
  std::int64_t failuresInRow_ = 0;
  SmoothedValue rate_;
  SmoothedValue latency_;
};

}  // namespace p2pml::engine
