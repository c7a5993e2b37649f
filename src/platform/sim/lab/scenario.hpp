// A scenario: everything that happens to a simulated audience, as data. docs/simulator.md describes the file format.
//
// Plain values without behaviour; the reader (scenario_reader.hpp) makes them from JSON, the plan (plan.hpp) draws
// single viewers from them. All times count from the scenario's start.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/time.hpp"
#include "platform/sim/network.hpp"
#include "platform/sim/sim_peer_port.hpp"

namespace p2pml::sim::lab {

// Limits of what a file may ask for.
inline constexpr std::size_t kMaxViewers = 1'000'000;
inline constexpr std::int64_t kMaxSeconds = 7 * 24 * 3600;
inline constexpr std::size_t kMaxGroups = 64;
inline constexpr std::size_t kMaxQualities = 16;

/// One rendition of the stream.
struct Quality {
  std::string name;
  std::size_t segmentBytes = 1 << 20;
};

struct Stream {
  bool live = false;
  base::Duration segmentDuration = base::seconds(4);
  std::int64_t count = 16;  ///< segments of a VOD
  std::int64_t window = 8;
  std::int64_t liveBack = 3;
  std::vector<Quality> qualities{{"main", 1 << 20}};  ///< playback starts with the first
};

struct PlayerRules {
  std::int64_t ahead = 8;
  std::int64_t forward = 20;
  base::Duration requestTimeout = base::seconds(20);
};

/// From `from` to `to`; kNever: to the end.
struct Span {
  base::TimePoint from{};
  base::TimePoint to = base::kNever;
};

/// One of several kinds, with its share of the group. Shares are relative to their sum.
template <class T>
struct Share {
  double share = 1;
  T value{};
};
template <class T>
using Mix = std::vector<Share<T>>;

enum class Nat : std::uint8_t {
  open,       ///< meets everybody but the blocked
  cone,       ///< a mapping that does not depend on the remote: meets everybody but the blocked
  symmetric,  ///< a mapping for each remote: two of them never meet
  blocked,    ///< lets nothing through between peers
};
constexpr const char* kNatNames[] = {"open", "cone", "symmetric", "blocked"};
/// Whether two such viewers can connect, other things being well.
bool natsMeet(Nat a, Nat b);

enum class Behaviour : std::uint8_t {
  honest,
  slow,    ///< sends to peers as slowly as `slowUp` says
  silent,  ///< says what it has; with the first body nothing more comes of it, and the connection stays open
  lying,   ///< sends bodies with wrong bytes
  leech,   ///< consumeOnly: takes and never gives
};
constexpr const char* kBehaviourNames[] = {"honest", "slow", "silent", "lying", "leech"};

enum class ArrivalKind : std::uint8_t {
  at,         ///< all at once
  every,      ///< one each `value`
  within,     ///< at random moments within `value`
  perSecond,  ///< a Poisson process of `rate`
  flash,      ///< each after an exponential time of mean `value`
};
struct Arrival {
  ArrivalKind kind = ArrivalKind::at;
  base::Duration value{};
  double rate = 0;
  base::Duration start{};
};

enum class StayKind : std::uint8_t {
  toEnd,      ///< of the run
  untilDone,  ///< until the VOD is played
  mean,       ///< an exponential time of mean `value`
  forTime,    ///< `value` after the arrival
  until,      ///< the moment `value`
};
struct Stay {
  StayKind kind = StayKind::toEnd;
  base::Duration value{};
};

/// Something viewers do again and again, after exponential times of mean `every`; zero: never.
struct Habit {
  base::Duration every{};
  base::Duration length{};  ///< mean, of a pause
};

struct Group {
  std::string name;
  std::size_t count = 1;
  Arrival arrive;
  Stay stay;
  double crash = 0;      ///< share of those who leave without a goodbye
  bool replace = false;  ///< whoever leaves is followed at once by a new viewer elsewhere
  Mix<Line> line;
  Mix<Nat> nat{{1, Nat::open}};
  Mix<Behaviour> behaviour{{1, Behaviour::honest}};
  Habit pauses;
  Habit seeks;
  Habit switches;
  bool validate = false;  ///< a segmentValidator that knows the right bytes
  base::Json::Object settings;
};

struct OriginFault {
  enum class Kind : std::uint8_t {
    error,     ///< answers with `status`
    stall,     ///< nothing more comes after `bytes`
    truncate,  ///< the connection breaks after `bytes`
    corrupt,   ///< the whole body, with wrong bytes
    slow,      ///< `bytesPerSecond` for each body
    outage,    ///< takes no connection
  };
  Kind kind = Kind::error;
  Span when;
  double share = 1;  ///< of the requests
  int status = 500;
  std::uint64_t bytes = 0;
  std::uint64_t bytesPerSecond = 0;
};
constexpr const char* kFaultNames[] = {"error", "stall", "truncate", "corrupt", "slow", "outage"};

struct TrackerFault {
  Span when;
  bool mute = false;  ///< takes everything and answers nothing; otherwise it is down and forgets
};

/// A part of the viewers is cut off from the others; servers stay within reach of all.
struct Partition {
  Span when;
  double share = 0.5;
};

/// How far the invariants go; see docs/simulator.md.
struct Limits {
  base::Duration extraStall = base::milliseconds(250);  ///< per viewer, more than plain HTTP had
  std::int64_t extraStalls = 0;                         ///< per viewer, of those longer than extraStall
  /// Stalls count in all, not viewer by viewer: for an origin so bad that somebody must stall either way.
  bool stallsInAll = false;
  std::int64_t extraSkipped = 0;     ///< segments per viewer that were given up, more than plain HTTP
  std::uint64_t getsPerSegment = 8;  ///< of one viewer for one segment
  std::uint64_t getsPerSecond = 4;   ///< of one viewer for one segment within a second
  double originBytes = 1.05;         ///< at most so many times those of plain HTTP
};

struct Scenario {
  std::string name;
  std::string title;
  std::string description;
  std::vector<std::string> tags;  ///< sets it belongs to
  std::uint64_t seed = 1;
  /// None: until all viewers of a VOD have played it.
  std::optional<base::Duration> duration;
  Stream stream;
  PlayerRules player;
  std::vector<Group> groups;
  double pairsBlocked = 0;
  std::uint32_t grainBytes = 16 * 1024;  ///< in which transfers share a line (WorldOptions::chunkBytes)
  std::uint64_t slowUp = 12'500;         ///< bytes per second of a slow peer
  Line originLine;
  Line trackerLine;
  std::vector<OriginFault> originFaults;
  std::vector<TrackerFault> trackerFaults;
  std::vector<Partition> partitions;
  base::Duration handshakeTimeout = PeerFabricOptions{}.handshakeTimeout;
  base::Json::Object settings;  ///< of all viewers; a group's own come on top
  Limits limits;

  [[nodiscard]] std::size_t viewers() const;
};

}  // namespace p2pml::sim::lab
