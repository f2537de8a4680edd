import ApusSystem
import ApusTSDB
import Testing

/// What the tests of the log share.
enum WALFixture {
  static let directory = "/data/wal"

  static func options(_ compression: WALCompression, segmentPages: Int = 4) -> WALOptions {
    var options = WALOptions()
    options.segmentBytes = segmentPages * WALPage.bytes
    options.stepBytesMax = WALPage.bytes
    options.compression = compression
    return options
  }

  /// Records of the given sizes, each of other bytes that do not compress.
  static func records(_ sizes: [Int]) -> [[UInt8]] {
    sizes.enumerated().map { i, size in
      (0..<size).map { j in
        UInt8(truncatingIfNeeded: (UInt64(i * 1_000_003 + j) &* 0x9E37_79B9_7F4A_7C15) >> 40)
      }
    }
  }

  static func add(_ record: [UInt8], to batch: inout WALBatch) { batch.add(record.span) }

  /// Writes each record in a batch of its own.
  static func write(
    _ records: [[UInt8]], _ files: any FileSystem, _ options: WALOptions,
    directory: String = directory
  ) throws {
    let writer = try WALWriter(files: files, directory: directory, options: options)
    var batch = WALBatch()
    for record in records {
      batch.removeAll()
      WALFixture.add(record, to: &batch)
      try writer.log(batch)
    }
    try writer.close()
  }

  /// All records that can be read, and the damage behind them.
  static func read(
    _ files: any FileSystem, directory: String = directory
  ) throws -> (records: [[UInt8]], corruption: WALCorruption?) {
    var reader = WALReader(
      files: files, directory: directory, segments: try WALSegments.list(files, directory))
    var records: [[UInt8]] = []
    do throws(WALError) {
      while try reader.next() { records.append([UInt8](copying: reader.record)) }
      return (records, nil)
    } catch {
      guard case .corruption(let corruption) = error else { throw error }
      return (records, corruption)
    }
  }
}

struct WALWriterTests {
  @Test(arguments: WALCompression.allCases)
  func `records come back in their order`(_ compression: WALCompression) throws {
    let files = MemoryFileSystem()
    var records = WALFixture.records([0, 1, 100, 5000, 32_761, 32_762, 70_000, 20_000, 3])
    records.append([UInt8](repeating: 7, count: 200_000))
    try WALFixture.write(records, files, WALFixture.options(compression))
    let (read, corruption) = try WALFixture.read(files)
    #expect(read == records)
    #expect(corruption == nil)
  }

  @Test func `the first bytes are a header and the data`() throws {
    let files = MemoryFileSystem()
    try WALFixture.write([Array("hello".utf8)], files, WALFixture.options(.none))
    let bytes = try files.read("/data/wal/00000000")
    let crc = CRC32C.of(Array("hello".utf8).span)
    #expect(bytes.count == WALPage.bytes)
    #expect(Array(bytes[..<3]) == [1, 0, 5])
    #expect(bytes[3..<7].reduce(0) { $0 << 8 | UInt32($1) } == crc)
    #expect(Array(bytes[7..<12]) == Array("hello".utf8))
    #expect(bytes[12...].allSatisfy { $0 == 0 })
  }

  @Test(arguments: Array((WALPage.bytes - 30)...(WALPage.bytes - 7)))
  func `the end of a page is filled as the format says`(_ used: Int) throws {
    // The first record leaves 0...23 bytes of the page.
    let files = MemoryFileSystem()
    let records = WALFixture.records([used - 7, 50])
    try WALFixture.write(records, files, WALFixture.options(.none))
    let bytes = try files.read("/data/wal/00000000")
    let left = WALPage.bytes - used
    if left < 7 {
      #expect(bytes[used..<WALPage.bytes].allSatisfy { $0 == 0 })
      #expect(bytes[WALPage.bytes] == 1)
    } else {
      // With exactly seven bytes left the first fragment holds nothing.
      #expect(bytes[used] == 2)
      #expect(Int(bytes[used + 1]) << 8 | Int(bytes[used + 2]) == left - 7)
      #expect(bytes[WALPage.bytes] == 4)
    }
    #expect(try WALFixture.read(files).records == records)
  }

