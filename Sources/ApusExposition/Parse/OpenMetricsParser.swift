internal import ApusModel

/// OpenMetrics, 0.0.1 and 1.0.0. Exactly one blank between tokens; the data ends with `# EOF`.
///
///     # HELP name text \n      # TYPE name kind \n      # UNIT name unit \n      # EOF \n
///     name{label="value",...} value timestamp-s # {label="value",...} value timestamp-s \n
extension ExpositionParser {
  mutating func nextOpenMetrics() throws(ExpositionError) -> Entry {
    entryStart = at
    parts.removeAll(keepingCapacity: true)
    foundExemplar.isThere = false
    if takeQuickSeries() { return .series }
    let token = lexOpenMetrics()
    switch token {
    case .eofWord:
      guard at == body.count else { throw failure("unexpected data after # EOF") }
      return .end
    case .eof: throw failure("data does not end with # EOF")
    case .help, .type, .unit: return try readOpenMetricsMetadata(token)
    case .braceOpen:
      parts.append(-1)
      parts.append(-1)
      try readLabels()
      series = entryStart..<at
      try readOpenMetricsSuffix(lexOpenMetrics())
      return .series
    case .metricName:
      parts.append(tokenStart)
      parts.append(at)
      series = entryStart..<at
      var following = lexOpenMetrics()
      if following == .braceOpen {
        try readLabels()
        series = entryStart..<at
        following = lexOpenMetrics()
      }
      try readOpenMetricsSuffix(following)
      return .series
    default: throw unexpected("expected a valid start token", token)
    }
  }

  private mutating func readOpenMetricsMetadata(_ token: Token) throws(ExpositionError) -> Entry {
    try readMetadataName(token, lexOpenMetrics())
    guard lexOpenMetrics() == .text else {
      throw failure("expected text in \(token.rawValue)")
    }
    text = (tokenStart + 1)..<max(tokenStart + 1, at - 1)
    switch token {
    case .type:
      try readKind()
      return .type
    case .help:
      try checkHelp()
      return .help
    default:
      try checkUnit()
      return .unit
    }
  }

  private func checkUnit() throws(ExpositionError) {
    let unit = string(text.lowerBound, text.upperBound)
    guard !unit.isEmpty else { return }
    let name = metadataName
    guard name.utf8.count > unit.utf8.count, name.hasSuffix("_" + unit) else {
      throw failure("unit \(GoQuote.quote(unit)) not a suffix of metric \(GoQuote.quote(name))")
    }
  }

  /// What follows name and labels: value, time, exemplar, line end.
  mutating func readOpenMetricsSuffix(_ token: Token) throws(ExpositionError) {
    try checkName()
    value = try openMetricsNumber(token, after: "metric")
    timeMs = nil
    var following = lexOpenMetrics()
    if following == .timestamp {
      timeMs = try seconds("timestamp")
      following = lexOpenMetrics()
      guard following == .linebreak || following == .comment else {
        throw unexpected("expected next entry after timestamp", following)
      }
    }
    switch following {
    case .linebreak: return
    case .comment: try readExemplar()
    case .eof: throw failure("data does not end with # EOF")
    default: throw unexpected("expected timestamp or new record", following)
    }
  }

  private mutating func readExemplar() throws(ExpositionError) {
    foundExemplar.parts.removeAll(keepingCapacity: true)
    var found: [Int] = []
    swap(&found, &foundExemplar.parts)
    defer { swap(&found, &foundExemplar.parts) }
    try readLabels(into: &found, isExemplar: true)
    let number = lexOpenMetrics()
    foundExemplar.value = try openMetricsNumber(number, after: "exemplar labels")
    foundExemplar.timeMs = nil
    let following = lexOpenMetrics()
    switch following {
    case .linebreak: break
    case .timestamp:
      foundExemplar.timeMs = try seconds("exemplar timestamp")
      let end = lexOpenMetrics()
      guard end == .linebreak else {
        throw unexpected("expected next entry after exemplar timestamp", end)
      }
    case .eof: throw failure("data does not end with # EOF")
    default: throw unexpected("expected timestamp or comment", following)
    }
    foundExemplar.isThere = true
  }

