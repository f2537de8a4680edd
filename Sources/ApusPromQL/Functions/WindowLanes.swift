internal import ApusModel

/// Four windows side by side in the lanes of a vector register. Every lane does the operations of
/// the plain loop in the same order, so the results are the same to the bit.
struct KahanLanes {
  private(set) var sum: SIMD4<Double>
  private(set) var compensation: SIMD4<Double>

  init(_ sum: SIMD4<Double> = SIMD4(repeating: 0)) {
    self.sum = sum
    compensation = SIMD4(repeating: 0)
  }

  /// See `KahanSum.add`.
  @inline(__always)
  mutating func add(_ increment: SIMD4<Double>) {
    let total = sum + increment
    let sumIsLarger = pointwiseMax(sum, -sum) .>= pointwiseMax(increment, -increment)
    let rest = ((increment - total) + sum).replacing(
      with: (sum - total) + increment, where: sumIsLarger)
    let isInfinite = pointwiseMax(total, -total) .== SIMD4(repeating: .infinity)
    compensation = (compensation + rest).replacing(with: 0.0, where: isInfinite)
    sum = total
  }

  /// Without regard to infinity.
  @inline(__always)
  var joined: SIMD4<Double> { sum + compensation }

  @inline(__always)
  var value: SIMD4<Double> {
    joined.replacing(
      with: sum, where: pointwiseMax(sum, -sum) .== SIMD4(repeating: .infinity))
  }

  var hasInfinite: Bool {
    any(pointwiseMax(sum, -sum) .== SIMD4(repeating: .infinity))
  }
}

/// The first samples of four windows of one length.
struct WindowLanes {
  let low: SIMD4<Int>
  let count: Int

  /// Nil where the windows of the four steps differ in length, or are empty.
  @inline(__always)
  init?(_ lows: Span<Int>, _ highs: Span<Int>, _ step: Int) {
    let count = highs[step] &- lows[step]
    guard count > 0, highs[step + 1] &- lows[step + 1] == count,
      highs[step + 2] &- lows[step + 2] == count, highs[step + 3] &- lows[step + 3] == count
    else { return nil }
    self.count = count
    low = SIMD4(lows[step], lows[step + 1], lows[step + 2], lows[step + 3])
  }

  /// The samples at one place of each window.
  @inline(__always)
  func values(_ column: Span<Double>, _ i: Int) -> SIMD4<Double> {
    SIMD4(column[low.x &+ i], column[low.y &+ i], column[low.z &+ i], column[low.w &+ i])
  }

  /// Seconds since the time of each lane.
  @inline(__always)
  func seconds(_ column: Span<Int64>, _ i: Int, since startMs: SIMD4<Int64>) -> SIMD4<Double> {
    SIMD4(
      Double(column[low.x &+ i] &- startMs.x), Double(column[low.y &+ i] &- startMs.y),
      Double(column[low.z &+ i] &- startMs.z), Double(column[low.w &+ i] &- startMs.w)) / 1e3
  }

  func sums(_ column: Span<Double>) -> SIMD4<Double> {
    var sum = KahanLanes()
    for i in 0..<count { sum.add(values(column, i)) }
    return sum.value
  }

  /// Nil where some sum overflows.
  func averages(_ column: Span<Double>) -> SIMD4<Double>? {
    var sum = KahanLanes(values(column, 0))
    for i in 1..<max(count, 1) {
      sum.add(values(column, i))
      if sum.hasInfinite { return nil }
    }
    let n = SIMD4<Double>(repeating: Double(count))
    return sum.sum / n + sum.compensation / n
  }

  func variances(_ column: Span<Double>) -> SIMD4<Double> {
    var mean = KahanLanes()
    var squares = KahanLanes()
    for i in 0..<count {
      let value = values(column, i)
      let delta = value - mean.joined
      mean.add(delta / SIMD4(repeating: Double(i + 1)))
      squares.add(delta * (value - mean.joined))
    }
    return squares.joined / SIMD4(repeating: Double(count))
  }

  /// Least squares; see `Regression.line`.
  func lines(
    _ times: Span<Int64>, _ column: Span<Double>, interceptMs: SIMD4<Int64>
  ) -> (slope: SIMD4<Double>, intercept: SIMD4<Double>) {
    var sumX = KahanLanes()
    var sumY = KahanLanes()
    var sumXY = KahanLanes()
    var sumX2 = KahanLanes()
    let first = values(column, 0)
    var isConstant = SIMDMask<SIMD4<Int64>>(repeating: true)
    for i in 0..<count {
      let y = values(column, i)
      if i > 0 { isConstant = isConstant .& (y .== first) }
      let x = seconds(times, i, since: interceptMs)
      sumX.add(x)
      sumY.add(y)
      sumXY.add(x * y)
      sumX2.add(x * x)
    }
    let n = SIMD4<Double>(repeating: Double(count))
    let x = sumX.joined
    let y = sumY.joined
    let slope = (sumXY.joined - x * y / n) / (sumX2.joined - x * x / n)
    let isEndless = pointwiseMax(first, -first) .== SIMD4(repeating: .infinity)
    let flat = SIMD4<Double>(repeating: 0).replacing(with: Double.nan, where: isEndless)
    let level = first.replacing(with: Double.nan, where: isEndless)
    return (
      slope.replacing(with: flat, where: isConstant),
      (y / n - slope * x / n).replacing(with: level, where: isConstant)
    )
  }
}
