#include "platform/native/rtc/dtls_transport.hpp"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "platform/native/rtc/dtls_context.hpp"

namespace p2pml::native {
namespace {

constexpr std::size_t kMaxEarlyDatagrams = 8;
constexpr std::size_t kMaxEarlyDatagramBytes = 2048;
constexpr long kLinkMtu = 1200;                 // of the handshake's datagrams; fits every path that carries IPv6
constexpr unsigned kFirstRetransmit = 100'000;  // microseconds; OpenSSL's own is a second
constexpr unsigned kLongestRetransmit = 3'000'000;

const EVP_MD* digestOf(wire::FingerprintHash hash) {
  switch (hash) {
    case wire::FingerprintHash::sha256: return EVP_sha256();
    case wire::FingerprintHash::sha384: return EVP_sha384();
    case wire::FingerprintHash::sha512: return EVP_sha512();
  }
  return nullptr;
}

}  // namespace

/// What OpenSSL calls.
struct DtlsTransport::Glue {
  static DtlsTransport* self(BIO* bio) { return static_cast<DtlsTransport*>(BIO_get_data(bio)); }

  static int write(BIO* bio, const char* data, int size) {
    self(bio)->owner_.onDtlsSend(std::as_bytes(std::span(data, static_cast<std::size_t>(size))));
    return size;
  }
  /// One read is one datagram: a memory BIO would join them.
  static int read(BIO* bio, char* data, int size) {
    BIO_clear_retry_flags(bio);
    auto& incoming = self(bio)->incoming_;
    if (incoming.empty()) {
      BIO_set_retry_read(bio);
      return -1;
    }
    const auto datagram = std::exchange(incoming, {});
    const std::size_t length = std::min(datagram.size(), static_cast<std::size_t>(size));
    std::memcpy(data, datagram.data(), length);
    return static_cast<int>(length);
  }
  static long control(BIO*, int command, long, void*) {
    switch (command) {
      case BIO_CTRL_FLUSH: return 1;
      case BIO_CTRL_DGRAM_QUERY_MTU: return kLinkMtu;
      default: return 0;
    }
  }
  static int create(BIO* bio) {
    BIO_set_init(bio, 1);
    return 1;
  }

  static int verify(X509_STORE_CTX* chain, void*) {
    const auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto* transport = static_cast<DtlsTransport*>(SSL_get_app_data(ssl));
    if (transport->matches(chain)) {
      X509_STORE_CTX_set_error(chain, X509_V_OK);
      return 1;
    }
    transport->wrongFingerprint_ = true;
    X509_STORE_CTX_set_error(chain, X509_V_ERR_CERT_REJECTED);
    return 0;
  }

