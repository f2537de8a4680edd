internal import ApusModel

/// What has one value for all steps, repeated at each of them.
final class StepInvariantOperator: Operator {
  private let inner: any Operator
  private let stepCount: Int
  private var single = SeriesBlock()

  init(_ inner: any Operator, stepCount: Int) {
    self.inner = inner
    self.stepCount = stepCount
  }

  var labelsMayRepeat: Bool { inner.labelsMayRepeat }

  func next(_ block: inout SeriesBlock) throws(QueryError) -> Bool {
    guard try inner.next(&single) else { return false }
    block.clear(count: stepCount)
    block.labels = single.labels
    block.dropsName = single.dropsName
    switch single.kinds[0] {
    case PointKind.float:
      for step in 0..<stepCount { block.set(step, single.values[0]) }
    case PointKind.histogram:
      for step in 0..<stepCount { block.set(step, single.histograms[0]) }
    default: break
    }
    return true
  }
}

/// `-x`.
final class UnaryMinus: Operator {
  private let inner: any Operator
  private let query: Query

  init(_ inner: any Operator, query: Query) {
    self.inner = inner
    self.query = query
  }

  var labelsMayRepeat: Bool { inner.labelsMayRepeat }

  func next(_ block: inout SeriesBlock) throws(QueryError) -> Bool {
    guard try inner.next(&block) else { return false }
    for step in block.kinds.indices { block.values[step] = -block.values[step] }
    if block.hasHistograms {
      for step in block.kinds.indices where block.kinds[step] == PointKind.histogram {
        block.histograms[step].multiply(by: -1)
      }
    }
    query.dropName(&block)
    return true
  }
}

/// A function of each float by itself; histograms are left out.
final class PerValueFunction: Operator {
  private let inner: any Operator
  private let query: Query
  private let change: (inout [Double]) -> Void

  /// - Parameter change: of all values of a row, those of absent points too.
  init(_ inner: any Operator, query: Query, _ change: @escaping (inout [Double]) -> Void) {
    self.inner = inner
    self.query = query
    self.change = change
  }

  var labelsMayRepeat: Bool { inner.labelsMayRepeat }

  func next(_ block: inout SeriesBlock) throws(QueryError) -> Bool {
    while try inner.next(&block) {
      block.removeHistograms()
      if block.isEmpty { continue }
      change(&block.values)
      query.dropName(&block)
      return true
    }
    return false
  }
}

/// A number of each histogram by itself; floats are left out.
final class PerHistogramFunction: Operator {
  private let inner: any Operator
  private let query: Query
  private let measure: (FloatHistogram) -> Double

  init(_ inner: any Operator, query: Query, _ measure: @escaping (FloatHistogram) -> Double) {
    self.inner = inner
    self.query = query
    self.measure = measure
  }

  var labelsMayRepeat: Bool { inner.labelsMayRepeat }

  func next(_ block: inout SeriesBlock) throws(QueryError) -> Bool {
    while try inner.next(&block) {
      guard block.hasHistograms else { continue }
      for step in block.kinds.indices {
        if block.kinds[step] == PointKind.histogram {
          block.set(step, measure(block.histograms[step]))
        } else {
          block.remove(step)
        }
      }
      block.histograms = []
      if block.isEmpty { continue }
      query.dropName(&block)
      return true
    }
    return false
  }
}

extension SeriesBlock {
  mutating func removeHistograms() {
    guard hasHistograms else { return }
    for step in kinds.indices where kinds[step] == PointKind.histogram {
      kinds[step] = PointKind.none
    }
    histograms = []
  }
}
