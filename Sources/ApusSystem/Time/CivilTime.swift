internal import Glibc

/// A time in UTC as people write it: year, month, day and so on, by the C library's calendar.
package struct CivilTime: Sendable, Equatable {
  package var year: Int
  /// 1...12
  package var month: Int
  /// 1...31
  package var day: Int
  package var hour: Int
  package var minute: Int
  package var second: Int
  package var millisecond: Int
  /// 0 is Sunday.
  package var weekday: Int
  /// 1 is January 1.
  package var dayOfYear: Int

  /// - Parameter ms: since the epoch; any value.
  package init(ms: Int64) {
    var (seconds, rest) = ms.quotientAndRemainder(dividingBy: 1000)
    if rest < 0 {
      seconds -= 1
      rest += 1000
    }
    var clock = Int(seconds)
    var parts = unsafe tm()
    // Never fails: the years of any 64-bit number of milliseconds fit its fields.
    unsafe gmtime_r(&clock, &parts)
    year = unsafe Int(parts.tm_year) + 1900
    month = unsafe Int(parts.tm_mon) + 1
    day = unsafe Int(parts.tm_mday)
    hour = unsafe Int(parts.tm_hour)
    minute = unsafe Int(parts.tm_min)
    second = unsafe Int(parts.tm_sec)
    millisecond = Int(rest)
    weekday = unsafe Int(parts.tm_wday)
    dayOfYear = unsafe Int(parts.tm_yday) + 1
  }

  package static func isLeap(_ year: Int) -> Bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
  }

  package static func daysIn(month: Int, year: Int) -> Int {
    switch month {
    case 2: isLeap(year) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  package var daysInMonth: Int { CivilTime.daysIn(month: month, year: year) }

  /// Milliseconds since the epoch; what is over the end of a minute, a day and so on counts on.
  package var ms: Int64 {
    var parts = unsafe tm()
    unsafe parts.tm_year = Int32(clamping: year - 1900)
    unsafe parts.tm_mon = Int32(clamping: month - 1)
    unsafe parts.tm_mday = Int32(clamping: day)
    unsafe parts.tm_hour = Int32(clamping: hour)
    unsafe parts.tm_min = Int32(clamping: minute)
    unsafe parts.tm_sec = Int32(clamping: second)
    // Wrapping, because the second in which Int64.min ends begins before it.
    return Int64(unsafe timegm(&parts)) &* 1000 &+ Int64(millisecond)
  }
}

extension CivilTime {
  /// `2026-01-01T00:20:00.5Z`: as many decimals as it needs, as Go's RFC3339Nano.
  package var rfc3339: String {
    var decimals = ""
    if millisecond != 0 {
      decimals = "." + millisecond.padded(to: 3)
      while decimals.hasSuffix("0") { decimals.removeLast() }
    }
    return "\(date)T\(time)\(decimals)Z"
  }

  /// `2026-01-01T00:20:00.500Z`: always three decimals.
  package var rfc3339Milliseconds: String { "\(date)T\(time).\(millisecond.padded(to: 3))Z" }

  /// `20260101T002000Z`: for names of files.
  package var compact: String {
    (date + "T" + time + "Z").filter { $0 != "-" && $0 != ":" }
  }

  /// `Thu, 01 Jan 2026 00:20:00 GMT`, as HTTP's Date field wants it.
  package var httpDate: String {
    let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    let months = [
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    let date = "\(day.padded(to: 2)) \(months[month - 1]) \(year.padded(to: 4))"
    return "\(days[weekday]), \(date) \(time) GMT"
  }

  private var date: String {
    "\(year.padded(to: 4))-\(month.padded(to: 2))-\(day.padded(to: 2))"
  }

  private var time: String {
    "\(hour.padded(to: 2)):\(minute.padded(to: 2)):\(second.padded(to: 2))"
  }
}
