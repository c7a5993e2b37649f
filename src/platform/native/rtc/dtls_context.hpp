// The certificate that all our peers show, and the OpenSSL settings they share. One per RtcThread.
#pragma once

#include <memory>
#include <string>

#include "base/error.hpp"
#include "wire/sdp.hpp"

typedef struct ssl_ctx_st SSL_CTX;
typedef struct bio_method_st BIO_METHOD;

namespace p2pml::native {

class DtlsContext {
 public:
  /// Makes a key (ECDSA P-256) and a self-signed certificate. Error: internal, with OpenSSL's words.
  static base::Result<std::unique_ptr<DtlsContext>> create();
  ~DtlsContext();
  DtlsContext(const DtlsContext&) = delete;
  DtlsContext& operator=(const DtlsContext&) = delete;

  [[nodiscard]] SSL_CTX* ssl() const { return ssl_; }
  [[nodiscard]] BIO_METHOD* datagramBio() const { return bio_; }
  /// SHA-256 of our certificate.
  [[nodiscard]] const wire::Fingerprint& fingerprint() const { return fingerprint_; }

 private:
  DtlsContext() = default;

  SSL_CTX* ssl_ = nullptr;
  BIO_METHOD* bio_ = nullptr;
  wire::Fingerprint fingerprint_;
};

/// OpenSSL's last error of this thread in words, and forgets it.
std::string takeOpensslError();

}  // namespace p2pml::native
