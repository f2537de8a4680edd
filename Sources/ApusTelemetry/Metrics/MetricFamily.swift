internal import Synchronization

/// All children of one metric, by the values of its labels.
package final class MetricFamily<Instrument: Sendable>: Sendable {
  package let labelNames: [String]
  private let make: @Sendable () -> Instrument
  private let children = Mutex<[[String]: Instrument]>([:])

  /// Children beyond this many share one, so that a bug cannot fill the memory.
  package static var childrenMax: Int { 100_000 }

  package init(labelNames: [String], make: @escaping @Sendable () -> Instrument) {
    self.labelNames = labelNames
    self.make = make
  }

  /// The child with these label values, made where missing.
  package subscript(values: String...) -> Instrument { child(values) }

  package func child(_ values: [String]) -> Instrument {
    precondition(values.count == labelNames.count, "\(labelNames.count) label values wanted")
    return children.withLock { known in
      if let child = known[values] { return child }
      let key =
        known.count < Self.childrenMax
        ? values : [String](repeating: "other", count: values.count)
      if let child = known[key] { return child }
      let child = make()
      known[key] = child
      return child
    }
  }

  package func remove(_ values: String...) {
    _ = children.withLock { $0.removeValue(forKey: values) }
  }

  /// The children now, sorted by label values.
  package var all: [(values: [String], instrument: Instrument)] {
    children.withLock { known in
      known.map { (values: $0.key, instrument: $0.value) }
        .sorted { $0.values.lexicographicallyPrecedes($1.values) }
    }
  }
}
