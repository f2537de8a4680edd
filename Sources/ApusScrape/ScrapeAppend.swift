internal import ApusExposition
internal import ApusModel
internal import ApusStorage
internal import ApusSystem

/// How one body is to be read.
struct ScrapeReading {
  let format: ExpositionFormat
  /// The time of samples that bring none, ms.
  let timeMs: Int64
  /// Samples after this are out of bounds, ms.
  let maxTimeMs: Int64
  let rules: SampleRules
}

/// Entries to samples: the hot path of ingestion.
extension ScrapeCache {
  /// Reads all of `new` into `batch`. Changes nothing that the next scrape would see but the
  /// slots of new series, which `discard` takes back.
  mutating func scan(
    _ new: [UInt8], _ reading: ScrapeReading, into batch: inout ScrapeBatch
  ) throws(ScrapeFailure) {
    guard reading.format != .protobuf else { return try scanProtobuf(new, reading, into: &batch) }
    // Own references, so that the spans do not borrow `self`.
    let (oldLines, oldBody) = (lines, body)
    var search = LineSearch(lines: oldLines)
    reserve(oldLines.count, &batch)
    do throws(ExpositionError) {
      let bytes = new.span
      let old = oldBody.span
      var parser = ExpositionParser(bytes, format: reading.format)
      while true {
        if !search.isRetyped {
          let place = takeKnown(bytes, old, from: parser.at, &search, reading, &batch)
          parser.skip(to: place)
        }
        if reading.format == .text { parser.skipBlankLines() }
        if try takeUnusual(&parser, bytes, old, &search, reading, &batch) { continue }
        if try !readChanged(&parser, bytes, old, &search, reading, &batch) { break }
      }
      try finishClassic(&search.classic, reading, &batch)
    } catch {
      throw batch.failure ?? ScrapeFailure(error.description)
    }
  }

  /// Makes what a failed scan did to slots undone.
  mutating func discard(_ batch: ScrapeBatch) {
    let made = batch.newSlots + batch.newDropped
    for slot in made { series.remove(slot) }
    if !made.isEmpty { classic.forget { series[$0].state == .free } }
  }

  private func reserve(_ lineCount: Int, _ batch: inout ScrapeBatch) {
    let count = lineCount + 16
    batch.lines.reserveCapacity(count)
    batch.slots.reserveCapacity(series.count + 16)
    batch.samples.refs.reserveCapacity(series.count + 16)
    batch.samples.times.reserveCapacity(series.count + 16)
    batch.samples.values.reserveCapacity(series.count + 16)
  }

  /// Takes lines for as long as they are where they were and plain: the same `#` line, or a sample
  /// of the same series with a plain number and no more.
  /// - Returns: the place of the first line that is not.
  private mutating func takeKnown(
    _ bytes: Span<UInt8>, _ old: Span<UInt8>, from start: Int, _ search: inout LineSearch,
    _ reading: ScrapeReading, _ batch: inout ScrapeBatch
  ) -> Int {
    let oldLines = search.lines
    let lines = oldLines.span
    var (lineNumber, family, typeFamily) = (search.next, search.family, search.typeFamily)
    let limit = reading.rules.sampleLimit > 0 ? reading.rules.sampleLimit : .max
    let timeMs = reading.timeMs
    let now = iteration
    // Taken out for the loop, which then checks neither for sharing nor for exclusivity.
    var (ownSlots, ownFamilies): ([SeriesSlots.Slot], [UInt32]) = ([], [])
    swap(&ownSlots, &series.slots)
    swap(&ownFamilies, &metadata.seenAt)
    var slots = ownSlots.mutableSpan
    var families = ownFamilies.mutableSpan
    var at = start
    while lineNumber < lines.count {
      let line = lines[lineNumber]
      let length = Int(line.length)
      guard bytesAreEqual(old, Int(line.start), bytes, at, count: length) else { break }
      if line.slot < 0 {
        if line.slot != Line.comment {
          families[line.family] = now
          if line.isType { (family, typeFamily) = (line.family, Int32(line.family)) }
        }
        batch.lines.append(
          Line(start: UInt32(truncatingIfNeeded: at), length: line.length, slot: line.slot))
        at += length
        lineNumber += 1
        continue
      }
      let i = Int(line.slot)
      guard slots[i].seenAt != now, !slots[i].state.isPart,
        let (value, next) = quickSample(bytes, at + length)
      else {
        break
      }
      slots[i].seenAt = now
      batch.lines.append(
        Line(start: UInt32(truncatingIfNeeded: at), length: line.length, slot: line.slot))
      at = next
      lineNumber += 1
      batch.counts.scraped += 1
      if slots[i].state == .dropped { continue }
      batch.counts.kept += 1
      batch.counts.limited += 1
      if batch.counts.limited > limit { continue }
      slots[i].trackedAt = now
      batch.slots.append(line.slot)
      batch.samples.append(slots[i].ref, timeMs: timeMs, value: value)
    }
    swap(&ownSlots, &series.slots)
    swap(&ownFamilies, &metadata.seenAt)
    (search.next, search.family, search.typeFamily) = (lineNumber, family, typeFamily)
    return at
  }

