package import ApusModel
package import ApusStorage

/// What of an alert's past counts after a restart. Pure.
///
/// Source: Prometheus, rules/group.go, RestoreForState.
package struct AlertRestore: Sendable {
  /// An alert with a shorter `for` just waits again.
  package let gracePeriodMs: Int64
  /// How old the last sample of ALERTS_FOR_STATE may be.
  package let outageToleranceMs: Int64

  package init(gracePeriodMs: Int64, outageToleranceMs: Int64) {
    self.gracePeriodMs = gracePeriodMs
    self.outageToleranceMs = outageToleranceMs
  }

  /// When the alert counts as active since.
  /// - Parameters:
  ///   - lastSampleMs: time of the last sample of ALERTS_FOR_STATE.
  ///   - activeAtMs: what that sample says.
  package func activeAtMs(lastSampleMs: Int64, activeAtMs: Int64, forMs: Int64, nowMs: Int64)
    -> Int64
  {
    let downAtMs = lastSampleMs / 1000 * 1000
    let leftMs = forMs - (downAtMs - activeAtMs)
    if leftMs <= 0 { return activeAtMs }
    if leftMs < gracePeriodMs { return nowMs + gracePeriodMs - forMs }
    return activeAtMs + (nowMs - downAtMs)
  }

  /// The last sample of ALERTS_FOR_STATE of each alert of a rule that was not stale.
  package func lastStates(of name: String, in store: any Queryable, nowMs: Int64)
    throws(StorageError) -> [Labels: (timeMs: Int64, activeAtMs: Int64)]
  {
    let range = TimeRange(nowMs - outageToleranceMs, nowMs)
    let querier = try store.querier(in: range)
    let matchers = [
      LabelMatcher.equal(LabelNames.metricName, AlertSeries.forStateName),
      LabelMatcher.equal(LabelNames.alertName, name),
    ]
    let cursor = try querier.select(matchers, in: range, hints: SelectHints())
    var states: [Labels: (timeMs: Int64, activeAtMs: Int64)] = [:]
    while try cursor.next() {
      guard let last = try cursor.latest(atMs: nowMs, newerThanMs: range.minMs - 1),
        case .float(let since) = last.value, !StaleMarker.isStale(since), since.isFinite
      else { continue }
      var builder = LabelsBuilder(cursor.labels)
      builder.delete(LabelNames.metricName)
      states[builder.labels()] = (last.timeMs, Int64(since) * 1000)
    }
    return states
  }
}
