internal import ApusExposition
internal import ApusModel
internal import ApusStorage

/// What all formats do with a sample whose series is known.
extension ScrapeCache {
  /// Counts a sample, and says at what time it is stored; nil where it is not.
  /// - Parameter ownTimeMs: the time that the target gave.
  mutating func admit(
    _ slot: Int32, _ ownTimeMs: Int64?, _ reading: ScrapeReading, _ batch: inout ScrapeBatch
  ) -> Int64? {
    batch.counts.scraped += 1
    let wasSeen = series[slot].seenAt == iteration
    series[slot].seenAt = iteration
    if series[slot].state == .dropped { return nil }
    batch.counts.kept += 1
    let explicit = reading.rules.honorsTimestamps ? ownTimeMs : nil
    if wasSeen && explicit == nil {
      batch.counts.duplicates += 1
      return nil
    }
    let timeMs = explicit ?? reading.timeMs
    batch.counts.limited += 1
    let limit = reading.rules.sampleLimit
    if limit > 0 && batch.counts.limited > limit { return nil }
    if timeMs > reading.maxTimeMs {
      batch.counts.outOfBounds += 1
      return nil
    }
    if explicit == nil || reading.rules.tracksTimestampsStaleness {
      series[slot].trackedAt = iteration
    }
    return timeMs
  }

  mutating func appendFloat(
    _ slot: Int32, _ timeMs: Int64, _ value: Double, _ batch: inout ScrapeBatch
  ) {
    let ref = series[slot].ref
    if ref == .none { batch.waitingSamples.append(batch.slots.count) }
    batch.slots.append(slot)
    batch.samples.append(ref, timeMs: timeMs, value: value)
  }

  /// - Throws: for a histogram that contradicts itself; the scrape fails then.
  mutating func appendHistogram(
    _ slot: Int32, _ timeMs: Int64, _ given: FloatHistogram, isInteger: Bool,
    _ rules: HistogramRules, _ batch: inout ScrapeBatch
  ) throws(ExpositionError) {
    let histogram: FloatHistogram
    do throws(HistogramRules.Failure) {
      histogram = try rules.stored(given, isInteger: isInteger)
    } catch {
      switch error {
      case .invalid(let problem): throw ExpositionError(problem)
      case .tooManyBuckets: batch.exceedsBucketLimit = true
      }
      return
    }
    let ref = series[slot].ref
    if ref == .none { batch.waitingHistograms.append(batch.histogramSlots.count) }
    batch.histogramSlots.append(slot)
    batch.samples.append(ref, timeMs: timeMs, histogram: histogram)
  }

  func addExemplar(
    _ slot: Int32, _ found: Exemplar, _ timeMs: Int64, _ batch: inout ScrapeBatch
  ) {
    let characters = found.labels.reduce(0) {
      $0 + $1.name.unicodeScalars.count + $1.value.unicodeScalars.count
    }
    guard characters <= Limits.exemplarCharactersMax else { return }
    let ref = series[slot].ref
    if ref == .none {
      batch.waitingExemplars.append((batch.samples.exemplars.count, slot))
    }
    let exemplar = Exemplar(
      labels: found.labels, value: found.value, timeMs: found.timeMs ?? timeMs,
      hasOwnTime: found.timeMs != nil)
    batch.samples.exemplars.append((ref, exemplar))
  }

  /// The slot of a series that was not met before.
  mutating func newSlot(
    _ exposed: Labels, emptied: [String], _ rules: SampleRules, _ batch: inout ScrapeBatch
  ) throws(ExpositionError) -> Int32 {
    let labels: Labels?
    do throws(ScrapeFailure) {
      labels = try rules.stored(exposed, emptied: emptied)
    } catch {
      batch.failure = error
      throw ExpositionError(error.text)
    }
    guard let labels else {
      let slot = series.add(.dropped)
      batch.newDropped.append(slot)
      return slot
    }
    let slot = series.add(.stored)
    batch.newSlots.append(slot)
    batch.newLabels.append(labels)
    let limit = rules.sampleLimit
    if limit == 0 || batch.counts.limited < limit { batch.counts.newSeries += 1 }
    return slot
  }
}

/// The series of one classic histogram, one after another.
struct ClassicRun {
  /// The slot of the native histogram.
  let slot: Int32
  private(set) var histogram = ClassicHistogram()
  private(set) var ownTimeMs: Int64?
  private(set) var exemplars: [Exemplar] = []

  init(slot: Int32) { self.slot = slot }

  mutating func add(
    _ role: ClassicPart.Role, _ value: Double, ownTimeMs: Int64?, _ exemplar: Exemplar?
  ) {
    switch role {
    case .bucket(let bound): histogram.setBucket(bound, value)
    case .count: histogram.setCount(value)
    case .sum: histogram.setSum(value)
    }
    self.ownTimeMs = ownTimeMs
    if let exemplar { exemplars.append(exemplar) }
  }
}

extension ScrapeCache {
  /// Makes a native histogram of the series that were collected, if they make one.
  mutating func finishClassic(
    _ run: inout ClassicRun?, _ reading: ScrapeReading, _ batch: inout ScrapeBatch
  ) throws(ExpositionError) {
    guard let ended = run.take(), let histogram = ended.histogram.converted() else { return }
    // The slot counts as seen since its first part; a second histogram of one scrape is one that
    // was tracked before.
    if series[ended.slot].trackedAt != iteration { series[ended.slot].seenAt = 0 }
    guard let timeMs = admit(ended.slot, ended.ownTimeMs, reading, &batch) else { return }
    try appendHistogram(
      ended.slot, timeMs, histogram, isInteger: false, reading.rules.histograms, &batch)
    for exemplar in ended.exemplars { addExemplar(ended.slot, exemplar, timeMs, &batch) }
  }
}
