// Session descriptions of one data channel connection, as browsers write them and as we write them.
//
// Formats: RFC 8866 (SDP), RFC 8839 (ICE), RFC 8841 (data channels), RFC 8122 (fingerprint); what JavaScript peers put
// there: docs/protocol/data-channel.md 5d. Pure text <-> values, bounded, no look-ups. Candidates stay the lines they
// are, so that a kind that is not known here can pass through; parseCandidate reads one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace p2pml::wire {

inline constexpr std::size_t kMaxSdpBytes = 64 * 1024;  ///< browsers' are 0.8 to 3 KB
inline constexpr std::size_t kMaxSdpLine = 2048;        ///< longest line
inline constexpr std::size_t kMaxSdpCandidates = 64;    ///< further ones are left out
inline constexpr std::size_t kMaxSdpFingerprints = 8;   ///< further ones are left out
inline constexpr std::uint64_t kDefaultMaxMessageSize =
    65536;  ///< RFC 8841 section 6.1, when a=max-message-size is absent
inline constexpr std::uint16_t kSctpPort = 5000;

enum class FingerprintHash : std::uint8_t { sha256, sha384, sha512 };

/// Digest of the certificate that the DTLS peer will show (RFC 8122 section 5).
struct Fingerprint {
  FingerprintHash hash = FingerprintHash::sha256;
  std::string digest;  ///< raw: 32, 48 or 64 bytes

  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};

/// a=setup, the DTLS role (RFC 8842): actpass only in offers, active is the DTLS client.
enum class DtlsSetup : std::uint8_t { actpass, active, passive };

enum class CandidateTransport : std::uint8_t { udp, tcp, other };
enum class CandidateType : std::uint8_t { host, srflx, prflx, relay, other };

/// One a=candidate line (RFC 8839 section 5.1).
struct IceCandidate {
  std::string foundation;
  std::uint16_t component = 1;
  CandidateTransport transport = CandidateTransport::udp;
  std::uint32_t priority = 0;
  std::string address;  ///< IPv4, IPv6 or a name (`<uuid>.local` where a browser hides its addresses)
  std::uint16_t port = 0;
  CandidateType type = CandidateType::host;
  std::string relatedAddress;  ///< empty if absent
  std::uint16_t relatedPort = 0;

  /// True for a name that only multicast DNS knows.
  [[nodiscard]] bool isMdns() const;

  friend bool operator==(const IceCandidate&, const IceCandidate&) = default;
};

struct SessionDescription {
  /// Who wrote it: the user name of the o= line. Browsers say "-", others their name; it is never needed to get along.
  std::string writer = "-";
  std::string iceUfrag;
  std::string icePwd;
  std::vector<Fingerprint> fingerprints;  ///< at least one
  DtlsSetup setup = DtlsSetup::actpass;
  std::string mid = "0";
  bool bundle = true;  ///< a=group:BUNDLE names mid
  std::uint16_t sctpPort = kSctpPort;
  /// m=application ... DTLS/SCTP 5000 with a=sctpmap, as browsers wrote it before RFC 8841. Answers repeat the offer's
  /// form.
  bool legacySctpmap = false;
  std::uint64_t maxMessageSize = kDefaultMaxMessageSize;  ///< of what its writer can receive; 0: no limit
  /// "candidate:..." without "a=".
  std::vector<std::string> candidates;

  friend bool operator==(const SessionDescription&, const SessionDescription&) = default;
};

/// Attributes may stand at session or media level. Unknown lines are passed over; a=ice-options and fingerprints of
/// other hashes too. Error: malformed, naming what is missing or wrong. A description without a usable data channel
/// section, or with a second section that is not rejected, is one.
base::Result<SessionDescription> parseSdp(std::string_view text);

/// `sessionId` goes into the origin line (RFC 8866 5.2: unique for the session). No a=ice-options:trickle is written:
/// all candidates there will be are in the text. Precondition: fields hold what parseSdp would accept.
std::string writeSdp(const SessionDescription& description, std::uint64_t sessionId);

/// Takes "candidate:..." with or without "a=" in front. Error: malformed.
base::Result<IceCandidate> parseCandidate(std::string_view line);
/// "candidate:..." without "a=". Precondition: transport and type are not `other`.
std::string writeCandidate(const IceCandidate& candidate);

}  // namespace p2pml::wire
