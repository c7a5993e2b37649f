#include "gateway/streams.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace p2pml::gateway {

namespace {

/// Of what lacks only the source's last word: no other source is asked for it in a hurry.
constexpr std::int64_t kFinishingPriority = 10;
constexpr base::Duration kFinishingTime = base::seconds(30);

std::string indexKey(std::string_view url, std::string_view range) {
  return std::string(url) + "\n" + std::string(range);
}

/// "bytes=0-9" as a span; nothing for anything less plain.
std::optional<Span> plainRange(std::string_view header) {
  const auto range = parseRequestRange(header);
  if (!range || !range->first || !range->last) return std::nullopt;
  return Span{*range->first, *range->last + 1};
}

}  // namespace

// ------------------------------------------------------------------------------------------------------- what exists

void Streams::tell(base::TimePoint now, Outputs& out, const std::string& openedUrl, bool publicOnly,
                   ManifestStream&& told) {
  const std::string key = openedUrl + "\n" + told.key;
  const auto [at, isNew] = entries_.try_emplace(key, Entry{Stream(told), openedUrl});
  Entry& entry = at->second;
  entry.publicOnly = publicOnly;
  const std::uint64_t before = entry.stream.beginnings();
  entry.stream.update(now, std::move(told));
  enter(key, entry);
  if (entry.stream.beginnings() != before) {
    begun_.push_back(entry.stream.label());
    entry.troubled.clear();
    if (entry.lane && !std::exchange(entry.lane->outdated, true)) ++outdated_;
  }
  if (entry.lane || entry.seeded) replan(now, out, key, entry);
}

/// Puts the stream's segments where players' requests are looked up.
void Streams::enter(const std::string& key, const Entry& entry) {
  auto& index = index_[entry.openedUrl];
  for (const media::TimelineSegment& segment : entry.stream.segments()) {
    const auto url = segment.gap ? std::nullopt : canonicalUrl(segment.url);
    if (!url) continue;
    const std::string range = segment.range ? media::rangeHeader(*segment.range) : "";
    index[indexKey(*url, range)] = {key, entry.stream.positionOf(segment)};
  }
  // Names of segments that are gone pile up in a live stream.
  std::size_t known = 0;
  for (const auto& [name, other] : entries_) {
    known += other.openedUrl == entry.openedUrl ? other.stream.segments().size() : 0;
  }
  if (index.size() > 2 * known + 100) {
    std::erase_if(index, [this](const auto& item) {
      return entries_.at(item.second.stream).stream.at(item.second.position) == nullptr;
    });
  }
}

void Streams::applyIndex(base::TimePoint now, Outputs& out, const std::string& stream, const media::IndexSource& index,
                         const media::SegmentIndexBox& box) {
  const auto at = entries_.find(stream);
  if (at == entries_.end()) return;
  Entry& entry = at->second;
  if (const auto status = entry.stream.applyIndex(now, index, box); !status) {
    entry.lastError = status.error().detail;
    return;
  }
  enter(stream, entry);
  if (entry.lane || entry.seeded) replan(now, out, stream, entry);
}

std::vector<std::pair<std::string, media::IndexSource>> Streams::indexesIn(const std::string& openedUrl,
                                                                           std::string_view url) const {
  std::vector<std::pair<std::string, media::IndexSource>> found;
  const std::string prefix = openedUrl + "\n";
  for (auto at = entries_.lower_bound(prefix); at != entries_.end() && at->first.starts_with(prefix); ++at) {
    for (const media::IndexSource& index : at->second.stream.indexes()) {
      if (url.empty() || canonicalUrl(index.url) == url) found.emplace_back(at->first, index);
    }
  }
  return found;
}

void Streams::seed(base::TimePoint now, Outputs& out, const std::string& openedUrl) {
  for (auto& [key, entry] : entries_) {
    if (entry.openedUrl != openedUrl || entry.seeded) continue;
    entry.seeded = openLane(now, out, key, entry);
    if (entry.seeded) replan(now, out, key, entry);
  }
}

void Streams::learnTotal(const std::string& url, std::uint64_t total) {
  constexpr std::size_t kMaxTotals = 10'000;
  if (totals_.size() < kMaxTotals || totals_.contains(url)) totals_[url] = total;
}

