import ApusModel
import ApusStorage
import ApusSystem
import ApusTelemetry
import ApusTesting
import Logging
import Synchronization
import Testing

@testable import ApusTSDB

/// Disks that run full, turn read-only, and clocks that jump, in the middle of a store's life.
struct DiskFaultTests {
  /// A store with all kinds of writes in its life, and what it has acknowledged.
  private final class Life {
    static let hour: Int64 = 3_600_000
    static let start: Int64 = 1_699_999_200_000
    let files = FaultyFileSystem(seed: 5)
    let clock = StillClock(start)
    var store: TSDB
    var known: [String: [Int64: Double]] = [:]
    var snapshots = 0
    private var step: Int64 = 0
    /// Things that were done since the first failure.
    private var sinceFailure: Int?

    static var options: TSDBOptions {
      var options = TSDBOptions()
      options.walSegmentBytes = 32 << 10
      options.walCompression = .none
      options.blockMinMs = hour
      options.outOfOrderWindowMs = hour
      options.headImageIntervalMs = 600_000
      options.headImageLogBytesMin = 0
      options.retentionMs = 0
      return options
    }

    init() throws {
      try files.makeDirectory("/data")
      try files.syncDirectory("/")
      store = try openStore("/data", Self.options, clock: clock, files: files)
    }

    /// Does something that may fail while the disk is full; three things later it is not any more.
    private func attempt(_ body: () throws -> Void) rethrows -> Bool {
      var isDone = true
      do { try body() } catch is StorageError { isDone = false }
      if sinceFailure == nil, files.faultCount > 0 { sinceFailure = 0 }
      if let count = sinceFailure {
        sinceFailure = count + 1
        if count == 3 { files.set { $0.capacityBytes = .max } }
      }
      return isDone
    }

    private func insist(_ body: () throws -> Void) throws {
      for _ in 0..<5 where try attempt(body) { return }
      Issue.record("still no room")
    }

    private func append(_ count: Int) throws {
      for _ in 0..<count {
        step += 1
        let now = Self.start + step * 60_000
        clock.set(now)
        var batch: [(n: Int, time: Int64, value: Double)] = []
        for n in 0..<4 {
          batch.append((n, now, Double(step * Int64(n))))
          if step % 7 == 0, step > 60 { batch.append((n, now - 1_000_007, -1)) }
        }
        let isTaken = try attempt {
          var all = AppendBatch()
          let refs = try store.resolve((0..<4).map { ["__name__": "m", "n": "\($0)"] })
          for one in batch { all.append(refs[one.n], timeMs: one.time, value: one.value) }
          #expect(try store.append(all).rejections.isEmpty)
        }
        guard isTaken else { continue }
        for one in batch { known["\(one.n)", default: [:]][one.time] = one.value }
      }
    }

    private func maintain() throws {
      _ = attempt {
        store.syncLog()
        store.maintain()
      }
    }

    private func delete(_ n: String, hours: ClosedRange<Int64>) throws {
      let range = TimeRange(
        Self.start + hours.lowerBound * Self.hour, Self.start + hours.upperBound * Self.hour)
      try insist { try store.deleteSeries(in: range, matching: [.equal("n", n)]) }
      for time in known[n, default: [:]].keys where range.contains(time) { known[n]?[time] = nil }
    }

    func live() throws {
      for _ in 0..<6 {
        try append(70)
        try maintain()
      }
      try delete("1", hours: 0...2)
      if try attempt({ _ = try store.snapshot(skipHead: false) }) { snapshots += 1 }
      try append(30)
      try maintain()
      _ = try attempt { try store.cleanTombstones() }
      try delete("2", hours: 5...6)
      try append(70)
      try maintain()
      if try attempt({ _ = try store.snapshot(skipHead: true) }) { snapshots += 1 }
      _ = try attempt { try store.close() }
      files.restart(losingPower: false)
      files.set { $0.capacityBytes = .max }
      store = try openStore("/data", Self.options, clock: clock, files: files)
      try append(70)
      try maintain()
    }

