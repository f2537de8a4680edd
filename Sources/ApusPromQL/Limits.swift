/// Bounds of the engine that no option changes.
enum Limits {
  /// Warnings, and infos, that an answer carries; the rest is only counted.
  static let annotationsMax = 10
  /// A range query of fewer steps stays on one thread.
  static let splitStepsMin = 32
  /// Samples that a query holds while it keeps rows of a part for the part's other users.
  static let sharedPointsMax = 2_000_000
}
