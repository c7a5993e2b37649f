#include "engine/own_availability.hpp"

#include <algorithm>
#include <list>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "engine/identity.hpp"
#include "engine/node_names.hpp"
#include "wire/peer_binary.hpp"
#include "wire/peer_json.hpp"

namespace p2pml::engine {

namespace {

struct Line {
  const WireName* name;
  wire::SegmentStatus status;
};

/// Bytes of one entry: its text, a bar, the digit, a comma; a new stream adds its key. Escapes at most make six bytes
/// of one.
std::size_t encodedSize(const std::string& text) {
  std::size_t size = 4;
  for (const char c : text) {
    const bool plain = static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\';
    size += plain ? 1 : 6;
  }
  return size;
}

/// Ids in the order in which segments came: JavaScript peers write theirs so, too.
OwnAvailability::Messages makeAnnouncement(const SegmentStore& store, const HttpDownloads& http,
                                           const std::string& stream, Numbering numbering, std::size_t maxMessageSize) {
  wire::SegmentsAnnouncement announcement;
  store.forEachNewestFirst([&](const WireName& name) {
    const auto& number = name.numberBy(numbering);
    if (number && name.stream.value == stream) announcement.loaded.push_back(*number);
    return true;
  });
  std::reverse(announcement.loaded.begin(), announcement.loaded.end());
  for (const auto& [id, request] : http.all()) {
    if (store.has(id)) continue;
    const auto name = wireNameOf(*http.find(id), store.masterSwarmId());
    if (!name || name->stream.value != stream) continue;
    if (const auto& number = name->numberBy(numbering)) announcement.loading.push_back(*number);
  }
  return wire::encodeMessages(announcement, maxMessageSize);
}

}  // namespace

const OwnAvailability::Messages* OwnAvailability::messagesFor(Generation generation) const {
  const GenerationInfo& info = infoOf(generation);
  const auto& form = info.codec == Codec::json                 ? json
                     : info.numbering == Numbering::externalId ? externalIds
                                                               : sequences;
  return form ? &*form : nullptr;
}

bool operator==(const OwnAvailability& a, const OwnAvailability& b) {
  const auto same = [](const std::shared_ptr<const NodeForm>& x, const std::shared_ptr<const NodeForm>& y) {
    return x == y || (x && y && *x == *y);
  };
  return a.json == b.json && a.externalIds == b.externalIds && a.sequences == b.sequences &&
         (kOnlyG0 || std::equal(a.nodes.begin(), a.nodes.end(), b.nodes.begin(), same));
}

const std::vector<base::Bytes>& NodeForm::messagesAfter(const NodeForm* before, std::size_t maxMessageSize) const {
  const std::uint64_t known = before == nullptr ? 0 : before->serial_;
  if (!last_ || last_->before != known || last_->maxMessageSize != maxMessageSize) {
    wire::NodeHave change = before == nullptr ? map_.all() : wire::NodeMap::difference(before->map_, map_);
    change.trouble = trouble_;
    const bool news = trouble_ != (before != nullptr && before->trouble_);
    last_ = Answer{known, maxMessageSize, {}};
    if (news || change.reset || !change.numbers.empty() || !change.named.empty()) {
      last_->messages = wire::encodeMessages(change, maxMessageSize);
    }
  }
  return last_->messages;
}

OwnAvailability makeOwnAvailability(const SegmentStore& store, const HttpDownloads& http, const std::string& stream,
                                    const Settings& settings) {
  OwnAvailability own;
  const auto maxMessageSize = static_cast<std::size_t>(settings.webRtcMaxMessageSize);
  for (const Generation generation : settings.peerProtocols) {
    const GenerationInfo& info = infoOf(generation);
    if (info.codec == Codec::json) {
      own.json = OwnAvailability::Messages{makeAvailabilityMap(store, http)};
    } else {
      auto& form = info.numbering == Numbering::externalId ? own.externalIds : own.sequences;
      if (!form) form = makeAnnouncement(store, http, stream, info.numbering, maxMessageSize);
    }
  }
  return own;
}

void addNodeForms(OwnAvailability& own, const SegmentStore& store, const std::vector<Receiving>& receiving,
                  const std::string& stream, bool trouble, const Settings& settings, IdCounters& ids) {
  for (const Generation generation : settings.peerProtocols) {
    auto& form = own.nodes[static_cast<std::size_t>(generation)];
    // G2 and G3 number alike.
    if (generation == Generation::g3 && own.nodeFormFor(Generation::g2)) {
      form = own.nodeFormFor(Generation::g2);
      continue;
    }
    std::vector<wire::NodeNumbers> numbers;
    std::vector<wire::NodeNamed> named;
    const auto add = [&](const WireName& name, const wire::NodeStatus& status) {
      if (name.stream.value != stream) return;
      auto known = nodeNameOf(name, generation);
      if (!known) return;
      if (const auto* number = std::get_if<std::int64_t>(&*known)) {
        numbers.push_back({*number, 1, status});
      } else {
        named.push_back({std::get<std::string>(std::move(*known)), status});
      }
    };
    store.forEachNewestFirst([&](const WireName& name) {
      add(name, {wire::NodeStatus::State::loaded, 0});
      return true;
    });
    for (const Receiving& segment : receiving) add(segment.name, segment.status);
    form = std::make_shared<const NodeForm>(++ids.lastNodeForm, wire::NodeMap(std::move(numbers), std::move(named)),
                                            trouble);
  }
}

base::Bytes makeAvailabilityMap(const SegmentStore& store, const HttpDownloads& http) {
  std::vector<Line> newestFirst;
  std::set<std::string_view> streams;
  const std::string* latest = nullptr;  // of the line before
  std::size_t room = kMaxMapBytes - 16;
  const auto add = [&](const WireName& name, wire::SegmentStatus status) {
    const std::string& stream = name.stream.value;
    const bool isNew = (latest == nullptr || *latest != stream) && !streams.contains(stream);
    const std::size_t size = encodedSize(name.entry) + (isNew ? encodedSize(stream) + 8 : 0);
    if (size > room) return false;
    room -= size;
    if (isNew) streams.insert(stream);
    latest = &stream;
    newestFirst.push_back({&name, status});
    return true;
  };
  std::list<WireName> loadingNames;
  for (const auto& [id, request] : http.all()) {
    if (store.has(id)) continue;
    const Segment* segment = http.find(id);
    if (segment->masterSwarmId != store.masterSwarmId()) continue;
    auto name = wireNameOf(*segment, store.masterSwarmId());
    if (name && !add(loadingNames.emplace_back(std::move(*name)), wire::SegmentStatus::loadingByHttp)) break;
  }
  const std::size_t loading = newestFirst.size();
  store.forEachNewestFirst([&](const WireName& name) { return add(name, wire::SegmentStatus::loaded); });

  // Written in the order in which segments came: stored ones, then those being loaded.
  wire::SegmentsMap map;
  std::map<std::string_view, std::size_t> places;  // in the map
  std::size_t place = 0;
  const auto write = [&](const Line& line) {
    const base::StreamSwarmId& stream = line.name->stream;
    if (place >= map.streams.size() || map.streams[place].stream != stream) {
      const auto [at, isNew] = places.emplace(stream.value, map.streams.size());
      if (isNew) map.streams.push_back({stream, {}});
      place = at->second;
    }
    map.streams[place].segments.emplace_back(line.name->entry, line.status);
  };
  for (std::size_t i = newestFirst.size(); i-- > loading;) write(newestFirst[i]);
  for (std::size_t i = 0; i < loading; ++i) write(newestFirst[i]);
  return wire::encode(map);
}

}  // namespace p2pml::engine
