package import ApusSystem

/// One relabelling rule, checked and compiled.
package struct RelabelRule: Sendable, Equatable {
  /// Raw values are the words of the configuration file.
  package enum Action: String, Sendable, CaseIterable {
    case replace, keep, drop, keepequal, dropequal, hashmod, labelmap, labeldrop, labelkeep
    case lowercase, uppercase
  }

  package var action = Action.replace
  package var sourceLabels: [String] = []
  package var separator = ";"
  /// The pattern as written; matches only a whole value.
  package var regex = "(.*)"
  package var modulus: UInt64 = 0
  package var targetLabel = ""
  package var replacement = "$1"
  /// `regex`, compiled.
  package var pattern: RE2Pattern

  package init(
    action: Action = .replace, sourceLabels: [String] = [], separator: String = ";",
    regex: String = "(.*)", modulus: UInt64 = 0, targetLabel: String = "",
    replacement: String = "$1"
  ) throws(RegexError) {
    self.action = action
    self.sourceLabels = sourceLabels
    self.separator = separator
    self.regex = regex
    self.modulus = modulus
    self.targetLabel = targetLabel
    self.replacement = replacement
    pattern = try RE2Pattern(regex)
  }

  package static func == (a: RelabelRule, b: RelabelRule) -> Bool {
    a.action == b.action && a.sourceLabels == b.sourceLabels && a.separator == b.separator
      && a.regex == b.regex && a.modulus == b.modulus && a.targetLabel == b.targetLabel
      && a.replacement == b.replacement
  }
}
