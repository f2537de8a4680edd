internal import ApusModel
internal import ApusPromQLSyntax

/// histogram_quantile, histogram_quantiles and histogram_fraction, over classic buckets and native
/// histograms alike.
///
/// The series of one classic histogram are gathered; what comes of them is one row, or one for
/// each quantile.
final class HistogramQuantile: Operator {
  enum Wanted {
    case quantile(ScalarRow, SourceRange)
    /// With a label that says which quantile.
    case quantiles([(ScalarRow, SourceRange)], label: String)
    case fraction(lower: ScalarRow, upper: ScalarRow)
  }

  /// All series with the same labels but for `le`.
  private struct Family {
    var labels: Labels
    var dropsName: Bool
    var bounds: [Double] = []
    var rows: [SeriesBlock] = []
    var native: SeriesBlock?
  }

  private let inner: any Operator
  private let wanted: Wanted
  private let vectorPosition: SourceRange
  private let firstPosition: SourceRange
  private let timeline: Timeline
  private let query: Query
  private var result: BufferedOperator?

  init(
    _ inner: any Operator, _ wanted: Wanted, vectorPosition: SourceRange,
    firstPosition: SourceRange, timeline: Timeline, query: Query
  ) {
    self.inner = inner
    self.wanted = wanted
    self.vectorPosition = vectorPosition
    self.firstPosition = firstPosition
    self.timeline = timeline
    self.query = query
  }

  var labelsMayRepeat: Bool { true }

  func next(_ block: inout SeriesBlock) throws(QueryError) -> Bool {
    if result == nil { result = BufferedOperator(try compute(), labelsMayRepeat: true) }
    return try result?.next(&block) ?? false
  }

  private func compute() throws(QueryError) -> [SeriesBlock] {
    warnOfQuantiles()
    var rows: [SeriesBlock] = []
    for family in try gather() {
      try query.checkpoint()
      rows += self.rows(of: family)
    }
    return rows
  }

  private func warnOfQuantiles() {
    let quantiles: [(ScalarRow, SourceRange)] =
      switch wanted {
      case .quantile(let row, let position): [(row, position)]
      case .quantiles(let all, _): all
      case .fraction: []
      }
    for (row, position) in quantiles {
      for step in 0..<timeline.count where !(row[step] >= 0 && row[step] <= 1) {
        QuantileWarning.warn(row[step], position, query)
      }
    }
  }

  private func gather() throws(QueryError) -> [Family] {
    var families: [Family] = []
    var places: [Labels: Int] = [:]
    var block = SeriesBlock()
    let le = LabelNameSet([LabelNames.bucket])
    func place(_ labels: Labels) -> Int {
      if let place = places[labels] { return place }
      places[labels] = families.count
      families.append(Family(labels: labels, dropsName: block.dropsName))
      return families.count - 1
    }
    while try inner.next(&block) {
      if block.hasHistograms {
        var native = block
        native.removeFloats()
        if !native.isEmpty { families[place(block.labels)].native = native }
        block.removeHistograms()
        if block.isEmpty { continue }
      }
      let text = block.labels.value(of: LabelNames.bucket)
      guard let bound = try? FloatText.parse(text) else {
        warnBadBucket(block.labels, text)
        continue
      }
      try query.hold(block.pointCount)
      let family = place(le.deleting(block.labels))
      families[family].bounds.append(bound)
      families[family].rows.append(block)
      block = SeriesBlock()
    }
    return families
  }

  private func warnBadBucket(_ labels: Labels, _ text: String) {
    query.warn(
      "bucket label \"le\" is missing or has a malformed value of \(GoQuote.quote(text))"
        + HistogramQuantile.suffix(labels.metricName), vectorPosition)
  }

  static func suffix(_ name: String) -> String {
    name.isEmpty ? "" : " for metric name \(GoQuote.quote(name))"
  }

  /// The name to show; where names are dropped at once, it is gone by then.
  private func shownName(_ family: Family) -> String {
    query.options.delayedNameRemoval ? family.labels.metricName : ""
  }

  private func rows(of family: Family) -> [SeriesBlock] {
    var family = family
    dropConflicts(&family)
    switch wanted {
    case .quantile(let row, _):
      return [self.row(family, labels: family.labels) { row[$0] }]
    case .quantiles(let all, let label):
      // The label's text may change from step to step.
      return all.flatMap { row, _ in quantileRows(family, row, label) }
    case .fraction(let lower, let upper):
      return [fractionRow(family, lower, upper)]
    }
  }

