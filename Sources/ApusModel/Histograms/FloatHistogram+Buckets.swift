internal import Glibc

extension FloatHistogram {
  package var usesCustomBuckets: Bool { schema == FloatHistogram.customBoundsSchema }

  /// One bucket with its bounds.
  package struct Bucket: Sendable, Equatable {
    package var lower: Double
    package var upper: Double
    package var count: Double
    package var includesLower: Bool
    package var includesUpper: Bool

    package init(
      lower: Double, upper: Double, count: Double, includesLower: Bool, includesUpper: Bool
    ) {
      self.lower = lower
      self.upper = upper
      self.count = count
      self.includesLower = includesLower
      self.includesUpper = includesUpper
    }
  }

  /// All buckets that are spelled out, from the least to the greatest values, the zero bucket
  /// among them where it is above zero. Those that it cuts end at it. Empty ones are among them.
  ///
  /// Source: Prometheus, model/histogram/float_histogram.go, allFloatBucketIterator.
  package var allBuckets: [Bucket] {
    var all = buckets(withZero: zeroCount > 0)
    for i in all.indices {
      if all[i].upper < 0 && all[i].upper > -zeroThreshold {
        all[i].upper = -zeroThreshold
      } else if all[i].lower > 0 && all[i].lower < zeroThreshold {
        all[i].lower = zeroThreshold
      }
    }
    return all
  }

  /// The same as a text shows them: none is cut, and the zero bucket may be negative.
  package var spelledBuckets: [Bucket] { buckets(withZero: zeroCount != 0) }

  private func buckets(withZero: Bool) -> [Bucket] {
    var all: [Bucket] = []
    let negative = BucketColumn(negativeSpans, negativeBuckets)
    let positive = BucketColumn(positiveSpans, positiveBuckets)
    all.reserveCapacity(negative.count + positive.count + 1)
    for i in (0..<negative.count).reversed() { all.append(negativeBucket(negative, i)) }
    if withZero {
      all.append(
        Bucket(
          lower: -zeroThreshold, upper: zeroThreshold, count: zeroCount, includesLower: true,
          includesUpper: true))
    }
    for i in 0..<positive.count { all.append(positiveBucket(positive, i)) }
    return all
  }

  package func positiveBucket(_ column: BucketColumn, _ i: Int) -> Bucket {
    let index = column.indices[i]
    let lower = lowerBound(index)
    return Bucket(
      lower: lower, upper: upperBound(index), count: column.counts[i],
      includesLower: usesCustomBuckets ? index == 0 : lower < 0, includesUpper: true)
  }

  package func negativeBucket(_ column: BucketColumn, _ i: Int) -> Bucket {
    let index = column.indices[i]
    return Bucket(
      lower: -upperBound(index), upper: -lowerBound(index), count: column.counts[i],
      includesLower: true, includesUpper: false)
  }

  /// Upper bound of the positive bucket with an index.
  package func upperBound(_ index: Int32) -> Double {
    guard usesCustomBuckets else {
      return FloatHistogram.exponentialBound(index, schema: schema)
    }
    let place = Int(index)
    return place < customBounds.count ? customBounds[place] : .infinity
  }

  package func lowerBound(_ index: Int32) -> Double {
    guard usesCustomBuckets else {
      return FloatHistogram.exponentialBound(index &- 1, schema: schema)
    }
    return index > 0 ? upperBound(index - 1) : -.infinity
  }

  /// 2 to the power of index / 2^schema; the largest float where that is beyond it.
  package static func exponentialBound(_ index: Int32, schema: Int32) -> Double {
    if schema < 0 {
      let exponent = Int(index) << Int(-schema)
      return exponent == 1024 ? .greatestFiniteMagnitude : scalbn(1, exponent)
    }
    let perPower = 1 << Int(schema)
    let part = Int(index) & (perPower - 1)
    let exponent = (Int(index) >> Int(schema)) + 1
    if part == 0 && exponent == 1025 { return .greatestFiniteMagnitude }
    let finest = exponentialFractions.count
    guard perPower <= finest else {
      return scalbn(exp2(Double(part) / Double(perPower)) * 0.5, exponent)
    }
    return scalbn(exponentialFractions[part * (finest / perPower)], exponent)
  }

