internal import ApusExposition
internal import ApusModel
internal import ApusStorage

/// Everything about one target that outlives a scrape, and how a scrape is stored.
///
/// A scrape is one batch: its samples, markers for series that vanished, and the report.
struct ScrapeIngest {
  private(set) var cache = ScrapeCache()
  private var reportRefs: [SeriesRef] = []
  private let reportLabels: [Labels]
  private let extra: (timeoutSeconds: Double, sampleLimit: Int)?

  init(target: Labels, extra: (timeoutSeconds: Double, sampleLimit: Int)?) {
    self.extra = extra
    reportLabels = ScrapeReport.labels(target, hasExtra: extra != nil)
  }

  /// Takes the cache of a loop that this one replaces.
  mutating func inherit(_ other: ScrapeIngest) {
    cache = other.cache
    if reportLabels == other.reportLabels { reportRefs = other.reportRefs }
  }

  /// Reads and stores a body.
  /// - Parameter makeReport: gets the counts when all samples are read.
  /// - Throws: `ScrapeFailure` where nothing of it was stored; the report neither.
  mutating func store(
    body: [UInt8], _ reading: ScrapeReading, to appender: any Appender,
    makeReport: (ScrapeBatch.Counts) -> ScrapeReport
  ) throws(ScrapeFailure) -> ScrapeBatch.Counts {
    cache.beginScrape()
    var batch = ScrapeBatch()
    do throws(ScrapeFailure) {
      try cache.scan(body, reading, into: &batch)
      let limit = reading.rules.sampleLimit
      if limit > 0, batch.counts.limited > limit {
        throw ScrapeFailure("sample limit exceeded", isSampleLimit: true)
      }
      if batch.exceedsBucketLimit {
        throw ScrapeFailure("histogram bucket limit exceeded", isBucketLimit: true)
      }
      try resolve(&batch, appender)
    } catch {
      cache.discard(batch)
      throw failure(error, batch.counts)
    }
    let sampleCount = batch.samples.refs.count
    for ref in cache.staleRefs(all: false) {
      batch.samples.append(ref, timeMs: reading.timeMs, value: StaleMarker.value)
    }
    appendReport(makeReport(batch.counts), reading.timeMs, &batch.samples)
    do throws(StorageError) {
      let outcome = try appender.append(batch.samples)
      try settle(outcome, sampleCount, body, reading, &batch, appender)
    } catch {
      cache.discard(batch)
      throw failure(ScrapeFailure(error.description), batch.counts)
    }
    cache.replace(body: body, lines: batch.lines, protobuf: batch.protobuf)
    return batch.counts
  }

  /// Stores a scrape that brought nothing: markers for all series that were alive, and the report.
  mutating func storeNothing(
    timeMs: Int64, _ report: ScrapeReport, to appender: any Appender
  ) throws(StorageError) {
    cache.beginScrape()
    var samples = AppendBatch()
    for ref in cache.staleRefs(all: true) {
      samples.append(ref, timeMs: timeMs, value: StaleMarker.value)
    }
    if reportRefs.isEmpty { reportRefs = try appender.resolve(reportLabels) }
    appendReport(report, timeMs, &samples)
    let reportStart = samples.refs.count - reportRefs.count
    let outcome = try appender.append(samples)
    cache.endAll()
    try settleReport(outcome, from: reportStart, samples, appender)
  }

  /// Ends all series of a target that is gone, its report too.
  /// - Parameter others: series that another target keeps alive.
  mutating func end(
    timeMs: Int64, but others: Set<SeriesRef>, to appender: any Appender
  ) throws(StorageError) {
    cache.beginScrape()
    var samples = AppendBatch()
    // A marker behind what another target wrote would end a series that lives.
    samples.discardsOutOfOrder = true
    for ref in cache.staleRefs(all: true) + reportRefs where !others.contains(ref) {
      samples.append(ref, timeMs: timeMs, value: StaleMarker.value)
    }
    cache.endAll()
    // Rejections are expected: another target may have written to these series since.
    if !samples.refs.isEmpty { _ = try appender.append(samples) }
  }

  /// Series that must not be ended by a target that went away.
  var liveRefs: Set<SeriesRef> { cache.liveRefs.union(reportRefs) }

  private func failure(
    _ error: ScrapeFailure, _ counts: ScrapeBatch.Counts
  ) -> ScrapeFailure {
    var failure = error
    failure.counts = counts
    return failure
  }

  /// Gives refs to series without one, those of the report too, in one call.
  private mutating func resolve(
    _ batch: inout ScrapeBatch, _ appender: any Appender
  ) throws(ScrapeFailure) {
    let wanted = batch.newLabels + (reportRefs.isEmpty ? reportLabels : [])
    guard !wanted.isEmpty else { return }
    let refs: [SeriesRef]
    do throws(StorageError) {
      refs = try appender.resolve(wanted)
    } catch {
      throw ScrapeFailure(error.description)
    }
    precondition(refs.count == wanted.count, "\(refs.count) refs for \(wanted.count) series")
    for (slot, ref) in zip(batch.newSlots, refs) { cache.series[slot].ref = ref }
    if reportRefs.isEmpty { reportRefs = Array(refs[batch.newLabels.count...]) }
    for i in batch.waitingSamples {
      batch.samples.refs[i] = cache.series[batch.slots[i]].ref
    }
    for i in batch.waitingHistograms {
      batch.samples.histogramRefs[i] = cache.series[batch.histogramSlots[i]].ref
    }
    for (i, slot) in batch.waitingExemplars {
      batch.samples.exemplars[i].ref = cache.series[slot].ref
    }
  }

