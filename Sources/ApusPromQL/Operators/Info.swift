internal import ApusModel
internal import ApusPromQLSyntax
internal import ApusStorage

/// info: labels of info metrics, such as target_info, added to the series of the same target.
///
/// Source of the rules: Prometheus, promql/info.go.
final class Info: Operator {
  private static let identifyingNames = LabelNameSet([LabelNames.instance, LabelNames.job])

  private let inner: any Operator
  private let nameMatchers: [LabelMatcher]
  private let dataMatchers: [LabelMatcher]
  private let time: SelectorTime
  private let timeline: Timeline
  private let meter: SampleMeter
  private let query: Query
  private var result: BufferedOperator?

  init(
    _ inner: any Operator, _ selector: SelectorPlan?, time: SelectorTime?, timeline: Timeline,
    meter: SampleMeter, query: Query
  ) {
    self.inner = inner
    self.meter = meter
    self.time = time ?? SelectorTime(fixedMs: nil, offsetMs: 0)
    self.timeline = timeline
    self.query = query
    let matchers = selector?.matchers ?? []
    let byName = matchers.filter { $0.name == LabelNames.metricName }
    dataMatchers = matchers.filter { $0.name != LabelNames.metricName }
    if byName.isEmpty {
      nameMatchers = [.equal(LabelNames.metricName, "target_info")]
    } else if byName.contains(where: { $0.kind == .equal || $0.kind == .regex }) {
      nameMatchers = byName
    } else {
      // Only told what is none: all that are called info are meant.
      nameMatchers =
        byName + ((try? [LabelMatcher(.regex, LabelNames.metricName, ".+_info")]) ?? [])
    }
    ignoresByName = selector == nil || !byName.isEmpty
  }

  /// Only a selector that names metrics, or none at all, says which series are info series.
  private let ignoresByName: Bool

  var labelsMayRepeat: Bool { false }

  func next(_ block: inout SeriesBlock) throws(QueryError) -> Bool {
    if result == nil { result = BufferedOperator(try compute()) }
    return try result?.next(&block) ?? false
  }

  private func compute() throws(QueryError) -> [SeriesBlock] {
    var base: [SeriesBlock] = []
    var block = SeriesBlock()
    while try inner.next(&block) {
      try query.hold(block.pointCount)
      base.append(block)
      block = SeriesBlock()
    }
    let isIgnored = base.map { ignoresByName && matchesName($0.labels) }
    let infos = try readInfos(zip(base, isIgnored).filter { !$0.1 }.map { $0.0.labels })
    var out = MergedRows(stepCount: timeline.count)
    for (series, ignored) in zip(base, isIgnored) {
      if ignored {
        try out.add(series)
      } else {
        try enrich(series, infos, &out)
      }
    }
    return out.blocks
  }

  private func matchesName(_ labels: Labels) -> Bool {
    nameMatchers.allSatisfy { $0.matches(labels.metricName) }
  }

  /// The info series of the same targets: values are the times of the samples.
  private func readInfos(_ targets: [Labels]) throws(QueryError) -> [Labels: [InfoRow]] {
    var matchers = nameMatchers + dataMatchers
    var isIdentified = false
    for name in Info.identifyingNames.names {
      let values = Set(targets.map { $0.value(of: name) }.filter { !$0.isEmpty })
      if values.isEmpty { continue }
      isIdentified = true
      let pattern = values.sorted().map(RegexText.quoted).joined(separator: "|")
      guard let matcher = try? LabelMatcher(.regex, name, pattern) else {
        throw .execution("cannot match \(values.count) values of label \(name)")
      }
      matchers.append(matcher)
    }
    guard isIdentified else { return [:] }
    let plan = SelectorPlan(
      matchers: matchers, time: time, lookbackMs: query.lookbackMs, hints: SelectHints(),
      position: .init(0, 0))
    let selected = InstantSelector(plan, timeline, wanted: .infoTimestamp, meter, query: query)
    var rows: [Labels: [InfoRow]] = [:]
    var block = SeriesBlock()
    while try selected.next(&block) {
      if block.hasHistograms { throw .execution("info sample should be float") }
      let key = Info.identifyingNames.keeping(block.labels)
      rows[key, default: []].append(InfoRow(block))
      block = SeriesBlock()
    }
    return rows
  }

