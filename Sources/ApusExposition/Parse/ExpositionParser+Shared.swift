internal import ApusModel
internal import ApusSystem

/// What both formats have in common: labels, metadata names and kinds.
extension ExpositionParser {
  private mutating func nextToken() -> Token {
    format == .text ? nextTextToken() : lexOpenMetrics()
  }

  /// What stands between braces. A quoted string with no value is the metric name.
  mutating func readLabels() throws(ExpositionError) {
    var found: [Int] = []
    swap(&found, &parts)
    defer { swap(&found, &parts) }
    try readLabels(into: &found, isExemplar: false)
  }

  mutating func readLabels(
    into found: inout [Int], isExemplar: Bool
  ) throws(ExpositionError) {
    var token = nextToken()
    while true {
      var start = tokenStart
      var end = at
      let isQuoted = token == .quotedString
      switch token {
      case .braceClose: return
      case .labelName, .quotedString: break
      default: throw unexpected("expected label name", token)
      }
      token = nextToken()
      if token == .comma || token == .braceClose, isQuoted || format == .openMetrics {
        guard !isExemplar, isQuoted else { throw unexpected("expected label name", token) }
        guard found[0] == -1 else { throw whileParsing("metric name already set") }
        found[0] = start + 1
        found[1] = end - 1
        if token == .braceClose { return }
        token = nextToken()
        continue
      }
      if isQuoted {
        start += 1
        end -= 1
      }
      guard token == .equal else { throw unexpected("expected equal", token) }
      try readLabelValue(start, end, into: &found)
      // A comma after the last label is allowed.
      token = nextToken()
      if token == .comma {
        token = nextToken()
      } else if format == .openMetrics, token != .braceClose {
        throw unexpected("expected comma or brace close", token)
      }
    }
  }

  private mutating func readLabelValue(
    _ start: Int, _ end: Int, into found: inout [Int]
  ) throws(ExpositionError) {
    let token = nextToken()
    guard token == .labelValue else { throw unexpected("expected label value", token) }
    guard isUTF8(body, tokenStart, at) else {
      throw failure("invalid UTF-8 label value: \(quoted(copy(tokenStart, at)))")
    }
    found.append(start)
    found.append(end)
    found.append(tokenStart + 1)
    found.append(at - 1)
  }

  mutating func lexLabel(_ c: Int, acrossLines: Bool) -> Token {
    switch c {
    case 0x22: return takeQuoted(acrossLines: acrossLines) ? .quotedString : .invalid
    case 0x7D:
      at += 1
      state = .value
      return .braceClose
    case 0x3D:
      at += 1
      state = .labelValue
      return .equal
    case 0x2C:
      at += 1
      return .comma
    default: return takeName(colon: false) ? .labelName : .invalid
    }
  }

  mutating func readMetadataName(_ kind: Token, _ token: Token) throws(ExpositionError) {
    guard token == .metricName else {
      throw unexpected("expected metric name after \(kind.rawValue)", token)
    }
    let isQuoted = body[tokenStart] == doubleQuote
    parts.append(isQuoted ? tokenStart + 1 : tokenStart)
    parts.append(isQuoted ? at - 1 : at)
  }

  mutating func readKind() throws(ExpositionError) {
    if let kind = quickKind() {
      metadataKind = kind
      return
    }
    let word = string(text.lowerBound, text.upperBound)
    let kind = word == "untyped" && format == .text ? .unknown : MetricMetadata.Kind(rawValue: word)
    let isKnown =
      switch kind {
      case nil: false
      case .gaugeHistogram, .info, .stateSet: format == .openMetrics
      default: true
      }
    guard let kind, isKnown else { throw failure("invalid metric type \(GoQuote.quote(word))") }
    metadataKind = kind
  }

  /// The kinds that nearly all metrics have, by length and first letter; the rest is compared then.
  private func quickKind() -> MetricMetadata.Kind? {
    switch (text.count, text.isEmpty ? 0 : body[text.lowerBound]) {
    case (5, UInt8(ascii: "g")) where isText("gauge"): .gauge
    case (7, UInt8(ascii: "c")) where isText("counter"): .counter
    case (7, UInt8(ascii: "s")) where isText("summary"): .summary
    case (9, UInt8(ascii: "h")) where isText("histogram"): .histogram
    default: nil
    }
  }

  private func isText(_ word: String) -> Bool {
    bytesAreEqual(body, text.lowerBound, word.utf8.span, 0, count: text.count)
  }

  func checkHelp() throws(ExpositionError) {
    guard !isUTF8(body, text.lowerBound, text.upperBound) else { return }
    throw failure(
      "help text \(quoted(copy(text.lowerBound, text.upperBound))) is not a valid utf8 string")
  }

  func checkName() throws(ExpositionError) {
    if parts[0] == -1 { throw whileParsing("metric name not set") }
  }
}

/// Whether the bytes are UTF-8. Almost all are ASCII and answered by the first loop.
func isUTF8(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
  var i = start
  while i < end, bytes[i] < 0x80 { i += 1 }
  if i >= end { return true }
  var rest: [UInt8] = []
  rest.reserveCapacity(end - i)
  while i < end {
    rest.append(bytes[i])
    i += 1
  }
  return String(validating: rest, as: UTF8.self) != nil
}
