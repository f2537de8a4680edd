/// Samples as nearly every target writes them, in one pass.
extension ExpositionParser {
  /// Reads `name value` or `name{label="value",...} value` with a plain number and ASCII values
  /// without escapes, which both formats take alike. Of anything else it leaves all as it was, and
  /// the lexers decide.
  mutating func takeQuickSeries() -> Bool {
    let count = body.count
    var i = at
    guard i < count, isNameByte(Int(body[i]), colon: true, digit: false) else { return false }
    i += 1
    while i < count, isNameByte(Int(body[i]), colon: true, digit: true) { i += 1 }
    parts.append(at)
    parts.append(i)
    if i < count, body[i] == UInt8(ascii: "{") {
      guard let end = quickLabels(i + 1) else { return giveUp() }
      i = end
    }
    guard let (number, next) = quickSample(body, i) else { return giveUp() }
    series = at..<i
    value = number
    timeMs = nil
    at = next
    return true
  }

  /// What stands between braces; nil where it is not plain.
  /// - Returns: the place after the closing brace.
  private mutating func quickLabels(_ start: Int) -> Int? {
    let count = body.count
    var i = start
    while i < count, body[i] != UInt8(ascii: "}") {
      let name = i
      guard isNameByte(Int(body[i]), colon: false, digit: false) else { return nil }
      i += 1
      while i < count, isNameByte(Int(body[i]), colon: false, digit: true) { i += 1 }
      guard i + 1 < count, body[i] == UInt8(ascii: "="), body[i + 1] == doubleQuote else {
        return nil
      }
      parts.append(name)
      parts.append(i)
      i += 2
      parts.append(i)
      while i < count, body[i] != doubleQuote {
        // Blanks and up, without the backslash and what is not ASCII.
        guard body[i] &- 0x20 < 0x60, body[i] != backslash else { return nil }
        i += 1
      }
      parts.append(i)
      i += 1
      guard i < count else { return nil }
      if body[i] == UInt8(ascii: ",") {
        i += 1
      } else if body[i] != UInt8(ascii: "}") {
        return nil
      }
    }
    return i < count ? i + 1 : nil
  }

  private mutating func giveUp() -> Bool {
    parts.removeAll(keepingCapacity: true)
    return false
  }
}
