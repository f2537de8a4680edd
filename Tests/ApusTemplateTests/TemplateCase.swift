import Foundation
import Testing

/// Cases in testdata/template: a line with a template, below it an indented line with the outcome.
struct TemplateCase: Sendable, CustomTestStringConvertible {
  let text: String
  let outcome: String

  var testDescription: String { text }

  static func load(_ name: String) -> [TemplateCase] {
    var root = URL(filePath: #filePath)
    for _ in 0..<3 { root.deleteLastPathComponent() }
    let file = root.appending(path: "testdata/template/\(name)")
    guard let content = try? String(contentsOf: file, encoding: .utf8) else { return [] }
    var cases: [TemplateCase] = []
    var text: Substring?
    for line in content.split(separator: "\n") where !line.hasPrefix("# ") {
      if let asked = text, line.hasPrefix("    ") {
        cases.append(TemplateCase(text: String(asked), outcome: String(line.dropFirst(4))))
        text = nil
      } else {
        text = line
      }
    }
    return cases
  }
}
