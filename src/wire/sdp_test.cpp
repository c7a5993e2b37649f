#include "wire/sdp.hpp"
#include "base/testing/files.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace p2pml::wire {
namespace {

/// Every SDP inside a capture's tracker messages, in its order. The JSON string in the capture is itself inside a JSON
/// string, so a line end is written \\r\\n there.
std::vector<std::string> sdpsOf(const std::string& capture) {
  const std::string text = base::fileText(base::goldenPath("captures/" + capture));
  std::vector<std::string> out;
  const std::string lineEnd = "\\\\r\\\\n";
  for (std::size_t at = text.find("v=0" + lineEnd); at != std::string::npos; at = text.find("v=0" + lineEnd, at)) {
    const std::size_t end = text.find('"', at);
    std::string sdp = text.substr(at, end - at - 1);  // without the backslash of the closing quote
    for (std::size_t i = sdp.find(lineEnd); i != std::string::npos; i = sdp.find(lineEnd, i)) {
      sdp.replace(i, lineEnd.size(), "\r\n");
    }
    out.push_back(std::move(sdp));
    at = end;
  }
  return out;
}

std::string chromiumOffer() {
  return "v=0\r\no=- 8091617683599611349 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
         "a=extmap-allow-mixed\r\na=msid-semantic: WMS\r\n"
         "m=application 40415 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 10.99.0.1\r\n"
         "a=candidate:2371746324 1 udp 2113937151 10.99.0.1 40415 typ host generation 0 network-cost 999\r\n"
         "a=ice-ufrag:AUNj\r\na=ice-pwd:9+fJXITGcZeDtOx82ztGoy/p\r\na=ice-options:trickle\r\n"
         "a=fingerprint:sha-256 "
         "45:E2:2E:D2:C8:DF:03:E0:BA:5F:BC:C6:FD:07:56:47:ED:AD:05:7D:C3:5F:3D:BB:8E:F9:96:00:50:C3:83:35\r\n"
         "a=setup:actpass\r\na=mid:0\r\na=sctp-port:5000\r\na=max-message-size:262144\r\n";
}

std::string without(std::string text, const std::string& start) {
  const std::size_t at = text.find(start);
  EXPECT_NE(at, std::string::npos) << start;
  return text.erase(at, text.find("\r\n", at) + 2 - at);
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(Sdp, ReadsEveryDescriptionOfTheCaptures) {
  for (const char* capture : {"06-tracker.jsonl", "23-tracker.jsonl"}) {
    int offers = 0;
    int answers = 0;
    for (const std::string& text : sdpsOf(capture)) {
      const auto sdp = parseSdp(text);
      ASSERT_TRUE(sdp) << capture << ": " << sdp.error().detail << "\n" << text;
      ++(sdp->setup == DtlsSetup::actpass ? offers : answers);
      EXPECT_EQ(sdp->iceUfrag.size(), 4U);
      EXPECT_EQ(sdp->icePwd.size(), 24U);
      EXPECT_EQ(sdp->mid, "0");
      EXPECT_TRUE(sdp->bundle);
      EXPECT_EQ(sdp->sctpPort, 5000);
      EXPECT_EQ(sdp->maxMessageSize, 262144U);
      ASSERT_EQ(sdp->fingerprints.size(), 1U);
      EXPECT_EQ(sdp->fingerprints[0].digest.size(), 32U);
      ASSERT_FALSE(sdp->candidates.empty());
      for (const auto& line : sdp->candidates) {
        const auto candidate = parseCandidate(line);
        ASSERT_TRUE(candidate) << line;
        EXPECT_EQ(candidate->type, CandidateType::host);
      }
      // What we write of it says the same.
      const auto again = parseSdp(writeSdp(*sdp, 1));
      ASSERT_TRUE(again) << again.error().detail;
      EXPECT_EQ(*again, *sdp);
    }
    EXPECT_GE(offers, 10) << capture;
    EXPECT_GE(answers, 1) << capture;
  }
}

TEST(Sdp, WritesWhatSimplePeerWrites) {
  const auto sdp = parseSdp(chromiumOffer());
  ASSERT_TRUE(sdp);
  std::string expected = chromiumOffer();
  // Lines that only browsers have use for, and the one that must not be there (data-channel.md 5d).
  for (const char* line : {"a=extmap-allow-mixed", "a=msid-semantic", "a=ice-options:trickle"})
    expected = without(expected, line);
  EXPECT_EQ(writeSdp(*sdp, 8091617683599611349U), expected);
}

TEST(Sdp, DefaultsAndSessionLevel) {
  const auto noSize = parseSdp(without(chromiumOffer(), "a=max-message-size"));
  ASSERT_TRUE(noSize);
  EXPECT_EQ(noSize->maxMessageSize, 65536U);

  const auto unlimited = parseSdp(replaced(chromiumOffer(), "size:262144", "size:0"));
  ASSERT_TRUE(unlimited);
  EXPECT_EQ(unlimited->maxMessageSize, 0U);

  const auto huge = parseSdp(replaced(chromiumOffer(), "size:262144", "size:99999999999999999999999"));
  ASSERT_TRUE(huge);
  EXPECT_EQ(huge->maxMessageSize, UINT64_MAX);

  // RFC 8866 5.13: a session-level attribute is the default for the sections.
  std::string session = without(without(chromiumOffer(), "a=setup"), "a=ice-ufrag");
  session = replaced(session, "t=0 0\r\n", "t=0 0\r\na=setup:passive\r\na=ice-ufrag:wxyz\r\n");
  const auto fromSession = parseSdp(session);
  ASSERT_TRUE(fromSession) << fromSession.error().detail;
  EXPECT_EQ(fromSession->setup, DtlsSetup::passive);
  EXPECT_EQ(fromSession->iceUfrag, "wxyz");

  const auto noBundle = parseSdp(without(chromiumOffer(), "a=group"));
  ASSERT_TRUE(noBundle);
  EXPECT_FALSE(noBundle->bundle);
  EXPECT_EQ(writeSdp(*noBundle, 1).find("a=group"), std::string::npos);

  const auto bareNewlines = parseSdp([] {
    std::string text = chromiumOffer();
    std::erase(text, '\r');
    return text;
  }());
  ASSERT_TRUE(bareNewlines);
}

TEST(Sdp, Writer) {
  EXPECT_EQ(parseSdp(chromiumOffer())->writer, "-");
  const auto other = parseSdp(replaced(chromiumOffer(), "o=- ", "o=p2pml "));
  ASSERT_TRUE(other);
  EXPECT_EQ(other->writer, "p2pml");
  EXPECT_EQ(parseSdp(writeSdp(*other, 1))->writer, "p2pml");
  EXPECT_EQ(parseSdp(without(chromiumOffer(), "o="))->writer, "-");
}

TEST(Sdp, LegacySctpmap) {
  std::string text = replaced(chromiumOffer(), "UDP/DTLS/SCTP webrtc-datachannel", "DTLS/SCTP 5001");
  text = replaced(text, "a=sctp-port:5000", "a=sctpmap:5001 webrtc-datachannel 1024");
  const auto sdp = parseSdp(text);
  ASSERT_TRUE(sdp) << sdp.error().detail;
  EXPECT_TRUE(sdp->legacySctpmap);
  EXPECT_EQ(sdp->sctpPort, 5001);
  const auto again = parseSdp(writeSdp(*sdp, 7));
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, *sdp);
}

TEST(Sdp, Fingerprints) {
  std::string digest384;
  std::string digest512;
  for (int i = 0; i < 48; ++i) digest384 += i == 0 ? "ab" : ":ab";
  for (int i = 0; i < 64; ++i) digest512 += i == 0 ? "0f" : ":0F";
  const std::string extra = "a=fingerprint:sha-1 00:11\r\na=fingerprint:SHA-384 " + digest384 +
                            "\r\na=fingerprint:sha-512 " + digest512 + "\r\na=setup:actpass";
  const auto sdp = parseSdp(replaced(chromiumOffer(), "a=setup:actpass", extra));
  ASSERT_TRUE(sdp) << sdp.error().detail;
  ASSERT_EQ(sdp->fingerprints.size(), 3U);
  EXPECT_EQ(sdp->fingerprints[1].hash, FingerprintHash::sha384);
  EXPECT_EQ(sdp->fingerprints[1].digest, std::string(48, '\xab'));
  EXPECT_EQ(sdp->fingerprints[2].digest, std::string(64, '\x0f'));
  EXPECT_FALSE(parseSdp(replaced(chromiumOffer(), ":83:35", ":83")));
  EXPECT_FALSE(parseSdp(replaced(chromiumOffer(), ":83:35", ":83:")));
  EXPECT_FALSE(parseSdp(replaced(chromiumOffer(), ":83:35", ":83-35")));
  EXPECT_FALSE(parseSdp(replaced(chromiumOffer(), ":83:35", ":83:3g")));
  EXPECT_FALSE(parseSdp(replaced(chromiumOffer(), "sha-256", "sha-1")));
}

TEST(Sdp, SaysWhatIsWrong) {
  for (const char* line : {"m=application", "a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "a=setup"}) {
    const auto sdp = parseSdp(without(chromiumOffer(), line));
    ASSERT_FALSE(sdp) << line;
    EXPECT_EQ(sdp.error().code, base::ErrorCode::malformed);
    EXPECT_NE(sdp.error().detail.find(line), std::string::npos) << sdp.error().detail;
  }
  const std::vector<std::pair<std::string, std::string>> changes = {
      {"v=0", "x=0"},
      {"a=ice-ufrag:AUNj", "a=ice-ufrag:AUN"},
      {"9+fJXITGcZeDtOx82ztGoy/p", "short"},
      {"actpass", "holdconn"},
      {"m=application 40415", "m=application 0"},
      {"m=application 40415", "m=application 70000"},
      {"m=application", "m=audio"},
      {"sctp-port:5000", "sctp-port:0"},
      {"sctp-port:5000", "sctp-port:65536"},
      {"size:262144", "size:-1"},
      {"a=mid:0", "a=mid:"},
      {"a=mid:0", "a=mid:0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel"},
  };
  for (const auto& [from, to] : changes)
    EXPECT_FALSE(parseSdp(replaced(chromiumOffer(), from, to))) << from << " -> " << to;
  EXPECT_FALSE(parseSdp(""));
  EXPECT_FALSE(parseSdp("garbage"));
  EXPECT_FALSE(parseSdp(std::string(1000, '\0')));
  // A rejected further section is no harm.
  EXPECT_TRUE(parseSdp(chromiumOffer() + "m=audio 0 UDP/TLS/RTP/SAVPF 111\r\na=ice-ufrag:other\r\na=setup:active\r\n"));
}

TEST(Sdp, Limits) {
  std::string padded = chromiumOffer();
  padded.resize(kMaxSdpBytes - padded.size() % 2, '\n');
  EXPECT_TRUE(parseSdp(padded + std::string(kMaxSdpBytes - padded.size(), '\n')));
  const auto tooLong = parseSdp(padded + std::string(kMaxSdpBytes - padded.size() + 1, '\n'));
  ASSERT_FALSE(tooLong);
  EXPECT_EQ(tooLong.error().code, base::ErrorCode::limitExceeded);

  EXPECT_TRUE(parseSdp(chromiumOffer() + std::string(kMaxSdpLine, 'x')));
  EXPECT_FALSE(parseSdp(chromiumOffer() + std::string(kMaxSdpLine + 1, 'x')));

  std::string candidates;
  for (std::size_t i = 0; i < kMaxSdpCandidates + 5; ++i) candidates += "a=candidate:1 1 udp 1 10.0.0.1 1 typ host\r\n";
  const auto many = parseSdp(chromiumOffer() + candidates);
  ASSERT_TRUE(many);
  EXPECT_EQ(many->candidates.size(), kMaxSdpCandidates);
}

TEST(SdpCandidate, Kinds) {
  const auto mdns = parseCandidate(
      "a=candidate:842163049 1 udp 1677729535 0a1b2c3d-1111-2222-3333-444455556666.local 50000 typ host generation 0");
  ASSERT_TRUE(mdns);
  EXPECT_TRUE(mdns->isMdns());

  const auto tcp = parseCandidate("candidate:1 1 tcp 1518280447 127.0.0.1 9 typ host tcptype active generation 0");
  ASSERT_TRUE(tcp);
  EXPECT_EQ(tcp->transport, CandidateTransport::tcp);

  const auto relay =
      parseCandidate("candidate:3 1 UDP 33562623 2001:db8::1 60001 typ relay raddr 198.51.100.7 rport 4000");
  ASSERT_TRUE(relay);
  EXPECT_EQ(relay->type, CandidateType::relay);
  EXPECT_EQ(relay->address, "2001:db8::1");
  EXPECT_EQ(relay->relatedAddress, "198.51.100.7");
  EXPECT_EQ(relay->relatedPort, 4000);
  EXPECT_EQ(writeCandidate(*relay),
            "candidate:3 1 udp 33562623 2001:db8::1 60001 typ relay raddr 198.51.100.7 rport 4000");

  const auto unknown = parseCandidate("candidate:1 1 quic 1 10.0.0.1 1 typ magic x");
  ASSERT_TRUE(unknown);
  EXPECT_EQ(unknown->transport, CandidateTransport::other);
  EXPECT_EQ(unknown->type, CandidateType::other);

  for (const char* bad :
       {"", "candidate:", "candidate:1 1 udp 1 10.0.0.1 1", "candidate:1 1 udp 1 10.0.0.1 70000 typ host",
        "candidate:1 x udp 1 10.0.0.1 1 typ host", "candidate:1 1 udp 4294967296 10.0.0.1 1 typ host",
        "candidate:123456789012345678901234567890123 1 udp 1 10.0.0.1 1 typ host", "m=foo"}) {
    EXPECT_FALSE(parseCandidate(bad)) << bad;
  }
}

TEST(Sdp, WritesTheFirstRealAddressAsDefaultDestination) {
  auto sdp = parseSdp(chromiumOffer()).value();
  sdp.candidates = {"candidate:1 1 udp 5 aa.local 4000 typ host", "candidate:2 1 udp 4 ::1 4001 typ host"};
  const std::string text = writeSdp(sdp, 1);
  EXPECT_NE(text.find("m=application 4001 "), std::string::npos);
  EXPECT_NE(text.find("c=IN IP6 ::1\r\n"), std::string::npos);
  sdp.candidates.clear();
  EXPECT_NE(writeSdp(sdp, 1).find("m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n"),
            std::string::npos);
}

}  // namespace
}  // namespace p2pml::wire
