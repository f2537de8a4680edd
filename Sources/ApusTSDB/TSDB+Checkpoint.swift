internal import ApusModel
internal import ApusStorage
internal import ApusSystem
internal import ApusTelemetry
internal import Synchronization

/// How the log is kept short.
extension TSDB {
  /// Replaces old segments of the log by a checkpoint. A failure costs disk space, no samples.
  func truncateLog() {
    guard let writer = head.log?.writer else { return }
    metrics.wal.truncations.increment()
    let start = clock.monotonicNs
    defer { metrics.walTruncateDuration.observe(Double(clock.monotonicNs &- start) / 1e9) }
    do throws(StorageError) {
      try logged { () throws(WALError) in try head.cutLog() }
      // A crash may have left segments for which there is a checkpoint, or one half made.
      try logged { () throws(WALError) in
        try Checkpoint.removeOld(of: walDirectory, files: files)
      }
      do throws(WALError) {
        if let loss = logLosses().first {
          throw .corruption(
            WALCorruption(
              directory: walDirectory, segment: loss.segment, offset: loss.bytes ?? 0,
              reason: "it had \(loss.hadBytes) bytes"))
        }
        let segments = try WALSegments.list(files, walDirectory).filter { $0 < writer.segment }
        guard let last = Checkpoint.lastSegment(of: segments) else { return }
        try checkpoint(through: last)
        expiries.withLock { known in known = known.filter { $0.value > last } }
      } catch {
        guard error.isDamage else { throw .wal(error) }
        try checkpointOfMemory(through: writer.segment - 1, because: error)
        expiries.withLock { $0 = [:] }
      }
      try removeOldSegments()
    } catch {
      metrics.wal.truncationsFailed.increment()
      log.error("WAL truncation failed", ["err": "\(error)"])
    }
  }

  private func removeOldSegments() throws(StorageError) {
    metrics.checkpointDeletions.increment()
    do throws(WALError) {
      try Checkpoint.removeOld(of: walDirectory, files: files)
    } catch {
      metrics.checkpointDeletionsFailed.increment()
      throw .wal(error)
    }
  }

  private func checkpoint(through last: Int) throws(WALError) {
    log.info("Creating checkpoint", ["to_segment": "\(last)"])
    metrics.checkpoints.increment()
    let head = head
    let expiring = expiries.withLock { $0 }
    // A series that is gone is needed while a segment that stays may speak of it.
    let rules = CheckpointRules(minTimeMs: head.times.floor) { ref in
      head.has(ref) || expiring[ref].map { $0 > last } ?? false
    }
    do throws(WALError) {
      let done = try Checkpoint.write(
        through: last, of: walDirectory, files: files, options: walOptions, rules: rules)
      noteCheckpoint(last, done)
    } catch {
      metrics.checkpointsFailed.increment()
      throw error
    }
  }

  private func noteCheckpoint(_ last: Int, _ done: CheckpointStats) {
    log.info(
      "WAL checkpoint complete",
      ["last": "\(last)", "series": "\(done.seriesKept)", "samples": "\(done.samplesKept)"])
  }

  /// Replaces a log that went bad while the store was running, or in front of the place where it
  /// went on from an image: all that it held is in memory, so that nothing is lost. Prometheus
  /// fails at this place until it is restarted, and loses then what stands behind the damage.
  ///
  /// - Parameter last: the newest segment but the one that is written; all of them go.
  private func checkpointOfMemory(
    through last: Int, because damage: WALError
  ) throws(StorageError) {
    head.metrics.walCorruptions.increment()
    log.error(
      "WAL is damaged; it is written anew from memory, and no sample is lost. Check the disk",
      ["err": "\(damage)", "to_segment": "\(last)"])
    metrics.checkpoints.increment()
    var done = CheckpointStats()
    do throws(StorageError) {
      var failure: StorageError?
      do throws(WALError) {
        try Checkpoint.write(
          through: last, of: walDirectory, files: files, options: walOptions
        ) { writer throws(WALError) in
          do throws(StorageError) {
            done = try head.write(to: writer, otherRefs: images.refMap)
          } catch {
            failure = error
            throw .closed
          }
        }
      } catch {
        throw failure ?? .wal(error)
      }
    } catch {
      metrics.checkpointsFailed.increment()
      throw error
    }
    noteCheckpoint(last, done)
  }
}

extension WALError {
  /// Whether the bytes of the log are at fault, and not the way to them.
  fileprivate var isDamage: Bool {
    switch self {
    case .corruption, .segmentMissing: true
    case .io(let error): error.isNotFound
    case .closed, .notDurable, .invalidSegmentSize: false
    }
  }
}
