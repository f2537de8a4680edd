/// Bounds of the parser.
package enum Limits {
  /// How deep an expression may be nested: in parentheses, calls, or a chain of operators. Who
  /// walks a tree may recurse this deep.
  package static let depthMax = 1_000
  /// The same on a `DeepStack`: who walks such a tree does so there, and forgets it there.
  package static let deepDepthMax = 10_000
  /// Values that the notation of one series may stand for.
  package static let seriesValuesMax = 10_000_000
}
