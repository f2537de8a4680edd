internal import ApusTelemetry
internal import ApusSystem
internal import ApusModel
internal import ApusStorage
internal import Synchronization

extension Head {
  /// The refs of label sets, in order; series that do not exist yet are logged and made.
  func resolve(_ series: [Labels]) throws(StorageError) -> [SeriesRef] {
    var refs = [SeriesRef](repeating: .none, count: series.count)
    var missing: [Int] = []
    // Nearly always all are known: then readers' lock is enough, and nobody waits for the log.
    stateLock.withLock { _ in
      for (i, labels) in series.enumerated() {
        if let slot = columns.find(labels.bytes.span) {
          refs[i] = SeriesRef(columns.ref(columns.states[slot].ordinal))
        } else {
          missing.append(i)
        }
      }
    }
    guard !missing.isEmpty else { return refs }
    try appendLock.withLock { _ throws(StorageError) in
      try create(series, missing, &refs)
    }
    return refs
  }

  /// Under `appendLock`.
  private func create(
    _ series: [Labels], _ missing: [Int], _ refs: inout [SeriesRef]
  ) throws(StorageError) {
    for i in missing {
      if let problem = LabelSetRules.problem(of: series[i]) {
        throw StorageError(.invalid, "cannot store \(series[i]): \(problem)")
      }
    }
    let firstRef = columns.nextRef
    /// Series to be made, which get refs from `firstRef` on, and the hashes of their labels.
    var fresh: [Int] = []
    var hashes: [UInt32] = []
    var made = OpenTable()
    for i in missing {
      let labels = series[i].bytes
      let hash = SeriesColumns.hash(labels.span)
      if let slot = columns.find(labels.span, hash: hash) {
        // Another appender made it while we waited for the lock.
        refs[i] = SeriesRef(columns.ref(columns.states[slot].ordinal))
      } else if let twin = made.find(hash, where: { series[fresh[Int($0)]] == series[i] }) {
        refs[i] = SeriesRef(firstRef + UInt64(twin))
      } else {
        let ref = firstRef + UInt64(fresh.count)
        guard columns.canHold(ref: ref), columns.count + fresh.count < Limits.headSeriesMax
        else {
          throw StorageError(
            .system,
            "the head holds \(columns.count) series, or has given out all of its "
              + "\(Limits.headOrdinalsMax) refs: restart with fewer series")
        }
        refs[i] = SeriesRef(ref)
        made.insert(hash, UInt32(fresh.count))
        fresh.append(i)
        hashes.append(hash)
      }
    }
    guard !fresh.isEmpty else { return }
    try log?.logSeries(firstRef: firstRef, series, fresh)
    stateLock.withLock { _ in
      columns.reclaim()
      for (i, index) in fresh.enumerated() {
        let labels = series[index].bytes
        columns.add(labels.span, hash: hashes[i], ref: firstRef + UInt64(i))
      }
    }
    metrics.seriesCreated.increment(by: Double(fresh.count))
  }

  /// Stores a batch: judged, logged, applied.
  func append(_ batch: AppendBatch) throws(StorageError) -> AppendOutcome {
    metrics.activity.beginAppend()
    defer { metrics.activity.endAppend() }
    return try appendLock.withLock { _ throws(StorageError) in try commit(batch) }
  }

  /// Under `appendLock`.
  private func commit(_ batch: AppendBatch) throws(StorageError) -> AppendOutcome {
    var outcome = AppendOutcome()
    let attachments = admitAttachments(batch, &outcome)
    guard batch.times.count + batch.histogramTimes.count > 0 else {
      addToLog(attachments)
      try log?.write()
      apply(attachments)
      return outcome
    }
    let times = clock
    initialiseTimes(batch)
    do throws(StorageError) {
      try store(batch, attachments, &outcome)
    } catch {
      // What is refused says nothing of the head's time either.
      stateLock.withLock { _ in clock = times }
      throw error
    }
    apply(attachments)
    return outcome
  }

  /// Stores what is admitted of a batch of samples, or nothing.
  private func store(
    _ batch: AppendBatch, _ attachments: Attachments, _ outcome: inout AppendOutcome
  ) throws(StorageError) {
    admit(batch, &outcome)
    let batch = withHistogramMarkers(batch)
    let admittedHistograms = admitHistograms(batch, &outcome)
    // All that is in order in one write, the last one: what fails to be logged must not come back
    // at the next start, where it would stand in the way of what was stored since.
    let mark = outOfOrder.log?.writer.position
    let late = try planLate(batch)
    logFloats(batch)
    logHistograms(batch, admittedHistograms)
    addToLog(attachments)
    do throws(StorageError) {
      try log?.write()
    } catch {
      // Nor must what came late: all of a batch is refused.
      if let mark { outOfOrder.log?.retract(to: mark) }
      throw error
    }
    stateLock.withLock { _ in
      columns.reclaim()
      apply(batch)
      applyHistograms(batch, admittedHistograms)
      applyLate(late)
    }
    metrics.count(
      floats: scratch.slots.count, histograms: admittedHistograms.count, late, outcome)
  }

  /// The first sample ever says where the head's time begins.
  private func initialiseTimes(_ batch: AppendBatch) {
    guard clock.isEmpty, let first = batch.times.first ?? batch.histogramTimes.first,
      AppendRules.canBeStored(first)
    else { return }
    stateLock.withLock { _ in clock.extend(first, first) }
  }

