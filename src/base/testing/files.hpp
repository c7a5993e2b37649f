// Files that tests read, by C and POSIX calls: the standard library of the WebAssembly build, in which these tests run
// too, has neither file streams nor std::filesystem.
#pragma once

#include <dirent.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

namespace p2pml::base {

/// Path of a file or folder below tests/golden.
inline std::string goldenPath(const std::string& name) { return std::string(P2PML_GOLDEN_DIR) + "/" + name; }

/// All bytes of the file. The test fails if it cannot be read.
inline std::string fileText(const std::string& path) {
  std::string text;
  std::FILE* file = std::fopen(path.c_str(), "rb");
  EXPECT_NE(file, nullptr) << path;
  if (file == nullptr) return text;
  char block[65536];
  while (const std::size_t got = std::fread(block, 1, sizeof block, file)) text.append(block, got);
  EXPECT_EQ(std::ferror(file), 0) << path;
  std::fclose(file);
  return text;
}

/// The file's lines, without their ends and without a last empty one.
inline std::vector<std::string> fileLines(const std::string& path) {
  std::vector<std::string> lines;
  const std::string text = fileText(path);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

/// Names of the folder's files that end so, sorted.
inline std::vector<std::string> fileNames(const std::string& folder, const std::string& ending) {
  std::vector<std::string> names;
  DIR* directory = opendir(folder.c_str());
  EXPECT_NE(directory, nullptr) << folder;
  if (directory == nullptr) return names;
  while (const dirent* entry = readdir(directory)) {
    if (const std::string name = entry->d_name; name.ends_with(ending)) names.push_back(name);
  }
  closedir(directory);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace p2pml::base