void Streams::forget(Outputs& out, const std::string& openedUrl) {
  for (auto& [key, entry] : entries_) {
    if (entry.openedUrl == openedUrl && entry.lane) closeLane(out, entry);
  }
  std::erase_if(entries_, [&](const auto& item) { return item.second.openedUrl == openedUrl; });
  index_.erase(openedUrl);
}

std::optional<Streams::Place> Streams::find(const std::string& openedUrl, const std::string& url,
                                            std::string_view range) const {
  const auto index = index_.find(openedUrl);
  if (index == index_.end()) return std::nullopt;
  auto found = index->second.find(indexKey(url, range));
  // A whole resource: any range of it can be answered. A part of one: only itself, and only with the total known.
  if (found == index->second.end()) {
    found = index->second.find(indexKey(url, ""));
  } else if (!range.empty() && !totals_.contains(url)) {
    return std::nullopt;
  }
  if (found == index->second.end()) return std::nullopt;
  const auto entry = entries_.find(found->second.stream);
  if (entry == entries_.end() || entry->second.stream.at(found->second.position) == nullptr) return std::nullopt;
  return found->second;
}

const Streams::Entry* Streams::byLane(LaneId lane) const {
  const auto named = lanes_.find(lane);
  return named == lanes_.end() ? nullptr : &entries_.at(named->second);
}

Streams::Entries::iterator Streams::entryOf(LaneId lane) {
  const auto named = lanes_.find(lane);
  return named == lanes_.end() ? entries_.end() : entries_.find(named->second);
}

// ------------------------------------------------------------------------------------------------------------- lanes

bool Streams::inUse(base::TimePoint now, const std::string& key, const Entry& entry) const {
  return entry.seeded || entry.stream.players().anyActive(now) ||
         std::ranges::any_of(waiters_, [&](const auto& item) { return item.second.stream == key; });
}

bool Streams::openLane(base::TimePoint now, Outputs& out, const std::string& key, Entry& entry) {
  if (entry.lane) return true;
  if (lanes_.size() >= options_.maxLanes) {
    // The one that nobody has used for longest makes room.
    Entry* oldest = nullptr;
    for (auto& [name, other] : entries_) {
      if (!other.lane || inUse(now, name, other)) continue;
      if (oldest == nullptr || other.lane->unusedSince < oldest->lane->unusedSince) oldest = &other;
    }
    if (oldest == nullptr) return false;
    closeLane(out, *oldest);
  }
  const LaneId id(++lastLane_);
  entry.lane = Lane{.id = id, .unusedSince = now, .report = {.lane = id}};
  lanes_[id] = key;
  out.push_back(output::OpenLane{id, redacted(entry.openedUrl) + " " + entry.stream.label(), entry.publicOnly});
  return true;
}

void Streams::closeLane(Outputs& out, Entry& entry) {
  out.push_back(output::CloseLane{entry.lane->id});
  if (entry.lane->outdated) --outdated_;
  lanes_.erase(entry.lane->id);
  std::erase_if(incoming_, [&](const auto& item) { return item.first.first == entry.lane->id; });
  entry.lane.reset();
  entry.loaded.clear();
}

void Streams::renewLanes(base::TimePoint now, Outputs& out) {
  if (outdated_ == 0) return;
  for (auto& [key, entry] : entries_) {
    if (!entry.lane || !entry.lane->outdated) continue;
    if (std::ranges::any_of(waiters_, [&](const auto& item) { return item.second.stream == key; })) continue;
    closeLane(out, entry);
    if (entry.seeded && openLane(now, out, key, entry)) replan(now, out, key, entry);
  }
}