  /// One info series, and at which steps it is the newest of its name and target.
  private struct InfoRow {
    let labels: Labels
    let name: String
    let block: SeriesBlock

    init(_ block: SeriesBlock) {
      self.block = block
      labels = block.labels
      name = block.labels.metricName
    }
  }

  private func enrich(
    _ series: SeriesBlock, _ infos: [Labels: [InfoRow]], _ out: inout MergedRows
  ) throws(QueryError) {
    let rows = infos[Info.identifyingNames.keeping(series.labels)] ?? []
    // Labels by which rows were met; nearly always one combination.
    var known: [[Int]: Labels?] = [:]
    var parts: [Labels: SeriesBlock] = [:]
    for step in 0..<timeline.count {
      guard let point = series.point(step) else { continue }
      let chosen = try newest(rows, step)
      if known[chosen] == nil {
        known[chosen] = .some(try labels(series.labels, chosen.map { rows[$0].labels }))
      }
      guard let target = known[chosen] ?? nil else { continue }
      if parts[target] == nil {
        var part = SeriesBlock()
        part.clear(count: timeline.count)
        part.labels = target
        part.dropsName = series.dropsName
        parts[target] = part
      }
      parts[target]?.set(step, point)
    }
    for part in parts.values { try out.add(part) }
  }

  /// Of each metric name the row with the newest sample at a step.
  private func newest(_ rows: [InfoRow], _ step: Int) throws(QueryError) -> [Int] {
    var best: [String: Int] = [:]
    for (i, row) in rows.enumerated() where row.block.kinds[step] == PointKind.float {
      guard let other = best[row.name] else {
        best[row.name] = i
        continue
      }
      let mine = row.block.values[step]
      let theirs = rows[other].block.values[step]
      if mine == theirs {
        throw .execution(
          "found duplicate series for info metric: existing \(rows[other].labels) @ "
            + "\(Int64(theirs * 1000)), new \(row.labels) @ \(Int64(mine * 1000))")
      }
      if mine > theirs { best[row.name] = i }
    }
    return best.values.sorted()
  }

  /// The labels of a series with those of info series; nil where a matcher wants a label that
  /// no info series brings.
  private func labels(_ base: Labels, _ infos: [Labels]) throws(QueryError) -> Labels? {
    if infos.isEmpty {
      return dataMatchers.allSatisfy { $0.matchesEmpty } ? base : nil
    }
    let wanted = Set(dataMatchers.map { $0.name })
    var added = LabelsBuilder()
    for info in infos {
      for label in info where label.name != LabelNames.metricName {
        if !wanted.isEmpty && !wanted.contains(label.name) { continue }
        let before = added[label.name]
        if !before.isEmpty && before != label.value {
          throw .execution("conflicting label: \(label.name)")
        }
        if !base.has(label.name) { added.set(label.name, label.value) }
      }
    }
    var builder = LabelsBuilder(base)
    for label in added.current { builder.set(label.name, label.value) }
    return builder.labels()
  }
}

/// Rows by labels; two points at one step are an error.
struct MergedRows {
  private let stepCount: Int
  private(set) var blocks: [SeriesBlock] = []
  private var places: [Labels: Int] = [:]

  init(stepCount: Int) { self.stepCount = stepCount }

  mutating func add(_ block: SeriesBlock) throws(QueryError) {
    if let place = places[block.labels] {
      guard blocks[place].merge(block) else { throw .duplicateLabels }
    } else {
      places[block.labels] = blocks.count
      blocks.append(block)
    }
  }
}

enum RegexText {
  /// Text as a pattern that matches only it.
  static func quoted(_ text: String) -> String {
    var out = ""
    for scalar in text.unicodeScalars {
      if "\\.+*?()|[]{}^$".unicodeScalars.contains(scalar) { out += "\\" }
      out.unicodeScalars.append(scalar)
    }
    return out
  }
}
