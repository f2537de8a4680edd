package import ApusSystem

extension RelabelRule {
  /// Applies rules in order, each to what the one before it left; false if one of them drops the
  /// labels, which are then in no defined state.
  package static func apply(_ rules: [RelabelRule], to labels: inout LabelsBuilder) -> Bool {
    for rule in rules where !rule.apply(to: &labels) { return false }
    return true
  }

  /// The labels after the rules; nil if one of them drops them.
  package static func apply(_ rules: [RelabelRule], to labels: Labels) -> Labels? {
    if rules.isEmpty { return labels }
    var builder = LabelsBuilder(labels)
    return apply(rules, to: &builder) ? builder.labels() : nil
  }

  private func apply(to labels: inout LabelsBuilder) -> Bool {
    switch action {
    case .keep: return pattern.fullyMatches(source(labels))
    case .drop: return !pattern.fullyMatches(source(labels))
    case .keepequal: return source(labels) == labels[targetLabel]
    case .dropequal: return source(labels) != labels[targetLabel]
    case .replace: replace(in: &labels)
    case .lowercase: labels.set(targetLabel, source(labels).lowercased())
    case .uppercase: labels.set(targetLabel, source(labels).uppercased())
    case .hashmod: labels.set(targetLabel, "\(Self.hash(source(labels)) % max(1, modulus))")
    case .labelmap: map(&labels)
    case .labeldrop: labels.keep { !pattern.fullyMatches($0.name) }
    case .labelkeep: labels.keep { pattern.fullyMatches($0.name) }
    }
    return true
  }

  /// The values of the source labels, a missing one empty.
  private func source(_ labels: LabelsBuilder) -> String {
    switch sourceLabels.count {
    case 0: ""
    case 1: labels[sourceLabels[0]]
    default: sourceLabels.map { labels[$0] }.joined(separator: separator)
    }
  }

  /// The last eight bytes of the MD5, the first of them the highest.
  private static func hash(_ text: String) -> UInt64 {
    MD5.hash(text.utf8.span)[8...].reduce(0) { $0 << 8 | UInt64($1) }
  }

  private func replace(in labels: inout LabelsBuilder) {
    let text = source(labels)
    guard let groups = pattern.groupsOfFullMatch(text.utf8.span) else { return }
    let target = GroupTemplate.expand(targetLabel, pattern, text, groups)
    // As in Prometheus, a name that is none after expansion leaves the labels as they are.
    guard LabelNames.isValid(target) else { return }
    labels.set(target, GroupTemplate.expand(replacement, pattern, text, groups))
  }

  private func map(_ labels: inout LabelsBuilder) {
    for label in labels.current {
      guard let groups = pattern.groupsOfFullMatch(label.name.utf8.span) else { continue }
      labels.set(GroupTemplate.expand(replacement, pattern, label.name, groups), label.value)
    }
  }
}

/// `$1`, `${1}`, `${name}` and `$$` in replacement texts, as Go's `Regexp.Expand` takes them.
package enum GroupTemplate {
  /// The template with references replaced by groups of a match in `text`; a reference to a group
  /// that is missing or took no part is empty.
  package static func expand(
    _ template: String, _ pattern: RE2Pattern, _ text: String, _ groups: [Range<Int>?]
  ) -> String {
    guard template.utf8.contains(UInt8(ascii: "$")) else { return template }
    let bytes = Array(template.utf8)
    let source = Array(text.utf8)
    var out: [UInt8] = []
    var at = 0
    while at < bytes.count {
      guard bytes[at] == UInt8(ascii: "$") else {
        out.append(bytes[at])
        at += 1
        continue
      }
      if at + 1 < bytes.count, bytes[at + 1] == UInt8(ascii: "$") {
        out.append(bytes[at])
        at += 2
        continue
      }
      guard let reference = reference(bytes, at + 1) else {
        out.append(bytes[at])
        at += 1
        continue
      }
      at = reference.end
      let number = Int(reference.name) ?? pattern.groupNumber(named: reference.name)
      if let number, groups.indices.contains(number), let range = groups[number] {
        out += source[range]
      }
    }
    return String(decoding: out, as: UTF8.self)
  }

  /// The name behind a dollar sign, in braces or of letters, digits and underscores.
  private static func reference(_ bytes: [UInt8], _ start: Int) -> (name: String, end: Int)? {
    let isBraced = start < bytes.count && bytes[start] == UInt8(ascii: "{")
    let first = isBraced ? start + 1 : start
    var end = first
    while end < bytes.count, isWord(bytes[end]) { end += 1 }
    guard end > first else { return nil }
    let name = String(decoding: bytes[first..<end], as: UTF8.self)
    guard isBraced else { return (name, end) }
    guard end < bytes.count, bytes[end] == UInt8(ascii: "}") else { return nil }
    return (name, end + 1)
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}
