package import Logging

/// The one way to log. Every part is given one at init; messages are constant, values are fields,
/// printed in the order they are given.
///
/// *error*: someone must act; *warning*: data is late or lost; *info*: life cycle.
package struct Log: Sendable {
  /// For libraries that want swift-log's own type.
  package let logger: Logger
  private let context: [(String, String)]

  package init(_ logger: Logger) { self.init(logger, context: []) }

  private init(_ logger: Logger, context: [(String, String)]) {
    self.logger = logger
    self.context = context
  }

  /// Drops everything; for tests.
  package static let none = Log(Logger(label: "none") { _ in SwiftLogNoOpLogHandler() })

  /// The same log with one more field on every line.
  package func with(_ key: String, _ value: String) -> Log {
    var copy = logger
    copy[metadataKey: key] = .string(value)
    return Log(copy, context: context + [(key, value)])
  }

  package func debug(
    _ message: StaticString, _ fields: @autoclosure () -> KeyValuePairs<String, String> = [:],
    file: String = #fileID, line: UInt = #line
  ) {
    write(.debug, message, fields, file, line)
  }

  package func info(
    _ message: StaticString, _ fields: @autoclosure () -> KeyValuePairs<String, String> = [:],
    file: String = #fileID, line: UInt = #line
  ) {
    write(.info, message, fields, file, line)
  }

  package func warning(
    _ message: StaticString, _ fields: @autoclosure () -> KeyValuePairs<String, String> = [:],
    file: String = #fileID, line: UInt = #line
  ) {
    write(.warning, message, fields, file, line)
  }

  package func error(
    _ message: StaticString, _ fields: @autoclosure () -> KeyValuePairs<String, String> = [:],
    file: String = #fileID, line: UInt = #line
  ) {
    write(.error, message, fields, file, line)
  }

  private func write(
    _ level: Logger.Level, _ message: StaticString,
    _ fields: () -> KeyValuePairs<String, String>, _ file: String, _ line: UInt
  ) {
    guard logger.logLevel <= level else { return }
    let all = context + fields().map { ($0.key, $0.value) }
    let ordered = all.map { Logger.MetadataValue.array([.string($0.0), .string($0.1)]) }
    logger.log(
      level: level, "\(message)", metadata: [LogLine.orderedKey: .array(ordered)], file: file,
      line: line)
  }
}
