/// Where the work of one node of a plan is written down.
struct Meter {
  let node: ExplainRecorder.Node
  let recorder: ExplainRecorder
  let query: Query

  func measure<Made>(_ work: () throws(QueryError) -> Made) throws(QueryError) -> Made {
    try recorder.measure(node, query, work)
  }

  /// Counts a series that came out.
  func count(samples: Int, bytes: Int) {
    node.series += 1
    node.samples += samples
    node.rowBytes = max(node.rowBytes, bytes)
  }
}

/// An operator whose work is measured.
final class MeteredOperator: Operator {
  private let inner: any Operator
  private let meter: Meter

  init(_ inner: any Operator, _ meter: Meter) {
    self.inner = inner
    self.meter = meter
  }

  var labelsMayRepeat: Bool { inner.labelsMayRepeat }

  func next(_ block: inout SeriesBlock) throws(QueryError) -> Bool {
    let isThere = try meter.measure { () throws(QueryError) in
      try inner.next(&block)
    }
    guard isThere else { return false }
    meter.count(samples: block.pointCount, bytes: block.bytes)
    return true
  }
}

/// Windows whose making is measured.
final class MeteredWindows: WindowSource {
  private let inner: any WindowSource
  private let meter: Meter

  init(_ inner: any WindowSource, _ meter: Meter) {
    self.inner = inner
    self.meter = meter
  }

  var shape: WindowShape { inner.shape }

  func next(_ series: inout WindowSeries) throws(QueryError) -> Bool {
    let isThere = try meter.measure { () throws(QueryError) in
      try inner.next(&series)
    }
    guard isThere else { return false }
    let points = series.times.count + series.histograms.reduce(0) { $0 + $1.sampleSize }
    meter.count(
      samples: series.times.count + series.histograms.count,
      bytes: points * ExplainRecorder.sampleBytes)
    return true
  }
}

extension SeriesBlock {
  /// What the columns take in memory.
  fileprivate var bytes: Int {
    count * 9 + histograms.reduce(0) { $0 + $1.sampleSize } * ExplainRecorder.sampleBytes
  }
}
