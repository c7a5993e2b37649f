#include "wire/tracker_message.hpp"

#include <cmath>

#include "base/encoding.hpp"
#include "base/json.hpp"

namespace p2pml::wire {
namespace {

using base::ErrorCode;
using base::fail;
using base::Json;
using base::Result;

/// Longest piece of a remote's own words that goes into an answer or a log.
constexpr std::size_t kMaxQuotedBytes = 64;

// ------------------------------------------------------------------------------------------------------------ reading

/// A member that JavaScript would take as given: null counts as absent, as JSON.stringify writes null for Infinity.
const Json* present(const Json& object, std::string_view key) {
  const Json* member = object.find(key);
  return member == nullptr || member->isNull() ? nullptr : member;
}

/// A count: fractions are cut off; anything but a number of 0 .. 2^53-1 counts as absent, as servers and clients in the
/// field do.
std::optional<std::int64_t> readCount(const Json& object, std::string_view key) {
  const Json* member = object.find(key);
  const double* number = member != nullptr ? member->number() : nullptr;
  if (number == nullptr) return std::nullopt;
  const auto whole = Json(std::trunc(*number)).integer();
  return whole && *whole >= 0 ? whole : std::nullopt;
}

std::optional<std::string> readText(const Json& object, std::string_view key) {
  const Json* member = object.find(key);
  const std::string* text = member != nullptr ? member->string() : nullptr;
  if (text == nullptr || text->empty()) return std::nullopt;
  return *text;
}

/// 5c.1: exactly 20 code points, none above U+00FF.
template <class Id>
std::optional<Id> toBytes20(std::string_view text) {
  if (text.size() > 40) return std::nullopt;
  const auto raw = base::utf8ToLatin1(text);
  if (!raw || raw->size() != 20) return std::nullopt;
  return Id::fromRaw(*raw);
}

template <class Id>
std::optional<Id> readBytes20(const Json& object, std::string_view key) {
  const Json* member = object.find(key);
  const std::string* text = member != nullptr ? member->string() : nullptr;
  return text != nullptr ? toBytes20<Id>(*text) : std::nullopt;
}

/// {"type":`type`,"sdp":...}; the type may be missing but not be another one. `name` is the member's, for the error.
Result<std::string> readSdp(const Json& description, std::string_view type) {
  const Json* sdp = description.find("sdp");
  const std::string* text = sdp != nullptr ? sdp->string() : nullptr;
  const Json* givenType = present(description, "type");
  if (text == nullptr || (givenType != nullptr && (givenType->string() == nullptr || *givenType->string() != type))) {
    return fail(ErrorCode::malformed, "invalid " + std::string(type));
  }
  if (text->size() > kMaxSdpBytes) {
    return fail(ErrorCode::limitExceeded, "invalid " + std::string(type) + ": sdp of " + std::to_string(text->size()) +
                                              " bytes, the limit is " + std::to_string(kMaxSdpBytes));
  }
  return *text;
}

/// The first bytes of what a remote wrote, cut between characters.
std::string quoted(std::string_view text) {
  if (text.size() <= kMaxQuotedBytes) return std::string(text);
  std::size_t length = kMaxQuotedBytes;
  while (length > 0 && (static_cast<std::uint8_t>(text[length]) & 0xc0U) == 0x80U) --length;
  return std::string(text.substr(0, length)) + "...";
}

std::string_view actionOf(const Json& json) {
  const Json* action = json.find("action");
  const std::string* text = action != nullptr ? action->string() : nullptr;
  return text != nullptr ? std::string_view(*text) : std::string_view();
}

Result<Json> parseMessage(std::string_view text) {
  return base::parseJson(text, {.bytes = kMaxTrackerMessageBytes, .depth = 16, .values = kMaxTrackerMessageBytes});
}

// ----------------------------------------------------------------------------------------------------------- requests

Result<AnnounceEvent> readEvent(const Json& json) {
  const Json* event = present(json, "event");
  if (event == nullptr) return AnnounceEvent::none;
  const std::string* name = event->string();
  if (name == nullptr) return fail(ErrorCode::malformed, "invalid event");
  if (*name == "started") return AnnounceEvent::started;
  if (*name == "stopped") return AnnounceEvent::stopped;
  if (*name == "completed") return AnnounceEvent::completed;
  if (name->empty() || *name == "update" || *name == "paused") return AnnounceEvent::none;
  return fail(ErrorCode::malformed, "invalid event");
}

Result<std::vector<TrackerOffer>> readOffers(const Json& json) {
  std::vector<TrackerOffer> offers;
  const Json* member = present(json, "offers");
  if (member == nullptr) return offers;
  const Json::Array* items = member->array();
  if (items == nullptr) return fail(ErrorCode::malformed, "invalid offers");
  if (items->size() > kMaxOffersPerAnnounce) {
    return fail(ErrorCode::limitExceeded, "invalid offers: " + std::to_string(items->size()) +
                                              " of them, the limit is " + std::to_string(kMaxOffersPerAnnounce));
  }
  for (const Json& item : *items) {
    const Json* description = item.find("offer");
    const auto offerId = readBytes20<base::OfferId>(item, "offer_id");
    if (description == nullptr) return fail(ErrorCode::malformed, "invalid offers");
    if (!offerId) return fail(ErrorCode::malformed, "invalid offer_id");
    Result<std::string> sdp = readSdp(*description, "offer");
    if (!sdp) return std::unexpected(std::move(sdp.error()));
    offers.push_back({*offerId, *std::move(sdp)});
  }
  return offers;
}

Result<TrackerRequest> readAnswer(const Json& json, const Json& description, const base::InfoHash& infoHash,
                                  const base::PeerId& peerId) {
  const auto toPeerId = readBytes20<base::PeerId>(json, "to_peer_id");
  if (!toPeerId) return fail(ErrorCode::malformed, "invalid `to_peer_id` (required with `answer`)");
  const auto offerId = readBytes20<base::OfferId>(json, "offer_id");
  if (!offerId) return fail(ErrorCode::malformed, "invalid offer_id");
  Result<std::string> sdp = readSdp(description, "answer");
  if (!sdp) return std::unexpected(std::move(sdp.error()));
  return AnswerRequest{infoHash, peerId, *toPeerId, *offerId, *std::move(sdp)};
}

Result<TrackerRequest> readAnnounce(const Json& json) {
  const auto infoHash = readBytes20<base::InfoHash>(json, "info_hash");
  if (!infoHash) return fail(ErrorCode::malformed, "invalid info_hash");
  const auto peerId = readBytes20<base::PeerId>(json, "peer_id");
  if (!peerId) return fail(ErrorCode::malformed, "invalid peer_id");
  if (const Json* answer = present(json, "answer")) return readAnswer(json, *answer, *infoHash, *peerId);

  AnnounceRequest request;
  request.infoHash = *infoHash;
  request.peerId = *peerId;
  const Result<AnnounceEvent> event = readEvent(json);
  if (!event) return std::unexpected(event.error());
  request.event = *event;
  Result<std::vector<TrackerOffer>> offers = readOffers(json);
  if (!offers) return std::unexpected(std::move(offers.error()));
  request.offers = *std::move(offers);
  // bittorrent-tracker takes the number of offers for it, wt-tracker the number told; told counts, as with wt-tracker.
  request.numwant = readCount(json, "numwant").value_or(static_cast<std::int64_t>(request.offers.size()));
  request.uploaded = readCount(json, "uploaded").value_or(0);
  request.downloaded = readCount(json, "downloaded").value_or(0);
  request.left = readCount(json, "left");
  request.trackerId = readText(json, "trackerid");
  return request;
}

/// `info_hash` is a string, an array of them, or absent. An empty array is refused: it would mean all to us and none to
/// others.
Result<TrackerRequest> readScrape(const Json& json) {
  ScrapeRequest request;
  const Json* hashes = present(json, "info_hash");
  if (hashes == nullptr) return request;
  const auto add = [&](const Json& hash) {
    const auto infoHash = hash.string() != nullptr ? toBytes20<base::InfoHash>(*hash.string()) : std::nullopt;
    if (infoHash) request.infoHashes.push_back(*infoHash);
    return infoHash.has_value();
  };
  if (const Json::Array* several = hashes->array()) {
    for (const Json& hash : *several) {
      if (!add(hash)) return fail(ErrorCode::malformed, "invalid info_hash");
    }
  } else if (!add(*hashes)) {
    return fail(ErrorCode::malformed, "invalid info_hash");
  }
  if (request.infoHashes.empty()) return fail(ErrorCode::malformed, "invalid info_hash");
  return request;
}

// ---------------------------------------------------------------------------------------------------------- responses

Result<TrackerResponse> readAnnounceResponse(const Json& json) {
  const auto infoHash = readBytes20<base::InfoHash>(json, "info_hash");
  if (!infoHash) {
    return fail(ErrorCode::malformed, "tracker message: info_hash: expected 20 code points up to U+00FF");
  }
  const Json* offer = present(json, "offer");
  const Json* answer = present(json, "answer");
  if (offer != nullptr || answer != nullptr) {
    const auto peerId = readBytes20<base::PeerId>(json, "peer_id");
    const auto offerId = readBytes20<base::OfferId>(json, "offer_id");
    if (!peerId || !offerId) {
      return fail(ErrorCode::malformed, "tracker message: expected peer_id and offer_id of 20 code points with an " +
                                            std::string(offer != nullptr ? "offer" : "answer"));
    }
    Result<std::string> sdp = offer != nullptr ? readSdp(*offer, "offer") : readSdp(*answer, "answer");
    if (!sdp) return fail(sdp.error().code, "tracker message: " + sdp.error().detail);
    if (offer != nullptr) return RelayedOffer{*infoHash, *peerId, *offerId, *std::move(sdp)};
    return RelayedAnswer{*infoHash, *peerId, *offerId, *std::move(sdp)};
  }
  AnnounceResponse response;
  response.infoHash = *infoHash;
  response.complete = readCount(json, "complete");
  response.incomplete = readCount(json, "incomplete");
  response.interval = readCount(json, "interval");
  response.minInterval = readCount(json, "min interval");
  response.trackerId = readText(json, "tracker id");
  response.warning = readText(json, "warning message");
  return response;
}

Result<TrackerResponse> readScrapeResponse(const Json& json) {
  ScrapeResponse response;
  const Json* files = present(json, "files");
  if (files != nullptr && files->object() == nullptr) {
    return fail(ErrorCode::malformed, "tracker message: files: expected an object");
  }
  if (files != nullptr) {
    for (const auto& [key, counts] : *files->object()) {
      const auto infoHash = toBytes20<base::InfoHash>(key);
      if (!infoHash || counts.object() == nullptr) {
        return fail(ErrorCode::malformed, "tracker message: files: expected an object of counts for 20 code points");
      }
      response.files.push_back({*infoHash, readCount(counts, "complete").value_or(0),
                                readCount(counts, "incomplete").value_or(0),
                                readCount(counts, "downloaded").value_or(0)});
    }
  }
  if (const Json* flags = json.find("flags")) response.minRequestInterval = readCount(*flags, "min_request_interval");
  return response;
}

// ------------------------------------------------------------------------------------------------------------ writing

/// Writes the members of one JSON object in the order of the calls.
class ObjectWriter {
 public:
  ObjectWriter() { out_.push_back('{'); }

