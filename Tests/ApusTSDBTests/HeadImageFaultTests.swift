import ApusModel
import ApusStorage
import ApusSystem
import ApusTSDB
import Synchronization
import Testing

/// Whatever becomes of an image, the answers are the same.
struct HeadImageFaultTests {
  private static let files = PosixFileSystem()

  private func reason(_ start: HeadStart) -> String {
    if case .log(let reason) = start { reason } else { "" }
  }

  private func image(_ directory: StoreDirectory) -> String {
    FilePath.join(directory.path, "apus_head/image")
  }

  /// A store in RAM with a small image, and what it answers.
  private func small() throws -> (MemoryFileSystem, [Answer]) {
    let files = MemoryFileSystem()
    try files.makeDirectory("/data")
    let store = try openStore("/data", FullHead.options, files: files)
    for i in 0..<3 {
      try store.append(["__name__": "a"], Int64(i) * 15_000, Double(i))
      try store.append(["__name__": "b"], Int64(i) * 15_000, 1)
    }
    try store.close()
    return (files, try store.answers(everything))
  }

  private func check(
    _ files: MemoryFileSystem, _ bytes: [UInt8], _ wanted: [Answer]
  ) throws -> HeadStart {
    try files.write("/data/apus_head/image", bytes)
    var options = TSDBOptions()
    options.headImageLogBytesMin = 0
    options.locksDirectory = false
    let store = try openStore("/data", options, files: files)
    #expect(try store.answers(everything) == wanted)
    // The segment that the store began.
    try files.remove("/data/wal/00000001")
    return store.headStart
  }

  @Test func `an image with any one bit flipped is not taken`() throws {
    let (files, wanted) = try small()
    let bytes = try files.read("/data/apus_head/image")
    #expect(try check(files, bytes, wanted) == .image)
    for bit in 0..<(bytes.count * 8) {
      var damaged = bytes
      damaged[bit / 8] ^= 1 << UInt8(bit % 8)
      let reason = reason(try check(files, damaged, wanted))
      guard !reason.isEmpty else {
        Issue.record("bit \(bit) of \(bytes.count) bytes was not noticed")
        return
      }
    }
  }

  @Test func `an image cut anywhere is not taken`() throws {
    let (files, wanted) = try small()
    let bytes = try files.read("/data/apus_head/image")
    for count in 0..<bytes.count {
      let reason = reason(try check(files, Array(bytes[..<count]), wanted))
      guard !reason.isEmpty else {
        Issue.record("a cut after \(count) of \(bytes.count) bytes was not noticed")
        return
      }
    }
    #expect(!reason(try check(files, bytes + [0], wanted)).isEmpty)
  }

  @Test func `an image of a newer version or of another build is not taken`() throws {
    let (files, wanted) = try small()
    let bytes = try files.read("/data/apus_head/image")
    func changed(_ offset: Int) -> [UInt8] {
      var other = bytes
      other[offset] += 1
      let head = Array(other[..<20])
      let crc = CRC32C.of(head.span)
      for i in 0..<4 { other[20 + i] = UInt8(truncatingIfNeeded: crc >> UInt32(24 - 8 * i)) }
      return other
    }
    #expect(reason(try check(files, changed(11), wanted)).contains("of version 3"))
    #expect(reason(try check(files, changed(15), wanted)).contains("another build"))
  }