  static unsigned nextTimeout(SSL*, unsigned last) {
    return last == 0 ? kFirstRetransmit : std::min(last * 2, kLongestRetransmit);
  }
};

DtlsTransport::DtlsTransport(GMainContext* main, DtlsContext& context, Owner& owner)
    : context_(context), owner_(owner), retransmit_(main, [this] {
        ERR_clear_error();
        if (DTLSv1_handle_timeout(ssl_) < 0)
          return fail({base::ErrorCode::timeout, "DTLS: the handshake got no answer"});
        armTimer();
      }) {}

void DtlsTransport::prepare(const DtlsContext& context) {
  BIO_METHOD* bio = context.datagramBio();
  BIO_meth_set_write(bio, &Glue::write);
  BIO_meth_set_read(bio, &Glue::read);
  BIO_meth_set_ctrl(bio, &Glue::control);
  BIO_meth_set_create(bio, &Glue::create);
  SSL_CTX_set_cert_verify_callback(context.ssl(), &Glue::verify, nullptr);
  SSL_CTX_set_verify(context.ssl(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
}

DtlsTransport::~DtlsTransport() { SSL_free(ssl_); }

void DtlsTransport::start(bool client, std::vector<wire::Fingerprint> expected) {
  if (state_ != State::waiting) return;
  expected_ = std::move(expected);
  ssl_ = SSL_new(context_.ssl());
  BIO* bio = ssl_ == nullptr ? nullptr : BIO_new(context_.datagramBio());
  if (bio == nullptr) return fail({base::ErrorCode::internal, "DTLS: " + takeOpensslError()});
  BIO_set_data(bio, this);
  SSL_set_bio(ssl_, bio, bio);
  SSL_set_app_data(ssl_, this);
  DTLS_set_link_mtu(ssl_, kLinkMtu);
  DTLS_set_timer_cb(ssl_, &Glue::nextTimeout);
  client ? SSL_set_connect_state(ssl_) : SSL_set_accept_state(ssl_);
  state_ = State::handshake;
  proceed();
  const auto early = std::exchange(early_, {});
  for (const auto& datagram : early) receive(datagram);
}

void DtlsTransport::receive(std::span<const std::byte> datagram) {
  switch (state_) {
    case State::waiting:
      if (early_.size() < kMaxEarlyDatagrams && datagram.size() <= kMaxEarlyDatagramBytes) {
        early_.emplace_back(datagram.begin(), datagram.end());
      }
      return;
    case State::handshake:
      incoming_ = datagram;
      proceed();
      // The handshake's last flight may share its datagram with data; and OpenSSL may have left the datagram unread.
      if (state_ == State::connected) readRecords();
      incoming_ = {};
      return;
    case State::connected:
      incoming_ = datagram;
      readRecords();
      incoming_ = {};
      return;
    case State::ended: return;
  }
}

void DtlsTransport::proceed() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_);
  if (result == 1) {
    retransmit_.stop();
    state_ = State::connected;
    return owner_.onDtlsConnected();
  }
  const int error = SSL_get_error(ssl_, result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return armTimer();
  if (wrongFingerprint_) {
    ERR_clear_error();
    return fail(
        {base::ErrorCode::malformed, "DTLS: the remote's certificate does not have the fingerprint of its SDP"});
  }
  fail({base::ErrorCode::unavailable, "DTLS: the handshake failed: " + takeOpensslError()});
}

void DtlsTransport::readRecords() {
  // A DTLS record carries at most 2^14 bytes (RFC 6347 4.1.1). One thread reads, and nothing reads inside of a reading.
  static thread_local std::array<std::byte, 16384> plain;
  while (state_ == State::connected) {
    ERR_clear_error();
    const int length = SSL_read(ssl_, plain.data(), static_cast<int>(plain.size()));
    if (length > 0) {
      owner_.onDtlsData(std::span(plain).first(static_cast<std::size_t>(length)));
      continue;
    }
    const int error = SSL_get_error(ssl_, length);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return;
    if (error == SSL_ERROR_ZERO_RETURN) return fail({base::ErrorCode::aborted, "DTLS: closed by the remote"});
    return fail({base::ErrorCode::unavailable, "DTLS: " + takeOpensslError()});
  }
}

void DtlsTransport::send(std::span<const std::byte> data) {
  if (state_ != State::connected) return;
  ERR_clear_error();
  if (SSL_write(ssl_, data.data(), static_cast<int>(data.size())) <= 0) ERR_clear_error();
}

void DtlsTransport::close() {
  if (state_ == State::connected) {
    ERR_clear_error();
    SSL_shutdown(ssl_);
    ERR_clear_error();
  }
  state_ = State::ended;
  retransmit_.stop();
}

void DtlsTransport::fail(base::Error reason) {
  if (state_ == State::ended) return;
  state_ = State::ended;
  retransmit_.stop();
  owner_.onDtlsFailed(std::move(reason));
}

void DtlsTransport::armTimer() {
  timeval left{};
  if (DTLSv1_get_timeout(ssl_, &left) != 1) return retransmit_.stop();
  retransmit_.start(base::Duration(std::int64_t{left.tv_sec} * 1'000'000 + left.tv_usec));
}

bool DtlsTransport::matches(X509_STORE_CTX* chain) const {
  const X509* certificate = X509_STORE_CTX_get0_cert(chain);
  if (certificate == nullptr) return false;
  for (const wire::Fingerprint& fingerprint : expected_) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (X509_digest(certificate, digestOf(fingerprint.hash), digest.data(), &size) != 1) continue;
    if (size == fingerprint.digest.size() && CRYPTO_memcmp(digest.data(), fingerprint.digest.data(), size) == 0)
      return true;
  }
  return false;
}

}  // namespace p2pml::native
