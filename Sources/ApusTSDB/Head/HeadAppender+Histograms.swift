internal import ApusModel
internal import ApusStorage
internal import ApusSystem
internal import ApusTelemetry

/// Native histograms on their way into the head.
extension Head {
  /// Samples of an open chunk of histograms at which it is closed.
  private static var histogramsPerChunk: Int { Limits.samplesPerChunkTarget }

  /// The batch, with the stale markers of series of histograms as what they are there: histograms
  /// with a stale marker for their sum. (Behaviour: Prometheus, tsdb/head_append.go, Append.)
  func withHistogramMarkers(_ batch: AppendBatch) -> AppendBatch {
    guard !scratch.histogramMarkers.isEmpty else { return batch }
    var all = batch
    var marker = FloatHistogram()
    marker.sum = StaleMarker.value
    for index in scratch.histogramMarkers {
      let i = Int(index)
      all.append(batch.refs[i], timeMs: batch.times[i], histogram: marker)
    }
    return all
  }

  /// A rejection of what was a float in the batch that was given names that float.
  private func rejection(_ batch: AppendBatch, _ i: Int, _ error: AppendError)
    -> AppendOutcome.Rejection
  {
    let given = batch.histogramTimes.count - scratch.histogramMarkers.count
    guard i >= given else { return .init(index: i, isHistogram: true, error: error) }
    return .init(
      index: Int(scratch.histogramMarkers[i - given]), isHistogram: false, error: error)
  }

  /// Which histograms of a batch may be stored, by index. Comes after the floats were judged.
  func admitHistograms(_ batch: AppendBatch, _ outcome: inout AppendOutcome) -> [Int] {
    guard !batch.histogramTimes.isEmpty else { return [] }
    var newest: [UInt32: (time: Int64, index: Int?)] = [:]
    for (position, slot) in scratch.slots.enumerated() {
      newest[slot] = (batch.times[Int(scratch.indices[position])], nil)
    }
    var admitted: [Int] = []
    let bounds = appendBounds
    for i in batch.histogramTimes.indices {
      switch judge(batch, i, bounds, &newest) {
      case .store: admitted.append(i)
      case .ignore: continue
      case .reject(let error):
        outcome.rejections.append(rejection(batch, i, error))
      case .storeLate:
        guard let slot = columns.slot(ofRef: batch.histogramRefs[i].number) else { continue }
        scratch.late.append(
          LateSample(slot: slot, index: UInt32(truncatingIfNeeded: i), isHistogram: true))
      }
    }
    return admitted
  }

  private func judge(
    _ batch: AppendBatch, _ i: Int, _ bounds: AppendRules.Bounds,
    _ newest: inout [UInt32: (time: Int64, index: Int?)]
  ) -> AppendRules.Verdict {
    guard options.storesHistograms else { return .reject(.histogramsDisabled) }
    guard let slot = columns.slot(ofRef: batch.histogramRefs[i].number) else {
      return .reject(.unknownSeries)
    }
    let (time, histogram) = (batch.histogramTimes[i], batch.histograms[i])
    let state = columns.states[slot]
    var lastTime = state.lastTime
    var last = state.flags.contains(.histogram) ? histograms[state.ordinal]?.newest : nil
    if let known = newest[slot] {
      lastTime = known.time
      last = known.index.map { batch.histograms[$0] }
    }
    let verdict = AppendRules.judge(
      time: time, lastTime: lastTime, isSameValue: last.map { $0.isSame(as: histogram) } ?? false,
      bounds)
    switch verdict {
    case .store:
      newest[slot] = (time, i)
      return .store
    case .ignore, .reject(.duplicate): return verdict
    case .storeLate, .reject:
      return judgeLate(verdict, timeMs: time, batch).map { .reject($0) } ?? .storeLate
    }
  }

  func logHistograms(_ batch: AppendBatch, _ admitted: [Int]) {
    guard let log, !admitted.isEmpty else { return }
    var columns = HistogramSampleColumns()
    for i in admitted {
      columns.append(
        batch.histogramRefs[i], timeMs: batch.histogramTimes[i], histogram: batch.histograms[i])
    }
    log.addHistograms(columns)
  }

  /// Under both locks.
  func applyHistograms(_ batch: AppendBatch, _ admitted: [Int]) {
    for i in admitted {
      guard let slot = columns.slot(ofRef: batch.histogramRefs[i].number) else { continue }
      appendHistogram(slot, time: batch.histogramTimes[i], batch.histograms[i])
      clock.extend(batch.histogramTimes[i], batch.histogramTimes[i])
    }
  }

  /// Puts an admitted histogram into the open chunk of its series. Under both locks, or while
  /// nobody else uses the head.
  func appendHistogram(_ slot: UInt32, time: Int64, _ histogram: FloatHistogram) {
    closeChunk(slot)
    let ordinal = columns.states[slot].ordinal
    let last = histograms[ordinal]?.newest
    if let open = histograms[ordinal], let start = open.startTime {
      let end = ChunkCut.chunkEnd(start, options.chunkRangeMs)
      if time >= end || open.count >= Self.histogramsPerChunk { closeHistogramChunk(slot) }
    }
    if histograms[ordinal] == nil { metrics.chunksCreated.increment() }
    histograms.append(ordinal, time, histogram, after: last)
    columns.states[slot].flags.insert(.histogram)
    columns.states[slot].lastTime = time
    setStale(slot, StaleMarker.isStale(histogram.sum))
  }

  /// Moves the open chunk of histograms, if there is one, to the list of full ones; it becomes
  /// several where the counters began anew.
  func closeHistogramChunk(_ slot: UInt32) {
    let ordinal = columns.states[slot].ordinal
    guard let open = histograms[ordinal] else { return }
    histograms[ordinal] = nil
    HistogramSeries.encode(open.run) { encoding, minTime, maxTime, count, bytes in
      let sizeClass = SlotArena.sizeClass(for: bytes.count)
      let address = columns.slots.allocate(sizeClass: sizeClass)
      columns.slots.arena.write(bytes, at: SlotArena.offset(address))
      let entry = ChunkEntry(
        minTime: minTime, location: ChunkEntry.inMemory(address, byteCount: bytes.count),
        durationMs: UInt32(truncatingIfNeeded: maxTime - minTime),
        sampleCount: UInt16(truncatingIfNeeded: count),
        encoding: encoding.rawValue, sizeClass: sizeClass)
      ChunkList.append(entry, to: &columns.states[slot], in: columns.slots)
    }
    fullSlots.append(slot)
  }
}

extension FloatHistogram {
  /// Whether two histograms are the same bit by bit, as stale markers are.
  fileprivate func isSame(as other: FloatHistogram) -> Bool {
    guard sum.bitPattern == other.sum.bitPattern else { return false }
    var copy = other
    var one = self
    (one.sum, copy.sum) = (0, 0)
    // The one that is stored says what its chunk says of resets.
    copy.resetHint = one.resetHint
    return one == copy
  }
}
