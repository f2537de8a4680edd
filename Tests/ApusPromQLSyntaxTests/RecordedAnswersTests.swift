import ApusPromQLSyntax
import Foundation
import Testing

/// Prometheus's own answers to parse_query and format_query and its parse errors, where the
/// folder with the recordings is at hand.
struct RecordedAnswersTests {
  struct Recorded: Sendable {
    let path: String
    let query: String
    let body: String
  }

  static let file: URL = {
    if let folder = ProcessInfo.processInfo.environment["APUS_SHARED"] {
      return URL(filePath: folder).appending(path: "golden/requests.jsonl")
    }
    var root = URL(filePath: #filePath)
    for _ in 0..<4 { root.deleteLastPathComponent() }
    return root.appending(path: "shared/golden/requests.jsonl")
  }()

  static var isThere: Bool { FileManager.default.fileExists(atPath: file.path) }

  static func load() throws -> [Recorded] {
    let text = try String(contentsOf: file, encoding: .utf8)
    return text.split(separator: "\n").compactMap { line in
      let json = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      guard let path = json?["path"] as? String,
        let query = (json?["params"] as? [String: Any])?["query"] as? String,
        let body = (json?["answer"] as? [String: Any])?["body"] as? String
      else { return nil }
      return Recorded(path: path, query: query, body: body)
    }
  }

  static func quoted(_ text: String) throws -> String {
    var text = text
    for (raw, escaped) in [
      ("\\", "\\\\"), ("\"", "\\\""), ("\n", "\\n"), ("<", "\\u003c"), (">", "\\u003e"),
    ] {
      text = text.replacing(raw, with: escaped)
    }
    return "\"\(text)\""
  }

  @Test(.enabled(if: isThere, "the recorded answers are not at hand"))
  func `recorded trees, texts and errors are met`() throws {
    // The recorded server had them switched on.
    let options = ParserOptions(experimentalFunctions: true)
    var checked = 0
    for recorded in try RecordedAnswersTests.load() {
      let expected: String
      do {
        let expression = try Parser.parse(recorded.query, options: options)
        if recorded.path.hasSuffix("parse_query") {
          expected = String(decoding: ASTJSON.json(expression), as: UTF8.self)
        } else if recorded.path.hasSuffix("format_query") {
          expected = try RecordedAnswersTests.quoted(PrettyPrinter.pretty(expression))
        } else {
          #expect(!recorded.body.contains("parse error"), "\(recorded.query)")
          continue
        }
        #expect(recorded.body.contains("\"data\":\(expected)}"), "\(recorded.query)\n\(expected)")
      } catch {
        let message = try RecordedAnswersTests.quoted("\(error)")
        #expect(recorded.body.contains(message.dropFirst()), "\(recorded.query)\n\(message)")
      }
      checked += 1
    }
    #expect(checked > 20)
  }
}
