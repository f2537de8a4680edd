internal import Synchronization

/// A number that only grows.
package final class Counter: Sendable {
  private let bits = Atomic<UInt64>(0)

  package init() {}

  package var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

  /// - Parameter amount: not negative.
  package func increment(by amount: Double = 1) { addBits(bits, amount) }
}

/// A number that goes up and down.
package final class Gauge: Sendable {
  private let bits = Atomic<UInt64>(0)

  package init() {}

  package var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

  package func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

  package func add(_ amount: Double) { addBits(bits, amount) }
}

private func addBits(_ bits: borrowing Atomic<UInt64>, _ amount: Double) {
  var old = bits.load(ordering: .relaxed)
  while true {
    let new = (Double(bitPattern: old) + amount).bitPattern
    let (done, now) = bits.weakCompareExchange(
      expected: old, desired: new, ordering: .relaxed)
    if done { return }
    old = now
  }
}
