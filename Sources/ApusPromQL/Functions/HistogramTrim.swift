internal import ApusModel
internal import Glibc

/// `h </ x` and `h >/ x`: a native histogram without the observations above or below a value.
///
/// A bucket that is cut keeps a part of its count, by interpolation as in histogram_fraction. If
/// anything went, the sum is estimated from the middles of what is left.
enum HistogramTrim {
  static func trimmed(_ histogram: FloatHistogram, upper: Double) -> FloatHistogram {
    upper == .infinity ? histogram : trim(histogram) { upperCut($0, upper) }
  }

  static func trimmed(_ histogram: FloatHistogram, lower: Double) -> FloatHistogram {
    lower == -.infinity ? histogram : trim(histogram) { lowerCut($0, lower) }
  }

  /// A bucket, and how to interpolate in it.
  private struct Piece {
    var lower: Double
    var upper: Double
    /// Evenly, not by powers.
    var isLinear: Bool

    /// Which part of the bucket lies below a value inside of it.
    func share(below value: Double) -> Double {
      if isLinear { return (value - lower) / (upper - lower) }
      let low = log2(abs(lower))
      let high = log2(abs(upper))
      let at = log2(abs(value))
      return lower >= 0 ? (at - low) / (high - low) : 1 - (at - high) / (low - high)
    }

    func middle(_ low: Double, _ high: Double) -> Double {
      if isLinear { return (low + high) / 2 }
      let middle = (low * high).squareRoot()
      return low < 0 ? -middle : middle
    }
  }

  /// What is left of a bucket: which part of its count, and the middle of that.
  private typealias Rest = (share: Double, middle: Double)

  private static func upperCut(_ piece: Piece, _ cut: Double) -> Rest {
    switch (piece.lower == -.infinity, piece.upper == .infinity) {
    case (_, true): return (0, 0)
    case (true, false):
      // Nobody knows where the least values lie: all at the bound, or at zero and above it.
      if piece.upper <= 0 { return (1, min(piece.upper, cut)) }
      var from = piece
      from.lower = 0
      return upperCut(from, cut)
    case (false, false):
      if cut >= piece.upper { return (1, piece.middle(piece.lower, piece.upper)) }
      if cut <= piece.lower || cut.isNaN { return (0, 0) }
      return (piece.share(below: cut), piece.middle(piece.lower, cut))
    }
  }

  private static func lowerCut(_ piece: Piece, _ cut: Double) -> Rest {
    switch (piece.lower == -.infinity, piece.upper == .infinity) {
    case (true, true): return (0, 0)
    case (false, true):
      return cut == .infinity || cut.isNaN ? (0, 0) : (1, max(piece.lower, cut))
    case (true, false):
      if piece.upper <= 0 || cut < 0 { return (0, 0) }
      var from = piece
      from.lower = 0
      return lowerCut(from, cut)
    case (false, false):
      if cut <= piece.lower { return (1, piece.middle(piece.lower, piece.upper)) }
      if cut >= piece.upper || cut.isNaN { return (0, 0) }
      return (1 - piece.share(below: cut), piece.middle(cut, piece.upper))
    }
  }

  private static func trim(
    _ histogram: FloatHistogram, _ cut: (Piece) -> Rest
  ) -> FloatHistogram {
    var sum = 0.0
    var count = 0.0
    var isChanged = false
    func keep(_ bucketCount: Double, _ piece: Piece) -> Double {
      if bucketCount == 0 { return 0 }
      let rest = cut(piece)
      if rest.share != 1 { isChanged = true }
      let kept = bucketCount * rest.share
      count += kept
      if kept != 0 { sum += kept * rest.middle }
      return kept
    }
    let isCustom = histogram.usesCustomBuckets
    var columns = HistogramColumns(histogram)
    for i in 0..<columns.negative.count {
      let bucket = histogram.negativeBucket(columns.negative, i)
      let piece = Piece(lower: bucket.lower, upper: bucket.upper, isLinear: isCustom)
      columns.negative.setCount(i, keep(bucket.count, piece))
    }
    if !isCustom { columns.zeroCount = keep(columns.zeroCount, zeroPiece(histogram)) }
    for i in 0..<columns.positive.count {
      let bucket = histogram.positiveBucket(columns.positive, i)
      let piece = Piece(lower: bucket.lower, upper: bucket.upper, isLinear: isCustom)
      columns.positive.setCount(i, keep(bucket.count, piece))
    }
    if !isChanged { return histogram }
    var result = histogram
    result.setColumns(columns)
    result.count = count
    result.sum = sum
    result.compact()
    return result
  }

  /// With buckets on one side only, the zero bucket lies on that side too.
  private static func zeroPiece(_ histogram: FloatHistogram) -> Piece {
    let hasNegative = !histogram.negativeBuckets.isEmpty
    let hasPositive = !histogram.positiveBuckets.isEmpty
    return Piece(
      lower: hasPositive && !hasNegative ? 0 : -histogram.zeroThreshold,
      upper: hasNegative && !hasPositive ? 0 : histogram.zeroThreshold, isLinear: true)
  }
}
