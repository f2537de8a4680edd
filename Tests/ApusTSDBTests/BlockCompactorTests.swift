import ApusModel
import ApusStorage
import ApusSystem
import ApusTSDB
import ApusTelemetry
import Testing

@Suite struct BlockCompactorTests {
  let files = MemoryFileSystem()
  let registry = MetricRegistry()

  func compactor(_ chunking: BlockChunking = .prometheus) -> BlockCompactor {
    var options = BlockCompactor.Options()
    options.chunking = chunking
    return BlockCompactor(
      dataDirectory: "/data", files: files, clock: StillClock(1_700_000_000_000),
      random: SeededRandom(99), log: .none, metrics: registry, options: options)
  }

  func open(_ ulid: ULID) throws -> Block {
    try Block(directory: "/data/\(ulid)", files: files)
  }

  func write(_ series: [TestBlock.Series], seed: UInt64, perChunk: Int = 120) throws -> Block {
    let meta = try #require(
      try TestBlock.write(
        series, dataDirectory: "/data", files: files, seed: seed, perChunk: perChunk))
    return try open(meta.ulid)
  }

  func value(_ name: String) -> Double? {
    registry.snapshot().first { $0.name == name }?.points.first?.value
  }

  /// Samples every 15 s from a minute on.
  func samples(fromMinute minute: Int, count: Int, factor: Double = 1) -> [(Int64, Double)] {
    (0..<count).map { (Int64(minute) * 60_000 + Int64($0) * 15_000, Double($0) * factor) }
  }

  @Test func `neighbours are joined with their chunks as they are`() throws {
    let one = try write(
      [(["a": "1"], samples(fromMinute: 0, count: 300)), (["b": "1"], [(5, 1)])], seed: 1)
    let two = try write(
      [(["a": "1"], samples(fromMinute: 120, count: 300)), (["a": "2"], [(7_300_000, 2)])],
      seed: 2)
    let meta = try #require(try compactor().compact([two, one]))
    let block = try open(meta.ulid)
    let before = try one.querier(in: .all).dumped() + two.querier(in: .all).dumped()
    #expect(try block.querier(in: .all).dumped() == before.sorted())
    #expect(meta.stats.chunkCount == one.meta.stats.chunkCount + two.meta.stats.chunkCount)
    #expect(meta.compaction.level == 2)
    #expect(meta.compaction.sources == [one.ulid, two.ulid].sorted())
    #expect(meta.compaction.parents.map(\.ulid) == [one.ulid, two.ulid])
    #expect(meta.minTimeMs == 0)
    #expect(meta.maxTimeMs == two.meta.maxTimeMs)
    #expect(value("prometheus_tsdb_compactions_total") == 1)
    #expect(value("prometheus_tsdb_vertical_compactions_total") == 0)
    // Bytes are copied: every chunk of the old blocks stands in the new file.
    let joined = try files.read("/data/\(meta.ulid)/chunks/000001")
    let parts = try [one, two].map { try files.read("\($0.directory)/chunks/000001").count }
    #expect(joined.count == parts[0] + parts[1] - 8)
  }

  @Test func `overlapping chunks become one run of samples`() throws {
    let one = try write([(["a": "1"], samples(fromMinute: 0, count: 200))], seed: 1)
    // The same times with other values, and times in between.
    let shifted = samples(fromMinute: 10, count: 100, factor: 9).map { ($0.0, -1.0) }
    let between = samples(fromMinute: 20, count: 50).map { ($0.0 + 7_000, 0.5) }
    let two = try write(
      [(["a": "1"], (shifted + between).sorted { $0.0 < $1.0 })], seed: 2, perChunk: 50)
    let meta = try #require(try compactor().compact([one, two]))
    var wanted: [Int64: Double] = [:]
    for (time, value) in shifted + between + samples(fromMinute: 0, count: 200) {
      wanted[time] = value
    }
    let lines = TestBlock.lines([(["a": "1"], wanted.sorted { $0.key < $1.key }.map { ($0, $1) })])
    let block = try open(meta.ulid)
    #expect(try block.querier(in: .all).dumped() == lines)
    #expect(meta.stats.chunkCount == UInt64((wanted.count + 119) / 120))
    #expect(meta.stats.sampleCount == UInt64(wanted.count))
    #expect(value("prometheus_tsdb_vertical_compactions_total") == 1)
  }

  @Test func `dense chunks hold the same samples in fewer bytes`() throws {
    let random = SeededRandom(6)
    let names = (0..<20).map { Labels(["a": "\($0)"]) }
    var blocks: [Block] = []
    for part in 0..<3 {
      let series = names.map { labels in
        let samples = (0..<480).map { step in
          let time = Int64(part * 7_200_000 + step * 15_000)
          return (time, Double(step * 3) + Double(random.below(64)) / 8)
        }
        return (labels: labels, samples: samples)
      }
      blocks.append(try write(series, seed: UInt64(part) + 1))
    }
    let before = try blocks.flatMap { try $0.querier(in: .all).dumped() }.sorted()
    let plain = try open(#require(try compactor(.prometheus).compact(blocks)).ulid)
    let dense = try open(#require(try compactor(.denseDefault).compact(blocks)).ulid)
    #expect(try plain.querier(in: .all).dumped() == before)
    #expect(try dense.querier(in: .all).dumped() == before)
    #expect(plain.meta.stats.chunkCount == 20 * 12)
    #expect(dense.meta.stats.chunkCount == 20)
    #expect(dense.meta.stats.sampleCount == plain.meta.stats.sampleCount)
    #expect(Double(dense.sizeBytes) < 0.85 * Double(plain.sizeBytes))
    // Large ones are copied the next time.
    let again = try open(#require(try compactor(.denseDefault).compact([dense])).ulid)
    #expect(
      try files.read("\(again.directory)/chunks/000001")
        == files.read("\(dense.directory)/chunks/000001"))
  }

  @Test func `promtool reads dense chunks`() throws {
    guard Promtool.path != nil else { return print("promtool is not installed: skipped") }
    let directory = try TemporaryDirectory()
    let disk = PosixFileSystem()
    let series: [TestBlock.Series] = [
      (["a": "1"], (0..<2_000).map { (Int64($0) * 1_000, Double($0 % 97) * 1.25) }),
      (["a": "2"], (0..<1_500).map { (Int64($0 * $0), $0 % 5 == 0 ? .infinity : -0.0) }),
      (["a": "3"], [(7, .nan)]),
    ]
    let meta = try #require(
      try TestBlock.write(series, dataDirectory: directory.path, files: disk))
    let compactor = BlockCompactor(
      dataDirectory: directory.path, files: disk, clock: StillClock(5),
      random: SeededRandom(1), log: .none, metrics: MetricRegistry())
    let data = DataDirectory(path: directory.path, files: disk)
    let child = try #require(try compactor.compact(try data.open().blocks))
    try data.remove(meta.ulid)
    #expect(child.stats.chunkCount < meta.stats.chunkCount)
    try disk.makeDirectory(directory.path + "/wal")
    let dump = try Promtool.run(["tsdb", "dump", directory.path])
    let lines = dump.split(separator: "\n").map(String.init)
      .sorted { compareBytes($0.utf8.span, $1.utf8.span) < 0 }
    #expect(lines == TestBlock.lines(series))
  }

  @Test(arguments: [0.0, 0.5])
  func `overlapping native histograms are merged in order, with floats between them`(part: Double)
    throws
  {
    func histogram(_ count: Int) -> FloatHistogram {
      var h = FloatHistogram()
      h.count = Double(count) + part
      h.sum = Double(count) * 2
      h.positiveSpans = [.init(offset: 0, length: 2)]
      h.positiveBuckets = [Double(count), part]
      return h
    }
    func block(_ times: [Int64], floats: [(Int64, Double)], seed: UInt64) throws -> Block {
      var chunks = SeriesChunks()
      if part == 0 {
        var chunk = HistogramChunk()
        for time in times { #expect(chunk.append(timeMs: time, histogram(Int(time))) == .appended) }
        chunks.append(
          encoding: ChunkEncoding.histogram.rawValue, minTimeMs: times.first ?? 0,
          maxTimeMs: times.last ?? 0, chunk.span)
      } else {
        var chunk = FloatHistogramChunk()
        for time in times { #expect(chunk.append(timeMs: time, histogram(Int(time))) == .appended) }
        chunks.append(
          encoding: ChunkEncoding.floatHistogram.rawValue, minTimeMs: times.first ?? 0,
          maxTimeMs: times.last ?? 0, chunk.span)
      }
      TestBlock.append(floats, 120, to: &chunks)
      let symbols = SymbolList(of: [["h": "1"]])
      let meta = BlockMeta(
        ulid: ULID(timeMs: 1, random: SeededRandom(seed)), minTimeMs: 0, maxTimeMs: 10_000)
      let writer = try BlockWriter(
        dataDirectory: "/data", meta: meta, symbols: symbols, files: files)
      try writer.add([0, 1].map { UInt32($0 == 0 ? 1 : 0) }, chunks)
      return try open(try #require(try writer.finish()).ulid)
    }
    let one = try block([10, 30, 50, 70], floats: [(100, 1)], seed: 1)
    let two = try block([20, 30, 60], floats: [(65, 2), (90, 3)], seed: 2)
    let meta = try #require(try compactor().compact([one, two]))
    let merged = try open(meta.ulid)
    let cursor = try merged.querier(in: .all).select([], in: .all, hints: SelectHints())
    #expect(try cursor.next())
    var batch = SampleBatch()
    try cursor.read(into: &batch)
    #expect(batch.histogramTimes == [10, 20, 30, 50, 60, 70])
    #expect(batch.histograms.map(\.count) == batch.histogramTimes.map { Double($0) + part })
    #expect(batch.times == [65, 90, 100])
    #expect(try merged.hasOrderedChunks())
    #expect(meta.stats.histogramSampleCount == 6)
    #expect(meta.stats.floatSampleCount == 3)
    #expect(try cursor.latest(atMs: 80, newerThanMs: 0)?.timeMs == 70)
  }

  @Test func `identical chunks are kept once`() throws {
    let same = samples(fromMinute: 0, count: 240)
    let one = try write([(["a": "1"], same)], seed: 1)
    let two = try write([(["a": "1"], same)], seed: 2)
    let meta = try #require(try compactor().compact([one, two]))
    #expect(meta.stats.chunkCount == 2)
    #expect(meta.stats.sampleCount == 240)
  }

  @Test func `deleted samples do not reach the new block`() throws {
    let one = try write(
      [(["a": "1"], samples(fromMinute: 0, count: 300)), (["a": "2"], [(60_000, 1)])], seed: 1)
    let two = try write([(["a": "1"], samples(fromMinute: 120, count: 100))], seed: 2)
    try one.delete(in: TimeRange(100_000, 900_000), matching: [.equal("a", "1")])
    try one.delete(in: .all, matching: [.equal("a", "2")])
    let before = try one.querier(in: .all).dumped() + two.querier(in: .all).dumped()
    let meta = try #require(try compactor().compact([one, two]))
    let block = try open(meta.ulid)
    #expect(try block.querier(in: .all).dumped() == before.sorted())
    #expect(meta.stats.seriesCount == 1)
    #expect(block.tombstones.isEmpty)
    #expect(meta.stats.tombstoneCount == 0)
  }

  @Test func `what one block deletes stays in another`() throws {
    let one = try write([(["a": "1"], samples(fromMinute: 0, count: 100))], seed: 1)
    let two = try write([(["a": "1"], [(1_000, 5), (40_000, 6)])], seed: 2)
    try one.delete(in: .all, matching: [])
    let meta = try #require(try compactor().compact([one, two]))
    #expect(
      try open(meta.ulid).querier(in: .all).dumped() == [#"{a="1"} 5 1000"#, #"{a="1"} 6 40000"#])
  }

  @Test func `nothing left marks the parents as deletable`() throws {
    let one = try write([(["a": "1"], samples(fromMinute: 0, count: 100))], seed: 1)
    try one.delete(in: .all, matching: [])
    #expect(try compactor().compact([one]) == nil)
    #expect(one.meta.compaction.isDeletable)
    #expect(try files.list("/data") == [one.ulid.description])
  }

  @Test func `cleaning rewrites one block`() throws {
    let one = try write([(["a": "1"], samples(fromMinute: 0, count: 300))], seed: 1)
    try one.delete(in: TimeRange(0, 1_000_000), matching: [])
    let before = try one.querier(in: .all).dumped()
    let meta = try #require(try compactor().clean(one))
    #expect(try open(meta.ulid).querier(in: .all).dumped() == before)
    #expect(meta.compaction.parents.map(\.ulid) == [one.ulid])
    #expect(meta.stats.tombstoneCount == 0)
    #expect(meta.minTimeMs == one.meta.minTimeMs && meta.maxTimeMs == one.meta.maxTimeMs)
  }

  @Test func `a range cuts chunks at its ends`() throws {
    let one = try write([(["a": "1"], samples(fromMinute: 0, count: 300))], seed: 1)
    let meta = try #require(
      try compactor().write(
        BlockCompactor.source(of: [one]), minTimeMs: 600_000, maxTimeMs: 1_200_000,
        hints: [BlockMeta.Compaction.fromOutOfOrderHint]))
    let wanted = samples(fromMinute: 0, count: 300).filter { (600_000..<1_200_000) ~= $0.0 }
    #expect(
      try open(meta.ulid).querier(in: .all).dumped()
        == TestBlock.lines([(["a": "1"], wanted)]))
    #expect(meta.compaction.level == 1)
    #expect(meta.compaction.isFromOutOfOrder)
    #expect(meta.compaction.sources == [meta.ulid])
    let empty = try compactor().write(
      BlockCompactor.source(of: [one]), minTimeMs: -100, maxTimeMs: 0)
    #expect(empty == nil)
  }

  @Test func `wrong bytes mark the blocks as failed and leave nothing behind`() throws {
    let one = try write([(["a": "1"], samples(fromMinute: 0, count: 300))], seed: 1)
    let path = "/data/\(one.ulid)/chunks/000001"
    var bytes = try files.read(path)
    bytes[40] ^= 1
    try files.write(path, bytes)
    let broken = try open(one.ulid)
    let error = #expect(throws: StorageError.self) { try compactor().compact([broken]) }
    #expect(error?.reason == .corrupt)
    #expect(broken.meta.compaction.isFailed)
    #expect(try files.list("/data") == [one.ulid.description])
  }

  @Test func `a cancelled compaction leaves nothing behind`() throws {
    let one = try write([(["a": "1"], samples(fromMinute: 0, count: 300))], seed: 1)
    let error = #expect(throws: StorageError.self) {
      try compactor().compact([one]) { true }
    }
    #expect(error?.reason == .cancelled)
    #expect(!one.meta.compaction.isFailed)
    #expect(try files.list("/data") == [one.ulid.description])
  }

  @Test(arguments: 0..<12 as Range<UInt64>)
  func `merging random blocks keeps every sample`(seed: UInt64) throws {
    let random = SeededRandom(seed)
    var wanted: [Labels: [Int64: Double]] = [:]
    var blocks: [Block] = []
    for number in 0..<4 {
      var series: [Labels: [Int64: Double]] = [:]
      for _ in 0..<(random.below(30) + 1) {
        var builder = LabelsBuilder()
        builder.set("a", "\(random.below(6))")
        builder.set("b", "\(random.below(4))")
        let start = Int64(random.below(40) * 1000)
        var samples: [Int64: Double] = [:]
        // Values depend on series and time alone, so that it does not matter which one stays.
        for _ in 0..<(random.below(400) + 1) {
          let time = start + Int64(random.below(5000)) * 10
          samples[time] = Double(time) + Double(builder["a"].utf8.first ?? 0)
        }
        series[builder.labels(), default: [:]].merge(samples) { a, _ in a }
      }
      for (labels, samples) in series { wanted[labels, default: [:]].merge(samples) { a, _ in a } }
      let sorted = series.map { (labels: $0.key, samples: $0.value.sorted { $0.key < $1.key }) }
      blocks.append(
        try write(
          sorted.map { ($0.labels, $0.samples.map { ($0.key, $0.value) }) },
          seed: UInt64(number) + 1, perChunk: 7 + random.below(100)))
    }
    let chunking = seed % 2 == 0 ? BlockChunking.prometheus : .dense(samplesMax: 300)
    let meta = try #require(try compactor(chunking).compact(blocks))
    let lines = TestBlock.lines(
      wanted.map { ($0.key, $0.value.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }) })
    let block = try open(meta.ulid)
    #expect(try block.querier(in: .all).dumped() == lines)
    #expect(try block.hasOrderedChunks())
  }
}

extension Block {
  /// Whether the chunks of every series ascend and do not overlap.
  func hasOrderedChunks() throws -> Bool {
    var entry = SeriesEntry()
    for id in try index.allPostings() {
      try index.read(id, into: &entry)
      for (a, b) in zip(entry.chunks, entry.chunks.dropFirst())
      where a.maxTimeMs >= b.minTimeMs || a.ref >= b.ref {
        return false
      }
    }
    return true
  }
}
