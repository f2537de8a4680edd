package import ApusStorage
package import ApusSystem
package import ApusTelemetry
internal import ApusModel
internal import Synchronization

/// Takes remote writes (protocol 1.0) and hands them to a store.
///
/// Blocking: call it on a worker. Any number of calls may run at one time.
package final class WriteReceiver: Sendable {
  /// What to answer.
  package struct Outcome: Sendable, Equatable {
    /// The HTTP status.
    package let status: Int
    /// Plain text without a line break; empty where there is no body.
    package let text: String

    package init(status: Int, text: String = "") {
      self.status = status
      self.text = text
    }
  }

  private let appender: any Appender
  private let clock: any WallClock
  private let log: Log
  private let invalidLabels: Counter
  private let cache = Mutex(SeriesCache())
  private let idle = Mutex<[WriteWorkspace]>([])

  package init(
    appender: any Appender, clock: any WallClock, log: Log, metrics: MetricRegistry
  ) {
    self.appender = appender
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
    if let refusal = WriteContent.refusal(type: contentType, encoding: contentEncoding) {
      log.error("Error decoding remote write request", ["err": refusal.text])
      return refusal
    }
    let workspace = idle.withLock { $0.popLast() } ?? WriteWorkspace()
    defer {
      workspace.removeAll()
      if workspace.isWorthKeeping { idle.withLock { $0.append(workspace) } }
    }
    do throws(WriteFailure) {
      try decode(body, workspace)
      try resolve(workspace)
      return try store(workspace)
    } catch {
      switch error {
      case .request(let text):
        log.error("Error decoding remote write request", ["err": text])
        return Outcome(status: 400, text: text)
      case .storage(let failure):
        log.error("Error while remote writing the v1 request", ["err": failure.description])
        return Outcome(status: 500, text: failure.description)
      }
    }
  }

  private func decode(
    _ body: [UInt8], _ workspace: WriteWorkspace
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
      try workspace.request.decode(workspace.expanded)
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
