import Foundation
import Testing

/// Cases in testdata/promql: a line with a query, below it an indented line with the outcome.
struct TextCase: Sendable, CustomTestStringConvertible {
  let query: String
  let outcome: String

  var testDescription: String { query }

  static func load(_ name: String) -> [TextCase] {
    var root = URL(filePath: #filePath)
    for _ in 0..<3 { root.deleteLastPathComponent() }
    let file = root.appending(path: "testdata/promql/\(name)")
    guard let text = try? String(contentsOf: file, encoding: .utf8) else { return [] }
    var cases: [TextCase] = []
    var query: Substring?
    for line in text.split(separator: "\n") where !line.hasPrefix("# ") {
      if let asked = query, line.hasPrefix("    ") {
        cases.append(TextCase(query: String(asked), outcome: String(line.dropFirst(4))))
        query = nil
      } else {
        query = line
      }
    }
    return cases
  }
}
