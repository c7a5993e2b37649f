// For tests only: the real captures under tests/golden/captures (see the README there), one JSON object a line.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/testing/files.hpp"

namespace p2pml::wire {

struct CapturedLine {
  std::string where;  ///< file and line, for failure messages
  base::Json json;

  /// The member of that name as text, "" if there is none.
  [[nodiscard]] std::string text(std::string_view key) const {
    const base::Json* member = json.find(key);
    return member != nullptr && member->string() != nullptr ? *member->string() : "";
  }
};

inline std::vector<CapturedLine> readCapture(const std::string& name) {
  std::vector<CapturedLine> lines;
  for (const std::string& line : base::fileLines(base::goldenPath("captures/" + name))) {
    const std::string where = name + ":" + std::to_string(lines.size() + 1);
    base::Result<base::Json> json = base::parseJson(line);
    EXPECT_TRUE(json) << where;
    lines.push_back({where, json ? *std::move(json) : base::Json()});
  }
  return lines;
}

}  // namespace p2pml::wire
