package import ApusModel

/// Alerts waiting for one Alertmanager, the oldest first.
package struct AlertQueue {
  /// How many alerts were dropped to make room, and why.
  package struct Dropped: Equatable {
    /// A batch that is larger than the queue.
    package var fromBatch = 0
    /// The queue was full.
    package var fromQueue = 0

    package init(fromBatch: Int = 0, fromQueue: Int = 0) {
      self.fromBatch = fromBatch
      self.fromQueue = fromQueue
    }

    package var count: Int { fromBatch + fromQueue }
  }

  package let capacity: Int
  private var alerts: [Alert] = []
  /// Alerts before this position have been taken.
  private var first = 0

  package init(capacity: Int) { self.capacity = capacity }

  package var count: Int { alerts.count - first }

  /// Adds alerts; where there are too many, the oldest go.
  package mutating func append(_ batch: [Alert]) -> Dropped {
    var dropped = Dropped()
    var batch = batch[...]
    if batch.count > capacity {
      dropped.fromBatch = batch.count - capacity
      batch = batch.dropFirst(dropped.fromBatch)
    }
    if count + batch.count > capacity {
      dropped.fromQueue = count + batch.count - capacity
      first += dropped.fromQueue
    }
    alerts.removeFirst(first)
    first = 0
    alerts += batch
    return dropped
  }

  /// The next alerts, at most `max`; empty if none wait.
  package mutating func take(max: Int) -> [Alert] {
    let end = min(alerts.count, first + max)
    let batch = Array(alerts[first..<end])
    first = end
    if first == alerts.count {
      alerts.removeAll()
      first = 0
    }
    return batch
  }
}
