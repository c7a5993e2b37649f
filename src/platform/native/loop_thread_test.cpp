#include "platform/native/loop_thread.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace p2pml::native {
namespace {

TEST(LoopThreadTest, RunsWhatIsPostedInOrderOnItsOwnThread) {
  LoopThread thread("p2pml-test");
  std::vector<int> order;
  std::promise<std::thread::id> done;
  for (int i = 0; i < 3; ++i) thread.post([&order, i] { order.push_back(i); });
  thread.post([&] {
    EXPECT_TRUE(thread.isHere());
    done.set_value(std::this_thread::get_id());
  });
  EXPECT_NE(done.get_future().get(), std::this_thread::get_id());
  EXPECT_FALSE(thread.isHere());
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2}));
}

TEST(LoopThreadTest, PostFromTheLoopIsLater) {
  LoopThread thread("p2pml-test");
  std::promise<bool> laterAfterwards;
  thread.post([&] {
    auto returned = std::make_shared<bool>(false);
    thread.post([&, returned] { laterAfterwards.set_value(*returned); });
    *returned = true;
  });
  EXPECT_TRUE(laterAfterwards.get_future().get());
}

TEST(LoopThreadTest, HasItsName) {
  LoopThread thread("p2pml-loop-with-a-long-name");
  std::promise<std::string> name;
  thread.post([&] {
    std::array<char, 32> text{};
    pthread_getname_np(pthread_self(), text.data(), text.size());
    name.set_value(text.data());
  });
  EXPECT_EQ(name.get_future().get(), "p2pml-loop-with");
}

TEST(LoopThreadTest, BrokenPipesAndOtherSignalsAreNotForIt) {
  LoopThread thread("p2pml-test");
  std::promise<int> error;
  thread.post([&] {
    std::array<int, 2> ends{};
    EXPECT_EQ(pipe(ends.data()), 0);
    ::close(ends[0]);
    error.set_value(::write(ends[1], "x", 1) < 0 ? errno : 0);  // would end the process
    ::close(ends[1]);
  });
  EXPECT_EQ(error.get_future().get(), EPIPE);
  sigset_t mine;
  pthread_sigmask(SIG_BLOCK, nullptr, &mine);
  EXPECT_EQ(sigismember(&mine, SIGINT), 0);
}

TEST(LoopThreadTest, StopEndsWhatIsPendingAndPostAfterwardsIsDropped) {
  auto thread = std::make_unique<LoopThread>("p2pml-test");
  boost::asio::steady_timer timer(thread->loop());
  timer.expires_after(std::chrono::hours(1));
  std::promise<void> started;
  thread->post([&] {
    timer.async_wait([](boost::system::error_code) { FAIL() << "the loop was stopped"; });
    started.set_value();
  });
  started.get_future().wait();
  thread->stop();
  thread->stop();
  auto witness = std::make_shared<int>(0);
  thread->post([witness] { ++*witness; });
  timer.cancel();
  EXPECT_EQ(*witness, 0);
}

TEST(LoopThreadTest, DestructorWaitsForWhatIsRunning) {
  std::promise<void> entered;
  std::promise<void> leave;
  bool left = false;
  auto thread = std::make_unique<LoopThread>("p2pml-test");
  thread->post([&] {
    entered.set_value();
    leave.get_future().wait();
    left = true;
  });
  entered.get_future().wait();
  leave.set_value();
  thread.reset();
  EXPECT_TRUE(left);
}

TEST(LoopThreadTest, MayBeStoppedAndDestroyedFromItsOwnLoop) {
  auto thread = std::make_shared<LoopThread>("p2pml-test");
  LoopThread& reference = *thread;
  // Destroyed together with the loop, after the thread's last function has returned.
  struct AtEnd {
    std::promise<void>* promise;
    ~AtEnd() { promise->set_value(); }
  };
  std::promise<void> loopGone;
  auto atEnd = std::make_shared<AtEnd>(&loopGone);
  reference.post([owner = std::move(thread), &reference, atEnd]() mutable {
    reference.stop();
    reference.post([atEnd] { FAIL() << "the loop was stopped"; });
    owner.reset();
  });
  atEnd.reset();
  loopGone.get_future().wait();
}

}  // namespace
}  // namespace p2pml::native
