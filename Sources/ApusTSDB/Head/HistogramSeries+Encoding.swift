internal import ApusModel
internal import ApusStorage

extension HistogramSeries {
  typealias EncodedChunk = (
    _ encoding: ChunkEncoding, _ minTime: Int64, _ maxTime: Int64, _ count: Int,
    _ bytes: Span<UInt8>
  ) -> Void

  /// Encodes histograms: one chunk, or several where the histograms do not fit together or
  /// take more bytes than a chunk should. Whole numbers are kept as such if all are.
  static func encode(_ run: Run, _ body: EncodedChunk) {
    if run.histograms.allSatisfy(\.hasIntegerCounts) {
      encode(run, as: IntegerHistogramCode.self, body)
    } else {
      encode(run, as: FloatHistogramCode.self, body)
    }
  }

  private static func encode<Code: HistogramCode>(
    _ run: Run, as code: Code.Type, _ body: EncodedChunk
  ) {
    var chunk = HistogramEncoder<Code>()
    var start = 0
    for (i, histogram) in run.histograms.enumerated() {
      var header: ChunkResetHeader?
      if chunk.count >= Limits.histogramsPerChunkMin, chunk.byteCount >= Limits.chunkBytesMax {
        header = self.header(between: run.histograms[i - 1], and: histogram)
      } else if case .needsChunk(let wanted) = chunk.append(
        timeMs: run.times[i], histogram)
      {
        header = wanted
      }
      guard let header else { continue }
      body(Code.encoding, run.times[start], run.times[i - 1], i - start, chunk.span)
      chunk = HistogramEncoder<Code>(header: header)
      start = i
      _ = chunk.append(timeMs: run.times[i], histogram)
    }
    guard chunk.count > 0, let last = run.times.last else { return }
    body(Code.encoding, run.times[start], last, chunk.count, chunk.span)
  }

  /// What a chunk says of its first sample that follows one that it would have fitted to.
  private static func header(
    between last: FloatHistogram, and next: FloatHistogram
  ) -> ChunkResetHeader {
    let isGauge = last.resetHint == .gauge
    switch HistogramAppendRules.decide(last: last, isGauge: isGauge, next: next) {
    case .append: return isGauge ? .gauge : .notReset
    case .newChunk(let header): return header
    }
  }
}

extension HistogramSampleColumns {
  /// Histograms of one kind that follow each other: a log record holds either kind, and the order
  /// of the samples of a series must last.
  var runs: [(columns: HistogramSampleColumns, isInteger: Bool)] {
    var runs: [(columns: HistogramSampleColumns, isInteger: Bool)] = []
    for i in refs.indices {
      let isInteger = histograms[i].isWholeInLog
      if runs.last?.isInteger != isInteger { runs.append((HistogramSampleColumns(), isInteger)) }
      runs[runs.count - 1].columns.append(refs[i], timeMs: times[i], histogram: histograms[i])
    }
    return runs
  }
}

extension FloatHistogram {
  /// Whether a record of whole numbers can hold this. What a stale one counts is anybody's guess.
  fileprivate var isWholeInLog: Bool {
    guard StaleMarker.isStale(sum) else { return hasIntegerCounts }
    return count == 0 && zeroCount == 0 && positiveBuckets.isEmpty && negativeBuckets.isEmpty
  }
}

extension WALBatch {
  /// Records of histograms in the order of their columns, whole numbers as such.
  mutating func addHistogramRuns(_ columns: HistogramSampleColumns) {
    for run in columns.runs {
      if run.isInteger { addIntegerHistograms(run.columns) } else { addHistograms(run.columns) }
    }
  }
}
