// Streams as js/pack.mjs writes them; whole modules go through both in js/test/packed.test.mjs.

#include "platform/web/module_streams.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <vector>

#include "base/rng.hpp"

namespace p2pml::web {
namespace {

using Bytes = std::vector<std::uint8_t>;
using Streams = std::array<Bytes, ModuleStreams::kKinds>;

Bytes written(const Streams& streams) {
  Bytes bytes;
  for (const Bytes& stream : streams) {
    for (std::size_t i = 0; i < 4; ++i) bytes.push_back(static_cast<std::uint8_t>(stream.size() >> (8 * i)));
  }
  for (const Bytes& stream : streams) bytes.insert(bytes.end(), stream.begin(), stream.end());
  return bytes;
}

/// Of one function with these instructions, and what belongs to no instruction.
const Bytes kModule = {0,    0x61, 0x73, 0x6d, 1, 0, 0,    0,  // head
                       1,    4,    1,    0x60, 0, 0,           // a type
                       10,   31,   1,    29,   1, 2, 0x7f,     // code: one function, two locals
                       0x02, 0x40,                             // block
                       0x20, 1,                                // local.get 1
                       0x28, 2,    0x90, 0x01,                 // i32.load offset=144
                       0x41, 0x7f,                             // i32.const -1
                       0x42, 0x80, 0x02,                       // i64.const 256
                       0x10, 5,                                // call 5
                       0x0c, 0,                                // br 0
                       0x0e, 1,    0,    0,                    // br_table
                       0xfc, 11,   0,                          // memory.fill
                       0x0b, 0x0b};                            // end, of both

Streams apart() {
  return {Bytes{0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 10, 31, 1, 1, 0, 0, 11, 0},
          Bytes{29, 1, 2, 0x7f},
          Bytes{0x02, 0x20, 0x28, 2, 0x41, 0x42, 0x10, 0x0c, 0x0e, 0xfc, 0x0b, 0x0b},
          Bytes{0x40},
          Bytes{0},
          Bytes{1},
          Bytes{0x90, 0x01},
          Bytes{5},
          Bytes{0x7f},
          Bytes{0x80, 0x02}};
}

TEST(ModuleStreams, JoinsWhatIsOfOneFunction) {
  Bytes out(kModule.size());
  EXPECT_TRUE(ModuleStreams().join(written(apart()), out));
  EXPECT_EQ(out, kModule);
}

TEST(ModuleStreams, RefusesStreamsThatEndTooEarly) {
  for (std::size_t kind = 0; kind < ModuleStreams::kKinds; ++kind) {
    Streams streams = apart();
    streams[kind].pop_back();
    Bytes out(kModule.size());
    EXPECT_FALSE(ModuleStreams().join(written(streams), out)) << kind;
  }
  Bytes out(10);
  EXPECT_FALSE(ModuleStreams().join(Bytes(4 * ModuleStreams::kKinds - 1), out));
  Bytes lying = written(apart());
  lying[3] = 0x7f;  // a length of 2 GB
  EXPECT_FALSE(ModuleStreams().join(lying, out));
}

TEST(ModuleStreams, StaysWithinItsBuffersWhateverTheStreamsHold) {
  base::Rng rng(5);
  for (int i = 0; i < 2000; ++i) {
    Streams streams = apart();
    for (Bytes& stream : streams) {
      for (std::uint8_t& byte : stream) {
        if (rng.below(8) == 0) byte = static_cast<std::uint8_t>(rng.below(256));
      }
    }
    Bytes out(static_cast<std::size_t>(rng.below(60)));
    ModuleStreams().join(written(streams), out);
  }
}

}  // namespace
}  // namespace p2pml::web
