import ApusModel
import ApusSystem
import ApusTSDB
import Testing

/// Every cut and every flipped bit, not a sample of them.
struct WALDamageTests {
  /// A segment and what it holds, in memory.
  private struct Log {
    let bytes: [UInt8]
    /// By `fingerprint`: comparing arrays of bytes would be most of the time.
    let records: [UInt64]
    /// Where each record ends.
    var ends: [Int] = []

    init(_ records: [[UInt8]], _ compression: WALCompression) throws {
      let files = MemoryFileSystem()
      try WALFixture.write(records, files, WALFixture.options(compression))
      var reader = WALReader(files: files, directory: WALFixture.directory, segments: [0])
      while try reader.next() { ends.append(reader.offset) }
      bytes = try files.read("/data/wal/00000000")
      self.records = records.map { fingerprint($0.span) }
    }

    /// How many records are whole in a file that was cut, where zeros stand for what is missing.
    func whole(cutAt cut: Int) -> Int {
      var count = ends.count { $0 <= cut }
      while count < ends.count, bytes[cut..<ends[count]].allSatisfy({ $0 == 0 }) { count += 1 }
      return count
    }

    func end(ofFirst count: Int) -> Int { count == 0 ? 0 : ends[count - 1] }
  }

  /// Reads a segment that holds the bytes of a slice, repairs it, and reads it once more.
  private func readAndRepair(_ bytes: ByteSlice) throws -> (
    records: [UInt64], corruption: WALCorruption?, repaired: [UInt64]
  ) {
    let files = OneFile(bytes)
    let (records, corruption) = try files.records()
    guard let corruption else { return (records, nil, records) }
    // What WALRepair does to the file.
    var page = bytes[0..<corruption.offset].array()
    page += [UInt8](repeating: 0, count: -page.count & (WALPage.bytes - 1))
    let (repaired, again) = try OneFile(ByteSlice(page)).records()
    #expect(again == nil)
    return (records, corruption, repaired)
  }

  @Test(arguments: [WALCompression.none, .snappy])
  func `a log cut at any offset of its last two pages keeps every whole record`(
    _ compression: WALCompression
  ) throws {
    // Records across the border of the pages, and one whose data end with zeros.
    var numbers = SeededNumbers(1)
    var records = [9000, 15_000, 20_000, 7, 700, 2000, 602, 0, 1, 4000, 9000, 11_000].map { size in
      (0..<size).map { _ in UInt8(truncatingIfNeeded: numbers.next()) }
    }
    for i in 2..<602 { records[6][i] = 0 }
    records[10] = [UInt8](repeating: 5, count: 9000)
    let log = try Log(records, compression)
    let all = ByteSlice(log.bytes)
    #expect(log.bytes.count == 2 * WALPage.bytes || log.bytes.count == 3 * WALPage.bytes)
    var wrong: [Int] = []
    for cut in (log.bytes.count - 2 * WALPage.bytes)...log.bytes.count {
      let whole = log.whole(cutAt: cut)
      let (read, corruption, repaired) = try readAndRepair(all[0..<cut])
      // A header cut behind its type reads as a record of nothing, as it does in Prometheus.
      let kept = read.count > whole && read[whole] == 0 ? Array(read.dropLast()) : read
      let isRight =
        kept == Array(log.records[..<whole]) && repaired == read
        && (corruption.map { $0.offset == log.end(ofFirst: read.count) } ?? true)
      if !isRight { wrong.append(cut) }
    }
    #expect(wrong == [])
  }

  @Test(arguments: WALCompression.allCases)
  func `a bit flipped anywhere in a small log is found, and what stands before it is kept`(
    _ compression: WALCompression
  ) throws {
    var records = WALFixture.records([0, 40, 1])
    records += [[UInt8](repeating: 3, count: 300), Array("some text some text some".utf8)]
    records += WALFixture.records([90, 17])
    let log = try Log(records, compression)
    let end = try #require(log.ends.last)
    var wrong: [(Int, Int)] = []
    var bytes = Array(log.bytes[..<end])
    for i in 0..<end {
      let intact = log.ends.count { $0 <= i }
      let isHead = i == log.end(ofFirst: intact)
      for bit in 0..<8 {
        bytes[i] ^= 1 << bit
        let (read, corruption, repaired) = try readAndRepair(ByteSlice(bytes))
        bytes[i] ^= 1 << bit
        // The bits that say how a record is compressed are under no checksum: where the bytes
        // are something in the other form, too, nobody can tell.
        let isHidden =
          isHead && (3...5).contains(bit) && corruption?.offset != log.end(ofFirst: intact)
        let isFound = corruption?.offset == log.end(ofFirst: intact) && read.count == intact
        let isKept = Array(read.prefix(intact)) == Array(log.records[..<intact])
        if !isKept || !(isFound || isHidden) || repaired != read { wrong.append((i, bit)) }
      }
    }
    #expect(wrong.isEmpty, "\(wrong.prefix(10))")
  }

