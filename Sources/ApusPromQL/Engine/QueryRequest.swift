/// What to evaluate, when.
package struct QueryRequest: Sendable {
  package enum Time: Sendable {
    case instant(timeMs: Int64)
    /// Steps at start, start + step, ... <= end.
    case range(startMs: Int64, endMs: Int64, stepMs: Int64)
  }

  package var expression: String
  package var time: Time
  /// Nil for the engine's.
  package var lookbackDeltaMs: Int64?
  /// Nil for the engine's; never more than the engine's.
  package var timeoutMs: Int64?
  package var wantsSamplesPerStep = false
  /// Whether the result says how it came about.
  package var wantsExplanation = false
  /// Where the query comes from, for the query log: pairs such as ("clientIP", "127.0.0.1").
  package var origin: [(key: String, value: String)] = []

  package init(expression: String, time: Time) {
    self.expression = expression
    self.time = time
  }
}
