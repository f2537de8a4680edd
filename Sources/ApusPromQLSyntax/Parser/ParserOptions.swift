/// Which experimental parts of the language are allowed.
package struct ParserOptions: Sendable, Hashable {
  package var experimentalFunctions: Bool
  package var durationExpressions: Bool
  /// `anchored` and `smoothed`.
  package var extendedRangeSelectors: Bool
  /// `fill`, `fill_left` and `fill_right`.
  package var fillModifiers: Bool

  package init(
    experimentalFunctions: Bool = false, durationExpressions: Bool = true,
    extendedRangeSelectors: Bool = false, fillModifiers: Bool = false
  ) {
    self.experimentalFunctions = experimentalFunctions
    self.durationExpressions = durationExpressions
    self.extendedRangeSelectors = extendedRangeSelectors
    self.fillModifiers = fillModifiers
  }

  /// Everything allowed, as the test scripts of the language expect.
  package static let all = ParserOptions(
    experimentalFunctions: true, extendedRangeSelectors: true, fillModifiers: true)
}
