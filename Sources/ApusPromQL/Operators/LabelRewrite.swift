internal import ApusModel
internal import ApusSystem

/// label_replace and label_join: new labels, the same points.
final class LabelRewrite: Operator {
  enum Rule {
    case replace(target: String, template: String, source: String, pattern: RE2Pattern)
    case join(target: String, separator: String, sources: [String])

    var target: String {
      switch self {
      case .replace(let target, _, _, _), .join(let target, _, _): target
      }
    }
  }

  private let inner: any Operator
  private let rule: Rule

  init(_ inner: any Operator, _ rule: Rule) {
    self.inner = inner
    self.rule = rule
  }

  var labelsMayRepeat: Bool { true }

  func next(_ block: inout SeriesBlock) throws(QueryError) -> Bool {
    guard try inner.next(&block) else { return false }
    guard let value = value(block.labels) else { return true }
    var builder = LabelsBuilder(block.labels)
    builder.set(rule.target, value)
    block.labels = builder.labels()
    // A name that was just set is there to stay.
    if rule.target == LabelNames.metricName { block.dropsName = false }
    return true
  }

  /// The new value; nil where the labels stay as they are.
  private func value(_ labels: Labels) -> String? {
    switch rule {
    case .replace(_, let template, let source, let pattern):
      let text = Array(labels.value(of: source).utf8)
      guard let groups = pattern.groupsOfFullMatch(text.span) else { return nil }
      return TemplateExpansion.expand(template, text, groups) { pattern.groupNumber(named: $0) }
    case .join(_, let separator, let sources):
      return sources.map { labels.value(of: $0) }.joined(separator: separator)
    }
  }
}

/// `$1`, `${1}`, `${name}` and `$$`, as Go's `Regexp.Expand` reads them.
enum TemplateExpansion {
  static func expand(
    _ template: String, _ text: [UInt8], _ groups: [Range<Int>?],
    _ groupNumber: (String) -> Int?
  ) -> String {
    var out: [UInt8] = []
    let bytes = Array(template.utf8)
    let dollar = UInt8(ascii: "$")
    var at = 0
    while at < bytes.count {
      guard bytes[at] == dollar else {
        out.append(bytes[at])
        at += 1
        continue
      }
      if at + 1 < bytes.count, bytes[at + 1] == dollar {
        out.append(dollar)
        at += 2
        continue
      }
      guard let (name, end) = reference(bytes, at + 1) else {
        out.append(dollar)
        at += 1
        continue
      }
      let number = Int(name) ?? groupNumber(name)
      if let number, number >= 0, number < groups.count, let range = groups[number] {
        out += text[range]
      }
      at = end
    }
    return String(decoding: out, as: UTF8.self)
  }

  private static func reference(_ bytes: [UInt8], _ start: Int) -> (name: String, end: Int)? {
    guard start < bytes.count else { return nil }
    let isBraced = bytes[start] == UInt8(ascii: "{")
    let first = isBraced ? start + 1 : start
    var end = first
    while end < bytes.count, isWord(bytes[end]) { end += 1 }
    guard end > first else { return nil }
    if isBraced {
      guard end < bytes.count, bytes[end] == UInt8(ascii: "}") else { return nil }
    }
    return (String(decoding: bytes[first..<end], as: UTF8.self), isBraced ? end + 1 : end)
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}
