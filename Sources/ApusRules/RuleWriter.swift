internal import ApusModel
internal import ApusPromQL
internal import ApusStorage

/// Results of a rule -> the store.
struct RuleWriter {
  let appender: any Appender
  /// Refs of series that were written before.
  let known: [Labels: SeriesRef]

  struct Written {
    /// The series that took a sample, with their refs.
    var series: [Labels: SeriesRef] = [:]
    var rejections: [AppendError] = []
  }

  /// How rejected samples are reported, by kind.
  static let messages: [(AppendError, StaticString)] = [
    (.outOfOrder, "Error on ingesting out-of-order result from rule evaluation"),
    (.tooOld, "Error on ingesting too old result from rule evaluation"),
    (
      .duplicate,
      "Error on ingesting results from rule evaluation with different value but same timestamp"
    ),
    (.outOfBounds, "Rule evaluation result discarded"),
  ]

  /// Writes samples, and stale markers at `timeMs` for the series that end. A marker that is
  /// refused is no failure: the series may come from another rule now.
  func write(_ samples: [RuleSample], ending: [Labels], atMs timeMs: Int64)
    -> Result<Written, StorageError>
  {
    do throws(StorageError) {
      var refs = known
      try resolve(samples.map(\.labels) + ending, into: &refs)
      var written = try append(samples, ending, timeMs, refs)
      if written.rejections.contains(.unknownSeries) {
        // The head forgot some of our refs: ask for all of them again.
        refs = [:]
        try resolve(samples.map(\.labels) + ending, into: &refs)
        written = try append(samples, ending, timeMs, refs)
      }
      return .success(written)
    } catch {
      return .failure(error)
    }
  }

  private func resolve(_ series: [Labels], into refs: inout [Labels: SeriesRef])
    throws(StorageError)
  {
    let missing = series.filter { refs[$0] == nil }
    guard !missing.isEmpty else { return }
    for (labels, ref) in zip(missing, try appender.resolve(missing)) { refs[labels] = ref }
  }

  private func append(
    _ samples: [RuleSample], _ ending: [Labels], _ timeMs: Int64, _ refs: [Labels: SeriesRef]
  ) throws(StorageError) -> Written {
    var batch = AppendBatch()
    batch.discardsOutOfOrder = true
    var floats: [Labels] = []
    var histograms: [Labels] = []
    for sample in samples {
      guard let ref = refs[sample.labels] else { continue }
      switch sample.value {
      case .float(let value):
        batch.append(ref, timeMs: sample.timeMs, value: value)
        floats.append(sample.labels)
      case .histogram(let histogram):
        batch.append(ref, timeMs: sample.timeMs, histogram: histogram)
        histograms.append(sample.labels)
      }
    }
    for labels in ending {
      guard let ref = refs[labels] else { continue }
      batch.append(ref, timeMs: timeMs, value: StaleMarker.value)
    }
    let outcome = try appender.append(batch)
    var written = Written()
    for labels in floats + histograms { written.series[labels] = refs[labels] }
    for rejection in outcome.rejections {
      let kept = rejection.isHistogram ? histograms : floats
      // Past the samples stand the stale markers, which may be refused.
      guard rejection.index < kept.count else {
        if rejection.error == .unknownSeries { written.rejections.append(rejection.error) }
        continue
      }
      written.series[kept[rejection.index]] = nil
      written.rejections.append(rejection.error)
    }
    return written
  }
}
