// The application's callbacks, as the driver wants them: answers may come from any thread and are brought to the loop;
// whatever is thrown stays here.
#pragma once

#include <memory>

#include "api/event_emitter.hpp"
#include "driver/host.hpp"
#include "p2pml/runtime.hpp"
#include "p2pml/settings.hpp"

namespace p2pml::api {

class LoaderHost final : public driver::Host {
 public:
  LoaderHost(const Settings& settings, EventEmitter& emitter, std::weak_ptr<Runtime> runtime)
      : settings_(settings), emitter_(emitter), runtime_(std::move(runtime)) {}

  std::string segmentUrl(const Segment& segment) override;
  void setupHttp(HttpRequest& request, const Segment& segment) override;
  void validate(engine::output::ValidateSegment what, Done done) override;
  void storeSegment(Segment segment, Done done) override;
  void getSegmentsMap(std::string masterSwarmId, SegmentsDone done) override;
  void getSegment(std::string id, std::string masterSwarmId, SegmentDone done) override;
  void clean(std::string masterSwarmId, std::shared_ptr<const std::set<std::string>> locked, CleanDone done) override;
  void destroyStorage() override;
  void onEvent(const engine::Output& event) override { emitter_.emit(event); }

 private:
  /// `done` on the loop, once, whatever thread calls the result and however often.
  template <class T, class Answer>
  std::function<void(Result<T>)> onLoop(Answer answer);

  const Settings& settings_;
  EventEmitter& emitter_;
  std::weak_ptr<Runtime> runtime_;
};

}  // namespace p2pml::api
