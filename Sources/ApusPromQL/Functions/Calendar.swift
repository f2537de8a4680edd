internal import ApusModel

/// A moment in UTC by the Gregorian calendar.
struct CivilTime {
  let year: Int
  let month: Int
  let day: Int
  let hour: Int
  let minute: Int
  let second: Int
  /// 0 for Sunday.
  let weekday: Int
  /// 1 for January 1.
  let dayOfYear: Int

  /// Days are counted in eras of 400 years that begin on March 1.
  init(seconds: Int64) {
    let days = TimeText.floorDivide(seconds, 86_400)
    let rest = Int(seconds - days * 86_400)
    hour = rest / 3600
    minute = rest / 60 % 60
    second = rest % 60
    weekday = Int(((days + 4) % 7 + 7) % 7)
    let shifted = days + 719_468
    let era = TimeText.floorDivide(shifted, 146_097)
    let dayOfEra = Int(shifted - era * 146_097)
    let yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayFromMarch = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayFromMarch + 2) / 153
    day = dayFromMarch - (153 * monthFromMarch + 2) / 5 + 1
    month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    let civilYear = yearOfEra + Int(era) * 400 + (month <= 2 ? 1 : 0)
    year = civilYear
    let isLeap = CivilTime.isLeap(civilYear)
    dayOfYear =
      month <= 2 ? dayFromMarch - 305 : dayFromMarch + 60 + (isLeap ? 1 : 0)
  }

  static func isLeap(_ year: Int) -> Bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
  }

  var daysInMonth: Int {
    switch month {
    case 2: CivilTime.isLeap(year) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }
}

/// The parts of a date that PromQL has functions for. Raw values are their names.
enum CalendarFunction: String {
  case daysInMonth = "days_in_month"
  case dayOfMonth = "day_of_month"
  case dayOfWeek = "day_of_week"
  case dayOfYear = "day_of_year"
  case hour, minute, month, year

  /// - Parameter seconds: since the epoch.
  func value(_ seconds: Double) -> Double {
    // Beyond this the calendar's own arithmetic would overflow; Go's wraps around there.
    let bounded = min(max(GoMath.int64(seconds), -0x7FFF_FFFF_FFFF), 0x7FFF_FFFF_FFFF)
    let time = CivilTime(seconds: bounded)
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
