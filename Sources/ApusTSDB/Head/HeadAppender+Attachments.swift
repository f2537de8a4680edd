internal import ApusTelemetry
internal import ApusSystem
internal import ApusModel
internal import ApusStorage
internal import Synchronization

extension Head {
  /// What rides along with samples: exemplars and metadata. Under `appendLock`.
  func commitAttachments(
    _ batch: AppendBatch, _ outcome: inout AppendOutcome
  ) throws(StorageError) {
    if !batch.exemplars.isEmpty && exemplars.capacity > 0 {
      try commitExemplars(batch.exemplars, &outcome)
    }
    if !batch.metadata.isEmpty { try commitMetadata(batch.metadata) }
  }

  private func commitExemplars(
    _ batch: [(ref: SeriesRef, exemplar: Exemplar)], _ outcome: inout AppendOutcome
  ) throws(StorageError) {
    var taken: [(ref: SeriesRef, exemplar: Exemplar)] = []
    let windowMs = outOfOrder.windowMs.load(ordering: .relaxed)
    for (index, (ref, exemplar)) in batch.enumerated() {
      guard let slot = columns.slot(ofRef: ref.number) else {
        outcome.exemplarRejections.append((index, .unknownSeries))
        continue
      }
      let ordinal = columns.states[slot].ordinal
      switch exemplars.check(ordinal, exemplar, windowMs: windowMs) {
      case nil: taken.append((ref, exemplar))
      case .disabled, .duplicate: continue
      case .some(let error):
        if error == .outOfOrder { metrics.exemplarsOutOfOrder.increment() }
        outcome.exemplarRejections.append((index, error))
      }
    }
    guard !taken.isEmpty else { return }
    try log?.logExemplars(taken)
    for (ref, exemplar) in taken {
      guard let slot = columns.slot(ofRef: ref.number) else { continue }
      exemplars.add(columns.states[slot].ordinal, exemplar)
    }
    metrics.exemplarsAppended.increment(by: Double(taken.count))
  }

  private func commitMetadata(
    _ batch: [(ref: SeriesRef, metadata: MetricMetadata)]
  ) throws(StorageError) {
    var changed: [(ref: SeriesRef, metadata: MetricMetadata)] = []
    for (ref, new) in batch {
      guard let slot = columns.slot(ofRef: ref.number) else { continue }
      let ordinal = columns.states[slot].ordinal
      if metadata[ordinal] != new { changed.append((ref, new)) }
    }
    guard !changed.isEmpty else { return }
    try log?.logMetadata(changed)
    for (ref, new) in changed {
      guard let slot = columns.slot(ofRef: ref.number) else { continue }
      _ = metadata.set(columns.states[slot].ordinal, new)
    }
  }
}
