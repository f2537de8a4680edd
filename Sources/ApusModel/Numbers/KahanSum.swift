/// Compensated summation in Neumaier's form: the error of every addition is kept beside the sum.
///
/// Same operations in the same order as Prometheus's `kahansum.Inc`, so sums agree to the bit.
@frozen
package struct KahanSum: Sendable {
  package var sum: Double
  package var compensation: Double

  @inlinable
  package init(_ sum: Double = 0, compensation: Double = 0) {
    self.sum = sum
    self.compensation = compensation
  }

  // Always inlined: it is the body of the hottest loops of the query engine.
  @inlinable @inline(__always)
  package mutating func add(_ increment: Double) {
    let total = sum + increment
    if total.isInfinite {
      compensation = 0
    } else if abs(sum) >= abs(increment) {
      compensation += (sum - total) + increment
    } else {
      compensation += (increment - total) + sum
    }
    sum = total
  }

  /// Adds another compensated sum.
  @inlinable
  package mutating func add(_ other: KahanSum) {
    add(other.sum)
    compensation += other.compensation
  }

  /// The sum with its compensation; an infinite sum is returned as it is.
  @inlinable
  package var value: Double { sum.isInfinite ? sum : sum + compensation }
}
