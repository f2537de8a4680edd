package import ApusModel

/// Alerts as Alertmanager's API v2 takes them:
///
///     [{"annotations":{..},"endsAt":"2026-11-21T01:07:52.184Z","startsAt":"..",
///       "generatorURL":"..","labels":{..}},..]
package enum AlertPayload {
  package static func json(_ alerts: [Alert]) -> [UInt8] {
    var writer = Writer()
    writer.byte("[")
    for (i, alert) in alerts.enumerated() {
      if i > 0 { writer.byte(",") }
      writer.alert(alert)
    }
    writer.byte("]")
    return writer.bytes
  }

  private struct Writer {
    private(set) var bytes: [UInt8] = []

    mutating func byte(_ character: Unicode.Scalar) { bytes.append(UInt8(ascii: character)) }

    mutating func alert(_ alert: Alert) {
      key("annotations", opening: "{")
      labels(alert.annotations)
      key("endsAt", opening: ",")
      string(RFC3339.text(ms: alert.endsAtMs))
      key("startsAt", opening: ",")
      string(RFC3339.text(ms: alert.startsAtMs))
      if !alert.generatorURL.isEmpty {
        key("generatorURL", opening: ",")
        string(alert.generatorURL)
      }
      key("labels", opening: ",")
      labels(alert.labels)
      byte("}")
    }

    private mutating func key(_ name: String, opening: Unicode.Scalar) {
      byte(opening)
      string(name)
      byte(":")
    }

    private mutating func labels(_ labels: Labels) {
      byte("{")
      var isFirst = true
      for label in labels {
        if !isFirst { byte(",") }
        isFirst = false
        string(label.name)
        byte(":")
        string(label.value)
      }
      byte("}")
    }

    /// Escaped as Go's encoding/json does, which keeps `<`, `>` and `&` away from HTML.
    private mutating func string(_ text: String) {
      byte("\"")
      for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": bytes += Array("\\\"".utf8)
        case "\\": bytes += Array("\\\\".utf8)
        case "\n": bytes += Array("\\n".utf8)
        case "\r": bytes += Array("\\r".utf8)
        case "\t": bytes += Array("\\t".utf8)
        case "\u{08}": bytes += Array("\\b".utf8)
        case "\u{0C}": bytes += Array("\\f".utf8)
        case "<", ">", "&", "\u{2028}", "\u{2029}", "\u{00}"..."\u{1F}": escape(scalar)
        default: bytes += UTF8.encode(scalar).map { Array($0) } ?? []
        }
      }
      byte("\"")
    }

    private mutating func escape(_ scalar: Unicode.Scalar) {
      let hex = String(scalar.value, radix: 16)
      bytes += Array("\\u\(String(repeating: "0", count: 4 - hex.utf8.count))\(hex)".utf8)
    }
  }
}

/// Times as `2026-11-21T01:07:52.184Z`.
package enum RFC3339 {
  package static func text(ms: Int64) -> String {
    let days = floorDivide(ms, 86_400_000)
    let msOfDay = Int(ms - days * 86_400_000)
    let date = civil(days)
    let time = [
      (msOfDay / 3_600_000, 2), (msOfDay / 60_000 % 60, 2), (msOfDay / 1_000 % 60, 2),
    ].map { padded($0.0, $0.1) }.joined(separator: ":")
    let day = "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))"
    return "\(day)T\(time).\(padded(msOfDay % 1_000, 3))Z"
  }

  private static func floorDivide(_ a: Int64, _ b: Int64) -> Int64 {
    a >= 0 ? a / b : -((b - 1 - a) / b)
  }

  private static func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number.magnitude)
    let zeros = String(repeating: "0", count: max(0, width - digits.utf8.count))
    return (number < 0 ? "-" : "") + zeros + digits
  }

  /// Year, month and day of a number of days since 1970-01-01, counting years from March so that
  /// the leap day is the last.
  private static func civil(_ days: Int64) -> (year: Int, month: Int, day: Int) {
    let shifted = days + 719_468
    let era = floorDivide(shifted, 146_097)
    let dayOfEra = Int(shifted - era * 146_097)
    let yearOfEra =
      (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
    let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    return (yearOfEra + Int(era) * 400 + (month <= 2 ? 1 : 0), month, day)
  }
}
