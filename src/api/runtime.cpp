#include "p2pml/runtime.hpp"

#include <curl/curl.h>
#include <openssl/ssl.h>

#include <cstdlib>
#include <mutex>
#include <utility>
#include <vector>

#include "platform/native/loop_thread.hpp"
#include "platform/native/rtc/rtc_thread.hpp"

namespace p2pml {

struct Runtime::State {
  explicit State(const std::string& name) : thread(std::make_shared<native::LoopThread>(name)) {}

  const std::shared_ptr<native::LoopThread> thread;
};

namespace {

/// At the end of the process no thread of ours may still run: the libraries they use are taken down meanwhile. Whoever
/// wants its loaders to say goodbye waits for destroy() before that.
class Threads {
 public:
  static Threads& instance() {
    // Never destroyed: runtimes in static storage may still come and go while the process ends.
    static Threads& threads = *new Threads();
    return threads;
  }
  void add(std::weak_ptr<native::LoopThread> thread) {
    const std::lock_guard lock(mutex_);
    std::erase_if(running_, [](const auto& old) { return old.expired(); });
    running_.push_back(std::move(thread));
  }

 private:
  Threads() {
    // These register their own ends first, so that they come after ours.
    OPENSSL_init_ssl(0, nullptr);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    std::atexit([] { instance().endAll(); });
  }
  void endAll() {
    {
      const std::lock_guard lock(mutex_);
      for (const auto& thread : running_) kept_.push_back(thread.lock());
    }
    // Not under the mutex: a loop may just be letting a runtime go.
    for (const auto& thread : kept_) {
      if (thread) thread->stop();
    }
    native::RtcThread::endShared();
  }

  std::mutex mutex_;
  std::vector<std::weak_ptr<native::LoopThread>> running_;
  /// For ever: what still waits in loops at the end of the process is not taken apart so late.
  std::vector<std::shared_ptr<native::LoopThread>> kept_;
};

}  // namespace

namespace {
std::mutex sharedMutex;
std::weak_ptr<Runtime> sharedRuntime;
}  // namespace

Runtime::Runtime() = default;
Runtime::~Runtime() = default;

std::shared_ptr<Runtime> Runtime::create(const std::string& threadName) {
  std::shared_ptr<Runtime> runtime(new Runtime());
  runtime->state_ = std::make_unique<State>(threadName);
  Threads::instance().add(runtime->state_->thread);
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

void Runtime::post(std::function<void()> work) { state_->thread->post(std::move(work)); }
bool Runtime::isHere() const { return state_->thread->isHere(); }
boost::asio::io_context& Runtime::loop() { return state_->thread->loop(); }

}  // namespace p2pml
