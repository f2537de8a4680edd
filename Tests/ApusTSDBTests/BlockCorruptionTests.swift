import ApusModel
import ApusStorage
import ApusSystem
import ApusTSDB
import Testing

/// Every bit of every file of a small block, flipped, and every file cut at every byte: the answer
/// is an error or the right one, and nothing crashes.
@Suite struct BlockCorruptionTests {
  static let series: [TestBlock.Series] = [
    (["__name__": "up", "job": "a"], [(1_000, 1), (2_000, 2), (3_000, 0.1)]),
    (["__name__": "up", "job": "b"], [(1_000, 5), (2_500, 6)]),
  ]

  struct Prepared {
    let files = MemoryFileSystem()
    let directory: String
    let lines: [String]

    init() throws {
      let meta = try #require(
        try TestBlock.write(
          BlockCorruptionTests.series, dataDirectory: "/data", files: files, perChunk: 2))
      directory = "/data/\(meta.ulid)"
      let block = try Block(directory: directory, files: files)
      try block.delete(in: TimeRange(2_400, 9_000), matching: [.equal("job", "b")])
      lines = try Self.answers(directory, files)
    }

    /// All that can be asked of the block.
    static func answers(_ directory: String, _ files: MemoryFileSystem) throws -> [String] {
      let block = try Block(directory: directory, files: files)
      let querier = block.querier(in: .all)
      var lines = try querier.dumped()
      lines += try querier.dumped([.equal("job", "b")])
      lines += try querier.dumped([try LabelMatcher(.regex, "job", "a|c")])
      lines += try querier.dumped([try LabelMatcher(.notEqual, "job", "a")])
      lines += try querier.labelNames(matching: [], limit: 0)
      lines += try querier.labelNames(matching: [.equal("job", "a")], limit: 0)
      lines += try querier.labelValues(of: "job", matching: [], limit: 0)
      lines += try querier.labelValues(
        of: "job", matching: [.equal("__name__", "up")], limit: 0)
      return lines
    }

    /// The error; nil if the answers were right.
    func outcome() -> (isRight: Bool, error: (any Error)?) {
      do {
        return (try Self.answers(directory, files) == lines, nil)
      } catch {
        return (false, error)
      }
    }
  }

  @Test(arguments: ["index", "chunks/000001", "tombstones", "meta.json"])
  func `a flipped bit is an error or changes nothing`(name: String) throws {
    let prepared = try Prepared()
    let path = "\(prepared.directory)/\(name)"
    let bytes = try prepared.files.read(path)
    var wrong: [String] = []
    var errors = 0
    for offset in bytes.indices {
      for bit in 0..<8 {
        var changed = bytes
        changed[offset] ^= 1 << UInt8(bit)
        try prepared.files.write(path, changed)
        let outcome = prepared.outcome()
        if outcome.error != nil { errors += 1 }
        if outcome.error == nil, !outcome.isRight { wrong.append("\(offset).\(bit)") }
        if let error = outcome.error, !(error is StorageError) { wrong.append("\(error)") }
      }
    }
    #expect(wrong == [])
    #expect(errors > bytes.count * (name == "meta.json" ? 2 : 5))
  }

  @Test(arguments: ["index", "chunks/000001", "tombstones", "meta.json"])
  func `a cut file is an error`(name: String) throws {
    let prepared = try Prepared()
    let path = "\(prepared.directory)/\(name)"
    let bytes = try prepared.files.read(path)
    var wrong: [Int] = []
    for length in bytes.indices {
      try prepared.files.write(path, Array(bytes[..<length]))
      let outcome = prepared.outcome()
      if !(outcome.error is StorageError) { wrong.append(length) }
    }
    #expect(wrong == [])
  }

  @Test func `random bytes never crash a reader`() throws {
    let prepared = try Prepared()
    let random = SeededRandom(7)
    for name in ["index", "chunks/000001", "tombstones", "meta.json"] {
      let path = "\(prepared.directory)/\(name)"
      let bytes = try prepared.files.read(path)
      for _ in 0..<400 {
        var changed = bytes
        for _ in 0..<(random.below(6) + 1) {
          changed[random.below(bytes.count)] = UInt8(random.below(256))
        }
        try prepared.files.write(path, changed)
        _ = prepared.outcome()
      }
      try prepared.files.write(path, bytes)
    }
    #expect(prepared.outcome().isRight)
  }

  @Test func `wrong bytes under right checksums never crash a reader`() throws {
    let prepared = try Prepared()
    let path = "\(prepared.directory)/index"
    let bytes = try prepared.files.read(path)
    let random = SeededRandom(8)
    var errors = 0
    for _ in 0..<3000 {
      var changed = bytes
      for _ in 0..<(random.below(3) + 1) {
        changed[5 + random.below(bytes.count - 57)] = UInt8(random.below(256))
      }
      IndexRepair.recompute(&changed)
      try prepared.files.write(path, changed)
      if prepared.outcome().error != nil { errors += 1 }
    }
    #expect(errors > 500)
  }

  @Test func `an error says which file and what to do`() throws {
    let prepared = try Prepared()
    let path = "\(prepared.directory)/index"
    var bytes = try prepared.files.read(path)
    bytes[0] = 0
    try prepared.files.write(path, bytes)
    let error = prepared.outcome().error as? StorageError
    #expect(error?.reason == .corrupt)
    #expect(
      error?.description == "index \(path): invalid magic number aad700. Restore the block, "
        + "or move its directory aside.")
  }

  @Test func `an unknown version is an error`() throws {
    let prepared = try Prepared()
    let path = "\(prepared.directory)/index"
    var bytes = try prepared.files.read(path)
    bytes[4] = 4
    try prepared.files.write(path, bytes)
    let error = prepared.outcome().error as? StorageError
    #expect(error?.description.contains("unknown index file version 4") ?? false)
    bytes[4] = 3
    try prepared.files.write(path, bytes)
    #expect(prepared.outcome().isRight, "version 3 is read as version 2")
  }
}

/// Makes the checksums of an index right again after its bytes were changed.
enum IndexRepair {
  static func recompute(_ file: inout [UInt8]) {
    let end = file.count - 52
    var contents: [Int] = []
    var reader = ByteReader(file.span, at: end)
    for _ in 0..<6 { contents.append(Int((try? reader.be64()) ?? 0)) }
    for start in [contents[0], contents[5]] { section(&file, start) }
    var at = contents[1]
    while at < contents[2] {
      at = (at + 15) / 16 * 16
      guard at < contents[2] else { break }
      let length = Int(file[at])
      guard length < 128, at + 1 + length + 4 <= file.count else { break }
      put(&file, CRC32C.of(file.span.extracting((at + 1)..<(at + 1 + length))), at + 1 + length)
      at += 1 + length + 4
    }
    at = (contents[4] + 3) / 4 * 4
    while at + 8 < contents[5] {
      section(&file, at)
      at += 8 + be32(file, at)
    }
  }

  private static func section(_ file: inout [UInt8], _ start: Int) {
    let length = be32(file, start)
    guard start + 8 + length <= file.count else { return }
    put(
      &file, CRC32C.of(file.span.extracting((start + 4)..<(start + 4 + length))),
      start + 4 + length)
  }

  private static func be32(_ file: [UInt8], _ at: Int) -> Int {
    file[at..<at + 4].reduce(0) { $0 << 8 | Int($1) }
  }

  private static func put(_ file: inout [UInt8], _ value: UInt32, _ at: Int) {
    for place in 0..<4 {
      file[at + place] = UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * place))
    }
  }
}