  /// The times that hold for a batch that comes now. Under `appendLock`.
  var appendBounds: AppendRules.Bounds {
    AppendRules.Bounds(
      floor: clock.floor, headMaxTime: clock.maxTime, chunkRangeMs: options.chunkRangeMs,
      windowMs: outOfOrder.windowMs.load(ordering: .relaxed))
  }

  /// Notes a sample that comes out of order, whatever becomes of it; nil if it is one of those to
  /// be stored. Under `appendLock`.
  func judgeLate(
    _ verdict: AppendRules.Verdict, timeMs: Int64, _ batch: AppendBatch
  ) -> AppendError? {
    let (behind, overflow) = clock.maxTime.subtractingReportingOverflow(timeMs)
    // Prometheus refuses what is out of bounds before it looks how late it is.
    if behind > 0 && !overflow && verdict != .reject(.outOfBounds) {
      metrics.outOfOrderDelta.observe(Double(behind) / 1000)
    }
    if case .reject(let error) = verdict { return error }
    return batch.discardsOutOfOrder ? .outOfOrder : nil
  }

  /// Judges the floats of a batch; what may be stored stands in `scratch` afterwards.
  private func admit(_ batch: AppendBatch, _ outcome: inout AppendOutcome) {
    // Taken out of the class for the time of the loop, so that its arrays have one owner.
    var scratch = self.scratch
    self.scratch = AppendScratch()
    defer { self.scratch = scratch }
    let columns = columns
    let states = columns.states
    let (refs, times, values) = (batch.refs, batch.times, batch.values)
    let count = times.count
    precondition(refs.count == count && values.count == count, "columns of different lengths")
    scratch.begin(count: count)
    let bounds = appendBounds
    for i in 0..<count {
      guard let slot = columns.slot(ofRef: refs[i].number) else {
        outcome.rejections.append(.init(index: i, isHistogram: false, error: .unknownSeries))
        continue
      }
      var lastTime = states[slot].lastTime
      var lastBits = states[slot].lastBits
      var isFloat = !states[slot].flags.contains(.histogram)
      if let position = scratch.newest.find(
        slot, ordinal: states[slot].ordinal, admitted: scratch.slots)
      {
        let other = Int(scratch.indices[Int(position)])
        lastTime = times[other]
        lastBits = values[other].bitPattern
        isFloat = true
      }
      if !isFloat && values[i].bitPattern == StaleMarker.bits {
        scratch.histogramMarkers.append(UInt32(truncatingIfNeeded: i))
        continue
      }
      let verdict = AppendRules.judge(
        time: times[i], lastTime: lastTime,
        isSameValue: isFloat && lastBits == values[i].bitPattern, bounds)
      switch verdict {
      case .store:
        scratch.newest.note(slot, position: scratch.slots.count)
        scratch.slots.append(slot)
        scratch.indices.append(UInt32(truncatingIfNeeded: i))
      case .ignore: continue
      case .reject(.duplicate):
        outcome.rejections.append(
          .init(
            index: i, isHistogram: false, error: .duplicate,
            existing: isFloat ? Double(bitPattern: lastBits) : nil))
      case .reject, .storeLate:
        if let error = judgeLate(verdict, timeMs: times[i], batch) {
          outcome.rejections.append(.init(index: i, isHistogram: false, error: error))
        } else {
          scratch.late.append(
            LateSample(slot: slot, index: UInt32(truncatingIfNeeded: i), isHistogram: false))
        }
      }
    }
  }

  private func logFloats(_ batch: AppendBatch) {
    guard let log, !scratch.slots.isEmpty else { return }
    if scratch.slots.count == batch.times.count {
      log.addSamples(batch.refs, batch.times, batch.values)
      return
    }
    var refs: [SeriesRef] = []
    var times: [Int64] = []
    var values: [Double] = []
    for index in scratch.indices {
      refs.append(batch.refs[Int(index)])
      times.append(batch.times[Int(index)])
      values.append(batch.values[Int(index)])
    }
    log.addSamples(refs, times, values)
  }

  /// Under both locks.
  private func apply(_ batch: AppendBatch) {
    var minTime = Int64.max
    var maxTime = Int64.min
    let (slots, indices) = (scratch.slots, scratch.indices)
    let (times, values) = (batch.times, batch.values)
    var writer = FloatWriter(self, columns.slots)
    for position in 0..<slots.count {
      // Their states have just been looked at; the ends of their chunks lie anywhere.
      let ahead = position + FloatWriter.chunkLead
      if ahead < slots.count { writer.fetchChunk(slots[ahead]) }
      let index = Int(indices[position])
      let time = times[index]
      minTime = min(minTime, time)
      maxTime = max(maxTime, time)
      writer.append(slots[position], time: time, bits: values[index].bitPattern)
    }
    fullSlots += writer.full
    if maxTime != .min { clock.extend(minTime, maxTime) }
  }

  func setStale(_ slot: UInt32, _ isStale: Bool) {
    guard columns.states[slot].isStale != isStale else { return }
    if isStale {
      columns.states[slot].flags.insert(.stale)
      metrics.staleSeries.add(1)
    } else {
      columns.states[slot].flags.remove(.stale)
      metrics.staleSeries.add(-1)
    }
  }
}

/// Bytes of chunk encodings on disk, frozen (FORMATS 1.7).
enum ChunkCode {
  static let xor: UInt8 = 1
  static let histogram: UInt8 = 2
  static let floatHistogram: UInt8 = 3
}