  @Test func `an image of another directory is not taken`() throws {
    let (files, wanted) = try small()
    let other = MemoryFileSystem()
    try other.makeDirectory("/data")
    let store = try openStore("/data", FullHead.options, files: other)
    for i in 0..<3 { try store.append(["__name__": "z"], Int64(i) * 15_000, Double(i)) }
    try store.close()
    let bytes = try other.read("/data/apus_head/image")
    #expect(
      reason(try check(files, bytes, wanted)) == "WAL segment 00000000 is another one than when "
        + "it was written")
  }

  /// Every operation on the image's directory fails in turn, and all that come after it.
  @Test(arguments: [false, true])
  func `an image may stop being written at any step`(isAtEnd: Bool) throws {
    var step = 0
    while true {
      let directory = StoreDirectory()
      let clock = StillClock(0)
      let left = Mutex(Int.max)
      let files = WrappedFiles { _, path throws(PosixError) in
        guard path.contains("apus_head"), !path.hasSuffix("segments") else { return }
        let isOver = left.withLock { left in
          left -= 1
          return left < 0
        }
        if isOver { throw PosixError(call: "write", path: path, code: 28) }
      }
      let store = try openStore(directory.path, FullHead.options, clock: clock, files: files)
      try FullHead.fill(store, rounds: 0..<30)
      clock.set(60_000)
      store.maintain()
      try FullHead.fill(store, rounds: 30..<60)
      left.withLock { $0 = step }
      clock.set(10_000_000)
      if isAtEnd { try store.close() } else { store.maintain() }
      let wasEnough = left.withLock { $0 } >= 0
      let killed = try FullHead.killed(directory)
      #expect(try FullHead.compare(killed, to: try Picture(store), goOnAt: 60) == .image)
      if wasEnough { break }
      step += 1
    }
    // Make the directory, create, header, sections, end, sync, close, rename, sync the directory.
    #expect(step > 15)
  }

  @Test func `an image stands for nothing when another program went on with the log`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path, FullHead.options)
    try FullHead.fill(store, rounds: 0..<50)
    try store.close()
    let writer = try WALWriter(
      files: Self.files, directory: FilePath.join(directory.path, "wal"), options: WALOptions())
    var batch = WALBatch()
    let late: Labels = ["__name__": "foreign"]
    batch.addSeries([SeriesRef(1_000)], [late])
    var samples = SampleColumns()
    samples.append(SeriesRef(1_000), timeMs: FullHead.start + 60 * 15_000, value: 7)
    batch.addSamples(samples)
    try writer.log(batch)
    try writer.close()
    let again = try openStore(directory.path, FullHead.options)
    #expect(reason(again.headStart).contains("was not written by Apus"))
    #expect(try again.answers([.equal("__name__", "foreign")])[0].times.count == 1)
  }

  @Test func `an image that was not taken once never is`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path, FullHead.options)
    try FullHead.fill(store, rounds: 0..<400)
    store.maintain()
    try store.close()
    let chunks = FilePath.join(directory.path, "chunks_head")
    try Self.files.rename(chunks, to: chunks + "-aside")
    _ = try openStore(directory.path, FullHead.options)
    try Self.files.remove(chunks)
    try Self.files.rename(chunks + "-aside", to: chunks)
    try Self.files.remove(FilePath.join(directory.path, "lock"))
    let again = try openStore(directory.path, FullHead.options)
    #expect(reason(again.headStart) == "there is no head image")
  }

  @Test func `an older image and a newer block, checkpoint and head make no difference`() throws {
    for round in [10, 400, 790] {
      let directory = StoreDirectory()
      let clock = StillClock(0)
      let isBroken = Mutex(false)
      let files = WrappedFiles { operation, path throws(PosixError) in
        if path.hasSuffix("/image.tmp"), isBroken.withLock({ $0 }) {
          throw PosixError(call: "write", path: path, code: 28)
        }
      }
      let store = try openStore(directory.path, FullHead.options, clock: clock, files: files)
      try FullHead.fill(store, rounds: 0..<round)
      clock.set(60_000)
      store.maintain()
      isBroken.withLock { $0 = true }
      try FullHead.fill(store, rounds: round..<1000)
      store.maintain()
      store.maintain()
      try FullHead.fill(store, rounds: 1000..<1010)
      let killed = try FullHead.killed(directory)
      let start = try FullHead.compare(killed, to: try Picture(store), goOnAt: 1010)
      #expect(start == .image || reason(start).contains("WAL segment"))
    }
  }

  @Test func `an image is not taken where a checkpoint has eaten the log behind it`() throws {
    let directory = StoreDirectory()
    var options = FullHead.options
    options.walSegmentBytes = 32 << 10
    options.walCompression = .none
    let store = try openStore(directory.path, options)
    try FullHead.fill(store, rounds: 0..<20)
    store.maintain()
    let old = try Self.files.read(image(directory))
    try FullHead.fill(store, rounds: 20..<1200)
    store.maintain()
    let before = try Picture(store)
    try store.close()
    try Self.files.write(image(directory), old)
    let again = try openStore(directory.path, options)
    #expect(reason(again.headStart).contains("checkpoint"))
    // The log still has a series that the head had dropped.
    #expect(try Picture(again).answers == before.answers)
  }

  @Test func `an image is not taken where its chunk files are not what they were`() throws {
    let directory = StoreDirectory()
    let store = try openStore(directory.path, FullHead.options)
    try FullHead.fill(store, rounds: 0..<400)
    store.maintain()
    try store.close()
    let before = try Picture(store)
    let bytes = try Self.files.read(FilePath.join(directory.path, "chunks_head/000001"))
    var flipped = bytes
    flipped[300] ^= 4
    // Another file with the same number, whole in itself.
    let stranger = MemoryFileSystem()
    let chunks = try HeadChunkFiles(files: stranger, directory: "/c")
    _ = try chunks.scan { _ in }
    for i in 0..<100 {
      _ = try chunks.write(
        series: SeriesRef(1), range: TimeRange(Int64(i), Int64(i)), encoding: .xor,
        bytes: [UInt8](repeating: 0, count: 200).span)
    }
    try chunks.close()
    let cases: [(String, [UInt8]?)] = [
      ("checksum", flipped), ("000001", Array(bytes.dropLast(5))),
      ("000001", Array(bytes[..<8])), ("000001", []), ("no such file", nil),
      ("000001", try stranger.read("/c/000001")),
    ]
    for (expected, content) in cases {
      let copy = try FullHead.killed(directory)
      let path = FilePath.join(copy.path, "chunks_head/000001")
      try Self.files.remove(path)
      if let content { try Self.files.write(path, content) }
      let again = try openStore(copy.path, FullHead.options)
      #expect(reason(again.headStart).contains(expected))
      #expect(try Picture(again) == before)
    }
  }

  @Test func `chunks that came behind an image are made anew from the log`() throws {
    let directory = StoreDirectory()
    let clock = StillClock(0)
    let store = try openStore(directory.path, FullHead.options, clock: clock)
    try FullHead.fill(store, rounds: 0..<200)
    clock.set(60_000)
    store.maintain()
    try FullHead.fill(store, rounds: 200..<420)
    store.maintain()
    let killed = try FullHead.killed(directory)
    // A torn write at the end of it.
    let path = FilePath.join(killed.path, "chunks_head/000001")
    var bytes = try Self.files.read(path)
    let end = try #require(bytes.lastIndex { $0 != 0 })
    bytes[end] ^= 1
    try Self.files.write(path, bytes)
    #expect(try FullHead.compare(killed, to: try Picture(store), goOnAt: 420) == .image)
  }

  @Test func `a log torn behind the image loses only what was torn`() throws {
    let directory = StoreDirectory()
    var options = FullHead.options
    options.walCompression = .none
    let store = try openStore(directory.path, options)
    for i in 0..<20 { try store.append(["__name__": "a"], Int64(i) * 15_000, Double(i)) }
    store.maintain()
    for i in 20..<40 { try store.append(["__name__": "a"], Int64(i) * 15_000, Double(i)) }
    let left = try FullHead.killed(directory)
    let segment = FilePath.join(left.path, "wal/00000000")
    let whole = try Self.files.read(segment)
    let end = (whole.lastIndex { $0 != 0 } ?? 0) + 8
    for cut in stride(from: end, to: end - 120, by: -7) {
      let torn = try FullHead.killed(left)
      try Self.files.write(
        FilePath.join(torn.path, "wal/00000000"), Array(whole[..<cut]))
      #expect(try FullHead.compare(torn, goOnAt: 0) == .image)
    }
  }
}
