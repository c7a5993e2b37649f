#include "platform/sim/lab/plan.hpp"

#include <algorithm>
#include <cmath>

namespace p2pml::sim::lab {

namespace {

/// Keeps a careless file from asking for more than memory holds.
constexpr std::size_t kMaxPlans = 4 * kMaxViewers;

/// Indices into `mix`, `count` of them in exact shares (largest remainders first), shuffled.
template <class T>
std::vector<std::uint16_t> deal(const Mix<T>& mix, std::size_t count, base::Rng& rng) {
  double sum = 0;
  for (const auto& one : mix) sum += one.share;
  std::vector<std::uint16_t> deck;
  deck.reserve(count);
  std::vector<std::pair<double, std::size_t>> rests;
  for (std::size_t i = 0; i < mix.size(); ++i) {
    const double exact = mix[i].share / sum * static_cast<double>(count);
    const auto whole = static_cast<std::size_t>(std::floor(exact));
    deck.insert(deck.end(), std::min(whole, count - deck.size()), static_cast<std::uint16_t>(i));
    rests.emplace_back(static_cast<double>(whole) - exact, i);
  }
  std::ranges::stable_sort(rests, {}, &std::pair<double, std::size_t>::first);
  for (std::size_t i = 0; deck.size() < count; ++i)
    deck.push_back(static_cast<std::uint16_t>(rests[i % rests.size()].second));
  rng.shuffle(deck);
  return deck;
}

std::vector<base::TimePoint> arrivals(const Arrival& arrive, std::size_t count, base::Rng& rng) {
  std::vector<base::TimePoint> times(count);
  base::TimePoint last(arrive.start);
  for (std::size_t i = 0; i < count; ++i) {
    switch (arrive.kind) {
      case ArrivalKind::at: times[i] = last + arrive.value; break;
      case ArrivalKind::every: times[i] = last + arrive.value * static_cast<std::int64_t>(i); break;
      case ArrivalKind::within: times[i] = last + base::Duration(rng.between(0, arrive.value.count())); break;
      case ArrivalKind::perSecond:
        if (i > 0) last += exponential(rng, base::Duration(std::llround(1e6 / arrive.rate)));
        times[i] = last;
        break;
      case ArrivalKind::flash: times[i] = last + exponential(rng, arrive.value); break;
    }
  }
  std::ranges::sort(times);
  return times;
}

base::TimePoint leaving(const Stay& stay, base::TimePoint arrive, base::Rng& rng) {
  switch (stay.kind) {
    case StayKind::toEnd:
    case StayKind::untilDone: return base::kNever;
    case StayKind::mean: return arrive + exponential(rng, stay.value);
    case StayKind::forTime: return arrive + stay.value;
    case StayKind::until: return std::max(arrive, base::TimePoint(stay.value));
  }
  return base::kNever;
}

}  // namespace

base::Duration exponential(base::Rng& rng, base::Duration mean) {
  // The length of the first descending run of uniforms decides: odd, and its first number is the fraction; even, and
  // the whole part grows by one.
  constexpr std::uint64_t kOne = std::uint64_t{1} << 32;
  for (std::uint64_t whole = 0; whole < 64; ++whole) {
    const std::uint64_t first = rng.below(kOne);
    std::uint64_t last = first;
    bool odd = true;
    for (;;) {
      const std::uint64_t next = rng.below(kOne);
      if (next >= last) break;
      last = next;
      odd = !odd;
    }
    if (!odd) continue;
    // (whole + first / 2^32) * mean in two halves: mean is at most a week, 2^40 us.
    const auto us = static_cast<std::uint64_t>(mean.count());
    const std::uint64_t fraction = (us >> 32) * first + ((us & (kOne - 1)) * first >> 32);
    return base::Duration(static_cast<std::int64_t>(whole * us + fraction));
  }
  return mean * 64;
}

bool chance(std::uint64_t seed, std::uint64_t a, std::uint64_t b, double share) {
  if (share <= 0) return false;
  base::Rng rng(seed ^ std::min(a, b) * 0x9e3779b97f4a7c15ULL ^ std::max(a, b) * 0xc2b2ae3d27d4eb4fULL);
  return rng.unit() < share;
}

Scenario scaledTo(Scenario scenario, std::size_t viewers) {
  const std::size_t before = scenario.viewers();
  if (viewers == 0 || before == 0) return scenario;
  std::size_t given = 0;
  std::size_t seen = 0;
  for (Group& group : scenario.groups) {
    seen += group.count;
    // Rounded sums, so that the whole is exact.
    const std::size_t until = (seen * viewers + before / 2) / before;
    group.count = std::max<std::size_t>(1, until - std::min(until, given));
    given += group.count;
  }
  return scenario;
}

std::vector<ViewerPlan> planViewers(const Scenario& original, std::uint64_t seed, std::size_t viewers) {
  const Scenario scenario = scaledTo(original, viewers);
  const base::TimePoint end = scenario.duration ? base::TimePoint(*scenario.duration) : base::kNever;
  std::vector<ViewerPlan> all;
  for (std::size_t g = 0; g < scenario.groups.size(); ++g) {
    const Group& group = scenario.groups[g];
    // A generator of its own, so that a change of one group leaves the others as they are.
    base::Rng rng(seed * 0x9e3779b97f4a7c15ULL + g);
    std::vector<ViewerPlan> mine;
    for (base::TimePoint arrive : arrivals(group.arrive, group.count, rng)) {
      for (;;) {
        ViewerPlan plan;
        plan.group = static_cast<std::uint16_t>(g);
        plan.arrive = arrive;
        plan.leave = leaving(group.stay, arrive, rng);
        plan.untilDone = group.stay.kind == StayKind::untilDone;
        plan.crash = group.crash > 0 && rng.unit() < group.crash;
        plan.seed = rng.next();
        mine.push_back(plan);
        if (!group.replace || plan.leave >= end || all.size() + mine.size() >= kMaxPlans) break;
        arrive = plan.leave;
      }
    }
    const auto lines = deal(group.line, mine.size(), rng);
    const auto nats = deal(group.nat, mine.size(), rng);
    const auto behaviours = deal(group.behaviour, mine.size(), rng);
    for (std::size_t i = 0; i < mine.size(); ++i) {
      mine[i].line = lines[i];
      mine[i].nat = group.nat[nats[i]].value;
      mine[i].behaviour = group.behaviour[behaviours[i]].value;
    }
    all.insert(all.end(), mine.begin(), mine.end());
  }
  std::ranges::stable_sort(all, {}, &ViewerPlan::arrive);
  std::erase_if(all, [end](const ViewerPlan& plan) { return plan.arrive >= end; });
  return all;
}

base::Duration longestRun(const Scenario& scenario, const std::vector<ViewerPlan>& plan) {
  if (scenario.duration) return *scenario.duration;
  const base::Duration lastArrival = plan.empty() ? base::Duration(0) : plan.back().arrive.time_since_epoch();
  // Twice the playing time and ten minutes: who has not finished by then does not finish.
  return lastArrival + 2 * scenario.stream.count * scenario.stream.segmentDuration + base::seconds(600);
}

}  // namespace p2pml::sim::lab
