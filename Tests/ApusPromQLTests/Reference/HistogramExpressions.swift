import ApusModel

/// An expression over native histograms that can be written as PromQL and evaluated by definition,
/// one step at a time.
indirect enum HistogramExpression {
  typealias Row = [Labels: ReferenceHistogram]

  case selector(String, offsetMs: Int64)
  /// rate, increase, delta, irate, idelta, sum_over_time, avg_over_time, last_over_time,
  /// first_over_time.
  case window(String, String, rangeMs: Int64)
  case scaled(HistogramExpression, by: Double, isDivided: Bool)
  case negated(HistogramExpression)
  case joined(HistogramExpression, HistogramExpression, isSum: Bool)
  /// sum or avg by some labels.
  case aggregated(String, by: [String], HistogramExpression)
  /// and, or, unless.
  case set(String, HistogramExpression, HistogramExpression)

  var text: String {
    switch self {
    case .selector(let name, let offsetMs):
      offsetMs == 0 ? name : "\(name) offset \(offsetMs)ms"
    case .window(let function, let name, let rangeMs): "\(function)(\(name)[\(rangeMs)ms])"
    case .scaled(let inner, let factor, let isDivided):
      "(\(inner.text) \(isDivided ? "/" : "*") \(FloatText.f(factor)))"
    case .negated(let inner): "(-\(inner.text))"
    case .joined(let a, let b, let isSum): "(\(a.text) \(isSum ? "+" : "-") \(b.text))"
    case .aggregated(let op, let labels, let inner):
      "\(op) by (\(labels.joined(separator: ", "))) (\(inner.text))"
    case .set(let op, let a, let b): "(\(a.text) \(op) \(b.text))"
    }
  }

  func row(_ data: RandomHistogramData, atMs: Int64) -> Row {
    switch self {
    case .selector(let name, let offsetMs):
      return data.series(name).compactMapValues { samples in
        samples.last {
          $0.timeMs <= atMs - offsetMs && $0.timeMs > atMs - offsetMs - 300_000
        }?.histogram
      }
    case .window(let function, let name, let rangeMs):
      let keepsName = function == "last_over_time" || function == "first_over_time"
      let found = data.series(name).compactMapValues { samples in
        HistogramWindow(
          samples.filter { $0.timeMs <= atMs && $0.timeMs > atMs - rangeMs }, endMs: atMs,
          lengthMs: rangeMs
        ).value(function)
      }
      return keepsName ? found : Self.nameless(found)
    case .scaled(let inner, let factor, let isDivided):
      return Self.nameless(
        inner.row(data, atMs: atMs).mapValues { h in
          h.scaled { isDivided ? $0 / factor : $0 * factor }
        })
    case .negated(let inner):
      return Self.nameless(inner.row(data, atMs: atMs).mapValues { h in h.scaled { -$0 } })
    case .joined(let a, let b, let isSum):
      let left = Self.nameless(a.row(data, atMs: atMs))
      let right = Self.nameless(b.row(data, atMs: atMs))
      return Row(
        uniqueKeysWithValues: left.compactMap { labels, x in
          guard let y = right[labels], x.isCustom == y.isCustom else { return nil }
          return (labels, x.joined(y) { isSum ? $0 + $1 : $0 - $1 })
        })
    case .aggregated(let op, let names, let inner):
      return Self.aggregate(op, names, inner.row(data, atMs: atMs))
    case .set(let op, let a, let b):
      return Self.combine(op, a.row(data, atMs: atMs), b.row(data, atMs: atMs))
    }
  }

  private static func nameless(_ labels: Labels) -> Labels {
    var builder = LabelsBuilder(labels)
    builder.set("__name__", "")
    return builder.labels()
  }

  static func nameless(_ row: Row) -> Row {
    Row(uniqueKeysWithValues: row.map { (nameless($0.key), $0.value) })
  }

  private static func aggregate(_ op: String, _ names: [String], _ row: Row) -> Row {
    var groups: [Labels: [ReferenceHistogram]] = [:]
    // In label order: how far a zero bucket grows depends on which buckets have become empty.
    for (labels, histogram) in row.sorted(by: { $0.key < $1.key }) {
      let key = Labels(labels.filter { names.contains($0.name) })
      groups[key, default: []].append(histogram)
    }
    return groups.compactMapValues { members in
      // Exponential and custom buckets do not add up.
      guard Set(members.map(\.isCustom)).count == 1, let first = members.first else { return nil }
      let sum = members.dropFirst().reduce(first) { $0.joined($1, +) }
      return op == "avg" ? sum.scaled { $0 / Double(members.count) } : sum
    }
  }

  private static func combine(_ op: String, _ a: Row, _ b: Row) -> Row {
    let inA = Set(a.keys.map(nameless))
    let inB = Set(b.keys.map(nameless))
    switch op {
    case "and": return a.filter { inB.contains(nameless($0.key)) }
    case "unless": return a.filter { !inB.contains(nameless($0.key)) }
    default: return a.merging(b.filter { !inA.contains(nameless($0.key)) }) { x, _ in x }
    }
  }
}

