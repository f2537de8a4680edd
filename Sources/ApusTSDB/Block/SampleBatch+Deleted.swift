internal import ApusModel
internal import ApusStorage

extension SampleBatch {
  /// Number of float and histogram samples: where the next chunk begins.
  var mark: (floats: Int, histograms: Int) { (times.count, histogramTimes.count) }

  /// Removes what is deleted of the samples behind a mark.
  mutating func remove(
    _ deleted: DeletedIntervals, behind mark: (floats: Int, histograms: Int)
  ) {
    if !startTimes.isEmpty {
      var times = times
      deleted.remove(from: &times, &startTimes, start: mark.floats)
    }
    deleted.remove(from: &times, &values, start: mark.floats)
    if !histogramStartTimes.isEmpty {
      padHistogramStartTimes()
      var times = histogramTimes
      deleted.remove(from: &times, &histogramStartTimes, start: mark.histograms)
    }
    deleted.remove(from: &histogramTimes, &histograms, start: mark.histograms)
  }

  /// Makes the start times parallel to the times again after samples that have none.
  /// - Parameter isWanted: also where there are none so far.
  mutating func padStartTimes(isWanted: Bool = false) {
    Self.pad(&startTimes, to: times.count, isWanted)
  }

  /// As `padStartTimes`, for histograms.
  mutating func padHistogramStartTimes(isWanted: Bool = false) {
    Self.pad(&histogramStartTimes, to: histogramTimes.count, isWanted)
  }

  private static func pad(_ startTimes: inout [Int64], to count: Int, _ isWanted: Bool) {
    guard isWanted || !startTimes.isEmpty, startTimes.count < count else { return }
    startTimes.append(contentsOf: repeatElement(0, count: count - startTimes.count))
  }
}
