#include "gateway/report.hpp"

#include <algorithm>
#include <utility>

#include "base/json.hpp"

namespace p2pml::gateway {

namespace {

using base::Json;
using Object = Json::Object;

Json number(std::uint64_t value) { return {static_cast<double>(value)}; }
/// Seconds with milliseconds.
Json seconds(base::Duration duration) { return {static_cast<double>(base::toMilliseconds(duration)) / 1000.0}; }

Json peerJson(const PeerReport& peer) {
  return Object{{"id", peer.id},
                {"generation", peer.generation},
                {"address", peer.address},
                {"rtt", peer.roundTrip ? seconds(*peer.roundTrip) : Json()},
                {"downloaded", number(peer.downloaded)},
                {"uploaded", number(peer.uploaded)},
                {"segments", number(peer.segments)},
                {"lastError", peer.lastError.empty() ? Json() : Json(peer.lastError)}};
}

Json streamJson(const StreamRow& row) {
  Json::Array players;
  for (const PlayerRow& player : row.players) {
    players.emplace_back(Object{{"segment", player.segment},
                                {"waiting", player.waiting},
                                {"active", player.active},
                                {"buffer", seconds(player.buffer)}});
  }
  Json::Array peers;
  Json::Array swarms;
  const input::LaneReport none;
  const input::LaneReport& lane = row.lane ? *row.lane : none;
  for (const PeerReport& peer : lane.peers) peers.push_back(peerJson(peer));
  for (const SwarmReport& swarm : lane.swarms) {
    swarms.emplace_back(
        Object{{"generation", swarm.generation}, {"infoHash", swarm.infoHash}, {"peers", number(swarm.peers)}});
  }
  return Object{
      {"manifest", row.manifest},
      {"label", row.label},
      {"type", row.type},
      {"live", row.live},
      {"seeded", row.seeded},
      {"running", row.lane.has_value()},
      {"segments", number(row.segments)},
      {"targetDuration", seconds(row.targetDuration)},
      {"stuckFor", row.stuckFor ? seconds(*row.stuckFor) : Json()},
      {"bytes", Object{{"http", number(lane.httpBytes)},
                       {"p2p", number(lane.p2pBytes)},
                       {"upload", number(lane.uploadedBytes)},
                       {"delivered", number(row.delivered)}}},
      {"segmentsOver", Object{{"http", number(lane.segmentsOverHttp)}, {"p2p", number(lane.segmentsOverP2p)}}},
      {"players", std::move(players)},
      {"peers", std::move(peers)},
      {"swarms", std::move(swarms)},
      {"failures", number(row.failures)},
      {"lastError", row.lastError.empty() ? Json() : Json(row.lastError)}};
}

Object eventObject(const LoggedEvent& event) {
  return {{"number", number(event.number)},
          {"at", static_cast<double>(base::toMilliseconds(event.at))},
          {"text", event.text},
          {"trouble", event.trouble}};
}

/// A label's value (Prometheus: backslash, quote and line feed are escaped).
std::string labelValue(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '\\' || c == '"') result.push_back('\\');
    if (c == '\n') {
      result += "\\n";
    } else {
      result.push_back(c);
    }
  }
  return result;
}

class Metrics {
 public:
  explicit Metrics(std::string& out) : out_(out) {}
  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    out_.append("# HELP ").append(name).append(" ").append(help).append("\n");
    out_.append("# TYPE ").append(name).append(" ").append(type).append("\n");
  }
  void sample(const std::string& labels, double value) {
    out_.append(name_);
    if (!labels.empty()) out_.append("{").append(labels).append("}");
    out_.push_back(' ');
    base::appendJsonNumber(out_, value);
    out_.push_back('\n');
  }

 private:
  std::string& out_;
  std::string_view name_;
};

std::string labelsOf(const StreamRow& row) {
  return "manifest=\"" + labelValue(row.manifest) + "\",stream=\"" + labelValue(row.label) + "\"";
}

}  // namespace

void Traffic::add(const input::LaneReport& before, const input::LaneReport& after) {
  http += after.httpBytes - std::min(before.httpBytes, after.httpBytes);
  p2p += after.p2pBytes - std::min(before.p2pBytes, after.p2pBytes);
  upload += after.uploadedBytes - std::min(before.uploadedBytes, after.uploadedBytes);
}

void EventLog::add(base::TimePoint at, std::string text, bool trouble) {
  if (text.size() > kLongest) text = text.substr(0, kLongest) + "...";
  events_.push_back({++last_, at, std::move(text), trouble});
  if (events_.size() > kKept) events_.pop_front();
}

std::string eventJson(const LoggedEvent& event) { return base::toJsonText(eventObject(event)); }

