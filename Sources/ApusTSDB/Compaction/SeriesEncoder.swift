internal import ApusStorage

/// Samples to chunks for a block. A chunk ends after so many samples, and where floats and
/// histograms of one series follow each other, because chunks must not overlap.
struct SeriesEncoder {
  private let samplesPerChunk: Int

  init(samplesPerChunk: Int) {
    precondition(
      (1...XORChunk.samplesMax).contains(samplesPerChunk), "chunks of \(samplesPerChunk) samples")
    self.samplesPerChunk = samplesPerChunk
  }

  /// - Parameter samples: strictly ascending by time, floats and histograms together.
  func encode(_ samples: SampleBatch, into out: inout SeriesChunks) throws(StorageError) {
    var float = 0
    var histogram = 0
    while float < samples.times.count || histogram < samples.histogramTimes.count {
      let nextHistogram =
        histogram < samples.histogramTimes.count ? samples.histogramTimes[histogram] : .max
      let floatEnd = run(samples.times, from: float, before: nextHistogram)
      encodeFloats(samples, float..<floatEnd, into: &out)
      float = floatEnd
      let nextFloat = float < samples.times.count ? samples.times[float] : .max
      let histogramEnd = run(samples.histogramTimes, from: histogram, before: nextFloat)
      try encodeHistograms(samples, histogram..<histogramEnd, into: &out)
      histogram = histogramEnd
    }
  }

  /// Where the samples from `first` on reach a time; the last time of all is none to reach.
  private func run(_ times: [Int64], from first: Int, before timeMs: Int64) -> Int {
    var end = first
    while end < times.count, times[end] < timeMs || timeMs == .max { end += 1 }
    return end
  }

  private func encodeFloats(
    _ samples: SampleBatch, _ range: Range<Int>, into out: inout SeriesChunks
  ) {
    var from = range.lowerBound
    var chunk = XORChunk(capacityBytes: 512)
    while from < range.upperBound {
      let end = min(range.upperBound, from + samplesPerChunk)
      chunk.removeAll()
      for index in from..<end {
        chunk.append(timeMs: samples.times[index], value: samples.values[index])
      }
      out.append(
        encoding: ChunkEncoding.xor.rawValue, minTimeMs: samples.times[from],
        maxTimeMs: samples.times[end - 1], chunk.span)
      from = end
    }
  }

  private func encodeHistograms(
    _ samples: SampleBatch, _ range: Range<Int>, into out: inout SeriesChunks
  ) throws(StorageError) {
    guard !range.isEmpty else { return }
    throw StorageError(.disabled, "cannot encode native histograms of overlapping chunks")
  }
}
