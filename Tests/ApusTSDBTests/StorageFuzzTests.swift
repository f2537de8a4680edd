import ApusModel
import ApusStorage
import ApusSystem
import ApusTSDB
import Glibc
import Testing

/// Files and chunks with bytes changed, cut, doubled and moved: whatever comes out, readers answer
/// or throw, and never crash. `APUS_FUZZ_RUNS` says how many tries each reader gets, and
/// `APUS_FUZZ_SEED` where they begin.
@Suite struct StorageFuzzTests {
  private static let runs = number("APUS_FUZZ_RUNS") ?? 1_500
  private static let seed = UInt64(number("APUS_FUZZ_SEED") ?? 1)

  private static func number(_ name: String) -> Int? {
    guard let text = unsafe getenv(name) else { return nil }
    return Int(unsafe String(cString: text))
  }

  /// Changes bytes in one of the ways in which they go wrong, or several.
  static func mutate(_ bytes: inout [UInt8], _ random: SeededRandom) {
    for _ in 0..<(1 + random.below(4)) {
      guard !bytes.isEmpty else { return bytes.append(UInt8(random.below(256))) }
      let at = random.below(bytes.count)
      switch random.below(8) {
      case 0, 1, 2: bytes[at] ^= 1 << UInt8(random.below(8))
      case 3: bytes[at] = UInt8(random.below(256))
      case 4: bytes[at] = [0, 0x7F, 0x80, 0xFF][random.below(4)]
      case 5: bytes.removeLast(random.below(min(bytes.count, 16)))
      case 6:
        let end = min(bytes.count, at + 1 + random.below(12))
        bytes.insert(contentsOf: bytes[at..<end], at: random.below(bytes.count))
      default:
        let end = min(bytes.count, at + 1 + random.below(12))
        for place in at..<end { bytes[place] = random.below(2) == 0 ? 0 : 0xFF }
      }
    }
  }

  // MARK: Chunks

  static let encodings: [ChunkEncoding] = [
    .xor, .histogram, .floatHistogram, .xor2, .histogramST, .floatHistogramST,
  ]

  private static func histogram(_ step: Int) -> FloatHistogram {
    var h = FloatHistogram()
    h.schema = step % 40 < 35 ? 3 : FloatHistogram.customBoundsSchema
    if h.schema < 0 { h.customBounds = [0.1, 1, 33_554.431] }
    h.positiveSpans = [.init(offset: 0, length: 2), .init(offset: 3, length: 1)]
    h.positiveBuckets = [Double(step), Double(step / 2), Double(step * step)]
    h.negativeSpans = [.init(offset: -1, length: 1)]
    h.negativeBuckets = [Double(step / 3)]
    h.count = h.positiveBuckets.reduce(0, +) + h.negativeBuckets[0]
    h.sum = Double(step) * 1.5
    return h
  }

  /// Good chunks of an encoding, from which the bad ones are made.
  static func chunks(_ encoding: ChunkEncoding, _ random: SeededRandom) -> [[UInt8]] {
    (0..<12).map { kind in
      let count = [1, 2, 3, 30, 130][kind % 5]
      switch encoding {
      case .xor2: return XOR2Text.encode(XOR2ChunkTests.samples(kind % 8, count, random))
      case .histogram, .histogramST:
        var chunk = HistogramChunk()
        for step in 0..<count { _ = chunk.append(timeMs: Int64(step * 99), histogram(step)) }
        return [UInt8](copying: chunk.span)
      case .floatHistogram, .floatHistogramST:
        var chunk = FloatHistogramChunk()
        for step in 0..<count { _ = chunk.append(timeMs: Int64(step * 99), histogram(step)) }
        return [UInt8](copying: chunk.span)
      default:
        var chunk = XORChunk()
        for (time, value) in DenseXOREncoderTests.samples(kind % 6, count, random) {
          chunk.append(timeMs: time, value: value)
        }
        return [UInt8](copying: chunk.span)
      }
    }
  }