  ObjectWriter& text(std::string_view key, std::string_view value) {
    begin(key);
    base::appendJsonString(out_, value);
    return *this;
  }
  ObjectWriter& textIf(std::string_view key, const std::optional<std::string>& value) {
    return value ? text(key, *value) : *this;
  }
  ObjectWriter& count(std::string_view key, std::int64_t value) {
    begin(key);
    out_ += std::to_string(value);
    return *this;
  }
  ObjectWriter& countIf(std::string_view key, const std::optional<std::int64_t>& value) {
    return value ? count(key, *value) : *this;
  }
  /// A 20-byte value as a binary string (5c.1).
  template <class Id>
  ObjectWriter& bytes20(std::string_view key, const Id& id) {
    begin(key);
    base::appendJsonBinaryString(out_, id.view());
    return *this;
  }
  ObjectWriter& description(std::string_view type, std::string_view sdp) {
    begin(type);
    out_ += ObjectWriter().text("type", type).text("sdp", sdp).finish();
    return *this;
  }
  ObjectWriter& raw(std::string_view key, std::string_view json) {
    begin(key);
    out_ += json;
    return *this;
  }
  std::string finish() {
    out_.push_back('}');
    return std::move(out_);
  }

 private:
  void begin(std::string_view key) {
    if (out_.size() > 1) out_.push_back(',');
    base::appendJsonString(out_, key);
    out_.push_back(':');
  }