  /// Where both a native and a classic histogram have points, neither counts.
  private func dropConflicts(_ family: inout Family) {
    guard var native = family.native, !family.rows.isEmpty else { return }
    for step in 0..<timeline.count where native.kinds[step] != PointKind.none {
      guard family.rows.contains(where: { $0.kinds[step] != PointKind.none }) else { continue }
      query.warn(
        "vector contains a mix of classic and native histograms"
          + HistogramQuantile.suffix(family.labels.metricName), vectorPosition)
      native.remove(step)
      for i in family.rows.indices { family.rows[i].remove(step) }
    }
    family.native = native
  }

  private func quantileRows(
    _ family: Family, _ row: ScalarRow, _ label: String
  ) -> [SeriesBlock] {
    var texts: [(text: String, isNaN: Bool, value: Double)] = []
    for step in 0..<timeline.count {
      let value = row[step]
      let isKnown = texts.contains { value.isNaN ? $0.isNaN : $0.value == value }
      if !isKnown { texts.append((OpenMetricsFloat.text(value), value.isNaN, value)) }
    }
    return texts.map { entry in
      var builder = LabelsBuilder(family.labels)
      builder.set(label, entry.text)
      return self.row(family, labels: builder.labels()) { step in
        let value = row[step]
        return (value.isNaN ? entry.isNaN : value == entry.value) ? value : nil
      }
    }
  }

  private func emptyRow(_ family: Family, _ labels: Labels) -> SeriesBlock {
    var block = SeriesBlock()
    block.clear(count: timeline.count)
    block.labels = labels
    block.dropsName = family.dropsName
    query.dropName(&block)
    return block
  }

  private func row(
    _ family: Family, labels: Labels, _ quantile: (Int) -> Double?
  ) -> SeriesBlock {
    var out = emptyRow(family, labels)
    var buckets = ClassicBuckets()
    for step in 0..<timeline.count {
      guard let q = quantile(step) else { continue }
      if let native = family.native, native.kinds[step] != PointKind.none {
        let found = HistogramFunctions.quantile(q, native.histograms[step])
        note(found.note, family)
        out.set(step, found.value)
        continue
      }
      fill(&buckets, family, step)
      if buckets.isEmpty { continue }
      var repair = ClassicBuckets.Repair()
      out.set(step, buckets.quantile(q, &repair))
      if repair.isForced {
        let position = if case .quantile = wanted { vectorPosition } else { firstPosition }
        query.informForcedMonotonicity(
          HistogramQuantile.suffix(shownName(family)), position, repair,
          atMs: timeline.timeMs(step))
      }
    }
    return out
  }

  private func fill(_ buckets: inout ClassicBuckets, _ family: Family, _ step: Int) {
    buckets.removeAll()
    for i in family.rows.indices where family.rows[i].kinds[step] != PointKind.none {
      buckets.append(bound: family.bounds[i], count: family.rows[i].values[step])
    }
  }

  private func note(_ note: HistogramFunctions.Note?, _ family: Family) {
    let suffix = HistogramQuantile.suffix(shownName(family))
    switch note {
    case .resultIsNaN:
      query.inform(
        "input to histogram_quantile has NaN observations, result is NaN\(suffix)",
        firstPosition)
    case .isSkewed:
      query.inform(
        "input to histogram_quantile has NaN observations, result is skewed higher\(suffix)",
        firstPosition)
    case nil: break
    }
  }

  private func fractionRow(
    _ family: Family, _ lower: ScalarRow, _ upper: ScalarRow
  ) -> SeriesBlock {
    var out = emptyRow(family, family.labels)
    var buckets = ClassicBuckets()
    for step in 0..<timeline.count {
      if let native = family.native, native.kinds[step] != PointKind.none {
        let histogram = native.histograms[step]
        if histogram.sum.isNaN && histogram.count != 0 {
          query.inform(
            "input to histogram_fraction has NaN observations, which are excluded from all "
              + "fractions" + HistogramQuantile.suffix(shownName(family)), firstPosition)
        }
        out.set(step, HistogramFunctions.fraction(lower[step], upper[step], histogram))
        continue
      }
      fill(&buckets, family, step)
      if !buckets.isEmpty { out.set(step, buckets.fraction(lower[step], upper[step])) }
    }
    return out
  }
}

/// Floats as OpenMetrics writes them in labels: `1.0`, not `1`.
enum OpenMetricsFloat {
  static func text(_ value: Double) -> String {
    let text = FloatText.g(value)
    guard value.isFinite, !text.contains("."), !text.contains("e") else { return text }
    return text + ".0"
  }
}

extension SeriesBlock {
  mutating func removeFloats() {
    for step in kinds.indices where kinds[step] == PointKind.float {
      kinds[step] = PointKind.none
    }
  }
}
