import ApusModel
import Glibc

/// A native histogram as a textbook would have it: a count for every bucket by its number.
struct ReferenceHistogram {
  var schema: Int32
  /// Of custom buckets; else empty.
  var bounds: [Double]
  var threshold: Double
  var zero: Double
  var count: Double
  var sum: Double
  var positive: [Int32: Double] = [:]
  var negative: [Int32: Double] = [:]

  var isCustom: Bool { schema == -53 }

  init(_ histogram: FloatHistogram) {
    schema = histogram.schema
    bounds = histogram.customBounds
    threshold = histogram.zeroThreshold
    zero = histogram.zeroCount
    count = histogram.count
    sum = histogram.sum
    positive = Self.buckets(histogram.positiveSpans, histogram.positiveBuckets)
    negative = Self.buckets(histogram.negativeSpans, histogram.negativeBuckets)
  }

  private static func buckets(
    _ spans: [FloatHistogram.Span], _ counts: [Double]
  ) -> [Int32: Double] {
    var found: [Int32: Double] = [:]
    var index: Int32 = 0
    var next = 0
    for span in spans {
      index += span.offset
      for _ in 0..<span.length {
        if counts[next] != 0 { found[index] = counts[next] }
        index += 1
        next += 1
      }
    }
    return found
  }

  /// The same to twelve digits: sums may be taken in another order. The threshold of an empty zero
  /// bucket says nothing.
  func isLike(_ other: ReferenceHistogram) -> Bool {
    func near(_ a: [Int32: Double], _ b: [Int32: Double]) -> Bool {
      Set(a.keys).union(b.keys).allSatisfy { Self.near(a[$0] ?? 0, b[$0] ?? 0, sum: count) }
    }
    return schema == other.schema && bounds == other.bounds
      && (zero == 0 || Self.near(threshold, other.threshold))
      && Self.near(zero, other.zero, sum: count) && Self.near(count, other.count)
      && Self.near(sum, other.sum, sum: 1000) && near(positive, other.positive)
      && near(negative, other.negative)
  }

  /// - Parameter sum: of what both are parts: what is lost of it is lost of them.
  static func near(_ a: Double, _ b: Double, sum: Double = 0) -> Bool {
    a == b || (a.isNaN && b.isNaN)
      || abs(a - b) <= 1e-12 * Swift.max(abs(a), abs(b), abs(sum))
  }
}

// Arithmetic.
extension ReferenceHistogram {
  func scaled(_ change: (Double) -> Double) -> ReferenceHistogram {
    var result = self
    result.zero = change(zero)
    result.count = change(count)
    result.sum = change(sum)
    result.positive = positive.mapValues(change)
    result.negative = negative.mapValues(change)
    return result
  }

  func joined(
    _ other: ReferenceHistogram, _ combine: (Double, Double) -> Double
  ) -> ReferenceHistogram {
    var a = self
    var b = other
    Self.align(&a, &b)
    a.zero = combine(a.zero, b.zero)
    a.count = combine(a.count, b.count)
    a.sum = combine(a.sum, b.sum)
    for i in Set(a.positive.keys).union(b.positive.keys) {
      a.positive[i] = combine(a.positive[i] ?? 0, b.positive[i] ?? 0)
    }
    for i in Set(a.negative.keys).union(b.negative.keys) {
      a.negative[i] = combine(a.negative[i] ?? 0, b.negative[i] ?? 0)
    }
    return a
  }

  /// Gives both the same layout: the wider zero bucket, the coarser schema, the common bounds.
  static func align(_ a: inout ReferenceHistogram, _ b: inout ReferenceHistogram) {
    if a.isCustom {
      let common = a.bounds.filter { b.bounds.contains($0) }
      a = a.with(bounds: common)
      b = b.with(bounds: common)
      return
    }
    var wider = max(a.threshold, b.threshold)
    while true {
      let next = max(a.end(of: wider), b.end(of: wider))
      if next == wider { break }
      wider = next
    }
    a = a.with(threshold: wider)
    b = b.with(threshold: wider)
    let coarser = min(a.schema, b.schema)
    a = a.with(schema: coarser)
    b = b.with(schema: coarser)
  }

  private func with(bounds common: [Double]) -> ReferenceHistogram {
    if common == bounds { return self }
    var result = self
    result.bounds = common
    result.positive = [:]
    for (i, count) in positive {
      let upper = Int(i) < bounds.count ? bounds[Int(i)] : .infinity
      let place = common.firstIndex { $0 >= upper } ?? common.count
      result.positive[Int32(place), default: 0] += count
    }
    return result
  }

  func with(schema coarser: Int32) -> ReferenceHistogram {
    var result = self
    result.schema = coarser
    let factor = Double(1 << (schema - coarser))
    func moved(_ buckets: [Int32: Double]) -> [Int32: Double] {
      var found: [Int32: Double] = [:]
      for (i, count) in buckets { found[Int32(ceil(Double(i) / factor)), default: 0] += count }
      return found
    }
    result.positive = moved(positive)
    result.negative = moved(negative)
    return result
  }

  func upper(_ index: Int32) -> Double { exp2(Double(index) / Double(1 << schema)) }

  /// Where a zero bucket ends that would end inside of a populated bucket. Nobody asks that of the
  /// zero bucket that it has.
  private func end(of threshold: Double) -> Double {
    if threshold <= self.threshold { return threshold }
    let inside = Set(positive.keys).union(negative.keys).filter { i in
      (positive[i] ?? 0 != 0 || negative[i] ?? 0 != 0)
        && upper(i - 1) < threshold && upper(i) > threshold
    }
    return inside.map { upper($0) }.max() ?? threshold
  }

