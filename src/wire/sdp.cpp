#include "wire/sdp.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "base/assert.hpp"
#include "base/encoding.hpp"

namespace p2pml::wire {
namespace {

using base::ErrorCode;
using base::fail;

// RFC 8839 section 5.4: 4*256 and 22*256 characters.
constexpr std::size_t kMinUfrag = 4;
constexpr std::size_t kMinPwd = 22;
constexpr std::size_t kMaxCredential = 256;
constexpr std::size_t kMaxFoundation = 32;
constexpr std::size_t kMaxAddress = 255;
constexpr std::size_t kMaxMid = 64;
constexpr std::size_t kMaxWriter = 64;

template <class T>
std::optional<T> number(std::string_view text) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stopped != end || text.empty()) return std::nullopt;
  return value;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equalsIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

bool endsWithIgnoringCase(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && equalsIgnoringCase(text.substr(text.size() - end.size()), end);
}

/// Takes the text up to the next `separator` off the front; several separators in a row count as one.
std::string_view takeWord(std::string_view& rest, char separator = ' ') {
  while (!rest.empty() && rest.front() == separator) rest.remove_prefix(1);
  const std::string_view word = rest.substr(0, rest.find(separator));
  rest.remove_prefix(word.size());
  return word;
}

bool isVisible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

bool isCredential(std::string_view text, std::size_t shortest) {
  return text.size() >= shortest && text.size() <= kMaxCredential && isVisible(text);
}

/// Value of `name:` if the attribute is that one.
std::optional<std::string_view> attribute(std::string_view line, std::string_view name) {
  if (!line.starts_with("a=")) return std::nullopt;
  line.remove_prefix(2);
  if (!line.starts_with(name)) return std::nullopt;
  line.remove_prefix(name.size());
  if (!line.starts_with(':')) return std::nullopt;
  line.remove_prefix(1);
  return line;
}

std::size_t digestSize(FingerprintHash hash) {
  switch (hash) {
    case FingerprintHash::sha256: return 32;
    case FingerprintHash::sha384: return 48;
    case FingerprintHash::sha512: return 64;
  }
  return 0;
}

constexpr std::string_view hashName(FingerprintHash hash) {
  switch (hash) {
    case FingerprintHash::sha256: return "sha-256";
    case FingerprintHash::sha384: return "sha-384";
    case FingerprintHash::sha512: return "sha-512";
  }
  return "";
}

/// Nothing for a hash that is not one of ours; an error for one of ours with a broken digest.
base::Result<std::optional<Fingerprint>> parseFingerprint(std::string_view value) {
  const std::string_view name = takeWord(value);
  const std::string_view hex = takeWord(value);
  Fingerprint fingerprint;
  if (equalsIgnoringCase(name, "sha-256")) {
    fingerprint.hash = FingerprintHash::sha256;
  } else if (equalsIgnoringCase(name, "sha-384")) {
    fingerprint.hash = FingerprintHash::sha384;
  } else if (equalsIgnoringCase(name, "sha-512")) {
    fingerprint.hash = FingerprintHash::sha512;
  } else {
    return std::optional<Fingerprint>();
  }
  // RFC 8122 section 5: pairs of hexadecimal digits separated by colons.
  std::string digits;
  for (std::size_t i = 0; i < hex.size(); ++i) {
    if (i % 3 == 2) {
      if (hex[i] != ':') return fail(ErrorCode::malformed, "SDP: a=fingerprint is not pairs of digits between colons");
    } else {
      digits += hex[i];
    }
  }
  auto digest = base::fromHex(digits);
  if (!digest || digest->size() != digestSize(fingerprint.hash) || hex.ends_with(':')) {
    return fail(ErrorCode::malformed, "SDP: a=fingerprint:" + std::string(name) + " is not a digest of that hash");
  }
  fingerprint.digest = std::move(*digest);
  return std::optional(std::move(fingerprint));
}

std::string writeFingerprint(const Fingerprint& fingerprint) {
  std::string out(hashName(fingerprint.hash));
  const std::string hex = base::toHex(fingerprint.digest);
  for (std::size_t i = 0; i < hex.size(); ++i) {
    if (i % 2 == 0) out += i == 0 ? ' ' : ':';
    const char c = hex[i];
    out += c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return out;
}

constexpr std::string_view setupName(DtlsSetup setup) {
  switch (setup) {
    case DtlsSetup::actpass: return "actpass";
    case DtlsSetup::active: return "active";
    case DtlsSetup::passive: return "passive";
  }
  return "";
}

constexpr std::string_view typeName(CandidateType type) {
  switch (type) {
    case CandidateType::host: return "host";
    case CandidateType::srflx: return "srflx";
    case CandidateType::prflx: return "prflx";
    case CandidateType::relay: return "relay";
    case CandidateType::other: return "other";
  }
  return "";
}

CandidateType typeOf(std::string_view name) {
  for (const auto type : {CandidateType::host, CandidateType::srflx, CandidateType::prflx, CandidateType::relay}) {
    if (equalsIgnoringCase(name, typeName(type))) return type;
  }
  return CandidateType::other;
}

/// Collects the attributes line by line; the media level overrides the session level.
class Reader {
 public:
  base::Result<void> line(std::string_view text) {
    if (text.starts_with("m=")) return media(text.substr(2));
    if (text.starts_with("o=")) return origin(text.substr(2));
    if (ignoring_) return {};
    if (const auto value = attribute(text, "ice-ufrag")) {
      if (!isCredential(*value, kMinUfrag))
        return fail(ErrorCode::malformed, "SDP: a=ice-ufrag is not 4 to 256 characters");
      out_.iceUfrag = *value;
    } else if (const auto pwd = attribute(text, "ice-pwd")) {
      if (!isCredential(*pwd, kMinPwd)) return fail(ErrorCode::malformed, "SDP: a=ice-pwd is not 22 to 256 characters");
      out_.icePwd = *pwd;
    } else if (const auto print = attribute(text, "fingerprint")) {
      return fingerprint(*print);
    } else if (const auto role = attribute(text, "setup")) {
      return setup(*role);
    } else if (const auto group = attribute(text, "group")) {
      if (group->starts_with("BUNDLE")) bundleMids_ = group->substr(6);
    } else if (!inSection_) {
      return {};
    } else if (const auto mid = attribute(text, "mid")) {
      if (mid->empty() || mid->size() > kMaxMid || !isVisible(*mid))
        return fail(ErrorCode::malformed, "SDP: a=mid is not a short token");
      out_.mid = *mid;
      hasMid_ = true;
    } else if (const auto port = attribute(text, "sctp-port")) {
      return sctpPort(*port);
    } else if (const auto map = attribute(text, "sctpmap")) {
      std::string_view rest = *map;
      return sctpPort(takeWord(rest));
    } else if (const auto size = attribute(text, "max-message-size")) {
      return maxMessageSize(*size);
    } else if (attribute(text, "candidate")) {
      if (out_.candidates.size() < kMaxSdpCandidates) out_.candidates.emplace_back(text.substr(2));
    }
    return {};
  }

  base::Result<SessionDescription> finish() {
    if (!found_) return fail(ErrorCode::malformed, "SDP: there is no m=application section of a data channel");
    if (out_.iceUfrag.empty()) return fail(ErrorCode::malformed, "SDP: a=ice-ufrag is missing");
    if (out_.icePwd.empty()) return fail(ErrorCode::malformed, "SDP: a=ice-pwd is missing");
    if (out_.fingerprints.empty())
      return fail(ErrorCode::malformed, "SDP: there is no a=fingerprint of sha-256, sha-384 or sha-512");
    if (!hasSetup_) return fail(ErrorCode::malformed, "SDP: a=setup is missing");
    out_.bundle = false;
    while (!bundleMids_.empty()) {
      if (takeWord(bundleMids_) == out_.mid && hasMid_) out_.bundle = true;
    }
    return std::move(out_);
  }

 private:
  base::Result<void> origin(std::string_view value) {
    const std::string_view name = takeWord(value);
    if (!name.empty() && name.size() <= kMaxWriter && isVisible(name)) out_.writer = name;
    return {};
  }

  base::Result<void> media(std::string_view value) {
    ignoring_ = true;
    const std::string_view kind = takeWord(value);
    const std::string_view port = takeWord(value);
    const std::string_view protocol = takeWord(value);
    const std::string_view format = takeWord(value);
    const bool dataChannel = kind == "application" && endsWithIgnoringCase(protocol, "DTLS/SCTP");
    if (port == "0") {
      if (dataChannel) return fail(ErrorCode::malformed, "SDP: the data channel section was rejected (port 0)");
      return {};
    }
    if (found_ || !dataChannel) {
      return fail(ErrorCode::malformed, "SDP: there is an m=" + std::string(kind.substr(0, 32)) +
                                            " section besides the one data channel that is expected");
    }
    if (!number<std::uint16_t>(port)) return fail(ErrorCode::malformed, "SDP: the port in m=application is not a port");
    found_ = true;
    ignoring_ = false;
    inSection_ = true;
    if (format != "webrtc-datachannel") {
      // draft-ietf-mmusic-sctp-sdp before -05, still seen: the format is the SCTP port, described by a=sctpmap.
      out_.legacySctpmap = true;
      return sctpPort(format);
    }
    return {};
  }

  base::Result<void> fingerprint(std::string_view value) {
    auto parsed = parseFingerprint(value);
    if (!parsed) return std::unexpected(parsed.error());
    if (!*parsed) return {};
    if (inSection_ && !sectionPrints_) out_.fingerprints.clear();
    sectionPrints_ = inSection_;
    if (out_.fingerprints.size() < kMaxSdpFingerprints) out_.fingerprints.push_back(std::move(**parsed));
    return {};
  }

  base::Result<void> setup(std::string_view value) {
    for (const auto known : {DtlsSetup::actpass, DtlsSetup::active, DtlsSetup::passive}) {
      if (value != setupName(known)) continue;
      out_.setup = known;
      hasSetup_ = true;
      return {};
    }
    return fail(ErrorCode::malformed, "SDP: a=setup is not actpass, active or passive");
  }

  base::Result<void> sctpPort(std::string_view value) {
    const auto port = number<std::uint16_t>(value);
    if (!port || *port == 0) return fail(ErrorCode::malformed, "SDP: the SCTP port is not a port");
    out_.sctpPort = *port;
    return {};
  }

  base::Result<void> maxMessageSize(std::string_view value) {
    const bool digits =
        !value.empty() && std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!digits) return fail(ErrorCode::malformed, "SDP: a=max-message-size is not a number");
    out_.maxMessageSize = number<std::uint64_t>(value).value_or(std::numeric_limits<std::uint64_t>::max());
    return {};
  }

  SessionDescription out_;
  std::string_view bundleMids_;
  bool found_ = false;
  bool inSection_ = false;
  bool ignoring_ = false;  // inside a section that is not ours
  bool sectionPrints_ = false;
  bool hasSetup_ = false;
  bool hasMid_ = false;
};

}  // namespace

