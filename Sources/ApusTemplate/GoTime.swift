internal import ApusModel
internal import ApusSystem

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
  var civil: CivilTime { CivilTime(ms: ms) }
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
    let nanoseconds = civil.millisecond.padded(to: 3) + "000000"
    var shown = String(nanoseconds.prefix(count))
    if digit == "9" {
      while shown.hasSuffix("0") { shown.removeLast() }
      if shown.isEmpty { return ("", count + 1) }
    }
    return (String(layout.prefix(1)) + shown, count + 1)
  }

  private func text(of piece: String) -> String {
    let time = civil
    let (year, month, day, hour) = (time.year, time.month, time.day, time.hour)
    let hour12 = hour % 12 == 0 ? 12 : hour % 12
    switch piece {
    case "2006": return year.padded(to: 4)
    case "06": return (year % 100).padded(to: 2)
    case "January": return GoTime.months[month - 1]
    case "Jan": return String(GoTime.months[month - 1].prefix(3))
    case "01": return month.padded(to: 2)
    case "1": return "\(month)"
    case "Monday": return GoTime.weekdays[time.weekday]
    case "Mon": return String(GoTime.weekdays[time.weekday].prefix(3))
    case "02": return day.padded(to: 2)
    case "_2": return day < 10 ? " \(day)" : "\(day)"
    case "2": return "\(day)"
    case "002": return time.dayOfYear.padded(to: 3)
    case "15": return hour.padded(to: 2)
    case "03": return hour12.padded(to: 2)
    case "3": return "\(hour12)"
    case "04": return time.minute.padded(to: 2)
    case "4": return "\(time.minute)"
    case "05": return time.second.padded(to: 2)
    case "5": return "\(time.second)"
    case "PM": return hour >= 12 ? "PM" : "AM"
    case "pm": return hour >= 12 ? "pm" : "am"
    case "MST": return "UTC"
    case "-0700": return "+0000"
    case "-07:00": return "+00:00"
    case "-07": return "+00"
    default: return "Z"
    }
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
