/// An operator whose work is measured.
final class MeteredOperator: Operator {
  private let inner: any Operator
  private let node: ExplainRecorder.Node
  private let recorder: ExplainRecorder
  private let query: Query

  init(
    _ inner: any Operator, _ node: ExplainRecorder.Node, _ recorder: ExplainRecorder,
    query: Query
  ) {
    self.inner = inner
    self.node = node
    self.recorder = recorder
    self.query = query
  }

  var labelsMayRepeat: Bool { inner.labelsMayRepeat }

  func next(_ block: inout SeriesBlock) throws(QueryError) -> Bool {
    let isThere = try recorder.measure(node, query) { () throws(QueryError) in
      try inner.next(&block)
    }
    guard isThere else { return false }
    node.series += 1
    node.samples += block.pointCount
    node.rowBytes = max(node.rowBytes, block.bytes)
    return true
  }
}

/// Windows whose making is measured.
final class MeteredWindows: WindowSource {
  private let inner: any WindowSource
  private let node: ExplainRecorder.Node
  private let recorder: ExplainRecorder
  private let query: Query

  init(
    _ inner: any WindowSource, _ node: ExplainRecorder.Node, _ recorder: ExplainRecorder,
    query: Query
  ) {
    self.inner = inner
    self.node = node
    self.recorder = recorder
    self.query = query
  }

  var shape: WindowShape { inner.shape }

  func next(_ series: inout WindowSeries) throws(QueryError) -> Bool {
    let isThere = try recorder.measure(node, query) { () throws(QueryError) in
      try inner.next(&series)
    }
    guard isThere else { return false }
    let count = series.times.count + series.histograms.count
    node.series += 1
    node.samples += count
    node.rowBytes = max(
      node.rowBytes,
      (series.times.count + series.histograms.reduce(0) { $0 + $1.sampleSize })
        * ExplainRecorder.sampleBytes)
    return true
  }
}

extension SeriesBlock {
  /// What the columns take in memory.
  fileprivate var bytes: Int {
    count * 9 + histograms.reduce(0) { $0 + $1.sampleSize } * ExplainRecorder.sampleBytes
  }
}
