internal import ApusModel
internal import ApusSystem

extension SectionReader {
  /// The rules at a key. `nullText` is what a null element is refused with.
  func relabelRules(
    _ record: Record, _ name: String, nullText: String, validation: NameValidation
  ) -> [RelabelRule] {
    record.objects(name).compactMap { rule in
      guard let rule else {
        fail(record.line(of: name), nullText)
        return nil
      }
      return relabelRule(rule, validation)
    }
  }

  private func relabelRule(_ record: Record, _ validation: NameValidation) -> RelabelRule? {
    guard let action = action(record) else { return nil }
    let before = errors.errors.count
    check(record, action, validation)
    for name in record.strings("source_labels") where name.isEmpty {
      fail(record.line(of: "source_labels"), #""" is not a valid label name"#)
    }
    let regex = record.has("regex") ? record.string("regex") : "(.*)"
    do {
      let rule = try RelabelRule(
        action: action, sourceLabels: record.strings("source_labels"),
        separator: record.string("separator"), regex: regex,
        modulus: record.uint("modulus"), targetLabel: record.string("target_label"),
        replacement: record.string("replacement"))
      return errors.errors.count == before ? rule : nil
    } catch {
      fail(record.line(of: "regex"), error.message)
      return nil
    }
  }

  private func action(_ record: Record) -> RelabelRule.Action? {
    let written = record.string("action")
    if record.isUnreadable("action") { return nil }
    if written.isEmpty {
      fail(record.line(of: "action"), "relabel action cannot be empty")
      return nil
    }
    guard let action = RelabelRule.Action(rawValue: written.lowercased()) else {
      let known = RelabelRule.Action.allCases.map(\.rawValue)
      fail(
        record.line(of: "action"), "unknown relabel action \(GoQuote.quote(written))",
        suggestion: NearestName.find(written, in: known) ?? "")
      return nil
    }
    if record.has("action") { record.set("action", .string(action.rawValue)) }
    return action
  }

  private func check(
    _ record: Record, _ action: RelabelRule.Action, _ validation: NameValidation
  ) {
    let target = record.string("target_label")
    let replacement = record.string("replacement")
    let verb = action.rawValue
    if action == .hashmod && record.uint("modulus") == 0 && !record.isUnreadable("modulus") {
      fail(
        record.line(of: "modulus"),
        "relabel configuration for hashmod requires non-zero modulus")
    }
    switch action {
    case .replace, .hashmod, .lowercase, .uppercase, .keepequal, .dropequal:
      if target.isEmpty {
        fail(
          record.line,
          "relabel configuration for \(verb) action requires 'target_label' value")
      } else if !isTarget(target, mayExpand: action == .replace, validation) {
        fail(
          record.line(of: "target_label"),
          "\(GoQuote.quote(target)) is invalid 'target_label' for \(verb) action")
      }
    case .keep, .drop, .labelmap, .labeldrop, .labelkeep: break
    }
    switch action {
    case .lowercase, .uppercase:
      if replacement != "$1" {
        fail(
          record.line(of: "replacement"), "'replacement' can not be set for \(verb) action")
      }
    case .keepequal, .dropequal:
      if record.has("regex") || record.uint("modulus") != 0
        || record.string("separator") != ";" || replacement != "$1"
      {
        fail(
          record.line,
          "\(verb) action requires only 'source_labels' and 'target_label', and no other fields")
      }
    case .labeldrop, .labelkeep:
      if record.has("source_labels") || !target.isEmpty || record.uint("modulus") != 0
        || record.string("separator") != ";" || replacement != "$1"
      {
        fail(record.line, "\(verb) action requires only 'regex', and no other fields")
      }
    case .labelmap:
      if !isTarget(replacement, mayExpand: true, validation) {
        fail(
          record.line(of: "replacement"),
          "\(GoQuote.quote(replacement)) is invalid 'replacement' for \(verb) action")
      }
    case .replace, .hashmod, .keep, .drop: break
    }
  }

  private func isTarget(
    _ name: String, mayExpand: Bool, _ validation: NameValidation
  ) -> Bool {
    switch validation {
    case .utf8: return LabelNames.isValid(name)
    case .legacy:
      guard mayExpand else { return LabelNames.isLegacyValid(name) }
      return isLegacyTemplate(name)
    }
  }

  /// A label name with references to groups in it: each part a letter or an underscore, or
  /// `$1`, `${name}`, followed by letters, digits and underscores.
  private func isLegacyTemplate(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    var at = 0
    while at < bytes.count {
      if bytes[at] == UInt8(ascii: "$") {
        at += 1
        let isBraced = at < bytes.count && bytes[at] == UInt8(ascii: "{")
        if isBraced { at += 1 }
        let start = at
        while at < bytes.count, isWord(bytes[at]) { at += 1 }
        if at == start { return false }
        if isBraced {
          guard at < bytes.count, bytes[at] == UInt8(ascii: "}") else { return false }
          at += 1
        }
      } else {
        let isDigit = bytes[at] >= 48 && bytes[at] <= 57
        guard isWord(bytes[at]), !(at == 0 && isDigit) else { return false }
        at += 1
      }
    }
    return !bytes.isEmpty
  }

  private func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}
