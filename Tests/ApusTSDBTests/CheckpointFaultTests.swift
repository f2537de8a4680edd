import ApusModel
import ApusStorage
import ApusSystem
import ApusTelemetry
import ApusTesting
import Testing

@testable import ApusTSDB

/// Checkpoints of logs that went bad, and checkpoints that die.
struct CheckpointFaultTests {
  private static let files = PosixFileSystem()

  private var options: TSDBOptions {
    var options = FullHead.options
    options.walSegmentBytes = 32 << 10
    options.walCompression = .none
    return options
  }

  /// Enough series for many segments of the log.
  private func fill(_ store: TSDB, rounds: Range<Int>) throws {
    for round in rounds {
      try FullHead.fill(store, rounds: round..<(round + 1))
      var batch = AppendBatch()
      let refs = try store.resolve((0..<60).map { ["__name__": "bulk", "n": "\($0)"] })
      for (i, ref) in refs.enumerated() {
        batch.append(
          ref, timeMs: FullHead.start + Int64(round) * 15_000, value: Double(round * i))
      }
      #expect(try store.append(batch).rejections.isEmpty)
    }
  }

  private func flip(_ path: String, at place: Double = 0.5) throws {
    var bytes = try Self.files.read(path)
    bytes[Int(Double((bytes.lastIndex { $0 != 0 } ?? 0)) * place)] ^= 0x10
    try Self.files.write(path, bytes)
  }

  private func value(_ name: String, in registry: MetricRegistry) -> Double? {
    registry.snapshot().first { $0.name == name }?.points.first?.value
  }

  /// Goes on with a store whose log is damaged in front of its image until its head is cut, and
  /// starts again without an image.
  private func goOn(_ directory: StoreDirectory, at round: Int) throws {
    let metrics = MetricRegistry()
    // Blocks get names by time.
    let store = try openStore(
      directory.path, options, clock: StillClock(9_000), metrics: metrics)
    #expect(store.headStart == .image)
    try fill(store, rounds: round..<(round + 800))
    let before = try store.answers(everything)
    store.maintain()
    #expect(try store.answers(everything) == before)
    #expect(value("prometheus_tsdb_wal_truncations_failed_total", in: metrics) == 0)
    #expect(value("prometheus_tsdb_checkpoint_creations_failed_total", in: metrics) == 1)
    #expect(value("prometheus_tsdb_wal_corruptions_total", in: metrics) == 1)
    // What comes behind it names series that only the checkpoint knows.
    try fill(store, rounds: (round + 800)..<(round + 830))
    let wanted = try Picture(store)
    let killed = try FullHead.killed(directory)
    for name in ["apus_head", "lock"] {
      try Self.files.remove(FilePath.join(killed.path, name))
    }
    let again = try openStore(killed.path, options)
    var found = try Picture(again)
    #expect(!found.exemplars.isEmpty)
    // Those that are older than the head are shown until the process ends.
    found.exemplars = wanted.exemplars
    #expect(found == wanted)
    // And without chunks_head, which the log must be able to stand for.
    let bare = try FullHead.killed(directory)
    for name in ["apus_head", "chunks_head"] {
      try Self.files.remove(FilePath.join(bare.path, name))
    }
    #expect(try Picture(try openStore(bare.path, options)).answers == wanted.answers)
  }

