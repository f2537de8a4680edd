internal import ApusModel
internal import ApusPromQLSyntax
internal import ApusStorage

/// What a `load` command puts into a store.
enum ScriptLoad {
  static func load(_ load: Script.Load, into store: MemoryStore) {
    for series in load.series {
      store.append(
        series.labels, samples(series.values, load.stepMs, load.starts[series.labels]))
    }
    if load.addsNative { loadNative(load, into: store) }
  }

  private static func samples(
    _ values: [SeriesValue], _ stepMs: Int64, _ starts: [Int64?]?
  ) -> SampleBatch {
    var samples = SampleBatch()
    for (i, value) in values.enumerated() {
      let timeMs = Int64(i) * stepMs
      switch value {
      case .omitted: break
      case .float(let number):
        samples.times.append(timeMs)
        samples.values.append(number)
        if let starts {
          let offset = i < starts.count ? starts[i] : nil
          samples.startTimes.append(offset.map { timeMs + $0 } ?? 0)
        }
      case .histogram(let histogram, _):
        samples.histogramTimes.append(timeMs)
        samples.histograms.append(histogram)
      }
    }
    return samples
  }

  /// The series of one classic histogram, by step.
  private struct Classic {
    var buckets: [(bound: Double, values: [SeriesValue])] = []
    var sum: [SeriesValue] = []
    var count: [SeriesValue] = []
  }

  private static func loadNative(_ load: Script.Load, into store: MemoryStore) {
    var families: [Labels: Classic] = [:]
    for series in load.series {
      let name = series.labels.metricName
      var builder = LabelsBuilder(series.labels)
      builder.delete(LabelNames.bucket)
      if name.hasSuffix("_bucket"),
        let bound = try? FloatText.parse(series.labels.value(of: LabelNames.bucket))
      {
        builder.set(LabelNames.metricName, String(name.dropLast(7)))
        families[builder.labels(), default: Classic()].buckets.append((bound, series.values))
      } else if name.hasSuffix("_sum") {
        builder.set(LabelNames.metricName, String(name.dropLast(4)))
        families[builder.labels(), default: Classic()].sum = series.values
      } else if name.hasSuffix("_count") {
        builder.set(LabelNames.metricName, String(name.dropLast(6)))
        families[builder.labels(), default: Classic()].count = series.values
      }
    }
    for (labels, family) in families where !family.buckets.isEmpty {
      store.append(labels, native(family, load.stepMs))
    }
  }

  private static func native(_ family: Classic, _ stepMs: Int64) -> SampleBatch {
    var batch = SampleBatch()
    let buckets = family.buckets.sorted { $0.bound < $1.bound }
    let steps = buckets.map { $0.values.count }.max() ?? 0
    for step in 0..<steps {
      let points = buckets.compactMap { bucket in
        number(bucket.values, step).map { (bound: bucket.bound, count: $0) }
      }
      guard !points.isEmpty, let histogram = histogram(points, family, step) else { continue }
      batch.histogramTimes.append(Int64(step) * stepMs)
      batch.histograms.append(histogram)
    }
    return batch
  }

  private static func number(_ values: [SeriesValue], _ step: Int) -> Double? {
    guard step < values.count, case .float(let value) = values[step] else { return nil }
    return value
  }

  /// Nil where the counts of the buckets do not ascend.
  private static func histogram(
    _ points: [(bound: Double, count: Double)], _ family: Classic, _ step: Int
  ) -> FloatHistogram? {
    var histogram = FloatHistogram()
    histogram.schema = FloatHistogram.customBoundsSchema
    histogram.count = number(family.count, step) ?? points[points.count - 1].count
    histogram.sum = number(family.sum, step) ?? 0
    var counts: [Double] = []
    var before = 0.0
    var lastBound: Double?
    for point in points where point.bound != lastBound {
      if point.count < before { return nil }
      if point.bound != .infinity { histogram.customBounds.append(point.bound) }
      counts.append(point.count - before)
      before = point.count
      lastBound = point.bound
    }
    if points[points.count - 1].bound != .infinity { counts.append(histogram.count - before) }
    histogram.positiveSpans = [.init(offset: 0, length: UInt32(counts.count))]
    histogram.positiveBuckets = counts
    histogram.compact()
    return histogram
  }
}