bool IceCandidate::isMdns() const { return endsWithIgnoringCase(address, ".local"); }

base::Result<SessionDescription> parseSdp(std::string_view text) {
  if (text.size() > kMaxSdpBytes)
    return fail(ErrorCode::limitExceeded, "SDP: longer than " + std::to_string(kMaxSdpBytes) + " bytes");
  if (!text.starts_with("v=0")) return fail(ErrorCode::malformed, "SDP: does not start with v=0");
  Reader reader;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() > kMaxSdpLine)
      return fail(ErrorCode::limitExceeded, "SDP: a line is longer than " + std::to_string(kMaxSdpLine) + " bytes");
    if (auto result = reader.line(line); !result) return std::unexpected(std::move(result.error()));
  }
  return reader.finish();
}

std::string writeSdp(const SessionDescription& description, std::uint64_t sessionId) {
  // RFC 8839 section 4.2.1.2: the default destination. ICE peers do not use it; the first UDP candidate with an address
  // will do.
  std::string port = "9";
  std::string address = "0.0.0.0";
  for (const std::string& line : description.candidates) {
    const auto candidate = parseCandidate(line);
    if (!candidate || candidate->transport != CandidateTransport::udp || candidate->isMdns()) continue;
    port = std::to_string(candidate->port);
    address = candidate->address;
    break;
  }
  const std::string family = address.find(':') == std::string::npos ? "IP4 " : "IP6 ";
  const std::string sctpPort = std::to_string(description.sctpPort);

  std::string out;
  out.reserve(1024);
  const auto line = [&out](std::string_view text) {
    out += text;
    out += "\r\n";
  };
  line("v=0");
  line("o=" + description.writer + ' ' + std::to_string(sessionId) + " 2 IN IP4 127.0.0.1");
  line("s=-");
  line("t=0 0");
  if (description.bundle) line("a=group:BUNDLE " + description.mid);
  line("m=application " + port +
       (description.legacySctpmap ? " DTLS/SCTP " + sctpPort : " UDP/DTLS/SCTP webrtc-datachannel"));
  line("c=IN " + family + address);
  for (const std::string& candidate : description.candidates) line("a=" + candidate);
  line("a=ice-ufrag:" + description.iceUfrag);
  line("a=ice-pwd:" + description.icePwd);
  for (const Fingerprint& fingerprint : description.fingerprints)
    line("a=fingerprint:" + writeFingerprint(fingerprint));
  line("a=setup:" + std::string(setupName(description.setup)));
  line("a=mid:" + description.mid);
  line(description.legacySctpmap ? "a=sctpmap:" + sctpPort + " webrtc-datachannel 64" : "a=sctp-port:" + sctpPort);
  line("a=max-message-size:" + std::to_string(description.maxMessageSize));
  return out;
}

