internal import ApusModel
internal import ApusStorage

/// `x smoothed`: the value at each step by linear interpolation between its neighbours.
///
/// Source: Prometheus, promql/engine.go, smoothSeries.
enum SmoothedInstant {
  static func fill(
    _ block: inout SeriesBlock, _ batch: SampleBatch, _ times: ReadTimes, lookbackMs: Int64
  ) {
    let samples = batch.withoutStale()
    var next = 0
    for step in 0..<times.count {
      let atMs = times.timeMs(step)
      while next < samples.times.count, samples.times[next] < atMs { next += 1 }
      let hasNext = next < samples.times.count && samples.times[next] <= atMs + lookbackMs
      let hasPrevious = next > 0 && samples.times[next - 1] > atMs - lookbackMs
      if hasNext && samples.times[next] == atMs {
        block.set(step, samples.values[next])
      } else if hasPrevious && hasNext {
        block.set(
          step,
          Interpolation.value(
            from: (samples.times[next - 1], samples.values[next - 1]),
            to: (samples.times[next], samples.values[next]), atMs: atMs, isCounter: false))
      } else if hasPrevious {
        block.set(step, samples.values[next - 1])
      }
    }
  }
}

enum Interpolation {
  /// The value between two samples. A counter that went down started anew from zero.
  static func value(
    from first: (timeMs: Int64, value: Double), to second: (timeMs: Int64, value: Double),
    atMs: Int64, isCounter: Bool
  ) -> Double {
    var start = first.value
    if isCounter && second.value < start { start = 0 }
    return start
      + (second.value - start) * Double(atMs - first.timeMs)
      / Double(second.timeMs - first.timeMs)
  }
}

extension SampleBatch {
  /// The samples of a range: stale markers are none.
  func withoutStale() -> SampleBatch {
    var copy = self
    copy.removeStale()
    return copy
  }

  mutating func removeStale() {
    if values.contains(where: StaleMarker.isStale) {
      var kept = 0
      let hasStarts = startTimes.count == times.count
      for i in values.indices where !StaleMarker.isStale(values[i]) {
        times[kept] = times[i]
        values[kept] = values[i]
        if hasStarts { startTimes[kept] = startTimes[i] }
        kept += 1
      }
      times.removeSubrange(kept...)
      values.removeSubrange(kept...)
      if hasStarts { startTimes.removeSubrange(kept...) }
    }
    if histograms.contains(where: { $0.isStale }) {
      let kept = histograms.indices.filter { !histograms[$0].isStale }
      histogramTimes = kept.map { histogramTimes[$0] }
      histograms = kept.map { histograms[$0] }
    }
  }

  /// Keeps only count and sum of histograms, and says of each whether the counters began anew
  /// since the one before.
  ///
  /// Source: Prometheus, promql/histogram_stats_iterator.go.
  mutating func reduceToStatistics() {
    var previous: FloatHistogram?
    for i in histograms.indices {
      let full = histograms[i]
      if full.isStale {
        continue
      }
      var reduced = FloatHistogram()
      reduced.schema = full.schema
      reduced.customBounds = full.customBounds
      reduced.count = full.count
      reduced.sum = full.sum
      switch full.resetHint {
      case .unknown:
        if let previous {
          reduced.resetHint = full.detectReset(previous) ? .reset : .notReset
        } else {
          reduced.resetHint = .unknown
        }
      case let hint: reduced.resetHint = hint
      }
      histograms[i] = reduced
      previous = full
    }
  }
}