  @Test(arguments: [0.1, 0.5, 0.9])
  func `a log that is damaged in front of an image is written anew from memory`(
    place: Double
  ) throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path, options)
    try fill(store, rounds: 0..<400)
    store.maintain()
    try FullHead.delete(store, 2, rounds: 30...60)
    try store.close()
    let segments = try WALSegments.list(Self.files, FilePath.join(directory.path, "wal"))
    #expect(segments.count > 3)
    try flip(WALSegments.path(FilePath.join(directory.path, "wal"), 1), at: place)
    try goOn(directory, at: 400)
  }

  @Test func `a checkpoint that is damaged in front of an image is written anew from memory`()
    throws
  {
    let directory = StoreDirectory()
    let store = try openStore(directory.path, options)
    try fill(store, rounds: 0..<900)
    store.maintain()
    try store.close()
    let wal = FilePath.join(directory.path, "wal")
    let checkpoint = try #require(try Checkpoint.last(Self.files, wal)?.path)
    try flip(WALSegments.path(checkpoint, 0))
    try goOn(directory, at: 900)
  }

  @Test func `a segment that is lost while the store runs is no loss`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path, options)
    try fill(store, rounds: 0..<900)
    try Self.files.remove(WALSegments.path(FilePath.join(directory.path, "wal"), 2))
    let before = try store.answers(everything)
    store.maintain()
    let killed = try FullHead.killed(directory)
    try Self.files.remove(FilePath.join(killed.path, "apus_head"))
    #expect(try openStore(killed.path, options).answers(everything) == before)
  }

  @Test func `whatever a checkpoint of memory dies in, the log holds all`() throws {
    func prepared() throws -> (FaultyFileSystem, TSDB, [Answer]) {
      let files = FaultyFileSystem(seed: 1)
      try files.makeDirectory("/data")
      var options = options
      options.headImageIntervalMs = 0
      let store = try openStore("/data", options, files: files)
      for round in 0..<800 {
        var batch = AppendBatch()
        let refs = try store.resolve((0..<40).map(FullHead.labels))
        for (i, ref) in refs.enumerated() {
          batch.append(
            ref, timeMs: FullHead.start + Int64(round) * 15_000, value: Double(round * i))
        }
        _ = try store.append(batch)
      }
      return (files, store, try store.answers(everything))
    }
    func spoil(_ files: FaultyFileSystem) throws {
      var bytes = try files.read("/data/wal/00000001")
      bytes[1000] ^= 1
      try files.write("/data/wal/00000001", bytes)
    }
    let (files, store, wanted) = try prepared()
    try spoil(files)
    let first = files.callCount
    store.maintain()
    let calls = files.callCount - first
    #expect(try files.list("/data/wal").contains { $0.hasPrefix("checkpoint") })
    // From where the first block is there on: without it, and without the damage, the start is an
    // ordinary one.
    for call in stride(from: calls - 40, to: calls, by: 1) {
      let (files, store, _) = try prepared()
      try spoil(files)
      files.set { $0.dieAfter = call }
      store.maintain()
      files.restart(losingPower: false)
      var options = options
      options.headImageIntervalMs = 0
      let again = try openStore("/data", options, files: files)
      let found = try again.answers(everything)
      // Until the new checkpoint is there, the damage costs what it costs every other start.
      if try Checkpoint.last(files, "/data/wal") != nil {
        #expect(found == wanted, "died in call \(call) of \(calls)")
      }
    }
  }

  @Test func `a checkpoint never takes away the one that is there`() throws {
    func prepared() throws -> FaultyFileSystem {
      let files = FaultyFileSystem(seed: 3)
      try files.makeDirectory("/wal")
      for i in 1...4 as ClosedRange<UInt64> {
        let writer = try WALWriter(files: files, directory: "/wal", options: WALOptions())
        var batch = WALBatch()
        batch.addSeries([SeriesRef(i)], [["__name__": "m\(i)"]])
        try writer.log(batch)
        try writer.close()
      }
      try files.syncDirectory("/")
      _ = try write(files)
      // An interrupted removal.
      try files.remove("/wal/00000000")
      try files.syncDirectory("/wal")
      return files
    }
    func write(_ files: FaultyFileSystem) throws -> CheckpointStats {
      try Checkpoint.write(
        through: 1, of: "/wal", files: files, options: WALOptions(),
        rules: CheckpointRules(minTimeMs: 0) { _ in true })
    }
    for call in 0..<20 {
      let files = try prepared()
      files.set { $0.dieAfter = call }
      _ = try? write(files)
      files.restart(losingPower: true)
      let last = try #require(try Checkpoint.last(files, "/wal"), "died in call \(call)")
      var reader = WALReader(
        files: files, directory: last.path,
        segments: try WALSegments.list(files, last.path))
      var names: [String] = []
      while try reader.next() {
        guard RecordType(of: reader.record) == .series else { continue }
        try SeriesRecords.decode(reader.record) { _, labels in
          names.append("\(Labels(encoded: [UInt8](copying: labels)))")
        }
      }
      #expect(names.count == 2, "died in call \(call)")
    }
  }
}
