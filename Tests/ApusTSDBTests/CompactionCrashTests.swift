import ApusModel
import ApusStorage
import ApusSystem
@testable import ApusTSDB
import ApusTelemetry
import ApusTesting
import Testing

/// Whatever call a compaction dies in, or fails in, no sample is lost, and the next start leaves
/// nothing of it behind.
@Suite struct CompactionCrashTests {
  private static let hour: Int64 = 3_600_000
  private static let start: Int64 = 1_700_006_400_000
  private static let labels: [Labels] = (0..<3).map { ["__name__": "cpu", "cpu": "\($0)"] }

  private static var options: TSDBOptions {
    var options = TSDBOptions()
    options.walSegmentBytes = 64 * 1024
    options.blockMaxMs = 6 * hour
    options.headImageIntervalMs = 0
    return options
  }

  /// A store with enough for several blocks, one of which overlaps others, and with deletions.
  private static func filled(_ files: FaultyFileSystem) throws {
    var options = options
    options.compacts = false
    let store = try openStore("/data", options, files: files)
    let refs = try store.resolve(labels)
    for step in 0..<(11 * 30) as Range<Int64> {
      var batch = AppendBatch()
      for (place, ref) in refs.enumerated() {
        batch.append(ref, timeMs: start + step * 120_000, value: Double(step * Int64(place)))
      }
      _ = try store.append(batch)
    }
    try store.deleteSeries(
      in: TimeRange(start + hour, start + 3 * hour), matching: [.equal("cpu", "1")])
    try store.close()
    let late = (0..<50).map { (start + Int64($0) * 120_000 + 7, Double($0)) }
    _ = try TestBlock.write(
      [(labels[0], late)], dataDirectory: "/data", files: files, seed: 1)
    _ = try TestBlock.write(
      [(labels[2], late.map { ($0.0 + 7, $0.1) })], dataDirectory: "/data", files: files, seed: 2)
  }

  /// All samples, and each only once.
  private static func answers(_ store: TSDB) throws -> [Answer] { try store.answers(everything) }

  private static func leftovers(_ files: FaultyFileSystem) throws -> [String] {
    try files.list("/data").filter { name in
      name.contains(".tmp") || (ULID(name) != nil && !files.exists("/data/\(name)/meta.json"))
    }
  }

  /// The blocks by the hours they hold and their level.
  private static func blocks(_ files: FaultyFileSystem) throws -> [String] {
    try files.list("/data").filter { ULID($0) != nil }.map { name in
      let meta = try BlockMeta.read("/data/\(name)", files: files)
      let (from, to) = ((meta.minTimeMs - start) / hour, (meta.maxTimeMs - start) / hour)
      return "\(from)-\(to)h level \(meta.compaction.level)"
    }.sorted()
  }

  /// Calls that a whole round takes, and what is then answered.
  private static func undisturbed() throws -> (calls: Int, answers: [Answer], blocks: [String]) {
    let files = FaultyFileSystem(seed: 1)
    try filled(files)
    let store = try openStore("/data", options, files: files)
    let before = try answers(store)
    let first = files.callCount
    store.maintain()
    let calls = files.callCount - first
    #expect(try answers(store) == before)
    return (calls, before, try blocks(files))
  }

  @Test(arguments: [false, true])
  func `a compaction that dies in any call loses nothing`(losingPower: Bool) throws {
    let whole = try Self.undisturbed()
    #expect(whole.calls > 150, "\(whole.calls) calls")
    for call in 0..<whole.calls {
      let files = FaultyFileSystem(seed: UInt64(call))
      try Self.filled(files)
      do {
        let store = try openStore("/data", Self.options, files: files)
        // The log is synced as its loop would.
        store.syncLog()
        files.set { $0.dieAfter = call }
        store.maintain()
      }
      #expect(files.isDead, "call \(call)")
      files.restart(losingPower: losingPower)
      let store = try openStore("/data", Self.options, clock: StillClock(1_000), files: files)
      #expect(try Self.answers(store) == whole.answers, "died in call \(call)")
      store.maintain()
      #expect(try Self.answers(store) == whole.answers, "died in call \(call), round after")
      #expect(try Self.leftovers(files) == [], "died in call \(call)")
      #expect(try Self.blocks(files) == whole.blocks, "died in call \(call)")
    }
  }

  @Test func `a compaction in which any one call fails answers the same, and is made up for`()
    throws
  {
    let whole = try Self.undisturbed()
    for call in 0..<whole.calls {
      let files = FaultyFileSystem(seed: 1)
      try Self.filled(files)
      let store = try openStore("/data", Self.options, files: files)
      files.set { $0.failAfter = call }
      store.maintain()
      files.set { $0.failAfter = nil }
      #expect(try Self.answers(store) == whole.answers, "call \(call) failed")
      store.maintain()
      store.maintain()
      #expect(try Self.answers(store) == whole.answers, "call \(call) failed, rounds after")
      #expect(try Self.blocks(files) == whole.blocks, "call \(call) failed")
      try store.close()
      files.restart(losingPower: false)
      let again = try openStore("/data", Self.options, clock: StillClock(1_000), files: files)
      #expect(try Self.answers(again) == whole.answers, "call \(call) failed, start after")
      #expect(try Self.leftovers(files) == [], "call \(call) failed")
    }
  }
}
