import ApusModel
import ApusStorage
import ApusSystem
import ApusTSDB
import ApusTelemetry
import Synchronization

/// A clock that stands still until it is told to move.
final class StillClock: WallClock {
  private let now: Mutex<Int64>

  init(_ nowMs: Int64) { now = Mutex(nowMs) }

  var nowMs: Int64 { now.withLock { $0 } }
  var monotonicNs: UInt64 { UInt64(max(0, nowMs)) * 1_000_000 }

  func set(_ nowMs: Int64) { now.withLock { $0 = nowMs } }

  func sleep(untilMs timeMs: Int64) async throws {
    while nowMs < timeMs { try await Task.sleep(nanoseconds: 1_000_000) }
  }
}

/// Numbers that come out the same for the same seed.
struct SeededNumbers: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

final class SeededSource: RandomSource {
  private let numbers: Mutex<SeededNumbers>

  init(_ seed: UInt64) { numbers = Mutex(SeededNumbers(seed)) }

  func next() -> UInt64 { numbers.withLock { $0.next() } }
}

/// A directory of its own under the system's temporary one, removed at the end.
final class StoreDirectory: Sendable {
  let path: String

  init(_ name: String = #function) {
    let safe = String(name.prefix(40).map { $0.isLetter || $0.isNumber ? $0 : "_" })
    path = "/tmp/apus-tsdb-\(safe)-\(UInt64.random(in: .min ... .max))"
  }

  deinit { try? PosixFileSystem().remove(path) }
}

func openStore(
  _ directory: String, _ options: TSDBOptions = TSDBOptions(), clock: any WallClock = StillClock(0),
  files: any FileSystem = PosixFileSystem(), metrics: MetricRegistry = MetricRegistry()
) throws -> TSDB {
  try TSDB.open(
    directory: directory, options: options, files: files, clock: clock, random: SeededSource(1),
    log: .none, metrics: metrics)
}

/// A series with its samples, as tests compare them.
struct Answer: Equatable, CustomStringConvertible {
  var labels: Labels
  var times: [Int64] = []
  var bits: [UInt64] = []

  var description: String {
    "\(labels) \(zip(times, bits.map(Double.init(bitPattern:))).map { $0 })"
  }
}

extension Queryable {
  /// All that a select gives, in its order.
  func answers(
    _ matchers: [LabelMatcher], in range: TimeRange = .all, isSorted: Bool = true
  ) throws -> [Answer] {
    var hints = SelectHints()
    hints.isSorted = isSorted
    let cursor = try querier(in: range).select(matchers, in: range, hints: hints)
    var all: [Answer] = []
    var batch = SampleBatch()
    while try cursor.next() {
      batch.removeAll()
      try cursor.read(into: &batch)
      all.append(
        Answer(labels: cursor.labels, times: batch.times, bits: batch.values.map(\.bitPattern)))
    }
    return all
  }
}

extension Appender {
  /// Appends one sample to one series; the error it was rejected with, or nil.
  @discardableResult
  func append(_ labels: Labels, _ timeMs: Int64, _ value: Double) throws -> AppendError? {
    var batch = AppendBatch()
    batch.append(try resolve([labels])[0], timeMs: timeMs, value: value)
    return try append(batch).rejections.first?.error
  }
}

/// Matches every series.
let everything = [LabelMatcher.equal("no such label", "")]