  /// Takes a line that is where it was but has more than a plain number: a time, an exemplar, NaN;
  /// or whose series was there before. False where it is another line.
  private mutating func takeUnusual(
    _ parser: inout ExpositionParser, _ bytes: Span<UInt8>, _ old: Span<UInt8>,
    _ search: inout LineSearch, _ reading: ScrapeReading, _ batch: inout ScrapeBatch
  ) throws(ExpositionError) -> Bool {
    guard search.next < search.lines.count, !search.isRetyped else { return false }
    let line = search.lines[search.next]
    let end = parser.at + Int(line.length)
    guard line.slot >= 0,
      bytesAreEqual(old, Int(line.start), bytes, parser.at, count: Int(line.length)),
      endsSeries(bytes, end)
    else { return false }
    try parser.resume(series: parser.at, end)
    search.next += 1
    try add(line.slot, parser, &search, reading, &batch)
    return true
  }

  /// One sample, whatever it brings.
  private mutating func add(
    _ slot: Int32, _ parser: borrowing ExpositionParser, _ search: inout LineSearch,
    _ reading: ScrapeReading, _ batch: inout ScrapeBatch
  ) throws(ExpositionError) {
    let range = parser.series
    batch.lines.append(
      Line(
        start: UInt32(truncatingIfNeeded: range.lowerBound),
        length: UInt32(truncatingIfNeeded: range.count), slot: slot))
    if series[slot].state.isPart {
      try collect(slot, parser, &search.classic, reading, &batch)
      if series[slot].state == .part {
        series[slot].seenAt = iteration
        return
      }
    }
    guard let timeMs = admit(slot, parser.timeMs, reading, &batch) else { return }
    appendFloat(slot, timeMs, parser.value, &batch)
    // A broken exemplar is no reason to lose the sample.
    guard parser.hasExemplar, let found = try? parser.exemplar() else { return }
    addExemplar(slot, found, timeMs, &batch)
  }

  /// Takes what a series tells to the histogram that it is a part of.
  private mutating func collect(
    _ slot: Int32, _ parser: borrowing ExpositionParser, _ run: inout ClassicRun?,
    _ reading: ScrapeReading, _ batch: inout ScrapeBatch
  ) throws(ExpositionError) {
    guard let part = classic[slot] else { return }
    if run?.slot != part.histogram {
      try finishClassic(&run, reading, &batch)
      run = ClassicRun(slot: part.histogram)
    }
    let exemplar = parser.hasExemplar ? try? parser.exemplar() : nil
    run?.add(part.role, parser.value, ownTimeMs: parser.timeMs, exemplar)
    // Known for as long as its parts are, even if they make no histogram.
    series[part.histogram].seenAt = iteration
  }
}

/// Where the search for the lines of the previous body stands.
private struct LineSearch {
  let lines: [ScrapeCache.Line]
  /// The line that the next one is compared with.
  var next = 0
  /// The metric family of the last `# TYPE` line that was only compared.
  var family: Int?
  /// The metric family of the last `# TYPE` line; -1 before the first.
  var typeFamily: Int32 = -1
  /// The family is of another type or unit than before, and these are labels: its series are
  /// others, however equal their lines are.
  var isRetyped = false
  /// The classic histogram whose series stand here.
  var classic: ClassicRun?
  /// Filled at the first line that is not where it was.
  var table: SeriesTable

  init(lines: [ScrapeCache.Line]) {
    self.lines = lines
    table = SeriesTable(oldCount: lines.count)
  }
}

/// Lines that are not where they were.
extension ScrapeCache {
  /// Reads one entry in full; false at the end.
  private mutating func readChanged(
    _ parser: inout ExpositionParser, _ bytes: Span<UInt8>, _ old: Span<UInt8>,
    _ search: inout LineSearch, _ reading: ScrapeReading, _ batch: inout ScrapeBatch
  ) throws(ExpositionError) -> Bool {
    let start = parser.at
    if let family = search.family.take() { parser.setKind(metadata.kind(of: Int32(family))) }
    let entry = try parser.next()
    switch entry {
    case .end: return false
    case .series:
      let slot = try findSlot(parser, bytes, old, &search, reading, &batch)
      try add(slot, parser, &search, reading, &batch)
      return true
    case .comment: break
    case .help, .type, .unit:
      let (family, isOther) = updateMetadata(entry, parser)
      if entry == .type {
        search.typeFamily = family
        search.isRetyped = false
      }
      if isOther && reading.rules.addsTypeAndUnit { search.isRetyped = true }
    }
    // A last line without its line end could be the beginning of a longer one next time.
    guard parser.at <= bytes.count, bytes[parser.at - 1] == UInt8(ascii: "\n") else { return true }
    let code: Int32 =
      switch entry {
      case .comment: Line.comment
      case .type: Line.type(metadata.number(of: parser.metadataName, at: iteration))
      default: Line.help(metadata.number(of: parser.metadataName, at: iteration))
      }
    batch.lines.append(
      Line(start: UInt32(start), length: UInt32(parser.at - start), slot: code))
    return true
  }