void Streams::replan(base::TimePoint now, Outputs& out, const std::string& key, Entry& entry) {
  if (!entry.lane || entry.lane->outdated) return;
  std::vector<QueuedSegment> queue;
  std::vector<std::string> followed;
  std::set<std::string> queued;
  // Whoever waits comes first, wherever the players are believed to be.
  for (const auto& [id, waiter] : waiters_) {
    if (waiter.stream != key || !queued.insert(waiter.segment).second) continue;
    followed.push_back(waiter.segment);
    const auto* segment = entry.stream.at(waiter.position);
    if (segment == nullptr) continue;
    QueuedSegment next{entry.stream.named(*segment), 0, {}};
    if (next.segment.id == waiter.segment) queue.push_back(std::move(next));
  }
  Stream::Plan planned = entry.stream.plan(now, options_.plan);
  if (entry.seeded) {
    Stream::Plan kept = entry.stream.seedPlan(now, options_.seedSegments, entry.loaded);
    planned.queue.insert(planned.queue.end(), std::make_move_iterator(kept.queue.begin()),
                         std::make_move_iterator(kept.queue.end()));
    planned.more = std::min(planned.more, kept.more);
  }
  entry.lane->more = planned.more;
  for (QueuedSegment& next : planned.queue) {
    if (queued.insert(next.segment.id).second) queue.push_back(std::move(next));
  }
  for (const media::StreamSegment& segment : entry.lane->finishing) {
    if (queued.insert(segment.id).second) queue.push_back({segment, kFinishingPriority, kFinishingTime});
  }
  std::erase_if(incoming_, [&](const auto& item) {
    return item.first.first == entry.lane->id && std::ranges::find(followed, item.first.second) == followed.end();
  });
  if (followed != entry.lane->followed) {
    out.push_back(output::Follow{entry.lane->id, followed});
    entry.lane->followed = std::move(followed);
  }
  // Time passes between any two plans; only another order or another address is news.
  const bool same = std::ranges::equal(queue, entry.lane->queue, [](const QueuedSegment& a, const QueuedSegment& b) {
    return a.segment == b.segment && a.priority == b.priority;
  });
  if (same) return;
  // G0 names a stream of DASH anew in each Period.
  const std::string& swarm = queue.empty() ? entry.stream.names().streamSwarmId : queue.front().segment.streamSwarmId;
  out.push_back(output::Load{entry.lane->id, queue, swarm, entry.stream.names().properties, entry.openedUrl});
  entry.lane->queue = std::move(queue);
}

// ----------------------------------------------------------------------------------------------------------- players

bool Streams::ask(base::TimePoint now, Outputs& out, const Place& place, const std::string& player,
                  SegmentQuestion question) {
  const auto at = entries_.find(place.stream);
  if (at == entries_.end() || waiters_.size() >= kMaxWaiting) return false;
  Entry& entry = at->second;
  const media::TimelineSegment* known = entry.stream.at(place.position);
  if (known == nullptr || !openLane(now, out, place.stream, entry) || entry.lane->outdated) return false;
  const media::StreamSegment segment = entry.stream.named(*known);
  const auto trouble = entry.troubled.find(segment.id);
  const bool troubled = trouble != entry.troubled.end() && now - trouble->second.at < kLately;
  if (troubled && trouble->second.refused && trouble->second.passedOver) {
    entry.stream.asked(now, player, place.position);
    entry.stream.players().got(now, player, place.position, segment.duration);
    replan(now, out, place.stream, entry);
    return false;
  }
  if (question.contentType == kUnknownType && !entry.stream.mimeType().empty()) {
    question.contentType = entry.stream.mimeType();
  }
  if (segment.range) {
    const auto span = plainRange(*segment.range);
    const auto url = canonicalUrl(segment.url);
    const auto total = url ? totals_.find(*url) : totals_.end();
    if (!span || total == totals_.end() || span->end > total->second) return false;
    question.part = SegmentQuestion::Part{*span, total->second};
    question.range.reset();
  }
  const ExchangeId exchange = question.exchange;
  entry.lane->idle = false;
  entry.stream.asked(now, player, place.position);
  waiters_.insert_or_assign(
      exchange, Waiter{SegmentAnswer(std::move(question)), place.stream, segment.id, place.position, segment.duration,
                       player, now, troubled ? kShortPatience : kPatience});
  // Something of it may be there already: another player waits for it.
  const auto coming = incoming_.find({entry.lane->id, segment.id});
  if (coming != incoming_.end()) {
    deliver(now, out, at, segment.id, coming->second.body.finish(), coming->second.total, false);
  } else {
    out.push_back(output::Lookup{entry.lane->id, segment.id});
  }
  replan(now, out, place.stream, entry);
  return true;
}

bool Streams::gone(base::TimePoint now, Outputs& out, ExchangeId exchange) {
  const auto waiter = waiters_.find(exchange);
  if (waiter == waiters_.end()) return false;
  const auto entry = entries_.find(waiter->second.stream);
  if (entry != entries_.end()) entry->second.stream.players().gaveUp(waiter->second.player, waiter->second.position);
  waiters_.erase(waiter);
  if (entry != entries_.end()) replan(now, out, entry->first, entry->second);
  return true;
}