  func with(threshold wider: Double) -> ReferenceHistogram {
    var result = self
    result.threshold = wider
    for (i, count) in positive where upper(i) <= wider {
      result.zero += count
      result.positive[i] = nil
    }
    for (i, count) in negative where upper(i) <= wider {
      result.zero += count
      result.negative[i] = nil
    }
    return result
  }

  /// Whether it cannot have come about by counting on from an earlier one.
  func isReset(since earlier: ReferenceHistogram) -> Bool {
    if count < earlier.count { return true }
    var before = earlier
    if isCustom {
      var now = self
      Self.align(&now, &before)
      return before.positive.contains { now.positive[$0.key] ?? 0 < $0.value }
    }
    if schema > earlier.schema || threshold < earlier.threshold { return true }
    if earlier.end(of: threshold) != threshold { return true }
    before = earlier.with(threshold: threshold)
    if zero < before.zero { return true }
    before = before.with(schema: schema)
    return before.positive.contains { positive[$0.key] ?? 0 < $0.value }
      || before.negative.contains { negative[$0.key] ?? 0 < $0.value }
  }
}

// What is said of its observations.
extension ReferenceHistogram {
  struct Bucket {
    var lower: Double
    var upper: Double
    var count: Double
  }

  /// Those that hold anything, ascending.
  private var buckets: [Bucket] {
    if isCustom {
      return positive.filter { $0.value != 0 }.sorted { $0.key < $1.key }.map { i, count in
        Bucket(
          lower: i == 0 ? -.infinity : bounds[Int(i) - 1],
          upper: Int(i) < bounds.count ? bounds[Int(i)] : .infinity, count: count)
      }
    }
    let below = negative.filter { $0.value != 0 }.sorted { $0.key > $1.key }
      .map { Bucket(lower: -upper($0), upper: -upper($0 - 1), count: $1) }
    let middle =
      zero > 0 ? [Bucket(lower: -threshold, upper: threshold, count: zero)] : []
    let above = positive.filter { $0.value != 0 }.sorted { $0.key < $1.key }
      .map { Bucket(lower: upper($0 - 1), upper: upper($0), count: $1) }
    return (below + middle + above).map { bucket in
      // Where the zero bucket reaches into a bucket, that begins behind it.
      var bucket = bucket
      if bucket.upper < 0 { bucket.upper = min(bucket.upper, -threshold) }
      if bucket.lower > 0 { bucket.lower = max(bucket.lower, threshold) }
      return bucket
    }
  }

  func quantile(_ q: Double) -> Double {
    if q < 0 { return -.infinity }
    if q > 1 { return .infinity }
    if count == 0 || q.isNaN { return .nan }
    // Counted from the nearer end, as rounding would else show.
    let isForward = q < 0.5
    let ordered = isForward ? buckets : buckets.reversed()
    let rank = (isForward ? q : 1 - q) * count
    var seen = 0.0
    let reached = ordered.first { bucket in
      seen += bucket.count
      return seen >= rank
    }
    guard let found = reached else { return .nan }
    let before = seen - found.count
    let part = (rank - before) / found.count
    return value(in: found, isForward ? part : 1 - part)
  }

  /// The value below which a share of a bucket's observations is taken to lie.
  private func value(in bucket: Bucket, _ share: Double) -> Double {
    if isCustom {
      if bucket.lower == -.infinity {
        return bucket.upper <= 0 ? bucket.upper : bucket.upper * share
      }
      if bucket.upper == .infinity { return bucket.lower }
    }
    let (low, high) = ends(bucket)
    if isCustom || (low <= 0 && high >= 0) { return low + (high - low) * share }
    return low > 0
      ? low * pow(high / low, share) : -(-high * pow(low / high, 1 - share))
  }

  /// A zero bucket reaches to where there are others only.
  private func ends(_ bucket: Bucket) -> (Double, Double) {
    guard !isCustom, bucket.lower < 0, bucket.upper > 0 else {
      return (bucket.lower, bucket.upper)
    }
    let hasNegative = negative.contains { $0.value != 0 }
    let hasPositive = positive.contains { $0.value != 0 }
    return (
      hasPositive && !hasNegative ? 0 : bucket.lower,
      hasNegative && !hasPositive ? 0 : bucket.upper
    )
  }

  func fraction(_ lower: Double, _ upper: Double) -> Double {
    if count == 0 || lower.isNaN || upper.isNaN { return .nan }
    return lower >= upper ? 0 : (rank(upper) - rank(lower)) / count
  }

  /// How many observations are taken to lie below a value.
  private func rank(_ value: Double) -> Double {
    let total = buckets.reduce(0) { sum, bucket in
      var (low, high) = ends(bucket)
      if isCustom && low == -.infinity && high > 0 && high != .infinity { low = 0 }
      if high <= value { return sum + bucket.count }
      if low >= value { return sum }
      if isCustom || (low <= 0 && high >= 0) {
        if low == -.infinity { return sum + bucket.count }
        return sum + bucket.count * (value - low) / (high - low)
      }
      let share =
        value > 0
        ? log2(value / low) / log2(high / low) : 1 - log2(value / high) / log2(low / high)
      return sum + bucket.count * share
    }
    return min(total, count)
  }

  var variance: Double {
    let mean = sum / count
    return buckets.reduce(0) { total, bucket in
      let middle =
        isCustom
        ? (bucket.lower + bucket.upper) / 2
        : bucket.lower <= 0 && bucket.upper >= 0
          ? 0
          : (bucket.upper < 0 ? -1 : 1) * (bucket.lower * bucket.upper).squareRoot()
      return total + bucket.count * (middle - mean) * (middle - mean)
    } / count
  }
}
