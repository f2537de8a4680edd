internal import ApusSystem

/// Links from an alert back to its expression.
package enum GeneratorURL {
  /// `<external URL>/graph?g0.expr=<escaped>&g0.tab=1`
  package static func table(_ externalURL: String, _ expression: String) -> String {
    externalURL + "/graph?g0.expr=" + URLText.queryEscaped(expression) + "&g0.tab=1"
  }
}
