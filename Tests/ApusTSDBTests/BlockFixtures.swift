import ApusModel
import ApusStorage
import ApusSystem
import ApusTSDB
import Glibc

/// Blocks that Debian's promtool 2.42 wrote, and what its `tsdb dump` prints of them.
enum BlockFixtures {
  static let root: String = {
    let file = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    return file.dropLast(3).joined(separator: "/")
  }()

  static let directory = root + "/testdata/tsdb/blocks"

  /// Twelve series over two hours, one of them with two chunks.
  static let first = directory + "/01M7Y5WE9JXXHYZJV2NB70SH6J"
  /// The half hour behind it.
  static let second = directory + "/01M7Y5WEB9W61XDHYTEGJS8ATJ"

  static func open(_ path: String) throws -> Block {
    try Block(directory: path, files: PosixFileSystem())
  }

  /// Lines of `promtool tsdb dump`, sorted by bytes.
  static func dump() throws -> [String] {
    let text = try PosixFileSystem().readText(directory + "/dump.txt")
    return text.split(separator: "\n").map(String.init)
  }

  /// The files of a block on a file system in memory, under `/data/<ULID>`.
  static func copyToMemory(_ path: String) throws -> (files: MemoryFileSystem, directory: String) {
    let disk = PosixFileSystem()
    let memory = MemoryFileSystem()
    let target = "/data/" + FilePath.lastName(of: path)
    try memory.makeDirectory(target + "/chunks")
    for name in ["meta.json", "index", "tombstones", "chunks/000001"] {
      try memory.write("\(target)/\(name)", try disk.read("\(path)/\(name)"))
    }
    return (memory, target)
  }
}

/// A directory that is removed with its last reference.
final class TemporaryDirectory: Sendable {
  let path: String

  init() throws {
    path = "/tmp/apus-blocks-\(UInt64.random(in: .min ... .max))"
    try PosixFileSystem().makeDirectory(path)
  }

  deinit { try? PosixFileSystem().remove(path) }
}

/// Random numbers that are the same in every run (splitmix64).
final class SeededRandom: RandomSource, RandomNumberGenerator, @unchecked Sendable {
  // Sound because each test uses its own from one thread.
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }

  func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}

extension Querier {
  /// Every selected sample as a line of `promtool tsdb dump`, sorted by bytes.
  func dumped(
    _ matchers: [LabelMatcher] = [], in range: TimeRange = .all
  ) throws -> [String] {
    var lines: [String] = []
    let cursor = try select(matchers, in: range, hints: SelectHints())
    var batch = SampleBatch()
    while try cursor.next() {
      batch.removeAll()
      try cursor.read(into: &batch)
      let labels = cursor.labels.description
      for (time, value) in zip(batch.times, batch.values) {
        lines.append("\(labels) \(FloatText.g(value)) \(time)")
      }
    }
    return lines.sorted { compareBytes($0.utf8.span, $1.utf8.span) < 0 }
  }
}

/// Writes blocks in tests.
enum TestBlock {
  typealias Series = (labels: Labels, samples: [(Int64, Double)])

  /// Writes series, in any order, in chunks of `perChunk` samples.
  static func write(
    _ series: [Series], dataDirectory: String, files: any FileSystem, seed: UInt64 = 1,
    perChunk: Int = 120
  ) throws -> BlockMeta? {
    let times = series.flatMap { $0.samples.map(\.0) }
    var meta = BlockMeta(
      ulid: ULID(timeMs: 1_700_000_000_000 + Int64(seed), random: SeededRandom(seed)),
      minTimeMs: times.min() ?? 0, maxTimeMs: (times.max() ?? 0) + 1)
    meta.compaction.sources = [meta.ulid]
    let symbols = SymbolList(of: series.map(\.labels))
    let numbers = SymbolNumbers(symbols)
    let writer = try BlockWriter(
      dataDirectory: dataDirectory, meta: meta, symbols: symbols, files: files)
    var labels: [UInt32] = []
    for one in series.sorted(by: { $0.labels < $1.labels }) {
      numbers.encode(one.labels, into: &labels)
      var chunks = SeriesChunks()
      append(one.samples, perChunk, to: &chunks)
      try writer.add(labels, chunks)
    }
    return try writer.finish()
  }

  static func append(
    _ samples: [(Int64, Double)], _ perChunk: Int, to chunks: inout SeriesChunks
  ) {
    var from = 0
    while from < samples.count {
      let part = samples[from..<min(samples.count, from + perChunk)]
      var chunk = XORChunk()
      for (time, value) in part { chunk.append(timeMs: time, value: value) }
      chunks.append(
        encoding: ChunkEncoding.xor.rawValue, minTimeMs: samples[from].0,
        maxTimeMs: part.last?.0 ?? 0, chunk.span)
      from += part.count
    }
  }

  /// What `dumped` gives for the series.
  static func lines(_ series: [Series]) -> [String] {
    series.flatMap { one in
      one.samples.map { "\(one.labels) \(FloatText.g($0.1)) \($0.0)" }
    }.sorted { compareBytes($0.utf8.span, $1.utf8.span) < 0 }
  }
}

/// Debian's promtool, where it is installed.
enum Promtool {
  static let path: String? =
    PosixFileSystem().exists("/usr/bin/promtool") ? "/usr/bin/promtool" : nil

  /// What a command prints.
  static func run(_ arguments: [String]) throws -> String {
    guard let path else { return "" }
    let output = "/tmp/apus-promtool-\(UInt64.random(in: .min ... .max))"
    defer { try? PosixFileSystem().remove(output) }
    let command = ([path] + arguments).map { "'\($0)'" }.joined(separator: " ")
    _ = unsafe system("\(command) > \(output) 2>&1")
    return try PosixFileSystem().readText(output)
  }
}
