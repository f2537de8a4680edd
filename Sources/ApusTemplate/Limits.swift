/// Bounds of templates, so that no text can hang or crash a rule.
package enum Limits {
  /// Bytes that one expansion may write.
  package static let outputBytesMax = 16 << 20
  /// Nodes that one expansion may evaluate.
  package static let stepsMax = 1_000_000
  /// How deep templates may call each other, and clauses and parentheses may be nested.
  package static let depthMax = 200
  /// Digits of width and precision that a format may ask for.
  package static let formatWidthMax = 10_000
}
