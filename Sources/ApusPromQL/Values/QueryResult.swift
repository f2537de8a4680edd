package import ApusModel

/// The value of a query, and what was noticed on the way.
package struct QueryResult: Sendable {
  package enum Value: Sendable {
    case scalar(timeMs: Int64, value: Double)
    case string(timeMs: Int64, value: String)
    /// In the order that `sort` and its like gave, else in label order.
    case vector([InstantSeries])
    /// In label order.
    case matrix([RangeSeries])
  }

  package var value: Value
  package var annotations: Annotations
  package var statistics: QueryStatistics
  /// Where asked for.
  package var explanation: Explanation?

  package init(value: Value, annotations: Annotations, statistics: QueryStatistics) {
    self.value = value
    self.annotations = annotations
    self.statistics = statistics
  }
}

package enum PointValue: Sendable, Equatable {
  case float(Double)
  case histogram(FloatHistogram)
}

/// One element of an instant vector.
package struct InstantSeries: Sendable {
  package var labels: Labels
  package var timeMs: Int64
  package var value: PointValue

  package init(labels: Labels, timeMs: Int64, value: PointValue) {
    self.labels = labels
    self.timeMs = timeMs
    self.value = value
  }
}

/// One series of a matrix, its points in columns.
package struct RangeSeries: Sendable {
  package var labels: Labels
  package var times: [Int64]
  package var values: [Double]
  package var histogramTimes: [Int64]
  package var histograms: [FloatHistogram]

  package init(
    labels: Labels, times: [Int64], values: [Double], histogramTimes: [Int64] = [],
    histograms: [FloatHistogram] = []
  ) {
    self.labels = labels
    self.times = times
    self.values = values
    self.histogramTimes = histogramTimes
    self.histograms = histograms
  }
}
