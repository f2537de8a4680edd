internal import ApusModel

/// Whether selectors of objects make sense, as far as that can be said before the API is asked.
enum KubernetesSelector {
  /// `key=value`, `key==value` or `key!=value`, separated by commas; a backslash takes the meaning
  /// from what follows.
  static func fieldProblem(_ text: String) -> String? {
    for term in terms(text, opening: nil, closing: nil) where !term.isEmpty {
      if !hasOperator(term) {
        return "invalid selector: '\(text)'; can't understand '\(term)'"
      }
    }
    return nil
  }

  /// `key`, `!key`, `key=value`, `key!=value`, `key in (a, b)`, `key notin (a)`, `key>1`, `key<1`.
  static func labelProblem(_ text: String) -> String? {
    guard !text.allSatisfy(\.isWhitespace) else { return nil }
    for term in terms(text, opening: "(", closing: ")") {
      let words = term.split(whereSeparator: \.isWhitespace)
      if words.isEmpty { return unparsable(text, "found '', expected: identifier") }
      if term.contains("(") != term.contains(")") {
        return unparsable(text, "unbalanced parenthesis in '\(term)'")
      }
      if term.contains("(") {
        let isSet = words.count > 1 && ["in", "notin"].contains(words[1].prefix { $0 != "(" })
        if !isSet { return unparsable(text, "found '(', expected: in, notin") }
        continue
      }
      let isPlain = !hasOperator(term) && !term.contains("<") && !term.contains(">")
      if isPlain && words.count > 1 {
        return unparsable(
          text, "found '\(words[1])', expected: in, notin, =, ==, !=, gt, lt")
      }
    }
    return nil
  }

  private static func unparsable(_ text: String, _ reason: String) -> String {
    "unable to parse requirement: \(reason) in \(GoQuote.quote(text))"
  }

  private static func hasOperator(_ term: String) -> Bool {
    var isEscaped = false
    for character in term {
      if character == "=" && !isEscaped { return true }
      isEscaped = character == "\\" && !isEscaped
    }
    return false
  }

  /// The parts between commas that stand in no parentheses.
  private static func terms(
    _ text: String, opening: Character?, closing: Character?
  ) -> [String] {
    var terms = [""]
    var depth = 0
    var isEscaped = false
    for character in text {
      if character == opening { depth += 1 }
      if character == closing { depth -= 1 }
      if character == "," && depth <= 0 && !isEscaped {
        terms.append("")
      } else {
        terms[terms.count - 1].append(character)
      }
      isEscaped = character == "\\" && !isEscaped
    }
    return terms
  }
}
