import ApusModel
import ApusStorage
import ApusSystem
import ApusTelemetry
import Testing

@testable import ApusTSDB

/// Segments of the log that were cut, emptied or removed read like a log in which less was logged.
struct SegmentLossTests {
  private static let files = PosixFileSystem()

  private var options: TSDBOptions {
    var options = FullHead.options
    options.walSegmentBytes = 32 << 10
    options.walCompression = .none
    return options
  }

  private func corruptions(_ registry: MetricRegistry) -> Double? {
    registry.snapshot().first { $0.name == "prometheus_tsdb_wal_corruptions_total" }?
      .points.first?.value
  }

  private func segments(_ directory: StoreDirectory) throws -> [Int] {
    try WALSegments.list(Self.files, directory.path + "/wal")
  }

  private func path(_ directory: StoreDirectory, _ segment: Int) -> String {
    WALSegments.path(directory.path + "/wal", segment)
  }

  /// A store that wrote some segments, with an image at its end if it was closed.
  private func written(isClosed: Bool) throws -> (StoreDirectory, Picture) {
    let directory = StoreDirectory("losses")
    let store = try openStore(directory.path, options)
    try FullHead.fill(store, rounds: 0..<700)
    let picture = try Picture(store)
    if isClosed { try store.close() }
    return (try FullHead.killed(directory), picture)
  }

  @Test(arguments: [0, 1, 20_000], [false, true])
  func `a segment that was cut in front of an image is told of, and what it held is kept`(
    left: Int, isLast: Bool
  ) throws {
    // Of the last one, bytes are needed to tell whose they are.
    if isLast, left == 1 { return }

    let (directory, before) = try written(isClosed: true)
    #expect(try segments(directory).count > 4)
    let cut = isLast ? try segments(directory).last ?? 0 : 1
    let size = try Self.files.read(path(directory, cut)).count
    try Self.files.truncate(path(directory, cut), toBytes: min(left, size / 2))
    let metrics = MetricRegistry()
    let clock = StillClock(9_000)
    let store = try openStore(directory.path, options, clock: clock, metrics: metrics)
    #expect(store.headStart == .image)
    #expect(try Picture(store) == before)
    #expect(corruptions(metrics) == 1)
    // A checkpoint of what is left of the log would lose it for the start after next.
    try FullHead.fill(store, rounds: 700..<1_600)
    store.maintain()
    #expect(try Checkpoint.last(Self.files, directory.path + "/wal") != nil)
    let wanted = try store.answers(everything)
    let killed = try FullHead.killed(directory)
    try Self.files.remove(killed.path + "/apus_head")
    try Self.files.remove(killed.path + "/chunks_head")
    #expect(try openStore(killed.path, options).answers(everything) == wanted)
  }

  @Test func `a segment that is lost without an image is told of once`() throws {
    for segment in [0, 1, 2] {
      let (directory, _) = try written(isClosed: false)
      try Self.files.truncate(path(directory, segment), toBytes: 0)
      for wanted in [1.0, 0] {
        let metrics = MetricRegistry()
        let store = try openStore(directory.path, options, metrics: metrics)
        #expect(corruptions(metrics) == wanted)
        try store.close()
      }
    }
  }

  @Test func `the newest segment is missed where it is emptied or gone`() throws {
    for isRemoved in [false, true] {
      let (directory, before) = try written(isClosed: true)
      let store = try openStore(directory.path, options)
      try FullHead.fill(store, rounds: 700..<703)
      let killed = try FullHead.killed(directory)
      let last = try #require(try segments(killed).last)
      if isRemoved {
        try Self.files.remove(path(killed, last))
      } else {
        try Self.files.truncate(path(killed, last), toBytes: 0)
      }
      let metrics = MetricRegistry()
      let again = try openStore(killed.path, options, metrics: metrics)
      #expect(corruptions(metrics) == 1)
      #expect(again.headStart == .image)
      #expect(try Picture(again).answers == before.answers)
    }
  }

  @Test func `a damaged checkpoint ends a start without an image, with what to do`() throws {
    let directory = StoreDirectory()
    var options = options
    options.headImageIntervalMs = 0
    let store = try openStore(directory.path, options, clock: StillClock(9_000))
    try FullHead.fill(store, rounds: 0..<900)
    store.maintain()
    try store.close()
    let wal = directory.path + "/wal"
    let checkpoint = try #require(try Checkpoint.last(Self.files, wal)?.path)
    var bytes = try Self.files.read(checkpoint + "/00000000")
    bytes[30] ^= 1
    try Self.files.write(checkpoint + "/00000000", bytes)
    let error = #expect(throws: StorageError.self) { try openStore(directory.path, options) }
    #expect(error?.reason == .corrupt)
    #expect(
      error?.description.hasPrefix("corruption in segment \(checkpoint)/00000000 at 0: ") == true)
    #expect(
      error?.description.hasSuffix(
        ". Restore \(checkpoint), or move all of \(wal) aside and lose what was not in blocks yet")
        == true)
  }

  @Test func `a segment that was cut in front of the place of an image written in the background`()
    throws
  {
    let directory = StoreDirectory()
    let clock = StillClock(9_000)
    var options = options
    options.walSegmentBytes = 1 << 20
    let store = try openStore(directory.path, options, clock: clock)
    try FullHead.fill(store, rounds: 0..<100)
    clock.set(100_000)
    store.maintain()
    let before = try Picture(store)
    try FullHead.fill(store, rounds: 100..<102)
    for left in [0, 10_000] {
      let killed = try FullHead.killed(directory)
      try Self.files.truncate(path(killed, 0), toBytes: left)
      let metrics = MetricRegistry()
      let again = try openStore(killed.path, options, metrics: metrics)
      #expect(again.headStart == .image)
      #expect(corruptions(metrics) == 1)
      #expect(try Picture(again).answers == before.answers)
    }
  }

  @Test func `what a start, a kill, a stop and a checkpoint do to the log is no loss`() throws {
    let directory = StoreDirectory()
    let clock = StillClock(9_000)
    var round = 0
    for turn in 0..<12 {
      let metrics = MetricRegistry()
      let store = try openStore(directory.path, options, clock: clock, metrics: metrics)
      #expect(corruptions(metrics) == 0, "turn \(turn)")
      try FullHead.fill(store, rounds: round..<(round + 150))
      round += 150
      clock.set(9_000 + Int64(turn) * 1_000_000)
      if turn % 3 != 1 { store.maintain() }
      #expect(corruptions(metrics) == 0, "turn \(turn)")
      // Else it is killed.
      if turn % 2 == 0 { try store.close() }
      try? Self.files.remove(directory.path + "/lock")
    }
    #expect(try Checkpoint.last(Self.files, directory.path + "/wal") != nil)
  }
}
