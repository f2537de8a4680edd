internal import ApusTelemetry
internal import ApusSystem
internal import ApusModel
internal import ApusStorage
internal import Synchronization

/// Exemplars and metadata of a batch that are to be kept.
struct Attachments {
  var exemplars: [(ref: SeriesRef, exemplar: Exemplar)] = []
  var metadata: [(ref: SeriesRef, metadata: MetricMetadata)] = []
}

/// What rides along with samples: exemplars and metadata. Under `appendLock`.
extension Head {
  /// Judges what rides along.
  func admitAttachments(_ batch: AppendBatch, _ outcome: inout AppendOutcome) -> Attachments {
    var attachments = Attachments()
    if !batch.exemplars.isEmpty && exemplars.capacity > 0 {
      attachments.exemplars = admitExemplars(batch.exemplars, &outcome)
    }
    for (ref, new) in batch.metadata {
      guard let slot = columns.slot(ofRef: ref.number) else { continue }
      let ordinal = columns.states[slot].ordinal
      if metadata[ordinal] != new { attachments.metadata.append((ref, new)) }
    }
    return attachments
  }

  private func admitExemplars(
    _ batch: [(ref: SeriesRef, exemplar: Exemplar)], _ outcome: inout AppendOutcome
  ) -> [(ref: SeriesRef, exemplar: Exemplar)] {
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
    return taken
  }

  /// Adds them to what the log writes next.
  func addToLog(_ attachments: Attachments) {
    guard let log else { return }
    if !attachments.exemplars.isEmpty { log.addExemplars(attachments.exemplars) }
    if !attachments.metadata.isEmpty { log.addMetadata(attachments.metadata) }
  }

  func apply(_ attachments: Attachments) {
    for (ref, exemplar) in attachments.exemplars {
      guard let slot = columns.slot(ofRef: ref.number) else { continue }
      exemplars.add(columns.states[slot].ordinal, exemplar)
    }
    metrics.exemplarsAppended.increment(by: Double(attachments.exemplars.count))
    for (ref, new) in attachments.metadata {
      guard let slot = columns.slot(ofRef: ref.number) else { continue }
      _ = metadata.set(columns.states[slot].ordinal, new)
    }
  }
}
