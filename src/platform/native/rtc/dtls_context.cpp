#include "platform/native/rtc/dtls_context.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>

#include "platform/native/rtc/dtls_transport.hpp"

namespace p2pml::native {
namespace {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;

/// Nobody looks at the dates (the fingerprint decides), but a node may run for long.
constexpr long kValidSeconds = 10L * 365 * 24 * 3600;

/// AES-128-GCM first: the cheapest with AES instructions, and some remotes would choose CHACHA20. RSA for remotes with
/// such a certificate.
constexpr const char* kCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-"
    "SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

Certificate selfSigned(EVP_PKEY* key) {
  Certificate certificate(X509_new());
  if (!certificate) return nullptr;
  std::uint64_t serial = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) != 1) return nullptr;
  X509* x509 = certificate.get();
  X509_NAME* name = X509_get_subject_name(x509);
  // The name every browser puts there.
  const auto* common = reinterpret_cast<const unsigned char*>("WebRTC");
  const bool made = X509_set_version(x509, 2) == 1 &&
                    ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509), serial >> 1) == 1 &&
                    X509_gmtime_adj(X509_getm_notBefore(x509), -24L * 3600) != nullptr &&
                    X509_gmtime_adj(X509_getm_notAfter(x509), kValidSeconds) != nullptr &&
                    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common, -1, -1, 0) == 1 &&
                    X509_set_issuer_name(x509, name) == 1 && X509_set_pubkey(x509, key) == 1 &&
                    X509_sign(x509, key, EVP_sha256()) > 0;
  return made ? std::move(certificate) : nullptr;
}

}  // namespace

std::string takeOpensslError() {
  const unsigned long code = ERR_peek_error();
  ERR_clear_error();
  if (code == 0) return "unknown reason";
  std::array<char, 256> text{};
  ERR_error_string_n(code, text.data(), text.size());
  return text.data();
}

base::Result<std::unique_ptr<DtlsContext>> DtlsContext::create() {
  std::unique_ptr<DtlsContext> context(new DtlsContext());
  const auto failed = [] {
    return base::fail(base::ErrorCode::internal, "DTLS: no certificate could be made: " + takeOpensslError());
  };
  const Key key(EVP_EC_gen("P-256"));
  if (!key) return failed();
  const Certificate certificate = selfSigned(key.get());
  if (!certificate) return failed();
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (X509_digest(certificate.get(), EVP_sha256(), digest.data(), &size) != 1) return failed();
  context->fingerprint_ = {wire::FingerprintHash::sha256,
                           std::string(reinterpret_cast<const char*>(digest.data()), size)};

  context->ssl_ = SSL_CTX_new(DTLS_method());
  SSL_CTX* ssl = context->ssl_;
  if (ssl == nullptr || SSL_CTX_use_certificate(ssl, certificate.get()) != 1 ||
      SSL_CTX_use_PrivateKey(ssl, key.get()) != 1 || SSL_CTX_set_min_proto_version(ssl, DTLS1_2_VERSION) != 1 ||
      SSL_CTX_set_max_proto_version(ssl, DTLS1_2_VERSION) != 1 || SSL_CTX_set_cipher_list(ssl, kCiphers) != 1 ||
      SSL_CTX_set1_groups_list(ssl, "X25519:P-256:P-384") != 1) {
    return failed();
  }
  SSL_CTX_set_options(ssl, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                               SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_read_ahead(ssl, 1);

  context->bio_ = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "p2pml datagram");
  if (context->bio_ == nullptr) return failed();
  DtlsTransport::prepare(*context);
  return context;
}

DtlsContext::~DtlsContext() {
  SSL_CTX_free(ssl_);
  BIO_meth_free(bio_);
}

}  // namespace p2pml::native
