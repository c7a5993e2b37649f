#include "platform/native/rtc/rtc_thread.hpp"

#include <glib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "platform/native/rtc/ice_agent.hpp"
#include "platform/native/rtc/rtc_context.hpp"

namespace p2pml::native {
namespace {

using Task = std::function<void(RtcContext&)>;

/// How long closing TURN allocations may take at the end (ICE agents with relays close asynchronously).
constexpr gint64 kFarewellMicroseconds = 200'000;

}  // namespace

struct RtcThread::State {
  std::mutex mutex;
  std::vector<Task> tasks;  // guarded
  bool signalled = false;   // guarded: the event descriptor has been written and not read
  bool stopping = false;    // guarded
  int event = -1;
  std::thread thread;

  // On the thread only.
  RtcContext* context = nullptr;
  gpointer eventTag = nullptr;
  bool stop = false;

  /// The one source of ours in the main loop: wakes for tasks, ticks SCTP and ends every turn in which anything
  /// happened.
  struct TurnSource {
    GSource base;
    State* state;
  };
  static State& of(GSource* source) { return *reinterpret_cast<TurnSource*>(source)->state; }
  static gboolean prepare(GSource* source, gint* timeout) {
    *timeout = of(source).context->sleepMilliseconds();
    return *timeout == 0;
  }
  static gboolean check(GSource* source) {
    State& state = of(source);
    return g_source_query_unix_fd(source, state.eventTag) != 0 || state.context->sleepMilliseconds() == 0;
  }
  static gboolean dispatch(GSource* source, GSourceFunc, gpointer) {
    State& state = of(source);
    state.runTasks();
    state.context->turn();
    return G_SOURCE_CONTINUE;
  }

  void run();
  void runTasks();
  void wake() const {
    const std::uint64_t one = 1;
    static_cast<void>(!::write(event, &one, sizeof one));
  }
};

void RtcThread::State::run() {
  // usrsctp is one per process: a thread that is still ending must be gone before the next one starts.
  static std::mutex onlyOne;
  const std::scoped_lock lock(onlyOne);
  GMainContext* main = g_main_context_new();
  g_main_context_push_thread_default(main);
  {
    RtcContext shared(main);
    context = &shared;
    GSourceFuncs functions{};
    functions.prepare = &State::prepare;
    functions.check = &State::check;
    functions.dispatch = &State::dispatch;
    GSource* source = g_source_new(&functions, sizeof(TurnSource));
    reinterpret_cast<TurnSource*>(source)->state = this;
    eventTag = g_source_add_unix_fd(source, event, G_IO_IN);
    g_source_attach(source, main);

    while (!stop) g_main_context_iteration(main, TRUE);

    shared.destroyAll();
    const gint64 deadline = g_get_monotonic_time() + kFarewellMicroseconds;
    while (IceAgent::closing() > 0 && g_get_monotonic_time() < deadline) {
      if (!g_main_context_iteration(main, FALSE)) g_usleep(1000);
    }
    g_source_destroy(source);
    g_source_unref(source);
  }
  g_main_context_pop_thread_default(main);
  g_main_context_unref(main);
}

void RtcThread::State::runTasks() {
  std::vector<Task> todo;
  {
    const std::scoped_lock lock(mutex);
    if (signalled) {
      std::uint64_t count = 0;
      static_cast<void>(!::read(event, &count, sizeof count));
      signalled = false;
    }
    todo.swap(tasks);
    stop = stopping;
  }
  for (Task& task : todo) {
    task(*context);
    task = nullptr;  // what it holds (a message's bytes) is not needed until the burst's end
  }
}

RtcThread::RtcThread() : state_(std::make_shared<State>()) {
  state_->event = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  P2PML_ASSERT(state_->event >= 0);
  state_->thread = std::thread([state = state_.get()] { state->run(); });
}

RtcThread::~RtcThread() {
  stop();
  ::close(state_->event);
}

void RtcThread::stop() {
  if (!state_->thread.joinable()) return;
  {
    const std::scoped_lock lock(state_->mutex);
    state_->stopping = true;
    state_->signalled = true;
    state_->wake();
  }
  P2PML_ASSERT(std::this_thread::get_id() != state_->thread.get_id());
  state_->thread.join();
}

namespace {
std::mutex sharedMutex;
std::weak_ptr<RtcThread> sharedThread;
}  // namespace

std::shared_ptr<RtcThread> RtcThread::shared() {
  const std::scoped_lock lock(sharedMutex);
  auto thread = sharedThread.lock();
  if (!thread) {
    thread = std::shared_ptr<RtcThread>(new RtcThread());
    sharedThread = thread;
  }
  return thread;
}

void RtcThread::endShared() {
  std::shared_ptr<RtcThread> thread;
  {
    const std::scoped_lock lock(sharedMutex);
    thread = sharedThread.lock();
  }
  if (thread) thread->stop();
}

void RtcThread::post(std::function<void(RtcContext&)> task) {
  const std::scoped_lock lock(state_->mutex);
  state_->tasks.push_back(std::move(task));
  if (state_->signalled) return;
  state_->signalled = true;
  state_->wake();
}

}  // namespace p2pml::native
