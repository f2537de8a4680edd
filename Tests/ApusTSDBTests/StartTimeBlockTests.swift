import ApusModel
import ApusStorage
import ApusSystem
import ApusTSDB
import ApusTelemetry
import Testing

/// Blocks with chunks of encodings that Apus does not write by itself.
@Suite struct StartTimeBlockTests {
  let files = MemoryFileSystem()

  func write(_ encoding: ChunkEncoding, _ samples: [StartedSample], seed: UInt64) throws -> Block {
    var meta = BlockMeta(
      ulid: ULID(timeMs: 1_700_000_000_000 + Int64(seed), random: SeededRandom(seed)),
      minTimeMs: samples[0].time, maxTimeMs: samples[samples.count - 1].time + 1)
    meta.compaction.sources = [meta.ulid]
    let labels: Labels = ["__name__": "requests_total"]
    let symbols = SymbolList(of: [labels])
    var numbers: [UInt32] = []
    SymbolNumbers(symbols).encode(labels, into: &numbers)
    let writer = try BlockWriter(
      dataDirectory: "/data", meta: meta, symbols: symbols, files: files)
    var chunks = SeriesChunks()
    for from in stride(from: 0, to: samples.count, by: 100) {
      let part = Array(samples[from..<min(samples.count, from + 100)])
      var plain = XORChunk()
      for sample in part { plain.append(timeMs: sample.time, value: sample.value) }
      let bytes = encoding == .xor2 ? XOR2Text.encode(part) : [UInt8](copying: plain.span)
      chunks.append(
        encoding: encoding.rawValue, minTimeMs: part[0].time,
        maxTimeMs: part[part.count - 1].time, bytes.span)
    }
    try writer.add(numbers, chunks)
    return try Block(
      directory: "/data/\(try #require(try writer.finish()).ulid)", files: files)
  }

  func samples(_ range: Range<Int>, step: Int64, start: Int64) -> [StartedSample] {
    range.map {
      StartedSample(
        start: start == 0 ? 0 : start + Int64($0 / 40), time: 1_000_000 + Int64($0) * step,
        value: $0 % 50 == 49 ? StaleMarker.value : Double($0))
    }
  }

  func read(_ block: Block) throws -> SampleBatch {
    let cursor = try block.querier(in: .all).select([], in: .all, hints: SelectHints())
    var batch = SampleBatch()
    while try cursor.next() { try cursor.read(into: &batch) }
    return batch
  }

  func compact(_ blocks: [Block]) throws -> Block {
    let compactor = BlockCompactor(
      dataDirectory: "/data", files: files, clock: StillClock(1_700_000_000_000),
      random: SeededRandom(50), log: .none, metrics: MetricRegistry())
    let meta = try #require(try compactor.compact(blocks))
    return try Block(directory: "/data/\(meta.ulid)", files: files)
  }

  func encodings(_ block: Block) throws -> [UInt8] {
    var entry = SeriesEntry()
    try block.index.read(try block.index.allPostings()[0], into: &entry)
    return try entry.chunks.map {
      try ChunkFileReader(
        directory: block.directory + "/chunks", files: files
      ).chunk($0.ref).encoding
    }
  }

  @Test func `neighbours keep their chunks, start times included`() throws {
    let old = samples(0..<300, step: 1000, start: 500)
    let one = try write(.xor2, old, seed: 1)
    let new = samples(300..<500, step: 1000, start: 900)
    let merged = try compact([one, try write(.xor2, new, seed: 2)])
    #expect(XOR2ChunkTests.all(try read(merged)) == old + new)
    #expect(try encodings(merged) == [4, 4, 4, 4, 4])
    #expect(merged.meta.stats.floatSampleCount == 500)
  }

  @Test func `overlapping blocks keep start times, and those without have none`() throws {
    let old = samples(0..<300, step: 1000, start: 500)
    let new = samples(100..<260, step: 1001, start: 0)
    let merged = try compact([try write(.xor2, old, seed: 1), try write(.xor, new, seed: 2)])
    let times = Set(old.map(\.time))
    let wanted = (old + new.filter { !times.contains($0.time) }).sorted { $0.time < $1.time }
    #expect(XOR2ChunkTests.all(try read(merged)) == wanted)
    #expect(try encodings(merged).contains(4))
    #expect(try merged.hasOrderedChunks())
  }

  @Test func `what is cut by a deletion keeps the start times of the rest`() throws {
    let all = samples(0..<300, step: 1000, start: 500)
    let block = try write(.xor2, all, seed: 1)
    let gone = TimeRange(all[50].time, all[120].time)
    try block.delete(in: gone, matching: [])
    let left = all.filter { !gone.contains($0.time) }
    #expect(XOR2ChunkTests.all(try read(block)) == left)
    let cleaned = try compact([block])
    #expect(XOR2ChunkTests.all(try read(cleaned)) == left)
    #expect(try encodings(cleaned).allSatisfy { $0 == 4 })
  }

  @Test func `XOR2 without start times becomes XOR where it is encoded anew`() throws {
    let old = samples(0..<200, step: 1000, start: 0)
    let new = samples(50..<150, step: 1001, start: 0)
    let merged = try compact([try write(.xor2, old, seed: 1), try write(.xor, new, seed: 2)])
    #expect(Set(try encodings(merged)).isSubset(of: [1, 4]))
    let times = Set(old.map(\.time))
    let wanted = (old + new.filter { !times.contains($0.time) }).sorted { $0.time < $1.time }
    #expect(XOR2ChunkTests.all(try read(merged)) == wanted)
  }

  @Test func `a query over blocks with and without start times has them side by side`() throws {
    let old = samples(0..<200, step: 1000, start: 500)
    let new = samples(150..<400, step: 1001, start: 0)
    _ = try write(.xor2, old, seed: 1)
    _ = try write(.xor, new, seed: 2)
    var options = TSDBOptions()
    options.retentionMs = 0
    let store = try openStore("/data", options, files: files)
    let cursor = try store.querier(in: .all).select([], in: .all, hints: SelectHints())
    #expect(try cursor.next())
    var batch = SampleBatch()
    try cursor.read(into: &batch)
    let times = Set(old.map(\.time))
    let wanted = (old + new.filter { !times.contains($0.time) }).sorted { $0.time < $1.time }
    #expect(XOR2ChunkTests.all(batch) == wanted)
    #expect(batch.startTimes.count == batch.times.count)
  }
}
