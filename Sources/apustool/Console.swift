internal import ApusSystem
internal import Foundation

/// Where a run of the tool reads and writes: the process's streams, or what a test gives.
struct Console: Sendable {
  var writeOutput: @Sendable (String) -> Void
  var writeError: @Sendable (String) -> Void
  var readInput: @Sendable () -> [UInt8]
  var clock: any WallClock

  static let process = Console(
    writeOutput: { StandardStreams.writeOutput($0) },
    writeError: { StandardStreams.writeError($0) },
    readInput: { [UInt8](FileHandle.standardInput.readDataToEndOfFile()) },
    clock: SystemWallClock())

  /// Of the run that the current task belongs to.
  @TaskLocal static var current = Console.process
}

/// The tool's two streams.
enum Output {
  static func line(_ text: String = "") { Console.current.writeOutput(text + "\n") }

  /// Without an end of line.
  static func text(_ text: String) { Console.current.writeOutput(text) }

  static func errorLine(_ text: String) { Console.current.writeError(text + "\n") }
}

/// Lines of a long output, handed on by the piece.
struct OutputBuffer: ~Copyable {
  private var bytes: [UInt8] = []

  mutating func line(_ text: String) {
    bytes.append(contentsOf: text.utf8)
    bytes.append(UInt8(ascii: "\n"))
    if bytes.count > 1 << 16 { flush() }
  }

  mutating func flush() {
    if bytes.isEmpty { return }
    Output.text(String(decoding: bytes, as: UTF8.self))
    bytes.removeAll(keepingCapacity: true)
  }
}

/// A command that cannot go on: what it says on standard error before it ends with code 1.
struct CommandFailure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
