/// Door: chance (jitter, ULIDs).
package protocol RandomSource: Sendable {
  /// 64 random bits.
  func next() -> UInt64
}

/// The system's random numbers.
package struct SystemRandomSource: RandomSource {
  package init() {}

  package func next() -> UInt64 { UInt64.random(in: .min ... .max) }
}
