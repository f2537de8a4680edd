/// The times at which a part of a query is evaluated: start, start + step, ...
struct Timeline: Sendable, Hashable {
  let startMs: Int64
  /// More than 0, even where there is only one time.
  let stepMs: Int64
  /// At least 1.
  let count: Int

  init(startMs: Int64, stepMs: Int64, count: Int) {
    precondition(stepMs > 0 && count > 0, "timeline of \(count) steps of \(stepMs) ms")
    self.startMs = startMs
    self.stepMs = stepMs
    self.count = count
  }

  static func single(_ timeMs: Int64) -> Timeline {
    Timeline(startMs: timeMs, stepMs: 1, count: 1)
  }

  /// Nil where the end lies before the start.
  init?(startMs: Int64, endMs: Int64, stepMs: Int64) {
    guard endMs >= startMs else { return nil }
    let step = max(stepMs, 1)
    let (length, isTooLong) = endMs.subtractingReportingOverflow(startMs)
    self.init(
      startMs: startMs, stepMs: step, count: isTooLong ? Int.max / 2 : Int(length / step) + 1)
  }

  var endMs: Int64 { startMs &+ Int64(count - 1) &* stepMs }

  @inline(__always)
  func timeMs(_ step: Int) -> Int64 { startMs &+ Int64(step) &* stepMs }
}