  @Test func `a record lies in one segment`() throws {
    let files = MemoryFileSystem()
    // Three records of 1.5 pages: two fill a segment of four pages, nearly.
    let records = WALFixture.records([49_152, 49_152, 49_152, 10])
    try WALFixture.write(records, files, WALFixture.options(.none))
    #expect(try WALSegments.list(files, WALFixture.directory) == [0, 1])
    for segment in [0, 1] {
      var reader = WALReader(
        files: files, directory: WALFixture.directory, segments: [segment])
      var count = 0
      while try reader.next() { count += 1 }
      #expect(count == 2)
      #expect(
        try files.read(WALSegments.path(WALFixture.directory, segment)).count % WALPage.bytes == 0)
    }
  }

  @Test func `a record that no segment can hold gets one that is larger`() throws {
    let files = MemoryFileSystem()
    let records = WALFixture.records([10, 300_000, 10])
    try WALFixture.write(records, files, WALFixture.options(.none))
    #expect(try WALFixture.read(files).records == records)
    #expect(try files.read("/data/wal/00000001").count > 300_000)
  }

  @Test func `opening never continues an old segment`() throws {
    let files = MemoryFileSystem()
    for i in 0..<3 {
      try WALFixture.write(WALFixture.records([10 + i]), files, WALFixture.options(.snappy))
    }
    #expect(try WALSegments.list(files, WALFixture.directory) == [0, 1, 2])
    #expect(try WALFixture.read(files).records.map(\.count) == [10, 11, 12])
  }

  @Test func `a batch is one append and what it holds stands in order`() throws {
    let files = MemoryFileSystem()
    let options = WALFixture.options(.none)
    let writer = try WALWriter(
      files: files, directory: WALFixture.directory, options: options)
    let records = WALFixture.records([5, 40_000, 0, 7])
    var batch = WALBatch()
    for record in records { WALFixture.add(record, to: &batch) }
    let count = batch.recordCount
    #expect(count == 4)
    try writer.log(batch)
    #expect(try WALFixture.read(files).records == records)
    #expect(try writer.cutSegment() == 1)
    try writer.log(batch)
    try writer.sync()
    try writer.close()
    try writer.close()
    #expect(throws: WALError.closed) { try writer.log(batch) }
    #expect(try WALFixture.read(files).records == records + records)
  }

  @Test func `what is logged is in the file before it is closed, behind it zeros`() throws {
    let directory = TestDirectory()
    defer { directory.remove() }
    let files = PosixFileSystem()
    var options = WALOptions()
    options.compression = .none
    let writer = try WALWriter(files: files, directory: directory.path, options: options)
    let records = WALFixture.records([10, 100_000, 20])
    var batch = WALBatch()
    for record in records { WALFixture.add(record, to: &batch) }
    try writer.log(batch)
    // As a process that was killed leaves it: allocated up to the step, and readable.
    #expect(try files.status(directory.path + "/00000000")?.sizeBytes == 128 << 10)
    #expect(try WALFixture.read(files, directory: directory.path).records == records)
    try writer.cutSegment()
    try writer.log(batch)
    try writer.close()
    #expect(try files.status(directory.path + "/00000000")?.sizeBytes == 4 * WALPage.bytes)
    #expect(try WALFixture.read(files, directory: directory.path).records == records + records)
  }

  @Test func `a full disk is an error, and the log goes on when there is room again`() throws {
    let files = MemoryFileSystem()
    let writer = try WALWriter(
      files: files, directory: WALFixture.directory, options: WALFixture.options(.none))
    let records = WALFixture.records([1000, 2000, 3000])
    var batch = WALBatch()
    WALFixture.add(records[0], to: &batch)
    try writer.log(batch)
    files.limit(toBytes: 2000)
    batch.removeAll()
    WALFixture.add(records[1], to: &batch)
    var isFull = false
    do throws(WALError) { try writer.log(batch) } catch {
      if case .io(let why) = error { isFull = why.isNoSpace }
    }
    #expect(isFull)
    files.limit(toBytes: .max)
    batch.removeAll()
    WALFixture.add(records[2], to: &batch)
    try writer.log(batch)
    try writer.close()
    #expect(try WALFixture.read(files).records == [records[0], records[2]])
  }

  @Test func `a missing segment is named`() throws {
    let files = MemoryFileSystem()
    for _ in 0..<3 { try WALFixture.write([[1]], files, WALFixture.options(.none)) }
    try files.write("/data/wal/notes.txt", [1])
    try WALSegments.remove(below: 1, files, WALFixture.directory)
    #expect(try WALSegments.list(files, WALFixture.directory) == [1, 2])
    try files.rename("/data/wal/00000002", to: "/data/wal/00000004")
    #expect(throws: WALError.segmentMissing(lost: 2, next: 4, directory: WALFixture.directory)) {
      try WALSegments.list(files, WALFixture.directory)
    }
  }
}
