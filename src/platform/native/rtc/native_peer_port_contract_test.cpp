// The native data channels keep to what every platform's do.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "platform/native/rtc/native_peer_port.hpp"
#include "platform/native/testing/loop_runner.hpp"
#include "tests/contract/peer_port_contract.hpp"

namespace p2pml::contract {
namespace {

class NativePeerWorld final : public PeerWorld {
 public:
  NativePeerWorld() {
    for (const Side side : {A, B}) ports_[side] = makePort(sink(side));
  }
  driver::PeerPort& port(Side side) override { return *ports_[side]; }
  void destroyPort(Side side) override { ports_[side].reset(); }
  bool runUntil(const std::function<bool()>& done) override { return native::testing::runLoopUntil(loop_, done); }
  /// A fresh pair connects and exchanges a message: what was on its way before has arrived by then.
  void settle() override {
    for (int round = 0; round < 2; ++round) exchange();
  }
  std::string withOtherFingerprint(std::string sdp) override {
    const std::string key = "a=fingerprint:sha-256 ";
    char& digit = sdp.at(sdp.find(key) + key.size());
    digit = digit == '0' ? '1' : '0';
    return sdp;
  }

 private:
  std::unique_ptr<native::NativePeerPort> makePort(driver::EventSink sink) {
    native::RtcOptions options;
    options.localAddresses = {"127.0.0.1"};
    engine::RtcConfig config;
    config.iceServers.clear();
    return std::make_unique<native::NativePeerPort>(*thread_, loop_, config, options, std::move(sink));
  }
  void exchange() {
    const base::ConnectionId id(1);
    bool received = false;
    std::unique_ptr<native::NativePeerPort> first;
    std::unique_ptr<native::NativePeerPort> second;
    first = makePort([&](const engine::Input& input) {
      if (const auto* offer = std::get_if<engine::input::OfferCreated>(&input)) second->createAnswer(id, offer->sdp);
      if (std::holds_alternative<engine::input::PeerOpened>(input)) first->send(id, base::Bytes::copyOf("settled"));
    });
    second = makePort([&](const engine::Input& input) {
      if (const auto* answer = std::get_if<engine::input::AnswerCreated>(&input)) first->setAnswer(id, answer->sdp);
      if (std::holds_alternative<engine::input::PeerMessage>(input)) received = true;
    });
    first->createOffer(id, "settle");
    EXPECT_TRUE(runUntil([&] { return received; }));
  }

  boost::asio::io_context loop_;
  std::shared_ptr<native::RtcThread> thread_ = native::RtcThread::shared();
  std::unique_ptr<native::NativePeerPort> ports_[2];
};

INSTANTIATE_TYPED_TEST_SUITE_P(Native, PeerPortContract, NativePeerWorld);

}  // namespace
}  // namespace p2pml::contract
