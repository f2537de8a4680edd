internal import ApusModel
internal import ApusStorage

extension SampleBatch {
  /// Merges the samples of another source into those behind a mark. Each time comes once, whatever
  /// its kind: of two samples the one that stands there stays. Both are ascending by kind.
  ///
  /// A histogram that now follows one of the other source says nothing of resets any more: what
  /// it said was said of another one before it. (Prometheus, storage/merge.go,
  /// chainSampleIterator.)
  mutating func merge(_ other: SampleBatch, behind mark: (floats: Int, histograms: Int)) {
    let hasFloats = times.count > mark.floats
    let hasHistograms = histogramTimes.count > mark.histograms
    if hasHistograms && !other.times.isEmpty || hasFloats && !other.histogramTimes.isEmpty {
      var clean = other
      clean.drop(floatsAt: histogramTimes[mark.histograms...])
      clean.drop(histogramsAt: times[mark.floats...])
      mergeFloats(clean, mark.floats)
      mergeHistograms(clean, mark.histograms)
    } else {
      mergeFloats(other, mark.floats)
      mergeHistograms(other, mark.histograms)
    }
  }

  private mutating func mergeFloats(_ other: SampleBatch, _ start: Int) {
    guard !other.times.isEmpty else { return }
    if !startTimes.isEmpty || !other.startTimes.isEmpty {
      var padded = other
      padded.padStartTimes(isWanted: true)
      padStartTimes(isWanted: true)
      var times = times
      _ = SampleMerge.merge(&times, &startTimes, from: start, other.times, padded.startTimes)
    }
    _ = SampleMerge.merge(&times, &values, from: start, other.times, other.values)
  }

  private mutating func mergeHistograms(_ other: SampleBatch, _ start: Int) {
    guard !other.histogramTimes.isEmpty else { return }
    if !histogramStartTimes.isEmpty || !other.histogramStartTimes.isEmpty {
      var padded = other
      padded.padHistogramStartTimes(isWanted: true)
      padHistogramStartTimes(isWanted: true)
      var times = histogramTimes
      _ = SampleMerge.merge(
        &times, &histogramStartTimes, from: start, other.histogramTimes,
        padded.histogramStartTimes)
    }
    let borders = SampleMerge.merge(
      &histogramTimes, &histograms, from: start, other.histogramTimes, other.histograms)
    for index in borders where histograms[index].resetHint != .gauge {
      histograms[index].resetHint = .unknown
    }
  }

  private mutating func drop(floatsAt wanted: ArraySlice<Int64>) {
    let kept = SampleMerge.indices(of: times, notIn: wanted)
    guard kept.count < times.count else { return }
    if !startTimes.isEmpty { startTimes = kept.map { startTimes[$0] } }
    values = kept.map { values[$0] }
    times = kept.map { times[$0] }
  }

  private mutating func drop(histogramsAt wanted: ArraySlice<Int64>) {
    let kept = SampleMerge.indices(of: histogramTimes, notIn: wanted)
    guard kept.count < histogramTimes.count else { return }
    padHistogramStartTimes()
    if !histogramStartTimes.isEmpty {
      histogramStartTimes = kept.map { histogramStartTimes[$0] }
    }
    histograms = kept.map { histograms[$0] }
    histogramTimes = kept.map { histogramTimes[$0] }
  }
}

/// Pure: columns of samples into one.
enum SampleMerge {
  /// Merges samples into columns whose part from `start` on is ascending, as the others are. Of
  /// two samples at one time the one that stands there stays.
  ///
  /// - Returns: where a sample of one source follows one of the other, ascending.
  static func merge<Value>(
    _ times: inout [Int64], _ values: inout [Value], from start: Int, _ otherTimes: [Int64],
    _ otherValues: [Value]
  ) -> [Int] {
    guard let first = otherTimes.first else { return [] }
    if times.count == start || times[times.count - 1] < first {
      let border = times.count
      times.append(contentsOf: otherTimes)
      values.append(contentsOf: otherValues)
      return border == start ? [] : [border]
    }
    let ownTimes = Array(times[start...])
    let ownValues = Array(values[start...])
    times.removeSubrange(start...)
    values.removeSubrange(start...)
    var borders: [Int] = []
    var wasOwn = true
    var i = 0
    var j = 0
    while i < ownTimes.count || j < otherTimes.count {
      let isOwn = j == otherTimes.count || (i < ownTimes.count && ownTimes[i] <= otherTimes[j])
      if isOwn != wasOwn && times.count > start { borders.append(times.count) }
      wasOwn = isOwn
      if isOwn {
        if j < otherTimes.count && otherTimes[j] == ownTimes[i] { j += 1 }
        times.append(ownTimes[i])
        values.append(ownValues[i])
        i += 1
      } else {
        times.append(otherTimes[j])
        values.append(otherValues[j])
        j += 1
      }
    }
    return borders
  }

  /// Indices of ascending times that are not among others, which ascend as well.
  static func indices(of times: [Int64], notIn others: ArraySlice<Int64>) -> [Int] {
    var kept: [Int] = []
    kept.reserveCapacity(times.count)
    var at = others.startIndex
    for (index, time) in times.enumerated() {
      while at < others.endIndex, others[at] < time { at += 1 }
      if at == others.endIndex || others[at] != time { kept.append(index) }
    }
    return kept
  }
}
