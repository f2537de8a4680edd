import ApusModel
import ApusStorage
import ApusSystem
import ApusTSDB
import ApusTelemetry
import Testing

/// A damaged `wbl/`: what chunks_head holds of late samples is found at the next start, and at all
/// starts after it.
struct LateLogDamageTests {
  private static let files = PosixFileSystem()
  private static let hour: Int64 = 3_600_000
  private static let start = 1_700_000_000_000 / (2 * hour) * 2 * hour
  private static let x: Labels = ["__name__": "x"]
  private static let y: Labels = ["__name__": "y"]

  private var options: TSDBOptions {
    var options = TSDBOptions()
    options.outOfOrderWindowMs = 2 * Self.hour
    return options
  }

  private func times(_ store: TSDB, _ labels: Labels) throws -> [Int64] {
    let name = labels["__name__"] ?? ""
    return try store.answers([.equal("__name__", name)]).first?.times ?? []
  }

  /// A store that was killed: 96 late samples of `x` in chunks and 4 in memory, 5 of `y` in memory.
  private func killed() throws -> StoreDirectory {
    let directory = StoreDirectory("late")
    let store = try openStore(directory.path, options)
    try store.append(Self.x, Self.start + Self.hour, 0)
    try store.append(Self.y, Self.start + Self.hour, 0)
    for i in 0..<100 { try store.append(Self.x, Self.start + Int64(i) * 7, 1) }
    for i in 0..<5 { try store.append(Self.y, Self.start + Int64(i) * 7, 1) }
    #expect(try times(store, Self.x).count == 101)
    return try FullHead.killed(directory)
  }

  enum Damage: CaseIterable {
    case flipped, cut, emptied, removed, withoutDirectory
  }

  private func spoil(_ directory: StoreDirectory, _ damage: Damage) throws {
    let wbl = directory.path + "/wbl"
    let segment = wbl + "/00000000"
    switch damage {
    case .flipped:
      var bytes = try Self.files.read(segment)
      bytes[20] ^= 1
      try Self.files.write(segment, bytes)
    case .cut: try Self.files.truncate(segment, toBytes: 1_000)
    case .emptied: try Self.files.truncate(segment, toBytes: 0)
    case .removed: try Self.files.remove(segment)
    case .withoutDirectory: try Self.files.remove(wbl)
    }
  }

  @Test(arguments: Damage.allCases)
  func `chunks of late samples are found at every start after their log was damaged`(
    damage: Damage
  ) throws {
    var left = try killed()
    try spoil(left, damage)
    let metrics = MetricRegistry()
    var store = try openStore(left.path, options, metrics: metrics)
    var found = (try times(store, Self.x), try times(store, Self.y))
    #expect(found.0.count >= 97)
    let corruptions = metrics.snapshot().first {
      $0.name == "prometheus_tsdb_wal_corruptions_total"
    }
    #expect(corruptions?.points.first?.value == 1)
    for round in 1...3 {
      // One in memory, and enough for another chunk.
      for i in 0..<20 {
        let late = Self.start + Self.hour / 2 + Int64(round * 1_000 + i)
        #expect(try store.append(Self.x, late, 1) == nil)
        found.0.append(late)
      }
      #expect(try store.append(Self.y, Self.start + Int64(round) * 1_000, 1) == nil)
      found.1.append(Self.start + Int64(round) * 1_000)
      left = try FullHead.killed(left)
      store = try openStore(left.path, options)
      #expect(try times(store, Self.x) == found.0.sorted(), "start \(round)")
      #expect(try times(store, Self.y) == found.1.sorted(), "start \(round)")
    }
    // Each sample once, also where a chunk and the rest of the log held it.
    #expect(Set(found.0).count == found.0.count)
  }

  @Test func `a log of late samples that blocks have taken over is no loss`() throws {
    let left = try killed()
    for _ in 0..<3 {
      let metrics = MetricRegistry()
      let store = try openStore(
        left.path, options, clock: StillClock(Self.start + 10 * Self.hour), metrics: metrics)
      for hour in 2..<8 { try store.append(Self.x, Self.start + Int64(hour) * Self.hour, 1) }
      store.maintain()
      #expect(try times(store, Self.x).count == 107)
      let corruptions = metrics.snapshot().first {
        $0.name == "prometheus_tsdb_wal_corruptions_total"
      }
      #expect(corruptions?.points.first?.value == 0)
      try store.close()
    }
  }
}