  /// The bounds from 0.5 to 1 in schema 8; those of the coarser schemas are among them.
  ///
  /// Bounds are what bucket limits are shown as and what quantiles are computed from, so they must
  /// be Prometheus's to the bit, and its table (model/histogram/generic.go, exponentialBounds) is
  /// off from the true powers by up to four units in the last place. It is what comes of one
  /// product for every binary digit of the index, the coarsest first, with a square root of two
  /// that is one unit too small.
  private static let exponentialFractions: [Double] = {
    let digits = 8
    let ratios = (1...digits).map { digit in
      let ratio = exp2(1 / Double(1 << digit))
      return digit == 1 ? ratio.nextDown : ratio
    }
    return (0..<(1 << digits)).map { index in
      var bound = 0.5
      for digit in 1...digits where index & (1 << (digits - digit)) != 0 {
        bound *= ratios[digit - 1]
      }
      return bound
    }
  }()
}

/// Buckets of one sign with the index of each, ascending; what spans spell out.
package struct BucketColumn: Sendable, Equatable {
  package private(set) var indices: [Int32] = []
  package private(set) var counts: [Double] = []

  package init() {}

  package init(_ spans: [FloatHistogram.Span], _ buckets: [Double]) {
    indices.reserveCapacity(buckets.count)
    counts = buckets
    var index: Int32 = 0
    // A histogram from elsewhere may spell out more or fewer buckets than its spans have, and
    // name buckets that no number can have.
    for span in spans {
      index = index &+ span.offset
      for _ in 0..<min(Int(span.length), counts.count - indices.count) {
        indices.append(index)
        index = index &+ 1
      }
    }
    if counts.count > indices.count { counts.removeSubrange(indices.count...) }
  }

  package var count: Int { indices.count }

  package mutating func append(_ index: Int32, _ count: Double) {
    indices.append(index)
    counts.append(count)
  }

  package mutating func setCount(_ place: Int, _ count: Double) { counts[place] = count }

  /// The count of a bucket, 0 where it is not spelled out; `place` moves forward.
  package func count(of index: Int32, from place: inout Int) -> Double {
    while place < indices.count, indices[place] < index { place += 1 }
    return place < indices.count && indices[place] == index ? counts[place] : 0
  }

  /// As spans without empty buckets.
  package var compact: (spans: [FloatHistogram.Span], buckets: [Double]) {
    spans { counts[$0] != 0 }
  }

  /// As spans with all buckets.
  package var complete: (spans: [FloatHistogram.Span], buckets: [Double]) { spans { _ in true } }

  private func spans(
    where isKept: (Int) -> Bool
  ) -> (spans: [FloatHistogram.Span], buckets: [Double]) {
    var spans: [FloatHistogram.Span] = []
    var buckets: [Double] = []
    var next: Int32 = 0
    for i in indices.indices where isKept(i) {
      if spans.isEmpty || indices[i] != next {
        spans.append(FloatHistogram.Span(offset: indices[i] &- next, length: 0))
      }
      spans[spans.count - 1].length += 1
      buckets.append(counts[i])
      next = indices[i] &+ 1
    }
    return (spans, buckets)
  }

  /// Buckets of a coarser schema: 2^n neighbours become one.
  package func reduced(from schema: Int32, to target: Int32) -> BucketColumn {
    if target >= schema { return self }
    let shift = schema - target
    return mapped { (($0 &- 1) >> shift) &+ 1 }
  }

  /// Buckets by new indices, ascending like the old ones; counts of one index are added.
  package func mapped(_ newIndex: (Int32) -> Int32) -> BucketColumn {
    var out = BucketColumn()
    for i in indices.indices {
      let index = newIndex(indices[i])
      if let last = out.indices.last, last == index {
        out.counts[out.count - 1] += counts[i]
      } else {
        out.append(index, counts[i])
      }
    }
    return out
  }

  package func filtered(_ isKept: (Int32) -> Bool) -> BucketColumn {
    var out = BucketColumn()
    for i in indices.indices where isKept(indices[i]) { out.append(indices[i], counts[i]) }
    return out
  }

  /// Both columns, bucket by bucket, as `combine` makes one count of two.
  package func merged(
    _ other: BucketColumn, _ combine: (Double, Double) -> Double
  ) -> BucketColumn {
    var out = BucketColumn()
    var mine = 0
    var theirs = 0
    while mine < count || theirs < other.count {
      let myIndex = mine < count ? indices[mine] : Int32.max
      let theirIndex = theirs < other.count ? other.indices[theirs] : Int32.max
      let hasMine = mine < count && (theirs >= other.count || myIndex <= theirIndex)
      let hasTheirs = theirs < other.count && (mine >= count || theirIndex <= myIndex)
      out.append(
        hasMine ? myIndex : theirIndex,
        combine(hasMine ? counts[mine] : 0, hasTheirs ? other.counts[theirs] : 0))
      if hasMine { mine += 1 }
      if hasTheirs { theirs += 1 }
    }
    return out
  }
}
