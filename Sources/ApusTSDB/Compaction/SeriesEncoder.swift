internal import ApusStorage

/// Samples to chunks for a block. A chunk ends after so many samples, and where floats and
/// histograms of one series follow each other, because chunks must not overlap.
struct SeriesEncoder: ~Copyable {
  private let chunking: BlockChunking
  private var dense = DenseXOREncoder()
  private var writer = BitWriter(capacityBytes: 16 << 10)

  private static let histogramsPerChunk = 120

  init(_ chunking: BlockChunking) { self.chunking = chunking }

  /// - Parameter samples: strictly ascending by time, floats and histograms together.
  mutating func encode(_ samples: SampleBatch, into out: inout SeriesChunks) {
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
      encodeHistograms(samples, histogram..<histogramEnd, into: &out)
      histogram = histogramEnd
    }
  }

  /// Where the samples from `first` on reach a time; the last time of all is none to reach.
  private func run(_ times: [Int64], from first: Int, before timeMs: Int64) -> Int {
    var end = first
    while end < times.count, times[end] < timeMs || timeMs == .max { end += 1 }
    return end
  }

  private mutating func encodeFloats(
    _ samples: SampleBatch, _ range: Range<Int>, into out: inout SeriesChunks
  ) {
    var from = range.lowerBound
    while from < range.upperBound {
      let end = min(range.upperBound, from + chunking.samplesMax)
      switch chunking {
      case .prometheus: encodePlain(samples, from..<end, into: &out)
      case .dense: encodeDense(samples, from..<end, into: &out)
      }
      from = end
    }
  }

  private func encodePlain(
    _ samples: SampleBatch, _ range: Range<Int>, into out: inout SeriesChunks
  ) {
    var chunk = XORChunk(capacityBytes: 512)
    for index in range {
      chunk.append(timeMs: samples.times[index], value: samples.values[index])
    }
    out.append(
      encoding: ChunkEncoding.xor.rawValue, minTimeMs: samples.times[range.lowerBound],
      maxTimeMs: samples.times[range.upperBound - 1], chunk.span)
  }

  /// Halves what takes too many bytes.
  private mutating func encodeDense(
    _ samples: SampleBatch, _ range: Range<Int>, into out: inout SeriesChunks
  ) {
    dense.encode(samples.times.span, samples.values.span, range, into: &writer)
    if writer.byteCount > BlockChunking.denseBytesMax, range.count > 1 {
      let middle = range.lowerBound + range.count / 2
      encodeDense(samples, range.lowerBound..<middle, into: &out)
      encodeDense(samples, middle..<range.upperBound, into: &out)
      return
    }
    out.append(
      encoding: ChunkEncoding.xor.rawValue, minTimeMs: samples.times[range.lowerBound],
      maxTimeMs: samples.times[range.upperBound - 1], writer.span)
  }

  private func encodeHistograms(
    _ samples: SampleBatch, _ range: Range<Int>, into out: inout SeriesChunks
  ) {
    guard !range.isEmpty else { return }
    // Of one kind for the whole run, so that whole numbers now and then do not cut chunks.
    if samples.histograms[range].allSatisfy(\.hasIntegerCounts) {
      encodeIntegers(samples, range, into: &out)
    } else {
      encodeFractions(samples, range, into: &out)
    }
  }

  private func encodeIntegers(
    _ samples: SampleBatch, _ range: Range<Int>, into out: inout SeriesChunks
  ) {
    var header = ChunkResetHeader.unknown
    var next = range.lowerBound
    while next < range.upperBound {
      let first = next
      var chunk = HistogramChunk(header: header)
      header = .unknown
      while next < range.upperBound, chunk.count < Self.histogramsPerChunk {
        let outcome = chunk.append(
          timeMs: samples.histogramTimes[next], samples.histograms[next])
        if case .needsChunk(let wanted) = outcome {
          header = wanted
          break
        }
        next += 1
      }
      out.append(
        encoding: ChunkEncoding.histogram.rawValue, minTimeMs: samples.histogramTimes[first],
        maxTimeMs: samples.histogramTimes[next - 1], chunk.span)
    }
  }

  private func encodeFractions(
    _ samples: SampleBatch, _ range: Range<Int>, into out: inout SeriesChunks
  ) {
    var header = ChunkResetHeader.unknown
    var next = range.lowerBound
    while next < range.upperBound {
      let first = next
      var chunk = FloatHistogramChunk(header: header)
      header = .unknown
      while next < range.upperBound, chunk.count < Self.histogramsPerChunk {
        let outcome = chunk.append(
          timeMs: samples.histogramTimes[next], samples.histograms[next])
        if case .needsChunk(let wanted) = outcome {
          header = wanted
          break
        }
        next += 1
      }
      out.append(
        encoding: ChunkEncoding.floatHistogram.rawValue,
        minTimeMs: samples.histogramTimes[first],
        maxTimeMs: samples.histogramTimes[next - 1], chunk.span)
    }
  }
}
