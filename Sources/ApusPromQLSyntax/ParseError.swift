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
  /// `line:column: parse error: message` of the first finding, as Prometheus shows it.
  package var description: String {
    let first = findings[0]
    return "\(position(of: first.range.start)): parse error: \(first.message)"
  }

  /// Line and column, both from 1, of a byte offset.
  package func position(of offset: Int) -> String {
    SourcePosition.text(of: offset, in: query)
  }
}

/// Places in a query as people count them.
package enum SourcePosition {
  /// Line and column, both from 1, of a byte offset.
  package static func text(of offset: Int, in query: String) -> String {
    if query.isEmpty { return "unknown position" }
    if offset < 0 || offset > query.utf8.count { return "invalid position" }
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
