import ApusModel
import ApusStorage
import ApusSystem
import ApusTSDB
import ApusTelemetry
import Glibc

/// Measures the store alone: cost of a new series, of a sample, of memory, of a replay and of
/// selects. `WAL=snappy StoreBench [series] [samples per series] [directory]`; parts of it by
/// `ChunkBench` and `CompactionBench`. Nanoseconds are those of the processors.
@main
struct StoreBench {
  static func main() throws {
    let arguments = CommandLine.arguments
    let mode = arguments.count > 1 ? arguments[1] : ""
    let number = arguments.count > 2 ? Int(arguments[2]) : nil
    if mode == "chunks" { return try ChunkBench(perChunk: number ?? 120).run() }
    if mode == "compact" {
      let directory = arguments.count > 3 ? arguments[3] : "/tmp/apus-compaction-bench"
      return try CompactionBench(seriesCount: number ?? 5_000, directory: directory).run()
    }
    let seriesCount = arguments.count > 1 ? Int(arguments[1]) ?? 500_000 : 500_000
    let sampleCount = arguments.count > 2 ? Int(arguments[2]) ?? 24 : 24
    let directory = arguments.count > 3 ? arguments[3] : "/tmp/apus-store-bench"
    try PosixFileSystem().remove(directory)
    try run(seriesCount, sampleCount, directory)
    // KEEP=1: for another store to be measured on the same directory.
    if ProcessEnvironment.value("KEEP") == nil { try PosixFileSystem().remove(directory) }
  }

  static func run(_ seriesCount: Int, _ sampleCount: Int, _ directory: String) throws {
    let start = SystemWallClock().nowMs / 15_000 * 15_000
    var store: TSDB? = try open(directory)
    guard let first = store else { return }
    let memoryBefore = privateBytes()
    let refs = try makeSeries(first, seriesCount)
    let (appendNs, maintainNs) = try append(first, refs, sampleCount, start)
    let total = Double(seriesCount * sampleCount)
    report("append, ns/sample", Double(appendNs) / total)
    report("head chunks, ns/sample", Double(maintainNs) / total)
    report(
      "memory, bytes/series", Double(privateBytes() - memoryBefore) / Double(seriesCount))
    for (part, bytes) in first.memoryAccount {
      report("  " + part + ", bytes/series", Double(bytes) / Double(seriesCount))
    }
    try queries(first, seriesCount)
    store = nil
    try restarts(directory, seriesCount, total)
  }

  /// From the log alone, then from an image.
  static func restarts(_ directory: String, _ seriesCount: Int, _ total: Double) throws {
    let (plain, replaySeconds) = try timed { try open(directory) }
    report("replay, s", replaySeconds)
    report("replay, ns/sample", replaySeconds * 1e9 / total)
    try plain.close()
    try writeImage(directory, seriesCount)
    let before = privateBytes()
    let (again, seconds) = try timed { try open(directory, imageIntervalMs: 300_000) }
    report("start from image, s", seconds)
    precondition(again.headStart == .image, "\(again.headStart)")
    report(
      "memory after start from image, bytes/series",
      Double(privateBytes() - before) / Double(seriesCount))
    let (_, backgroundSeconds) = try timed { again.saveImage(isQuiet: false) }
    report("image in the background, s", backgroundSeconds)
    try again.close()
  }

  static func writeImage(_ directory: String, _ seriesCount: Int) throws {
    let store = try open(directory, imageIntervalMs: 300_000)
    let (_, seconds) = try timed { try store.close() }
    report("close with image, s", seconds)
    let size = try PosixFileSystem().status(directory + "/apus_head/image")?.sizeBytes ?? 0
    report("image, bytes/series", Double(size) / Double(seriesCount))
  }

  static func timed<Result>(_ body: () throws -> Result) throws -> (Result, Double) {
    let clock = SystemWallClock()
    let start = clock.monotonicNs
    let result = try body()
    return (result, Double(clock.monotonicNs - start) / 1e9)
  }

  static func open(_ directory: String, imageIntervalMs: Int64 = 0) throws -> TSDB {
    var options = TSDBOptions()
    options.locksDirectory = false
    options.headImageIntervalMs = imageIntervalMs
    options.walCompression =
      ProcessEnvironment.value("WAL").flatMap(WALCompression.init(rawValue:)) ?? .none
    return try TSDB.open(
      directory: directory, options: options, files: PosixFileSystem(), clock: SystemWallClock(),
      random: SystemRandomSource(), log: .none, metrics: MetricRegistry())
  }

