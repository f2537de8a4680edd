import ApusModel
import ApusSystem
import ApusTSDB
import Testing

struct HeadChunkFilesTests {
  private let directory = "/data/chunks_head"

  private func payload(_ i: Int) -> [UInt8] {
    (0..<(11 + i % 200)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ i) }
  }

  @discardableResult
  private func write(_ chunks: HeadChunkFiles, _ range: Range<Int>) throws -> [HeadChunkRef] {
    try range.map { i in
      try chunks.write(
        series: SeriesRef(UInt64(i)), range: TimeRange(Int64(i) * 10, Int64(i) * 10 + 9),
        encoding: .xor, isOutOfOrder: i % 5 == 0, bytes: payload(i).span)
    }
  }

  private func open(
    _ files: any FileSystem, fileBytesMax: Int = 4096
  ) throws -> (HeadChunkFiles, [HeadChunk], HeadChunkError?) {
    let chunks = try HeadChunkFiles(
      files: files, directory: directory, fileBytesMax: fileBytesMax)
    var found: [HeadChunk] = []
    let damage = try chunks.scan { found.append($0) }
    return (chunks, found, damage)
  }

  @Test func `chunks are read by their reference, at once and after a restart`() throws {
    let files = MemoryFileSystem()
    let (chunks, none, _) = try open(files)
    #expect(none.isEmpty)
    let refs = try write(chunks, 0..<100)
    #expect(chunks.fileNumbers.count > 1)
    func check(_ chunks: HeadChunkFiles) throws {
      for (i, ref) in refs.enumerated() {
        let chunk = try chunks.read(ref)
        #expect(chunk.bytes.array() == payload(i))
        #expect(chunk.series == SeriesRef(UInt64(i)))
        #expect(chunk.range == TimeRange(Int64(i) * 10, Int64(i) * 10 + 9))
        #expect(chunk.isOutOfOrder == (i % 5 == 0))
        #expect(chunk.encoding == .xor)
      }
    }
    try check(chunks)
    try chunks.sync()
    try chunks.close()
    let (again, found, damage) = try open(files)
    #expect(damage == nil)
    #expect(found.map(\.ref) == refs)
    #expect(found.map { $0.bytes.array() } == (0..<100).map(payload))
    try check(again)
    let next = try #require(try write(again, 100..<101).first)
    #expect(next.file == refs[99].file + 1)
  }

  @Test func `the real file system gives the same, with zeros behind after a kill`() throws {
    let place = TestDirectory()
    defer { place.remove() }
    let files = PosixFileSystem()
    let path = place.path + "/chunks_head"
    let chunks = try HeadChunkFiles(files: files, directory: path)
    #expect(try chunks.scan { _ in } == nil)
    let refs = try write(chunks, 0..<20)
    #expect(try chunks.read(refs[7]).bytes.array() == payload(7))
    let more = try write(chunks, 20..<9000)
    #expect(try chunks.read(more[8979]).bytes.array() == payload(8999))
    #expect(try (files.status(path + "/000001")?.sizeBytes ?? 0) % (64 << 10) == 0)
    let again = try HeadChunkFiles(files: files, directory: path)
    var count = 0
    #expect(try again.scan { _ in count += 1 } == nil)
    #expect(count == 9000)
    let size = more[8979].offset + 34 - 4 + payload(8999).count + 2
    try chunks.close()
    #expect(abs((try files.status(path + "/000001")?.sizeBytes ?? 0) - size) < 5)
  }

  @Test func `the bytes are Prometheus's`() throws {
    let files = MemoryFileSystem()
    let (chunks, _, _) = try open(files)
    _ = try chunks.write(
      series: SeriesRef(1), range: TimeRange(2, 3), encoding: .xor, isOutOfOrder: true,
      bytes: [9, 8].span)
    let bytes = try files.read(directory + "/000001")
    #expect(Array(bytes[..<8]) == [0x01, 0x30, 0xBC, 0x91, 1, 0, 0, 0])
    let entry: [UInt8] =
      [0, 0, 0, 0, 0, 0, 0, 1] + [0, 0, 0, 0, 0, 0, 0, 2] + [0, 0, 0, 0, 0, 0, 0, 3]
      + [0x81, 2, 9, 8]
    #expect(Array(bytes[8..<36]) == entry)
    let crc = CRC32C.of(entry.span)
    #expect(bytes[36...].reduce(0) { $0 << 8 | UInt32($1) } == crc)
  }

  @Test func `a damaged file and those behind it are dropped and told`() throws {
    let files = MemoryFileSystem()
    let (chunks, _, _) = try open(files)
    let refs = try write(chunks, 0..<100)
    try chunks.close()
    let count = chunks.fileNumbers.count
    var bytes = try files.read(directory + "/000002")
    bytes[100] ^= 1
    try files.write(directory + "/000002", bytes)
    let (again, found, damage) = try open(files)
    #expect(count > 2)
    #expect(again.fileNumbers == [1])
    #expect(found.map(\.ref).filter { $0.file == 1 } == refs.filter { $0.file == 1 })
    let text = damage.map { "\($0)" } ?? ""
    #expect(text.hasPrefix("corruption in head chunk file /data/chunks_head/000002 at 8: checks"))
    #expect(try files.list(directory) == ["000001"])
    let next = try #require(try write(again, 5..<6).first)
    #expect(next.file == 2)
  }

  @Test func `a file cut anywhere is dropped or ends at a whole chunk`() throws {
    let files = MemoryFileSystem()
    let (chunks, _, _) = try open(files)
    try write(chunks, 0..<3)
    try chunks.close()
    let bytes = try files.read(directory + "/000001")
    for cut in 0..<bytes.count {
      try files.write(directory + "/000001", Array(bytes[..<cut]))
      let (again, found, damage) = try open(files)
      #expect(found.count <= 3)
      if damage != nil || cut < 8 { #expect(again.fileNumbers == []) }
    }
  }

  @Test func `a last file in which nothing was written is removed`() throws {
    for blank: [UInt8] in [[], [1, 2], [UInt8](repeating: 0, count: 4096)] {
      let files = MemoryFileSystem()
      try files.makeDirectory(directory)
      try files.write(directory + "/000001", blank)
      let (_, found, damage) = try open(files)
      #expect(found.isEmpty && damage == nil)
      #expect(try files.list(directory) == [])
    }
  }

  @Test func `a gap in the numbers drops what is behind it`() throws {
    let files = MemoryFileSystem()
    let (chunks, _, _) = try open(files)
    try write(chunks, 0..<100)
    try chunks.close()
    try files.remove(directory + "/000002")
    let (again, _, damage) = try open(files)
    #expect(again.fileNumbers == [1])
    #expect("\(damage.map { "\($0)" } ?? "")".hasSuffix("found unsequential head chunk files"))
  }

  @Test func `truncation removes the oldest files whose chunks have all ended`() throws {
    let files = MemoryFileSystem()
    let (chunks, _, _) = try open(files)
    let refs = try write(chunks, 0..<100)
    let second = try #require(refs.first { $0.file == 2 })
    let third = try #require(refs.firstIndex { $0.file == 3 })
    // All of file 1 has ended, file 2 has not.
    try chunks.truncate(endedBeforeMs: Int64(third) * 10 - 1)
    #expect(chunks.fileNumbers.first == 2)
    #expect(throws: HeadChunkError.missing(refs[0])) { try chunks.read(refs[0]) }
    #expect(try chunks.read(second).ref == second)
    // The file that was written is ended, so a later truncation takes all.
    try write(chunks, 100..<101)
    try chunks.truncate(endedBeforeMs: 1_000_000)
    try chunks.truncate(endedBeforeMs: 1_000_000)
    #expect(chunks.fileNumbers == [])
    #expect(try files.list(directory) == [])
  }
}
