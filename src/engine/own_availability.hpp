// What a loader tells its peers: what it has stored and what it is loading over HTTP, in each codec's own words
// (docs/protocol/peer-json.md 5a.3, docs/protocol/peer-binary.md 5b.5).
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "engine/generation.hpp"
#include "engine/http/http_downloads.hpp"
#include "engine/storage/segment_store.hpp"
#include "wire/peer_node.hpp"

namespace p2pml::engine {

/// Longest JSON map we send: every peer takes a message of that size (data-channel.md: a=max-message-size:262144). What
/// was stored first is left out.
inline constexpr std::size_t kMaxMapBytes = 240 * 1024;

/// A segment that is still coming, as p2pml nodes are told of it.
struct Receiving {
  WireName name;
  wire::NodeStatus status;
};

/// What p2pml nodes are told (docs/protocol/node.md): of the current stream, each names segments as the swarm does that
/// it was met in. Shared by the sessions; equal by content.
class NodeForm {
 public:
  /// `serial`: no other form of this loader has it.
  /// `trouble`: the origin, or what a validator looked at, has failed lately.
  NodeForm(std::uint64_t serial, wire::NodeMap map, bool trouble = false)
      : serial_(serial), map_(std::move(map)), trouble_(trouble) {}

  /// What a node gets that was told `before`, null: nothing; none if it knows all of it. Most nodes were told the same
  /// before: the last answer is remembered.
  [[nodiscard]] const std::vector<base::Bytes>& messagesAfter(const NodeForm* before, std::size_t maxMessageSize) const;

  friend bool operator==(const NodeForm& a, const NodeForm& b) { return a.map_ == b.map_ && a.trouble_ == b.trouble_; }

 private:
  struct Answer {
    std::uint64_t before = 0;  // serial; 0: nothing
    std::size_t maxMessageSize = 0;
    std::vector<base::Bytes> messages;
  };

  std::uint64_t serial_;
  wire::NodeMap map_;
  bool trouble_;
  mutable std::optional<Answer> last_;
};

/// Encoded once for all peers; each session sends the form that its peer reads. A form that no generation of
/// `peerProtocols` needs is not made.
struct OwnAvailability {
  using Messages = std::vector<base::Bytes>;
  std::optional<Messages> json;         ///< of the whole master swarm
  std::optional<Messages> externalIds;  ///< of the current stream, Numbering::externalId
  std::optional<Messages> sequences;    ///< of the current stream, Numbering::sequence

  std::array<std::shared_ptr<const NodeForm>, kGenerations> nodes;  ///< by generation; those with equal names share one

  // Null if that form was not made.
  [[nodiscard]] const Messages* messagesFor(Generation generation) const;
  [[nodiscard]] const std::shared_ptr<const NodeForm>& nodeFormFor(Generation generation) const {
    return nodes[static_cast<std::size_t>(generation)];
  }
  friend bool operator==(const OwnAvailability& a, const OwnAvailability& b);
};

/// Linear in what it tells of. `stream` is the current one's name (WireName::stream).
OwnAvailability makeOwnAvailability(const SegmentStore& store, const HttpDownloads& http, const std::string& stream,
                                    const Settings& settings);

/// Adds the forms for p2pml nodes. Linear in what they tell of.
void addNodeForms(OwnAvailability& own, const SegmentStore& store, const std::vector<Receiving>& receiving,
                  const std::string& stream, bool trouble, const Settings& settings, IdCounters& ids);

/// The JSON map alone.
base::Bytes makeAvailabilityMap(const SegmentStore& store, const HttpDownloads& http);

}  // namespace p2pml::engine
