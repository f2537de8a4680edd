/// What is wrong with an expression, and where.
package struct ParseError: Error, Sendable, CustomStringConvertible {
  /// One finding: a range of the text and a message in Prometheus's words.
  package struct Finding: Sendable, Equatable {
    package let range: SourceRange
    package let message: String

    package init(range: SourceRange, message: String) {
      self.range = range
      self.message = message
    }
  }

  /// In order of appearance; never empty.
  package let findings: [Finding]
  package let query: String

  package init(findings: [Finding], query: String) {
    self.findings = findings
    self.query = query
  }
}

extension ParseError {
  /// `line:column: parse error: message`; with more than one finding, the first and how many
  /// more there are.
  package var description: String {
    let first = "\(position(of: findings[0].range.start)): parse error: \(findings[0].message)"
    let more = findings.count - 1
    return more == 0 ? first : "\(first) (and \(more) more errors)"
  }

  /// Line and column, both from 1, of a byte offset.
  package func position(of offset: Int) -> String {
    var line = 1
    var lineStart = 0
    for (i, byte) in query.utf8.enumerated() {
      if i >= offset { break }
      if byte == UInt8(ascii: "\n") {
        line += 1
        lineStart = i + 1
      }
    }
    return "\(line):\(offset - lineStart + 1)"
  }
}
