internal import ApusTelemetry
internal import ApusSystem
internal import ApusModel
internal import ApusStorage

extension Head {
  /// What rides along with samples: exemplars and metadata. Under `appendLock`.
  func commitAttachments(
    _ batch: AppendBatch, _ outcome: inout AppendOutcome
  ) throws(StorageError) {
    if !batch.exemplars.isEmpty && exemplars.capacity > 0 {
      try commitExemplars(batch.exemplars)
    }
    if !batch.metadata.isEmpty { try commitMetadata(batch.metadata) }
  }

  private func commitExemplars(
    _ batch: [(ref: SeriesRef, exemplar: Exemplar)]
  ) throws(StorageError) {
    var taken: [(ref: SeriesRef, exemplar: Exemplar)] = []
    for (ref, exemplar) in batch {
      guard let slot = columns.slot(ofRef: ref.number) else { continue }
      switch exemplars.check(columns.states[slot].ordinal, exemplar) {
      case nil: taken.append((ref, exemplar))
      case .outOfOrder: metrics.exemplarsOutOfOrder.increment()
      case .disabled, .tooLong, .duplicate: continue
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
