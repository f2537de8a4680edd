internal import ApusModel
internal import ApusPromQLSyntax

/// The number in front of an aggregation, at every step: checked before any series is read.
///
/// Source of texts: Prometheus, promql/engine.go, rangeEvalAgg.
struct AggregateParameter {
  private let row: ScalarRow

  init(
    _ row: ScalarRow, _ plan: AggregatePlan, _ timeline: Timeline, _ query: Query
  ) throws(QueryError) {
    self.row = row
    let values = row.values(count: timeline.count)
    let position = plan.parameterPosition ?? plan.position
    let least = values.min { $0.isNaN ? false : $1.isNaN || $0 < $1 } ?? .nan
    let greatest = values.max { $1.isNaN ? false : $0.isNaN || $0 < $1 } ?? .nan
    let hasNaN = values.contains { $0.isNaN }
    switch plan.op {
    case .topk, .bottomk, .limitk:
      if hasNaN { throw .execution("Parameter value is NaN") }
      if least <= -0x1p63 {
        throw .execution("Scalar value \(FloatText.g(least)) underflows int64")
      }
      if greatest >= 0x1p63 {
        throw .execution("Scalar value \(FloatText.g(greatest)) overflows int64")
      }
    case .limitRatio:
      if hasNaN { throw .execution("Ratio value is NaN") }
      if greatest > 1 { AggregateParameter.warnRatio(greatest, to: 1, position, query) }
      if least < -1 { AggregateParameter.warnRatio(least, to: -1, position, query) }
    case .quantile:
      if hasNaN { QuantileWarning.warn(.nan, position, query) }
      if greatest > 1 { QuantileWarning.warn(greatest, position, query) }
      if least < 0 { QuantileWarning.warn(least, position, query) }
    default: break
    }
  }

  private static func warnRatio(
    _ ratio: Double, to limit: Double, _ position: SourceRange, _ query: Query
  ) {
    query.warn(
      "ratio value should be between -1 and 1, got \(FloatText.g(ratio)), "
        + "capping to \(FloatText.g(limit))", position)
  }

  /// How many series, never negative.
  func count(_ step: Int) -> Int { max(0, Int(row[step])) }

  func number(_ step: Int) -> Double { row[step] }
}
