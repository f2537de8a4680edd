internal import ApusExposition
internal import ApusModel
internal import ApusSystem

/// Where the search for the series of the previous body stands.
private struct ProtobufSearch {
  let old: ProtobufLines
  /// The line that the next series is compared with.
  var next = 0
  /// The family of the previous body that the current one is the same as; -1 for none.
  var family: Int32 = -1
  /// Where the labels of the previous body stand that are those of the current metric; `.max` for
  /// none yet.
  var labelStart = UInt32.max
  /// Filled at the first series that is not where it was.
  var table: SeriesTable

  init(old: ProtobufLines) {
    self.old = old
    table = SeriesTable(oldCount: old.lines.count)
  }
}

/// Protobuf bodies to samples, with the same economy as `scan`: series n of a body is compared
/// with series n of the previous one, by the bytes of its labels.
extension ScrapeCache {
  mutating func scanProtobuf(
    _ new: [UInt8], _ reading: ScrapeReading, into batch: inout ScrapeBatch
  ) throws(ScrapeFailure) {
    let oldBody = body
    var search = ProtobufSearch(old: protobuf)
    batch.protobuf.lines.reserveCapacity(search.old.lines.count + 16)
    do throws(ExpositionError) {
      let bytes = new.span
      let old = oldBody.span
      var families = MetricFamilyReader(bytes)
      var metric = ProtobufMetric()
      while try families.next() {
        beginFamily(families, bytes, old, &search, &batch)
        while try families.nextMetric(&metric) {
          search.labelStart = .max
          try take(metric, families, bytes, old, &search, reading, &batch)
        }
      }
    } catch {
      throw batch.failure ?? ScrapeFailure(error.description)
    }
  }

  /// Brings the metadata up to date; that of a family that is where it was is compared as bytes.
  private mutating func beginFamily(
    _ families: borrowing MetricFamilyReader, _ bytes: Span<UInt8>, _ old: Span<UInt8>,
    _ search: inout ProtobufSearch, _ batch: inout ScrapeBatch
  ) {
    var family = ProtobufLines.Family(
      name: .init(families.name), help: .init(families.help), unit: .init(families.unit),
      kind: families.kind, number: 0)
    search.family = -1
    var isKnown = false
    if search.next < search.old.lines.count {
      let index = search.old.lines[search.next].family
      let before = search.old.families[Int(index)]
      if before.isSame(family, old, bytes) {
        search.family = index
        family.number = before.number
        metadata.seenAt[Int(family.number)] = iteration
        isKnown =
          ProtobufLines.areEqual(old, before.help, bytes, family.help)
          && ProtobufLines.areEqual(old, before.unit, bytes, family.unit)
      }
    }
    if !isKnown {
      family.number = metadata.number(of: families.string(families.name), at: iteration)
      let (help, unit) = (families.string(families.help), families.string(families.unit))
      metadata.update(family.number) {
        $0 = MetricMetadata(kind: family.kind, unit: unit, help: help)
      }
    }
    batch.protobuf.families.append(family)
  }

  /// All that one metric brings.
  private mutating func take(
    _ metric: borrowing ProtobufMetric, _ families: borrowing MetricFamilyReader,
    _ bytes: Span<UInt8>, _ old: Span<UInt8>, _ search: inout ProtobufSearch,
    _ reading: ScrapeReading, _ batch: inout ScrapeBatch
  ) throws(ExpositionError) {
    let rules = reading.rules.histograms
    var keepsClassic = true
    if metric.isNative, rules.scrapesNative {
      let native = try families.nativeHistogram(of: metric)
      let exemplars = try families.nativeExemplars(of: metric)
      try takeHistogram(
        native, exemplars, metric, families, bytes, old, &search, reading, &batch)
      keepsClassic = rules.keepsClassic && metric.hasClassicBuckets
    } else if rules.convertsClassic, families.kind == .histogram {
      keepsClassic = rules.keepsClassic
      if let converted = converted(metric) {
        var exemplars: [Exemplar] = []
        for point in metric.points {
          if let exemplar = try families.exemplar(of: point) { exemplars.append(exemplar) }
        }
        try takeHistogram(
          NativeHistogram(histogram: converted), exemplars, metric, families, bytes, old, &search,
          reading,
          &batch)
      }
    }
    guard keepsClassic else { return }
    for point in metric.points {
      let slot = try findSlot(
        point.part, point.bound, metric, families, bytes, old, &search, reading, &batch)
      guard let timeMs = admit(slot, metric.timeMs, reading, &batch) else { continue }
      appendFloat(slot, timeMs, point.value, &batch)
      // A broken exemplar is no reason to lose the sample.
      guard let exemplar = try? families.exemplar(of: point) else { continue }
      addExemplar(slot, exemplar, timeMs, &batch)
    }
  }

  private func converted(_ metric: borrowing ProtobufMetric) -> FloatHistogram? {
    var classic = ClassicHistogram()
    for point in metric.points {
      switch point.part {
      case .count: classic.setCount(point.value)
      case .sum: classic.setSum(point.value)
      default: classic.setBucket(point.bound, point.value)
      }
    }
    return classic.converted()
  }