void Streams::deliver(base::TimePoint now, Outputs& out, Entries::iterator at, const std::string& segment,
                      const base::Bytes& known, std::uint64_t total, bool whole) {
  Entry& entry = at->second;
  bool anyDone = false;
  for (auto waiter = waiters_.begin(); waiter != waiters_.end();) {
    Waiter& it = waiter->second;
    if (it.stream != at->first || it.segment != segment) {
      ++waiter;
      continue;
    }
    const std::uint64_t before = it.answer.sent();
    it.answer.tell(out, known, total, whole, segment);
    if (it.answer.sent() > before) it.lastByte = now;
    entry.delivered += it.answer.sent() - before;
    if (!it.answer.done()) {
      ++waiter;
      continue;
    }
    anyDone = true;
    if (!whole && known.size() == total) {
      auto& finishing = entry.lane->finishing;
      finish(entry, segment);
      if (finishing.size() == kMaxFinishing) finishing.erase(finishing.begin());
      if (const auto* last = entry.stream.at(it.position)) finishing.push_back(entry.stream.named(*last));
    }
    entry.stream.players().got(now, it.player, it.position, it.duration);
    waiter = waiters_.erase(waiter);
  }
  if (anyDone) replan(now, out, at->first, entry);
}

void Streams::finish(Entry& entry, const std::string& segment) {
  std::erase_if(entry.lane->finishing, [&](const media::StreamSegment& it) { return it.id == segment; });
}

void Streams::on(base::TimePoint now, Outputs& out, const input::SegmentFound& found) {
  const auto entry = entryOf(found.lane);
  if (entry == entries_.end() || !found.data) return;
  entry->second.loaded.insert(found.segment);
  deliver(now, out, entry, found.segment, *found.data, found.data->size(), true);
}

void Streams::on(base::TimePoint now, Outputs& out, const input::SegmentBytes& bytes) {
  const auto entry = entryOf(bytes.lane);
  if (entry == entries_.end()) return;
  const bool wanted =
      std::ranges::find(entry->second.lane->followed, bytes.segment) != entry->second.lane->followed.end();
  if (!wanted) return;
  Incoming& incoming = incoming_[{bytes.lane, bytes.segment}];
  if (bytes.offset != incoming.body.size()) {
    // The bytes of another source: what has left already was not of this segment.
    for (auto waiter = waiters_.begin(); waiter != waiters_.end();) {
      const bool wrong = waiter->second.stream == entry->first && waiter->second.segment == bytes.segment &&
                         waiter->second.answer.sent() > 0;
      if (wrong) waiter->second.answer.cut(out);
      waiter = wrong ? waiters_.erase(waiter) : std::next(waiter);
    }
    incoming.body.clear();
    if (bytes.offset != 0) return;
  }
  if (incoming.total != bytes.total) {
    incoming.total = bytes.total;
    incoming.body.setExpectedSize(static_cast<std::size_t>(bytes.total));
  }
  incoming.body.append(bytes.data);
  deliver(now, out, entry, bytes.segment, incoming.body.finish(), incoming.total, false);
}

void Streams::on(base::TimePoint now, Outputs& out, const input::SegmentLoaded& loaded) {
  const auto entry = entryOf(loaded.lane);
  if (entry == entries_.end()) return;
  entry->second.loaded.insert(loaded.segment);
  entry->second.troubled.erase(loaded.segment);
  finish(entry->second, loaded.segment);
  // What a seed has forgotten meanwhile it may load again.
  if (entry->second.loaded.size() > 4 * (options_.seedSegments + Stream::kMaxKept)) entry->second.loaded.clear();
  incoming_.erase({loaded.lane, loaded.segment});
  deliver(now, out, entry, loaded.segment, loaded.data, loaded.data.size(), true);
  replan(now, out, entry->first, entry->second);
}

void Streams::noteTrouble(base::TimePoint now, Entry& entry, const std::string& segment, bool refused) {
  std::erase_if(entry.troubled, [now](const auto& item) { return now - item.second.at >= kLately; });
  if (entry.troubled.size() >= kMaxTroubled) return;
  Trouble& trouble = entry.troubled[segment];
  trouble.at = now;
  trouble.refused = refused;
}

