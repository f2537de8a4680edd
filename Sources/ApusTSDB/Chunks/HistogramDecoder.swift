internal import ApusModel
package import ApusStorage

/// Native histograms, a chunk at a time. Layouts: HistogramChunk, FloatHistogramChunk.
package enum HistogramDecoder {
  /// Appends the samples of a chunk of integer counts, as floats.
  /// - Throws: `ChunkError`; the batch is then as it was.
  package static func decode(
    _ bytes: Span<UInt8>, into batch: inout SampleBatch
  ) throws(ChunkError) {
    let start = batch.histograms.count
    do throws(ChunkError) {
      var reader = BitReader(bytes, atBit: 24)
      let (count, header) = try begin(bytes)
      guard count > 0 else { return }
      let layout = try HistogramLayout.decode(&reader, bitsMax: bytes.count * 8)
      var state = IntegerState(layout)
      for i in 0..<count {
        try state.next(&reader, isFirst: i == 0)
        if reader.isBeyondEnd { throw .truncated }
        batch.histogramTimes.append(state.time)
        batch.histograms.append(state.histogram(layout, header.hint(isFirst: i == 0)))
      }
    } catch {
      batch.removeHistograms(from: start)
      throw error
    }
  }

  /// Appends the samples of a chunk of float counts.
  /// - Throws: `ChunkError`; the batch is then as it was.
  package static func decodeFloats(
    _ bytes: Span<UInt8>, into batch: inout SampleBatch
  ) throws(ChunkError) {
    let start = batch.histograms.count
    do throws(ChunkError) {
      var reader = BitReader(bytes, atBit: 24)
      let (count, header) = try begin(bytes)
      guard count > 0 else { return }
      let layout = try HistogramLayout.decode(&reader, bitsMax: bytes.count * 8)
      var state = FloatState(layout)
      for i in 0..<count {
        try state.next(&reader, isFirst: i == 0)
        if reader.isBeyondEnd { throw .truncated }
        batch.histogramTimes.append(state.time)
        batch.histograms.append(state.histogram(layout, header.hint(isFirst: i == 0)))
      }
    } catch {
      batch.removeHistograms(from: start)
      throw error
    }
  }

  private static func begin(
    _ bytes: Span<UInt8>
  ) throws(ChunkError) -> (count: Int, header: ChunkResetHeader) {
    guard bytes.count >= 3 else { throw .truncated }
    return (ChunkDecoder.sampleCount(bytes), ChunkResetHeader(flags: bytes[2]))
  }
}

extension HistogramDecoder {
  private struct IntegerState {
    private(set) var time: Int64 = 0
    private var timeDelta: Int64 = 0
    private var sum = XORValue(0)
    private let positiveCount: Int
    /// Count, zero count, then all bucket numbers; and how they last changed.
    private var numbers: [Int64]
    private var deltas: [Int64]

    init(_ layout: HistogramLayout) {
      positiveCount = HistogramLayout.bucketCount(layout.positiveSpans)
      let negativeCount = HistogramLayout.bucketCount(layout.negativeSpans)
      numbers = [Int64](repeating: 0, count: 2 + positiveCount + negativeCount)
      deltas = numbers
    }

    @_lifetime(reader: copy reader)
    mutating func next(_ reader: inout BitReader, isFirst: Bool) throws(ChunkError) {
      if isFirst {
        time = reader.varbitInt()
        numbers[0] = Int64(bitPattern: reader.varbitUint())
        numbers[1] = Int64(bitPattern: reader.varbitUint())
        sum.bits = reader.take(64)
        for i in numbers.indices.dropFirst(2) { numbers[i] = reader.varbitInt() }
        return
      }
      timeDelta &+= reader.varbitInt()
      time &+= timeDelta
      for i in 0..<2 { step(i, reader.varbitInt()) }
      try reader.xor(&sum)
      guard !StaleMarker.isStale(sum.value) else { return }
      for i in numbers.indices.dropFirst(2) { step(i, reader.varbitInt()) }
    }

    @inline(__always)
    private mutating func step(_ i: Int, _ change: Int64) {
      deltas[i] &+= change
      numbers[i] &+= deltas[i]
    }

    func histogram(
      _ layout: HistogramLayout, _ hint: FloatHistogram.ResetHint
    ) -> FloatHistogram {
      guard !StaleMarker.isStale(sum.value) else { return .stale }
      var h = layout.histogram
      h.resetHint = hint
      h.count = Double(UInt64(bitPattern: numbers[0]))
      h.zeroCount = Double(UInt64(bitPattern: numbers[1]))
      h.sum = sum.value
      h.positiveBuckets = running(numbers[2..<(2 + positiveCount)])
      h.negativeBuckets = running(numbers[(2 + positiveCount)...])
      return h
    }

    private func running(_ differences: ArraySlice<Int64>) -> [Double] {
      var sum: Int64 = 0
      return differences.map { difference in
        sum &+= difference
        return Double(sum)
      }
    }
  }

  private struct FloatState {
    private(set) var time: Int64 = 0
    private var timeDelta: Int64 = 0
    private let positiveCount: Int
    /// Count, zero count, sum, then all buckets.
    private var values: [XORValue]

    init(_ layout: HistogramLayout) {
      positiveCount = HistogramLayout.bucketCount(layout.positiveSpans)
      let negativeCount = HistogramLayout.bucketCount(layout.negativeSpans)
      values = [XORValue](repeating: XORValue(0), count: 3 + positiveCount + negativeCount)
    }

    @_lifetime(reader: copy reader)
    mutating func next(_ reader: inout BitReader, isFirst: Bool) throws(ChunkError) {
      if isFirst {
        time = reader.varbitInt()
        for i in values.indices { values[i].bits = reader.take(64) }
        return
      }
      timeDelta &+= reader.varbitInt()
      time &+= timeDelta
      for i in 0..<3 { try reader.xor(&values[i]) }
      guard !StaleMarker.isStale(values[2].value) else { return }
      for i in values.indices.dropFirst(3) { try reader.xor(&values[i]) }
    }

    func histogram(
      _ layout: HistogramLayout, _ hint: FloatHistogram.ResetHint
    ) -> FloatHistogram {
      guard !StaleMarker.isStale(values[2].value) else { return .stale }
      var h = layout.histogram
      h.resetHint = hint
      h.count = values[0].value
      h.zeroCount = values[1].value
      h.sum = values[2].value
      h.positiveBuckets = values[3..<(3 + positiveCount)].map(\.value)
      h.negativeBuckets = values[(3 + positiveCount)...].map(\.value)
      return h
    }
  }
}

extension FloatHistogram {
  /// The sample that ends a series.
  fileprivate static var stale: FloatHistogram {
    var h = FloatHistogram()
    h.sum = StaleMarker.value
    return h
  }
}

extension SampleBatch {
  fileprivate mutating func removeHistograms(from start: Int) {
    histogramTimes.removeLast(histogramTimes.count - start)
    histograms.removeLast(histograms.count - start)
  }
}
