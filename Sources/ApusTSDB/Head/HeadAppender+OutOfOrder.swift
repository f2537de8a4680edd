internal import ApusModel
internal import ApusStorage
internal import ApusSystem
internal import ApusTelemetry

/// A sample of a batch that comes out of order, inside of the window.
struct LateSample {
  let slot: UInt32
  let index: UInt32
  let isHistogram: Bool
}

/// What a batch will do to the late samples of the head, once it is logged.
struct OutOfOrderPlan {
  /// By slot, as they will be.
  var series: [UInt32: OutOfOrderSeries] = [:]
  var floatCount = 0
  var histogramCount = 0
  var chunkCount = 0
  var range: TimeRange?

  var isEmpty: Bool { floatCount + histogramCount == 0 }

  mutating func note(_ timeMs: Int64) {
    range = TimeRange(min(range?.minMs ?? .max, timeMs), max(range?.maxMs ?? .min, timeMs))
  }
}

/// Out-of-order samples on their way into the head. (Behaviour: Prometheus, tsdb/head_append.go,
/// memSeries.insert.)
extension Head {
  /// Inserts the late samples of a batch into copies of their series, writes chunks that are full
  /// to chunks_head, and logs all. Under `appendLock`; nothing can be seen yet.
  func planLate(_ batch: AppendBatch) throws(StorageError) -> OutOfOrderPlan {
    var plan = OutOfOrderPlan()
    guard !scratch.late.isEmpty else { return plan }
    outOfOrder.log?.discard()
    for sample in scratch.late { try insert(sample, batch, &plan) }
    try outOfOrder.log?.write()
    return plan
  }

  private func insert(
    _ sample: LateSample, _ batch: AppendBatch, _ plan: inout OutOfOrderPlan
  ) throws(StorageError) {
    let ordinal = columns.states[sample.slot].ordinal
    let ref = SeriesRef(columns.ref(ordinal))
    // Taken out of the dictionary while it changes, so that its arrays have one owner less.
    var series =
      plan.series.removeValue(forKey: sample.slot) ?? outOfOrder[ordinal] ?? OutOfOrderSeries()
    if series.openCount >= Limits.outOfOrderSamplesMax {
      let refs = try moveLateToDisk(&series, ref)
      if !refs.isEmpty { outOfOrder.log?.mark(ref, refs) }
      plan.chunkCount += refs.count
    }
    let index = Int(sample.index)
    let time = sample.isHistogram ? batch.histogramTimes[index] : batch.times[index]
    if sample.isHistogram {
      let histogram = batch.histograms[index]
      if series.insert(timeMs: time, histogram) {
        outOfOrder.log?.add(ref, timeMs: time, histogram)
        plan.histogramCount += 1
        plan.note(time)
      }
    } else {
      let value = batch.values[index]
      if series.insert(timeMs: time, bits: value.bitPattern) {
        outOfOrder.log?.add(ref, timeMs: time, value: value)
        plan.floatCount += 1
        plan.note(time)
      }
    }
    plan.series[sample.slot] = series
  }

  /// Writes the late samples of a series that are in memory to chunks_head, and forgets them.
  /// - Returns: the references of the chunks; none where there is no chunks_head.
  func moveLateToDisk(
    _ series: inout OutOfOrderSeries, _ ref: SeriesRef
  ) throws(StorageError) -> [HeadChunkRef] {
    guard let chunkFiles else { return [] }
    var made: [OutOfOrderSeries.Chunk] = []
    do throws(HeadChunkError) {
      try series.encodeOpen { (encoding, range, bytes) throws(HeadChunkError) in
        let chunk = try chunkFiles.write(
          series: ref, range: range, encoding: encoding, isOutOfOrder: true, bytes: bytes)
        made.append(.init(ref: chunk, range: range, encoding: encoding))
      }
    } catch {
      throw StorageError(.system, "\(error)")
    }
    series.removeOpen()
    for chunk in made { series.append(chunk) }
    return made.map(\.ref)
  }

  /// Under both locks.
  func applyLate(_ plan: OutOfOrderPlan) {
    guard !plan.series.isEmpty else { return }
    for (slot, series) in plan.series {
      if columns.states[slot].flags.contains(.outOfOrder) {
        outOfOrder[columns.states[slot].ordinal] = series
      } else {
        attachLate(slot, series)
      }
    }
    if let range = plan.range { outOfOrder.extend(range) }
    metrics.chunksCreated.increment(by: Double(plan.chunkCount))
  }

  /// Gives a series late samples. Under both locks, or while nobody else uses the head.
  func attachLate(_ slot: UInt32, _ series: OutOfOrderSeries) {
    guard !series.isEmpty else { return }
    outOfOrder[columns.states[slot].ordinal] = series
    columns.states[slot].flags.insert(.outOfOrder)
    if let range = series.range { outOfOrder.extend(range) }
  }
}
