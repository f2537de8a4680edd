internal import ApusStorage

/// Pure: whether a sample may be stored. (Rules: Prometheus, tsdb/head_append.go, appendable.)
enum AppendRules {
  enum Verdict: Equatable {
    case store
    /// Among the late samples of its series.
    case storeLate
    /// The very sample that is there already: accepted, and nothing is done.
    case ignore
    case reject(AppendError)
  }

  /// Times that hold for a whole batch.
  struct Bounds {
    /// What is older than this does not go into the chunks in order, whatever the series.
    var minValidTime: Int64
    /// The oldest time that goes among the late samples; nil where none are taken.
    var oldestLateTime: Int64?

    /// - Parameters:
    ///   - floor: nothing before what blocks hold goes into the chunks in order.
    ///   - headMaxTime: of the newest sample; `.min` while there is none.
    ///   - windowMs: the out-of-order window, 0 for none.
    init(floor: Int64, headMaxTime: Int64, chunkRangeMs: Int64, windowMs: Int64) {
      minValidTime = max(floor, -Limits.sampleTimeMsMax)
      if headMaxTime != .min {
        let (behind, overflow) = headMaxTime.subtractingReportingOverflow(chunkRangeMs / 2)
        if !overflow { minValidTime = max(minValidTime, behind) }
      }
      guard windowMs > 0 else { return }
      let (oldest, overflow) = headMaxTime.subtractingReportingOverflow(windowMs)
      oldestLateTime = max(overflow ? .min : oldest, -Limits.sampleTimeMsMax)
    }
  }

  /// Whether any rule lets a sample of this time in; one that another program logged may have any.
  @inline(__always)
  static func canBeStored(_ timeMs: Int64) -> Bool {
    timeMs >= -Limits.sampleTimeMsMax && timeMs <= Limits.sampleTimeMsMax
  }

  /// - Parameters:
  ///   - lastTime: time of the newest sample of the series in order, `.min` if it has none.
  ///   - isSameValue: whether that sample has the same value, bit by bit.
  @inline(__always)
  static func judge(
    time: Int64, lastTime: Int64, isSameValue: Bool, _ bounds: Bounds
  ) -> Verdict {
    if time >= bounds.minValidTime {
      guard time <= Limits.sampleTimeMsMax else { return .reject(.outOfBounds) }
      if time > lastTime || lastTime == .min { return .store }
      if time == lastTime { return isSameValue ? .ignore : .reject(.duplicate) }
    }
    return judgeLate(time: time, bounds)
  }

  /// What becomes of a sample that does not fit in order.
  @inline(never)
  private static func judgeLate(time: Int64, _ bounds: Bounds) -> Verdict {
    guard let oldest = bounds.oldestLateTime else {
      return .reject(time < bounds.minValidTime ? .outOfBounds : .outOfOrder)
    }
    return time >= oldest ? .storeLate : .reject(.tooOld)
  }
}
