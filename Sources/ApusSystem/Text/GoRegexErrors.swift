/// RE2's reasons in the words of Go's regexp package, which Prometheus shows.
enum GoRegexErrors {
  private static let words: [(re2: String, go: String)] = [
    ("missing ]", "missing closing ]"),
    ("missing )", "missing closing )"),
    ("trailing \\", "trailing backslash at end of expression"),
    ("no argument for repetition operator", "missing argument to repetition operator"),
    ("invalid repetition size", "invalid repeat count"),
    ("bad repetition operator", "invalid nested repetition operator"),
    ("invalid perl operator", "invalid or unsupported Perl syntax"),
    ("invalid named capture group", "invalid named capture"),
    ("pattern too large - compile failed", "expression too large"),
  ]

  /// - Parameter reason: RE2's text, `reason` or `reason: argument`.
  static func text(_ reason: String) -> String {
    for (re2, go) in words where reason.hasPrefix(re2) {
      return "error parsing regexp: " + go + argument(reason.dropFirst(re2.count))
    }
    guard let colon = reason.firstIndex(of: ":") else { return "error parsing regexp: \(reason)" }
    return "error parsing regexp: \(reason[..<colon])" + argument(reason[colon...])
  }

  private static func argument(_ rest: Substring) -> String {
    guard rest.hasPrefix(": ") else { return "" }
    return ": `\(rest.dropFirst(2))`"
  }
}
