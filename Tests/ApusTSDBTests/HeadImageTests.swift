import ApusModel
import ApusStorage
import ApusSystem
import ApusTSDB
import Synchronization
import Testing

struct HeadImageTests {
  @Test func `all that a head holds comes back from its image`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path, FullHead.options)
    try FullHead.fill(store, rounds: 0..<300)
    try FullHead.delete(store, 2, rounds: 10...40)
    try store.close()
    let before = try Picture(store)
    #expect(before.exemplars.count == 3)
    #expect(before.histograms.joined().count == 300)
    let files = try PosixFileSystem().list(FilePath.join(directory.path, "apus_head"))
    #expect(files.contains("image") && !files.contains("image.tmp"))
    #expect(try FullHead.compare(directory, to: before, goOnAt: 300) == .image)
  }

  @Test func `chunks on disk, dropped series and used refs come back as well`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path, FullHead.options)
    // Seven hours: blocks are cut, series 5 ends early, is dropped and comes back under a new ref.
    try FullHead.fill(store, rounds: 0..<1000)
    store.maintain()
    #expect(try PosixFileSystem().list(directory.path).contains { ULID($0) != nil })
    try FullHead.fill(store, rounds: 1000..<1100)
    try store.append(FullHead.labels(5), FullHead.start + 1100 * 15_000, 5)
    store.maintain()
    try FullHead.fill(store, rounds: 1101..<1300)
    try FullHead.delete(store, 3, rounds: 900...1200)
    let before = try Picture(store)
    try store.close()
    #expect(try FullHead.compare(directory, to: before, goOnAt: 1300) == .image)
  }

  @Test func `at the end there is no image of little: it is replayed as soon`() throws {
    let directory = StoreDirectory()
    var options = FullHead.options
    options.headImageLogBytesMin = 1 << 20
    let store = try openStore(directory.path, options)
    try FullHead.fill(store, rounds: 0..<3)
    try store.close()
    #expect(!PosixFileSystem().exists(FilePath.join(directory.path, "apus_head/image")))
  }

  @Test func `after a long replay there is an image at once, and the stop writes none`() throws {
    let directory = StoreDirectory()
    let files = PosixFileSystem()
    let path = FilePath.join(directory.path, "apus_head/image")
    let crashed = try openStore(directory.path, FullHead.withoutImage)
    try FullHead.fill(crashed, rounds: 0..<100)
    let before = try Picture(crashed)
    try crashed.close()
    var options = FullHead.options
    options.headImageLogBytesMin = .max
    options.headImageReplayBytesMin = .max
    let busy = try openStore(directory.path, options)
    busy.saveImageAfterReplay()
    #expect(!files.exists(path))
    try busy.close()
    options.headImageReplayBytesMin = 1
    let second = try openStore(directory.path, options)
    #expect(second.headStart != .image)
    second.saveImageAfterReplay()
    #expect(files.exists(path))
    try second.close()
    let third = try openStore(directory.path, options)
    #expect(third.headStart == .image)
    #expect(try Picture(third) == before)
    try files.remove(path)
    // Nothing was logged since.
    third.saveImageAfterReplay()
    #expect(!files.exists(path))
    try third.close()
  }

  @Test func `metadata is known again`() throws {
    let directory = StoreDirectory()
    let metadata = MetricMetadata(kind: .gauge, unit: "m", help: "a length")
    func append(_ store: TSDB) throws {
      var batch = AppendBatch()
      batch.metadata.append((try store.resolve([["__name__": "a"]])[0], metadata))
      _ = try store.append(batch)
    }
    for round in 0..<3 {
      let store = try openStore(directory.path, FullHead.options)
      #expect(store.headStart == .image || round == 0)
      try append(store)
      try store.close()
    }
    let wal = FilePath.join(directory.path, "wal")
    var reader = WALReader(
      files: PosixFileSystem(), directory: wal,
      segments: try WALSegments.list(PosixFileSystem(), wal))
    var count = 0
    while try reader.next() { count += RecordType(of: reader.record) == .metadata ? 1 : 0 }
    #expect(count == 1)
  }

  @Test func `an image written in the background and the log behind it make the head`() throws {
    let directory = StoreDirectory()
    let clock = StillClock(0)
    let store = try openStore(directory.path, FullHead.options, clock: clock)
    try FullHead.fill(store, rounds: 0..<200)
    clock.set(300_000)
    store.maintain()
    try FullHead.fill(store, rounds: 200..<421)
    try FullHead.delete(store, 1, rounds: 150...250)
    let killed = try FullHead.killed(directory)
    #expect(try FullHead.compare(killed, to: try Picture(store), goOnAt: 421) == .image)
  }

  /// appender  | fill ........................ fill (in each write) .......... kill
  /// image     |        copies the columns | write | write | ... | rename
  @Test func `appends go on while an image is written, and are not in it`() throws {
    let directory = StoreDirectory()
    let clock = StillClock(0)
    let shared = Mutex<(store: TSDB?, round: Int, isBusy: Bool)>((nil, 60, false))
    let files = WrappedFiles { operation, path throws(PosixError) in
      guard operation == "append", path.hasSuffix("/image.tmp") else { return }
      let (store, round) = shared.withLock { s -> (TSDB?, Int) in
        guard !s.isBusy, s.round < 240 else { return (nil, 0) }
        s.round += 20
        return (s.store, s.round - 20)
      }
      guard let store else { return }
      #expect(throws: Never.self) { try FullHead.fill(store, rounds: round..<(round + 20)) }
    }
    let store = try openStore(directory.path, FullHead.options, clock: clock, files: files)
    try FullHead.fill(store, rounds: 0..<60)
    shared.withLock { $0.store = store }
    clock.set(300_000)
    store.maintain()
    let round = shared.withLock { s in
      s.store = nil
      return s.round
    }
    #expect(round > 100)
    let killed = try FullHead.killed(directory)
    #expect(try FullHead.compare(killed, to: try Picture(store), goOnAt: round) == .image)
  }

  @Test func `process after process may be killed and begin with the same image`() throws {
    var directory = StoreDirectory()
    let store = try openStore(directory.path, FullHead.options)
    try FullHead.fill(store, rounds: 0..<100)
    try store.close()
    for step in 0..<4 {
      let next = try openStore(directory.path, FullHead.options)
      #expect(next.headStart == .image)
      let round = 100 + step * 50
      try FullHead.fill(next, rounds: round..<(round + 50))
      directory = try FullHead.killed(directory)
      // Too short to write an image of its own.
      #expect(try Picture(openStore(directory.path, FullHead.withoutImage)) == Picture(next))
    }
    #expect(try FullHead.compare(directory, goOnAt: 300) == .image)
  }

  @Test func `images are not written more often than it pays`() throws {
    let directory = StoreDirectory()
    let clock = StillClock(0)
    let count = Mutex(0)
    let files = WrappedFiles { operation, path throws(PosixError) in
      if operation == "rename", path.hasSuffix("/image.tmp") { count.withLock { $0 += 1 } }
    }
    let store = try openStore(directory.path, FullHead.options, clock: clock, files: files)
    func maintain(atMs timeMs: Int64) -> Int {
      clock.set(timeMs)
      store.maintain()
      return count.withLock { $0 }
    }
    try FullHead.fill(store, rounds: 0..<100)
    #expect(maintain(atMs: 60_000) == 1)
    try FullHead.fill(store, rounds: 100..<200)
    #expect(maintain(atMs: 120_000) == 1)
    #expect(maintain(atMs: 360_000) == 2)
    // Nothing was logged since.
    #expect(maintain(atMs: 660_000) == 2)
    try FullHead.fill(store, rounds: 200..<201)
    #expect(maintain(atMs: 960_000) == 2)
    #expect(maintain(atMs: 360_000 + 6 * 300_000) == 3)
    try store.close()
    #expect(count.withLock { $0 } == 4)
    let other = try openStore(directory.path, FullHead.withoutImage, files: files)
    other.maintain()
    try other.close()
    #expect(count.withLock { $0 } == 4)
  }
}
