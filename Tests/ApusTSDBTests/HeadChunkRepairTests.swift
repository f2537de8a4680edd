import ApusModel
import ApusStorage
import ApusSystem
import Testing

@testable import ApusTSDB

/// Whatever becomes of chunks_head, the log holds it: the answers stay the same.
struct HeadChunkRepairTests {
  private static let files = PosixFileSystem()
  private static let labels: Labels = ["__name__": "a"]

  /// A store in RAM with a few chunk files, as a killed process leaves it.
  private func killed(
    fileCount: Int, perFile: Int
  ) throws -> (files: MemoryFileSystem, answers: [Answer]) {
    let files = MemoryFileSystem()
    try files.makeDirectory("/data")
    var options = TSDBOptions()
    options.headImageIntervalMs = 0
    options.locksDirectory = false
    var store: TSDB?
    for i in 0..<(fileCount * perFile) {
      // Each process begins a file of its own.
      if i % perFile == 0 { store = try openStore("/data", options, files: files) }
      for series in ["a", "b"] {
        try store?.append(["__name__": "\(series)"], Int64(i) * 15_000, Double(i % 11) * 0.1)
      }
      if i % 130 == 129 { store?.maintain() }
    }
    return (files, try store?.answers(everything) ?? [])
  }

  private func check(
    _ files: MemoryFileSystem, _ wanted: [Answer], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    var options = TSDBOptions()
    options.headImageIntervalMs = 0
    options.locksDirectory = false
    let segments = try WALSegments.list(files, "/data/wal")
    let store = try openStore("/data", options, files: files)
    #expect(try store.answers(everything) == wanted, sourceLocation: sourceLocation)
    let next = (wanted.first?.times.last ?? 0) + 15_000
    #expect(try store.append(Self.labels, next, 1) == nil, sourceLocation: sourceLocation)
    store.maintain()
    #expect(
      try store.answers([.equal("__name__", "a")])[0].times.last == next,
      sourceLocation: sourceLocation)
    for new in try WALSegments.list(files, "/data/wal") where !segments.contains(new) {
      try files.remove(WALSegments.path("/data/wal", new))
    }
  }

  @Test func `the last file cut at any byte costs no sample`() throws {
    let (files, wanted) = try killed(fileCount: 1, perFile: 400)
    let path = "/data/chunks_head/000001"
    let bytes = try files.read(path)
    #expect(bytes.count > 600)
    for cut in 0...bytes.count {
      try files.write(path, Array(bytes[..<cut]))
      try check(files, wanted)
      for name in try files.list("/data/chunks_head") {
        try files.remove("/data/chunks_head/" + name)
      }
    }
  }

  @Test func `the tail of the last file zeroed from any byte costs no sample`() throws {
    let (files, wanted) = try killed(fileCount: 1, perFile: 400)
    let path = "/data/chunks_head/000001"
    let bytes = try files.read(path)
    for cut in stride(from: 0, through: bytes.count, by: 3) {
      let zeros = [UInt8](repeating: 0, count: bytes.count - cut + 64)
      try files.write(path, Array(bytes[..<cut]) + zeros)
      try check(files, wanted)
      for name in try files.list("/data/chunks_head") {
        try files.remove("/data/chunks_head/" + name)
      }
    }
  }

  @Test func `a damaged file in the middle costs no sample, wherever it is damaged`() throws {
    let (files, wanted) = try killed(fileCount: 3, perFile: 130)
    let names = try files.list("/data/chunks_head")
    #expect(names == ["000001", "000002", "000003"])
    let all = try names.map { try files.read("/data/chunks_head/" + $0) }
    for at in stride(from: 0, to: all[1].count, by: 5) {
      for (name, bytes) in zip(names, all) { try files.write("/data/chunks_head/" + name, bytes) }
      var bytes = all[1]
      bytes[at] ^= 0x20
      try files.write("/data/chunks_head/000002", bytes)
      try check(files, wanted)
      #expect(try files.list("/data/chunks_head").contains("000001"))
      for name in try files.list("/data/chunks_head") {
        try files.remove("/data/chunks_head/" + name)
      }
    }
  }

  @Test func `a hole in a file costs no sample`() throws {
    let (files, wanted) = try killed(fileCount: 3, perFile: 260)
    let names = try files.list("/data/chunks_head")
    let all = try names.map { try files.read("/data/chunks_head/" + $0) }
    for (place, whole) in all.enumerated() {
      // A page that never came to the disk: it begins anywhere in the entries.
      for start in stride(from: 8, to: whole.count - 40, by: 61) {
        for name in try files.list("/data/chunks_head") {
          try files.remove("/data/chunks_head/" + name)
        }
        for (name, bytes) in zip(names, all) {
          try files.write("/data/chunks_head/" + name, bytes)
        }
        var bytes = whole
        for i in start..<min(start + 400, bytes.count) { bytes[i] = 0 }
        try files.write("/data/chunks_head/" + names[place], bytes)
        try check(files, wanted)
      }
      // A file that ends with a whole entry, but not with its last one.
      var ends: [Int] = []
      var at = HeadChunkFormat.headerBytes
      while let entry = try HeadChunkFormat.decode(ByteSlice(whole), number: 1, at: at) {
        ends.append(at)
        at = entry.end
      }
      #expect(ends.count > 1)
      for end in ends {
        for isCut in [false, true] {
          for (name, bytes) in zip(names, all) {
            try files.write("/data/chunks_head/" + name, bytes)
          }
          let zeros = isCut ? [] : [UInt8](repeating: 0, count: whole.count - end)
          try files.write("/data/chunks_head/" + names[place], whole[..<end] + zeros)
          try check(files, wanted)
          for name in try files.list("/data/chunks_head") {
            try files.remove("/data/chunks_head/" + name)
          }
        }
      }
    }
  }

  @Test func `a bit flipped anywhere gives no wrong chunk`() throws {
    let files = MemoryFileSystem()
    let writer = try HeadChunkFiles(files: files, directory: "/c")
    _ = try writer.scan { _ in }
    for i in 1...3 as ClosedRange<Int64> {
      var chunk = XORChunk(capacityBytes: 64)
      for k in 0..<5 as Range<Int64> { chunk.append(timeMs: i * 1000 + k, value: Double(k)) }
      _ = try writer.write(
        series: SeriesRef(UInt64(i)), range: TimeRange(i * 1000, i * 1000 + 4), encoding: .xor,
        isOutOfOrder: i == 2, bytes: chunk.span)
    }
    try writer.close()
    let whole = try files.read("/c/000001")
    func found() throws -> (chunks: [String], damage: HeadChunkError?) {
      let reader = try HeadChunkFiles(files: files, directory: "/c")
      var chunks: [String] = []
      let damage = try reader.scan { chunk in
        chunks.append(
          "\(chunk.series.number) \(chunk.range) \(chunk.isOutOfOrder) \(chunk.bytes.array())")
      }
      return (chunks, damage)
    }
    let right = try found().chunks
    #expect(right.count == 3)
    var wrong: [Int] = []
    for bit in 0..<(whole.count * 8) {
      var bytes = whole
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
      try files.write("/c/000001", bytes)
      let (chunks, damage) = try found()
      // The three bytes behind the version say nothing.
      let isSilent = (5..<8).contains(bit / 8)
      let isRight = isSilent ? chunks == right : chunks.isEmpty && damage != nil
      let isNamed = isSilent || "\(damage.map { "\($0)" } ?? "")".contains("/c/000001")
      if !isRight || !isNamed { wrong.append(bit) }
    }
    #expect(wrong == [])
  }

  @Test func `missing and misnamed files cost no sample`() throws {
    let (files, wanted) = try killed(fileCount: 4, perFile: 130)
    let names = try files.list("/data/chunks_head")
    let all = try names.map { try files.read("/data/chunks_head/" + $0) }
    let cases: [(missing: Int, added: String?)] = [
      (0, nil), (0, "000000.bak"), (1, nil), (2, "000009"), (3, "000001.tmp"),
    ]
    for (missing, added) in cases {
      for name in try files.list("/data/chunks_head") {
        try files.remove("/data/chunks_head/" + name)
      }
      for (i, name) in names.enumerated() where i != missing {
        try files.write("/data/chunks_head/" + name, all[i])
      }
      if let added { try files.write("/data/chunks_head/" + added, all[missing]) }
      try check(files, wanted)
    }
    // Two files with each other's names: chunks of a series are not in order of time any more.
    for name in try files.list("/data/chunks_head") {
      try files.remove("/data/chunks_head/" + name)
    }
    for (i, name) in names.enumerated() {
      try files.write("/data/chunks_head/" + name, all[[1, 0, 2, 3][i]])
    }
    try check(files, wanted)
  }
}