  private func openMetricsNumber(
    _ token: Token, after what: String
  ) throws(ExpositionError) -> Double {
    guard token == .value else { throw unexpected("expected value after \(what)", token) }
    return try number(tokenStart + 1, at)
  }

  /// Seconds in the text, milliseconds here. A time that no Int64 holds is one that no store takes,
  /// as it is for Prometheus.
  private func seconds(_ what: String) throws(ExpositionError) -> Int64 {
    let time = try number(tokenStart + 1, at)
    guard time.isFinite else {
      throw failure("invalid \(what) \(time.isNaN ? "NaN" : (time < 0 ? "-Inf" : "+Inf"))")
    }
    return Int64(exactly: (time * 1000).rounded(.towardZero)) ?? .min
  }

  mutating func lexOpenMetrics() -> Token {
    tokenStart = at
    let c = byte(at)
    if c < 0 { return .eof }
    switch state {
    case .initial: return lexOpenMetricsStart(c)
    case .metadataName:
      guard takeQuoted(acrossLines: true) || takeName(colon: true) else { return .invalid }
      state = .metadataText
      return .metricName
    case .metadataText:
      guard c == 0x20 else { return .invalid }
      take { $0 == 0x0A }
      guard byte(at) == 0x0A else { return .invalid }
      at += 1
      state = .initial
      return .text
    case .labels: return lexLabel(c, acrossLines: true)
    case .labelValue:
      guard takeQuoted(acrossLines: false) else { return .invalid }
      state = .labels
      return .labelValue
    case .value:
      if c == 0x7B {
        at += 1
        state = .labels
        return .braceOpen
      }
      return lexAfterBlank(.value, then: .timestamp)
    default: return lexOpenMetricsRest(c)
    }
  }

  /// The states after a sample's value.
  private mutating func lexOpenMetricsRest(_ c: Int) -> Token {
    switch state {
    case .exemplar:
      let token = lexLabel(c, acrossLines: false)
      switch token {
      case .braceClose, .equal: state = .exemplarValue
      default: state = .exemplar
      }
      return token
    case .exemplarValue where c == 0x22:
      guard takeQuoted(acrossLines: false) else { return .invalid }
      state = .exemplar
      return .labelValue
    case .exemplarValue: return lexAfterBlank(.value, then: .exemplarTimestamp)
    default: break
    }
    if c == 0x0A {
      at += 1
      state = .initial
      return .linebreak
    }
    if state == .timestamp, takeWord((" ", "#", " ", "{")) {
      state = .exemplar
      return .comment
    }
    return lexAfterBlank(.timestamp, then: state)
  }

  private mutating func lexOpenMetricsStart(_ c: Int) -> Token {
    switch c {
    case 0x7B:
      at += 1
      state = .labels
      return .braceOpen
    case 0x23:
      at += 1
      guard byte(at) == 0x20 else { return .invalid }
      at += 1
      return lexOpenMetricsComment()
    default:
      guard takeName(colon: true) else { return .invalid }
      state = .value
      return .metricName
    }
  }

  private mutating func lexOpenMetricsComment() -> Token {
    let start = at
    if let token = takeMetadataWord(unit: true) {
      if byte(at) == 0x20 {
        at += 1
        state = .metadataName
        return token
      }
      at = start
    }
    guard byte(at) == 0x45, byte(at + 1) == 0x4F, byte(at + 2) == 0x46 else { return .invalid }
    at += 3
    if byte(at) == 0x0A { at += 1 }
    return .eofWord
  }

  /// One blank, then anything up to the next blank or line end.
  private mutating func lexAfterBlank(_ token: Token, then: LexerState) -> Token {
    guard byte(at) == 0x20 else { return .invalid }
    at += 1
    let start = at
    take { $0 == 0x20 || $0 == 0x0A || $0 == 0 }
    guard at > start else { return .invalid }
    state = then
    return token
  }
}
