internal import ApusModel
internal import ApusPromQLSyntax

/// Functions over windows. Raw values are their names in PromQL.
enum RangeFunction: String {
  case rate, increase, delta, irate, idelta
  case average = "avg_over_time"
  case sum = "sum_over_time"
  case min = "min_over_time"
  case max = "max_over_time"
  case count = "count_over_time"
  case last = "last_over_time"
  case first = "first_over_time"
  case present = "present_over_time"
  case absent = "absent_over_time"
  case changes, resets, deriv
  case predictLinear = "predict_linear"
  case quantile = "quantile_over_time"
  case standardDeviation = "stddev_over_time"
  case standardVariance = "stdvar_over_time"
  case medianAbsoluteDeviation = "mad_over_time"
  case doubleExponentialSmoothing = "double_exponential_smoothing"
  case timeOfFirst = "ts_of_first_over_time"
  case timeOfLast = "ts_of_last_over_time"
  case timeOfMin = "ts_of_min_over_time"
  case timeOfMax = "ts_of_max_over_time"

  /// The result is a sample of the metric itself.
  var keepsName: Bool { self == .last || self == .first }
}

/// One use of a window function: all that does not change from series to series.
struct WindowCall {
  let function: RangeFunction
  let shape: WindowShape
  let widening: RangeExtension
  /// Scalar arguments, in order.
  let parameters: [ScalarRow]
  /// Of the first argument: where warnings point to.
  let position: SourceRange
  let timeline: Timeline
  let query: Query

  var stepCount: Int { timeline.count }

  func inform(mixedIn series: WindowSeries) {
    query.inform(
      "ignored histograms in a range containing both floats and histograms for metric name "
        + GoQuote.quote(series.labels.metricName), position)
  }

  func warn(mixedIn series: WindowSeries) {
    query.warn(
      "encountered a mix of histograms and floats for metric name "
        + GoQuote.quote(series.labels.metricName), position)
  }
}

/// Looks now and then whether the query may go on, by the work that was done since.
struct Pace {
  /// About 10 ms of adding up.
  private static let samplesPerLook = 1 << 21
  private let query: Query
  private var samples = 0

  init(_ query: Query) { self.query = query }

  @inline(__always)
  mutating func spend(_ count: Int) throws(QueryError) {
    samples &+= count
    if samples >= Pace.samplesPerLook {
      samples = 0
      try query.checkpoint()
    }
  }
}

/// Fills the row of a series: one call for all its steps.
enum WindowKernels {
  static func fill(
    _ row: inout SeriesBlock, _ series: WindowSeries, _ call: WindowCall
  ) throws(QueryError) {
    switch call.function {
    case .rate, .increase, .delta:
      if call.widening == .none {
        try ExtrapolatedRate.fill(&row, series, call)
      } else {
        ExtendedRate.fill(&row, series, call)
      }
    case .irate, .idelta: InstantRate.fill(&row, series, call)
    case .average, .sum: try OverTimeSums.fill(&row, series, call)
    case .min, .max, .timeOfMin, .timeOfMax: OverTimeExtremes.fill(&row, series, call)
    case .count, .present, .absent: OverTime.fillCounts(&row, series, call)
    case .last, .first, .timeOfFirst, .timeOfLast: OverTime.fillEnds(&row, series, call)
    case .changes, .resets: try OverTimeChanges.fill(&row, series, call)
    case .deriv, .predictLinear: try Regression.fill(&row, series, call)
    case .quantile, .medianAbsoluteDeviation: try OverTimeQuantiles.fill(&row, series, call)
    case .standardDeviation, .standardVariance: try Variance.fill(&row, series, call)
    case .doubleExponentialSmoothing: try Smoothing.fill(&row, series, call)
    }
  }
}
