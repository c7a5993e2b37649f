#include "api/loader_host.hpp"

#include <atomic>
#include <utility>

#include "base/encoding.hpp"

namespace p2pml::api {

namespace {

Error thrownBy(const char* callback) { return {ErrorCode::internal, std::string(callback) + " threw an exception"}; }

std::optional<Error> errorOf(const Result<void>& result) {
  if (result) return std::nullopt;
  return result.error();
}

}  // namespace

template <class T, class Answer>
std::function<void(Result<T>)> LoaderHost::onLoop(Answer answer) {
  auto once = std::make_shared<std::atomic<bool>>(false);
  return [once, runtime = runtime_, answer = std::move(answer)](Result<T> result) {
    if (once->exchange(true)) return;
    const std::shared_ptr<Runtime> alive = runtime.lock();
    if (!alive) return;
    if (alive->isHere()) {
      answer(std::move(result));
    } else {
      alive->post([answer, result = std::move(result)]() mutable { answer(std::move(result)); });
    }
  };
}

std::string LoaderHost::segmentUrl(const Segment& segment) {
  std::string url = segment.url;
  if (settings_.segmentUrlBuilder) guarded("segmentUrlBuilder", [&] { url = settings_.segmentUrlBuilder(segment); });
  return url;
}

void LoaderHost::setupHttp(HttpRequest& request, const Segment&) {
  if (!settings_.xhrSetup) return;
  HttpRequest changed = request;
  if (guarded("xhrSetup", [&] { settings_.xhrSetup(changed, changed.url); })) request = std::move(changed);
}

void LoaderHost::validate(engine::output::ValidateSegment what, Done done) {
  auto answer = onLoop<void>([done = std::move(done)](const Result<void>& result) { done(errorOf(result)); });
  OptionalPeerId peerId;
  if (what.peerId) peerId = base::toHex(what.peerId->view());
  const bool called =
      guarded("segmentValidator", [&] { settings_.segmentValidator(what.segment, what.method, peerId, answer); });
  if (!called) answer(std::unexpected(thrownBy("segmentValidator")));
}

void LoaderHost::storeSegment(Segment segment, Done done) {
  auto answer = onLoop<void>([done = std::move(done)](const Result<void>& result) { done(errorOf(result)); });
  const bool called = guarded("segmentsStorage.storeSegment",
                              [&] { settings_.segmentsStorage->storeSegment(std::move(segment), answer); });
  if (!called) answer(std::unexpected(thrownBy("segmentsStorage.storeSegment")));
}

void LoaderHost::getSegmentsMap(std::string masterSwarmId, SegmentsDone done) {
  using Map = std::map<std::string, Segment>;
  auto answer = onLoop<Map>([done = std::move(done)](Result<Map> result) {
    if (!result) {
      done(std::unexpected(result.error()));
      return;
    }
    std::vector<Segment> segments;
    segments.reserve(result->size());
    for (auto& [id, segment] : *result) {
      segment.id = id;
      segments.push_back(std::move(segment));
    }
    done(std::move(segments));
  });
  const bool called = guarded("segmentsStorage.getSegmentsMap",
                              [&] { settings_.segmentsStorage->getSegmentsMap(std::move(masterSwarmId), answer); });
  if (!called) answer(std::unexpected(thrownBy("segmentsStorage.getSegmentsMap")));
}

void LoaderHost::getSegment(std::string id, std::string masterSwarmId, SegmentDone done) {
  auto answer = onLoop<std::optional<Segment>>(std::move(done));
  const bool called = guarded("segmentsStorage.getSegment", [&] {
    settings_.segmentsStorage->getSegment(std::move(id), std::move(masterSwarmId), answer);
  });
  if (!called) answer(std::unexpected(thrownBy("segmentsStorage.getSegment")));
}

void LoaderHost::clean(std::string masterSwarmId, std::shared_ptr<const std::set<std::string>> locked, CleanDone done) {
  auto answer = onLoop<bool>(std::move(done));
  const bool called = guarded("segmentsStorage.clean", [&] {
    settings_.segmentsStorage->clean(
        std::move(masterSwarmId), [locked](const std::string& id) { return locked->contains(id); }, answer);
  });
  if (!called) answer(std::unexpected(thrownBy("segmentsStorage.clean")));
}

void LoaderHost::destroyStorage() {
  if (settings_.segmentsStorage) guarded("segmentsStorage.destroy", [&] { settings_.segmentsStorage->destroy(); });
}

}  // namespace p2pml::api
