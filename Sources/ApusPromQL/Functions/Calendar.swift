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
    // Beyond this the milliseconds would overflow; Go's calendar wraps around there.
    let bounded = min(max(GoMath.int64(seconds), -0x7FFF_FFFF_FFFF), 0x7FFF_FFFF_FFFF)
    let time = CivilTime(ms: bounded * 1000)
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