  private func appendReport(
    _ report: ScrapeReport, _ timeMs: Int64, _ samples: inout AppendBatch
  ) {
    for (ref, value) in zip(reportRefs, report.values(extra: extra)) {
      samples.append(ref, timeMs: timeMs, value: value)
    }
  }
}

/// What the store did not take.
extension ScrapeIngest {
  private mutating func settle(
    _ outcome: AppendOutcome, _ sampleCount: Int, _ body: [UInt8], _ reading: ScrapeReading,
    _ batch: inout ScrapeBatch, _ appender: any Appender
  ) throws(StorageError) {
    guard !outcome.rejections.isEmpty else { return }
    var unknown: [Int] = []
    var unknownHistograms: [Int] = []
    for rejection in outcome.rejections {
      // Markers and the report are rejected where another target wrote to the same series.
      guard rejection.isHistogram || rejection.index < sampleCount else { continue }
      switch rejection.error {
      case .outOfOrder: batch.counts.outOfOrder += 1
      case .duplicate: batch.counts.duplicates += 1
      case .tooOld, .outOfBounds: batch.counts.outOfBounds += 1
      case .unknownSeries where rejection.isHistogram: unknownHistograms.append(rejection.index)
      case .unknownSeries: unknown.append(rejection.index)
      case .invalidHistogram, .histogramsDisabled: break
      }
    }
    let reportStart = batch.samples.refs.count - reportRefs.count
    try settleReport(outcome, from: reportStart, batch.samples, appender)
    guard !unknown.isEmpty || !unknownHistograms.isEmpty else { return }
    try retry(unknown, unknownHistograms, body, reading, batch, appender)
  }

  /// Series that the store has forgotten are made again, from their text.
  private mutating func retry(
    _ unknown: [Int], _ histograms: [Int], _ body: [UInt8], _ reading: ScrapeReading,
    _ batch: ScrapeBatch, _ appender: any Appender
  ) throws(StorageError) {
    let slots = Set(
      unknown.map { batch.slots[$0] } + histograms.map { batch.histogramSlots[$0] })
    let known =
      reading.format == .protobuf
      ? cache.relabelledProtobuf(slots, body, reading.rules, batch.protobuf)
      : relabelled(slots, body, reading, batch.lines)
    let refs = try appender.resolve(known.map(\.labels))
    for ((slot, _), ref) in zip(known, refs) { cache.series[slot].ref = ref }
    var again = AppendBatch()
    for i in unknown {
      again.append(
        cache.series[batch.slots[i]].ref, timeMs: batch.samples.times[i],
        value: batch.samples.values[i])
    }
    for i in histograms {
      again.append(
        cache.series[batch.histogramSlots[i]].ref, timeMs: batch.samples.histogramTimes[i],
        histogram: batch.samples.histograms[i])
    }
    _ = try appender.append(again)
  }

  /// The stored labels of some slots, read from the body once more.
  private func relabelled(
    _ slots: Set<Int32>, _ body: [UInt8], _ reading: ScrapeReading, _ lines: [ScrapeCache.Line]
  ) -> [(slot: Int32, labels: Labels)] {
    var known: [(slot: Int32, labels: Labels)] = []
    var left = slots
    var kind = MetricMetadata.Kind.unknown
    var family = ""
    var unit = ""
    for line in lines {
      if line.slot < Line.comment, line.isType {
        kind = cache.metadata.kind(of: Int32(line.family))
        family = cache.metadata.name(of: Int32(line.family))
        unit = cache.metadata.unit(of: Int32(line.family))
      }
      // A part of a classic histogram brings back the native one that is made of it.
      let histogram = cache.classic[line.slot]?.histogram
      let isHistogram = histogram.map { left.remove($0) != nil } ?? false
      let isSeries = left.remove(line.slot) != nil
      guard isHistogram || isSeries else { continue }
      var parser = ExpositionParser(body.span, format: reading.format, kind: kind)
      parser.skip(to: Int(line.start))
      guard (try? parser.next()) == .series, let found = try? parser.labels() else { continue }
      let exposed = reading.rules.exposed(found, kind, unit: unit)
      let emptied = reading.rules.honorsLabels ? parser.emptyLabelNames() : []
      if isSeries, let labels = try? reading.rules.stored(exposed, emptied: emptied) {
        known.append((line.slot, labels))
      }
      if isHistogram, let histogram,
        let labels = try? reading.rules.stored(
          ClassicPart.base(of: exposed, family: family), emptied: emptied)
      {
        known.append((histogram, labels))
      }
    }
    return known
  }

  private typealias Line = ScrapeCache.Line

  private mutating func settleReport(
    _ outcome: AppendOutcome, from start: Int, _ samples: AppendBatch, _ appender: any Appender
  ) throws(StorageError) {
    let isForgotten = outcome.rejections.contains {
      !$0.isHistogram && $0.index >= start && $0.error == .unknownSeries
    }
    guard isForgotten else { return }
    reportRefs = try appender.resolve(reportLabels)
    var again = AppendBatch()
    for (i, ref) in reportRefs.enumerated() {
      again.append(ref, timeMs: samples.times[start + i], value: samples.values[start + i])
    }
    _ = try appender.append(again)
  }
}
