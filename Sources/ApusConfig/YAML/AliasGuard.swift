/// Finds documents whose aliases could stand for exponentially many nodes inside a key. The
/// parser compares keys before we see them, and would compare for ever; aliases in values are
/// bounded later, by `Limits.nodesMax`.
enum AliasGuard {
  /// The line of a key that is no plain text, in a document with many aliases; nil if all is well.
  static func suspiciousLine(in text: String) -> Int? {
    guard aliasCount(text) > Limits.harmlessAliasesMax else { return nil }
    var line = 1
    for content in text.utf8.split(separator: 10, omittingEmptySubsequences: false) {
      if hasComplexKey(content) { return line }
      line += 1
    }
    return nil
  }

  /// How often `*` begins a word.
  private static func aliasCount(_ text: String) -> Int {
    var count = 0
    var before = UInt8(ascii: " ")
    var isAfterStar = false
    for byte in text.utf8 {
      if isAfterStar && isWord(byte) { count += 1 }
      isAfterStar = byte == UInt8(ascii: "*") && isBoundary(before)
      before = byte
    }
    return count
  }

  /// `? key`, `[...]: value`, `{...}: value` or `*alias : value`.
  private static func hasComplexKey(_ line: Substring.UTF8View.SubSequence) -> Bool {
    var before = UInt8(ascii: " ")
    var lastSolid = UInt8(ascii: " ")
    var wordStart = UInt8(ascii: " ")
    var isAfterQuestion = false
    for byte in line {
      let isSpace = byte == 32 || byte == 9
      if isAfterQuestion && isSpace { return true }
      isAfterQuestion = byte == UInt8(ascii: "?") && isBoundary(before)
      if byte == UInt8(ascii: ":") {
        if lastSolid == UInt8(ascii: "]") || lastSolid == UInt8(ascii: "}") { return true }
        if wordStart == UInt8(ascii: "*") { return true }
      }
      if !isSpace {
        if isBoundary(before) { wordStart = byte }
        lastSolid = byte
      }
      before = byte
    }
    return isAfterQuestion
  }

  private static func isBoundary(_ byte: UInt8) -> Bool {
    switch byte {
    case 32, 9, 10, 13, UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: ","),
      UInt8(ascii: ":"), UInt8(ascii: "-"), UInt8(ascii: "?"):
      true
    default: false
    }
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
      true
    default: byte >= 0x80
    }
  }
}
