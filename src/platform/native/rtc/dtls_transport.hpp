// DTLS 1.2 over the datagrams of one connection (RFC 6347, RFC 8827 section 6.5): who the remote is, is decided by the
// fingerprint in its SDP and by nothing else. Lives on the RtcThread, owned by its PeerConnection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "platform/native/rtc/rtc_timer.hpp"
#include "wire/sdp.hpp"

typedef struct ssl_st SSL;
typedef struct bio_st BIO;
typedef struct x509_store_ctx_st X509_STORE_CTX;

namespace p2pml::native {

class DtlsContext;

class DtlsTransport {
 public:
  class Owner {
   public:
    virtual void onDtlsSend(std::span<const std::byte> datagram) = 0;
    /// The handshake is done and the remote is who its SDP says. Once. Called before any further datagram is taken.
    virtual void onDtlsConnected() = 0;
    virtual void onDtlsData(std::span<const std::byte> data) = 0;
    /// Refused, broken or closed by the remote. Once; nothing follows.
    virtual void onDtlsFailed(base::Error reason) = 0;

   protected:
    ~Owner() = default;
  };

  /// Puts what transports need into a new context.
  static void prepare(const DtlsContext& context);

  DtlsTransport(GMainContext* main, DtlsContext& context, Owner& owner);
  ~DtlsTransport();
  DtlsTransport(const DtlsTransport&) = delete;
  DtlsTransport& operator=(const DtlsTransport&) = delete;

  /// Begins the handshake. Any of `expected` may match the remote's certificate.
  void start(bool client, std::vector<wire::Fingerprint> expected);
  /// One datagram from the network. Before start() up to eight are kept: a remote's first flight often comes while our
  /// own ICE is not told yet, and its next try would be 50 to 100 ms later.
  void receive(std::span<const std::byte> datagram);
  /// One record. Nothing happens unless connected.
  void send(std::span<const std::byte> data);
  /// Tells the remote (close_notify), which is not waited for.
  void close();

  [[nodiscard]] bool connected() const { return state_ == State::connected; }

 private:
  enum class State : std::uint8_t { waiting, handshake, connected, ended };
  struct Glue;

  void proceed();
  void readRecords();
  void fail(base::Error reason);
  void armTimer();
  [[nodiscard]] bool matches(X509_STORE_CTX* chain) const;

  DtlsContext& context_;
  Owner& owner_;
  SSL* ssl_ = nullptr;
  State state_ = State::waiting;
  bool wrongFingerprint_ = false;
  std::vector<wire::Fingerprint> expected_;
  std::vector<std::vector<std::byte>> early_;
  std::span<const std::byte> incoming_;  // the datagram that OpenSSL may read now
  RtcTimer retransmit_;
};

}  // namespace p2pml::native
