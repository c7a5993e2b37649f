#include "engine/storage/segment_store.hpp"

#include <memory>
#include <utility>

#include "base/assert.hpp"

namespace p2pml::engine {

SegmentStore::SegmentStore(const Settings& settings, bool custom, IdCounters& ids)
    : custom_(custom), ids_(ids), memory_(settings) {}

void SegmentStore::open(StepIo& io, const std::string& masterSwarmId) {
  if (opened_ && master_ == masterSwarmId) return;
  opened_ = true;
  ++changes_;
  master_ = masterSwarmId;
  byWireId_.clear();
  byNumber_.clear();
  order_.clear();
  entries_.clear();
  if (custom_) {
    ready_ = false;
    askForMap(io);
    return;
  }
  for (const Segment& segment : memory_.map(master_)) add(segment);
  ready_ = true;
}

void SegmentStore::askForMap(StepIo& io) {
  const base::RequestId request = ids_.nextRequest();
  pending_[request] = Mapping{master_};
  io.out.push_back(output::StorageMap{request, master_});
}

void SegmentStore::add(const Segment& segment) {
  ++changes_;
  const auto at = entries_.try_emplace(segment.id).first;
  Entry& entry = at->second;
  entry.storing = false;
  if (entry.order != 0) return;
  auto name = wireNameOf(segment, master_);
  if (!name) return;
  // Two ids under one wire name: peers are told of it once and get the newer.
  const auto named = byWireId_.find(name->id.value);
  if (named != byWireId_.end()) unshare(named->second->second);
  forEachNumber(*name, [&](const NumberKey& key) {
    const auto numbered = byNumber_.find(key);
    if (numbered != byNumber_.end()) unshare(numbered->second->second);
  });
  entry.order = ++lastOrder_;
  entry.name = std::move(*name);
  byWireId_[entry.name.id.value] = at;
  forEachNumber(entry.name, [&](const NumberKey& key) { byNumber_[key] = at; });
  order_[entry.order] = &entry;
}

template <class Visit>
void SegmentStore::forEachNumber(const WireName& name, Visit visit) {
  for (const Numbering numbering : {Numbering::externalId, Numbering::sequence}) {
    if (const auto& number = name.numberBy(numbering)) visit(NumberKey(name.stream.value, numbering, *number));
  }
}

void SegmentStore::unshare(Entry& entry) {
  if (entry.order == 0) return;
  order_.erase(entry.order);
  entry.order = 0;
  byWireId_.erase(entry.name.id.value);
  forEachNumber(entry.name, [&](const NumberKey& key) { byNumber_.erase(key); });
}

void SegmentStore::remove(const std::string& id) {
  const auto at = entries_.find(id);
  if (at == entries_.end()) return;
  ++changes_;
  unshare(at->second);
  entries_.erase(at);
}

void SegmentStore::store(StepIo& io, Segment segment, std::optional<base::PeerId> peerId) {
  P2PML_ASSERT(segment.data.has_value());
  if (!custom_) {
    memory_.store(io.now, segment);
    if (segment.masterSwarmId == master_) add(segment);
    io.events.push_back(event::Stored{std::move(segment), peerId, std::nullopt});
    return;
  }
  const base::RequestId request = ids_.nextRequest();
  if (segment.masterSwarmId == master_) entries_[segment.id].storing = true;
  ++changes_;
  io.out.push_back(output::StorageStore{request, segment});
  pending_[request] = Storing{std::move(segment), peerId};
}

std::optional<std::string> SegmentStore::idOf(const PeerSegmentName& name, const std::string& stream,
                                              Numbering numbering) const {
  if (const auto* id = std::get_if<base::SegmentId>(&name)) {
    const auto named = byWireId_.find(id->value);
    return named == byWireId_.end() ? std::nullopt : std::optional(named->second->first);
  }
  if (const auto* entry = std::get_if<EntryName>(&name)) {
    const auto named = byWireId_.find(stream + "+" + entry->entry);
    return named == byWireId_.end() ? std::nullopt : std::optional(named->second->first);
  }
  const auto numbered = byNumber_.find(NumberKey(stream, numbering, std::get<std::int64_t>(name)));
  return numbered == byNumber_.end() ? std::nullopt : std::optional(numbered->second->first);
}

void SegmentStore::fetchForPeer(StepIo& io, base::ConnectionId connection, const PeerRequest& peerRequest,
                                const std::optional<std::string>& id) {
  if (!id) {
    io.events.push_back(event::FetchedForPeer{connection, peerRequest, std::nullopt});
    return;
  }
  if (!custom_) {
    std::optional<Segment> segment = memory_.get(io.now, *id, master_);
    if (segment && !segment->data->intact()) {
      segment.reset();
      unshare(entries_[*id]);
      io.events.push_back(event::StoreChanged{});
    }
    io.events.push_back(event::FetchedForPeer{connection, peerRequest, std::move(segment)});
    return;
  }
  std::size_t waiting = 0;
  for (const auto& [request, what] : pending_) {
    const ForPeer* other = std::get_if<ForPeer>(&what);
    if (other != nullptr && other->connection == connection) ++waiting;
  }
  if (waiting >= kMaxFetchesPerPeer) {
    io.events.push_back(event::FetchedForPeer{connection, peerRequest, std::nullopt});
    return;
  }
  const base::RequestId request = ids_.nextRequest();
  pending_[request] = ForPeer{connection, peerRequest, *id};
  io.out.push_back(output::StorageGet{request, *id, master_});
}

void SegmentStore::fetchForApplication(StepIo& io, const std::string& id, std::uint64_t token) {
  if (!opened_) {
    io.out.push_back(output::GetSegmentResult{token, std::nullopt});
    return;
  }
  if (!custom_) {
    std::optional<Segment> segment = memory_.get(io.now, id, master_);
    if (segment && !segment->data->intact()) {
      segment.reset();
      memory_.remove(id, master_);
      remove(id);
      io.events.push_back(event::StoreChanged{});
    }
    io.out.push_back(output::GetSegmentResult{token, std::move(segment)});
    return;
  }
  const base::RequestId request = ids_.nextRequest();
  pending_[request] = ForApplication{token};
  io.out.push_back(output::StorageGet{request, id, master_});
}

void SegmentStore::unshareLost() {
  if (custom_) return;
  for (const std::string& id : memory_.lost(master_)) {
    if (const auto at = entries_.find(id); at != entries_.end()) unshare(at->second);
  }
}

void SegmentStore::clean(StepIo& io, std::set<std::string> locked) {
  if (!opened_) return;
  if (custom_) {
    const base::RequestId request = ids_.nextRequest();
    pending_[request] = Cleaning{};
    io.out.push_back(
        output::StorageClean{request, master_, std::make_shared<const std::set<std::string>>(std::move(locked))});
    return;
  }
  const std::vector<std::string> removed = memory_.clean(io.now, master_, locked);
  if (removed.empty()) return;
  for (const std::string& id : removed) remove(id);
  io.events.push_back(event::StoreChanged{});
}

void SegmentStore::destroy(StepIo& io) {
  for (const auto& [request, what] : pending_) {
    const ForApplication* waiting = std::get_if<ForApplication>(&what);
    if (waiting != nullptr) io.out.push_back(output::GetSegmentResult{waiting->token, std::nullopt});
  }
  if (custom_) io.out.push_back(output::StorageDestroy{});
  memory_.clear();
  byWireId_.clear();
  byNumber_.clear();
  order_.clear();
  entries_.clear();
  ++changes_;
  pending_.clear();
  ready_ = false;
}

template <class T>
std::optional<T> SegmentStore::take(base::RequestId request) {
  const auto at = pending_.find(request);
  if (at == pending_.end() || !std::holds_alternative<T>(at->second)) return std::nullopt;
  std::optional<T> result(std::move(std::get<T>(at->second)));
  pending_.erase(at);
  return result;
}

void SegmentStore::report(StepIo& io, const base::Error& error) { io.out.push_back(output::StorageError{error}); }

bool SegmentStore::onStored(StepIo& io, const input::StorageStored& answer) {
  auto storing = take<Storing>(answer.request);
  if (!storing) return false;
  const bool current = storing->segment.masterSwarmId == master_;
  if (answer.error) {
    report(io, *answer.error);
    if (current) remove(storing->segment.id);
  } else if (current) {
    add(storing->segment);
    entries_[storing->segment.id].storedAt = ids_.lastRequest;
  }
  io.events.push_back(event::Stored{std::move(storing->segment), storing->peerId, answer.error});
  return true;
}

bool SegmentStore::onMap(StepIo& io, const input::StorageMapResult& answer) {
  const auto mapping = take<Mapping>(answer.request);
  if (!mapping) return false;
  if (mapping->masterSwarmId != master_) return true;
  if (answer.error) {
    report(io, *answer.error);
  } else {
    std::set<std::string> there;
    for (const Segment& segment : answer.segments) there.insert(segment.id);
    std::vector<std::string> gone;
    for (const auto& [id, entry] : entries_) {
      // What was stored while the answer was on its way may be missing in it.
      const bool newer = entry.storing || entry.storedAt >= answer.request.value;
      if (!newer && !there.contains(id)) gone.push_back(id);
    }
    for (const std::string& id : gone) remove(id);
    for (const Segment& segment : answer.segments) add(segment);
  }
  ready_ = true;
  io.events.push_back(event::StoreChanged{});
  return true;
}

bool SegmentStore::onSegment(StepIo& io, const input::StorageSegmentResult& answer) {
  if (const auto application = take<ForApplication>(answer.request)) {
    if (answer.error) report(io, *answer.error);
    io.out.push_back(output::GetSegmentResult{application->token, answer.segment});
    return true;
  }
  const auto peer = take<ForPeer>(answer.request);
  if (!peer) return false;
  if (answer.error) report(io, *answer.error);
  const bool usable = answer.segment && answer.segment->data && !answer.segment->data->empty();
  if (!usable && entries_.contains(peer->id) && !entries_[peer->id].storing) {
    // The storage has lost it on its own: peers must not be told of it any longer.
    remove(peer->id);
    io.events.push_back(event::StoreChanged{});
  }
  io.events.push_back(
      event::FetchedForPeer{peer->connection, peer->request, usable ? answer.segment : std::optional<Segment>()});
  return true;
}

bool SegmentStore::onCleaned(StepIo& io, const input::StorageCleaned& answer) {
  if (!take<Cleaning>(answer.request)) return false;
  if (answer.error) report(io, *answer.error);
  if (answer.removed) askForMap(io);
  return true;
}

}  // namespace p2pml::engine
