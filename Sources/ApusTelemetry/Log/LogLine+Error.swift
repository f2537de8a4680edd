internal import Logging

extension LogLine {
  /// An error's line, for files that hold nothing else.
  package static func error(
    timeMs: Int64, source: String, message: String, fields: [(key: String, value: String)]
  ) -> LogLine {
    LogLine(timeMs: timeMs, level: .error, source: source, message: message, fields: fields)
  }
}
