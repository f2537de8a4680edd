internal import ApusModel
internal import ApusStorage
internal import ApusSystem

extension HistogramSeries {
  /// Histograms of a series one after the other, as they are.
  struct Run: Sendable {
    var times: [Int64] = []
    var histograms: [FloatHistogram] = []
  }

  /// An open chunk. What its histograms say of resets is what they will say when it is encoded.
  ///
  /// The newest ones stand as they came, those before them in encoded pieces: a histogram takes
  /// some hundred bytes, and ten encoded. The pieces are not yet what the chunk will be.
  struct Open: Sendable {
    private var pieces: [Piece] = []
    private var recent = Run()
    private(set) var startTime: Int64?
    private(set) var count = 0

    var newest: FloatHistogram? { recent.histograms.last }

    /// How many stand as they came.
    var unpackedCount: Int { recent.times.count }

    mutating func append(_ time: Int64, _ histogram: FloatHistogram) {
      if startTime == nil { startTime = time }
      count += 1
      recent.times.append(time)
      recent.histograms.append(histogram)
      if recent.times.count > Limits.histogramsUnpackedMax { pack() }
    }

    /// Encodes all but the newest one, with which the next one will be compared.
    private mutating func pack() {
      var old = Run()
      swap(&old, &recent)
      if let time = old.times.popLast(), let histogram = old.histograms.popLast() {
        recent = Run(times: [time], histograms: [histogram])
      }
      var at = 0
      HistogramSeries.encode(old) { encoding, minTime, maxTime, count, bytes in
        let hints = old.histograms[at..<(at + count)].map(\.resetHint)
        pieces.append(
          Piece(
            encoding: encoding, range: TimeRange(minTime, maxTime),
            bytes: [UInt8](copying: bytes), hints: hints))
        at += count
      }
    }

    /// Appends the histograms that lie in a range.
    func read(in range: TimeRange, into batch: inout SampleBatch) {
      for piece in pieces where piece.range.overlaps(range) { piece.read(in: range, into: &batch) }
      for (i, time) in recent.times.enumerated() where range.contains(time) {
        batch.histogramTimes.append(time)
        batch.histograms.append(recent.histograms[i].emptyIfStale)
      }
    }

    /// All of them.
    var run: Run {
      guard !pieces.isEmpty else { return recent }
      var batch = SampleBatch()
      for piece in pieces { piece.read(in: .all, into: &batch) }
      return Run(
        times: batch.histogramTimes + recent.times,
        histograms: batch.histograms + recent.histograms)
    }
  }

  /// Some of the histograms of an open chunk, encoded.
  private struct Piece: Sendable {
    let encoding: ChunkEncoding
    let range: TimeRange
    let bytes: [UInt8]
    /// Of each histogram; its encoding tells only that of the first one.
    let hints: [FloatHistogram.ResetHint]

    func read(in range: TimeRange, into batch: inout SampleBatch) {
      var decoded = SampleBatch()
      do throws(ChunkError) {
        try ChunkDecoder.decode(encoding, bytes.span, into: &decoded)
      } catch {
        preconditionFailure("a chunk of our own does not decode: \(error)")
      }
      for (i, time) in decoded.histogramTimes.enumerated() where range.contains(time) {
        batch.histogramTimes.append(time)
        batch.histograms.append(decoded.histograms[i])
        batch.histograms[batch.histograms.count - 1].resetHint = hints[i]
      }
    }
  }
}
