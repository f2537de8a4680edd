internal import ApusModel
internal import ApusSystem

extension WebHandlers {
  /// What the relabelling rules of a scrape pool make of labels, rule by rule.
  func relabelSteps(_ request: WebRequest) async -> WebResponse {
    await answering { () async throws(APIError) in
      let pool = request.form.first("scrapePool")
      if pool.isEmpty { throw APIError(.badData, "no scrapePool parameter provided") }
      let text = request.form.first("labels")
      if text.isEmpty { throw APIError(.badData, "no labels parameter provided") }
      guard let start = JSONObject.strings(text) else {
        throw APIError(.badData, "unable to parse labels: not a JSON object of strings")
      }
      guard let rules = backends.status.relabelRules(pool) else {
        throw APIError(
          .badData,
          "error retrieving scrape config: scrape pool \(GoQuote.quote(pool)) not found")
      }
      return Envelope.success { $0.relabelSteps(rules, from: Labels(start)) }
    }
  }
}

extension WebHandlers {
  /// The configuration of one scrape pool.
  func scrapePoolConfig(_ request: WebRequest) async -> WebResponse {
    await answering { () async throws(APIError) in
      let pool = request.form.first("scrapePool")
      if pool.isEmpty { throw APIError(.badData, "no scrapePool parameter provided") }
      guard let text = backends.status.scrapePoolText(pool) else {
        throw APIError(
          .badData,
          "error retrieving scrape config: scrape pool \(GoQuote.quote(pool)) not found")
      }
      return Envelope.success(["yaml": .string(text)])
    }
  }
}

extension JSONWriter {
  fileprivate mutating func relabelSteps(_ rules: [RelabelRule], from start: Labels) {
    raw(#"{"steps":["#)
    var labels: Labels? = start
    for (i, rule) in rules.enumerated() {
      labels = labels.flatMap { RelabelRule.apply([rule], to: $0) }
      comma(before: i)
      raw(#"{"rule":"#)
      self.rule(rule)
      raw(#","output":"#)
      self.labels(labels ?? .empty)
      raw(#","keep":"#)
      bool(labels != nil)
      raw("}")
    }
    raw("]}")
  }

  /// A rule as the configuration file says it; what is empty is left out.
  private mutating func rule(_ rule: RelabelRule) {
    raw("{")
    if !rule.sourceLabels.isEmpty {
      raw(#""source_labels":"#)
      array(rule.sourceLabels)
      raw(",")
    }
    for (name, value) in [
      ("separator", rule.separator), ("regex", rule.regex), ("target_label", rule.targetLabel),
      ("replacement", rule.replacement),
    ] where !value.isEmpty {
      key(name)
      string(value)
      raw(",")
    }
    if rule.modulus != 0 {
      raw(#""modulus":"#)
      int(rule.modulus)
      raw(",")
    }
    raw(#""action":"#)
    string(rule.action.rawValue)
    raw("}")
  }
}

/// Reads `{"name":"value"}`, the only JSON that requests bring.
enum JSONObject {
  /// Nil where the text is anything else.
  static func strings(_ text: String) -> [Label]? {
    var rest = text.unicodeScalars[...]
    guard take("{", &rest) else { return nil }
    var labels: [Label] = []
    if take("}", &rest) { return rest.isEmpty ? labels : nil }
    repeat {
      guard let name = string(&rest), take(":", &rest), let value = string(&rest) else {
        return nil
      }
      labels.append(Label(name, value))
    } while take(",", &rest)
    return take("}", &rest) && rest.isEmpty ? labels : nil
  }

  private typealias Rest = Substring.UnicodeScalarView

  /// Takes a mark and the blanks around it.
  private static func take(_ mark: Unicode.Scalar, _ rest: inout Rest) -> Bool {
    let blank: (Unicode.Scalar) -> Bool = { " \t\r\n".unicodeScalars.contains($0) }
    let trimmed = rest.drop(while: blank)
    guard trimmed.first == mark else { return false }
    rest = trimmed.dropFirst().drop(while: blank)
    return true
  }

  private static func string(_ rest: inout Rest) -> String? {
    guard rest.popFirst() == "\"" else { return nil }
    var out = String.UnicodeScalarView()
    while let scalar = rest.popFirst() {
      switch scalar {
      case "\"": return String(out)
      case "\\":
        guard let meant = escaped(&rest) else { return nil }
        out.append(meant)
      default: out.append(scalar)
      }
    }
    return nil
  }

  /// What stands behind a backslash.
  private static func escaped(_ rest: inout Rest) -> Unicode.Scalar? {
    switch rest.popFirst() {
    case "n": return "\n"
    case "t": return "\t"
    case "r": return "\r"
    case "b": return "\u{08}"
    case "f": return "\u{0C}"
    case "u":
      guard let first = hex(&rest) else { return nil }
      guard 0xD800..<0xDC00 ~= first else { return Unicode.Scalar(first) }
      guard rest.popFirst() == "\\", rest.popFirst() == "u", let second = hex(&rest),
        0xDC00..<0xE000 ~= second
      else { return nil }
      return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    case let other: return other
    }
  }

  private static func hex(_ rest: inout Rest) -> UInt32? {
    let digits = String(Substring(rest.prefix(4)))
    guard digits.utf8.count == 4, let value = UInt32(digits, radix: 16) else { return nil }
    rest = rest.dropFirst(4)
    return value
  }
}
