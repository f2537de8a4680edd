import ApusModel
import ApusStorage
import ApusSystem
import ApusTSDB
import ApusTelemetry

/// A day of two-hour blocks merged into one, with chunks copied and with dense ones: MB of blocks
/// read per second of CPU time, and bytes on disk per sample.
/// `StoreBench compact [series] [directory]`
struct CompactionBench {
  let seriesCount: Int
  let directory: String
  private let files = PosixFileSystem()
  private static let blockCount = 12
  private static let samplesPerBlock = 480

  func run() throws {
    try files.remove(directory)
    try files.makeDirectory(directory)
    var blocks: [Block] = []
    var state = Day(seriesCount)
    for number in 0..<Self.blockCount { blocks.append(try write(number, &state)) }
    let samples = Double(blocks.reduce(0) { $0 + $1.meta.stats.sampleCount })
    let megabytes = Double(blocks.reduce(0) { $0 + $1.sizeBytes }) / 1e6
    StoreBench.report("two-hour blocks, bytes/sample", megabytes * 1e6 / samples)
    for (name, chunking) in [
      ("copied", BlockChunking.prometheus), ("dense", BlockChunking.denseDefault),
    ] {
      let start = CPUTime.ns
      let merged = try compact(blocks, chunking)
      let seconds = Double(CPUTime.ns - start) / 1e9
      StoreBench.report("\(name), MB/s", megabytes / seconds)
      StoreBench.report("\(name), ns/sample", seconds * 1e9 / samples)
      StoreBench.report("\(name), bytes/sample", Double(merged.sizeBytes) / samples)
    }
    StoreBench.report("peak memory, MB", Double(StoreBench.peakBytes()) / 1e6)
    try files.remove(directory)
  }

  private func compact(_ blocks: [Block], _ chunking: BlockChunking) throws -> Block {
    var options = BlockCompactor.Options()
    options.chunking = chunking
    let compactor = BlockCompactor(
      dataDirectory: directory, files: files, clock: SystemWallClock(),
      random: SystemRandomSource(), log: .none, metrics: MetricRegistry(), options: options)
    guard let meta = try compactor.compact(blocks) else {
      throw StorageError(.corrupt, "nothing came out of the compaction")
    }
    return try Block(directory: FilePath.join(directory, "\(meta.ulid)"), files: files)
  }

  /// What the series stand at: two thirds constant, a fifth counters, the rest decimals.
  private struct Day {
    var numbers = Numbers(state: 7)
    var values: [Double]
    let labels: [Labels]
    let symbols: SymbolList
    var order: [Int]

    init(_ count: Int) {
      values = (0..<count).map { Double($0 * 7919 % 100_000) }
      let labels = (0..<count).map { i in
        Labels([
          Label("__name__", "metric_number_\(i % 1000 / 4)_total"),
          Label("instance", "host-\(i / 1000):9100"), Label("job", "node"),
          Label("mode", "mode-\(i % 4)"),
        ])
      }
      self.labels = labels
      symbols = SymbolList(of: labels)
      order = labels.indices.sorted { labels[$0] < labels[$1] }
    }

    mutating func next(_ series: Int) -> Double {
      let kind = series % 100
      if kind >= 66 && kind < 84 { values[series] += Double(numbers.next() % 1000) }
      if kind >= 84 { values[series] = Double(numbers.next() % 1_000_000) / 1000 }
      return values[series]
    }
  }

  private func write(_ number: Int, _ day: inout Day) throws -> Block {
    let start = 1_700_006_400_000 + Int64(number) * 7_200_000
    let meta = BlockMeta(
      ulid: ULID(timeMs: start, random: SystemRandomSource()), minTimeMs: start,
      maxTimeMs: start + 7_200_000)
    let numbers = SymbolNumbers(day.symbols)
    let writer = try BlockWriter(
      dataDirectory: directory, meta: meta, symbols: day.symbols, files: files)
    var chunk = XORChunk()
    var labels: [UInt32] = []
    for series in day.order {
      numbers.encode(day.labels[series], into: &labels)
      var chunks = SeriesChunks()
      for first in stride(from: 0, to: Self.samplesPerBlock, by: 120) {
        chunk.removeAll()
        for step in first..<(first + 120) {
          chunk.append(timeMs: start + Int64(step) * 15_000, value: day.next(series))
        }
        chunks.append(
          encoding: ChunkEncoding.xor.rawValue, minTimeMs: start + Int64(first) * 15_000,
          maxTimeMs: start + Int64(first + 119) * 15_000, chunk.span)
      }
      try writer.add(labels, chunks)
    }
    guard let written = try writer.finish() else {
      throw StorageError(.corrupt, "an empty block")
    }
    return try Block(directory: FilePath.join(directory, "\(written.ulid)"), files: files)
  }
}