/// The samples of one series in one window.
struct HistogramWindow {
  typealias Sample = RandomHistogramData.Sample

  let samples: [Sample]
  let endMs: Int64
  let lengthMs: Int64

  init(_ samples: [Sample], endMs: Int64, lengthMs: Int64) {
    self.samples = samples
    self.endMs = endMs
    self.lengthMs = lengthMs
  }

  func value(_ function: String) -> ReferenceHistogram? {
    guard let first = samples.first, let last = samples.last else { return nil }
    switch function {
    case "last_over_time": return last.histogram
    case "first_over_time": return first.histogram
    case "sum_over_time", "avg_over_time":
      let sum = samples.dropFirst().reduce(first.histogram) { $0.joined($1.histogram, +) }
      return function == "avg_over_time" ? sum.scaled { $0 / Double(samples.count) } : sum
    case _ where samples.count < 2: return nil
    case "irate", "idelta":
      let previous = samples[samples.count - 2]
      let seconds = Double(last.timeMs - previous.timeMs) / 1000
      if function == "idelta" { return last.histogram.joined(previous.histogram, -) }
      let isReset = last.histogram.isReset(since: previous.histogram)
      let change =
        isReset ? last.histogram : last.histogram.joined(previous.histogram, -)
      return change.scaled { $0 / seconds }
    default: return extrapolated(function)
    }
  }

  /// How often one sample is another one than that before it, or began anew.
  func changes(resetsOnly: Bool) -> Double {
    Double(
      zip(samples, samples.dropFirst()).count { a, b in
        resetsOnly ? b.histogram.isReset(since: a.histogram) : a.original != b.original
      })
  }

  private func extrapolated(_ function: String) -> ReferenceHistogram {
    let isCounter = function != "delta"
    let first = samples[0]
    let last = samples[samples.count - 1]
    var schema = min(first.histogram.schema, last.histogram.schema)
    if isCounter { schema = samples.map(\.histogram.schema).min() ?? schema }
    // Behind a reset right at the beginning, the first sample is as good as none.
    let startsAnew = isCounter && samples[1].histogram.isReset(since: first.histogram)
    var start = startsAnew ? first.histogram.scaled { $0 * 0 } : first.histogram
    if startsAnew {
      start = samples[1].histogram.scaled { $0 * 0 }
      start.threshold = 0
      schema = min(last.histogram.schema, samples[1].histogram.schema)
      schema = min(schema, samples.dropFirst().map(\.histogram.schema).min() ?? schema)
    }
    var end = last.histogram
    if !end.isCustom { end = end.with(schema: schema) }
    var change = end.joined(start, -)
    if isCounter {
      var previous = start
      for sample in samples.dropFirst() {
        if sample.histogram.isReset(since: previous) { change = change.joined(previous, +) }
        previous = sample.histogram
      }
    }
    let sampled = Double(last.timeMs - first.timeMs) / 1000
    let average = sampled / Double(samples.count - 1)
    var toStart = Double(first.timeMs - (endMs - lengthMs)) / 1000
    var toEnd = Double(endMs - last.timeMs) / 1000
    if toStart >= average * 1.1 { toStart = average / 2 }
    if isCounter && change.count > 0 && first.histogram.count >= 0 {
      toStart = min(toStart, sampled * (first.histogram.count / change.count))
    }
    if toEnd >= average * 1.1 { toEnd = average / 2 }
    var factor = (sampled + toStart + toEnd) / sampled
    if function == "rate" { factor /= Double(lengthMs) / 1000 }
    return change.scaled { $0 * factor }
  }
}
