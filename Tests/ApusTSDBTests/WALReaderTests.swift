import ApusSystem
import ApusTSDB
import Testing

struct WALReaderTests {
  /// One segment of about two pages, and where its records end.
  private func segment() throws -> (bytes: [UInt8], records: [[UInt8]], ends: [Int]) {
    let files = MemoryFileSystem()
    let records = WALFixture.records([20, 300, 32_000, 500, 30_000, 40, 1])
    try WALFixture.write(records, files, WALFixture.options(.none))
    var reader = WALReader(files: files, directory: WALFixture.directory, segments: [0])
    var ends: [Int] = []
    while try reader.next() { ends.append(reader.offset) }
    return (try files.read("/data/wal/00000000"), records, ends)
  }

  private func read(_ bytes: [UInt8]) throws -> (records: [[UInt8]], corruption: WALCorruption?) {
    let files = MemoryFileSystem()
    try files.makeDirectory(WALFixture.directory)
    try files.write("/data/wal/00000000", bytes)
    return try WALFixture.read(files)
  }

  @Test func `a log whose tail was zeroed at any offset keeps every whole record`() throws {
    let (bytes, records, ends) = try segment()
    var wrong: [Int] = []
    for cut in stride(from: 0, through: ends.last ?? 0, by: 509) {
      var torn = bytes
      for i in cut..<torn.count { torn[i] = 0 }
      let whole = ends.count { $0 <= cut }
      let (read, _) = try read(torn)
      // A header cut behind its type reads as a record of nothing, as it does in Prometheus.
      let kept = read.last?.isEmpty == true ? Array(read.dropLast()) : read
      if kept != Array(records[..<whole]) { wrong.append(cut) }
    }
    #expect(wrong == [])
  }

  @Test func `a flipped bit is found wherever it is`() throws {
    let (bytes, records, ends) = try segment()
    var unseen: [(Int, Int)] = []
    let borders = Set(([0, WALPage.bytes] + ends).flatMap { ($0 - 2)...($0 + 9) })
    for i in 0..<ends[ends.count - 1] where borders.contains(i) || i % 4999 == 0 {
      for bit in 0..<8 {
        var changed = bytes
        changed[i] ^= 1 << bit
        let (read, corruption) = try read(changed)
        let intact = ends.count { $0 <= i }
        if corruption == nil || read.count < intact || read.count > records.count - 1
          || Array(read.prefix(intact)) != Array(records[..<intact])
        {
          unseen.append((i, bit))
        }
      }
    }
    #expect(unseen.isEmpty, "\(unseen.prefix(10))")
  }

  @Test func `damage is told in Prometheus's words`() throws {
    var (bytes, _, ends) = try segment()
    bytes[ends[0] + 10] ^= 1
    let corruption = try read(bytes).corruption
    #expect(corruption?.segment == 0)
    #expect(corruption?.offset == ends[0])
    let text = corruption.map { "\($0)" } ?? ""
    #expect(
      text.hasPrefix("corruption in segment /data/wal/00000000 at 27: unexpected checksum "))
  }

  @Test func `fragments out of order are damage`() throws {
    func fragment(_ type: UInt8, _ data: [UInt8]) -> [UInt8] {
      let crc = CRC32C.of(data.span)
      return [type, 0, UInt8(data.count)]
        + (0..<4).map { UInt8(truncatingIfNeeded: crc >> (24 - 8 * $0)) }
        + data
    }
    for types: [UInt8] in [
      [3], [4], [2, 1], [2, 2], [2, 0], [2], [5], [1, 0x21], [2, 0x0C], [0x18],
    ] {
      let bytes = types.flatMap { $0 == 0 ? [0] : fragment($0, [1, 2]) }
      #expect(try read(bytes).corruption != nil, "\(types)")
    }
    #expect(try read(fragment(2, []) + fragment(3, [1]) + fragment(4, [2])).records == [[1, 2]])
    #expect(try read(fragment(1, []) + fragment(1, [9])).records == [[], [9]])
  }

  @Test func `pages of zeros between records are passed over`() throws {
    let (bytes, records, _) = try segment()
    let page = [UInt8](repeating: 0, count: WALPage.bytes)
    let (read, corruption) = try read(bytes + page + page + bytes)
    #expect(read == records + records)
    #expect(corruption == nil)
    var dirty = bytes + page + bytes
    dirty[bytes.count + 100] = 1
    #expect(try self.read(dirty).corruption?.reason == "unexpected non-zero byte in padded page")
  }

  @Test func `a compressed record that does not expand is damage`() throws {
    let data: [UInt8] = [200, 1, 2, 3]
    let crc = CRC32C.of(data.span)
    for flag: UInt8 in [0x08, 0x10] {
      let head = [1 | flag, 0, 4] + (0..<4).map { UInt8(truncatingIfNeeded: crc >> (24 - 8 * $0)) }
      #expect(try read(head + data).corruption != nil)
    }
  }
}
