/// Durations as Prometheus writes them: `1h30m`, units from y to ms, each at most once and in
/// falling order.
///
/// Source: prometheus/common, model/time.go. A day has 24 hours, a year 365 days.
package enum DurationText {
  /// What is wrong with a duration; the texts are Prometheus's.
  package enum Failure: Error, Sendable, Equatable, CustomStringConvertible {
    case empty
    case malformed(String)
    case unknownUnit(String, in: String)
    case outOfRange

    package var description: String {
      switch self {
      case .empty: "empty duration string"
      case .malformed(let text): "not a valid duration string: \(GoQuote.quote(text))"
      case .unknownUnit(let unit, let text):
        "unknown unit \(GoQuote.quote(unit)) in duration \(GoQuote.quote(text))"
      case .outOfRange: "duration out of range"
      }
    }
  }

  private static let units: [(name: String, ms: UInt64)] = [
    ("y", 31_536_000_000), ("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000),
    ("m", 60_000), ("s", 1_000), ("ms", 1),
  ]
  /// The longest duration Go can hold: 2^63 - 1 nanoseconds, in whole milliseconds.
  private static let msMax: UInt64 = 9_223_372_036_854

  /// Milliseconds of a duration that is not negative; `0` needs no unit.
  package static func parse(_ text: String) throws(Failure) -> Int64 {
    if text == "0" { return 0 }
    if text.isEmpty { throw .empty }
    let bytes = Array(text.utf8)
    var at = 0
    var lastUnit = -1
    var total: UInt64 = 0
    while at < bytes.count {
      let digitsStart = at
      var number: UInt64 = 0
      while at < bytes.count, isDigit(bytes[at]) {
        let (product, over) = number.multipliedReportingOverflow(by: 10)
        let (next, carry) = product.addingReportingOverflow(UInt64(bytes[at] - 48))
        if over || carry { throw .malformed(text) }
        number = next
        at += 1
      }
      if at == digitsStart { throw .malformed(text) }
      let unitStart = at
      while at < bytes.count, !isDigit(bytes[at]) { at += 1 }
      if at == unitStart { throw .malformed(text) }
      let name = String(decoding: bytes[unitStart..<at], as: UTF8.self)
      guard let unit = units.firstIndex(where: { $0.name == name }) else {
        throw .unknownUnit(name, in: text)
      }
      if unit <= lastUnit { throw .malformed(text) }
      lastUnit = unit
      let (product, over) = number.multipliedReportingOverflow(by: units[unit].ms)
      let (sum, carry) = total.addingReportingOverflow(product)
      if over || carry || sum > msMax { throw .outOfRange }
      total = sum
    }
    return Int64(total)
  }

  /// Like `parse`, and a leading minus is allowed.
  package static func parseAllowingNegative(_ text: String) throws(Failure) -> Int64 {
    guard text.utf8.first == UInt8(ascii: "-") else { return try parse(text) }
    return -(try parse(String(text.dropFirst())))
  }

  /// `90d`, `1h30m`, `0s`; years and weeks appear only where they divide without remainder.
  package static func text(ms: Int64) -> String {
    if ms == 0 { return "0s" }
    var rest = ms.magnitude
    var out = ms < 0 ? "-" : ""
    for (i, unit) in units.enumerated() {
      if i < 2 && rest % unit.ms != 0 { continue }
      let count = rest / unit.ms
      if count > 0 {
        out += "\(count)\(unit.name)"
        rest -= count * unit.ms
      }
    }
    return out
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }
}
