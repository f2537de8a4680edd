/// A time in UTC as people write it: year, month, day and so on.
package struct CivilTime: Sendable, Equatable {
  package var year: Int64
  /// 1...12
  package var month: Int64
  /// 1...31
  package var day: Int64
  package var hour: Int64
  package var minute: Int64
  package var second: Int64
  package var millisecond: Int64
  /// 0 is Sunday.
  package var weekday: Int64

  /// - Parameter ms: since the epoch; any value.
  package init(ms: Int64) {
    let (days, msOfDay) = CivilTime.floorDivide(ms, 86_400_000)
    weekday = CivilTime.floorDivide(days + 4, 7).remainder
    hour = msOfDay / 3_600_000
    minute = msOfDay / 60_000 % 60
    second = msOfDay / 1000 % 60
    millisecond = msOfDay % 1000
    // Years that begin in March, so that the leap day is the last of its year; 146,097 days are
    // 400 years.
    let (era, dayOfEra) = CivilTime.floorDivide(days + 719_468, 146_097)
    let leapDays = dayOfEra / 1460 - dayOfEra / 36_524 + dayOfEra / 146_096
    let yearOfEra = (dayOfEra - leapDays) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
  }

  /// Days since the epoch of a date.
  package static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let (era, yearOfEra) = floorDivide(shifted, 400)
    let monthFromMarch = month > 2 ? month - 3 : month + 9
    let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }

  static func floorDivide(_ a: Int64, _ b: Int64) -> (quotient: Int64, remainder: Int64) {
    var (quotient, remainder) = a.quotientAndRemainder(dividingBy: b)
    if remainder < 0 {
      quotient -= 1
      remainder += b
    }
    return (quotient, remainder)
  }
}

extension CivilTime {
  /// `2026-01-01T00:20:00.5Z`
  package var rfc3339: String {
    var text = "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
    text += "T\(padded(hour, 2)):\(padded(minute, 2)):\(padded(second, 2))"
    if millisecond != 0 {
      var decimals = padded(millisecond, 3)
      while decimals.hasSuffix("0") { decimals.removeLast() }
      text += "." + decimals
    }
    return text + "Z"
  }

  /// `Thu, 01 Jan 2026 00:20:00 GMT`, as HTTP's Date field wants it.
  package var httpDate: String {
    let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    let months = [
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    let date = "\(padded(day, 2)) \(months[Int(month) - 1]) \(padded(year, 4))"
    let time = "\(padded(hour, 2)):\(padded(minute, 2)):\(padded(second, 2))"
    return "\(days[Int(weekday)]), \(date) \(time) GMT"
  }

  private func padded(_ value: Int64, _ digits: Int) -> String {
    let text = String(value)
    return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
  }
}
