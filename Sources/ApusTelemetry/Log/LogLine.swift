package import Logging

/// One event, before a format makes it text.
package struct LogLine: Sendable {
  /// The metadata key under which `Log` hands over its fields in order, for swift-log's own
  /// metadata has none.
  package static let orderedKey = "\u{1}fields"

  package let timeMs: Int64
  package let level: Logger.Level
  /// `File.swift:123`
  package let source: String
  package let message: String
  package let fields: [(key: String, value: String)]

  package init(
    timeMs: Int64, level: Logger.Level, source: String, message: String,
    fields: [(key: String, value: String)]
  ) {
    self.timeMs = timeMs
    self.level = level
    self.source = source
    self.message = message
    self.fields = fields
  }

  /// The fields of a line: those of `Log` in their order, or a library's by name.
  package static func fields(_ metadata: Logger.Metadata) -> [(key: String, value: String)] {
    guard case .array(let ordered)? = metadata[orderedKey] else {
      return metadata.sorted { $0.key < $1.key }.map { (key: $0.key, value: "\($0.value)") }
    }
    return ordered.compactMap { pair in
      guard case .array(let parts) = pair, parts.count == 2 else { return nil }
      return (key: "\(parts[0])", value: "\(parts[1])")
    }
  }

  /// Prometheus's names of the levels.
  package var levelName: String {
    switch level {
    case .trace, .debug: "DEBUG"
    case .info, .notice: "INFO"
    case .warning: "WARN"
    case .error, .critical: "ERROR"
    }
  }

  /// `2026-11-21T01:03:08.433Z`
  package var timeText: String {
    let days = (timeMs >= 0 ? timeMs : timeMs - 86_399_999) / 86_400_000
    let inDay = timeMs - days * 86_400_000
    let date = LogLine.civilDate(daysSinceEpoch: days)
    let clock = [inDay / 3_600_000, inDay / 60_000 % 60, inDay / 1000 % 60].map { two($0) }
    let ms = String(1000 + inDay % 1000).dropFirst()
    return "\(date.year)-\(two(date.month))-\(two(date.day))T"
      + clock.joined(separator: ":") + ".\(ms)Z"
  }

  /// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
  private static func civilDate(daysSinceEpoch days: Int64) -> (
    year: Int64, month: Int64, day: Int64
  ) {
    let z = days + 719_468
    let era = (z >= 0 ? z : z - 146_096) / 146_097
    let doe = z - era * 146_097
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100)
    let mp = (5 * doy + 2) / 153
    let month = mp < 10 ? mp + 3 : mp - 9
    return (yoe + era * 400 + (month <= 2 ? 1 : 0), month, doy - (153 * mp + 2) / 5 + 1)
  }
}

private func two(_ n: Int64) -> String { n < 10 ? "0\(n)" : "\(n)" }
