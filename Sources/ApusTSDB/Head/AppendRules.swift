internal import ApusStorage

/// Pure: whether a sample may be stored. (Rules: Prometheus, tsdb/head_append.go, appendable.)
enum AppendRules {
  enum Verdict: Equatable {
    case store
    /// The very sample that is there already: accepted, and nothing is done.
    case ignore
    case reject(AppendError)
  }

  /// - Parameters:
  ///   - lastTime: time of the newest sample of the series, `.min` if it has none.
  ///   - isSameValue: whether the newest sample has the same value, bit by bit.
  ///   - minValidTime: what is older than this is refused, whatever the series.
  @inline(__always)
  static func judge(
    time: Int64, lastTime: Int64, isSameValue: Bool, minValidTime: Int64
  ) -> Verdict {
    if time < minValidTime { return .reject(.outOfBounds) }
    if time > lastTime || lastTime == .min { return .store }
    guard time == lastTime else { return .reject(.outOfOrder) }
    return isSameValue ? .ignore : .reject(.duplicate)
  }

  /// The oldest time that the head takes: nothing before what blocks hold, nor older than half a
  /// window behind the newest sample.
  static func minValidTime(floor: Int64, headMaxTime: Int64, chunkRangeMs: Int64) -> Int64 {
    guard headMaxTime != .min else { return floor }
    let (behind, overflow) = headMaxTime.subtractingReportingOverflow(chunkRangeMs / 2)
    return overflow ? floor : max(floor, behind)
  }
}
