extension FloatHistogram {
  /// Whether counters began anew between an earlier sample and this one: the hint where it tells,
  /// else any count that went down.
  package func detectReset(_ previous: FloatHistogram) -> Bool {
    switch resetHint {
    case .reset: return true
    case .notReset: return false
    case .unknown, .gauge: break
    }
    if count < previous.count { return true }
    if usesCustomBuckets != previous.usesCustomBuckets { return true }
    var mine = HistogramColumns(self)
    var theirs = HistogramColumns(previous)
    if usesCustomBuckets {
      _ = HistogramColumns.reconcile(&mine, &theirs)
      return FloatHistogram.hasDecrease(from: theirs.positive, to: mine.positive)
    }
    if schema > previous.schema || zeroThreshold < previous.zeroThreshold { return true }
    let zero = theirs.zeroCount(atLeast: zeroThreshold)
    // A threshold inside of a populated bucket cannot have come about by counting.
    if zero.threshold != zeroThreshold || zeroCount < zero.count { return true }
    if theirs.zeroThreshold != zeroThreshold { theirs.widenZero(to: zeroThreshold) }
    theirs.reduce(to: schema)
    return FloatHistogram.hasDecrease(from: theirs.positive, to: mine.positive)
      || FloatHistogram.hasDecrease(from: theirs.negative, to: mine.negative)
  }

  private static func hasDecrease(from earlier: BucketColumn, to later: BucketColumn) -> Bool {
    var place = 0
    for i in 0..<earlier.count
    where later.count(of: earlier.indices[i], from: &place) < earlier.counts[i] {
      return true
    }
    return false
  }
}
