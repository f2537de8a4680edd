import ApusModel
import ApusStorage
import ApusSystem
import ApusTelemetry
import ApusTesting
import Testing

@testable import ApusTSDB

/// What becomes of files, one at a time, while nobody looks: each file of a store that has all
/// kinds of them. The store must come up, or say which file is at fault; what it answers then must
/// have been stored, and what other files hold must be there.
struct DamageTests {
  private static let start: Int64 = 1_699_999_200_000
  private static let seriesCount = 5

  /// A store that was killed: two blocks with tombstones, chunks_head, a checkpoint and a log.
  private struct Killed {
    let clock = SetClock(DamageTests.start)
    var answers: [Answer] = []
    var paths: [String] = []
    private var contents: [[UInt8]] = []

    init() throws {
      let files = FaultyFileSystem(seed: 1)
      try files.makeDirectory("/data")
      let store = try open(files)
      for i in 0..<1500 {
        clock.nowMs = DamageTests.start + Int64(i) * 15_000
        var batch = AppendBatch()
        for n in 0..<DamageTests.seriesCount {
          let ref = try store.resolve([["__name__": "m", "n": "\(n)"]])[0]
          batch.append(ref, timeMs: clock.nowMs, value: Double(i * (n + 1)))
        }
        #expect(try store.append(batch).rejections.isEmpty)
        if i % 300 == 299 { store.maintain() }
        if i == 1000 {
          try store.deleteSeries(
            in: TimeRange(DamageTests.start, DamageTests.start + 600_000),
            matching: [.equal("n", "1")])
        }
      }
      answers = try store.answers(everything, in: .all)
      files.restart(losingPower: false)
      paths = try Killed.files(below: "/data", files)
      for path in paths { contents.append(try files.read(path)) }
    }

    /// The same files once more.
    func copy() throws -> FaultyFileSystem {
      let files = FaultyFileSystem(seed: 1)
      for (path, bytes) in zip(paths, contents) {
        try files.makeDirectory(FilePath.parent(of: path))
        try files.write(path, bytes)
      }
      return files
    }

    func open(_ files: FaultyFileSystem) throws -> TSDB {
      var options = TSDBOptions()
      options.walSegmentBytes = 32 << 10
      return try TSDB.open(
        directory: "/data", options: options, files: files, clock: clock,
        random: ChanceSource(seed: 1), log: .none, metrics: MetricRegistry())
    }

    private static func files(
      below directory: String, _ files: FaultyFileSystem
    ) throws -> [String] {
      try files.list(directory).flatMap { name -> [String] in
        let path = FilePath.join(directory, name)
        return files.isDirectory(path) ? try Killed.files(below: path, files) : [path]
      }
    }
  }

  enum Damage: String, CaseIterable, Sendable {
    case removed, emptied, halved, flipped, fromLater, swapped

    func apply(_ path: String, _ other: String, _ files: FaultyFileSystem) throws {
      var bytes = try files.read(path)
      switch self {
      case .removed: return try files.remove(path)
      case .emptied: bytes = []
      case .halved: bytes.removeLast(bytes.count / 2)
      case .flipped: if !bytes.isEmpty { bytes[bytes.count / 3] ^= 0x10 }
      case .fromLater:
        // The version stands behind the magic number; in meta.json it is text.
        if path.hasSuffix("meta.json") {
          let text = String(decoding: bytes, as: UTF8.self)
          bytes = Array(text.replacing("\"version\": 1", with: "\"version\": 99").utf8)
        } else if bytes.count > 4 {
          bytes[4] = 99
        }
      case .swapped: bytes = try files.read(other)
      }
      try files.write(path, bytes)
    }
  }

  @Test(arguments: Damage.allCases)
  func `a file that is damaged costs no more than what it held`(damage: Damage) throws {
    let whole = try Killed()
    #expect(whole.paths.contains { $0.contains("checkpoint") })
    #expect(whole.paths.contains { $0.contains("chunks_head") })
    #expect(whole.paths.count { $0.hasSuffix("/index") } >= 2)
    for path in whole.paths {
      let files = try whole.copy()
      // Of its own kind, where there is another.
      let name = FilePath.lastName(of: path)
      let other = whole.paths.last { $0 != path && FilePath.lastName(of: $0) == name }
      try damage.apply(path, other ?? path, files)
      try check(whole, files, path, damage)
    }
  }

  private func check(
    _ killed: Killed, _ files: FaultyFileSystem, _ path: String, _ damage: Damage
  ) throws {
    let store: TSDB
    do {
      store = try killed.open(files)
    } catch let error as StorageError {
      #expect(error.description.contains("/data"), "\(path) \(damage): \(error)")
      return
    }
    var found: [Answer] = []
    do {
      found = try store.answers(everything, in: .all)
    } catch let error as StorageError {
      #expect(error.description.contains("/data"), "\(path) \(damage): \(error)")
      // What does not touch the damage is answered.
      let newest = TimeRange(killed.clock.nowMs - 1_800_000, .max)
      found = try store.answers(everything, in: newest)
    }
    for answer in found {
      let stored = killed.answers.first { $0.labels == answer.labels }
      let known = Dictionary(
        stored?.samples ?? [], uniquingKeysWith: { first, _ in first })
      // Without tombstones what they hid is there again.
      let isDeleted = path.hasSuffix("tombstones") || path.contains("/wal/")
      for (time, value) in answer.samples where known[time] != value {
        #expect(
          isDeleted && known[time] == nil && answer.labels["n"] == "1"
            && time <= Self.start + 600_000, "\(path) \(damage): \(answer.labels) at \(time)")
      }
    }
    if !path.contains("/wal/") {
      // The newest hours are in the log, whatever happens to blocks and head chunks.
      let newest = killed.answers.map { $0.samples.suffix(100).map(\.0) }
      #expect(
        found.map { $0.samples.suffix(100).map(\.0) } == newest, "\(path) \(damage)")
    }
    store.maintain()
    #expect(
      try store.append(labels: ["__name__": "m", "n": "0"], killed.clock.nowMs + 1000) == nil,
      "\(path) \(damage)")
  }

  @Test func `a second store on a directory is refused, and the first goes on`() throws {
    let killed = try Killed()
    let files = try killed.copy()
    let first = try killed.open(files)
    do {
      _ = try killed.open(files)
      Issue.record("two stores have one directory")
    } catch let error as StorageError {
      #expect(error.description.contains("lock"), "\(error)")
    }
    #expect(try first.append(labels: ["__name__": "m"], killed.clock.nowMs + 1) == nil)
  }
}

extension TSDB {
  /// Appends a sample; why it was refused, or nil.
  func append(labels: Labels, _ timeMs: Int64) throws -> AppendError? {
    var batch = AppendBatch()
    batch.append(try resolve([labels])[0], timeMs: timeMs, value: 1)
    return try append(batch).rejections.first?.error
  }
}
