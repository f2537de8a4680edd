/// Bounds of the engine that no option changes.
enum Limits {
  /// Warnings, and infos, that an answer carries; the rest is only counted.
  static let annotationsMax = 10
}