    /// Makes sure that all is there, and nothing else.
    func check(_ what: String) throws {
      files.set { $0 = Faults() }
      for round in 0..<2 {
        let found = try store.answers(everything)
        for answer in found {
          let n = answer.labels["n"] ?? ""
          let wanted = known[n, default: [:]].sorted { $0.key < $1.key }
          #expect(answer.times == wanted.map(\.key), "\(what), n=\(n), round \(round)")
          #expect(answer.bits == wanted.map(\.value.bitPattern), "\(what), n=\(n)")
        }
        #expect(found.count == 4, "\(what)")
        store.maintain()
        store.maintain()
        if round == 1 { break }
        try store.close()
        files.restart(losingPower: true)
        store = try openStore("/data", Self.options, clock: clock, files: files)
      }
      let names = try files.list("/data")
      #expect(names.filter { $0.contains(".tmp") } == [], "\(what)")
      #expect(
        names.allSatisfy { ULID($0) == nil || files.exists("/data/\($0)/meta.json") }, "\(what)")
      let made = try? files.list("/data/snapshots")
      #expect((made ?? []).count == snapshots, "\(what)")
    }
  }

  @Test(arguments: 0..<4)
  func `a disk that is full for a while costs only what was refused`(shard: Int) throws {
    let whole = try Life()
    let first = whole.files.callCount
    try whole.live()
    let calls = whole.files.callCount - first
    try whole.check("undisturbed")
    #expect(whole.snapshots == 2)
    #expect(calls > 2000, "\(calls) calls")
    for call in stride(from: 3 + shard * 68, to: calls, by: 272) {
      let life = try Life()
      life.files.set { $0.fullAfter = call }
      try life.live()
      try life.check("full from call \(call) on")
    }
  }

  @Test func `a directory that turns read-only says so, answers, and goes on when it can`() throws {
    let life = try Life()
    try life.live()
    life.files.set { $0.isReadOnly = true }
    let before = try life.store.answers(everything)
    do {
      try life.store.append(["__name__": "new"], Life.start + 24 * Life.hour, 1)
      Issue.record("taken")
    } catch let error as StorageError {
      #expect(error.description.contains("/data/wal"), "\(error)")
      #expect(error.description.lowercased().contains("read-only"), "\(error)")
    }
    life.store.maintain()
    #expect(throws: StorageError.self) {
      try life.store.deleteSeries(in: .all, matching: everything)
    }
    #expect(throws: StorageError.self) { try life.store.snapshot(skipHead: false) }
    #expect(try life.store.answers(everything) == before)
    life.files.set { $0.isReadOnly = false }
    try life.check("after read-only")
    // And at the start.
    try life.store.close()
    life.files.set { $0.isReadOnly = true }
    do {
      _ = try openStore("/data", Life.options, clock: life.clock, files: life.files)
      Issue.record("opened")
    } catch let error as StorageError {
      #expect(error.description.lowercased().contains("read-only"), "\(error)")
      #expect(error.reason == .system)
    }
    life.files.set { $0.isReadOnly = false }
    life.store = try openStore("/data", Life.options, clock: life.clock, files: life.files)
    try life.check("opened again")
  }

  @Test func `a clock that jumps changes no answer`() throws {
    let files = FaultyFileSystem(seed: 2)
    try files.makeDirectory("/data")
    let clock = JumpingClock()
    var options = Life.options
    options.walSyncIntervalMs = 0
    var store = try openStore("/data", options, clock: clock, files: files)
    let jumps: [Int64] = [
      Life.start, Life.start - 10 * 365 * 24 * Life.hour, -5, 0, Life.start + 100, 1 << 50,
      1 << 47, Life.start, 253_402_300_800_000, -62_135_596_800_001,
    ]
    var wanted: [Int64] = []
    var names = 0
    for (i, jump) in jumps.enumerated() {
      for k in 0..<90 as Range<Int64> {
        // Samples have times of their own: those of the scraped, or of another clock.
        let time = Life.start + (Int64(i) * 90 + k) * 60_000
        clock.set(jump + k * 1000)
        #expect(try store.append(["__name__": "m"], time, 1) == nil)
        wanted.append(time)
      }
      store.maintain()
      _ = try store.snapshot(skipHead: i % 2 == 0)
      names += 1
      #expect(try store.answers(everything).map(\.times) == [wanted], "jump to \(jump)")
      if i % 3 == 2 {
        try store.close()
        files.restart(losingPower: false)
        store = try openStore("/data", options, clock: clock, files: files)
        #expect(try store.answers(everything).map(\.times) == [wanted], "start at \(jump)")
      }
    }
    #expect(store.blocks.count > 2)
    #expect(try files.list("/data/snapshots").count == names)
  }

  /// A clock that is set to any time; what has passed since it was made is told by another one.
  private final class JumpingClock: WallClock {
    private let now = Mutex<(ms: Int64, calls: UInt64)>((0, 0))

    var nowMs: Int64 { now.withLock { $0.ms } }

    var monotonicNs: UInt64 {
      now.withLock { now in
        now.calls += 1000
        return now.calls
      }
    }

    func set(_ nowMs: Int64) { now.withLock { $0.ms = nowMs } }

    func sleep(untilMs timeMs: Int64) async throws { throw CancellationError() }
  }

  private final class KeptLines: Sendable {
    let lines = Mutex<[String]>([])

    var log: Log {
      let handler = LineLogHandler(level: .info, format: .logfmt, nowMs: { 0 }) { line in
        self.lines.withLock { $0.append(line) }
      }
      return Log(Logger(label: "test") { _ in handler })
    }

    func has(_ level: String, _ parts: String...) -> Bool {
      lines.withLock { lines in
        lines.contains { line in
          line.lowercased().contains("level=\(level)") && parts.allSatisfy(line.contains)
        }
      }
    }
  }

  private func open(_ files: any FileSystem, _ kept: KeptLines) throws -> TSDB {
    var options = TSDBOptions()
    options.locksDirectory = false
    return try TSDB.open(
      directory: "/data", options: options, files: files, clock: StillClock(7),
      random: SeededSource(7), log: kept.log, metrics: MetricRegistry())
  }

  @Test(arguments: ["index", "chunks/000001", "tombstones", "meta.json"])
  func `a damaged block is named with what to do, stays where it is, and the others serve`(
    name: String
  ) throws {
    let files = MemoryFileSystem()
    _ = try TestBlock.write(
      [(["__name__": "a"], [(1000, 1)])], dataDirectory: "/data", files: files, seed: 1)
    let bad = try #require(
      try TestBlock.write(
        [(["__name__": "b"], [(2000, 1)])], dataDirectory: "/data", files: files, seed: 2))
    let path = "/data/\(bad.ulid)/\(name)"
    var bytes = try files.read(path)
    bytes[2] ^= 0x41
    try files.write(path, bytes)
    let kept = KeptLines()
    let store = try open(files, kept)
    #expect(try store.answers(everything).map(\.times) == [[1000]])
    let isNamed = kept.has("error", "Failed to open block", path, "\(bad.ulid)", "Restore ")
    #expect(isNamed, "\(kept.lines.withLock { $0 })")
    store.maintain()
    #expect(try files.read(path) == bytes)
  }

  @Test func `a block without meta is named once, stays where it is, and the others serve`()
    throws
  {
    let files = MemoryFileSystem()
    let bad = try #require(
      try TestBlock.write(
        [(["__name__": "b"], [(2000, 1)])], dataDirectory: "/data", files: files, seed: 2))
    _ = try TestBlock.write(
      [(["__name__": "a"], [(1000, 1)])], dataDirectory: "/data", files: files, seed: 1)
    try files.remove("/data/\(bad.ulid)/meta.json")
    let kept = KeptLines()
    let store = try open(files, kept)
    store.maintain()
    #expect(try store.answers(everything).map(\.times) == [[1000]])
    #expect(kept.has("error", "/data/\(bad.ulid)", "meta.json", "restore"))
    #expect(kept.lines.withLock { $0.count { $0.contains("without meta") } } == 1)
    #expect(files.exists("/data/\(bad.ulid)/index"))
  }
}
