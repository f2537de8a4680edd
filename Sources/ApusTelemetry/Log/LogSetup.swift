internal import Glibc
package import Logging

/// `--log.level` and `--log.format` to the log of a process.
package enum LogSetup {
  /// Prometheus's names of the levels, in order.
  package static let levelNames = ["debug", "info", "warn", "error"]

  package static func level(named name: String) -> Logger.Level? {
    switch name {
    case "debug": .debug
    case "info": .info
    case "warn": .warning
    case "error": .error
    default: nil
    }
  }

  /// A log on standard error. One write(2) a line, so that lines never mix.
  package static func standardError(
    level: Logger.Level, format: LogFormat, nowMs: @escaping @Sendable () -> Int64
  ) -> Log {
    let handler = LineLogHandler(level: level, format: format, nowMs: nowMs) { line in
      let bytes = Array(line.utf8)
      _ = unsafe bytes.withUnsafeBytes { unsafe write(2, $0.baseAddress, $0.count) }
    }
    return Log(Logger(label: "apus") { _ in handler })
  }

  /// A log of warnings and errors alone, for whoever has no log of his own but a place for lines.
  package static func warnings(
    nowMs: @escaping @Sendable () -> Int64, write: @escaping @Sendable (String) -> Void
  ) -> Log {
    let handler = LineLogHandler(level: .warning, format: .logfmt, nowMs: nowMs, write: write)
    return Log(Logger(label: "apus") { _ in handler })
  }
}
