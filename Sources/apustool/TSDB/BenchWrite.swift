internal import ApusModel
internal import ApusStorage
internal import ApusSystem
internal import ApusTSDB
internal import ApusTelemetry
internal import ArgumentParser

/// `tsdb bench ...`
struct TSDBBench: CommandGroup {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Run benchmarks.", subcommands: [BenchWrite.self])
}

/// `tsdb bench write [<file>]`
struct BenchWrite: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "write", abstract: "Run a write performance benchmark.")

  @OptionGroup var global: GlobalOptions

  @Option(help: "Set the output path.") var out = "benchout"
  @Option(help: "Number of metrics to read.") var metrics: CountFlag = 10_000
  @Option(help: "Number of scrapes to simulate.") var scrapes: CountFlag = 3_000

  @Argument(
    help: "Input file with samples data, default is (../../tsdb/testdata/20kseries.json).")
  var file = "../../tsdb/testdata/20kseries.json"

  func run() async throws {
    let files = PosixFileSystem()
    let directory = FilePath.join(out, "storage")
    let store: TSDB
    do {
      try files.remove(out)
      try files.makeDirectory(directory)
      var options = TSDBOptions()
      options.compacts = false
      store = try TSDB.open(
        directory: directory, options: options, files: files, clock: Console.current.clock,
        random: SystemRandomSource(), log: .none, metrics: MetricRegistry())
    } catch {
      throw CommandFailure("\(error)")
    }
    let bench = WriteBenchmark(store: store, clock: Console.current.clock)
    let series = try await bench.measure("readData") {
      do throws(PosixError) {
        return WriteBenchmark.series(in: try files.readText(file), limit: metrics.count)
      } catch {
        throw CommandFailure("open \(file): \(error.reason)")
      }
    }.result
    let ingested = try await bench.measure("ingestScrapes") {
      try await bench.ingest(series, scrapes: scrapes.count)
    }
    Output.line(" > total samples: \(ingested.result)")
    let rate = Double(ingested.result) / max(1e-9, Double(ingested.ns) / 1e9)
    Output.line(" > samples/sec: \(FloatText.g(rate))")
    _ = try await bench.measure("stopStorage") {
      do throws(StorageError) { try store.close() } catch { throw CommandFailure("\(error)") }
    }
  }
}

/// Scrapes of made-up values, as fast as the store takes them.
struct WriteBenchmark: Sendable {
  let store: TSDB
  let clock: any WallClock

  private static let intervalMs: Int64 = 30_000
  private static let seriesPerTarget = 1_000
  private static let scrapesPerRound = 100

  /// Says when a stage begins and ends.
  func measure<Result>(
    _ stage: String, _ body: () async throws -> Result
  ) async throws -> (result: Result, ns: UInt64) {
    Output.line(">> start stage=\(stage)")
    let start = clock.monotonicNs
    let result = try await body()
    let ns = clock.monotonicNs &- start
    Output.line(">> completed stage=\(stage) duration=\(GoDuration.text(ns: ns))")
    return (result, ns)
  }

  /// Label sets from lines such as `{"__name__":"up","job":"a"}`, each once.
  static func series(in text: String, limit: Int) -> [Labels] {
    var found: [Labels] = []
    var seen = Set<Labels>()
    for line in text.split(separator: "\n") {
      if found.count >= limit { break }
      let plain = line.filter { $0 != "\"" && $0 != "{" && $0 != "}" }
      let labels = Labels(
        plain.split(separator: ",").compactMap { pair -> Label? in
          let parts = pair.split(separator: ":", omittingEmptySubsequences: false)
          return parts.count > 1 ? Label(String(parts[0]), String(parts[1])) : nil
        })
      if !labels.isEmpty, seen.insert(labels).inserted { found.append(labels) }
    }
    return found
  }

  /// Targets of 1,000 series each, all at once, 100 scrapes at a time.
  /// - Returns: the number of samples taken.
  func ingest(_ series: [Labels], scrapes: Int) async throws -> Int {
    let pool = WorkerPool(name: "bench", threadCount: 4)
    var total = 0
    for round in stride(from: 0, to: scrapes, by: Self.scrapesPerRound) {
      total += try await withThrowingTaskGroup(of: Int.self) { group in
        for first in stride(from: 0, to: series.count, by: Self.seriesPerTarget) {
          let target = Array(series[first..<min(series.count, first + Self.seriesPerTarget)])
          group.addTask {
            try await pool.run { () throws(StorageError) in
              try scrape(target, fromMs: Int64(round) * Self.intervalMs)
            }
          }
        }
        return try await group.reduce(0, +)
      }
    }
    Output.line("ingestion completed")
    return total
  }

  private func scrape(_ target: [Labels], fromMs startMs: Int64) throws(StorageError) -> Int {
    let refs = try store.resolve(target)
    var batch = AppendBatch()
    var count = 0
    for scrape in 1...Self.scrapesPerRound {
      batch.removeAll()
      let timeMs = startMs + Int64(scrape) * Self.intervalMs
      let value = 123_456_789 + 1_000 * Double(scrape)
      for ref in refs { batch.append(ref, timeMs: timeMs, value: value) }
      count += refs.count - (try store.append(batch)).rejections.count
    }
    return count
  }
}
