internal import ApusModel
internal import Synchronization

/// Type, unit and help of series, as they came with appends. Most series have none here.
final class MetadataStore: Sendable {
  private let known = Mutex<[UInt32: MetricMetadata]>([:])

  subscript(ordinal: UInt32) -> MetricMetadata? { known.withLock { $0[ordinal] } }

  /// Keeps the newest metadata of a series; false if it is known already.
  func set(_ ordinal: UInt32, _ metadata: MetricMetadata) -> Bool {
    known.withLock { known in
      guard known[ordinal] != metadata else { return false }
      known[ordinal] = metadata
      return true
    }
  }

  var all: [UInt32: MetricMetadata] { known.withLock { $0 } }

  func remove(_ ordinals: some Sequence<UInt32>) {
    known.withLock { known in
      guard !known.isEmpty else { return }
      for ordinal in ordinals { known[ordinal] = nil }
    }
  }
}
