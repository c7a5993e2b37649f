// The seed's usage example, in C++: loads three segments, over HTTP or from peers that have them.
//
//   usage_example URL1 URL2 URL3 [tracker]
//
// Start it twice with the same URLs and a tracker (`p2pml tracker`), and the second run takes segments from the first
// while that one is still there.
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <p2pml/p2pml.hpp>
#include <string>
#include <vector>

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: %s URL1 URL2 URL3 [ws://tracker]\n", argv[0]);
    return 2;
  }
  p2pml::Settings settings;
  if (argc > 4) settings.trackerAnnounce = {argv[4]};

  auto created = p2pml::HybridLoader::create(settings);
  if (!created) {
    std::fprintf(stderr, "%s\n", created.error().detail.c_str());
    return 2;
  }
  p2pml::HybridLoader& loader = *created;

  std::mutex mutex;
  std::condition_variable finished;
  int loaded = 0;
  bool failed = false;

  loader.on(p2pml::Events::SegmentLoaded, [&](const p2pml::Segment& segment, const p2pml::OptionalPeerId& peerId) {
    std::printf("Loading finished, bytes: %zu (%s from %s)\n", segment.data->size(), segment.id.c_str(),
                peerId ? peerId->c_str() : "the origin");
    const std::lock_guard lock(mutex);
    ++loaded;
    finished.notify_one();
  });
  loader.on(p2pml::Events::SegmentError,
            [&](const p2pml::Segment& segment, const p2pml::Error& error, const p2pml::OptionalPeerId&) {
              std::printf("Loading failed %s: %s\n", segment.id.c_str(), error.detail.c_str());
              const std::lock_guard lock(mutex);
              failed = true;
              finished.notify_one();
            });

  loader.load(
      {p2pml::Segment("segment-1", argv[1], std::nullopt, 0), p2pml::Segment("segment-2", argv[2], std::nullopt, 1),
       p2pml::Segment("segment-3", argv[3], std::nullopt, 2)},
      "swarm-1");

  std::unique_lock lock(mutex);
  finished.wait(lock, [&] { return loaded == 3 || failed; });
  lock.unlock();
  loader.destroy().wait();
  return failed ? 1 : 0;
}
