internal import ApusModel

/// What stands at one step of a row.
enum PointKind {
  static let none: UInt8 = 0
  static let float: UInt8 = 1
  static let histogram: UInt8 = 2
}

/// One series as operators pass it on: labels with one value per step of a timeline.
///
/// Presence stands in `kinds`, apart from the values, as every NaN is a value. A block is handed
/// down by its user and filled anew for every series, so that a series costs no allocation.
struct SeriesBlock {
  var labels = Labels.empty
  /// The metric name (and type and unit) go at the end of the query; used where their removal is
  /// delayed.
  var dropsName = false
  /// One `PointKind` per step.
  var kinds: [UInt8] = []
  /// Parallel to `kinds`; meaningful where the kind is float.
  var values: [Double] = []
  /// Parallel to `kinds`, or empty while the row has no histogram.
  var histograms: [FloatHistogram] = []

  init() {}

  init(labels: Labels, values: [Double]) {
    self.labels = labels
    self.values = values
    kinds = [UInt8](repeating: PointKind.float, count: values.count)
  }

  var count: Int { kinds.count }

  /// Makes an empty row of `count` steps.
  mutating func clear(count: Int) {
    labels = .empty
    dropsName = false
    clearPoints(count: count)
  }

  mutating func clearPoints(count: Int) {
    if kinds.count == count {
      for i in 0..<count { kinds[i] = PointKind.none }
    } else {
      kinds = [UInt8](repeating: PointKind.none, count: count)
      values = [Double](repeating: 0, count: count)
    }
    if !histograms.isEmpty { histograms = [] }
  }

  /// Changes places with the columns, so that a loop may have spans of both at a time, which it
  /// cannot have of one struct. To be called again when the loop is done.
  mutating func exchangeColumns(_ otherKinds: inout [UInt8], _ otherValues: inout [Double]) {
    swap(&otherKinds, &kinds)
    swap(&otherValues, &values)
  }

  var isEmpty: Bool {
    for kind in kinds where kind != PointKind.none { return false }
    return true
  }

  var hasHistograms: Bool { !histograms.isEmpty }

  /// Number of samples, a histogram counted as 1.
  var pointCount: Int {
    var n = 0
    for kind in kinds where kind != PointKind.none { n += 1 }
    return n
  }

  @inline(__always)
  mutating func set(_ step: Int, _ value: Double) {
    kinds[step] = PointKind.float
    values[step] = value
  }

  mutating func set(_ step: Int, _ histogram: FloatHistogram) {
    if histograms.isEmpty {
      histograms = [FloatHistogram](repeating: FloatHistogram(), count: kinds.count)
    }
    kinds[step] = PointKind.histogram
    histograms[step] = histogram
  }

  mutating func remove(_ step: Int) { kinds[step] = PointKind.none }

  /// The value at a step; nil where there is none.
  func point(_ step: Int) -> PointValue? {
    switch kinds[step] {
    case PointKind.float: .float(values[step])
    case PointKind.histogram: .histogram(histograms[step])
    default: nil
    }
  }

  mutating func set(_ step: Int, _ point: PointValue) {
    switch point {
    case .float(let value): set(step, value)
    case .histogram(let histogram): set(step, histogram)
    }
  }

  /// Takes over the points of a row with the same timeline.
  /// - Returns: false, leaving this block half merged, if both have a point at one step.
  mutating func merge(_ other: SeriesBlock) -> Bool {
    for step in 0..<count where other.kinds[step] != PointKind.none {
      if kinds[step] != PointKind.none { return false }
      if other.kinds[step] == PointKind.float {
        set(step, other.values[step])
      } else {
        set(step, other.histograms[step])
      }
    }
    return true
  }
}

/// A scalar at every step of a timeline.
enum ScalarRow {
  case constant(Double)
  case perStep([Double])

  @inline(__always)
  subscript(step: Int) -> Double {
    switch self {
    case .constant(let value): value
    case .perStep(let values): values[step]
    }
  }

  func values(count: Int) -> [Double] {
    switch self {
    case .constant(let value): [Double](repeating: value, count: count)
    case .perStep(let values): values
    }
  }
}
