internal import ApusModel

/// A time in UTC with Go's printing.
package struct GoTime: Sendable, Equatable {
  /// Since the epoch.
  package let ms: Int64

  package init(ms: Int64) { self.ms = ms }

  init(seconds: Double) throws(CallFailure) {
    let nanoseconds = seconds * 1e9
    let limit = 9_223_372_036_854_775_808.0
    guard nanoseconds < limit, nanoseconds >= -limit else {
      throw CallFailure(
        "\(FloatText.g(seconds)) cannot be represented as a nanoseconds timestamp since it "
          + "overflows int64")
    }
    ms = Int64((nanoseconds / 1e6).rounded(.towardZero))
  }

  static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
  ]
  static let weekdays = [
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
  ]

  var secondsSinceEpoch: Int64 { ms >= 0 ? ms / 1000 : (ms - 999) / 1000 }
  var millisecond: Int { Int(ms - secondsSinceEpoch * 1000) }
  private var days: Int64 {
    let seconds = secondsSinceEpoch
    return seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400
  }
  private var secondOfDay: Int { Int(secondsSinceEpoch - days * 86400) }
  var hour: Int { secondOfDay / 3600 }
  var minute: Int { secondOfDay / 60 % 60 }
  var second: Int { secondOfDay % 60 }
  var weekday: Int { Int(((days % 7) + 11) % 7) }

  /// Year, month and day from 1 in the Gregorian calendar.
  var date: (year: Int, month: Int, day: Int) {
    // Days since 0000-03-01, in eras of 400 years.
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (Int(yearOfEra + era * 400 + (month <= 2 ? 1 : 0)), Int(month), Int(day))
  }

  var dayOfYear: Int {
    let (year, month, day) = date
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return lengths.prefix(month - 1).reduce(day, +)
  }
}

extension GoTime: CustomStringConvertible {
  /// `2015-06-23 13:19:44.128 +0000 UTC`
  package var description: String {
    formatted("2006-01-02 15:04:05.999999999 -0700 MST")
  }

  private static let pieces = [
    "January", "Monday", "2006", "-07:00", "Z07:00", "-0700", "Z0700", "MST", "Jan", "Mon",
    "002", "01", "02", "03", "04", "05", "06", "15", "PM", "pm", "-07", "_2", "1", "2", "3",
    "4", "5",
  ]

  /// Go's `Format`.
  func formatted(_ layout: String) -> String {
    var out = ""
    var rest = Substring(layout)
    while let first = rest.first {
      if first == "." || first == ",", let (text, length) = fraction(rest) {
        out += text
        rest = rest.dropFirst(length)
      } else if let piece = GoTime.pieces.first(where: { rest.hasPrefix($0) }) {
        out += text(of: piece)
        rest = rest.dropFirst(piece.count)
      } else {
        out.append(first)
        rest = rest.dropFirst()
      }
    }
    return out
  }

  /// `.000` keeps its zeros, `.999` leaves trailing ones out.
  private func fraction(_ layout: Substring) -> (String, length: Int)? {
    let digits = layout.dropFirst()
    guard let digit = digits.first, digit == "0" || digit == "9" else { return nil }
    let count = digits.prefix { $0 == digit }.count
    if let after = digits.dropFirst(count).first, after.isNumber { return nil }
    let nanoseconds = GoTime.padded(millisecond, 3) + "000000"
    var shown = String(nanoseconds.prefix(count))
    if digit == "9" {
      while shown.hasSuffix("0") { shown.removeLast() }
      if shown.isEmpty { return ("", count + 1) }
    }
    return (String(layout.prefix(1)) + shown, count + 1)
  }

  private func text(of piece: String) -> String {
    let (year, month, day) = date
    let hour12 = hour % 12 == 0 ? 12 : hour % 12
    switch piece {
    case "2006": return GoTime.padded(year, 4)
    case "06": return GoTime.padded(year % 100, 2)
    case "January": return GoTime.months[month - 1]
    case "Jan": return String(GoTime.months[month - 1].prefix(3))
    case "01": return GoTime.padded(month, 2)
    case "1": return "\(month)"
    case "Monday": return GoTime.weekdays[weekday]
    case "Mon": return String(GoTime.weekdays[weekday].prefix(3))
    case "02": return GoTime.padded(day, 2)
    case "_2": return day < 10 ? " \(day)" : "\(day)"
    case "2": return "\(day)"
    case "002": return GoTime.padded(dayOfYear, 3)
    case "15": return GoTime.padded(hour, 2)
    case "03": return GoTime.padded(hour12, 2)
    case "3": return "\(hour12)"
    case "04": return GoTime.padded(minute, 2)
    case "4": return "\(minute)"
    case "05": return GoTime.padded(second, 2)
    case "5": return "\(second)"
    case "PM": return hour >= 12 ? "PM" : "AM"
    case "pm": return hour >= 12 ? "pm" : "am"
    case "MST": return "UTC"
    case "-0700": return "+0000"
    case "-07:00": return "+00:00"
    case "-07": return "+00"
    default: return "Z"
    }
  }

  static func padded(_ value: Int, _ width: Int) -> String {
    let text = "\(abs(value))"
    let zeros = String(repeating: "0", count: max(0, width - text.utf8.count))
    return (value < 0 ? "-" : "") + zeros + text
  }
}

/// Go's `time.Duration`.
enum GoDuration {
  /// `1h2m10.01s`, `1.5ms`, `0s`
  static func text(_ nanoseconds: Int64) -> String {
    if nanoseconds == 0 { return "0s" }
    let sign = nanoseconds < 0 ? "-" : ""
    let total = nanoseconds.magnitude
    if total < 1_000_000_000 {
      let (unit, size): (String, UInt64) =
        total < 1000 ? ("ns", 1) : (total < 1_000_000 ? ("µs", 1000) : ("ms", 1_000_000))
      return sign + decimal(total, size) + unit
    }
    let minutes = total / 60_000_000_000
    let seconds = decimal(total % 60_000_000_000, 1_000_000_000) + "s"
    if minutes == 0 { return sign + seconds }
    if minutes < 60 { return "\(sign)\(minutes)m\(seconds)" }
    return "\(sign)\(minutes / 60)h\(minutes % 60)m\(seconds)"
  }

  private static func decimal(_ value: UInt64, _ unit: UInt64) -> String {
    let whole = value / unit
    var rest = value % unit
    if rest == 0 { return "\(whole)" }
    var digits = ""
    var size = unit / 10
    while rest > 0 && size > 0 {
      digits += "\(rest / size)"
      rest %= size
      size /= 10
    }
    return "\(whole).\(digits)"
  }
}
