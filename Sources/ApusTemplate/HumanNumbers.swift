internal import ApusModel

/// Numbers with four digits and a prefix. Source: prometheus/common, helpers/templates.
enum HumanNumbers {
  private static let large = ["k", "M", "G", "T", "P", "E", "Z", "Y"]
  private static let small = ["m", "u", "n", "p", "f", "a", "z", "y"]

  private static func digits(_ value: Double) -> String {
    FloatText.general(value, precision: 4)
  }

  /// `1.235M`, `120m`
  static func humanize(_ value: Double) -> String {
    if value == 0 || !value.isFinite { return digits(value) }
    if abs(value) >= 1 { return scaledDown(value, by: 1000, large) }
    let (scaled, prefix) = scaledUp(value)
    return digits(scaled) + prefix
  }

  /// `1Mi`
  static func humanize1024(_ value: Double) -> String {
    if abs(value) <= 1 || !value.isFinite { return digits(value) }
    return scaledDown(value, by: 1024, ["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"])
  }

  /// `1d 2h 3m 4s`, `12.35s`, `100ms`
  static func duration(_ value: Double) -> String {
    if !value.isFinite { return digits(value) }
    if value == 0 { return digits(value) + "s" }
    guard abs(value) >= 1 else {
      let (scaled, prefix) = scaledUp(value)
      return digits(scaled) + prefix + "s"
    }
    let sign = value < 0 ? "-" : ""
    let whole = Int64(min(abs(value), 9e18))
    let (seconds, minutes) = (whole % 60, whole / 60 % 60)
    let (hours, days) = (whole / 3600 % 24, whole / 86400)
    if days != 0 { return "\(sign)\(days)d \(hours)h \(minutes)m \(seconds)s" }
    if hours != 0 { return "\(sign)\(hours)h \(minutes)m \(seconds)s" }
    if minutes != 0 { return "\(sign)\(minutes)m \(seconds)s" }
    return sign + digits(abs(value)) + "s"
  }

  /// `12.35%`
  static func percentage(_ value: Double) -> String { digits(value * 100) + "%" }

  private static func scaledDown(
    _ value: Double, by factor: Double, _ prefixes: [String]
  ) -> String {
    var value = value
    var prefix = ""
    for next in prefixes {
      if abs(value) < factor { break }
      prefix = next
      value /= factor
    }
    return digits(value) + prefix
  }

  private static func scaledUp(_ value: Double) -> (Double, String) {
    var value = value
    var prefix = ""
    for next in small {
      if abs(value) >= 1 { break }
      prefix = next
      value *= 1000
    }
    return (value, prefix)
  }
}
