internal import ApusModel

/// The classic text format, 0.0.4 and 1.0.0.
///
///     # HELP name text \n      # TYPE name kind \n      # anything \n
///     name { label = "value" , ... } value timestamp-ms \n      { "name" , label = "value" } ...
///
/// Blanks and tabs may stand between all tokens.
extension ExpositionParser {
  mutating func nextText() throws(ExpositionError) -> Entry {
    while true {
      entryStart = at
      parts.removeAll(keepingCapacity: true)
      if takeQuickSeries() { return .series }
      let token = nextTextToken()
      switch token {
      case .eof: return .end
      case .linebreak: continue
      case .help, .type: return try readTextMetadata(token)
      case .comment:
        let end = nextTextToken()
        guard end == .linebreak else {
          throw unexpected("linebreak expected after comment", end)
        }
        return .comment
      case .braceOpen:
        parts.append(-1)
        parts.append(-1)
        try readLabels()
        series = entryStart..<at
        try readTextSuffix(nextTextToken())
        return .series
      case .metricName:
        parts.append(tokenStart)
        parts.append(at)
        series = entryStart..<at
        var following = nextTextToken()
        if following == .braceOpen {
          try readLabels()
          series = entryStart..<at
          following = nextTextToken()
        }
        try readTextSuffix(following)
        return .series
      default: throw unexpected("expected a valid start token", token)
      }
    }
  }

  private mutating func readTextMetadata(_ token: Token) throws(ExpositionError) -> Entry {
    try readMetadataName(token, nextTextToken())
    let textToken = nextTextToken()
    guard textToken == .text else {
      throw failure("expected text in \(token.rawValue), got \(textToken.rawValue)")
    }
    text = min(tokenStart + 1, at)..<at
    if token == .type {
      try readKind()
    } else {
      try checkHelp()
    }
    let end = nextTextToken()
    guard end == .linebreak else { throw unexpected("linebreak expected after metadata", end) }
    return token == .type ? .type : .help
  }

  /// What follows name and labels: value, time, line end.
  mutating func readTextSuffix(_ token: Token) throws(ExpositionError) {
    try checkName()
    guard token == .value else { throw unexpected("expected value after metric", token) }
    value = try number(tokenStart, at)
    timeMs = nil
    let following = nextTextToken()
    switch following {
    case .linebreak: return
    case .timestamp:
      let digits = string(tokenStart, at)
      guard let time = Int64(digits) else {
        throw whileParsing("strconv.ParseInt: parsing \"\(digits)\": value out of range")
      }
      timeMs = time
      let end = nextTextToken()
      guard end == .linebreak else {
        throw unexpected("expected next entry after timestamp", end)
      }
    default: throw unexpected("expected timestamp or new record", following)
    }
  }

  mutating func nextTextToken() -> Token {
    while true {
      let token = lexText()
      if token != .whitespace { return token }
    }
  }

  private mutating func lexText() -> Token {
    tokenStart = at
    let c = byte(at)
    if c < 0 { return .eof }
    if c == 0x20 || c == 0x09, state != .metadataText || isBlankLine() {
      at += 1
      while byte(at) == 0x20 || byte(at) == 0x09 { at += 1 }
      return .whitespace
    }
    switch state {
    case .initial: return lexTextStart(c)
    case .comment: return lexTextComment()
    case .metadataName:
      guard takeQuoted(acrossLines: true) || takeName(colon: true) else { return .invalid }
      state = .metadataText
      return .metricName
    case .metadataText:
      take { $0 == 0x0A }
      state = .initial
      return .text
    case .labels: return lexLabel(c, acrossLines: true)
    case .labelValue:
      guard takeQuoted(acrossLines: true) else { return .invalid }
      state = .labels
      return .labelValue
    default: return lexTextValue(c)
    }
  }

  private mutating func lexTextStart(_ c: Int) -> Token {
    switch c {
    case 0: return .eof
    case 0x0A:
      at += 1
      return .linebreak
    case 0x23:
      at += 1
      guard byte(at) == 0x20 || byte(at) == 0x09 else { return lexTextCommentRest() }
      while byte(at) == 0x20 || byte(at) == 0x09 { at += 1 }
      state = .comment
      return lexTextComment()
    case 0x7B:
      at += 1
      state = .labels
      return .braceOpen
    default:
      guard takeName(colon: true) else { return .invalid }
      state = .value
      return .metricName
    }
  }

  private mutating func lexTextComment() -> Token {
    let start = at
    if let token = takeMetadataWord(unit: false) {
      if byte(at) == 0x20 || byte(at) == 0x09 {
        while byte(at) == 0x20 || byte(at) == 0x09 { at += 1 }
        state = .metadataName
        return token
      }
      at = start
    }
    return lexTextCommentRest()
  }

  private mutating func lexTextCommentRest() -> Token {
    take { $0 == 0x0A }
    state = .initial
    return .comment
  }

  private mutating func lexTextValue(_ c: Int) -> Token {
    if state == .value {
      if c == 0x7B {
        at += 1
        state = .labels
        return .braceOpen
      }
      take { $0 == 0x7B || $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0 }
      guard at > tokenStart else { return .invalid }
      state = .timestamp
      return .value
    }
    if c == 0x0A {
      at += 1
      state = .initial
      return .linebreak
    }
    take { $0 < 0x30 || $0 > 0x39 }
    return at > tokenStart ? .timestamp : .invalid
  }

  /// Whether only blanks follow on this line.
  private func isBlankLine() -> Bool {
    var i = at
    while byte(i) == 0x20 || byte(i) == 0x09 { i += 1 }
    return byte(i) == 0x0A
  }
}
