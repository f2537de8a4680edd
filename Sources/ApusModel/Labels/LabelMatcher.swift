package import ApusSystem

/// =, !=, =~ or !~ on one label.
package struct LabelMatcher: Sendable, Hashable {
  package enum Kind: String, Sendable {
    case equal = "="
    case notEqual = "!="
    case regex = "=~"
    case notRegex = "!~"
  }

  package let kind: Kind
  package let name: String
  package let value: String
  /// The compiled pattern; nil for = and !=.
  package let pattern: RegexMatcher?

  package static func equal(_ name: String, _ value: String) -> LabelMatcher {
    LabelMatcher(kind: .equal, name: name, value: value, pattern: nil)
  }

  /// - Throws: `RegexError` if a pattern does not compile.
  package init(_ kind: Kind, _ name: String, _ value: String) throws(RegexError) {
    self.kind = kind
    self.name = name
    self.value = value
    switch kind {
    case .equal, .notEqual: pattern = nil
    case .regex, .notRegex: pattern = try RegexMatcher(value)
    }
  }

  private init(kind: Kind, name: String, value: String, pattern: RegexMatcher?) {
    self.kind = kind
    self.name = name
    self.value = value
    self.pattern = pattern
  }

  /// Whether a label value matches; a missing label has the value "".
  package func matches(_ text: String) -> Bool { matches(text.utf8.span) }

  package func matches(_ text: Span<UInt8>) -> Bool {
    switch kind {
    case .equal: compareBytes(text, value.utf8.span) == 0
    case .notEqual: compareBytes(text, value.utf8.span) != 0
    case .regex: pattern?.matches(text) ?? false
    case .notRegex: !(pattern?.matches(text) ?? false)
    }
  }

  /// Whether series without the label match.
  package var matchesEmpty: Bool { matches("") }

  package func matches(_ labels: Labels) -> Bool {
    guard let range = labels.valueRange(of: name) else { return matchesEmpty }
    return matches(labels.bytes.span.extracting(range))
  }

  package static func == (a: LabelMatcher, b: LabelMatcher) -> Bool {
    a.kind == b.kind && a.name == b.name && a.value == b.value
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(kind)
    hasher.combine(name)
    hasher.combine(value)
  }
}

extension LabelMatcher: CustomStringConvertible {
  package var description: String {
    let shown = LabelNames.isLegacyValid(name) ? name : GoQuote.quote(name)
    return "\(shown)\(kind.rawValue)\(GoQuote.quote(value))"
  }
}