std::string statsJson(const Report& report, const EventLog& events) {
  input::LaneReport sum;
  std::uint64_t delivered = 0;
  Json::Array streams;
  for (const StreamRow& row : report.streams) {
    delivered += row.delivered;
    if (row.lane) {
      sum.httpBytes += row.lane->httpBytes;
      sum.p2pBytes += row.lane->p2pBytes;
      sum.uploadedBytes += row.lane->uploadedBytes;
    }
    streams.push_back(streamJson(row));
  }
  Json::Array log;
  for (const LoggedEvent& event : events.all()) log.emplace_back(eventObject(event));
  return base::toJsonText(Object{{"version", report.version},
                                 {"now", static_cast<double>(base::toMilliseconds(report.now))},
                                 {"uptime", seconds(report.uptime)},
                                 {"sessions", number(report.sessions)},
                                 {"openRequests", number(report.openRequests)},
                                 {"bytes", Object{{"http", number(sum.httpBytes)},
                                                  {"p2p", number(sum.p2pBytes)},
                                                  {"upload", number(sum.uploadedBytes)},
                                                  {"delivered", number(delivered)},
                                                  {"passedThrough", number(report.passedThrough)}}},
                                 {"total", Object{{"http", number(report.total.http)},
                                                  {"p2p", number(report.total.p2p)},
                                                  {"upload", number(report.total.upload)}}},
                                 {"streams", std::move(streams)},
                                 {"events", std::move(log)}});
}

std::string metricsText(const Report& report) {
  std::string out;
  Metrics metrics(out);
  metrics.family("p2pml_gateway_uptime_seconds", "gauge", "Time since the gateway was started.");
  metrics.sample("", static_cast<double>(base::toMilliseconds(report.uptime)) / 1000.0);
  metrics.family("p2pml_gateway_sessions", "gauge", "Streams opened by players.");
  metrics.sample("", static_cast<double>(report.sessions));
  metrics.family("p2pml_gateway_requests_open", "gauge", "Requests of players that are being answered.");
  metrics.sample("", static_cast<double>(report.openRequests));
  metrics.family("p2pml_gateway_passed_bytes_total", "counter", "Bytes passed through that are not shared.");
  metrics.sample("", static_cast<double>(report.passedThrough));
  metrics.family("p2pml_gateway_downloaded_bytes_total", "counter", "Segment bytes loaded by all engines, by source.");
  metrics.sample("source=\"http\"", static_cast<double>(report.total.http));
  metrics.sample("source=\"p2p\"", static_cast<double>(report.total.p2p));
  metrics.family("p2pml_gateway_uploaded_bytes_total", "counter", "Segment bytes sent to peers by all engines.");
  metrics.sample("", static_cast<double>(report.total.upload));
  metrics.family("p2pml_stream_delivered_bytes_total", "counter", "Segment bytes given to players.");
  for (const StreamRow& row : report.streams) metrics.sample(labelsOf(row), static_cast<double>(row.delivered));
  metrics.family("p2pml_stream_failures_total", "counter", "Segments that a source failed to deliver.");
  for (const StreamRow& row : report.streams) metrics.sample(labelsOf(row), static_cast<double>(row.failures));
  metrics.family("p2pml_stream_players", "gauge", "Players that are playing the stream.");
  for (const StreamRow& row : report.streams) {
    std::size_t active = 0;
    for (const PlayerRow& player : row.players) active += player.active ? 1 : 0;
    metrics.sample(labelsOf(row), static_cast<double>(active));
  }
  metrics.family("p2pml_lane_downloaded_bytes", "gauge",
                 "Segment bytes loaded by the stream's running engine, by source.");
  for (const StreamRow& row : report.streams) {
    if (!row.lane) continue;
    metrics.sample(labelsOf(row) + ",source=\"http\"", static_cast<double>(row.lane->httpBytes));
    metrics.sample(labelsOf(row) + ",source=\"p2p\"", static_cast<double>(row.lane->p2pBytes));
  }
  metrics.family("p2pml_lane_uploaded_bytes", "gauge", "Segment bytes sent to peers by the stream's running engine.");
  for (const StreamRow& row : report.streams) {
    if (row.lane) metrics.sample(labelsOf(row), static_cast<double>(row.lane->uploadedBytes));
  }
  metrics.family("p2pml_lane_peers", "gauge", "Connected peers of the stream's running engine.");
  for (const StreamRow& row : report.streams) {
    if (row.lane) metrics.sample(labelsOf(row), static_cast<double>(row.lane->peers.size()));
  }
  return out;
}

std::string serverSentEvent(std::string_view name, std::string_view json) {
  // JSON text has no line breaks of its own.
  return "event: " + std::string(name) + "\ndata: " + std::string(json) + "\n\n";
}

}  // namespace p2pml::gateway
