internal import ApusModel

/// The series of a classic histogram, collected to make a native one with custom buckets of them.
///
/// Behaves as Prometheus, util/convertnhcb.
struct ClassicHistogram {
  /// Ascending, with the cumulative count of each.
  private var buckets: [(bound: Double, count: Double)] = []
  private var count: Double?
  private var sum = 0.0
  /// Whether the series contradict each other.
  private var isBroken = false

  mutating func removeAll() {
    buckets.removeAll(keepingCapacity: true)
    (count, sum, isBroken) = (nil, 0, false)
  }

  /// Of two buckets with one bound the first is taken.
  mutating func setBucket(_ bound: Double, _ bucketCount: Double) {
    guard !isBroken else { return }
    guard !bound.isNaN, !(bucketCount < 0) else { return isBroken = true }
    guard buckets.count < Limits.classicBucketsMax else { return isBroken = true }
    // They nearly always come in order.
    let isNext = buckets.last.map { $0.bound < bound } ?? true
    let place = isNext ? buckets.count - 1 : buckets.lastIndex { $0.bound <= bound } ?? -1
    if place >= 0, buckets[place].bound == bound { return }
    if place >= 0, bucketCount < buckets[place].count { return isBroken = true }
    if place + 1 < buckets.count, bucketCount > buckets[place + 1].count { return isBroken = true }
    buckets.insert((bound, bucketCount), at: place + 1)
  }

  mutating func setCount(_ value: Double) {
    if value < 0 { isBroken = true }
    count = value
  }

  mutating func setSum(_ value: Double) { sum = value }

  /// Nil where the series make no histogram.
  func converted() -> FloatHistogram? {
    guard !isBroken, let total = count ?? buckets.last?.count else { return nil }
    var all = buckets
    if all.last?.bound != .infinity { all.append((.infinity, total)) }
    guard all[all.count - 1].count == total else { return nil }
    var histogram = FloatHistogram()
    histogram.schema = FloatHistogram.customBoundsSchema
    (histogram.count, histogram.sum) = (total, sum)
    histogram.positiveSpans = [
      FloatHistogram.Span(offset: 0, length: UInt32(truncatingIfNeeded: all.count))
    ]
    histogram.customBounds = all.dropLast().map(\.bound)
    var before = 0.0
    for bucket in all {
      histogram.positiveBuckets.append(bucket.count - before)
      before = bucket.count
    }
    guard HistogramCheck.problem(histogram) == nil else { return nil }
    return histogram.compacted
  }
}

/// What a series of a classic histogram is to the histogram.
struct ClassicPart: Equatable {
  enum Role: Equatable {
    case bucket(Double)
    case count
    case sum
  }

  /// The slot of the native histogram.
  let histogram: Int32
  let role: Role

  /// What the exposed labels are to a histogram of a name; nil where they are no part of it.
  static func role(of labels: Labels, in family: String) -> Role? {
    let name = labels.metricName
    switch name {
    case family + "_count": return .count
    case family + "_sum": return .sum
    case family + "_bucket":
      guard let text = labels[LabelNames.bucket], let bound = try? FloatText.parse(text),
        !bound.isNaN
      else { return nil }
      return .bucket(bound)
    default: return nil
    }
  }

  /// The labels of the histogram that a part belongs to.
  static func base(of labels: Labels, family: String) -> Labels {
    var builder = LabelsBuilder(labels)
    builder.set(LabelNames.metricName, family)
    builder.delete(LabelNames.bucket)
    return builder.labels()
  }
}