  private mutating func takeHistogram(
    _ native: NativeHistogram, _ exemplars: [Exemplar], _ metric: borrowing ProtobufMetric,
    _ families: borrowing MetricFamilyReader, _ bytes: Span<UInt8>, _ old: Span<UInt8>,
    _ search: inout ProtobufSearch, _ reading: ScrapeReading, _ batch: inout ScrapeBatch
  ) throws(ExpositionError) {
    let slot = try findSlot(
      .histogram, 0, metric, families, bytes, old, &search, reading, &batch)
    guard let timeMs = admit(slot, metric.timeMs, reading, &batch) else { return }
    try appendHistogram(
      slot, timeMs, native.histogram, isInteger: native.isInteger, reading.rules.histograms,
      &batch)
    for exemplar in exemplars { addExemplar(slot, exemplar, timeMs, &batch) }
  }
}

/// Which series it is.
extension ScrapeCache {
  private mutating func findSlot(
    _ part: SeriesPart, _ bound: Double, _ metric: borrowing ProtobufMetric,
    _ families: borrowing MetricFamilyReader, _ bytes: Span<UInt8>, _ old: Span<UInt8>,
    _ search: inout ProtobufSearch, _ reading: ScrapeReading, _ batch: inout ScrapeBatch
  ) throws(ExpositionError) -> Int32 {
    var line = ProtobufLines.Line(
      labels: .init(metric.labels),
      family: Int32(truncatingIfNeeded: batch.protobuf.families.count - 1), slot: -1,
      bound: bound.bitPattern, part: part)
    if search.next < search.old.lines.count {
      let known = search.old.lines[search.next]
      if known.family == search.family, known.part == part, known.bound == line.bound,
        known.labels.start == search.labelStart
          || ProtobufLines.areEqual(old, known.labels, bytes, line.labels)
      {
        search.labelStart = known.labels.start
        search.next += 1
        line.slot = known.slot
      }
    }
    if line.slot < 0 {
      line.slot = try lookUp(line, metric, families, bytes, old, &search, reading, &batch)
    }
    // A series that repeats itself must not fill the memory: it has a line of its own no more.
    if series[line.slot].seenAt != iteration { batch.protobuf.lines.append(line) }
    return line.slot
  }

  /// Looks a series up by what names it; makes it where it is new.
  private mutating func lookUp(
    _ line: ProtobufLines.Line, _ metric: borrowing ProtobufMetric,
    _ families: borrowing MetricFamilyReader, _ bytes: Span<UInt8>, _ old: Span<UInt8>,
    _ search: inout ProtobufSearch, _ reading: ScrapeReading, _ batch: inout ScrapeBatch
  ) throws(ExpositionError) -> Int32 {
    let before = search.old
    if !search.table.isFilled {
      search.table.fill(count: before.lines.count) { before.hash(before.lines[$0], old) }
    }
    let hash = batch.protobuf.hash(line, bytes)
    var probe = 0
    while let place = search.table.find(hash, &probe) {
      switch place {
      case .old(let i):
        let known = before.lines[i]
        guard ProtobufLines.areSame(before, known, old, batch.protobuf, line, bytes) else {
          continue
        }
        (search.next, search.family) = (i + 1, known.family)
        search.labelStart = known.labels.start
        return known.slot
      case .current(let i):
        let known = batch.protobuf.lines[i]
        guard ProtobufLines.areSame(batch.protobuf, known, bytes, batch.protobuf, line, bytes)
        else { continue }
        return known.slot
      }
    }
    do throws(ExpositionError) {
      let exposed = reading.rules.exposed(
        try families.labels(of: metric, line.part, bound: Double(bitPattern: line.bound)),
        families.kind, unit: families.unitText)
      let emptied = reading.rules.honorsLabels ? families.emptyLabelNames(of: metric) : []
      let slot = try newSlot(exposed, emptied: emptied, reading.rules, &batch)
      search.table.insertCurrent(hash, line: batch.protobuf.lines.count)
      return slot
    } catch {
      // Reading stops at this sample, but it was read.
      batch.counts.scraped += 1
      throw error
    }
  }

  /// The stored labels of some slots, read from a protobuf body once more.
  func relabelledProtobuf(
    _ slots: Set<Int32>, _ body: [UInt8], _ rules: SampleRules, _ lines: ProtobufLines
  ) -> [(slot: Int32, labels: Labels)] {
    var found: [(slot: Int32, labels: Labels)] = []
    var left = slots
    // The lines stand in the order of the metrics, whose label bytes name them.
    var next = 0
    var families = MetricFamilyReader(body.span)
    var metric = ProtobufMetric()
    while (try? families.next()) == true {
      while (try? families.nextMetric(&metric)) == true {
        while next < lines.lines.count,
          lines.lines[next].labels == ProtobufLines.Text(metric.labels)
        {
          let line = lines.lines[next]
          next += 1
          guard left.remove(line.slot) != nil,
            let exposed = try? families.labels(
              of: metric, line.part, bound: Double(bitPattern: line.bound)),
            let labels = try? rules.stored(
              rules.exposed(exposed, families.kind, unit: families.unitText),
              emptied: rules.honorsLabels ? families.emptyLabelNames(of: metric) : [])
          else { continue }
          found.append((line.slot, labels))
        }
      }
    }
    return found
  }
}
