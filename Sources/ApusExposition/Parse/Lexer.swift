/// Raw values are Prometheus's names, which stand in its error texts.
enum Token: String {
  case invalid = "INVALID"
  case eof = "EOF"
  case linebreak = "LINEBREAK"
  case whitespace = "WHITESPACE"
  case help = "HELP"
  case type = "TYPE"
  case unit = "UNIT"
  case eofWord = "EOFWORD"
  case text = "TEXT"
  case comment = "COMMENT"
  case metricName = "MNAME"
  case quotedString = "QSTRING"
  case braceOpen = "BOPEN"
  case braceClose = "BCLOSE"
  case labelName = "LNAME"
  case labelValue = "LVALUE"
  case comma = "COMMA"
  case equal = "EQUAL"
  case timestamp = "TIMESTAMP"
  case value = "VALUE"
}

/// What may come next; the same states for both formats.
enum LexerState {
  case initial, comment, metadataName, metadataText, labels, labelValue, value, timestamp
  case exemplar, exemplarValue, exemplarTimestamp
}

/// What both lexers are made of. A byte is an Int, -1 past the end.
extension ExpositionParser {
  /// The text format implies a line end after its last byte.
  var byteCount: Int { format == .text ? body.count + 1 : body.count }

  func byte(_ i: Int) -> Int {
    if i < body.count { return Int(body[i]) }
    return format == .text && i == body.count ? 10 : -1
  }

  /// Moves over a name: a letter or `_`, then also digits; `:` too where `colon` says so.
  mutating func takeName(colon: Bool) -> Bool {
    guard isNameByte(byte(at), colon: colon, digit: false) else { return false }
    at += 1
    while isNameByte(byte(at), colon: colon, digit: true) { at += 1 }
    return true
  }

  /// Moves over a double-quoted string; on false `at` is where it went wrong.
  mutating func takeQuoted(acrossLines: Bool) -> Bool {
    guard byte(at) == 0x22 else { return false }
    at += 1
    while true {
      switch byte(at) {
      case 0x22:
        at += 1
        return true
      case -1: return false
      case 0x0A where !acrossLines: return false
      case 0x5C:
        at += 1
        guard byte(at) >= 0 && byte(at) != 0x0A else { return false }
        at += 1
      default: at += 1
      }
    }
  }

  /// Moves over a word of four bytes, all of it or nothing.
  mutating func takeWord(_ word: (Unicode.Scalar, Unicode.Scalar, Unicode.Scalar, Unicode.Scalar))
    -> Bool
  {
    guard byte(at) == Int(word.0.value), byte(at + 1) == Int(word.1.value),
      byte(at + 2) == Int(word.2.value), byte(at + 3) == Int(word.3.value)
    else { return false }
    at += 4
    return true
  }

  /// The kind of metadata whose word stands here, moved over.
  mutating func takeMetadataWord(unit: Bool) -> Token? {
    if takeWord(("H", "E", "L", "P")) { return .help }
    if takeWord(("T", "Y", "P", "E")) { return .type }
    return unit && takeWord(("U", "N", "I", "T")) ? .unit : nil
  }

  mutating func take(until isEnd: (Int) -> Bool) {
    while true {
      let c = byte(at)
      if c < 0 || isEnd(c) { return }
      at += 1
    }
  }
}

func isNameByte(_ c: Int, colon: Bool, digit: Bool) -> Bool {
  switch c {
  case 0x61...0x7A, 0x41...0x5A, 0x5F: true
  case 0x30...0x39: digit
  case 0x3A: colon
  default: false
  }
}
