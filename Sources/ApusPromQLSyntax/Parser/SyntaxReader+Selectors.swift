internal import ApusModel

extension SyntaxReader {
  /// `name{...}`, `name` or `{...}`, without what may follow it.
  mutating func selector(named name: Token? = nil) throws(Stop) -> VectorSelector {
    var name = name
    if name == nil, try peek().mayNameMetric { name = try take() }
    var range = name?.range ?? SourceRange(0, 0)
    var matchers: [LabelMatcher] = []
    if let open = try accept(.leftBrace) {
      matchers = try labelMatchers()
      range = SourceRange(name?.start ?? open.start, lastEnd)
    } else if name == nil {
      throw try unexpected()
    }
    let shown = name.map { text($0) } ?? ""
    if !shown.isEmpty { matchers.append(.equal(LabelNames.metricName, shown)) }
    return VectorSelector(name: shown, matchers: matchers, range: range)
  }

  /// What stands behind an opening brace, with the closing one.
  private mutating func labelMatchers() throws(Stop) -> [LabelMatcher] {
    var matchers: [LabelMatcher] = []
    if try accept(.rightBrace) != nil { return matchers }
    while true {
      if let matcher = try labelMatcher() { matchers.append(matcher) }
      switch try peek() {
      case .comma:
        try take()
        if try accept(.rightBrace) != nil { return matchers }
      case .rightBrace:
        try take()
        return matchers
      default: throw try unexpected("label matching", "\",\" or \"}\"")
      }
    }
  }

  private mutating func labelMatcher() throws(Stop) -> LabelMatcher? {
    let label = try peekToken()
    guard label.kind == .identifier || label.kind == .string else {
      throw try unexpected("label matching", "identifier or \"}\"")
    }
    try take()
    let isQuoted = label.kind == .string
    let name = isQuoted ? unquotedText(label) : text(label)
    let kind: LabelMatcher.Kind
    switch try peek() {
    case .equal: kind = .equal
    case .notEqual: kind = .notEqual
    case .equalRegex: kind = .regex
    case .notEqualRegex: kind = .notRegex
    default:
      if isQuoted { return .equal(LabelNames.metricName, name) }
      throw try unexpected("label matching", "label matching operator")
    }
    try take()
    guard let value = try accept(.string) else {
      throw try unexpected("label matching", "string")
    }
    do {
      return try LabelMatcher(kind, name, unquotedText(value))
    } catch {
      report(SourceRange(label.start, value.end), "\(error)")
      return nil
    }
  }

  func unquotedText(_ token: Token) -> String {
    String(decoding: lexer.unquoted(token), as: UTF8.self)
  }

  // MARK: Labels of one series

  /// `name{label="value"}` as labels.
  mutating func metric() throws(Stop) -> Labels {
    var builder = LabelsBuilder()
    var name: String?
    if try peek().mayNameMetric { name = text(try take()) }
    if try accept(.leftBrace) != nil {
      for label in try labelSet() { builder.set(label.name, label.value) }
    }
    if let name { builder.set(LabelNames.metricName, name) }
    return builder.labels()
  }

  private mutating func labelSet() throws(Stop) -> [Label] {
    var labels: [Label] = []
    if try accept(.rightBrace) != nil { return labels }
    while true {
      labels.append(try labelSetItem())
      switch try peek() {
      case .comma:
        try take()
        if try accept(.rightBrace) != nil { return labels }
      case .rightBrace:
        try take()
        return labels
      default: throw try unexpected("label set", "\",\" or \"}\"")
      }
    }
  }

  private mutating func labelSetItem() throws(Stop) -> Label {
    let name = try peekToken()
    guard name.kind == .identifier || name.kind == .string else {
      throw try unexpected("label set", "identifier or \"}\"")
    }
    try take()
    let isQuoted = name.kind == .string
    if try accept(.equal) == nil {
      if isQuoted { return Label(LabelNames.metricName, unquotedText(name)) }
      throw try unexpected("label set", "\"=\"")
    }
    guard let value = try accept(.string) else { throw try unexpected("label set", "string") }
    return Label(isQuoted ? unquotedText(name) : text(name), unquotedText(value))
  }
}