  @Test(arguments: StorageFuzzTests.encodings)
  func `chunks of any bytes are read or refused`(encoding: ChunkEncoding) {
    let random = SeededRandom(Self.seed &* 7919 &+ UInt64(encoding.rawValue))
    let good = Self.chunks(encoding, random)
    var batch = SampleBatch()
    var wrong: [[UInt8]] = []
    for run in 0..<Self.runs {
      var bytes = good[run % good.count]
      Self.mutate(&bytes, random)
      batch.removeAll()
      batch.times = [1]
      batch.values = [1]
      batch.histogramTimes = [1]
      batch.histograms = [FloatHistogram()]
      let count = ChunkDecoder.sampleCount(encoding, bytes.span)
      let isRead: Bool
      do throws(ChunkError) {
        try ChunkDecoder.decode(encoding, bytes.span, into: &batch)
        isRead = true
      } catch {
        isRead = false
      }
      if !Self.isSound(batch, encoding, isRead ? count : 0) { wrong.append(bytes) }
    }
    #expect(wrong == [])
  }

  /// Whether columns are parallel, and as long as they should be behind the first sample.
  private static func isSound(
    _ batch: SampleBatch, _ encoding: ChunkEncoding, _ added: Int
  ) -> Bool {
    let floats = encoding.isHistogram ? 0 : added
    let histograms = encoding.isHistogram ? added : 0
    return batch.times.count == 1 + floats && batch.values.count == batch.times.count
      && batch.histogramTimes.count == 1 + histograms
      && batch.histograms.count == batch.histogramTimes.count
      && (batch.startTimes.isEmpty || batch.startTimes.count == batch.times.count)
      && batch.histograms.allSatisfy { h in
        h.positiveBuckets.count == h.positiveSpans.reduce(0) { $0 + Int($1.length) }
          && h.negativeBuckets.count == h.negativeSpans.reduce(0) { $0 + Int($1.length) }
      }
  }

  /// What was once found, kept for good: each file of testdata/tsdb/fuzz is a chunk, with the
  /// number of its encoding before the first dash of its name.
  @Test func `chunks that were once found are refused or read`() throws {
    let directory = BlockFixtures.root + "/testdata/tsdb/fuzz"
    let files = PosixFileSystem()
    for name in files.exists(directory) ? try files.list(directory) : [] {
      guard let number = name.split(separator: "-").first.flatMap({ UInt8($0) }),
        let encoding = ChunkEncoding(rawValue: number)
      else { continue }
      let bytes = try files.read(directory + "/" + name)
      var batch = SampleBatch()
      let isRead = (try? ChunkDecoder.decode(encoding, bytes.span, into: &batch)) != nil
      #expect(isRead || batch.isEmpty, "\(name)")
    }
  }

  // MARK: Files of a block

  @Test(arguments: ["index", "index v1", "chunks/000001", "tombstones", "meta.json"])
  func `blocks with a file of any bytes are read or refused`(name: String) throws {
    let prepared = try BlockCorruptionTests.Prepared()
    let file = name == "index v1" ? "index" : name
    let path = "\(prepared.directory)/\(file)"
    if name == "index v1" {
      let block = try Block(directory: prepared.directory, files: prepared.files)
      try prepared.files.write(path, try IndexV1.encode(block))
      // Tombstones name series by ids of the other version.
      try prepared.files.remove("\(prepared.directory)/tombstones")
    }
    let good = try prepared.files.read(path)
    let random = SeededRandom(Self.seed &* 104_729 &+ UInt64(name.utf8.count))
    var wrong: [String] = []
    for run in 0..<(Self.runs / 2) {
      var bytes = good
      Self.mutate(&bytes, random)
      // Half of the time behind checksums that are right, to get further.
      let isWhole = bytes.count == good.count && bytes.suffix(52) == good.suffix(52)
      if file == "index" && isWhole && run % 2 == 0 { IndexRepair.recompute(&bytes) }
      if file == "tombstones" && bytes.count > 9 && run % 2 == 0 {
        Self.repairTombstones(&bytes)
      }
      try prepared.files.write(path, bytes)
      if let error = prepared.outcome().error, !(error is StorageError) {
        wrong.append("\(error)")
      }
    }
    #expect(wrong == [])
  }

  private static func repairTombstones(_ bytes: inout [UInt8]) {
    let end = bytes.count - 4
    let crc = CRC32C.of(bytes.span.extracting(5..<end))
    for place in 0..<4 {
      bytes[end + place] = UInt8(truncatingIfNeeded: crc >> UInt32(24 - 8 * place))
    }
  }
}