  @Test func `a bit flipped anywhere in a whole page is found`() throws {
    let log = try Log(WALFixture.records([15_000, 8000]), .none)
    #expect(log.bytes.count == WALPage.bytes)
    let last = log.ends[1]
    var bytes = log.bytes
    var wrong: [(Int, Int)] = []
    for i in bytes.indices {
      let intact = log.ends.count { $0 <= i }
      for bit in 0..<8 {
        bytes[i] ^= 1 << bit
        let (read, corruption) = try OneFile(ByteSlice(bytes)).records()
        bytes[i] ^= 1 << bit
        // The upper bits of the first byte behind the records say nothing; the lowest makes a
        // record of nothing.
        let isSilent = i == last && (bit >= 3 || bit == 0)
        let isFound = corruption?.offset == log.end(ofFirst: intact)
        let count = read.last == 0 ? read.count - 1 : read.count
        if isFound == isSilent || count != intact { wrong.append((i, bit)) }
      }
    }
    #expect(wrong.isEmpty, "\(wrong.prefix(10))")
  }

  @Test func `repair cuts at the damage and fills the page`() throws {
    let log = try Log(WALFixture.records([20_000, 20_000, 20_000]), .none)
    for cut in [1, 6, 7, 20_006, 20_007, 20_010, 33_000, 50_000] {
      let files = MemoryFileSystem()
      try files.makeDirectory(WALFixture.directory)
      try files.write("/data/wal/00000000", Array(log.bytes[..<cut]))
      let (read, corruption) = try WALFixture.read(files)
      if let corruption { try WALRepair.repair(corruption, files: files) }
      #expect(try WALFixture.read(files).records == read)
      #expect(try WALFixture.read(files).corruption == nil)
      if corruption != nil {
        #expect(try files.read("/data/wal/00000000").count % WALPage.bytes == 0)
      }
    }
  }
}

/// Length and checksum of a record; 0 for one of nothing.
private func fingerprint(_ record: Span<UInt8>) -> UInt64 {
  UInt64(record.count) << 32 | UInt64(CRC32C.of(record))
}

/// A file system of one file, `00000000`, whose bytes are mapped without a copy.
private final class OneFile {
  private let files: Mapped

  init(_ bytes: ByteSlice) { files = Mapped(bytes) }

  func records() throws -> (records: [UInt64], corruption: WALCorruption?) {
    var reader = WALReader(files: files, directory: "", segments: [0])
    var records: [UInt64] = []
    do throws(WALError) {
      while try reader.next() { records.append(fingerprint(reader.record)) }
      return (records, nil)
    } catch {
      guard case .corruption(let corruption) = error else { throw error }
      return (records, corruption)
    }
  }

  private struct Mapped: FileSystem {
    let bytes: ByteSlice

    init(_ bytes: ByteSlice) { self.bytes = bytes }

    private var missing: PosixError { PosixError(call: "open", path: "", code: 2) }

    func read(_ path: String) throws(PosixError) -> [UInt8] { bytes.array() }
    func map(_ path: String) throws(PosixError) -> ByteSlice { bytes }
    func create(_ path: String, _ mode: AppendMode) throws(PosixError) -> any AppendFile {
      throw missing
    }
    func append(to path: String) throws(PosixError) -> any AppendFile { throw missing }
    func list(_ directory: String) throws(PosixError) -> [String] { ["00000000"] }
    func status(_ path: String) throws(PosixError) -> FileStatus? { nil }
    func makeDirectory(_ path: String) throws(PosixError) {}
    func remove(_ path: String) throws(PosixError) { throw missing }
    func rename(_ path: String, to target: String) throws(PosixError) { throw missing }
    func link(_ path: String, to target: String) throws(PosixError) { throw missing }
    func truncate(_ path: String, toBytes sizeBytes: Int) throws(PosixError) { throw missing }
    func sync(_ path: String) throws(PosixError) {}
    func syncDirectory(_ path: String) throws(PosixError) {}
    func lock(_ directory: String) throws(PosixError) -> DirectoryLock { throw missing }
    func freeBytes(_ path: String) throws(PosixError) -> Int { 0 }
    func volumeBytes(_ path: String) throws(PosixError) -> Int { 0 }
  }
}
