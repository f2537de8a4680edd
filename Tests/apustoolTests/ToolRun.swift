import ApusSystem
import ApusTesting
import Foundation
import Synchronization

@testable import apustool

/// What a command line did.
struct ToolResult {
  let status: Int32
  let output: String
  let errors: String

  var lines: [String] {
    output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }
}

/// Runs the tool as the shell would.
func tool(
  _ arguments: String..., input: String = "", nowMs: Int64 = 1_700_000_000_000
) async -> ToolResult {
  await tool(arguments, input: input, nowMs: nowMs)
}

func tool(
  _ arguments: [String], input: String = "", nowMs: Int64 = 1_700_000_000_000
) async -> ToolResult {
  let written = Written()
  let console = Console(
    writeOutput: { text in written.output.withLock { $0 += text } },
    writeError: { text in written.errors.withLock { $0 += text } },
    readInput: { Array(input.utf8) }, clock: StoppedClock(nowMs: nowMs))
  let status = await Tool.run(arguments, on: console)
  return ToolResult(
    status: status, output: written.output.withLock { $0 },
    errors: written.errors.withLock { $0 })
}

private final class Written: Sendable {
  let output = Mutex("")
  let errors = Mutex("")
}

/// A directory that is gone with the test.
final class TemporaryDirectory: Sendable {
  let path: String

  init() throws {
    path = FilePath.join(
      NSTemporaryDirectory(), "apustool-\(SystemRandomSource().next())")
    try PosixFileSystem().makeDirectory(path)
  }

  deinit { try? PosixFileSystem().remove(path) }

  func file(_ name: String, _ text: String) throws -> String {
    try PosixFileSystem().write(self[name], Array(text.utf8))
    return self[name]
  }

  subscript(name: String) -> String { FilePath.join(path, name) }

  /// Every file below with its bytes.
  var contents: [String: [UInt8]] {
    var found: [String: [UInt8]] = [:]
    func add(_ directory: String) {
      for name in (try? PosixFileSystem().list(directory)) ?? [] {
        let path = FilePath.join(directory, name)
        if PosixFileSystem().isDirectory(path) {
          found[path] = []
          add(path)
        } else {
          found[path] = try? PosixFileSystem().read(path)
        }
      }
    }
    add(path)
    return found
  }
}

/// Debian's promtool, where it is installed.
enum Promtool {
  static let path = "/usr/bin/promtool"
  static var isMissing: Bool { !PosixFileSystem().exists(path) }

  static func run(_ arguments: [String]) throws -> ToolResult {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    let errorText = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return ToolResult(
      status: process.terminationStatus, output: String(decoding: text, as: UTF8.self),
      errors: String(decoding: errorText, as: UTF8.self))
  }
}
