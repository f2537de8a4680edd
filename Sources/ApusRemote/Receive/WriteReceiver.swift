package import ApusStorage
package import ApusSystem
package import ApusTelemetry
internal import ApusModel
internal import Synchronization

/// Takes remote writes (protocols 1.0 and 2.0) and hands them to a store.
///
/// Blocking: call it on a worker. Any number of calls may run at one time.
package final class WriteReceiver: Sendable {
  /// What to answer.
  package struct Outcome: Sendable, Equatable {
    /// The HTTP status.
    package let status: Int
    /// Plain text without a line break; empty where there is no body.
    package let text: String
    /// What was stored; told to senders of protocol 2.0 only.
    package let written: Written?

    package init(status: Int, text: String = "", written: Written? = nil) {
      self.status = status
      self.text = text
      self.written = written
    }
  }

  package struct Written: Sendable, Equatable {
    package var samples = 0
    package var histograms = 0
    package var exemplars = 0

    package init(samples: Int = 0, histograms: Int = 0, exemplars: Int = 0) {
      self.samples = samples
      self.histograms = histograms
      self.exemplars = exemplars
    }
  }

  /// A body of a kind that is not taken.
  struct Refusal: Error { let outcome: Outcome }

  private let appender: any Appender
  private let accepted: [WriteMessage]
  private let addsTypeAndUnit: Bool
  private let clock: any WallClock
  private let log: Log
  private let invalidLabels: Counter
  private let cache = Mutex(SeriesCache())
  private let idle = Mutex<[WriteWorkspace]>([])

  /// - Parameters:
  ///   - accepted: the messages that are taken.
  ///   - addsTypeAndUnit: whether series of protocol 2.0 get what they say of their type and unit
  ///     as labels.
  package init(
    appender: any Appender, clock: any WallClock, log: Log, metrics: MetricRegistry,
    accepted: [WriteMessage] = WriteMessage.allCases, addsTypeAndUnit: Bool = false
  ) {
    self.appender = appender
    self.addsTypeAndUnit = addsTypeAndUnit
    self.accepted = accepted
    self.clock = clock
    self.log = log
    invalidLabels = metrics.counter(
      "prometheus_api_remote_write_invalid_labels_samples_total",
      help: "The total number of received remote write samples and histogram samples which were "
        + "rejected due to invalid labels.")
  }

  /// Stores what a request brings. Samples that the store refuses do not keep the others out; the
  /// answer names the first reason.
  package func receive(
    contentType: String?, contentEncoding: String?, body: [UInt8]
  ) -> Outcome {
    let message: WriteMessage
    switch WriteContent.message(type: contentType, encoding: contentEncoding, accepted: accepted) {
    case .success(let named): message = named
    case .failure(let refusal):
      log.error("Error decoding remote write request", ["err": refusal.outcome.text])
      return refusal.outcome
    }
    let workspace = idle.withLock { $0.popLast() } ?? WriteWorkspace()
    defer {
      workspace.removeAll()
      if workspace.isWorthKeeping { idle.withLock { $0.append(workspace) } }
    }
    do throws(WriteFailure) {
      try decode(body, message, workspace)
      try resolve(workspace)
      return message == .v1 ? try store(workspace) : try storeV2(workspace)
    } catch {
      let written = message == .v2 ? Written() : nil
      switch error {
      case .request(let text):
        log.error("Error decoding remote write request", ["err": text])
        return Outcome(status: 400, text: text, written: written)
      case .storage(let failure):
        log.error("Error while remote writing", ["err": failure.description])
        return Outcome(status: 500, text: failure.description, written: written)
      }
    }
  }

  private func decode(
    _ body: [UInt8], _ message: WriteMessage, _ workspace: WriteWorkspace
  ) throws(WriteFailure) {
    do throws(CodecError) {
      try Snappy.expand(
        body.span, maxBytes: Limits.writeBytesMax, into: &workspace.expanded)
    } catch {
      if case .tooLarge(_, let limit) = error {
        throw .request("decoded size exceeds the \(limit) bytes limit")
      }
      throw .request(error.description)
    }
    do throws(ProtobufError) {
      switch message {
      case .v1: try workspace.request.decode(workspace.expanded)
      case .v2:
        workspace.request.addsTypeAndUnit = addsTypeAndUnit
        try workspace.request.decodeV2(workspace.expanded)
      }
    } catch {
      throw .request(error.description)
    }
  }

  /// Finds, or makes, the series of the request.
  private func resolve(_ workspace: WriteWorkspace) throws(WriteFailure) {
    let unknown = cache.withLock { cache in
      cache.look(
        up: workspace.request.hashes, into: &workspace.refs, atMs: clock.nowMs)
    }
    try resolve(unknown, workspace)
  }

  /// Asks the store for the series at `positions` of the request.
  private func resolve(
    _ positions: [Int], _ workspace: WriteWorkspace
  ) throws(WriteFailure) {
    guard !positions.isEmpty else { return }
    var labels: [Labels] = []
    var owners: [Int] = []
    do throws(ProtobufError) {
      for position in positions {
        if let found = try workspace.labels(at: position) {
          labels.append(found)
          owners.append(position)
        } else {
          workspace.refs[position] = .none
        }
      }
    } catch {
      throw .request(error.description)
    }
    do throws(StorageError) {
      let refs = labels.isEmpty ? [] : try appender.resolve(labels)
      for (owner, ref) in zip(owners, refs) { workspace.refs[owner] = ref }
    } catch {
      throw .storage(error)
    }
    let hashes = workspace.request.hashes
    cache.withLock { cache in
      for position in positions { cache.set(hashes[position], workspace.refs[position]) }
    }
  }

  private func store(_ workspace: WriteWorkspace) throws(WriteFailure) -> Outcome {
    let skipped = workspace.fillBatch(latestMs: clock.nowMs + Limits.aheadMs)
    if skipped.invalidLabels > 0 {
      log.warning(
        "Invalid metric names or labels", ["samples": "\(skipped.invalidLabels)"])
      invalidLabels.increment(by: Double(skipped.invalidLabels))
    }
    let outcome = try append(workspace)
    var problem = skipped.problem
    if let first = outcome.rejections.first {
      let text = first.text(in: workspace.request.batch)
      problem = problem ?? text
      log.error(
        "Out of order sample from remote write",
        ["err": text, "samples": "\(outcome.rejections.count)"])
    }
    return problem.map { Outcome(status: 400, text: $0) } ?? Outcome(status: 204)
  }
}

