// A self-signed certificate, by default for 127.0.0.1 and localhost, made afresh for a test: nothing secret lies in the
// repository and nothing expires.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <array>
#include <boost/asio/ssl/context.hpp>
#include <cstdlib>
#include <memory>
#include <string>

#include "base/assert.hpp"

namespace p2pml::native::testing {

class TestCertificate {
 public:
  /// `names` as OpenSSL writes subject alternative names.
  explicit TestCertificate(const char* names = "IP:127.0.0.1,DNS:localhost") {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), &X509_free);
    P2PML_ASSERT(key && certificate);
    X509_set_version(certificate.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key.get());
    X509_NAME* name = X509_get_subject_name(certificate.get());
    const std::string commonName = "p2pml test";
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(commonName.data()),
                               static_cast<int>(commonName.size()), -1, 0);
    X509_set_issuer_name(certificate.get(), name);
    addExtension(certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
    addExtension(certificate.get(), NID_subject_alt_name, names);
    P2PML_ASSERT(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0);

    certificatePem_ = pem([&](BIO* out) { return PEM_write_bio_X509(out, certificate.get()); });
    keyPem_ =
        pem([&](BIO* out) { return PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
    std::array<char, 32> path{"/tmp/p2pml-test-ca-XXXXXX"};
    const int file = mkstemp(path.data());
    P2PML_ASSERT(file >= 0);
    P2PML_ASSERT(write(file, certificatePem_.data(), certificatePem_.size()) ==
                 static_cast<ssize_t>(certificatePem_.size()));
    ::close(file);
    path_ = path.data();
  }
  ~TestCertificate() { ::unlink(path_.c_str()); }
  TestCertificate(const TestCertificate&) = delete;
  TestCertificate& operator=(const TestCertificate&) = delete;

  /// A PEM file that holds the certificate, for clients to trust. Gone with this object.
  [[nodiscard]] const std::string& caBundle() const { return path_; }
  [[nodiscard]] const std::string& privateKeyPem() const { return keyPem_; }

  void configureServer(boost::asio::ssl::context& context) const {
    context.use_certificate(boost::asio::buffer(certificatePem_), boost::asio::ssl::context::pem);
    context.use_private_key(boost::asio::buffer(keyPem_), boost::asio::ssl::context::pem);
  }

 private:
  static void addExtension(X509* certificate, int nid, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
    P2PML_ASSERT(extension != nullptr);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }
  template <class Write>
  static std::string pem(Write write) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
    P2PML_ASSERT(out && write(out.get()) == 1);
    char* data = nullptr;
    const long size = BIO_get_mem_data(out.get(), &data);
    return {data, static_cast<std::size_t>(size)};
  }

  std::string certificatePem_;
  std::string keyPem_;
  std::string path_;
};

}  // namespace p2pml::native::testing