  /// - Returns: the number of the family, and whether its type or unit is another one now.
  private mutating func updateMetadata(
    _ entry: Entry, _ parser: borrowing ExpositionParser
  ) -> (family: Int32, isOther: Bool) {
    let number = metadata.number(of: parser.metadataName, at: iteration)
    let kind = parser.metadataKind
    let text = entry == .type ? "" : parser.metadataText()
    let before = (metadata.kind(of: number), metadata.unit(of: number))
    metadata.update(number) {
      switch entry {
      case .type: $0.kind = kind
      case .help: $0.help = text
      default: $0.unit = text
      }
    }
    return (number, before != (metadata.kind(of: number), metadata.unit(of: number)))
  }

  /// The slot of the sample just read: known under its text, or new.
  private mutating func findSlot(
    _ parser: borrowing ExpositionParser, _ bytes: Span<UInt8>, _ old: Span<UInt8>,
    _ search: inout LineSearch, _ reading: ScrapeReading, _ batch: inout ScrapeBatch
  ) throws(ExpositionError) -> Int32 {
    let range = parser.series
    if !search.table.isFilled { search.table.fill(search.lines, old) }
    let hash = SeriesTable.hash(bytes, range)
    var probe = 0
    while let place = search.table.find(hash, &probe) {
      switch place {
      case .old(let i):
        let line = search.lines[i]
        guard !search.isRetyped, Int(line.length) == range.count,
          bytesAreEqual(old, Int(line.start), bytes, range.lowerBound, count: range.count)
        else { continue }
        search.next = i + 1
        return line.slot
      case .current(let i):
        let line = batch.lines[i]
        guard Int(line.length) == range.count,
          bytesAreEqual(bytes, Int(line.start), bytes, range.lowerBound, count: range.count)
        else { continue }
        return line.slot
      }
    }
    let slot: Int32
    do throws(ExpositionError) {
      slot = try newSlot(parser, search.typeFamily, reading.rules, &batch)
    } catch {
      // Reading stops at this sample, but it was read.
      batch.counts.scraped += 1
      throw error
    }
    search.table.insertCurrent(hash, line: batch.lines.count)
    return slot
  }

  private mutating func newSlot(
    _ parser: borrowing ExpositionParser, _ family: Int32, _ rules: SampleRules,
    _ batch: inout ScrapeBatch
  ) throws(ExpositionError) -> Int32 {
    let exposed = rules.exposed(
      try parser.labels(), parser.metadataKind, unit: metadata.unit(of: family))
    let emptied = rules.honorsLabels ? parser.emptyLabelNames() : []
    guard rules.histograms.convertsClassic, parser.metadataKind == .histogram, family >= 0,
      let role = ClassicPart.role(of: exposed, in: metadata.name(of: family))
    else { return try newSlot(exposed, emptied: emptied, rules, &batch) }
    let base = ClassicPart.base(of: exposed, family: metadata.name(of: family))
    var histogram = classic.histogram(base)
    if histogram == nil {
      histogram = try newSlot(base, emptied: emptied, rules, &batch)
    }
    guard let histogram else { return try newSlot(exposed, emptied: emptied, rules, &batch) }
    classic.setHistogram(base, histogram)
    let slot: Int32
    if rules.histograms.keepsClassic {
      slot = try newSlot(exposed, emptied: emptied, rules, &batch)
      if series[slot].state == .stored { series[slot].state = .storedPart }
    } else {
      slot = series.add(.part)
      batch.newDropped.append(slot)
    }
    classic.setPart(slot, ClassicPart(histogram: histogram, role: role))
    return slot
  }
}

/// Whether name and labels end at `end`: a name without labels must not go on, or get labels after
/// blanks.
private func endsSeries(_ bytes: Span<UInt8>, _ end: Int) -> Bool {
  if bytes[end - 1] == UInt8(ascii: "}") { return true }
  var i = end
  while i < bytes.count, bytes[i] == UInt8(ascii: " ") || bytes[i] == UInt8(ascii: "\t") { i += 1 }
  return i > end && i < bytes.count && bytes[i] != UInt8(ascii: "{")
}
