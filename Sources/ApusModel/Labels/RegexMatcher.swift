package import ApusSystem

/// A fully anchored regular expression with shortcuts for the shapes that dashboards use:
/// literals, alternations of literals, literal prefixes, and "anything".
///
/// Semantics are Prometheus's: `^(?s:pattern)$` in RE2 syntax.
package struct RegexMatcher: Sendable {
  package enum Shortcut: Sendable, Equatable {
    /// Matches exactly these values, such as `a|b|c`.
    case oneOf([String])
    /// `prefix.*`
    case prefix(String)
    /// `prefix.+`
    case longerPrefix(String)
    /// `.*`
    case anything
    /// `.+`
    case anyButEmpty
  }

  package let source: String
  package let shortcut: Shortcut?
  private let compiled: RE2Pattern

  package init(_ source: String) throws(RegexError) {
    self.source = source
    compiled = try RE2Pattern(source)
    shortcut = RegexMatcher.shortcut(for: source)
  }

  /// Every value that can match, where that is a finite, known set.
  package var literals: [String]? {
    guard case .oneOf(let values) = shortcut else { return nil }
    return values
  }

  package func matches(_ text: Span<UInt8>) -> Bool {
    switch shortcut {
    case .oneOf(let values):
      return values.contains { compareBytes($0.utf8.span, text) == 0 }
    case .prefix(let prefix):
      return RegexMatcher.hasPrefix(text, prefix)
    case .longerPrefix(let prefix):
      return text.count > prefix.utf8.count && RegexMatcher.hasPrefix(text, prefix)
    case .anything: return true
    case .anyButEmpty: return text.count > 0
    case nil: return compiled.fullyMatches(text)
    }
  }

  private static func hasPrefix(_ text: Span<UInt8>, _ prefix: String) -> Bool {
    let bytes = prefix.utf8.span
    guard text.count >= bytes.count else { return false }
    return compareBytes(text.extracting(0..<bytes.count), bytes) == 0
  }

  /// Bytes that mean something else than themselves in a pattern.
  private static let special = Set("\\.+*?()|[]{}^$".utf8)

  private static func isLiteral(_ text: Substring) -> Bool {
    text.utf8.allSatisfy { !special.contains($0) }
  }

  private static func shortcut(for source: String) -> Shortcut? {
    if source == ".*" { return .anything }
    if source == ".+" { return .anyButEmpty }
    let parts = source.split(separator: "|", omittingEmptySubsequences: false)
    if parts.allSatisfy(isLiteral) { return .oneOf(parts.map(String.init)) }
    for (tail, make) in [(".*", Shortcut.prefix), (".+", Shortcut.longerPrefix)] {
      if source.hasSuffix(tail), isLiteral(source.dropLast(2)) {
        return make(String(source.dropLast(2)))
      }
    }
    return nil
  }
}
