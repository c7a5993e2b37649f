#include "platform/native/loop_thread.hpp"

#include <pthread.h>
#include <signal.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <mutex>
#include <thread>
#include <utility>

namespace p2pml::native {
namespace {

constexpr std::size_t kThreadNameMax = 15;

/// All but those that the thread brings upon itself by a fault.
sigset_t signalsOfOthers() {
  sigset_t set;
  sigfillset(&set);
  for (const int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS}) sigdelset(&set, own);
  return set;
}

}  // namespace

struct LoopThread::State {
  boost::asio::io_context loop{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work = boost::asio::make_work_guard(loop);
  std::mutex joining;
  std::thread thread;
};

LoopThread::LoopThread(const std::string& name) : state_(std::make_shared<State>()) {
  // The mask is inherited, so that there is no moment at which the thread takes signals.
  const sigset_t blocked = signalsOfOthers();
  sigset_t before;
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  // The thread owns the loop too: it may outlive this object when that is destroyed from the loop itself.
  state_->thread = std::thread([state = state_, name = name.substr(0, kThreadNameMax)] {
    pthread_setname_np(pthread_self(), name.c_str());
    state->loop.run();
  });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

LoopThread::~LoopThread() {
  stop();
  if (isHere()) state_->thread.detach();
}

boost::asio::io_context& LoopThread::loop() { return state_->loop; }

void LoopThread::post(std::function<void()> work) { boost::asio::post(state_->loop, std::move(work)); }

bool LoopThread::isHere() const { return state_->loop.get_executor().running_in_this_thread(); }

void LoopThread::stop() {
  state_->loop.stop();
  if (isHere()) return;
  const std::scoped_lock lock(state_->joining);
  if (state_->thread.joinable()) state_->thread.join();
}

}  // namespace p2pml::native