base::Result<IceCandidate> parseCandidate(std::string_view line) {
  if (line.starts_with("a=")) line.remove_prefix(2);
  if (!line.starts_with("candidate:"))
    return fail(ErrorCode::malformed, "SDP: a candidate line does not start with candidate:");
  if (line.size() > kMaxSdpLine) return fail(ErrorCode::limitExceeded, "SDP: a candidate line is too long");
  line.remove_prefix(10);
  // candidate-attribute = foundation SP component-id SP transport SP priority SP address SP port SP "typ" SP type *(SP
  // name SP value)
  IceCandidate candidate;
  candidate.foundation = takeWord(line);
  const auto component = number<std::uint16_t>(takeWord(line));
  const std::string_view transport = takeWord(line);
  const auto priority = number<std::uint32_t>(takeWord(line));
  candidate.address = takeWord(line);
  const auto port = number<std::uint16_t>(takeWord(line));
  const std::string_view typ = takeWord(line);
  const std::string_view type = takeWord(line);
  if (candidate.foundation.empty() || candidate.foundation.size() > kMaxFoundation || !component || !priority ||
      !port || candidate.address.empty() || candidate.address.size() > kMaxAddress || !isVisible(candidate.address) ||
      !isVisible(candidate.foundation) || typ != "typ" || type.empty()) {
    return fail(ErrorCode::malformed, "SDP: a candidate line has not the fields of RFC 8839");
  }
  candidate.component = *component;
  candidate.priority = *priority;
  candidate.port = *port;
  candidate.transport = equalsIgnoringCase(transport, "udp")   ? CandidateTransport::udp
                        : equalsIgnoringCase(transport, "tcp") ? CandidateTransport::tcp
                                                               : CandidateTransport::other;
  candidate.type = typeOf(type);
  while (!line.empty()) {
    const std::string_view name = takeWord(line);
    const std::string_view value = takeWord(line);
    if (name == "raddr" && value.size() <= kMaxAddress && isVisible(value)) candidate.relatedAddress = value;
    if (name == "rport") candidate.relatedPort = number<std::uint16_t>(value).value_or(0);
  }
  return candidate;
}

std::string writeCandidate(const IceCandidate& candidate) {
  P2PML_ASSERT(candidate.transport != CandidateTransport::other && candidate.type != CandidateType::other);
  std::string out = "candidate:" + candidate.foundation + ' ' + std::to_string(candidate.component) +
                    (candidate.transport == CandidateTransport::udp ? " udp " : " tcp ") +
                    std::to_string(candidate.priority) + ' ' + candidate.address + ' ' +
                    std::to_string(candidate.port) + " typ " + std::string(typeName(candidate.type));
  if (!candidate.relatedAddress.empty()) {
    out += " raddr " + candidate.relatedAddress + " rport " + std::to_string(candidate.relatedPort);
  }
  return out;
}

}  // namespace p2pml::wire
