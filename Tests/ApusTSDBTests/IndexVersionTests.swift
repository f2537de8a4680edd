import ApusModel
import ApusStorage
import ApusSystem
import ApusTSDB
import ApusTelemetry
import Testing

/// Indices that Apus does not write, but reads.
@Suite struct IndexVersionTests {
  let files = MemoryFileSystem()

  /// A block whose index is of version 1, and one of the same series as it is written now.
  func pair() throws -> (old: Block, new: Block) {
    let meta = try #require(
      try TestBlock.write(BlockWriterTests.series, dataDirectory: "/data", files: files))
    let new = try Block(directory: "/data/\(meta.ulid)", files: files)
    let bytes = try IndexV1.encode(new)
    let directory = "/old/\(meta.ulid)"
    try files.makeDirectory(directory + "/chunks")
    for name in ["meta.json", "tombstones", "chunks/000001"] {
      try files.write("\(directory)/\(name)", try files.read("/data/\(meta.ulid)/\(name)"))
    }
    try files.write(directory + "/index", bytes)
    return (try Block(directory: directory, files: files), new)
  }

  @Test func `version 1 answers as version 2 does`() throws {
    let (old, new) = try pair()
    #expect(old.index.version == 1 && new.index.version == 2)
    let selections: [[LabelMatcher]] = [
      [], [.equal("__name__", "up")], [.equal("instance", "host-7")],
      [try LabelMatcher(.regex, "instance", "host-1.*"), .equal("__name__", "down")],
      [try LabelMatcher(.notRegex, "extra", "e+")], [.equal("extra", "")],
      [.equal("nothing", "here")],
    ]
    for matchers in selections {
      let a = old.querier(in: .all)
      let b = new.querier(in: .all)
      #expect(try a.dumped(matchers) == b.dumped(matchers))
      #expect(
        try a.labelNames(matching: matchers, limit: 0)
          == b.labelNames(matching: matchers, limit: 0))
      for name in ["__name__", "instance", "extra"] {
        #expect(
          try a.labelValues(of: name, matching: matchers, limit: 0)
            == b.labelValues(of: name, matching: matchers, limit: 0))
      }
    }
    #expect(try old.querier(in: .all).dumped().count > 1000)
  }

  @Test func `a block of version 1 is deleted from and compacted`() throws {
    let (old, new) = try pair()
    for block in [old, new] {
      try block.delete(in: .all, matching: [.equal("__name__", "down")])
    }
    #expect(try old.querier(in: .all).dumped() == new.querier(in: .all).dumped())
    let compactor = BlockCompactor(
      dataDirectory: "/merged", files: files, clock: StillClock(5), random: SeededRandom(3),
      log: .none, metrics: MetricRegistry())
    try files.makeDirectory("/merged")
    let meta = try #require(try compactor.compact([old]))
    let merged = try Block(directory: "/merged/\(meta.ulid)", files: files)
    #expect(merged.index.version == 2)
    #expect(try merged.querier(in: .all).dumped() == new.querier(in: .all).dumped())
  }

  @Test func `version 3 is read as version 2, as Prometheus reads it, and a later one is refused`()
    throws
  {
    let (_, new) = try pair()
    let lines = try new.querier(in: .all).dumped()
    let path = new.directory + "/index"
    var bytes = try files.read(path)
    bytes[4] = 3
    try files.write(path, bytes)
    let block = try Block(directory: new.directory, files: files)
    #expect(block.index.version == 3)
    #expect(try block.querier(in: .all).dumped() == lines)
    for version in [0, 4, 255] as [UInt8] {
      bytes[4] = version
      try files.write(path, bytes)
      do {
        _ = try Block(directory: new.directory, files: files)
        Issue.record("version \(version) was taken")
      } catch {
        #expect(error.description.contains("unknown index file version \(version)"))
        #expect(error.description.contains(path))
      }
    }
  }

  @Test func `changed bits of version 1 are errors or change nothing`() throws {
    let (old, _) = try pair()
    let path = old.directory + "/index"
    let bytes = try files.read(path)
    let lines = try old.querier(in: .all).dumped()
    let random = SeededRandom(4)
    var wrong: [Int] = []
    for _ in 0..<400 {
      var changed = bytes
      let bit = random.below(bytes.count * 8)
      changed[bit / 8] ^= 1 << UInt8(bit % 8)
      try files.write(path, changed)
      do {
        let block = try Block(directory: old.directory, files: files)
        if try block.querier(in: .all).dumped() != lines { wrong.append(bit) }
      } catch {
        if !(error is StorageError) { wrong.append(bit) }
      }
    }
    #expect(wrong == [])
  }
}