void Streams::fallBack(base::TimePoint now, Outputs& out, std::map<ExchangeId, Waiter>::iterator waiter,
                       const std::string& reason) {
  if (waiter->second.answer.begun()) {
    waiter->second.answer.cut(out);
    return;
  }
  fallbacks_.push_back({waiter->second.answer.exchange(), reason});
  const auto entry = entries_.find(waiter->second.stream);
  if (entry == entries_.end()) return;
  const std::string& segment = waiter->second.segment;
  if (!entry->second.troubled.contains(segment)) noteTrouble(now, entry->second, segment, false);
  const auto trouble = entry->second.troubled.find(segment);
  if (trouble == entry->second.troubled.end()) return;
  trouble->second.at = now;
  trouble->second.passedOver = true;
}

void Streams::on(base::TimePoint now, Outputs& out, const input::SegmentFailed& failed) {
  const auto entry = entryOf(failed.lane);
  if (entry == entries_.end()) return;
  ++entry->second.failures;
  finish(entry->second, failed.segment);
  const bool refused = failed.error.code == base::ErrorCode::notFound && !failed.elsewhere;
  if (refused) noteTrouble(now, entry->second, failed.segment, true);
  entry->second.lastError = failed.segment.substr(failed.segment.rfind('+') + 1) + ": " + failed.error.detail;
  // What the origin says to a plain request is what the player should see, unless a peer has more to say. An origin
  // that says nothing is tried again by the engine. An answer that has begun may still go on.
  for (auto waiter = waiters_.begin(); waiter != waiters_.end();) {
    const bool it = refused && waiter->second.stream == entry->first && waiter->second.segment == failed.segment &&
                    !waiter->second.answer.begun();
    if (it) {
      entry->second.stream.players().got(now, waiter->second.player, waiter->second.position, waiter->second.duration);
      fallBack(now, out, waiter, failed.error.detail);
    }
    waiter = it ? waiters_.erase(waiter) : std::next(waiter);
  }
  replan(now, out, entry->first, entry->second);
}

void Streams::on(const input::LaneReport& report) {
  const auto entry = entryOf(report.lane);
  if (entry != entries_.end()) entry->second.lane->report = report;
}

void Streams::on(base::TimePoint, const input::LaneEvent& event) {
  const auto entry = entryOf(event.lane);
  if (entry != entries_.end() && event.trouble) entry->second.lastError = event.text;
}

// -------------------------------------------------------------------------------------------------------------- time

void Streams::tick(base::TimePoint now, Outputs& out) {
  std::set<std::string> touched;
  for (auto waiter = waiters_.begin(); waiter != waiters_.end();) {
    if (now < waiter->second.until()) {
      ++waiter;
      continue;
    }
    fallBack(now, out, waiter,
             "no bytes for " + std::to_string(base::toMilliseconds(now - waiter->second.lastByte)) + " ms");
    touched.insert(waiter->second.stream);
    waiter = waiters_.erase(waiter);
  }
  for (auto& [key, entry] : entries_) {
    if (!entry.lane) continue;
    if (inUse(now, key, entry)) {
      entry.lane->idle = false;
      if (touched.contains(key) || entry.lane->more <= now) replan(now, out, key, entry);
    } else if (!entry.lane->idle) {
      entry.lane->idle = true;
      entry.lane->unusedSince = now;
      entry.lane->finishing.clear();
      replan(now, out, key, entry);  // nobody needs anything: stops what is under way
    } else if (now - entry.lane->unusedSince >= options_.linger) {
      closeLane(out, entry);
    }
  }
}

base::TimePoint Streams::deadline() const {
  base::TimePoint next = base::kNever;
  for (const auto& [id, waiter] : waiters_) next = std::min(next, waiter.until());
  for (const auto& [key, entry] : entries_) {
    if (!entry.lane) continue;
    if (!entry.lane->idle) next = std::min(next, entry.lane->more);
    if (entry.seeded) continue;
    if (entry.lane->idle) {
      next = std::min(next, entry.lane->unusedSince + options_.linger);
    } else if (std::ranges::none_of(waiters_, [&](const auto& item) { return item.second.stream == key; })) {
      next = std::min(next, entry.stream.players().activeUntil() + base::Duration(1));
    }
  }
  return next;
}

}  // namespace p2pml::gateway
