#include "media/iso8601.hpp"

#include <array>
#include <cstddef>

namespace p2pml::media {
namespace {

constexpr bool isDigit(char c) { return c >= '0' && c <= '9'; }

/// Takes characters off the front of a text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool done() const { return rest_.empty(); }
  bool take(char expected) {
    if (rest_.empty() || rest_.front() != expected) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::optional<char> takeOneOf(std::string_view expected) {
    if (rest_.empty() || expected.find(rest_.front()) == std::string_view::npos) return std::nullopt;
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }
  /// Exactly `count` digits.
  std::optional<std::int64_t> digits(std::size_t count) {
    if (rest_.size() < count) return std::nullopt;
    std::int64_t value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (!isDigit(rest_[i])) return std::nullopt;
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }
  /// One digit or more, of a value up to `max`.
  std::optional<std::int64_t> number(std::int64_t max) {
    std::size_t count = 0;
    std::int64_t value = 0;
    while (count < rest_.size() && isDigit(rest_[count])) {
      value = value * 10 + (rest_[count] - '0');
      if (value > max) return std::nullopt;
      ++count;
    }
    if (count == 0) return std::nullopt;
    rest_.remove_prefix(count);
    return value;
  }
  /// What follows a point, in microseconds; digits beyond are cut. Nothing without a digit.
  std::optional<std::int64_t> fraction() {
    std::int64_t value = 0;
    std::int64_t unit = 100'000;
    std::size_t count = 0;
    for (; count < rest_.size() && isDigit(rest_[count]); ++count) {
      value += (rest_[count] - '0') * unit;
      unit /= 10;
    }
    if (count == 0) return std::nullopt;
    rest_.remove_prefix(count);
    return value;
  }

 private:
  std::string_view rest_;
};

constexpr bool isLeap(std::int64_t year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

constexpr std::int64_t daysInMonth(std::int64_t year, std::int64_t month) {
  constexpr std::array<std::int64_t, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && isLeap(year) ? 29 : kDays[static_cast<std::size_t>(month - 1)];
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar; years from 0.
constexpr std::int64_t daysFromCivil(std::int64_t year, std::int64_t month, std::int64_t day) {
  // Years begin in March here, so that the leap day is a year's last.
  const std::int64_t y = month <= 2 ? year - 1 : year;
  const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
  const std::int64_t yearOfEra = y - era * 400;
  const std::int64_t dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const std::int64_t dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear;
  return era * 146'097 + dayOfEra - 719'468;
}

struct Civil {
  std::int64_t year;
  std::int64_t month;
  std::int64_t day;
};

constexpr Civil civilFromDays(std::int64_t days) {
  const std::int64_t z = days + 719'468;
  const std::int64_t era = (z >= 0 ? z : z - 146'096) / 146'097;
  const std::int64_t dayOfEra = z - era * 146'097;
  const std::int64_t yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36'524 - dayOfEra / 146'096) / 365;
  const std::int64_t dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  const std::int64_t shifted = (5 * dayOfYear + 2) / 153;
  const std::int64_t month = shifted < 10 ? shifted + 3 : shifted - 9;
  return {yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1};
}

std::string padded(std::int64_t value, std::size_t width) {
  std::string text = std::to_string(value);
  if (text.size() < width) text.insert(0, width - text.size(), '0');
  return text;
}

/// Minutes that a zone is ahead of UTC.
std::optional<std::int64_t> zoneOf(Scanner& scan) {
  if (scan.done() || scan.takeOneOf("Zz")) return 0;
  const auto sign = scan.takeOneOf("+-");
  if (!sign) return std::nullopt;
  const auto hours = scan.digits(2);
  if (!hours || *hours > 23) return std::nullopt;
  std::int64_t minutes = 0;
  if (!scan.done()) {
    scan.take(':');
    const auto given = scan.digits(2);
    if (!given || *given > 59) return std::nullopt;
    minutes = *given;
  }
  const std::int64_t ahead = *hours * 60 + minutes;
  return *sign == '-' ? -ahead : ahead;
}

}  // namespace

std::optional<WallTime> parseDateTime(std::string_view text) {
  Scanner scan(text);
  const auto year = scan.digits(4);
  if (!year || !scan.take('-')) return std::nullopt;
  const auto month = scan.digits(2);
  if (!month || *month < 1 || *month > 12 || !scan.take('-')) return std::nullopt;
  const auto day = scan.digits(2);
  if (!day || *day < 1 || *day > daysInMonth(*year, *month) || !scan.takeOneOf("Tt ")) return std::nullopt;
  const auto hour = scan.digits(2);
  if (!hour || *hour > 24 || !scan.take(':')) return std::nullopt;
  const auto minute = scan.digits(2);
  if (!minute || *minute > 59) return std::nullopt;
  std::int64_t second = 0;
  std::int64_t microsecond = 0;
  if (scan.take(':')) {
    const auto given = scan.digits(2);
    if (!given || *given > 60) return std::nullopt;  // 60: a leap second
    second = *given;
    if (scan.takeOneOf(".,")) {
      const auto fraction = scan.fraction();
      if (!fraction) return std::nullopt;
      microsecond = *fraction;
    }
  }
  if (*hour == 24 && (*minute != 0 || second != 0 || microsecond != 0)) return std::nullopt;
  const auto zone = zoneOf(scan);
  if (!zone || !scan.done()) return std::nullopt;
  const std::int64_t seconds = ((daysFromCivil(*year, *month, *day) * 24 + *hour) * 60 + *minute - *zone) * 60 + second;
  return WallTime(base::Duration(seconds * 1'000'000 + microsecond));
}

std::string dateTimeText(WallTime time) {
  constexpr std::int64_t kDay = std::int64_t{86'400} * 1'000'000;
  const std::int64_t all = time.time_since_epoch().count();
  std::int64_t days = all / kDay;
  std::int64_t rest = all % kDay;
  if (rest < 0) {
    rest += kDay;
    --days;
  }
  const Civil date = civilFromDays(days);
  const std::int64_t seconds = rest / 1'000'000;
  std::string text = padded(date.year, 4) + "-" + padded(date.month, 2) + "-" + padded(date.day, 2) + "T" +
                     padded(seconds / 3600, 2) + ":" + padded(seconds / 60 % 60, 2) + ":" + padded(seconds % 60, 2);
  if (std::string fraction = padded(rest % 1'000'000, 6); fraction != "000000") {
    fraction.resize(fraction.find_last_not_of('0') + 1);
    text += "." + fraction;
  }
  return text + "Z";
}

std::optional<base::Duration> parseIsoDuration(std::string_view text) {
  constexpr std::int64_t kMaxSeconds = kMaxManifestTime.count() / 1'000'000;
  struct Field {
    char letter;
    std::int64_t seconds;
  };
  constexpr std::array<Field, 4> kDateFields{
      {{'Y', 365 * 86'400}, {'M', 30 * 86'400}, {'W', 7 * 86'400}, {'D', 86'400}}};
  constexpr std::array<Field, 3> kTimeFields{{{'H', 3600}, {'M', 60}, {'S', 1}}};

  Scanner scan(text);
  const bool negative = scan.take('-');
  if (!scan.take('P')) return std::nullopt;
  std::int64_t seconds = 0;
  std::int64_t microseconds = 0;
  bool any = false;
  bool inTime = false;
  std::size_t next = 0;  // fields come in this order, each once
  while (!scan.done()) {
    if (!inTime && scan.take('T')) {
      inTime = true;
      next = 0;
      if (scan.done()) return std::nullopt;
      continue;
    }
    const auto number = scan.number(kMaxSeconds);
    if (!number) return std::nullopt;
    std::optional<std::int64_t> fraction;
    if (scan.takeOneOf(".,")) {
      fraction = scan.fraction();
      if (!fraction) return std::nullopt;
    }
    const Field* const fields = inTime ? kTimeFields.data() : kDateFields.data();
    const std::size_t count = inTime ? kTimeFields.size() : kDateFields.size();
    while (next < count && !scan.take(fields[next].letter)) ++next;
    if (next == count) return std::nullopt;
    const std::int64_t unit = fields[next].seconds;
    if (*number > kMaxSeconds / unit) return std::nullopt;
    seconds += *number * unit;
    if (seconds > kMaxSeconds) return std::nullopt;
    microseconds += fraction.value_or(0) * unit;
    any = true;
    ++next;
  }
  if (!any) return std::nullopt;
  const base::Duration value(seconds * 1'000'000 + microseconds);
  if (value > kMaxManifestTime) return std::nullopt;
  return negative ? -value : value;
}

}  // namespace p2pml::media
