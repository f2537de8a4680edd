/// A range of milliseconds since the epoch, both ends included.
package struct TimeRange: Sendable, Hashable {
  package var minMs: Int64
  package var maxMs: Int64

  package init(_ minMs: Int64, _ maxMs: Int64) {
    self.minMs = minMs
    self.maxMs = maxMs
  }

  package static let all = TimeRange(.min, .max)

  package var isEmpty: Bool { maxMs < minMs }

  package func contains(_ timeMs: Int64) -> Bool { minMs <= timeMs && timeMs <= maxMs }

  package func overlaps(_ other: TimeRange) -> Bool {
    minMs <= other.maxMs && other.minMs <= maxMs
  }
}