  /// 1000 series for each target, 7 labels each.
  static func makeSeries(_ store: TSDB, _ count: Int) throws -> [SeriesRef] {
    let clock = ProcessClock()
    var refs: [SeriesRef] = []
    var spent: UInt64 = 0
    for target in 0..<(count / 1000) {
      let labels = (0..<1000).map { i in
        Labels([
          Label("__name__", "metric_number_\(i / 4)_total"), Label("cluster", "eu-1"),
          Label("env", "production"), Label("instance", "host-\(target):9100"),
          Label("job", "node"), Label("mode", "mode-\(i % 4)"), Label("region", "europe"),
        ])
      }
      let start = clock.monotonicNs
      refs += try store.resolve(labels)
      spent += clock.monotonicNs - start
    }
    report("new series, ns", Double(spent) / Double(count))
    let again = (0..<100).map { Labels([Label("__name__", "metric_number_\($0)_total")]) }
    _ = again
    return refs
  }

  static func append(
    _ store: TSDB, _ refs: [SeriesRef], _ samples: Int, _ start: Int64
  ) throws -> (UInt64, UInt64) {
    let clock = ProcessClock()
    var spent: UInt64 = 0
    var maintaining: UInt64 = 0
    var numbers = Numbers(state: 7)
    var values = refs.map { _ in Double(numbers.next() % 100_000) }
    for i in 0..<samples {
      let time = start + Int64(i) * 15_000
      for target in 0..<(refs.count / 1000) {
        var batch = AppendBatch()
        for s in (target * 1000)..<((target + 1) * 1000) {
          // Two thirds constant, a fifth counters, the rest decimals.
          let kind = s % 100
          if kind >= 66 && kind < 84 { values[s] += Double(numbers.next() % 1000) }
          if kind >= 84 { values[s] = Double(numbers.next() % 1_000_000) / 1000 }
          batch.append(refs[s], timeMs: time, value: values[s])
        }
        let begin = clock.monotonicNs
        let outcome = try store.append(batch)
        spent += clock.monotonicNs - begin
        precondition(outcome.rejections.isEmpty)
      }
      if i % 4 == 3 {
        let begin = clock.monotonicNs
        store.maintain()
        maintaining += clock.monotonicNs - begin
      }
    }
    return (spent, maintaining)
  }

  static func queries(_ store: TSDB, _ seriesCount: Int) throws {
    let some = [
      LabelMatcher.equal("mode", "mode-1"), try LabelMatcher(.regex, "instance", "host-1.*"),
    ]
    for round in 0..<3 {
      let (count, selectNs, labelNs, latestNs, readNs, samples) = try query(store, some)
      let per = Double(max(count, 1))
      report("round \(round): series selected", per)
      report("  select, ns/series", Double(selectNs) / per)
      report("  labels, ns/series", Double(labelNs) / per)
      report("  latest, ns/series", Double(latestNs) / per)
      report("  read, ns/sample", Double(readNs) / Double(max(samples, 1)))
    }
  }

  static func query(
    _ store: TSDB, _ matchers: [LabelMatcher]
  ) throws -> (Int, UInt64, UInt64, UInt64, UInt64, Int) {
    let clock = ProcessClock()
    func cursor() throws -> any SeriesCursor {
      try store.querier(in: .all).select(matchers, in: .all, hints: SelectHints())
    }
    var start = clock.monotonicNs
    let one = try cursor()
    let selectNs = clock.monotonicNs - start
    var count = 0
    var bytes = 0
    start = clock.monotonicNs
    while try one.next() {
      count += 1
      bytes += one.labels.bytes.count
    }
    let labelNs = clock.monotonicNs - start
    let two = try cursor()
    start = clock.monotonicNs
    while try two.next() {
      if try two.latest(atMs: .max, newerThanMs: 0) == nil { count -= 1 }
    }
    let latestNs = clock.monotonicNs - start
    let three = try cursor()
    var batch = SampleBatch()
    var samples = 0
    start = clock.monotonicNs
    while try three.next() {
      batch.removeAll()
      try three.read(into: &batch)
      samples += batch.times.count
    }
    return (count, selectNs, labelNs, latestNs, clock.monotonicNs - start, samples)
  }

  static func report(_ what: String, _ number: Double) {
    print(what + ": " + String((number * 1000).rounded() / 1000))
  }

  /// Anonymous memory of this process.
  static func privateBytes() -> Int { bytes("/proc/self/smaps_rollup", "Anonymous:") }

  /// The most memory this process has had.
  static func peakBytes() -> Int { bytes("/proc/self/status", "VmHWM:") }

  private static func bytes(_ path: String, _ name: String) -> Int {
    let text = (try? PosixFileSystem().readText(path)) ?? ""
    for line in text.split(separator: "\n") where line.hasPrefix(name) {
      return (Int(line.split(whereSeparator: \.isWhitespace)[1]) ?? 0) * 1024
    }
    return 0
  }
}

/// Time that the processors worked for this process, on all threads: other programs on the machine
/// do not count.
struct ProcessClock {
  var monotonicNs: UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}

struct Numbers {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state >> 33
  }
}
