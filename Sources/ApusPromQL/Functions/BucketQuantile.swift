/// Quantile and fraction of classic histograms: cumulative counts by upper bound.
///
/// Source: Prometheus, promql/quantile.go.
struct ClassicBuckets {
  /// Ascending by bound; counts cumulative.
  private(set) var bounds: [Double] = []
  private(set) var counts: [Double] = []

  mutating func removeAll() {
    bounds.removeAll(keepingCapacity: true)
    counts.removeAll(keepingCapacity: true)
  }

  mutating func append(bound: Double, count: Double) {
    bounds.append(bound)
    counts.append(count)
  }

  var isEmpty: Bool { bounds.isEmpty }

  /// What had to be mended so that counts never go down.
  struct Repair {
    var minBound = Double.infinity
    var maxBound = -Double.infinity
    var maxDifference = 0.0
    /// Beyond what float rounding explains.
    var isForced = false
  }

  /// Sorts by bound, adds up counts of one bound, and makes counts monotonic.
  /// - Returns: nil where there is no bucket up to infinity, or nothing else.
  private mutating func prepare(_ repair: inout Repair) -> Bool {
    let order = bounds.indices.sorted { bounds[$0] < bounds[$1] }
    let sortedBounds = order.map { bounds[$0] }
    let sortedCounts = order.map { counts[$0] }
    guard sortedBounds.last == .infinity else { return false }
    removeAll()
    for i in sortedBounds.indices {
      if let last = bounds.last, last == sortedBounds[i] {
        counts[counts.count - 1] += sortedCounts[i]
      } else {
        append(bound: sortedBounds[i], count: sortedCounts[i])
      }
    }
    makeMonotonic(&repair)
    return true
  }

  /// Differences below this share are float rounding, and mended without a word.
  private static let smallDifference = 1e-12

  private mutating func makeMonotonic(_ repair: inout Repair) {
    var before = counts[0]
    for i in counts.indices.dropFirst() {
      let count = counts[i]
      if count == before { continue }
      if almostEqual(before, count) {
        counts[i] = before
        continue
      }
      if count < before {
        let difference = before - count
        repair.isForced = true
        repair.minBound = min(repair.minBound, bounds[i])
        repair.maxBound = max(repair.maxBound, bounds[i])
        repair.maxDifference = max(repair.maxDifference, difference)
        counts[i] = before
        continue
      }
      before = count
    }
  }

  private func almostEqual(_ a: Double, _ b: Double) -> Bool {
    if a == b { return true }
    let difference = abs(a - b)
    let size = abs(a) + abs(b)
    if a == 0 || b == 0 || size < .leastNormalMagnitude {
      return difference < ClassicBuckets.smallDifference * .leastNormalMagnitude
    }
    return difference / min(size, .greatestFiniteMagnitude) < ClassicBuckets.smallDifference
  }

  mutating func quantile(_ q: Double, _ repair: inout Repair) -> Double {
    if q.isNaN { return .nan }
    if q < 0 { return -.infinity }
    if q > 1 { return .infinity }
    guard prepare(&repair), bounds.count >= 2, let total = counts.last, total != 0 else {
      return .nan
    }
    var rank = q * total
    let last = bounds.count - 1
    var place = 0
    while place < last, counts[place] < rank { place += 1 }
    if place == last { return bounds[last - 1] }
    if place == 0 && bounds[0] <= 0 { return bounds[0] }
    var start = 0.0
    let end = bounds[place]
    var count = counts[place]
    if place > 0 {
      start = bounds[place - 1]
      count -= counts[place - 1]
      rank -= counts[place - 1]
    }
    return start + (end - start) * (rank / count)
  }

  private struct Bucket {
    let start: Double
    let end: Double
    let rank: Double
    let endRank: Double

    /// How many observations lie below a value; nil where the bucket does not reach it.
    func rank(of value: Double) -> Double? {
      if start >= value { return rank }
      guard end > value else { return nil }
      if start == -.infinity { return endRank }
      return rank + (endRank - rank) * (value - start) / (end - start)
    }
  }

  mutating func fraction(_ lower: Double, _ upper: Double) -> Double {
    var repair = Repair()
    guard prepare(&repair), let total = counts.last, total != 0, !lower.isNaN, !upper.isNaN
    else { return .nan }
    if lower >= upper { return 0 }
    var rank = 0.0
    var lowerRank: Double?
    var upperRank: Double?
    for i in bounds.indices {
      var start = -Double.infinity
      if i > 0 {
        start = bounds[i - 1]
      } else if bounds[0] > 0 {
        start = 0
      }
      let bucket = Bucket(start: start, end: bounds[i], rank: rank, endRank: counts[i])
      if lowerRank == nil { lowerRank = bucket.rank(of: lower) }
      if upperRank == nil { upperRank = bucket.rank(of: upper) }
      rank = counts[i]
    }
    return (min(upperRank ?? total, total) - min(lowerRank ?? total, total)) / total
  }
}
