/// Which experimental parts of the language are allowed.
package struct ParserOptions: Sendable, Hashable {
  package var experimentalFunctions: Bool
  package var durationExpressions: Bool
  /// `anchored` and `smoothed`.
  package var extendedRangeSelectors: Bool
  /// `fill`, `fill_left` and `fill_right`.
  package var fillModifiers: Bool
  /// Levels of nesting; more than `Limits.depthMax` on a `DeepStack` only.
  package var depthMax = Limits.depthMax

  package init(
    experimentalFunctions: Bool = false, durationExpressions: Bool = true,
    extendedRangeSelectors: Bool = false, fillModifiers: Bool = false
  ) {
    self.experimentalFunctions = experimentalFunctions
    self.durationExpressions = durationExpressions
    self.extendedRangeSelectors = extendedRangeSelectors
    self.fillModifiers = fillModifiers
  }

  /// The same, with as many levels as a `DeepStack` bears.
  package var deep: ParserOptions {
    var deep = self
    deep.depthMax = Limits.deepDepthMax
    return deep
  }

  /// Everything allowed, as the test scripts of the language expect.
  package static let all = ParserOptions(
    experimentalFunctions: true, extendedRangeSelectors: true, fillModifiers: true)
}
