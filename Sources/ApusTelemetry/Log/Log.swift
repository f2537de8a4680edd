package import Logging

/// The one way to log. Every part is given one at init; messages are constant, values are fields.
///
/// *error*: someone must act; *warning*: data is late or lost; *info*: life cycle.
package struct Log: Sendable {
  /// For libraries that want swift-log's own type.
  package let logger: Logger

  package init(_ logger: Logger) { self.logger = logger }

  /// Drops everything; for tests.
  package static let none = Log(Logger(label: "none") { _ in SwiftLogNoOpLogHandler() })

  /// The same log with one more field on every line.
  package func with(_ key: String, _ value: String) -> Log {
    var copy = logger
    copy[metadataKey: key] = .string(value)
    return Log(copy)
  }

  package func debug(
    _ message: StaticString, _ fields: @autoclosure () -> KeyValuePairs<String, String> = [:]
  ) {
    write(.debug, message, fields)
  }

  package func info(
    _ message: StaticString, _ fields: @autoclosure () -> KeyValuePairs<String, String> = [:]
  ) {
    write(.info, message, fields)
  }

  package func warning(
    _ message: StaticString, _ fields: @autoclosure () -> KeyValuePairs<String, String> = [:]
  ) {
    write(.warning, message, fields)
  }

  package func error(
    _ message: StaticString, _ fields: @autoclosure () -> KeyValuePairs<String, String> = [:]
  ) {
    write(.error, message, fields)
  }

  private func write(
    _ level: Logger.Level, _ message: StaticString,
    _ fields: () -> KeyValuePairs<String, String>
  ) {
    guard logger.logLevel <= level else { return }
    var metadata = Logger.Metadata()
    for (key, value) in fields() { metadata[key] = .string(value) }
    logger.log(level: level, "\(message)", metadata: metadata)
  }
}