extension WriteReceiver {
  /// Stores a request of protocol 2.0: what can not be stored is named, sample by sample.
  private func storeV2(_ workspace: WriteWorkspace) throws(WriteFailure) -> Outcome {
    var (invalid, problems) = workspace.fillBatchV2(latestMs: clock.nowMs + Limits.aheadMs)
    if invalid > 0 {
      log.warning("Invalid metric names or labels", ["samples": "\(invalid)"])
      invalidLabels.increment(by: Double(invalid))
    }
    let batch = workspace.request.batch
    var written = Written(
      samples: batch.times.count, histograms: batch.histogramTimes.count,
      exemplars: batch.exemplars.count)
    let outcome = try append(workspace)
    written.exemplars -= outcome.exemplarRejections.count
    for rejection in outcome.rejections {
      if rejection.isHistogram { written.histograms -= 1 } else { written.samples -= 1 }
      problems.append(
        "\(rejection.text(in: batch)) for series \(workspace.labelText(rejection))")
    }
    guard !problems.isEmpty else { return Outcome(status: 204, written: written) }
    let kept = problems.prefix(Limits.problemsMax)
    let rest = problems.count > kept.count ? ["\(problems.count - kept.count) more"] : []
    let text = (kept + rest).joined(separator: "\n")
    log.error(
      "Error while remote writing the v2 request",
      ["err": kept.first ?? "", "problems": "\(problems.count)"])
    return Outcome(status: 400, text: text, written: written)
  }

  /// Appends the batch; samples of series that the store has let go are appended anew.
  private func append(_ workspace: WriteWorkspace) throws(WriteFailure) -> AppendOutcome {
    var outcome = try append(workspace.request.batch)
    let lost = workspace.seriesLost(outcome)
    if !lost.isEmpty {
      try resolve(lost, workspace)
      workspace.refillBatch(outcome)
      outcome.rejections.removeAll { $0.error == .unknownSeries }
      outcome.rejections += try append(workspace.request.batch).rejections
    }
    return outcome
  }

  private func append(_ batch: AppendBatch) throws(WriteFailure) -> AppendOutcome {
    do throws(StorageError) {
      return try appender.append(batch)
    } catch {
      throw .storage(error)
    }
  }
}

/// Why a request could not be stored.
enum WriteFailure: Error {
  /// The sender's fault.
  case request(String)
  case storage(StorageError)
}