  std::string out_;
};

std::string_view nameOf(AnnounceEvent event) {
  switch (event) {
    case AnnounceEvent::none: return "";
    case AnnounceEvent::started: return "started";
    case AnnounceEvent::stopped: return "stopped";
    case AnnounceEvent::completed: return "completed";
  }
  return "";
}

}  // namespace

std::string encode(const AnnounceRequest& request) {
  ObjectWriter writer;
  writer.count("numwant", request.numwant);
  writer.count("uploaded", request.uploaded);
  writer.count("downloaded", request.downloaded);
  writer.countIf("left", request.left);
  if (request.event != AnnounceEvent::none) writer.text("event", nameOf(request.event));
  writer.text("action", "announce").bytes20("info_hash", request.infoHash).bytes20("peer_id", request.peerId);
  writer.textIf("trackerid", request.trackerId);
  if (!request.offers.empty()) {
    std::string offers = "[";
    for (const TrackerOffer& offer : request.offers) {
      if (offers.size() > 1) offers.push_back(',');
      offers += ObjectWriter().description("offer", offer.sdp).bytes20("offer_id", offer.offerId).finish();
    }
    offers.push_back(']');
    writer.raw("offers", offers);
  }
  return writer.finish();
}

std::string encode(const AnswerRequest& request) {
  return ObjectWriter()
      .text("action", "announce")
      .bytes20("info_hash", request.infoHash)
      .bytes20("peer_id", request.peerId)
      .bytes20("to_peer_id", request.toPeerId)
      .description("answer", request.sdp)
      .bytes20("offer_id", request.offerId)
      .finish();
}

std::string encode(const ScrapeRequest& request) {
  ObjectWriter writer;
  writer.text("action", "scrape");
  if (request.infoHashes.size() == 1) writer.bytes20("info_hash", request.infoHashes.front());
  if (request.infoHashes.size() > 1) {
    std::string hashes = "[";
    for (const base::InfoHash& hash : request.infoHashes) {
      if (hashes.size() > 1) hashes.push_back(',');
      base::appendJsonBinaryString(hashes, hash.view());
    }
    hashes.push_back(']');
    writer.raw("info_hash", hashes);
  }
  return writer.finish();
}

Result<TrackerRequest> decodeTrackerRequest(std::string_view text) {
  const Result<Json> json = parseMessage(text);
  if (!json) return std::unexpected(json.error());
  const std::string_view action = actionOf(*json);
  if (action == "announce") return readAnnounce(*json);
  if (action == "scrape") return readScrape(*json);
  const Json* given = json->find("action");
  return fail(ErrorCode::malformed,
              "invalid action in WS request: " + (given == nullptr             ? "undefined"
                                                  : given->string() != nullptr ? quoted(action)
                                                                               : std::string(given->typeName())));
}

std::string encode(const AnnounceResponse& response) {
  return ObjectWriter()
      .countIf("complete", response.complete)
      .countIf("incomplete", response.incomplete)
      .text("action", "announce")
      .countIf("interval", response.interval)
      .countIf("min interval", response.minInterval)
      .textIf("tracker id", response.trackerId)
      .textIf("warning message", response.warning)
      .bytes20("info_hash", response.infoHash)
      .finish();
}

std::string encode(const RelayedOffer& response) {
  return ObjectWriter()
      .text("action", "announce")
      .description("offer", response.sdp)
      .bytes20("offer_id", response.offerId)
      .bytes20("peer_id", response.peerId)
      .bytes20("info_hash", response.infoHash)
      .finish();
}

std::string encode(const RelayedAnswer& response) {
  return ObjectWriter()
      .text("action", "announce")
      .description("answer", response.sdp)
      .bytes20("offer_id", response.offerId)
      .bytes20("peer_id", response.peerId)
      .bytes20("info_hash", response.infoHash)
      .finish();
}

std::string encode(const ScrapeResponse& response) {
  std::string files = "{";
  for (const ScrapeEntry& entry : response.files) {
    if (files.size() > 1) files.push_back(',');
    base::appendJsonBinaryString(files, entry.infoHash.view());
    files.push_back(':');
    files += ObjectWriter()
                 .count("complete", entry.complete)
                 .count("incomplete", entry.incomplete)
                 .count("downloaded", entry.downloaded)
                 .finish();
  }
  files.push_back('}');
  ObjectWriter writer;
  writer.text("action", "scrape").raw("files", files);
  if (response.minRequestInterval) {
    writer.raw("flags", ObjectWriter().count("min_request_interval", *response.minRequestInterval).finish());
  }
  return writer.finish();
}

std::string encode(const TrackerFailure& response) {
  ObjectWriter writer;
  if (response.withAction) writer.text("action", "announce");
  writer.text("failure reason", response.reason);
  if (response.infoHash) writer.bytes20("info_hash", *response.infoHash);
  return writer.finish();
}

Result<TrackerResponse> decodeTrackerResponse(std::string_view text) {
  const Result<Json> json = parseMessage(text);
  if (!json) return std::unexpected(json.error());
  const std::string_view action = actionOf(*json);
  const bool known = action == "announce" || action == "scrape";
  // First of all, as the JavaScript client does (5c.3); an empty reason is none to it.
  if (const Json* reason = present(*json, "failure reason")) {
    if (reason->string() == nullptr) {
      return fail(ErrorCode::malformed, "tracker message: failure reason: expected a string");
    }
    if (!reason->string()->empty())
      return TrackerFailure{*reason->string(), readBytes20<base::InfoHash>(*json, "info_hash"), known};
  }
  if (!known) {
    return fail(ErrorCode::malformed,
                "tracker message: action: expected \"announce\" or \"scrape\", got \"" + quoted(action) + "\"");
  }
  return action == "announce" ? readAnnounceResponse(*json) : readScrapeResponse(*json);
}

}  // namespace p2pml::wire
