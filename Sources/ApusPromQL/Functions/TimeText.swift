internal import ApusModel
internal import ApusSystem

/// Times and numbers inside of messages.
enum TimeText {
  /// `2026-01-01T00:00:00.5Z`: as Go's RFC3339Nano in UTC.
  static func rfc3339(_ timeMs: Int64) -> String { CivilTime(ms: timeMs).rfc3339 }

  static func floorDivide(_ a: Int64, _ b: Int64) -> Int64 {
    let quotient = a / b
    return a % b < 0 ? quotient - 1 : quotient
  }
}

enum RoundedText {
  /// Two significant digits, as `%.2g` prints them.
  static func twoDigits(_ value: Double) -> String {
    guard value.isFinite, value != 0 else { return FloatText.g(value) }
    var scale = 1.0
    var magnitude = abs(value)
    var exponent = 0
    while magnitude >= 10 {
      magnitude /= 10
      scale *= 10
      exponent += 1
    }
    while magnitude < 1 {
      magnitude *= 10
      scale /= 10
      exponent -= 1
    }
    var tenths = Int((magnitude * 10).rounded(.toNearestOrEven))
    if tenths == 100 {
      tenths = 10
      exponent += 1
    }
    let sign = value < 0 ? "-" : ""
    let digits = tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    if exponent >= 2 || exponent < -4 {
      let size = abs(exponent)
      let shown = size < 10 ? "0\(size)" : "\(size)"
      return "\(sign)\(digits)e\(exponent < 0 ? "-" : "+")\(shown)"
    }
    let rounded = Double(tenths) * scale / 10
    return sign + FloatText.g(exponent < 0 ? (rounded * 1e6).rounded() / 1e6 : rounded)
  }
}
