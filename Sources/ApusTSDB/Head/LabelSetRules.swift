internal import ApusModel

/// Pure: what a label set must be to become a series. (Rules: Prometheus, tsdb/head_append.go,
/// getOrCreate.)
enum LabelSetRules {
  /// What is wrong with a label set; nil if nothing is.
  static func problem(of labels: Labels) -> String? {
    let bytes = labels.bytes
    let span = bytes.span
    guard !span.isEmpty else { return "empty labelset: invalid sample" }
    var cursor = LabelsCursor()
    var last: Range<Int>?
    while cursor.advance(in: span) {
      let name = span.extracting(cursor.name)
      func text() -> String { GoQuote.quote(String(decoding: bytes[cursor.name], as: UTF8.self)) }
      if let last {
        switch compareBytes(span.extracting(last), name) {
        case 0: return "label name \(text()) is not unique: invalid sample"
        case 1: return "label name \(text()) is out of order: invalid sample"
        default: break
        }
      }
      if cursor.value.isEmpty { return "label \(text()) has no value: invalid sample" }
      guard isUTF8(name), isUTF8(span.extracting(cursor.value)) else {
        return "label \(text()) is not valid UTF-8: invalid sample"
      }
      last = cursor.name
    }
    return nil
  }

  private static func isUTF8(_ bytes: Span<UInt8>) -> Bool {
    (try? UTF8Span(validating: bytes)) != nil
  }
}
