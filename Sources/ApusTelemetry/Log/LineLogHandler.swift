package import Logging

/// A swift-log handler that writes one line for each event.
package struct LineLogHandler: LogHandler {
  package var logLevel: Logger.Level
  package var metadata: Logger.Metadata = [:]
  private let format: LogFormat
  private let nowMs: @Sendable () -> Int64
  private let write: @Sendable (String) -> Void

  /// - Parameters:
  ///   - nowMs: ms since the epoch.
  ///   - write: takes whole lines, newline included; called from any thread.
  package init(
    level: Logger.Level, format: LogFormat, nowMs: @escaping @Sendable () -> Int64,
    write: @escaping @Sendable (String) -> Void
  ) {
    logLevel = level
    self.format = format
    self.nowMs = nowMs
    self.write = write
  }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    let own = event.metadata ?? [:]
    let all = own[LogLine.orderedKey] == nil ? metadata.merging(own) { $1 } : own
    let file = event.file.split(separator: "/").last.map(String.init) ?? event.file
    let line = LogLine(
      timeMs: nowMs(), level: event.level, source: "\(file):\(event.line)",
      message: event.message.description, fields: LogLine.fields(all))
    write(format.text(line))
  }
}
