// The page at the gateway's address: files made from apps/p2pml/page, delivered with what a browser needs to know.
//
// Pure. Every answer has a Content-Security-Policy that allows nothing but the gateway itself, and an entity tag by
// which a browser that has the file is not sent it again. A program that was built without the page has a plain one
// that says so.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "gateway/io.hpp"

namespace p2pml::gateway {

struct PageFile {
  std::string path;  ///< "/" or "/page/player.js"
  base::Bytes plain;
  base::Bytes gzip;  ///< the same, packed; one of both may be empty
};

struct PageAnswer {
  int status = 200;  ///< or 304, without a body
  Headers headers;
  base::Bytes body;
};

class Page {
 public:
  explicit Page(std::vector<PageFile> files);

  /// Nothing if the page has no such file.
  [[nodiscard]] std::optional<PageAnswer> answer(std::string_view path, const Headers& request) const;

 private:
  struct File {
    PageFile file;
    std::string tag;  ///< without quotes; equal for both forms
  };
  std::map<std::string, File, std::less<>> files_;
};

}  // namespace p2pml::gateway
