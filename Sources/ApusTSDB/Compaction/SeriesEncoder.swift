internal import ApusStorage

/// Samples to chunks for a block. A chunk ends after so many samples, and where floats and
/// histograms of one series follow each other, because chunks must not overlap. Samples with start
/// times keep them: floats in XOR2 chunks, histograms in those of encodings 5 and 6.
struct SeriesEncoder: ~Copyable {
  private let chunking: BlockChunking
  private var dense = DenseXOREncoder()
  private var writer = BitWriter(capacityBytes: 16 << 10)
  private var plain = XORChunk(capacityBytes: 2 << 10)

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
    if timeMs == .max { return times.count }
    var end = first
    while end < times.count, times[end] < timeMs { end += 1 }
    return end
  }

  private mutating func encodeFloats(
    _ samples: SampleBatch, _ range: Range<Int>, into out: inout SeriesChunks
  ) {
    let hasStartTimes =
      !samples.startTimes.isEmpty && samples.startTimes[range].contains { $0 != 0 }
    let most = hasStartTimes ? BlockChunking.prometheus.samplesMax : chunking.samplesMax
    var from = range.lowerBound
    while from < range.upperBound {
      let end = min(range.upperBound, from + most)
      if hasStartTimes {
        XOR2Chunk.encode(
          samples.times, samples.values, starts: samples.startTimes, from..<end, into: &writer)
        append(.xor2, samples.times, from..<end, writer.span, to: &out)
      } else if case .prometheus = chunking {
        plain.removeAll()
        plain.append(samples.times.span, samples.values.span, from..<end)
        append(.xor, samples.times, from..<end, plain.span, to: &out)
      } else {
        encodeDense(samples, from..<end, into: &out)
      }
      from = end
    }
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
    append(.xor, samples.times, range, writer.span, to: &out)
  }

  private mutating func encodeHistograms(
    _ samples: SampleBatch, _ range: Range<Int>, into out: inout SeriesChunks
  ) {
    guard !range.isEmpty else { return }
    // Of one kind for the whole run, so that whole numbers now and then do not cut chunks.
    if samples.histograms[range].allSatisfy(\.hasIntegerCounts) {
      encode(samples, range, as: IntegerHistogramCode.self, into: &out)
    } else {
      encode(samples, range, as: FloatHistogramCode.self, into: &out)
    }
  }

  private mutating func encode<Code: HistogramCode>(
    _ samples: SampleBatch, _ range: Range<Int>, as code: Code.Type,
    into out: inout SeriesChunks
  ) {
    var header = ChunkResetHeader.unknown
    var next = range.lowerBound
    while next < range.upperBound {
      let first = next
      var chunk = HistogramEncoder<Code>(header: header)
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
      let starts = samples.histogramStartTimes.dropFirst(first).prefix(next - first)
      if starts.contains(where: { $0 != 0 }) {
        let all = starts + repeatElement(0, count: next - first - starts.count)
        HistogramSTChunk<Code>.encode(chunk.span, starts: all, into: &writer)
        append(
          HistogramSTChunk<Code>.encoding, samples.histogramTimes, first..<next, writer.span,
          to: &out)
      } else {
        append(Code.encoding, samples.histogramTimes, first..<next, chunk.span, to: &out)
      }
    }
  }

  private func append(
    _ encoding: ChunkEncoding, _ times: [Int64], _ range: Range<Int>, _ bytes: Span<UInt8>,
    to out: inout SeriesChunks
  ) {
    out.append(
      encoding: encoding.rawValue, minTimeMs: times[range.lowerBound],
      maxTimeMs: times[range.upperBound - 1], bytes)
  }
}
