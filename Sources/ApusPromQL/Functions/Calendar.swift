internal import ApusModel
internal import ApusSystem

/// The parts of a date that PromQL has functions for. Raw values are their names.
enum CalendarFunction: String {
  case daysInMonth = "days_in_month"
  case dayOfMonth = "day_of_month"
  case dayOfWeek = "day_of_week"
  case dayOfYear = "day_of_year"
  case hour, minute, month, year

  /// - Parameter seconds: since the epoch.
  func value(_ seconds: Double) -> Double {
    let time = GoMoment.civil(GoMath.int64(seconds))
    switch self {
    case .daysInMonth: return Double(time.daysInMonth)
    case .dayOfMonth: return Double(time.day)
    case .dayOfWeek: return Double(time.weekday)
    case .dayOfYear: return Double(time.dayOfYear)
    case .hour: return Double(time.hour)
    case .minute: return Double(time.minute)
    case .month: return Double(time.month)
    case .year: return Double(time.year)
    }
  }
}

/// Moments as far away as any Int64 of seconds, as Go's calendar has them.
private enum GoMoment {
  /// 400 years: after them the calendar repeats, days of the week too.
  private static let cycleSeconds: Int64 = 12_622_780_800
  /// Go's first second, in the year -292277022399. Before it, its counter wraps around: the least
  /// Int64, which is what becomes of NaN and infinities, is a moment far in the future.
  private static let firstSecond: Int64 = -9_223_372_028_715_321_600

  static func civil(_ seconds: Int64) -> CivilTime {
    var (cycles, rest) = seconds.quotientAndRemainder(dividingBy: cycleSeconds)
    if seconds < firstSecond {
      let wrapped = UInt64(bitPattern: seconds)
      cycles = Int64(wrapped / UInt64(cycleSeconds))
      rest = Int64(wrapped % UInt64(cycleSeconds))
    }
    var time = CivilTime(ms: rest * 1000)
    time.year += Int(cycles) * 400
    return time
  }
}
