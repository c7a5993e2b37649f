#include "engine/settings.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <string_view>

namespace p2pml::engine {
namespace {

using base::ErrorCode;
using base::Json;

constexpr std::int64_t kMaxCount = 2'147'483'647;

std::string errorOf(const base::Result<Settings>& result) {
  EXPECT_FALSE(result);
  if (result) return "";
  EXPECT_EQ(result.error().code, ErrorCode::invalidArgument);
  return result.error().detail;
}

std::string textError(std::string_view json) { return errorOf(settingsFromJsonText(json)); }

Settings parsed(std::string_view json) {
  const auto settings = settingsFromJsonText(json);
  EXPECT_TRUE(settings) << json << ": " << (settings ? "" : settings.error().detail);
  return settings.value_or(Settings{});
}

base::Result<Settings> withValue(std::string_view name, Json value) {
  return settingsFromJson(Json(Json::Object{{std::string(name), std::move(value)}}));
}

std::string_view rangeOf(std::string_view name) {
  for (const SettingInfo& info : settingInfos()) {
    if (info.name == name) return info.range;
  }
  ADD_FAILURE() << "no such setting: " << name;
  return "";
}

/// Default, both ends of the range, one beyond each, and every wrong type.
void expectInteger(std::string_view name, std::int64_t Settings::*member, std::int64_t byDefault, std::int64_t from,
                   std::int64_t to) {
  EXPECT_EQ(Settings{}.*member, byDefault);
  EXPECT_EQ(toJson(Settings{}).find(name)->integer(), byDefault);
  const std::string expected = ", expected a whole number of " + std::string(rangeOf(name));
  const std::string start = "setting " + std::string(name) + ": got ";
  for (const std::int64_t value : {from, to}) {
    const auto settings = withValue(name, value);
    ASSERT_TRUE(settings) << settings.error().detail;
    Settings changed;
    changed.*member = value;
    EXPECT_EQ(*settings, changed);
  }
  for (const std::int64_t value : {from - 1, to + 1, std::int64_t{-1'000'000'000'000}, std::int64_t{1} << 52}) {
    EXPECT_EQ(errorOf(withValue(name, value)), start + std::to_string(value) + expected);
    Settings settings;
    settings.*member = value;
    const auto checked = validate(settings);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().detail, start + std::to_string(value) + expected);
  }
  EXPECT_EQ(errorOf(withValue(name, 1.5)), start + "1.5" + expected);
  EXPECT_EQ(errorOf(withValue(name, "7")), start + "\"7\"" + expected);
  EXPECT_EQ(errorOf(withValue(name, true)), start + "true" + expected);
  EXPECT_EQ(errorOf(withValue(name, Json())), start + "null" + expected);
  EXPECT_EQ(errorOf(withValue(name, Json::Array{7})), start + "an array" + expected);
}

void expectCount(std::string_view name, std::int64_t Settings::*member, std::int64_t byDefault) {
  expectInteger(name, member, byDefault, 0, kMaxCount);
}

void expectBoolean(std::string_view name, bool Settings::*member, bool byDefault) {
  EXPECT_EQ(Settings{}.*member, byDefault);
  EXPECT_EQ(*toJson(Settings{}).find(name)->boolean(), byDefault);
  for (const bool value : {false, true}) {
    const auto settings = withValue(name, value);
    ASSERT_TRUE(settings) << settings.error().detail;
    Settings changed;
    changed.*member = value;
    EXPECT_EQ(*settings, changed);
  }
  const std::string start = "setting " + std::string(name) + ": got ";
  EXPECT_EQ(errorOf(withValue(name, 1)), start + "1, expected true or false");
  EXPECT_EQ(errorOf(withValue(name, "true")), start + "\"true\", expected true or false");
  EXPECT_EQ(errorOf(withValue(name, Json())), start + "null, expected true or false");
}

// ------------------------------------------------------------------------------------------ one test a setting, seed's
// order

TEST(Setting, CachedSegmentExpiration) {
  expectCount("cachedSegmentExpiration", &Settings::cachedSegmentExpiration, 300'000);
}
TEST(Setting, CachedSegmentsCount) { expectCount("cachedSegmentsCount", &Settings::cachedSegmentsCount, 30); }
TEST(Setting, RequiredSegmentsPriority) {
  expectInteger("requiredSegmentsPriority", &Settings::requiredSegmentsPriority, 1, -1, kMaxCount);
}
TEST(Setting, UseP2P) { expectBoolean("useP2P", &Settings::useP2P, true); }
TEST(Setting, ConsumeOnly) { expectBoolean("consumeOnly", &Settings::consumeOnly, false); }
TEST(Setting, SimultaneousHttpDownloads) {
  expectCount("simultaneousHttpDownloads", &Settings::simultaneousHttpDownloads, 2);
}
TEST(Setting, HttpDownloadProbability) {
  EXPECT_EQ(Settings{}.httpDownloadProbability, 0.1);
  for (const double value : {0.0, 0.25, 1.0}) {
    const auto settings = withValue("httpDownloadProbability", value);
    ASSERT_TRUE(settings) << settings.error().detail;
    EXPECT_EQ(settings->httpDownloadProbability, value);
  }
  EXPECT_EQ(errorOf(withValue("httpDownloadProbability", 1.0000001)),
            "setting httpDownloadProbability: got 1.0000001, expected a number of 0 .. 1");
  EXPECT_EQ(errorOf(withValue("httpDownloadProbability", -0.5)),
            "setting httpDownloadProbability: got -0.5, expected a number of 0 .. 1");
  EXPECT_EQ(errorOf(withValue("httpDownloadProbability", "0.5")),
            "setting httpDownloadProbability: got \"0.5\", expected a number of 0 .. 1");
  Settings settings;
  settings.httpDownloadProbability = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(validate(settings).error().detail, "setting httpDownloadProbability: got NaN, expected a number of 0 .. 1");
}
TEST(Setting, HttpDownloadProbabilityInterval) {
  expectInteger("httpDownloadProbabilityInterval", &Settings::httpDownloadProbabilityInterval, 1000, 1, kMaxCount);
}
TEST(Setting, HttpDownloadProbabilitySkipIfNoPeers) {
  expectBoolean("httpDownloadProbabilitySkipIfNoPeers", &Settings::httpDownloadProbabilitySkipIfNoPeers, false);
}
TEST(Setting, HttpFailedSegmentTimeout) {
  expectCount("httpFailedSegmentTimeout", &Settings::httpFailedSegmentTimeout, 10'000);
}
TEST(Setting, HttpDownloadMaxPriority) {
  expectInteger("httpDownloadMaxPriority", &Settings::httpDownloadMaxPriority, 20, -1, kMaxCount);
}
TEST(Setting, HttpDownloadInitialTimeout) {
  expectCount("httpDownloadInitialTimeout", &Settings::httpDownloadInitialTimeout, 0);
}
TEST(Setting, HttpDownloadInitialTimeoutPerSegment) {
  expectCount("httpDownloadInitialTimeoutPerSegment", &Settings::httpDownloadInitialTimeoutPerSegment, 4000);
}
TEST(Setting, HttpUseRanges) { expectBoolean("httpUseRanges", &Settings::httpUseRanges, false); }
TEST(Setting, SimultaneousP2PDownloads) {
  expectCount("simultaneousP2PDownloads", &Settings::simultaneousP2PDownloads, 3);
}
TEST(Setting, P2pDownloadMaxPriority) {
  expectInteger("p2pDownloadMaxPriority", &Settings::p2pDownloadMaxPriority, 20, -1, kMaxCount);
}
TEST(Setting, P2pSegmentDownloadTimeout) {
  expectCount("p2pSegmentDownloadTimeout", &Settings::p2pSegmentDownloadTimeout, 60'000);
}
TEST(Setting, WebRtcMaxMessageSize) {
  expectInteger("webRtcMaxMessageSize", &Settings::webRtcMaxMessageSize, 65'535, 64, 262'144);
}
TEST(Setting, TrackerAnnounce) {
  EXPECT_EQ(Settings{}.trackerAnnounce,
            (std::vector<std::string>{"wss://tracker.novage.com.ua", "wss://tracker.openwebtorrent.com"}));
  EXPECT_TRUE(parsed(R"({"trackerAnnounce":[]})").trackerAnnounce.empty());
  EXPECT_EQ(parsed(R"({"trackerAnnounce":["ws://127.0.0.1:8000/x?y","wss://[::1]"]})").trackerAnnounce,
            (std::vector<std::string>{"ws://127.0.0.1:8000/x?y", "wss://[::1]"}));
  for (const std::string_view url :
       {"", "tracker.example", "http://tracker.example", "udp://tracker.example:80", "ws:/x", "ws://", "wss:///x",
        "wss://?x", "wss://:80", "wss://a b", "wss://a\n", " wss://a"}) {
    std::string quoted;
    base::appendJsonString(quoted, url);
    EXPECT_EQ(errorOf(withValue("trackerAnnounce", Json::Array{url})),
              "setting trackerAnnounce: got " + quoted + ", expected a URL of ws:// or wss://");
  }
  EXPECT_EQ(textError(R"({"trackerAnnounce":"wss://a"})"),
            R"(setting trackerAnnounce: got "wss://a", expected an array of URLs)");
  EXPECT_EQ(textError(R"({"trackerAnnounce":["wss://a",7]})"),
            "setting trackerAnnounce: got 7 in it, expected an array of URLs");
  EXPECT_TRUE(withValue("trackerAnnounce", Json::Array(32, "wss://a")));
  EXPECT_EQ(errorOf(withValue("trackerAnnounce", Json::Array(33, "wss://a"))),
            "setting trackerAnnounce: got 33 URLs, expected at most 32");
}
TEST(Setting, PeerRequestsPerAnnounce) {
  expectInteger("peerRequestsPerAnnounce", &Settings::peerRequestsPerAnnounce, 10, 0, 10);
}

TEST(Setting, RtcConfig) {
  const RtcConfig byDefault = Settings{}.rtcConfig;
  ASSERT_EQ(byDefault.iceServers.size(), 2U);
  EXPECT_EQ(byDefault.iceServers[0].urls, std::vector<std::string>{"stun:stun.l.google.com:19302"});
  EXPECT_EQ(byDefault.iceServers[1].urls, std::vector<std::string>{"stun:global.stun.twilio.com:3478"});

  const RtcConfig given = parsed(R"({"rtcConfig":{"iceServers":[
      {"urls":"stun:a:1"},
      {"urls":["turn:b:2?transport=tcp","turns:c"],"username":"u","credential":"c","credentialType":"password"},
      {"url":"stuns:d"}],
      "iceTransportPolicy":"relay","bundlePolicy":"max-compat","sdpSemantics":"unified-plan"}})")
                              .rtcConfig;
  EXPECT_EQ(given.iceServers,
            (std::vector<IceServer>{
                {{"stun:a:1"}, "", ""}, {{"turn:b:2?transport=tcp", "turns:c"}, "u", "c"}, {{"stuns:d"}, "", ""}}));
  EXPECT_EQ(given.iceTransportPolicy, IceTransportPolicy::relay);

  EXPECT_EQ(parsed(R"({"rtcConfig":{}})").rtcConfig, byDefault);
  EXPECT_TRUE(parsed(R"({"rtcConfig":{"iceServers":[]}})").rtcConfig.iceServers.empty());
  EXPECT_EQ(parsed(R"({"rtcConfig":{"iceTransportPolicy":"all"}})").rtcConfig, byDefault);
}

TEST(Setting, RtcConfigOfWrongShape) {
  const auto error = [](std::string_view config) { return textError(R"({"rtcConfig":)" + std::string(config) + "}"); };
  const auto serverError = [&](std::string_view server) {
    return error(R"({"iceServers":[{"urls":"stun:a"},)" + std::string(server) + "]}");
  };
  EXPECT_EQ(error("7"), "setting rtcConfig: got 7, expected an object");
  EXPECT_EQ(error("[]"), "setting rtcConfig: got an array, expected an object");
  EXPECT_EQ(error(R"({"iceServers":{}})"), "setting rtcConfig: iceServers: got an object, expected an array");
  EXPECT_EQ(error(R"({"iceTransportPolicy":"any"})"),
            R"(setting rtcConfig: iceTransportPolicy: got "any", expected "all" or "relay")");
  EXPECT_EQ(error(R"({"iceTransportPolicy":1})"),
            R"(setting rtcConfig: iceTransportPolicy: got 1, expected "all" or "relay")");
  EXPECT_EQ(serverError(R"("stun:a")"),
            R"(setting rtcConfig: iceServers[1]: got "stun:a", expected an object with urls)");
  EXPECT_EQ(
      serverError("{}"),
      "setting rtcConfig: iceServers[1]: got an object without urls, expected urls: a string or an array of strings");
  EXPECT_EQ(serverError(R"({"urls":7})"),
            "setting rtcConfig: iceServers[1]: urls: got 7, expected a string or an array of strings");
  EXPECT_EQ(serverError(R"({"urls":["stun:a",null]})"),
            "setting rtcConfig: iceServers[1]: urls: got null in it, expected a string or an array of strings");
  EXPECT_EQ(serverError(R"({"urls":[]})"), "setting rtcConfig: iceServers[1]: got 0 urls, expected 1 .. 8");
  for (const std::string_view url : {"", "a", "http://a", "stun:", "stun:?a", "STUN:a", "stun:a b"}) {
    EXPECT_EQ(serverError(R"({"urls":")" + std::string(url) + "\"}"),
              "setting rtcConfig: iceServers[1]: got \"" + std::string(url) +
                  "\", expected a URL of stun:, stuns:, turn: or turns:");
  }
  EXPECT_EQ(serverError(R"({"urls":"turn:a","username":"u"})"),
            R"(setting rtcConfig: iceServers[1]: got "turn:a", expected username and credential with a TURN server)");
  EXPECT_EQ(serverError(R"({"urls":"turns:a","credential":"secret"})"),
            R"(setting rtcConfig: iceServers[1]: got "turns:a", expected username and credential with a TURN server)");
}

TEST(Setting, RtcConfigErrorsDoNotTellCredentials) {
  for (const std::string_view config :
       {R"({"iceServers":{"credential":"secret"}})", R"({"iceServers":[{"credential":"secret"}]})",
        R"({"iceServers":[["secret"]]})",
        R"({"iceServers":[{"urls":"turn:a","username":"u","credential":{"password":"secret"}}]})"}) {
    const std::string error = textError(R"({"rtcConfig":)" + std::string(config) + "}");
    EXPECT_EQ(error.find("secret"), std::string::npos) << error;
  }
}

TEST(Setting, RtcConfigLimits) {
  const auto config = [](std::size_t servers, std::size_t urls) {
    const Json server = Json::Object{{"urls", Json::Array(urls, "stun:a")}};
    return withValue("rtcConfig", Json::Object{{"iceServers", Json::Array(servers, server)}});
  };
  EXPECT_TRUE(config(32, 8));
  EXPECT_EQ(errorOf(config(33, 1)), "setting rtcConfig: got 33 iceServers, expected at most 32");
  EXPECT_EQ(errorOf(config(1, 9)), "setting rtcConfig: iceServers[0]: got 9 urls, expected 1 .. 8");
}

TEST(Setting, P2pNotReceivingBytesTimeout) {
  expectInteger("p2pNotReceivingBytesTimeout", &Settings::p2pNotReceivingBytesTimeout, 2000, 1, kMaxCount);
}
TEST(Setting, HttpNotReceivingBytesTimeout) {
  expectCount("httpNotReceivingBytesTimeout", &Settings::httpNotReceivingBytesTimeout, 3000);
}
TEST(Setting, SchedulingPolicyAndStartupPolicy) {
  EXPECT_EQ(Settings{}.schedulingPolicy, Scheduling::classic);
  EXPECT_EQ(Settings{}.startupPolicy, Startup::fast);
  EXPECT_EQ(parsed(R"({"schedulingPolicy":"cooperative"})").schedulingPolicy, Scheduling::cooperative);
  EXPECT_EQ(parsed(R"({"schedulingPolicy":"classic"})").schedulingPolicy, Scheduling::classic);
  EXPECT_EQ(parsed(R"({"startupPolicy":"p2pFirst"})").startupPolicy, Startup::p2pFirst);
  EXPECT_EQ(textError(R"({"schedulingPolicy":"best"})"),
            R"(setting schedulingPolicy: got "best", expected "classic" or "cooperative")");
  EXPECT_EQ(textError(R"({"startupPolicy":1})"), R"(setting startupPolicy: got 1, expected "fast" or "p2pFirst")");
}
TEST(Setting, PeerExtension) { expectBoolean("peerExtension", &Settings::peerExtension, true); }
TEST(Setting, PeerTurnoverInterval) { expectCount("peerTurnoverInterval", &Settings::peerTurnoverInterval, 15'000); }
TEST(Setting, HttpPrefetchTime) { expectCount("httpPrefetchTime", &Settings::httpPrefetchTime, 30'000); }
TEST(Setting, SimultaneousUploads) { expectCount("simultaneousUploads", &Settings::simultaneousUploads, 0); }
TEST(Setting, UploadBandwidthLimit) { expectCount("uploadBandwidthLimit", &Settings::uploadBandwidthLimit, 0); }
TEST(Setting, MaxPeers) { expectInteger("maxPeers", &Settings::maxPeers, 100, 0, 10'000); }

// -------------------------------------------------------------------------------------------------------------- the
// whole

TEST(Settings, DefaultsAreValid) {
  EXPECT_TRUE(validate(Settings{}));
  EXPECT_EQ(parsed("{}"), Settings{});
}

TEST(Settings, UnknownNamesAreRefusedWithTheNearest) {
  EXPECT_EQ(textError(R"({"useP2p":true})"), "setting useP2p: there is no such setting; did you mean useP2P?");
  EXPECT_EQ(textError(R"({"trackersAnnounce":[]})"),
            "setting trackersAnnounce: there is no such setting; did you mean trackerAnnounce?");
  EXPECT_EQ(textError(R"({"simultaneousHTTPdownload":1})"),
            "setting simultaneousHTTPdownload: there is no such setting; did you mean simultaneousHttpDownloads?");
  EXPECT_EQ(textError(R"({"volume":1})"), "setting volume: there is no such setting");
  EXPECT_EQ(textError(R"({"":1})"), "setting : there is no such setting");
  EXPECT_LT(textError("{\"" + std::string(100'000, 'x') + "\":1}").size(), 200U);
}

TEST(Settings, CallbacksAreNoData) {
  for (const std::string_view name : {"segmentValidator", "xhrSetup", "segmentUrlBuilder", "segmentsStorage"}) {
    EXPECT_EQ(errorOf(withValue(name, Json())),
              "setting " + std::string(name) + ": is a callback, which no JSON can hold; expected it in code");
  }
}

TEST(Settings, BufferedSegmentsCount) {
  const Settings both = parsed(R"({"bufferedSegmentsCount":7})");
  EXPECT_EQ(both.p2pDownloadMaxPriority, 7);
  EXPECT_EQ(both.httpDownloadMaxPriority, 7);
  for (const std::string_view text : {R"({"bufferedSegmentsCount":7,"p2pDownloadMaxPriority":5})",
                                      R"({"p2pDownloadMaxPriority":5,"bufferedSegmentsCount":7})"}) {
    EXPECT_EQ(parsed(text).p2pDownloadMaxPriority, 5);
    EXPECT_EQ(parsed(text).httpDownloadMaxPriority, 7);
  }
  EXPECT_EQ(parsed(R"({"bufferedSegmentsCount":7,"httpDownloadMaxPriority":0})").httpDownloadMaxPriority, 0);
  EXPECT_EQ(parsed(R"({"bufferedSegmentsCount":0})"), Settings{});
  EXPECT_EQ(parsed(R"({"bufferedSegmentsCount":2147483647})").p2pDownloadMaxPriority, kMaxCount);
  for (const std::string_view wrong : {"-1", "2147483648", "1.5", "\"7\"", "null"}) {
    EXPECT_EQ(textError(R"({"bufferedSegmentsCount":)" + std::string(wrong) + "}"),
              "setting bufferedSegmentsCount: got " + std::string(wrong) + ", expected a whole number of 0 .. 2^31-1");
  }
}

TEST(Settings, PeerProtocolsAreGenerationsEachOnce) {
  EXPECT_EQ(Settings{}.peerProtocols, std::vector{Generation::g0});
  EXPECT_EQ(parsed(R"({"peerProtocols":["G2","G3"]})").peerProtocols, (std::vector{Generation::g2, Generation::g3}));
  const std::string expected = "an array of at least one of G0, G2, G3, G4";
  EXPECT_EQ(textError(R"({"peerProtocols":[]})"), "setting peerProtocols: got none, expected " + expected);
  EXPECT_EQ(textError(R"({"peerProtocols":["G9"]})"), "setting peerProtocols: got \"G9\", expected " + expected);
  EXPECT_EQ(textError(R"({"peerProtocols":["g0"]})"), "setting peerProtocols: got \"g0\", expected " + expected);
  EXPECT_EQ(textError(R"({"peerProtocols":"G0"})"), "setting peerProtocols: got \"G0\", expected " + expected);
  EXPECT_EQ(textError(R"({"peerProtocols":[0]})"), "setting peerProtocols: got 0 in it, expected " + expected);
  EXPECT_EQ(textError(R"({"peerProtocols":["G0","G3","G0"]})"),
            "setting peerProtocols: got G0 twice, expected each generation once");
}

TEST(Settings, TextThatIsNoSettings) {
  EXPECT_EQ(textError("[]"), "settings: got an array, expected an object");
  EXPECT_EQ(textError("7"), "settings: got 7, expected an object");
  EXPECT_EQ(textError("{"), "settings: JSON: expected a member name in quotes at byte 1");
}

TEST(Settings, LongValuesAreShownShort) {
  EXPECT_LT(textError(R"({"useP2P":")" + std::string(100'000, 'x') + "\"}").size(), 200U);
}

TEST(Settings, WhatIsWrittenReadsBackTheSame) {
  EXPECT_EQ(*settingsFromJson(toJson(Settings{})), Settings{});
  Settings other;
  other.httpDownloadProbability = 0.333;
  other.useP2P = false;
  other.maxPeers = 5;
  other.trackerAnnounce = {"ws://a"};
  other.peerProtocols = {Generation::g3, Generation::g0, Generation::g4, Generation::g2};
  other.schedulingPolicy = Scheduling::cooperative;
  other.startupPolicy = Startup::p2pFirst;
  other.rtcConfig = {{{{"turn:a", "turns:b"}, "u", "c"}, {{"stun:c"}, "", ""}}, IceTransportPolicy::relay};
  EXPECT_EQ(*settingsFromJson(toJson(other)), other);
  EXPECT_EQ(*settingsFromJsonText(toJsonText(toJson(other))), other);
}

TEST(Settings, InfosTellTheTableInItsOrder) {
  const auto& infos = settingInfos();
  const Json json = toJson(Settings{});
  ASSERT_EQ(infos.size(), json.object()->size());
  EXPECT_EQ(infos.size(), 32U);
  EXPECT_EQ(infos.front().name, "cachedSegmentExpiration");
  EXPECT_EQ(infos[20].name, "rtcConfig");
  EXPECT_EQ(infos.back().name, "httpPrefetchTime");
  for (std::size_t i = 0; i < infos.size(); ++i) {
    EXPECT_EQ(infos[i].name, (*json.object())[i].first);
    EXPECT_FALSE(infos[i].description.empty()) << infos[i].name;
    EXPECT_EQ(infos[i].range.empty(), infos[i].type == "Boolean") << infos[i].name;
  }
}

}  // namespace
}  // namespace p2pml::engine
