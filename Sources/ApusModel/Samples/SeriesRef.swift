/// Opaque number of a series inside one storage. Zero is no series.
package struct SeriesRef: Sendable, Hashable, Comparable {
  package let number: UInt64

  @inlinable package init(_ number: UInt64) { self.number = number }

  package static let none = SeriesRef(0)

  @inlinable package static func < (a: SeriesRef, b: SeriesRef) -> Bool { a.number < b.number }
}
