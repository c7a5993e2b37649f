#include "p2pml/runtime.hpp"

#include <mutex>
#include <utility>

#include "platform/native/loop_thread.hpp"

namespace p2pml {

struct Runtime::State {
  explicit State(const std::string& name) : thread(name) {}

  native::LoopThread thread;
};

namespace {
std::mutex sharedMutex;
std::weak_ptr<Runtime> sharedRuntime;
}  // namespace

Runtime::Runtime() = default;
Runtime::~Runtime() = default;

std::shared_ptr<Runtime> Runtime::create(const std::string& threadName) {
  std::shared_ptr<Runtime> runtime(new Runtime());
  runtime->state_ = std::make_unique<State>(threadName);
  return runtime;
}

std::shared_ptr<Runtime> Runtime::shared() {
  const std::lock_guard lock(sharedMutex);
  std::shared_ptr<Runtime> runtime = sharedRuntime.lock();
  if (!runtime) {
    runtime = create();
    sharedRuntime = runtime;
  }
  return runtime;
}

void Runtime::post(std::function<void()> work) { state_->thread.post(std::move(work)); }
bool Runtime::isHere() const { return state_->thread.isHere(); }
boost::asio::io_context& Runtime::loop() { return state_->thread.loop(); }

}  // namespace p2pml
